"""Micro-batches: a log entry, or what a sync brought of a day, reaches the API within seconds.

A service of its own beside Dagster's daemon (`python -m pipelines.builder`). It keeps dbt and the parsed project in
memory and looks twice a second for small files in the inbox and for what no build has taken. Large imports, models
whose logic changed and all analyses are left to Dagster's runs, which start a little later by the sensors; what is
built here is shown in Dagster's catalog as materialized outside a run.
"""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from pipelines.dagster_instance import use_dagster_home
from santorio.errors import SantorioError
from santorio.ingest.importer import ImportReport, import_inbox, pending_files
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.object_store import ObjectStore, open_object_store
from santorio.warehouse.build import Build, build_small_changes
from santorio.warehouse.dbt_runner import load_dbt

INTERVAL_SECONDS = 0.5
# After an error: what failed is still queued, and Dagster's run says what is wrong.
PAUSE_SECONDS = 60.0
MAX_FILES, MAX_BYTES = 20, 1_000_000

log = logging.getLogger("santorio.builder")


def process_small_changes(
    settings: Settings, database: Database, store: ObjectStore
) -> tuple[ImportReport | None, Build | None]:
    """Import small files that wait in the inbox, and build what changed.

    Returns
    -------
    ImportReport or None
        What was imported; None where nothing waits, or large files.
    Build or None
        What was built; None where nothing is queued, or more than a build of seconds.
    """
    imported = None
    if are_small(pending_files(settings)):
        imported = import_inbox(database, store, settings)
    return imported, build_small_changes(database, settings.dbt_target)


def are_small(files: Iterable[Path]) -> bool:
    """Whether there are files, few and small: a file of logs, a few payloads."""
    sizes = [_size(path) for path in files]
    return 0 < len(sizes) <= MAX_FILES and sum(sizes) <= MAX_BYTES


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # taken away meanwhile


def report_to_dagster(imported: ImportReport | None, build: Build | None) -> None:
    """Show in Dagster's catalog what was imported and built."""
    from dagster import AssetKey, AssetMaterialization, DagsterInstance

    keys = []
    if imported is not None and imported.events_new:
        keys += [AssetKey(["inbox", "logs"])]
    if build is not None:
        keys += [AssetKey(list(relation)) for relation in build.relations]
    if not keys:
        return
    metadata = {"build_id": str(build.build_id)} if build else {}
    with DagsterInstance.get() as instance:
        for key in keys:
            instance.report_runless_asset_event(AssetMaterialization(key, metadata=metadata))


def serve(settings: Settings, database: Database, stop: threading.Event) -> None:
    """Process small changes until the process is told to stop; a build that is under way is completed."""
    use_dagster_home(settings, database)
    load_dbt()
    log.info("Ready: changes reach the API within seconds.")
    store = open_object_store(settings)
    pause = INTERVAL_SECONDS
    while not stop.wait(pause):
        try:
            imported, build = process_small_changes(settings, database, store)
            report_to_dagster(imported, build)
            pause = INTERVAL_SECONDS
        except SantorioError as error:
            # Without the traceback, whose frames belong to no reader of this log.
            log.warning("%s Trying again in %d s.", error, PAUSE_SECONDS)
            pause = PAUSE_SECONDS


def main() -> None:
    """Command line of `python -m pipelines.builder`."""
    argparse.ArgumentParser(description="Build small changes within seconds of their arrival.").parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    # Not by an exception: dbt would take it for its own, and end the build in the middle.
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda _number, _frame: stop.set())
    try:
        settings = load_settings()
        with open_database(settings) as database:
            serve(settings, database, stop)
    except SantorioError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)


if __name__ == "__main__":
    main()
