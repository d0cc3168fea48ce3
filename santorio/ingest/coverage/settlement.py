"""Settle the coverage ledger: derive the status of each day from the events that files brought into the log.

Days that a sync fetched are settled by its responses (`santorio/ingest/garmin/ledger.py`).
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio.storage.database.locks import lock_person

# A watch may sync a night or a day late; Garmin recomputes a day when it does.
SETTLING_DAYS = 2

# A young day is provisional even while it is empty: the watch may still sync it, so it stays due.
# A day that was requested from Garmin was settled by the response. Only where the response was empty or the request
# failed, a file that came later settles the day.
# To decide whether a payload is empty, all of it has to be read. So only the payloads of due days are read: days that
# are not in the ledger, that have newer events, or that have become old enough to be final.
_SETTLE = """
with payloads as (
  select event_id, event_type, (metadata ->> 'day')::date as day, ingested_at
  from raw.events
  where user_id = %(user_id)s and event_type like 'garmin.%%' and metadata ->> 'day' is not null
    and (%(first)s::date is null or (metadata ->> 'day')::date between %(first)s and %(last)s)
), deletions as materialized (
  select data ->> 'event_id' as event_id, ingested_at
  from raw.events where user_id = %(user_id)s and event_type = 'deleted'
), changes as (
  select event_type, day, max(ingested_at) as newest_at
  from (
    select event_type, day, ingested_at from payloads
    union all
    select payloads.event_type, payloads.day, deletions.ingested_at
    from deletions join payloads on payloads.event_id::text = deletions.event_id
  ) as newest
  group by event_type, day
), due as (
  select changes.event_type, changes.day
  from changes
  left join ops.coverage ledger
    on ledger.user_id = %(user_id)s and ledger.kind = substr(changes.event_type, 8) and ledger.day = changes.day
  where ledger.kind is null
    or ledger.requested_at is null and (
      changes.newest_at > ledger.fetched_at
      or ledger.status = 'provisional' and changes.day <= %(today)s - %(settling)s::int
    )
    or ledger.requested_at is not null and (
      ledger.status = 'empty' or ledger.status = 'failed' and changes.newest_at > ledger.requested_at
    )
), newest as (
  select distinct on (events.event_id) events.event_id, events.event_type, due.day, events.data,
         events.content_hash, events.ingested_at
  from due
  join raw.events as events
    on events.user_id = %(user_id)s and events.event_type = due.event_type
      and (events.metadata ->> 'day')::date = due.day
  order by events.event_id, events.ingested_at desc
), days as (
  select distinct on (kind, day) substr(event_type, 8) as kind, day, content_hash, ingested_at,
         ops.is_empty_payload(data) as is_empty
  from newest
  where not exists (select from deletions where deletions.event_id = newest.event_id::text)
  order by kind, day, is_empty, ingested_at desc
)
insert into ops.coverage (user_id, kind, day, status, attempts, last_error, content_hash, fetched_at)
select %(user_id)s, kind, day,
       case when day > %(today)s - %(settling)s::int then 'provisional'
            when is_empty then 'empty'
            else 'final' end,
       1, null, content_hash, ingested_at
from days
on conflict (user_id, kind, day) do update set
  status = excluded.status, content_hash = excluded.content_hash, fetched_at = excluded.fetched_at,
  attempts = ops.coverage.attempts
    + (ops.coverage.content_hash is distinct from excluded.content_hash)::int,
  last_error = null
where (ops.coverage.status, ops.coverage.content_hash, ops.coverage.fetched_at)
   is distinct from (excluded.status, excluded.content_hash, excluded.fetched_at)
  and (ops.coverage.requested_at is null
       or excluded.status <> 'empty' and (ops.coverage.status = 'empty'
           or ops.coverage.status = 'failed' and excluded.fetched_at > ops.coverage.requested_at))
"""


@dataclass(frozen=True, slots=True)
class CoverageSummary:
    """Number of kind-days of each status, over the days that were settled."""

    counts: dict[str, int]


def settle(
    connection: psycopg.Connection, user_id: UUID, *, days: tuple[dt.date, dt.date] | None, today: dt.date
) -> CoverageSummary:
    """Settle the days of a window, or all without one. Idempotent.

    A day younger than `SETTLING_DAYS` is provisional.

    Returns
    -------
    CoverageSummary
        Of the window's complete ledger, requested kinds included.
    """
    first, last = days or (None, None)
    window = {"user_id": user_id, "first": first, "last": last}
    # A sync writes the ledger's rows in another order: without this lock the two would deadlock.
    lock_person(connection, user_id)
    connection.execute(_SETTLE, {**window, "today": today, "settling": SETTLING_DAYS})
    rows = connection.execute(
        """
        select status, count(*) from ops.coverage
        where user_id = %(user_id)s and (%(first)s::date is null or day between %(first)s and %(last)s)
        group by status order by status
        """,
        window,
    ).fetchall()
    return CoverageSummary(dict(rows))
