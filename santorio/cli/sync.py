"""`santorio sync`: fetches what is due from Garmin, shows how far it is, and can be stopped at any moment."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from santorio.cli.console import JsonOption, PersonOption, console, errors, print_json
from santorio.errors import ConfigError, NotFound
from santorio.ingest.garmin.sync import Progress, SyncOptions, SyncReport, connected_people, sync_people
from santorio.people import find_person
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.object_store import open_object_store

OK_STATUSES = {"done", "paused", "stopped"}
MARKS = {"done": "[green]✓[/green]", "paused": "[yellow]‖[/yellow]", "stopped": "[yellow]‖[/yellow]"}


def sync(
    *,
    person: PersonOption = None,
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; remembered.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD; today without it.")] = None,
    kinds: Annotated[str | None, typer.Option(help="Kinds, with commas between; all without it.")] = None,
    max_requests: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many requests for a person.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch what is missing, failed or not yet settled from Garmin. Ctrl-C pauses; the next sync goes on."""
    settings = load_settings()
    options = SyncOptions(
        since=_day(since, "--since"),
        until=_day(until, "--until"),
        kinds=tuple(name.strip() for name in kinds.split(",") if name.strip()) if kinds else None,
        max_requests=max_requests,
    )
    with open_database(settings) as database:
        with database.connect() as connection:
            people = [find_person(connection, person)] if person else connected_people(connection)
        if not people:
            raise NotFound("No Garmin account is connected.", hint="Type `santorio connect garmin` first.")
        with progress_bar() as show:
            reports = sync_people(
                database, open_object_store(settings), settings, people, options, progress=show
            )
    if as_json:
        print_json({"people": [as_document(report) for report in reports]})
    else:
        say(reports)
    if any(report.status not in OK_STATUSES for report in reports):
        raise typer.Exit(1)


def _day(text: str | None, option: str) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} is no day.", hint="Write it as year, month, day: 2024-03-31.") from None


@contextmanager
def progress_bar() -> Iterator["ProgressLine"]:
    """Draw a bar with the time left on standard error, which goes when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=errors, transient=True) as bar:
        yield ProgressLine(bar)


class ProgressLine:
    """Turns a sync's progress into a bar."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.task = bar.add_task("Asking Garmin", total=None)

    def __call__(self, progress: Progress) -> None:
        """Move the bar."""
        about = f"{progress.person}: {progress.kind.replace('_', ' ')} of {progress.day}"
        self.bar.update(self.task, description=about, completed=progress.done, total=progress.total)


def as_document(report: SyncReport) -> dict[str, object]:
    """Return a report as plain data."""
    document = asdict(report)
    return {**document, "failures": dict(report.failures), "gaps": dict(report.gaps)}


def say(reports: list[SyncReport]) -> None:
    """Print a line a person, and below it what stands in the way."""
    table = Table(title="What Garmin gave", title_justify="left")
    table.add_column("")
    table.add_column("Person")
    for heading in ("Requests", "New", "Failed", "Settled", "Provisional", "Left"):
        table.add_column(heading, justify="right")
    for one in reports:
        new = one.events.new + one.events.versions
        failed = sum(one.failures.values())
        counts = (one.requests, new, failed, one.days_settled, one.days_provisional, one.calls_left)
        table.add_row(MARKS.get(one.status, "[red]✗[/red]"), one.person, *map(str, counts))
    console.print(table)
    for one in reports:
        if one.message:
            console.print(f"{one.person}: {one.message}", highlight=False, soft_wrap=True)
    if any(one.events.new or one.events.versions for one in reports):
        console.print("Next: [b]santorio run[/b] studies what is new.")
