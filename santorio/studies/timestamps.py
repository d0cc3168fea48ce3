"""When a row was: dates in any common notation, instants, or plain numbers such as that of a test."""

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.csv_table import Table, is_missing, lines_of, numbers
from santorio.errors import DataError

# One notation, day first or month first: only the whole column can tell which.
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
_EARLIEST_UNIX = 1e8
_UNSURE = re.compile(r"^\d{1,2}[/-]\d{1,2}[/-]\d")


@dataclass(frozen=True)
class Timestamps:
    """When each row was.

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
        If a value is none of these, or day and month cannot be told apart.
    """
    values = table.column(name)
    if date_format is None:
        plain, odd = numbers(table, name, missing)
        if not odd and np.isfinite(plain).any():
            return _plain(plain)
    known = [position for position, value in enumerate(values) if not is_missing(value, missing)]
    if not known:
        raise DataError(f"The column “{name}” of {table.name} is empty.", hint="A study needs to know when.")
    reader = _Reader(date_format)
    both = {value: reader.read(value) for value in {values[position] for position in known}}
    odd = [position for position in known if both[values[position]] is None]
    if odd:
        raise DataError(
            f"The column “{name}” of {table.name} holds {len(odd)} values that are neither dates nor numbers "
            f"({lines_of(table, odd)}).",
            hint="Write dates as 2026-01-31, or state date_format such as “%d.%m.%Y”.",
        )
    month_first, notes = _month_first([both[values[position]] for position in known], name, table.name)
    at = np.full(len(values), np.nan)
    timed = False
    for position in known:
        pair = both[values[position]]
        assert pair is not None  # noqa: S101 - those were refused above
        moment = pair[1] if month_first else pair[0]
        moment = moment or pair[0] or pair[1]
        assert moment is not None  # noqa: S101 - one of the two was read
        timed = timed or moment.time() != dt.time()
        at[position] = (moment - _EPOCH) / dt.timedelta(days=1)
    return Timestamps(at, dated=True, timed=timed, notes=notes)


def _plain(values: FloatArray) -> Timestamps:
    known = values[np.isfinite(values)]
    whole = bool((known == np.floor(known)).all())
    if whole and all(_is_compact_date(int(value)) for value in known[:2000]):
        read = [_days(_compact(int(value))) if math.isfinite(value) else math.nan for value in values]
        return Timestamps(np.array(read), dated=True, timed=False)
    if known.min() > _EARLIEST_UNIX:
        seconds = 1e3 if known.min() > _EARLIEST_UNIX * 1e3 else 1.0
        return Timestamps(
            values / seconds / 86400, dated=True, timed=True, notes=("Times were read as Unix time, in UTC.",)
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

    def read(self, value: str) -> tuple[dt.datetime | None, dt.datetime | None] | None:
        """Read one value day-first and month-first; the same twice where only one is possible."""
        if self._stated is not None:
            moment = self._read(value, (self._stated,), ("",))
            return (moment, moment) if moment else None
        try:
            instant = dt.datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            # The local clock decides which day it was, so the offset is dropped.
            local = instant.replace(tzinfo=None)
            return local, local
        text = " ".join(value.replace(",", " ").split())
        if not _UNSURE.match(text):
            clear = self._read(text, _CLEAR)
            return (clear, clear) if clear else None
        day_first, month_first = self._read(text, _DAY_FIRST), self._read(text, _MONTH_FIRST)
        return (day_first, month_first) if day_first or month_first else None

    def _read(
        self, text: str, formats: tuple[str, ...], clocks: tuple[str, ...] = _CLOCKS
    ) -> dt.datetime | None:
        likely = [self._last[formats]] if formats in self._last else []
        for candidate in [*likely, *(day + clock for day in formats for clock in clocks)]:
            try:
                moment = dt.datetime.strptime(text, candidate)  # noqa: DTZ007 - local wall-clock time
            except ValueError:
                continue
            self._last[formats] = candidate
            return moment
        return None


def _month_first(
    readings: Sequence[tuple[dt.datetime | None, dt.datetime | None] | None], name: str, table: str
) -> tuple[bool, tuple[str, ...]]:
    pairs = [pair for pair in readings if pair is not None]
    unsure = [pair for pair in pairs if pair[0] != pair[1]]
    if not unsure:
        return False, ()
    only_day = any(pair[1] is None for pair in unsure)
    only_month = any(pair[0] is None for pair in unsure)
    if only_day and only_month:
        raise DataError(
            f"The column “{name}” of {table} mixes dates with the day first and with the month first.",
            hint="Write them all as 2026-01-31.",
        )
    if only_day or only_month:
        return only_month, (_order_note(name, month_first=only_month),)

    def span(order: int) -> float:
        moments = [moment for pair in pairs if (moment := pair[order]) is not None]
        return (max(moments) - min(moments)) / dt.timedelta(days=1)

    # Days of a study are close together: the wrong order scatters them over the months.
    if span(0) == span(1):
        raise DataError(
            f"In the column “{name}” of {table} day and month cannot be told apart.",
            hint="State date_format, such as “%d/%m/%Y” or “%m/%d/%Y”, in the study file.",
        )
    month_first = span(1) < span(0)
    return month_first, (_order_note(name, month_first=month_first),)


def _order_note(name: str, *, month_first: bool) -> str:
    first = "month" if month_first else "day"
    return f"Dates in “{name}” were read with the {first} first."
