"""The columns of a regression over a person's days: level, trend, weekday, arms, cycles. Pure NumPy, no data access.

Every column comes with the standard deviation that its coefficient has before the data, in units of σ (the standard
deviation of a day around what the model expects). The exact engine, the sampled model and the planner share these
columns, so that they agree on what the model is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray

# Prior standard deviations in units of σ (docs/method.md).
LEVEL_SD = 3.0
TREND_SD = 1.0
WEEKDAY_SD = 0.3
EFFECT_SD = 1.0
# The AR(1) explains waves shorter than four weeks; a faster trend would absorb the effect of arms that last a week.
DAYS_PER_WAVE = 14
MAX_WAVES = 5


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
    """Days between each row and the row before it, shape (rows,); the first is 1, by convention, and unused.

    Raises
    ------
    ValueError
        If days do not increase.
    """
    steps = np.diff(day)
    if steps.size and steps.min() < 1:
        msg = "days must be strictly increasing"
        raise ValueError(msg)
    return np.concatenate([[1.0], steps.astype(float)])


def trend_columns(day: IntArray, first: int, last: int) -> tuple[FloatArray, FloatArray]:
    """Smooth trend: a line and slow cosine waves, the faster the more shrunk.

    Returns
    -------
    columns : FloatArray
        Scaled to ±1 from day `first` to day `last`, shape (days, 1 + waves).
    prior_sd : FloatArray
        In units of σ, shape (1 + waves,).
    """
    span = max(last - first, 1)
    at = (day - first + 0.5) / (span + 1)
    waves = int(np.clip((span + 1) // DAYS_PER_WAVE, 1, MAX_WAVES))
    order = np.arange(1, waves + 1)
    columns = np.column_stack([2 * at - 1, *(np.cos(np.pi * j * at) for j in order)])
    return columns, np.concatenate([[TREND_SD], TREND_SD / order])


def weekday_columns(weekday: IntArray) -> tuple[FloatArray, FloatArray]:
    """Weekday effects that sum to zero: six orthonormal contrasts of the seven days.

    Parameters
    ----------
    weekday : IntArray
        0 for Monday to 6 for Sunday, shape (days,).

    Returns
    -------
    columns : FloatArray
        Shape (days, 6).
    prior_sd : FloatArray
        In units of σ, shape (6,).
    """
    # Helmert contrasts: each compares a day with all days before it.
    contrasts = np.zeros((7, 6))
    for j in range(6):
        contrasts[: j + 1, j] = 1.0
        contrasts[j + 1, j] = -(j + 1.0)
    contrasts /= np.linalg.norm(contrasts, axis=0)
    return contrasts[weekday], np.full(6, WEEKDAY_SD)


def background_columns(
    day: IntArray,
    *,
    first: int | None = None,
    last: int | None = None,
    trended: bool = True,
    weekly: bool = True,
) -> Columns:
    """Columns of what varies without any arm: the level, a trend and the days of the week.

    Parameters
    ----------
    day : IntArray
        Days since 1970-01-01, a Thursday; shape (days,).
    first, last : int, optional
        Days between which the trend is scaled; by default the first and the last of `day`.
    trended, weekly : bool
        Whether there are columns for the trend, and for the days of a week.
    """
    columns = Columns(
        np.ones((len(day), 1)), np.array([LEVEL_SD]), np.zeros(1, dtype=bool), ("level",), gaps(day)
    )
    if trended:
        begin = int(day[0]) if first is None else first
        end = int(day[-1]) if last is None else last
        trend, trend_sd = trend_columns(day, begin, end)
        names = ["line", *(f"wave_{j}" for j in range(1, trend.shape[1]))]
        columns = with_columns(columns, trend, trend_sd, names)
    if weekly:
        # Day 0 was a Thursday, three days after a Monday.
        week, week_sd = weekday_columns((day + 3) % 7)
        columns = with_columns(columns, week, week_sd, [f"weekday_{j}" for j in range(1, 7)])
    return columns


def with_columns(
    columns: Columns, values: FloatArray, prior_sd: FloatArray, names: Sequence[str], *, pooled: bool = False
) -> Columns:
    """Append columns to a design.

    Parameters
    ----------
    values : FloatArray
        Shape (days, new columns).
    prior_sd : FloatArray
        In units of σ, shape (new columns,).
    pooled : bool
        Whether the hierarchical scale τ multiplies `prior_sd`.
    """
    return Columns(
        np.column_stack([columns.values, values]),
        np.concatenate([columns.prior_sd, prior_sd]),
        np.concatenate([columns.pooled, np.full(len(prior_sd), pooled)]),
        (*columns.names, *names),
        columns.gap_days,
    )


def _with_arms(columns: Columns, exposure: FloatArray, cycle: IntArray, cycles: int) -> Columns:
    """Append a column for each arm's effect, and with several cycles one for its departure in each."""
    arms = exposure.shape[1]
    names = [f"arm_{k}" for k in range(1, arms + 1)]
    columns = with_columns(columns, exposure, np.full(arms, EFFECT_SD), names)
    if cycles < 2:
        return columns
    inside = (cycle[:, None] == np.arange(cycles)[None, :]).astype(float)
    # Ordered arm by arm, cycle by cycle, as the names are.
    departures = (exposure[:, :, None] * inside[:, None, :]).reshape(len(exposure), arms * cycles)
    names = [f"arm_{k}_cycle_{c}" for k in range(1, arms + 1) for c in range(cycles)]
    return with_columns(columns, departures, np.ones(arms * cycles), names, pooled=True)


@dataclass(frozen=True)
class TrialDesign:
    """The arm of each day of a study, and which days have an outcome.

    Attributes
    ----------
    day : IntArray
        Study days as days since 1970-01-01, strictly increasing, with an outcome or without; shape (days,).
    arm : IntArray
        Assigned arm of each day, 0 is the reference; shape (days,).
    cycle : IntArray
        Cycle or stretch of each day, from 0; shape (days,).
    observed : NDArray[np.bool_]
        Days whose outcome enters the likelihood, shape (days,). The others (missing, washed out) still carry exposure
        over.
    arms : int
        Number of arms.
    weekly : bool
        Whether rows are days of a week. False where they are not days: tests, phases.
    trended : bool
        Whether the outcome may drift during the study.

    Raises
    ------
    ValueError
        If the arrays differ in length, days do not increase, or arms and cycles are not counted from 0.

    Examples
    --------
    Two weeks that change arms every second day, without an outcome on the last day:

    >>> import numpy as np
    >>> from santorio.stats.design_matrix import TrialDesign
    >>> arm = np.tile([0, 0, 1, 1], 4)[:14]
    >>> observed = np.arange(14) < 13
    >>> design = TrialDesign(np.arange(20_000, 20_014), arm, np.arange(14) // 4, observed, arms=2)
    >>> design.columns().values.shape
    (13, 14)
    >>> design.columns().names[:4]
    ('level', 'line', 'wave_1', 'weekday_1')
    """

    day: IntArray
    arm: IntArray
    cycle: IntArray
    observed: NDArray[np.bool_]
    arms: int
    weekly: bool = True
    trended: bool = True

    def __post_init__(self) -> None:
        shape = (len(self.day),)
        columns = (self.day, self.arm, self.cycle, self.observed)
        if not len(self.day) or any(column.shape != shape for column in columns):
            msg = "day, arm, cycle and observed need one entry a study day"
            raise ValueError(msg)
        gaps(self.day)
        if self.arms < 2 or self.arm.min() < 0 or self.arm.max() >= self.arms or self.cycle.min() < 0:
            msg = "arms and cycles are counted from 0, and there are at least two arms"
            raise ValueError(msg)

    @property
    def cycles(self) -> int:
        """Number of cycles, or stretches."""
        return int(self.cycle.max()) + 1

    def until(self, days: int) -> "TrialDesign":
        """The study as it stands after its first `days` study days."""
        first = slice(None, days)
        return replace(
            self,
            day=self.day[first],
            arm=self.arm[first],
            cycle=self.cycle[first],
            observed=self.observed[first],
        )

    def background(self) -> Columns:
        """Level, trend and week of the observed days."""
        return background_columns(
            self.day[self.observed],
            first=int(self.day[0]),
            last=int(self.day[-1]),
            trended=self.trended,
            weekly=self.weekly,
        )

    def exposure(self, carry_over: FloatArray, dose: FloatArray | None = None) -> FloatArray:
        """Effective exposure of the observed days to each arm but the reference.

        e_t = λ^Δ e_{t-Δ} + (1-λ^Δ) a_t over all study days, Δ days after the study day before; before the first
        day it is 0. A day outside the study, in a gap between its days, counts as a day of the arm that follows.

        Parameters
        ----------
        carry_over : FloatArray
            Values of λ in [0, 1), shape (values,): the share of yesterday's exposure that is still effective.
        dose : FloatArray, optional
            Dose of every study day, in place of the single arm other than the reference; shape (days,).

        Returns
        -------
        FloatArray
            Shape (values, observed days, arms - 1).
        """
        assigned = (self.arm[:, None] == np.arange(1, self.arms)[None, :]).astype(float)
        if dose is not None:
            assigned = dose[:, None]
        kept = np.power(carry_over[None, :], gaps(self.day)[:, None])[:, :, None]
        exposure = np.empty((len(self.day), len(carry_over), self.arms - 1))
        effective = np.zeros(exposure.shape[1:])
        for t, now in enumerate(assigned):
            effective = kept[t] * effective + (1 - kept[t]) * now
            exposure[t] = effective
        return np.ascontiguousarray(exposure[self.observed].transpose(1, 0, 2))

    def columns(self, carry_over: float = 0.0) -> Columns:
        """Columns of the observed days: background, each arm's effect, and how each cycle's effect departs from it.

        A cycle without an observed day keeps its column, of zeros: its departure keeps its prior.
        """
        (exposure,) = self.exposure(np.array([carry_over]))
        return _with_arms(self.background(), exposure, self.cycle[self.observed], self.cycles)
