"""Calendars: days by month, a row per month, for the terminal and for pages."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

# The line above the glyphs of a month, one per day.
RULER = "1   5    10   15   20   25   30 "
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MonthRow[T]:
    """A month with the entry of each day, None for a day without one; or several months merged into one row."""

    first: dt.date
    last: dt.date
    days: tuple[T | None, ...]

    @property
    def name(self) -> str:
        """As `2026-03`, or `2024-01 to 2026-02`."""
        first, last = f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"
        if first == last:
            return first
        return f"{first} to {last}"


def rows_by_month[T](days: Mapping[dt.date, T]) -> list[MonthRow[T]]:
    """Arrange days by month, the oldest first; a month without any day has no row."""
    rows: list[MonthRow[T]] = []
    for first in sorted({day.replace(day=1) for day in days}):
        dates = list(_days_of_month(first))
        rows.append(MonthRow(first, dates[-1], tuple(map(days.get, dates))))
    return rows


def _days_of_month(first: dt.date) -> Iterator[dt.date]:
    day = first
    while day.month == first.month:
        yield day
        day += ONE_DAY


def merge_months[T](
    rows: Sequence[MonthRow[T]], is_complete: Callable[[MonthRow[T]], bool]
) -> list[MonthRow[T]]:
    """Merge consecutive complete months into one row, which shows the days of the last of them."""
    merged: list[MonthRow[T]] = []
    for complete, group in groupby(rows, key=is_complete):
        run = list(group)
        if complete and len(run) > 1:
            merged.append(MonthRow(run[0].first, run[-1].last, run[-1].days))
        else:
            merged += run
    return merged
