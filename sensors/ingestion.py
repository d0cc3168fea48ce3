"""Two sensors in a row: files in the inbox start an ingest, and changes of the log start a refresh.

They are apart because only after a file was parsed is it known which days it changes, and because `santorio import`
writes to the log without the inbox.
"""

import hashlib

import dagster as dg

from santorio.ingest.importer import pending_files
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from sensors.orphaned_runs import fail_orphaned_runs
from sensors.refresh_due import due_refresh

# The files that a run was requested for, as a hash of their names, sizes and times.
LISTING = "santorio/listing"
MAX_ATTEMPTS = 5

IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def is_running(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of this job is queued or in progress: a second beside it would only repeat it."""
    return instance.get_runs_count(dg.RunsFilter(job_name=job_name, statuses=IN_PROGRESS)) > 0


@dg.sensor(
    job_name="ingest",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts an ingest when files wait in the inbox.",
)
def inbox_sensor(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Request a run when files wait; its key is a hash of the listing, so that the same files request one run.

    After a failure they request another, up to `MAX_ATTEMPTS`: a full disk or a database that is down passes.
    """
    # Here, because this sensor is evaluated whether or not anything changes.
    fail_orphaned_runs(context.instance)
    files = pending_files(settings)
    if not files:
        return dg.SkipReason(f"The inbox is empty. Drop files into {settings.inbox}.")
    if is_running(context.instance, "ingest"):
        return dg.SkipReason("An ingest is in progress.")
    listing = hashlib.sha256()
    for path in files:
        state = path.stat()
        listing.update(f"{path}:{state.st_size}:{state.st_mtime_ns}\n".encode())
    listing_hash = listing.hexdigest()
    failures = context.instance.get_runs_count(
        dg.RunsFilter(job_name="ingest", statuses=[dg.DagsterRunStatus.FAILURE], tags={LISTING: listing_hash})
    )
    if failures >= MAX_ATTEMPTS:
        return dg.SkipReason(f"Ingesting these files failed {failures} times: `santorio run` tries again.")
    return dg.RunRequest(run_key=f"{listing_hash}/{failures}", tags={LISTING: listing_hash})


@dg.sensor(
    job_name="refresh",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a refresh of marts, analyses and API when the log changes.",
)
def event_log_sensor(
    context: dg.SensorEvaluationContext, database: dg.ResourceParam[Database]
) -> dg.SensorResult | dg.SkipReason:
    """Request one refresh for each state of the log; the cursor is the state of the last request."""
    if is_running(context.instance, "refresh"):
        return dg.SkipReason("A refresh is in progress.")
    with database.connect() as connection:
        due = due_refresh(context.instance, connection)
        # A refresh that failed is not requested again for the same state: `santorio run` tries again.
        if not due.has_changes or due.key == context.cursor:
            return dg.SkipReason("No new events in the log.")
        request = dg.RunRequest(run_key=due.key, tags=due.tags(connection))
    return dg.SensorResult(run_requests=[request], cursor=due.key)
