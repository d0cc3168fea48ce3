"""One pass over everything, in this process: `python -m pipelines.run`, behind `santorio run`.

Prints progress to standard error and one line of JSON to standard output.
"""

import argparse
import datetime as dt
import json
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.builder import process_small_changes, report_to_dagster
from pipelines.dagster_instance import keep_connections, use_dagster_home
from pipelines.warmup import has_trial_to_analyse, start_compiling
from santorio.code_version import code_version
from santorio.errors import SantorioError
from santorio.ingest.importer import pending_files
from santorio.settings import Settings, load_settings
from santorio.storage.change_queue import Arrivals, arrivals, garmin_day_range
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.object_store import open_object_store
from santorio.warehouse import dbt_environment, invalidate_builds, start_parsing
from sensors.orphaned_runs import close_dead_runs, process_tag
from sensors.run_tags import MARK, window_tags

if TYPE_CHECKING:
    from dagster import DagsterInstance


# Among so many there is one that was not the morning's, or so long passed that all days may be settled again.
RUNS_LOOKED_AT = 50


@dataclass(slots=True)
class RunReport:
    """What a pass did: which jobs ran, whether they succeeded, which steps failed and why."""

    outcome: str = "up to date"  # or "done", "failed"
    seconds: float = 0.0
    runs: dict[str, str] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run_everything(settings: Settings, database: Database, *, force: bool = False) -> RunReport:
    """Take in the inbox, then study what changed since the last pass that succeeded."""
    started = time.monotonic()
    report = RunReport()
    start_parsing(database)
    use_dagster_home(settings, database)
    # First, for the API shows it seconds before Dagster is even imported.
    with suppress(SantorioError):  # Dagster's run meets it again, and reports it
        report_to_dagster(*process_small_changes(settings, database, open_object_store(settings)))
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        keep_connections(instance)
        close_dead_runs(instance)
        if pending_files(settings) or force:
            execute(instance, settings, database, "take_in", {}, report)
        with database.connect() as connection:
            now = arrivals(connection)
            if force:
                invalidate_builds(connection)
        mark = f"{now.mark}/{dt.datetime.now(dt.UTC).date()}/{code_version()}"
        last = last_success(instance)
        is_due = force or last is None or last.tags.get(MARK) != mark or now.waiting > 0
        if not report.failures and is_due:
            study(instance, settings, database, now, mark, None if force else last, report)
    report.seconds = round(time.monotonic() - started, 2)
    if report.runs:
        report.outcome = "failed" if report.failures else "done"
    return report


def study(
    instance: "DagsterInstance",
    settings: Settings,
    database: Database,
    now: Arrivals,
    mark: str,
    last: "LastRun | None",
    report: RunReport,
) -> None:
    """Run the study over the Garmin days that changed; with nothing before, over all of them."""
    if now.versions == 0:
        report.warnings.append("The log is empty: `santorio import PATH` takes files in.")
    with database.connect() as connection:
        days = garmin_day_range(connection, since=last.started_at if last else None)
        trials = has_trial_to_analyse(connection)
    # Beside dbt, which is another process.
    start_compiling(trials=trials)
    execute(instance, settings, database, "study", {**window_tags(days), MARK: mark}, report)


def execute(
    instance: "DagsterInstance",
    settings: Settings,
    database: Database,
    job_name: str,
    tags: Mapping[str, str],
    report: RunReport,
) -> None:
    """Execute one job in this process and add what came of it to the report."""
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
            told = data.user_failure_data and data.user_failure_data.description
            report.failures.append({"step": asset, "error": told or root_cause(data.error)})
    if not result.success and not report.failures:
        report.failures.append({"step": job_name, "error": "The run failed before its first step."})
    report.warnings += [
        f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name} did not pass"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]


def root_cause(error: object) -> str:
    """Sentence at the bottom of a chain of causes: what a person can act on."""
    while (cause := getattr(error, "cause", None)) is not None:
        error = cause
    return str(getattr(error, "message", error)).strip()


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest study that succeeded."""

    started_at: dt.datetime
    tags: Mapping[str, str]


def last_success(instance: "DagsterInstance") -> LastRun | None:
    """Find the newest study of what had arrived that succeeded.

    Every morning's looks at the last days only, and has no mark: what arrived before it is still to be settled.
    """
    from dagster import DagsterRunStatus, RunsFilter

    records = instance.get_run_records(
        RunsFilter(job_name="study", statuses=[DagsterRunStatus.SUCCESS]), limit=RUNS_LOOKED_AT
    )
    marked = (record for record in records if MARK in record.dagster_run.tags)
    newest = next(marked, None)
    return LastRun(newest.create_timestamp, newest.dagster_run.tags) if newest else None


def main() -> None:
    """Command line of `python -m pipelines.run`."""
    parser = argparse.ArgumentParser(description="Take in what waits and study what changed.")
    parser.add_argument("--force", action="store_true", help="study everything again, also without news")
    arguments = parser.parse_args()
    # Dagster announces its own beta features at every start: of no use to a person at a terminal.
    warnings.filterwarnings("ignore", module="dagster")
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
