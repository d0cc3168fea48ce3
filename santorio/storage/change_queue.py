"""What has arrived in the log, and which Garmin days it touches: what a run has to look at."""

import datetime as dt
from dataclasses import dataclass

import psycopg

# A transaction that began earlier may commit later with an older `ingested_at`, so a look back
# overlaps what was already seen; looking at a day twice is harmless, missing it is not.
OVERLAP = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The state of the log: how many event versions it holds, when the newest came, and what no build has taken.

    `waiting` is the newest entry of the queue, 0 where it is empty. It tells of what is no event as well: the ledger
    changed, a person moved, series were thinned.
    """

    versions: int
    newest_at: dt.datetime | None
    waiting: int = 0

    @property
    def mark(self) -> str:
        """One word that changes whenever anything arrives, in whatever order transactions commit."""
        newest = self.newest_at.astimezone(dt.UTC).isoformat() if self.newest_at else "nothing"
        return f"{self.versions}@{newest}"


def arrivals(connection: psycopg.Connection) -> Arrivals:
    """Count the versions in the log and find the newest."""
    row = connection.execute(
        "select count(*), max(ingested_at), (select coalesce(max(change_id), 0) from raw.change_queue) from raw.events"
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return Arrivals(versions=row[0], newest_at=row[1], waiting=row[2])


def garmin_day_range(
    connection: psycopg.Connection, *, since: dt.datetime | None = None
) -> tuple[dt.date, dt.date] | None:
    """First and last Garmin day with a payload that arrived after `since` (all of them without it)."""
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
