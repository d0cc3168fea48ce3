"""Which of a person's days can be trusted, which figures the analyses leave out, and why: read from the marts.

What is left out is decided in `marts.day_quality`; here it is only read, and put in order for a person.
"""

import datetime as dt
import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

import psycopg

A_DAY = dt.timedelta(days=1)


class Trust(enum.StrEnum):
    """What a day is worth, from the best to the worst; no two look alike, in black and white too."""

    WHOLE = "█"
    NOTED = "▓"
    PARTLY = "▒"
    NOT_WORN = "·"
    UNKNOWN = "?"
    MISSING = "✗"


LEGEND: Mapping[Trust, str] = {
    Trust.WHOLE: "nothing speaks against it",
    Trust.NOTED: "there, with something to look at, or without its night; it counts",
    Trust.PARTLY: "there, but the analyses leave some of its figures out",
    Trust.NOT_WORN: "the watch was not worn, or there was none",
    Trust.UNKNOWN: "nothing is known of it",
    Trust.MISSING: "should be there: it was never fetched, or that failed",
}
REASONS: Mapping[str, str] = {
    "not worn": "the watch was off: Garmin has the day, and nothing in it",
    "night not worn": "the watch was off at night: the day is there, the night is not",
    "failed": "asked for, and Garmin failed: the next santorio sync asks again",
    "never fetched": "other data of the day is there: santorio sync, or import it",
    "provisional": "nothing yet: the watch may still sync it",
    "before the watch": "from before the first day of a watch",
    "after the watch": "from after the last day of a watch that is known",
    "no watch": "there never was a watch: logs alone",
    "unknown": "nothing of it came, and nobody asked: fetch it, or the watch was off",
}
_OF_REASON = {
    "failed": Trust.MISSING,
    "never fetched": Trust.MISSING,
    "provisional": Trust.UNKNOWN,
    "unknown": Trust.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that is to be known of a figure of a day."""

    day: dt.date
    metric: str
    flag: str
    severity: str
    is_left_out: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a person: what is missing of it, and what is to be known of the rest."""

    day: dt.date
    missing_reason: str | None
    night_missing_reason: str | None
    flags: tuple[Flag, ...] = ()

    @property
    def trust(self) -> Trust:
        """How much the day is worth."""
        if self.missing_reason is not None and not any(flag.is_left_out for flag in self.flags):
            return _OF_REASON.get(self.missing_reason, Trust.NOT_WORN)
        if any(flag.is_left_out for flag in self.flags):
            return Trust.PARTLY
        if self.night_missing_reason or any(flag.severity != "note" for flag in self.flags):
            return Trust.NOTED
        return Trust.WHOLE

    @property
    def words(self) -> str:
        """What there is to say of the day, for a pointer that rests on it and for a screen reader."""
        said = [f"the watch: {self.missing_reason}"] if self.missing_reason else []
        if self.night_missing_reason and self.night_missing_reason != self.missing_reason:
            said.append(f"the night: {self.night_missing_reason}")
        said += dict.fromkeys(flag.reason for flag in self.flags)
        return "; ".join(said) or LEGEND[Trust.WHOLE]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row of which the same is to be said."""

    first_day: dt.date
    last_day: dt.date
    metrics: tuple[str, ...]
    reason: str

    @property
    def days(self) -> int:
        """How many days it is long."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class Quality:
    """Everything that is to be said of a person's days."""

    days: Sequence[Day]

    @property
    def trust(self) -> Counter[Trust]:
        """Days by what they are worth."""
        return Counter(day.trust for day in self.days)

    @property
    def left_out(self) -> list[Stretch]:
        """Figures that no analysis reads, the newest first."""
        return stretches(flag for day in self.days for flag in day.flags if flag.is_left_out)

    @property
    def noted(self) -> list[Stretch]:
        """What is to be looked at, but counts, the newest first."""
        return stretches(
            flag
            for day in self.days
            for flag in day.flags
            if not flag.is_left_out and flag.severity != "note"
        )

    @property
    def missing(self) -> list[Stretch]:
        """Days and nights of which a watch tells nothing, the newest first."""
        told = [("day", day.day, day.missing_reason) for day in self.days if day.missing_reason]
        told += [
            ("night", day.day, day.night_missing_reason)
            for day in self.days
            if day.night_missing_reason and day.night_missing_reason != day.missing_reason
        ]
        return stretches(Flag(day, what, "", "", False, reason) for what, day, reason in told)  # noqa: FBT003 - of a record


def stretches(flags: Iterable[Flag]) -> list[Stretch]:
    """Put days in a row of which the same is said together, and metrics of which the same is said of the same days."""
    days_of: dict[tuple[str, str], set[dt.date]] = {}
    for flag in flags:
        days_of.setdefault((flag.reason, flag.metric), set()).add(flag.day)
    metrics_of: dict[tuple[dt.date, dt.date, str], list[str]] = {}
    for (reason, metric), days in sorted(days_of.items()):
        for first, last in _runs(sorted(days)):
            metrics_of.setdefault((first, last, reason), []).append(metric)
    found = [
        Stretch(first, last, tuple(metrics), reason) for (first, last, reason), metrics in metrics_of.items()
    ]
    return sorted(found, key=lambda one: (one.last_day, one.first_day, one.reason), reverse=True)


def _runs(days: Sequence[dt.date]) -> Iterable[tuple[dt.date, dt.date]]:
    for _, group in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        run = [day for _, day in group]
        yield run[0], run[-1]


def read_quality(connection: psycopg.Connection, user_id: UUID, since: dt.date | None = None) -> Quality:
    """Read a person's days and what is to be known of them."""
    rows = connection.execute(
        """
        select day, metric, flag, severity, is_left_out, reason from marts.day_quality
        where user_id = %(user)s and (%(since)s::date is null or day >= %(since)s) order by day, metric, flag
        """,
        {"user": user_id, "since": since},
    ).fetchall()
    flags = {day: tuple(Flag(*row) for row in group) for day, group in groupby(rows, key=lambda row: row[0])}
    days = connection.execute(
        """
        select day, missing_reason, night_missing_reason from marts.days
        where user_id = %(user)s and (%(since)s::date is null or day >= %(since)s) order by day
        """,
        {"user": user_id, "since": since},
    ).fetchall()
    return Quality([Day(day, missing, night, flags.get(day, ())) for day, missing, night in days])


@dataclass(frozen=True, slots=True)
class Month:
    """A month of days, None where there is none; or several months in a row without a blemish."""

    first: dt.date
    last: dt.date
    days: tuple[Day | None, ...]

    @property
    def name(self) -> str:
        """As `2026-03`, or `2024-01 to 2026-02`."""
        first, last = f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"
        return first if first == last else f"{first} to {last}"

    @property
    def signs(self) -> str:
        """A sign a day."""
        return "".join(" " if day is None else day.trust for day in self.days)


def months(days: Sequence[Day]) -> list[Month]:
    """Lay days out by month."""
    laid = []
    for _, group in groupby(days, key=lambda day: (day.day.year, day.day.month)):
        there = {day.day: day for day in group}
        first = min(there).replace(day=1)
        following = (first + 31 * A_DAY).replace(day=1)
        dates = [first + number * A_DAY for number in range((following - first).days)]
        laid.append(Month(first, dates[-1], tuple(there.get(date) for date in dates)))
    return laid


def joined(laid: Sequence[Month]) -> list[Month]:
    """Make months in a row of which every day is whole one."""
    rows: list[Month] = []
    for is_whole, group in groupby(laid, key=lambda month: set(month.signs) == {Trust.WHOLE}):
        run = list(group)
        rows += [Month(run[0].first, run[-1].last, run[-1].days)] if is_whole and len(run) > 1 else run
    return rows
