"""The columns of a regression over a person's days: level, trend, weekday, arms, cycles. Pure NumPy, no data access.

Every column comes with the standard deviation that its coefficient has before the data, in units of σ (the spread
of a day around what the model expects). The exact engine, the sampled model and the planner share these columns, so
that they agree on what the model is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL_SD = 3.0
TREND_SD = 1.0
WEEKDAY_SD = 0.3
EFFECT_SD = 1.0
# A wave shorter than four weeks is the AR(1)'s business; with more the trend would eat weekly blocks.
DAYS_PER_WAVE = 14
MOST_WAVES = 5


@dataclass(frozen=True)
class Columns:
    """A design matrix with the prior of its coefficients.

    Attributes
    ----------
    values : FloatArray
        One row a day with an outcome, one column a coefficient; shape (days, columns).
    prior_sd : FloatArray
        Standard deviation of each coefficient before the data, in units of σ; shape (columns,).
    pooled : NDArray[np.bool_]
        Columns whose `prior_sd` is multiplied by the hierarchical scale τ (the cycles' deviations).
    names : tuple[str, ...]
        Name of each column.
    gap_days : FloatArray
        Days since the row before; the first is 1 and unused.
    """

    values: FloatArray
    prior_sd: FloatArray
    pooled: NDArray[np.bool_]
    names: tuple[str, ...]
    gap_days: FloatArray

    def index(self, name: str) -> int:
        """Position of the column called `name`."""
        return self.names.index(name)


def gaps(day: IntArray) -> FloatArray:
    """Days between each row and the row before it (the first is 1, by convention, and unused)."""
    steps = np.diff(day)
    if steps.size and steps.min() < 1:
        msg = "days must be strictly increasing"
        raise ValueError(msg)
    return np.concatenate([[1.0], steps.astype(float)])


def trend_columns(day: IntArray, first: int, last: int) -> tuple[FloatArray, FloatArray]:
    """Smooth trend: a line and slow cosine waves, the faster the more shrunk.

    Returns the columns, scaled to ±1 over `first`..`last`, and their prior standard deviations.
    """
    span = max(last - first, 1)
    at = (day - first + 0.5) / (span + 1)
    waves = int(np.clip((span + 1) // DAYS_PER_WAVE, 1, MOST_WAVES))
    order = np.arange(1, waves + 1)
    columns = np.column_stack([2 * at - 1, *(np.cos(np.pi * j * at) for j in order)])
    return columns, np.concatenate([[TREND_SD], TREND_SD / order])


def weekday_columns(weekday: IntArray) -> tuple[FloatArray, FloatArray]:
    """Weekday effects that sum to zero: six orthonormal contrasts of the seven days.

    Parameters
    ----------
    weekday : IntArray
        0 for Monday to 6 for Sunday.
    """
    contrasts = np.zeros((7, 6))
    for j in range(6):
        contrasts[: j + 1, j] = 1.0
        contrasts[j + 1, j] = -(j + 1.0)
    contrasts /= np.linalg.norm(contrasts, axis=0)
    return contrasts[weekday], np.full(6, WEEKDAY_SD)


def background_columns(day: IntArray, *, first: int | None = None, last: int | None = None) -> Columns:
    """What any outcome does by itself: a level, a trend, a week. `day` counts days; 0 is a Thursday (1970-01-01)."""
    trend, trend_sd = trend_columns(
        day, int(day[0]) if first is None else first, int(day[-1]) if last is None else last
    )
    week, week_sd = weekday_columns((day + 3) % 7)
    values = np.column_stack([np.ones(len(day)), trend, week])
    names = (
        "level",
        "line",
        *(f"wave_{j}" for j in range(1, trend.shape[1])),
        *(f"weekday_{j}" for j in range(1, 7)),
    )
    prior_sd = np.concatenate([[LEVEL_SD], trend_sd, week_sd])
    return Columns(values, prior_sd, np.zeros(len(prior_sd), dtype=bool), names, gaps(day))


def with_columns(
    columns: Columns, values: FloatArray, prior_sd: FloatArray, names: Sequence[str], *, pooled: bool = False
) -> Columns:
    """Append columns."""
    return Columns(
        np.column_stack([columns.values, values]),
        np.concatenate([columns.prior_sd, prior_sd]),
        np.concatenate([columns.pooled, np.full(len(prior_sd), pooled)]),
        (*columns.names, *names),
        columns.gap_days,
    )


def arm_exposure(arm: IntArray, arms: int, *, carry_over: float = 0.0) -> FloatArray:
    """Effective exposure to each arm but the reference: e_t = λ e_{t-1} + (1-λ) a_t over consecutive days.

    Parameters
    ----------
    arm : IntArray
        Assigned arm of every day of the study without holes (0 is the reference).
    arms : int
        Number of arms.
    carry_over : float
        λ in [0, 1): the share of yesterday's exposure that is still felt. 0 acts within the day.
    """
    assigned = (arm[:, None] == np.arange(1, arms)[None, :]).astype(float)
    exposure = assigned.copy()
    for t in range(1, len(arm) if carry_over > 0 else 0):
        exposure[t] = carry_over * exposure[t - 1] + (1 - carry_over) * assigned[t]
    return np.asarray(exposure, dtype=np.float64)


def trial_columns(
    day: IntArray, exposure: FloatArray, cycle: IntArray, *, first: int | None = None, last: int | None = None
) -> Columns:
    """Columns of a trial: background, each arm's effect, and how each cycle's effect departs from it.

    Parameters
    ----------
    day : IntArray
        Days with an outcome, counted from 1970-01-01.
    exposure : FloatArray
        Effective exposure on those days; shape (days, arms - 1).
    cycle : IntArray
        Cycle of each of those days, from 0.
    """
    columns = background_columns(day, first=first, last=last)
    arms = exposure.shape[1]
    names = [f"arm_{k}" for k in range(1, arms + 1)]
    columns = with_columns(columns, exposure, np.full(arms, EFFECT_SD), names)
    cycles = int(cycle.max()) + 1
    if cycles < 2:
        return columns
    inside = (cycle[:, None] == np.arange(cycles)[None, :]).astype(float)
    departures = (exposure[:, :, None] * inside[:, None, :]).reshape(len(day), arms * cycles)
    names = [f"arm_{k}_cycle_{c}" for k in range(1, arms + 1) for c in range(cycles)]
    return with_columns(columns, departures, np.ones(arms * cycles), names, pooled=True)
