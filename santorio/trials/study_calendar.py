"""Study days on the calendar: which dates they fall on, and after which of them there may be an interim analysis."""

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np

from santorio.arrays import IntArray
from santorio.trials.interventions.intervention import WEEKDAYS, Weekday

# What was simulated (docs/method.md): no interim analysis in the first four weeks, at most one a week, none in the last
# week.
FIRST_INTERIM_DAYS = 28
INTERIM_INTERVAL_DAYS = 7
EPOCH = dt.date(1970, 1, 1)


def study_days(first: int, count: int, not_on: Sequence[Weekday]) -> IntArray:
    """The first `count` days from `first` on (days since 1970-01-01) that fall on no excluded weekday."""
    excluded = [WEEKDAYS.index(day) for day in not_on]
    # Two weeks more than are needed, for the incomplete weeks at both ends.
    days_a_week = 7 - len(set(excluded))
    days = first + np.arange(count * 7 // days_a_week + 14)
    # Day 0 of the epoch was a Thursday, three days after a Monday.
    allowed = days[~np.isin((days + 3) % 7, excluded)]
    return np.asarray(allowed[:count], dtype=np.int64)


def schedule_on_calendar(
    drawn: Sequence[str], first: dt.date, not_on: Sequence[Weekday]
) -> tuple[str | None, ...]:
    """Put study days on the calendar from `first` on: the arm of each day, None on excluded weekdays."""
    start = (first - EPOCH).days
    offsets = study_days(start, len(drawn), not_on) - start
    arms = dict(zip(offsets.tolist(), drawn, strict=True))
    length = max(arms, default=-1) + 1
    return tuple(map(arms.get, range(length)))


def allowed_interim_days(study_days: int) -> tuple[int, ...]:
    """Study days after which there may be an interim analysis: every week from the fourth on, except the last."""
    return tuple(range(FIRST_INTERIM_DAYS, study_days - INTERIM_INTERVAL_DAYS + 1, INTERIM_INTERVAL_DAYS))


def spread_interim_days(study_days: int, count: int) -> tuple[int, ...]:
    """Spread interim analyses evenly over the allowed days: of 70 study days, two are after 35 and 49.

    Raises
    ------
    ValueError
        If there are fewer allowed days.
    """
    allowed = allowed_interim_days(study_days)
    if not 0 <= count <= len(allowed):
        msg = f"{len(allowed)} interim analyses are possible"
        raise ValueError(msg)
    days = []
    for number in range(1, count + 1):
        # Positions that divide the allowed days into equal parts, counted from 1.
        position = math.ceil(number * len(allowed) / (count + 1))
        days.append(allowed[position - 1])
    return tuple(days)
