"""The quality of a person's days: which can be trusted, which values the analyses exclude, and why.

`marts.day_quality` decides what is excluded; this module reads it and sorts it for a person.
"""

import datetime as dt
import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

import psycopg

from santorio.rendering.calendar import MonthRow


class DayQuality(enum.StrEnum):
    """The quality of a day, from the best to the worst."""

    COMPLETE = "complete"
    FLAGGED = "flagged"
    PARTLY_EXCLUDED = "partly_excluded"
    NOT_WORN = "not_worn"
    UNKNOWN = "unknown"
    MISSING = "missing"


LEGEND: Mapping[DayQuality, str] = {
    DayQuality.COMPLETE: "no issues found",
    DayQuality.FLAGGED: "present, with something to review, or without its night; it counts",
    DayQuality.PARTLY_EXCLUDED: "present, but the analyses exclude some of its values",
    DayQuality.NOT_WORN: "the watch was not worn, or there was none",
    DayQuality.UNKNOWN: "no data, and the reason is not known",
    DayQuality.MISSING: "expected, but never fetched, or fetching failed",
}
REASONS: Mapping[str, str] = {
    "not worn": "the watch was off: Garmin has the day, without any measurement",
    "night not worn": "the watch was off at night: the day has data, the night has none",
    "failed": "requested, and Garmin failed: the next santorio sync requests it again",
    "never fetched": "other data of the day exists: run santorio sync, or import it",
    "provisional": "no data yet: the watch may still sync it",
    "before the watch": "before the first day of a watch",
    "after the watch": "after the last known day of a watch",
    "no watch": "there never was a watch: logs only",
    "unknown": "no data arrived, and none was requested: fetch it, or the watch was off",
}
# A day missing for any other reason is one on which no watch was worn.
_QUALITY_BY_REASON = {
    "failed": DayQuality.MISSING,
    "never fetched": DayQuality.MISSING,
    "provisional": DayQuality.UNKNOWN,
    "unknown": DayQuality.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Flag:
    """One remark on a metric of a day; `metric` is `day` where it concerns all of the day."""

    day: dt.date
    metric: str
    flag: str
    severity: str
    is_excluded: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a person: what is missing of it, and the flags on the rest."""

    day: dt.date
    missing_reason: str | None
    night_missing_reason: str | None
    flags: tuple[Flag, ...] = ()

    @property
    def quality(self) -> DayQuality:
        """Quality by the worst of its remarks; a note alone is not an issue."""
        if any(flag.is_excluded for flag in self.flags):
            return DayQuality.PARTLY_EXCLUDED
        if self.missing_reason is not None:
            return _QUALITY_BY_REASON.get(self.missing_reason, DayQuality.NOT_WORN)
        if self.night_missing_reason or any(flag.severity != "note" for flag in self.flags):
            return DayQuality.FLAGGED
        return DayQuality.COMPLETE

    @property
    def description(self) -> str:
        """All remarks on the day in one line, for a tooltip and for a screen reader."""
        parts = []
        if self.missing_reason:
            parts.append(f"the watch: {self.missing_reason}")
        if self.is_night_missing_by_itself:
            parts.append(f"the night: {self.night_missing_reason}")
        parts += dict.fromkeys(flag.reason for flag in self.flags)
        return "; ".join(parts) or LEGEND[DayQuality.COMPLETE]

    @property
    def is_night_missing_by_itself(self) -> bool:
        """Whether the night is missing for another reason than the day."""
        return bool(self.night_missing_reason) and self.night_missing_reason != self.missing_reason


@dataclass(frozen=True, slots=True)
class QualityPeriod:
    """Consecutive days with the same remark on the same metrics."""

    first_day: dt.date
    last_day: dt.date
    metrics: tuple[str, ...]
    reason: str

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def span(self) -> str:
        """As `2026-03-01`, or `2026-03-01 to 2026-03-04`."""
        if self.days == 1:
            return f"{self.first_day}"
        return f"{self.first_day} to {self.last_day}"


@dataclass(frozen=True, slots=True)
class QualityHistory:
    """A person's days with their quality, the oldest first."""

    days: Sequence[Day]

    @property
    def counts(self) -> Counter[DayQuality]:
        """Number of days by quality."""
        return Counter(day.quality for day in self.days)

    @property
    def excluded(self) -> list[QualityPeriod]:
        """Values that no analysis reads, the newest first."""
        return group_by_period(flag for flag in self._flags() if flag.is_excluded)

    @property
    def flagged(self) -> list[QualityPeriod]:
        """Values to review, which count, the newest first."""
        to_review = [flag for flag in self._flags() if not flag.is_excluded and flag.severity != "note"]
        return group_by_period(to_review)

    @property
    def missing(self) -> list[QualityPeriod]:
        """Days and nights without data of a watch, the newest first."""
        flags: list[Flag] = []
        for day in self.days:
            if day.missing_reason:
                flags.append(_missing_flag(day.day, "day", day.missing_reason))
            if day.night_missing_reason and day.is_night_missing_by_itself:
                flags.append(_missing_flag(day.day, "night", day.night_missing_reason))
        return group_by_period(flags)

    def _flags(self) -> Iterator[Flag]:
        for day in self.days:
            yield from day.flags


def _missing_flag(day: dt.date, part: str, reason: str) -> Flag:
    return Flag(day, part, flag="", severity="", is_excluded=False, reason=reason)


def group_by_period(flags: Iterable[Flag]) -> list[QualityPeriod]:
    """Group consecutive days with the same remark, and metrics with the same remark on the same days."""
    days_by_remark: dict[tuple[str, str], set[dt.date]] = {}
    for flag in flags:
        days_by_remark.setdefault((flag.reason, flag.metric), set()).add(flag.day)
    metrics_by_period: dict[tuple[dt.date, dt.date, str], list[str]] = {}
    for (reason, metric), days in sorted(days_by_remark.items()):
        for first, last in _runs(sorted(days)):
            metrics_by_period.setdefault((first, last, reason), []).append(metric)
    periods = []
    for (first, last, reason), metrics in metrics_by_period.items():
        period = QualityPeriod(first, last, tuple(metrics), reason)
        periods.append(period)
    return sorted(periods, key=_newest_last, reverse=True)


def _newest_last(period: QualityPeriod) -> tuple[dt.date, dt.date, str]:
    return period.last_day, period.first_day, period.reason


def _runs(days: Sequence[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the first and last of each run of consecutive days."""
    # Within a run a day's ordinal less its index stays the same.
    for _, group in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        run = [day for _, day in group]
        yield run[0], run[-1]


def is_complete(month: MonthRow[Day]) -> bool:
    """Whether every day of a month has data, without any issue."""
    return all(day is not None and day.quality is DayQuality.COMPLETE for day in month.days)


def read_quality(
    connection: psycopg.Connection, user_id: UUID, since: dt.date | None = None
) -> QualityHistory:
    """Read a person's days with their flags, from a day on."""
    flag_rows = connection.execute(
        """
        select day, metric, flag, severity, is_excluded, reason from marts.day_quality
        where user_id = %(user)s and (%(since)s::date is null or day >= %(since)s) order by day, metric, flag
        """,
        {"user": user_id, "since": since},
    ).fetchall()
    flags_of: dict[dt.date, list[Flag]] = {}
    for row in flag_rows:
        flags_of.setdefault(row[0], []).append(Flag(*row))
    day_rows = connection.execute(
        """
        select day, missing_reason, night_missing_reason from marts.days
        where user_id = %(user)s and (%(since)s::date is null or day >= %(since)s) order by day
        """,
        {"user": user_id, "since": since},
    ).fetchall()
    days = []
    for day, missing_reason, night_missing_reason in day_rows:
        flags = tuple(flags_of.get(day, ()))
        days.append(Day(day, missing_reason, night_missing_reason, flags))
    return QualityHistory(days)
