"""`santorio import`: imports files of any known kind, shows progress, ends with a table."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from santorio.cli.console import JsonOption, console, print_json, progress_bar
from santorio.ingest.importer import ImportReport, import_paths
from santorio.ingest.writer import FileOutcome
from santorio.people import ensure_person
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.object_store import open_object_store
from santorio.storage.parse_result import Rejection


def import_files(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to import.")],
    *,
    person: Annotated[
        str | None, typer.Option("--person", "-p", help="Name of the person whose data this is.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import files and folders; what cannot be read is quarantined and reported, and never stops the rest."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            subject = ensure_person(connection, person or settings.person, settings.timezone_name)
        store = open_object_store(settings)
        with progress_bar("Importing") as bar:
            report = import_paths(
                database,
                store,
                subject,
                paths,
                progress=lambda progress: bar.update(progress.done, progress.total),
            )
    if as_json:
        print_json(as_document(report))
    else:
        print_report(report)


def as_document(report: ImportReport) -> dict[str, object]:
    """Return the report as plain data."""
    rejected = []
    for path, rejection in _rejections(report):
        rejected.append(
            {
                "file": str(path),
                "code": rejection.code,
                "reason": rejection.reason,
                "where": rejection.location,
            }
        )
    return {
        "files": len(report.files),
        "events_new": report.events_new,
        "events_unchanged": report.events_unchanged,
        "rejected": rejected,
        "by_kind": dict(Counter(file.kind for file in report.files)),
    }


def _rejections(report: ImportReport) -> Iterator[tuple[Path, Rejection]]:
    """Every rejected or repaired record, with the path of its file."""
    for file in report.files:
        for rejection in file.rejected:
            yield file.path, rejection


def print_report(report: ImportReport) -> None:
    """Print what was ingested by kind, then what was rejected and why."""
    table = Table(title="Imported", title_justify="left")
    table.add_column("Kind")
    for heading in ("Files", "New", "Unchanged", "Rejected"):
        table.add_column(heading, justify="right")
    files_by_kind: dict[str, list[FileOutcome]] = {}
    for file in report.files:
        files_by_kind.setdefault(file.kind, []).append(file)
    for kind, files in sorted(files_by_kind.items()):
        new = sum(file.events_new for file in files)
        unchanged = sum(file.events_unchanged for file in files)
        rejected = sum(len(file.rejected) for file in files)
        table.add_row(kind, *map(str, (len(files), new, unchanged, rejected)))
    table.add_section()
    totals = (len(report.files), report.events_new, report.events_unchanged, report.rejected)
    table.add_row("all", *map(str, totals))
    console.print(table)
    print_rejected(report)
    # Files of two people that are mixed up cannot be separated afterwards.
    if len(report.accounts) > 1:
        console.print(
            f"[yellow]![/yellow] These files come from {len(report.accounts)} Garmin accounts; all were imported "
            "for one person. If they belong to different people, import each with its own --person."
        )
    if report.events_new:
        console.print("Next: [b]santorio run[/b] analyses the new data.")


def print_rejected(report: ImportReport) -> None:
    """List each file or line that was rejected or repaired, and why."""
    rejections = list(_rejections(report))
    if not rejections:
        return
    table = Table(title="Rejected or repaired", title_justify="left")
    table.add_column("File", overflow="fold")
    table.add_column("Where")
    table.add_column("Why", overflow="fold")
    for path, rejection in rejections:
        table.add_row(path.name, rejection.location or "", rejection.reason)
    console.print(table)
    console.print("The originals are kept; the list is also in `ops.rejected_records`.")
