"""The coverage ledger as a calendar: a row a kind and month, a sign a day."""

import calendar
import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

import psycopg

from santorio.ingest.coverage.gaps import ACTIONABLE, DAILY_KINDS, CoverageGap

type Statuses = Mapping[tuple[str, dt.date], str]


class DayStatus(enum.StrEnum):
    """What a day of a kind is, from the best to the worst; two of them never look alike, in black and white too."""

    OUTSIDE = " "
    THERE = "█"
    PROVISIONAL = "▒"
    INTENDED = "·"
    UNKNOWN = "?"
    ACTIONABLE = "✗"


LEGEND = {
    DayStatus.THERE: "there",
    DayStatus.PROVISIONAL: "provisional, may still change",
    DayStatus.INTENDED: "nothing, and nothing to do (not worn, or Garmin has none)",
    DayStatus.UNKNOWN: "nothing known of the day in any kind",
    DayStatus.ACTIONABLE: "should be there",
}
SHOWN = dt.timedelta(days=730)
RULER = "1   5    10   15   20   25   30 "
_OF_STATUS = {
    "final": DayStatus.THERE,
    "provisional": DayStatus.PROVISIONAL,
    "empty": DayStatus.INTENDED,
    "failed": DayStatus.ACTIONABLE,
}
_IN_EXPORT = {"daily_summary": "daily_summary_export", "sleep": "sleep_summary"}
_WORST_FIRST = tuple(reversed(DayStatus))


@dataclass(frozen=True, slots=True)
class Months:
    """One row: a month of a kind with a sign a day, or several months in a row that are there without a hole."""

    kind: str
    first: dt.date
    last: dt.date
    signs: str

    @property
    def name(self) -> str:
        """As `2026-03`, or `2024-01 to 2026-02`."""
        first, last = f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"
        return first if first == last else f"{first} to {last}"


type Signs = dict[str, dict[dt.date, DayStatus]]


def signs(statuses: Statuses, gaps: Iterable[CoverageGap]) -> Signs:
    """Give every known day of every kind its sign, and every day of a hole."""
    found: Signs = {}
    for (kind, day), status in statuses.items():
        found.setdefault(kind, {})[day] = _OF_STATUS.get(status, DayStatus.PROVISIONAL)
    for gap in gaps:
        sign = sign_of(gap)
        for number in range(gap.days):
            found.setdefault(gap.kind, {})[gap.first_day + dt.timedelta(days=number)] = sign
    return found


def sign_of(gap: CoverageGap) -> DayStatus:
    """Give the sign of a hole's days."""
    if gap.reason in ACTIONABLE:
        return DayStatus.ACTIONABLE
    return DayStatus.UNKNOWN if gap.reason == "unknown" else DayStatus.INTENDED


def worst(people: Iterable[Signs]) -> Signs:
    """Lay calendars of several people over one another: of each day the worst sign shows."""
    together: Signs = {}
    for one in people:
        for kind, days in one.items():
            known = together.setdefault(kind, {})
            for day, sign in days.items():
                known[day] = min(sign, known.get(day, DayStatus.OUTSIDE), key=_WORST_FIRST.index)
    return together


def kinds_to_show(calendars: Signs) -> list[str]:
    """Name the kinds that are there every day, and of the others those with a hole that nobody meant.

    An account's export tells days and nights in kinds of its own: they are shown where they know more days.
    """
    daily: list[str] = []
    for kind in DAILY_KINDS:
        if kind in calendars:
            daily.append(kind)
        exported = _IN_EXPORT.get(kind)
        if exported and calendars.get(exported, {}).keys() - calendars.get(kind, {}).keys():
            daily.append(exported)
    others = [kind for kind, days in sorted(calendars.items()) if DayStatus.ACTIONABLE in days.values()]
    return daily + [kind for kind in others if kind not in daily]


def months(calendars: Signs, kinds: Sequence[str]) -> list[Months]:
    """Lay out the rows; months in a row of which every day is there become one."""
    return [row for kind in kinds for row in _joined(_of_kind(kind, calendars.get(kind, {})))]


def _of_kind(kind: str, days: Mapping[dt.date, DayStatus]) -> list[Months]:
    if not days:
        return []
    rows, month, last = [], min(days).replace(day=1), max(days)
    while month <= last:
        length = calendar.monthrange(month.year, month.month)[1]
        dates = [month + dt.timedelta(days=number) for number in range(length)]
        rows.append(
            Months(kind, month, dates[-1], "".join(days.get(day, DayStatus.OUTSIDE) for day in dates))
        )
        month += dt.timedelta(days=length)
    return rows


def _joined(rows: Sequence[Months]) -> list[Months]:
    joined: list[Months] = []
    for is_whole, group in groupby(rows, key=lambda row: set(row.signs) == {DayStatus.THERE}):
        run = list(group)
        if is_whole and len(run) > 1:
            joined.append(Months(run[0].kind, run[0].first, run[-1].last, DayStatus.THERE * 31))
        else:
            joined += run
    return joined


def markdown(calendars: Signs) -> str:
    """Write the last two years for the Dagster UI, which keeps what every run said; the terminal shows all."""
    rows = months(calendars, kinds_to_show(calendars))
    if not rows:
        return "Nothing is there yet."
    oldest = max(row.last for row in rows) - SHOWN
    shown = [row for row in rows if row.last > oldest]
    width = max(len(words) for row in shown for words in (row.name, row.kind))
    lines: list[str] = []
    for kind, group in groupby(shown, key=lambda row: row.kind):
        lines += ["", f"{kind:<{width}}  {RULER}"] + [f"{row.name:<{width}}  {row.signs}" for row in group]
    if len(shown) < len(rows):
        lines += ["", "Earlier months: santorio coverage"]
    used = {sign for row in shown for sign in row.signs}
    legend = "\n".join(f"{sign}  {words}" for sign, words in LEGEND.items() if sign in used)
    return "\n".join(["```text", legend, *lines, "```"])


def statuses(connection: psycopg.Connection, user_id: UUID) -> Statuses:
    """Read the ledger of one person."""
    rows = connection.execute("select kind, day, status from ops.coverage where user_id = %s", [user_id])
    return {(kind, day): status for kind, day, status in rows}
