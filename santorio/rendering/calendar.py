"""Days laid out by month, one row a month: for the terminal and for pages."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

# Stands above the glyphs of a month, one a day.
RULER = "1   5    10   15   20   25   30 "
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MonthRow[T]:
    """A month with what is shown of each day, None where there is nothing; or several months merged into one row."""

    first: dt.date
    last: dt.date
    days: tuple[T | None, ...]

    @property
    def name(self) -> str:
        """As `2026-03`, or `2024-01 to 2026-02`."""
        first, last = f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"
        return first if first == last else f"{first} to {last}"


def rows_by_month[T](days: Mapping[dt.date, T]) -> list[MonthRow[T]]:
    """Lay days out by month, the oldest first; a month without any day has no row."""
    rows: list[MonthRow[T]] = []
    for first in sorted({day.replace(day=1) for day in days}):
        dates = list(_days_of_month(first))
        rows.append(MonthRow(first, dates[-1], tuple(days.get(date) for date in dates)))
    return rows


def _days_of_month(first: dt.date) -> Iterator[dt.date]:
    day = first
    while day.month == first.month:
        yield day
        day += ONE_DAY


def merge_months[T](
    rows: Sequence[MonthRow[T]], is_complete: Callable[[MonthRow[T]], bool]
) -> list[MonthRow[T]]:
    """Merge months in a row that are complete into one row, which shows the days of the last of them."""
    merged: list[MonthRow[T]] = []
    for complete, group in groupby(rows, key=is_complete):
        run = list(group)
        if complete and len(run) > 1:
            merged.append(MonthRow(run[0].first, run[-1].last, run[-1].days))
        else:
            merged += run
    return merged
