"""`santorio import`: takes whatever it is given, shows progress, ends with a table."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from santorio.cli.console import JsonOption, console, errors, print_json
from santorio.ingest.importer import ImportReport, import_paths
from santorio.ingest.importer import Progress as FileProgress
from santorio.people import ensure_person
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.object_store import open_object_store


def import_files(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders, of any kind Santorio reads.")],
    *,
    person: Annotated[str | None, typer.Option("--person", "-p", help="Whose data this is, by name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in files and folders; what is broken is named and kept aside, and never stops the rest."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            somebody = ensure_person(connection, person or settings.person, settings.timezone_name)
        store = open_object_store(settings)
        with progress_bar() as show:
            report = import_paths(database, store, somebody, paths, progress=show)
    if as_json:
        print_json(as_document(report))
    else:
        say_report(report)


@contextmanager
def progress_bar() -> Iterator["ProgressLine"]:
    """Draw a bar on standard error that goes when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        yield ProgressLine(bar)


class ProgressLine:
    """Turns the importer's progress into a bar."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task = bar.add_task("Reading", total=None)

    def __call__(self, progress: FileProgress) -> None:
        """Move the bar."""
        self.bar.update(self.task, completed=progress.done, total=progress.total)


def as_document(report: ImportReport) -> dict[str, object]:
    """Return the report as plain data."""
    return {
        "files": len(report.files),
        "events_new": report.events_new,
        "events_unchanged": report.events_unchanged,
        "rejected": [
            {"file": str(file.path), "code": reason.code, "reason": reason.reason, "where": reason.location}
            for file in report.files
            for reason in file.rejected
        ],
        "by_kind": dict(Counter(file.kind for file in report.files)),
    }


def say_report(report: ImportReport) -> None:
    """Print the table of what was taken in, then what was not, each with its reason."""
    table = Table(title="What was taken in", title_justify="left")
    table.add_column("Kind")
    for heading in ("Files", "New", "Unchanged", "Rejected"):
        table.add_column(heading, justify="right")
    for kind in sorted({file.kind for file in report.files}):
        files = [file for file in report.files if file.kind == kind]
        table.add_row(
            kind,
            str(len(files)),
            str(sum(file.events_new for file in files)),
            str(sum(file.events_unchanged for file in files)),
            str(sum(len(file.rejected) for file in files)),
        )
    table.add_section()
    table.add_row(
        "all",
        str(len(report.files)),
        str(report.events_new),
        str(report.events_unchanged),
        str(report.rejected),
    )
    console.print(table)
    say_rejected(report)
    if len(report.accounts) > 1:
        console.print(
            f"[yellow]![/yellow] These files come from {len(report.accounts)} Garmin accounts; all were filed "
            "under one person. If they are different people, import each with its own --person."
        )
    if report.events_new:
        console.print("Next: [b]santorio run[/b] studies what is new.")


def say_rejected(report: ImportReport) -> None:
    """Name every file or line that was not taken in as it should be, and why."""
    rows = [(file.path.name, reason) for file in report.files for reason in file.rejected]
    if not rows:
        return
    table = Table(title="Kept aside or mended", title_justify="left")
    table.add_column("File", overflow="fold")
    table.add_column("Where")
    table.add_column("Why", overflow="fold")
    for name, reason in rows:
        table.add_row(name, reason.location or "", reason.reason)
    console.print(table)
    console.print("The originals are kept; the list is also in `ops.rejected_records`.")
