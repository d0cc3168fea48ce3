"""What daily loads add up to: fitness, fatigue, form, monotony, strain, acute to chronic ratio."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.float64]

# Weight of a day in Banister's and Coggan's curves: 1 - e^(-1/τ).
FITNESS_DAYS, FATIGUE_DAYS = 42, 7
# Weight of a day in the ratio: 2 / (N + 1) (Williams et al. 2017, doi:10.1136/bjsports-2016-096589).
ACUTE_DAYS, CHRONIC_DAYS = 7, 28
WEEK = 7


def weight_of_time_constant(days: float) -> float:
    """Weight of today where loads fade by e in `days`."""
    return float(-np.expm1(-1 / days))


def weight_of_span(days: float) -> float:
    """Weight of today in an exponential mean over about `days`."""
    return 2 / (days + 1)


def exponential_mean(loads: Sequence[float | None] | Days, weight: float) -> Days:
    """x_t = x_(t-1) (1 - weight) + load_t · weight, from 0 before the first day.

    On a day whose load is unknown (None or NaN) the mean stays as it is: the day counts as one like those before it,
    neither as rest nor as an effort.
    """
    means, mean = [], 0.0
    for load in loads:
        if load is not None and not np.isnan(load):
            mean = mean * (1 - weight) + load * weight
        means.append(mean)
    return np.array(means, dtype=np.float64)


def form(fitness: Days, fatigue: Days) -> Days:
    """TSB: yesterday's fitness less yesterday's fatigue; unknown on the first day."""
    return np.concatenate([[np.nan], fitness[:-1] - fatigue[:-1]])[: len(fitness)]


def monotony(week: Sequence[float]) -> float | None:
    """Mean of seven days' loads, rest days as 0, over their standard deviation (n - 1).

    Foster 1998 (doi:10.1097/00005768-199807000-00023). None where the seven days are all alike.
    """
    mean, spread = float(np.mean(week)), float(np.std(week, ddof=1))
    return mean / spread if spread > 1e-9 * mean else None


def strain(week: Sequence[float]) -> float | None:
    """Sum of seven days' loads times their monotony (Foster 1998)."""
    found = monotony(week)
    return None if found is None else float(np.sum(week)) * found


def acute_chronic_ratio(loads: Sequence[float | None] | Days) -> Days:
    """Exponential mean over 7 days to that over 28 days as it stood a week before.

    Uncoupled: the days of the acute week are in no part of the chronic mean (Lolli et al. 2019,
    doi:10.1136/bjsports-2017-098110). NaN in the first 34 days, before the chronic mean has 28 days behind it, and
    where it is 0. It describes: no range of it has been shown to be safe or dangerous (Impellizzeri et al. 2020,
    doi:10.1123/ijspp.2019-0864).
    """
    acute = exponential_mean(loads, weight_of_span(ACUTE_DAYS))
    chronic = exponential_mean(loads, weight_of_span(CHRONIC_DAYS))
    ratio = np.full(len(acute), np.nan)
    earlier = chronic[:-WEEK] if len(chronic) > WEEK else chronic[:0]
    known = np.arange(len(earlier)) >= CHRONIC_DAYS - 1
    use = known & (earlier > 0)
    ratio[WEEK:][use] = acute[WEEK:][use] / earlier[use]
    return ratio
