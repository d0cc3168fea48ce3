"""The state of the log, and the Garmin days that changed: what a refresh has to process."""

import datetime as dt
from dataclasses import dataclass

import psycopg

# A transaction that began earlier may commit later with an older `ingested_at`, so the time window reaches back
# further than the last refresh. Processing a day twice is harmless, missing it is not.
OVERLAP = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LogState:
    """The number of event versions in the log, when the newest was ingested, and the changes not yet processed.

    `newest_change_id` is the newest entry of the change queue, 0 where it is empty. The queue also holds changes that
    are not events: in the coverage ledger, of a person's time zone, of samples that were downsampled.
    """

    versions: int
    newest_at: dt.datetime | None
    newest_change_id: int = 0

    @property
    def watermark(self) -> str:
        """Text that changes with every event, whatever the order in which transactions commit."""
        newest = "nothing"
        if self.newest_at is not None:
            newest = self.newest_at.astimezone(dt.UTC).isoformat()
        return f"{self.versions}@{newest}"


def read_log_state(connection: psycopg.Connection) -> LogState:
    """Read the state of the log and of the change queue."""
    row = connection.execute(
        "select count(*), max(ingested_at), (select coalesce(max(change_id), 0) from raw.change_queue) from raw.events"
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns a row
    versions, newest_at, newest_change_id = row
    return LogState(versions, newest_at, newest_change_id)


def garmin_day_range(
    connection: psycopg.Connection, *, since: dt.datetime | None = None
) -> tuple[dt.date, dt.date] | None:
    """Return the first and last Garmin day with a payload ingested after `since`; without it, of all payloads."""
    if since is not None:
        since -= OVERLAP
    row = connection.execute(
        """
        select min((metadata ->> 'day')::date), max((metadata ->> 'day')::date)
        from raw.events
        where event_type like 'garmin.%%' and metadata ->> 'day' is not null
          and (%(since)s::timestamptz is null or ingested_at > %(since)s)
        """,
        {"since": since},
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns a row
    first, last = row
    return None if first is None else (first, last)
