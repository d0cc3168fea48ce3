"""Gaps in the coverage ledger: the days on which a kind has no data, why, and what fills them."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import psycopg

from santorio.ingest.garmin.endpoints import ENDPOINTS

Reason = Literal["not worn", "night not worn", "Garmin has none", "missing", "failed", "unknown"]
REASONS: Mapping[Reason, str] = {
    "not worn": "the watch was off: Garmin has the day, and nothing in any kind",
    "night not worn": "the watch was off at night: the day is there, the night is not",
    "Garmin has none": "Garmin answered that it has none, though it has other kinds of the day",
    "missing": "never fetched, though other kinds of the day are there: santorio sync, or import it",
    "failed": "requested, and Garmin failed: the next santorio sync requests it again",
    "unknown": "nothing of the day is there in any kind: fetch it, or the watch was off",
}
# Reasons that a sync or an import can do something about.
ACTIONABLE: tuple[Reason, ...] = ("missing", "failed")

# Kinds that Garmin has for every day on which a watch was worn.
DAILY_KINDS = ("daily_summary", "sleep", "hrv", "heart_rate", "stress", "steps")
NIGHTS = ("sleep", "hrv")
# The kinds of days and nights in an account's export. An export may lack any of them, so they have no gaps.
EXPORTED_DAYS, EXPORTED_NIGHTS = ("daily_summary_export",), ("sleep_summary",)
# Other kinds need not be there every day. But once a range was requested, each day of it has an answer.
_KINDS_OF_DAYS = tuple(endpoint.kind for endpoint in ENDPOINTS if endpoint.grain == "days")
REQUESTED_KINDS = tuple(kind for kind in _KINDS_OF_DAYS if kind not in DAILY_KINDS)
# A failure of the account's current state no longer matters once there is a newer answer.
ACCOUNT_KINDS = tuple(endpoint.kind for endpoint in ENDPOINTS if endpoint.grain == "account")

# The reason itself is computed by `ops.coverage_reason`, which the mart `coverage` uses too.
_FIND_GAPS = """
with ledger as (
  select kind, day, status, last_error, requested_at is not null as was_requested
  from ops.coverage where user_id = %(user_id)s
), days as (
  -- Each day as the kinds of every worn day show it.
  select day,
         bool_or(kind <> all (%(nights)s)) as is_day_listed,
         bool_or(status not in ('empty', 'failed')) as is_present,
         bool_or(status = 'failed') as has_failed,
         coalesce(bool_or(status not in ('empty', 'failed')) filter (where kind = any (%(nights)s)), false)
           as is_night_present,
         coalesce(bool_or(status = 'empty') filter (where kind = any (%(nights)s)), false) as is_night_empty
  from ledger
  where kind = any (%(days)s) or kind = any (%(nights)s)
  group by day
), spans as (
  -- A kind should be there every day between its first and its last.
  select kind, min(day) as first_day, max(day) as last_day
  from ledger
  where kind = any (%(daily)s) or kind = any (%(requested)s) and was_requested
  group by kind
), expected as (
  select kind, span.day::date as day
  from spans
  cross join lateral generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') as span (day)
  union all
  -- A day of any other kind is a gap only if it failed.
  select kind, day
  from ledger
  where status = 'failed' and kind <> all (%(daily)s) and kind <> all (%(requested)s)
    and (kind <> all (%(account)s) or day = (select max(newest.day) from ledger newest where newest.kind = ledger.kind))
)
select expected.kind, expected.day, gap.reason, case when gap.reason = 'failed' then ledger.last_error end
from expected
left join ledger on ledger.kind = expected.kind and ledger.day = expected.day
left join days on days.day = expected.day
cross join lateral (
  select ops.coverage_reason(
    status => ledger.status,
    is_night_kind => expected.kind = any (%(nights)s),
    is_listed => days.day is not null,
    is_day_listed => days.is_day_listed,
    is_present => days.is_present,
    has_failed => days.has_failed,
    is_night_present => days.is_night_present,
    is_night_empty => days.is_night_empty
  ) as reason
) as gap
where gap.reason is not null
  and (expected.kind = any (%(daily)s) or gap.reason = any (%(actionable)s))
order by expected.kind, expected.day
"""
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """Days in a row on which a kind is missing, for one reason; `error` is the code of a failure."""

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
        """Whether there is nothing to do about it, as far as the data shows."""
        return self.reason not in ACTIONABLE


def find_gaps(connection: psycopg.Connection, user_id: UUID) -> list[CoverageGap]:
    """Find the runs of days on which a kind is missing, by kind and day.

    A kind that is there every worn day has gaps between its first and its last day. For any other kind an empty day
    is not a gap; days that were never requested between requested ones are, and failures.
    """
    rows = connection.execute(
        _FIND_GAPS,
        {
            "user_id": user_id,
            "days": [*DAILY_KINDS, *EXPORTED_DAYS],
            "nights": [*NIGHTS, *EXPORTED_NIGHTS],
            "daily": list(DAILY_KINDS),
            "requested": list(REQUESTED_KINDS),
            "account": list(ACCOUNT_KINDS),
            "actionable": list(ACTIONABLE),
        },
    )
    gaps: list[CoverageGap] = []
    for kind, day, reason, error in rows:
        previous = gaps[-1] if gaps else None
        if previous is not None and _continues(previous, kind, day, reason, error):
            gaps[-1] = replace(previous, last_day=day)
        else:
            gaps.append(CoverageGap(kind, day, day, reason, error))
    return gaps


def _continues(gap: CoverageGap, kind: str, day: dt.date, reason: Reason, error: str | None) -> bool:
    expected = (gap.kind, gap.last_day + _ONE_DAY, gap.reason, gap.error)
    return (kind, day, reason, error) == expected


def what_to_do(gaps: Iterable[CoverageGap]) -> Iterator[str]:
    """Return a sentence, with the command to type, for each reason that can be dealt with."""
    by_reason: dict[Reason, list[CoverageGap]] = {}
    for gap in gaps:
        by_reason.setdefault(gap.reason, []).append(gap)
    if "missing" in by_reason:
        yield _fetch_missing(by_reason["missing"])
    if "failed" in by_reason:
        yield _retry_failed(by_reason["failed"])


def _fetch_missing(gaps: Sequence[CoverageGap]) -> str:
    days = sum(gap.days for gap in gaps)
    verb = "was" if days == 1 else "were"
    first, last = min(gap.first_day for gap in gaps), max(gap.last_day for gap in gaps)
    kinds = ",".join(sorted({gap.kind for gap in gaps}))
    return (
        f"{_days_of_a_kind(days)} {verb} never fetched: "
        f"`santorio sync --since {first} --until {last} --kinds {kinds}`, or import the account's export."
    )


def _retry_failed(gaps: Sequence[CoverageGap]) -> str:
    days = sum(gap.days for gap in gaps)
    errors = ", ".join(sorted({gap.error or "no reason given" for gap in gaps}))
    return f"{_days_of_a_kind(days)} failed ({errors}): `santorio sync` requests them again."


def _days_of_a_kind(count: int) -> str:
    return "1 day of a kind" if count == 1 else f"{count} days of a kind"
