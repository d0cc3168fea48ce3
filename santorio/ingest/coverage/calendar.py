"""The coverage ledger as a calendar: for each kind a row a month, a glyph a day."""

import datetime as dt
import enum
import itertools
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import psycopg

from santorio.ingest.coverage.gaps import ACTIONABLE, DAILY_KINDS, CoverageGap
from santorio.rendering.calendar import ONE_DAY, RULER, MonthRow, merge_months, rows_by_month

type Statuses = Mapping[tuple[str, dt.date], str]


class DayStatus(enum.StrEnum):
    """Status of a kind on a day, from the best to the worst."""

    PRESENT = "present"
    PROVISIONAL = "provisional"
    NO_DATA = "no data"
    UNKNOWN = "unknown"
    MISSING = "missing"


type Calendar = dict[dt.date, DayStatus]
type Calendars = dict[str, Calendar]

# Distinguishable in black and white too.
GLYPHS: Mapping[DayStatus | None, str] = {
    None: " ",
    DayStatus.PRESENT: "█",
    DayStatus.PROVISIONAL: "▒",
    DayStatus.NO_DATA: "·",
    DayStatus.UNKNOWN: "?",
    DayStatus.MISSING: "✗",
}
LEGEND: Mapping[DayStatus, str] = {
    DayStatus.PRESENT: "there",
    DayStatus.PROVISIONAL: "provisional, may still change",
    DayStatus.NO_DATA: "no data, and nothing to do (not worn, or Garmin has none)",
    DayStatus.UNKNOWN: "nothing known of the day in any kind",
    DayStatus.MISSING: "should be there",
}
# Dagster stores what every run reports, so its calendar is short; the terminal's is complete.
SHOWN = dt.timedelta(days=730)
_BY_LEDGER_STATUS = {
    "final": DayStatus.PRESENT,
    "fetched": DayStatus.PROVISIONAL,
    "provisional": DayStatus.PROVISIONAL,
    "empty": DayStatus.NO_DATA,
    "failed": DayStatus.MISSING,
}
# The kind of an account's export that stands for a kind of the API.
_EXPORTED_KIND = {"daily_summary": "daily_summary_export", "sleep": "sleep_summary"}
_SEVERITY = {status: severity for severity, status in enumerate(DayStatus)}


def build_calendars(statuses: Statuses, gaps: Iterable[CoverageGap]) -> Calendars:
    """Return a calendar for each kind: the days that the ledger lists, and the days of gaps."""
    calendars: Calendars = {}
    for (kind, day), status in statuses.items():
        calendars.setdefault(kind, {})[day] = _BY_LEDGER_STATUS[status]
    for gap in gaps:
        calendar = calendars.setdefault(gap.kind, {})
        for number in range(gap.days):
            calendar[gap.first_day + number * ONE_DAY] = status_of(gap)
    return calendars


def status_of(gap: CoverageGap) -> DayStatus:
    """Return the status of a gap's days."""
    if gap.reason in ACTIONABLE:
        return DayStatus.MISSING
    return DayStatus.UNKNOWN if gap.reason == "unknown" else DayStatus.NO_DATA


def merge_people(people: Iterable[Calendars]) -> Calendars:
    """Merge the calendars of several people: each day has the worst status of all."""
    merged: Calendars = {}
    for calendars in people:
        for kind, calendar in calendars.items():
            days = merged.setdefault(kind, {})
            for day, status in calendar.items():
                days[day] = max(status, days.get(day, status), key=_SEVERITY.__getitem__)
    return merged


def kinds_to_show(calendars: Calendars) -> list[str]:
    """Return the kinds that are there every day, and those of the others that should be there on some day.

    An account's export has days and nights in kinds of its own: they are shown where they have more days.
    """
    daily: list[str] = []
    for kind in DAILY_KINDS:
        if kind in calendars:
            daily.append(kind)
        exported = _EXPORTED_KIND.get(kind)
        if exported and calendars.get(exported, {}).keys() - calendars.get(kind, {}).keys():
            daily.append(exported)
    others: list[str] = []
    for kind, days in sorted(calendars.items()):
        if kind not in daily and DayStatus.MISSING in days.values():
            others.append(kind)
    return daily + others


def month_rows(calendar: Calendar) -> list[MonthRow[DayStatus | None]]:
    """Lay a calendar out by month; months in a row of which every day is there become one row."""
    if not calendar:
        return []
    first, last = min(calendar), max(calendar)
    # A month without data is an empty row: otherwise the months around it would be merged.
    every_day: dict[dt.date, DayStatus | None] = {}
    for number in range((last - first).days + 1):
        day = first + number * ONE_DAY
        every_day[day] = calendar.get(day)
    return merge_months(rows_by_month(every_day), _is_complete)


def _is_complete(row: MonthRow[DayStatus | None]) -> bool:
    return set(row.days) == {DayStatus.PRESENT}


def glyphs(row: MonthRow[DayStatus | None]) -> str:
    """Write a month as a glyph a day."""
    return "".join(GLYPHS[status] for status in row.days)


def markdown(calendars: Calendars) -> str:
    """Write the last two years for Dagster's UI."""
    rows_by_kind = {kind: month_rows(calendars[kind]) for kind in kinds_to_show(calendars)}
    if not rows_by_kind:
        return "Nothing is there yet."
    last_day = max(row.last for row in itertools.chain.from_iterable(rows_by_kind.values()))
    shown: dict[str, list[MonthRow[DayStatus | None]]] = {}
    labels: list[str] = []
    for kind, rows in rows_by_kind.items():
        shown[kind] = [row for row in rows if row.last > last_day - SHOWN]
        labels += [kind, *(row.name for row in shown[kind])]
    width = max(map(len, labels))
    lines = _legend(shown)
    for kind, rows in shown.items():
        if rows:
            lines += ["", f"{kind:<{width}}  {RULER}"]
            lines += [f"{row.name:<{width}}  {glyphs(row)}" for row in rows]
    if shown != rows_by_kind:
        lines += ["", "Earlier months: santorio coverage"]
    return "\n".join(["```text", *lines, "```"])


def _legend(shown: Mapping[str, Sequence[MonthRow[DayStatus | None]]]) -> list[str]:
    """Explain the glyphs that are used."""
    used: set[DayStatus | None] = set()
    for rows in shown.values():
        for row in rows:
            used.update(row.days)
    return [f"{GLYPHS[status]}  {text}" for status, text in LEGEND.items() if status in used]


def read_statuses(connection: psycopg.Connection, user_id: UUID) -> Statuses:
    """Read one person's ledger."""
    rows = connection.execute("select kind, day, status from ops.coverage where user_id = %s", [user_id])
    return {(kind, day): status for kind, day, status in rows}
