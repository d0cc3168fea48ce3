"""Two sensors in a row: a file in the inbox is taken in, and what arrived in the log is studied.

They are apart because only after a file was read is it known which days it touches; and because
`santorio import` writes to the log without passing the inbox.
"""

import datetime as dt
import hashlib

import dagster as dg

from santorio.ingest.importer import pending_files
from santorio.settings import Settings
from santorio.storage.change_queue import arrivals, garmin_day_range
from santorio.storage.database.engine import Database
from sensors.orphaned_runs import close_dead_runs
from sensors.run_tags import MARK, window_tags

# The files that a run was asked for, as a hash of their names, sizes and times.
LISTING = "santorio/listing"
MOST_ATTEMPTS = 5

IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def is_running(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of this job is waiting or going on: a second beside it would only repeat it."""
    return instance.get_runs_count(dg.RunsFilter(job_name=job_name, statuses=IN_PROGRESS)) > 0


@dg.sensor(
    job_name="take_in",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notices files in the inbox and takes them in.",
)
def inbox(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run when files wait; the key is the listing, so that the same files ask once.

    If that run fails they ask again, up to `MOST_ATTEMPTS` times: a full disk or a database that is away passes.
    """
    close_dead_runs(context.instance)  # here, because this sensor looks whether or not anything arrives
    files = pending_files(settings)
    if not files:
        return dg.SkipReason(f"The inbox is empty. Drop files into {settings.inbox}.")
    if is_running(context.instance, "take_in"):
        return dg.SkipReason("The inbox is being taken in.")
    listing = hashlib.sha256()
    for path in files:
        state = path.stat()
        listing.update(f"{path}:{state.st_size}:{state.st_mtime_ns}\n".encode())
    wanted = listing.hexdigest()
    failures = context.instance.get_runs_count(
        dg.RunsFilter(job_name="take_in", statuses=[dg.DagsterRunStatus.FAILURE], tags={LISTING: wanted})
    )
    if failures >= MOST_ATTEMPTS:
        return dg.SkipReason(f"Taking these files in failed {failures} times: `santorio run` tries again.")
    return dg.RunRequest(run_key=f"{wanted}/{failures}", tags={LISTING: wanted})


@dg.sensor(
    job_name="study",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notices new events in the log and brings marts, models and API up to date.",
)
def new_events(
    context: dg.SensorEvaluationContext, database: dg.ResourceParam[Database]
) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run over the Garmin days that changed since the last one asked for."""
    if is_running(context.instance, "study"):
        return dg.SkipReason("A study is going on.")
    seen = context.cursor or last_studied(context.instance)
    with database.connect() as connection:
        now = arrivals(connection)
        # What waits and is no event (the ledger changed, somebody moved) asks once, too.
        key = f"{now.mark}#{now.waiting}" if now.waiting else now.mark
        if now.newest_at is None or key == seen or (now.mark == _mark(seen) and not now.waiting):
            return dg.SkipReason("Nothing new in the log.")
        days = garmin_day_range(connection, since=_moment(seen))
    request = dg.RunRequest(run_key=key, tags={**window_tags(days), MARK: now.mark})
    return dg.SensorResult(run_requests=[request], cursor=key)


def last_studied(instance: dg.DagsterInstance) -> str | None:
    """Mark of the newest study that succeeded, whoever started it: `santorio run` studies without this sensor."""
    runs = instance.get_runs(dg.RunsFilter(job_name="study", statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1)
    return runs[0].tags.get(MARK, "").partition("/")[0] or None if runs else None


def _mark(cursor: str | None) -> str:
    """Mark in a cursor, without what waited then."""
    return (cursor or "").partition("#")[0]


def _moment(cursor: str | None) -> dt.datetime | None:
    """When the newest event of an earlier mark came (see `Arrivals.mark`)."""
    if not cursor:
        return None
    moment = _mark(cursor).partition("@")[2]
    return None if moment == "nothing" else dt.datetime.fromisoformat(moment)
