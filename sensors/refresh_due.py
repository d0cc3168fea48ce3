"""Whether a refresh is due, and over which Garmin days: the one answer for the sensor and for `santorio run`."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dagster as dg
import psycopg

from santorio.storage.change_queue import LogState, garmin_day_range, read_log_state
from sensors.run_tags import WATERMARK, window_tags

# The job's name now, and the one under which Dagster's storage has the runs of version 0.1.
JOB_NAMES = ("refresh", "study")
# Among so many runs one has a watermark, or it is so old that all days may be settled again.
MAX_RUNS_READ = 50


@dataclass(frozen=True, slots=True)
class LastRefresh:
    """The newest refresh of changes that succeeded: when it was requested, and what it had to process."""

    requested_at: dt.datetime
    watermark: str

    @property
    def log_watermark(self) -> str:
        """The watermark of the log alone: `santorio run` adds the day and the code's version behind a slash."""
        return self.watermark.partition("/")[0]


@dataclass(frozen=True, slots=True)
class DueRefresh:
    """The state of the log, compared with the last refresh."""

    log: LogState
    last: LastRefresh | None

    @property
    def has_changes(self) -> bool:
        """Whether the log or the change queue holds anything that the last refresh did not process."""
        if self.log.versions == 0:
            return False
        is_new = self.last is None or self.last.log_watermark != self.log.watermark
        return is_new or self.log.newest_change_id > 0

    @property
    def key(self) -> str:
        """Text that differs for every state: a sensor requests a refresh once for each."""
        if self.log.newest_change_id:
            return f"{self.log.watermark}#{self.log.newest_change_id}"
        return self.log.watermark

    def tags(self, connection: psycopg.Connection, watermark: str | None = None) -> Mapping[str, str]:
        """Tags of the run: the Garmin days ingested since the last refresh, and the log's watermark or the caller's."""
        days = garmin_day_range(connection, since=self.last.requested_at if self.last else None)
        return {**window_tags(days), WATERMARK: watermark or self.log.watermark}


def due_refresh(
    instance: dg.DagsterInstance, connection: psycopg.Connection, *, everything: bool = False
) -> DueRefresh:
    """Compare the log with the last refresh that succeeded; with `everything`, with none.

    After a failed refresh its days are due again: only a run that succeeded counts.
    """
    last = None if everything else last_refresh(instance)
    return DueRefresh(read_log_state(connection), last)


def last_refresh(instance: dg.DagsterInstance) -> LastRefresh | None:
    """Find the newest refresh of changes that succeeded, whoever started it.

    The daily refresh covers the last days only and has no watermark: it is passed over, for what was ingested before
    it is still to be settled.
    """
    for job_name in JOB_NAMES:
        if (newest := next(_refreshes(instance, job_name), None)) is not None:
            return newest
    return None


def _refreshes(instance: dg.DagsterInstance, job_name: str) -> Iterator[LastRefresh]:
    """Successful runs with a watermark, newest first."""
    succeeded = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.SUCCESS])
    for record in instance.get_run_records(succeeded, limit=MAX_RUNS_READ):
        if (watermark := record.dagster_run.tags.get(WATERMARK)) is not None:
            yield LastRefresh(record.create_timestamp, watermark)
