"""The coverage ledger: per person, kind and day, whether Garmin's data is there.

A gap is a row, or the lack of one between others, that anyone can read.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import psycopg

from santorio.ingest.garmin.endpoints import ENDPOINTS

# A watch may sync a night or a day late; Garmin recomputes a day when it does.
SETTLING_DAYS = 2

# A young day is provisional even while it is empty: the watch may still sync it, so it is asked for again.
# What Garmin was asked for was settled by its answer (santorio/ingest/garmin/ledger.py), and stays as that says;
# but where it had nothing, or failed, a file that came later fills the day.
# Whether a payload is empty is read from all of it, so only days with something to decide are looked at: those that
# are not in the ledger, of which something came since, or that have grown old enough to be final.
_SETTLE = """
with payloads as (
  select event_id, event_type, (metadata ->> 'day')::date as day, ingested_at
  from raw.events
  where user_id = %(user_id)s and event_type like 'garmin.%%' and metadata ->> 'day' is not null
    and (%(first)s::date is null or (metadata ->> 'day')::date between %(first)s and %(last)s)
), deletions as materialized (
  select data ->> 'event_id' as event_id, ingested_at
  from raw.events where user_id = %(user_id)s and event_type = 'deleted'
), arrivals as (
  select event_type, day, max(ingested_at) as newest_at
  from (
    select event_type, day, ingested_at from payloads
    union all
    select payloads.event_type, payloads.day, deletions.ingested_at
    from deletions join payloads on payloads.event_id::text = deletions.event_id
  ) as either
  group by event_type, day
), due as (
  select arrivals.event_type, arrivals.day
  from arrivals
  left join ops.coverage known
    on known.user_id = %(user_id)s and known.kind = substr(arrivals.event_type, 8) and known.day = arrivals.day
  where known.kind is null
    or known.requested_at is null and (
      arrivals.newest_at > known.fetched_at
      or known.status = 'provisional' and arrivals.day <= %(today)s - %(settling)s::int
    )
    or known.requested_at is not null and (
      known.status = 'empty' or known.status = 'failed' and arrivals.newest_at > known.requested_at
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


Reason = Literal["not worn", "night not worn", "Garmin has none", "missing", "failed", "unknown"]
# Holes that nobody meant: what was worn was not fetched.
ACTIONABLE: tuple[Reason, ...] = ("missing", "failed")
REASONS: Mapping[Reason, str] = {
    "not worn": "the watch was off: Garmin has the day, and nothing in any kind",
    "night not worn": "the watch was off at night: the day is there, the night is not",
    "Garmin has none": "Garmin answered that it has none, though it has other kinds of the day",
    "missing": "never fetched, though other kinds of the day are there: santorio sync, or import it",
    "failed": "asked for, and Garmin failed: the next santorio sync asks again",
    "unknown": "nothing of the day is there in any kind: fetch it, or the watch was off",
}


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """Days in a row on which a kind is missing, for one reason; `error` is the code of what failed."""

    kind: str
    first_day: dt.date
    last_day: dt.date
    reason: Reason
    error: str | None = None

    @property
    def days(self) -> int:
        """How many days are missing."""
        return (self.last_day - self.first_day).days + 1

    @property
    def is_intended(self) -> bool:
        """Whether there is nothing to do about it, as far as the data tells."""
        return self.reason not in ACTIONABLE


# Kinds of which Garmin has one for every day that a watch was worn.
DAILY_KINDS = ("daily_summary", "sleep", "hrv", "heart_rate", "stress", "steps")
NIGHTS = ("sleep", "hrv")
# What an account's export tells of days and nights instead: no hole is looked for in it, but the day is told.
EXPORTED_DAYS, EXPORTED_NIGHTS = ("daily_summary_export",), ("sleep_summary",)
NIGHTS_ONLY = frozenset((*NIGHTS, *EXPORTED_NIGHTS))
A_DAY = dt.timedelta(days=1)
# Of the others a day may well have none; but once asked for, each has an answer.
_ASKED_KINDS = [one.kind for one in ENDPOINTS if one.grain == "days" and one.kind not in DAILY_KINDS]
# Of what is told as it is now, a newer answer makes up for a failure.
_ACCOUNT_KINDS = [one.kind for one in ENDPOINTS if one.grain == "account"]


def settle(
    connection: psycopg.Connection, user_id: UUID, *, days: tuple[dt.date, dt.date] | None, today: dt.date
) -> CoverageSummary:
    """Bring the ledger up to date with what files brought into the log, for days of the window (all without one).

    A day younger than two days is provisional: the watch may still sync it. Writing again changes nothing.
    """
    first, last = days or (None, None)
    window = {"user_id": user_id, "first": first, "last": last}
    # The ledger's other writer is a sync, which takes its rows in another order: they wait for each other.
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1614))", [str(user_id)])
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


@dataclass(frozen=True, slots=True)
class _Row:
    status: str
    error: str | None
    was_asked: bool

    @property
    def is_there(self) -> bool:
        return self.status not in {"empty", "failed"}


type _Rows = dict[dt.date, _Row]


def find_gaps(connection: psycopg.Connection, user_id: UUID) -> list[CoverageGap]:
    """Find the runs of missing or empty days of every daily kind, between its first and its last day.

    A day without data in any kind is one on which the watch was off; where other kinds have data, this one was
    not fetched, or Garmin has none of it. Of a kind that is not there every day, an empty day is no hole: those
    count that were never asked for between others that were, and those that failed.
    """
    known: dict[str, _Rows] = {}
    ledger = connection.execute(
        "select kind, day, status, last_error, requested_at is not null from ops.coverage"
        " where user_id = %s order by kind, day",
        [user_id],
    )
    for kind, day, *told in ledger:
        known.setdefault(kind, {})[day] = _Row(*told)
    days: dict[dt.date, dict[str, _Row]] = {}
    for kind in (*DAILY_KINDS, *EXPORTED_DAYS, *EXPORTED_NIGHTS):
        for day, row in known.get(kind, {}).items():
            days.setdefault(day, {})[kind] = row
    return [gap for kind, rows in known.items() for gap in _holes_of(kind, rows, days)]


def _holes_of(kind: str, rows: _Rows, days: Mapping[dt.date, Mapping[str, _Row]]) -> list[CoverageGap]:
    """Find the holes of one kind; `days` holds what the daily kinds, and an export's, tell of a day."""
    found: list[CoverageGap] = []
    for day in _span(kind, rows):
        row = rows.get(day)
        if row is not None and row.is_there:
            continue
        reason = _reason(kind, row, days.get(day, {}))
        if kind not in DAILY_KINDS and reason not in ACTIONABLE:
            continue
        error = row.error if row is not None and reason == "failed" else None
        last = found[-1] if found else None
        if last and (last.last_day, last.reason, last.error) == (day - A_DAY, reason, error):
            found[-1] = replace(last, last_day=day)
        else:
            found.append(CoverageGap(kind, day, day, reason, error))
    return found


def _span(kind: str, rows: _Rows) -> Iterable[dt.date]:
    """Days on which there could be a hole, in order."""
    if kind in DAILY_KINDS or kind in _ASKED_KINDS:
        expected = [day for day, row in rows.items() if kind in DAILY_KINDS or row.was_asked]
        first, last = min(expected, default=dt.date.max), max(expected, default=dt.date.min)
        return (first + number * A_DAY for number in range((last - first).days + 1))
    newest = max(rows)
    return [
        day for day, row in rows.items()
        if row.status == "failed" and (kind not in _ACCOUNT_KINDS or day == newest)
    ]  # fmt: skip


def _reason(kind: str, row: _Row | None, day: Mapping[str, _Row]) -> Reason:
    nights = [told for night, told in day.items() if night in NIGHTS_ONLY]
    if row is not None and row.status == "failed":
        return "failed"
    if not day:
        return "unknown"
    if not any(one.is_there for one in day.values()):
        if any(one.status == "failed" for one in day.values()):
            return "missing" if row is None else "Garmin has none"
        # Of a night alone, that there is none says nothing about the day.
        return "unknown" if day.keys() <= NIGHTS_ONLY else "not worn"
    # Garmin said of the night that there is none, in one kind, and told nothing of it in the other.
    is_night_empty = any(one.status == "empty" for one in nights) and not any(one.is_there for one in nights)
    if kind in NIGHTS and is_night_empty:
        return "night not worn"
    return "missing" if row is None else "Garmin has none"


def what_to_do(found: Sequence[CoverageGap]) -> Iterator[str]:
    """Say what mends the holes that nobody meant, in sentences with the command to type."""
    missing = [gap for gap in found if gap.reason == "missing"]
    failed = [gap for gap in found if gap.reason == "failed"]
    if missing:
        first, last = min(gap.first_day for gap in missing), max(gap.last_day for gap in missing)
        kinds = ",".join(sorted({gap.kind for gap in missing}))
        days = sum(gap.days for gap in missing)
        yield (
            f"{_days(days)} {'was' if days == 1 else 'were'} never fetched: "
            f"`santorio sync --since {first} --until {last} --kinds {kinds}`, or import the account's export."
        )
    if failed:
        errors = ", ".join(sorted({gap.error or "no reason given" for gap in failed}))
        yield f"{_days(sum(gap.days for gap in failed))} failed ({errors}): `santorio sync` asks for them again."


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'} of a kind"
