"""How far the log has come, and which Garmin days changed: what a refresh has to process."""

import datetime as dt
from dataclasses import dataclass

import psycopg

# A transaction that began earlier may commit later with an older `ingested_at`, so the time window reaches back
# further than the last refresh. Processing a day twice is harmless, missing it is not.
OVERLAP = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LogState:
    """How many event versions the log holds, when the newest was ingested, and what no build has processed.

    `newest_change_id` is the newest entry of the change queue, 0 where it is empty. The queue also holds changes that
    are no events: in the coverage ledger, of a person's time zone, of samples that were downsampled.
    """

    versions: int
    newest_at: dt.datetime | None
    newest_change_id: int = 0

    @property
    def watermark(self) -> str:
        """Text that changes with every event, whatever the order in which transactions commit."""
        newest = self.newest_at.astimezone(dt.UTC).isoformat() if self.newest_at else "nothing"
        return f"{self.versions}@{newest}"


def read_log_state(connection: psycopg.Connection) -> LogState:
    """Read the state of the log and of the change queue."""
    row = connection.execute(
        "select count(*), max(ingested_at), (select coalesce(max(change_id), 0) from raw.change_queue) from raw.events"
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return LogState(versions=row[0], newest_at=row[1], newest_change_id=row[2])


def garmin_day_range(
    connection: psycopg.Connection, *, since: dt.datetime | None = None
) -> tuple[dt.date, dt.date] | None:
    """First and last Garmin day with a payload that was ingested after `since` (of all payloads without it)."""
    row = connection.execute(
        """
        select min((metadata ->> 'day')::date), max((metadata ->> 'day')::date)
        from raw.events
        where event_type like 'garmin.%%' and metadata ->> 'day' is not null
          and (%(since)s::timestamptz is null or ingested_at > %(since)s)
        """,
        {"since": since - OVERLAP if since else None},
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return None if row[0] is None else (row[0], row[1])
