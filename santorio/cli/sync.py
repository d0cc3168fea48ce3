"""`santorio sync`: fetches what is due from Garmin, shows progress, and can be interrupted at any time."""

import datetime as dt
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from santorio.cli.console import JsonOption, PersonOption, console, print_json, progress_bar
from santorio.errors import ConfigError, NotFound
from santorio.ingest.garmin.sync import Progress, SyncOptions, SyncReport, connected_people, sync_people
from santorio.people import find_person
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.object_store import open_object_store

# A sync that Ctrl-C paused, or that reached --max-requests, continues the next time: it is not an error.
OK_STATUSES = {"done", "paused", "stopped"}
MARKS = {"done": "[green]✓[/green]", "paused": "[yellow]‖[/yellow]", "stopped": "[yellow]‖[/yellow]"}


def sync(
    *,
    person: PersonOption = None,
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; remembered.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD; today by default.")] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Kinds of data, separated by commas; all by default.")
    ] = None,
    max_requests: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of requests per person.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch from Garmin what is missing, failed or provisional. Ctrl-C pauses; the next sync continues."""
    settings = load_settings()
    options = SyncOptions(
        since=_day(since, "--since"),
        until=_day(until, "--until"),
        kinds=_kinds(kinds),
        max_requests=max_requests,
    )
    with open_database(settings) as database:
        with database.connect() as connection:
            people = [find_person(connection, person)] if person else connected_people(connection)
        if not people:
            raise NotFound("No Garmin account is connected.", hint="Type `santorio connect garmin` first.")
        with progress_bar("Requesting data from Garmin") as bar:
            reports = sync_people(
                database,
                open_object_store(settings),
                settings,
                people,
                options,
                progress=lambda progress: bar.update(
                    progress.done, progress.total, describe_progress(progress)
                ),
            )
    if as_json:
        print_json({"people": [as_document(report) for report in reports]})
    else:
        print_reports(reports)
    if any(report.status not in OK_STATUSES for report in reports):
        raise typer.Exit(1)


def _kinds(text: str | None) -> tuple[str, ...] | None:
    """The kinds of a list that is separated by commas; None, which is every kind, without a list."""
    if not text:
        return None
    names = [name.strip() for name in text.split(",")]
    return tuple(filter(None, names))


def _day(text: str | None, option: str) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} is not a date.", hint="Write it as 2024-03-31.") from None


def describe_progress(progress: Progress) -> str:
    """Describe what is being fetched."""
    kind = progress.kind.replace("_", " ")
    return f"{progress.person}: {kind} of {progress.day}"


def as_document(report: SyncReport) -> dict[str, object]:
    """Return a report as plain data."""
    document = asdict(report)
    return {**document, "failures": dict(report.failures), "gaps": dict(report.gaps)}


def print_reports(reports: list[SyncReport]) -> None:
    """Print a row per person, then the messages of those who could not be synced."""
    table = Table("", "Person", title="Garmin sync", title_justify="left")
    for heading in ("Requests", "New", "Failed", "Final", "Provisional", "Left"):
        table.add_column(heading, justify="right")
    for report in reports:
        counts = (
            report.requests,
            # A changed payload is a new version of an event.
            report.events.new + report.events.versions,
            sum(report.failures.values()),
            report.days_settled,
            report.days_provisional,
            report.calls_left,
        )
        mark = MARKS.get(report.status, "[red]✗[/red]")
        table.add_row(mark, report.person, *map(str, counts))
    console.print(table)
    for report in reports:
        if report.message:
            console.print(f"{report.person}: {report.message}", highlight=False, soft_wrap=True)
    if any(report.events.new or report.events.versions for report in reports):
        console.print("Next: [b]santorio run[/b] analyses the new data.")
