"""One run over everything, in this process: `python -m pipelines.run`, behind `santorio run`.

Prints progress to standard error and one line of JSON to standard output.
"""

import argparse
import datetime as dt
import json
import logging
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.builder import process_small_changes, report_to_dagster
from pipelines.dagster_instance import enable_connection_pool, use_dagster_home
from pipelines.warmup import has_trial_to_analyse, precompile_models
from santorio.code_version import code_version
from santorio.errors import SantorioError
from santorio.ingest.importer import pending_files
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.object_store import open_object_store
from santorio.warehouse import dbt_environment, invalidate_builds, start_parsing
from sensors.orphaned_runs import fail_orphaned_runs, process_tag
from sensors.refresh_due import due_refresh

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(slots=True)
class RunReport:
    """What a run did: which jobs ran, whether they succeeded, which steps failed and why."""

    outcome: str = "up to date"  # or "done", "failed"
    seconds: float = 0.0
    runs: dict[str, str] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run_everything(settings: Settings, database: Database, *, force: bool = False) -> RunReport:
    """Ingest the inbox, then refresh what changed since the last refresh that succeeded."""
    started = time.monotonic()
    report = RunReport()
    start_parsing(database)
    use_dagster_home(settings, database)
    # First, for the API shows it seconds before Dagster is even imported.
    with suppress(SantorioError):  # Dagster's run meets it again, and reports it
        report_to_dagster(*process_small_changes(settings, database, open_object_store(settings)))
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        enable_connection_pool(instance)
        fail_orphaned_runs(instance)
        if pending_files(settings) or force:
            execute(instance, settings, database, "ingest", {}, report)
        if not report.failures:
            refresh(instance, settings, database, report, force=force)
    report.seconds = round(time.monotonic() - started, 2)
    if report.runs:
        report.outcome = "failed" if report.failures else "done"
    return report


def refresh(
    instance: "DagsterInstance", settings: Settings, database: Database, report: RunReport, *, force: bool
) -> None:
    """Run the refresh job over the Garmin days that changed, if it is due.

    Unlike the sensor, `santorio run` also refreshes once on each day and for each version of the code: without the
    service no schedule does.
    """
    with database.connect() as connection:
        if force:
            invalidate_builds(connection)
        due = due_refresh(instance, connection, everything=force)
        watermark = f"{due.log.watermark}/{dt.datetime.now(dt.UTC).date()}/{code_version()}"
        is_current = due.last is not None and due.last.watermark == watermark
        if is_current and not due.has_changes:
            return
        if due.log.versions == 0:
            report.warnings.append("The log is empty: `santorio import PATH` ingests files.")
        tags = due.tags(connection, watermark)
        has_trial = has_trial_to_analyse(connection)
    precompile_models(trials=has_trial)  # at the same time as dbt, which waits for the database
    execute(instance, settings, database, "refresh", tags, report)


def execute(
    instance: "DagsterInstance",
    settings: Settings,
    database: Database,
    job_name: str,
    tags: Mapping[str, str],
    report: RunReport,
) -> None:
    """Execute one job in this process and add its outcome to the report."""
    with dbt_environment(database):
        from pipelines.definitions import build_defs

    definitions = build_defs({"settings": settings, "database": database})
    result = definitions.resolve_job_def(job_name).execute_in_process(
        instance=instance,
        tags={**tags, **process_tag()},
        run_config={"loggers": {"progress": {}}},
        raise_on_error=False,
    )
    report.runs[job_name] = result.run_id
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            asset = (event.step_key or "").partition(".")[0]
            description = data.user_failure_data and data.user_failure_data.description
            report.failures.append({"step": asset, "error": description or root_cause(data.error)})
    if not result.success and not report.failures:
        report.failures.append({"step": job_name, "error": "The run failed before its first step."})
    report.warnings += [
        f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name} did not pass"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]


def root_cause(error: object) -> str:
    """Message at the bottom of a chain of causes: what a person can act on."""
    while (cause := getattr(error, "cause", None)) is not None:
        error = cause
    return str(getattr(error, "message", error)).strip()


def main() -> None:
    """Command line of `python -m pipelines.run`."""
    parser = argparse.ArgumentParser(description="Ingest the inbox and refresh what changed.")
    parser.add_argument("--force", action="store_true", help="refresh everything, also without changes")
    arguments = parser.parse_args()
    # Dagster warns of its own beta features at every start: of no use to a person at a terminal.
    warnings.filterwarnings("ignore", module="dagster")
    # dbt imports a library that gives the root logger a handler where it has none. Then other libraries' logs appear
    # between the lines of progress, such as Dagster's for each check of a model that did not have to be built.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        settings = load_settings()
        with open_database(settings) as database:
            report = run_everything(settings, database, force=arguments.force)
    except SantorioError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)
    sys.stdout.write(json.dumps(asdict(report)) + "\n")
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
