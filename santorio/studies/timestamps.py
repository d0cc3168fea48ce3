"""The time of each row: dates in any common notation, instants, or plain numbers such as that of a test."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.csv_table import Table, is_missing, lines_of, numbers
from santorio.errors import DataError

# One notation, day first or month first: only the whole column shows which.
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")
_CLEAR = (
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%y",
    "%Y%m%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%a %d %b %Y",
    "%a %b %d %Y",
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S.%f")
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local wall-clock time, as the file states it
# 1973 in seconds; a thousand times as much is the same in milliseconds. Running numbers of tests are far smaller.
_EARLIEST_UNIX = 1e8
_UNSURE = re.compile(r"^\d{1,2}[/-]\d{1,2}[/-]\d")


@dataclass(frozen=True)
class _Reading:
    """A value read day-first and month-first; None where it has no such reading, the same where the order is clear."""

    day_first: dt.datetime | None
    month_first: dt.datetime | None

    def at(self, *, month_first: bool) -> dt.datetime:
        """The reading in the column's order, or else the only one there is."""
        preferred, other = self.day_first, self.month_first
        if month_first:
            preferred, other = other, preferred
        moment = preferred or other
        assert moment is not None  # noqa: S101 - the reader returns none without a moment
        return moment


@dataclass(frozen=True)
class Timestamps:
    """The time of each row.

    Attributes
    ----------
    at : FloatArray
        Days since 1970-01-01 by the local clock, with fractions; or the plain number. NaN where unknown.
    dated : bool
        Whether these are dates.
    timed : bool
        Whether any has a time of day.
    notes : tuple[str, ...]
        What a reader must know about how they were read.
    """

    at: FloatArray
    dated: bool
    timed: bool
    notes: tuple[str, ...] = ()


def parse_timestamps(
    table: Table, name: str, *, date_format: str | None = None, missing: Sequence[str] = ()
) -> Timestamps:
    """Read a column of days, instants or plain numbers.

    Raises
    ------
    DataError
        If a value is none of these, or the order of day and month is not clear.
    """
    values = table.column(name)
    if date_format is None:
        plain, odd = numbers(table, name, missing)
        if not odd and np.isfinite(plain).any():
            return _plain(plain)
    positions = [position for position, value in enumerate(values) if not is_missing(value, missing)]
    if not positions:
        raise DataError(
            f"The column “{name}” of {table.name} is empty.", hint="A study needs the time of each row."
        )
    readings = _read_values([values[position] for position in positions], date_format)
    odd = [position for position, reading in zip(positions, readings, strict=True) if reading is None]
    if odd:
        raise DataError(
            f"The column “{name}” of {table.name} holds {len(odd)} values that are neither dates nor numbers "
            f"({lines_of(table, odd)}).",
            hint="Write dates as 2026-01-31, or state date_format such as “%d.%m.%Y”.",
        )
    dates = [reading for reading in readings if reading is not None]
    month_first, notes = _date_order(dates, name, table.name)
    at = np.full(len(values), np.nan)
    timed = False
    for position, reading in zip(positions, dates, strict=True):
        moment = reading.at(month_first=month_first)
        timed = timed or moment.time() != dt.time()
        at[position] = _days(moment)
    return Timestamps(at, dated=True, timed=timed, notes=notes)


def _read_values(values: Sequence[str], date_format: str | None) -> list[_Reading | None]:
    """Read each distinct value once: with many readings a day, days repeat."""
    reader = _Reader(date_format)
    reading_of = {value: reader.read(value) for value in dict.fromkeys(values)}
    return [reading_of[value] for value in values]


def _plain(values: FloatArray) -> Timestamps:
    """Numbers, which may be dates such as 20260131, Unix time, or the running number of a test."""
    finite = np.isfinite(values)
    stated = values[finite]
    whole = bool((stated == np.floor(stated)).all())
    if whole and all(_is_compact_date(int(value)) for value in np.unique(stated)):
        at = np.full(len(values), np.nan)
        at[finite] = [_days(_compact(int(value))) for value in stated]
        return Timestamps(at, dated=True, timed=False)
    if stated.min() > _EARLIEST_UNIX:
        seconds = values
        if stated.min() > _EARLIEST_UNIX * 1e3:
            seconds = values / 1e3
        return Timestamps(
            seconds / 86400, dated=True, timed=True, notes=("Times were read as Unix time, in UTC.",)
        )
    return Timestamps(values, dated=False, timed=not whole)


def _days(moment: dt.datetime) -> float:
    return (moment - _EPOCH) / dt.timedelta(days=1)


def _compact(value: int) -> dt.datetime:
    return dt.datetime.strptime(str(value), "%Y%m%d")  # noqa: DTZ007 - a date, of no zone


def _is_compact_date(value: int) -> bool:
    if not 19000101 <= value <= 21001231:
        return False
    try:
        _compact(value)
    except ValueError:
        return False
    return True


class _Reader:
    """Reads dates, trying first what fitted last: a column is mostly of one format."""

    def __init__(self, date_format: str | None) -> None:
        self._stated = date_format
        self._last: dict[tuple[str, ...], str] = {}

    def read(self, value: str) -> _Reading | None:
        """Read one value; None if it is not a date."""
        if self._stated is not None:
            return self._clear(self._read(value, (self._stated,), ("",)))
        try:
            instant = dt.datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            # The local clock decides which day it was, so the offset is dropped.
            return self._clear(instant.replace(tzinfo=None))
        text = " ".join(value.replace(",", " ").split())
        if not _UNSURE.match(text):
            return self._clear(self._read(text, _CLEAR))
        day_first, month_first = self._read(text, _DAY_FIRST), self._read(text, _MONTH_FIRST)
        if day_first is None and month_first is None:
            return None
        return _Reading(day_first, month_first)

    @staticmethod
    def _clear(moment: dt.datetime | None) -> _Reading | None:
        return _Reading(moment, moment) if moment else None

    def _read(
        self, text: str, formats: tuple[str, ...], clocks: tuple[str, ...] = _CLOCKS
    ) -> dt.datetime | None:
        for candidate in self._candidates(formats, clocks):
            try:
                moment = dt.datetime.strptime(text, candidate)  # noqa: DTZ007 - local wall-clock time
            except ValueError:
                continue
            self._last[formats] = candidate
            return moment
        return None

    def _candidates(self, formats: tuple[str, ...], clocks: tuple[str, ...]) -> Iterator[str]:
        if formats in self._last:
            yield self._last[formats]
        for day in formats:
            for clock in clocks:
                yield day + clock


def _date_order(readings: Sequence[_Reading], name: str, table: str) -> tuple[bool, tuple[str, ...]]:
    """Decide for the whole column whether the month is first, and note it where the dates did not show it.

    Raises
    ------
    DataError
        If the column mixes both orders, or does not show which it has.
    """
    unsure = [reading for reading in readings if reading.day_first != reading.month_first]
    if not unsure:
        return False, ()
    # A day above 12 has one reading only, and decides for the column.
    only_day = any(reading.month_first is None for reading in unsure)
    only_month = any(reading.day_first is None for reading in unsure)
    if only_day and only_month:
        raise DataError(
            f"The column “{name}” of {table} mixes dates with the day first and with the month first.",
            hint="Write them all as 2026-01-31.",
        )
    if only_day or only_month:
        return only_month, (_order_note(name, month_first=only_month),)

    # Days of a study are close together: the wrong order scatters them over the months.
    day_first_span = _span([reading.day_first for reading in readings])
    month_first_span = _span([reading.month_first for reading in readings])
    if day_first_span == month_first_span:
        raise DataError(
            f"In the column “{name}” of {table} it is not clear which number is the day and which the month.",
            hint="State date_format, such as “%d/%m/%Y” or “%m/%d/%Y”, in the study file.",
        )
    month_first = month_first_span < day_first_span
    return month_first, (_order_note(name, month_first=month_first),)


def _span(moments: Sequence[dt.datetime | None]) -> dt.timedelta:
    stated = [moment for moment in moments if moment is not None]
    return max(stated) - min(stated)


def _order_note(name: str, *, month_first: bool) -> str:
    first = "month" if month_first else "day"
    return f"Dates in “{name}” were read with the {first} first."
