"""The search over designs: which designs an intervention and a person's limits allow, and how precise each is.

The variance of a design depends on the design and ρ alone, and on no person's data: it is computed once for a grid of
ρ, in units of σ², and cached. Interventions that act alike share their designs.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.stats.assurance import Noise, unit_variances
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.randomization import daily_scheme, draw_daily, draw_periods, periods_scheme
from santorio.trials.interventions.intervention import Intervention, Limits, Weekday
from santorio.trials.study_calendar import study_days

# The variance of a design is averaged over this number of drawn schedules: a single one may be lucky.
DRAWS = 4
RHO_GRID = np.array([-0.6, -0.4, -0.2, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
# The lengths to search, in days of the calendar; each design has as many cycles as fit.
LENGTHS = (14, 21, 28, 35, 42, 49, 56, 63, 70, 84, 98, 112, 140, 168, 224, 280, 365)
DAILY_CYCLE_DAYS = (14, 10)
PERIOD_DAYS = (3, 4, 5, 7, 10, 14, 21, 28)
# Only the shortest lengths of a period are searched: more cycles give more precise effects.
MAX_PERIOD_LENGTHS = 2
# With one cycle a trend over the trial is indistinguishable from the effect of the arm that comes last.
MIN_CYCLES = 2
# After two half-lives a quarter of the previous arm's effect is left.
WASHOUT_HALF_LIVES = 2.0
# Shares of days with an outcome: a person's own share is rounded to the nearest.
OBSERVED_SHARES = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
MONDAY = 4  # days are counted from 1970-01-01, a Thursday


@dataclass(frozen=True, slots=True)
class Design:
    """The layout of a trial.

    Attributes
    ----------
    kind : {"daily", "periods"}
        Randomised by day, or in periods.
    arms, cycles, cycle_days : int
        A cycle has the same number of study days for every arm.
    washout_days : int
        Study days at the start of every period whose outcomes are not analysed.
    carry_over : float
        Expected share of yesterday's exposure that is still effective.
    not_on : tuple[Weekday, ...]
        Weekdays without study days.
    """

    kind: Literal["daily", "periods"]
    arms: int
    cycles: int
    cycle_days: int
    washout_days: int = 0
    carry_over: float = 0.0
    not_on: tuple[Weekday, ...] = ()

    @property
    def period_days(self) -> int:
        """Study days of a period; 1 for randomisation by day."""
        if self.kind == "daily":
            return 1
        return self.cycle_days // self.arms

    @property
    def study_days(self) -> int:
        """Number of days with an arm."""
        return self.cycles * self.cycle_days

    @property
    def days(self) -> int:
        """Days of the calendar from the first to the last study day, starting on a Monday."""
        return int(self.calendar()[-1]) - MONDAY + 1

    @property
    def randomization(self) -> dict[str, object]:
        """The randomization of its schedule, as a protocol records it."""
        if self.kind == "daily":
            return daily_scheme(self.cycle_days)
        return periods_scheme(self.period_days)

    def calendar(self, first: int = MONDAY) -> IntArray:
        """Study days as days since 1970-01-01; the trial starts on the first allowed day from `first` on."""
        return study_days(first, self.study_days, self.not_on)

    def draw(self, seed: int) -> IntArray:
        """Draw the arm of each study day, uniformly over the schedules that the randomization admits."""
        if self.kind == "daily":
            return draw_daily(self.cycles, self.cycle_days, seed, self.arms)
        return draw_periods(self.cycles, self.period_days, seed, self.arms)

    def trial_design(self, seed: int, observed_share: float = 1.0) -> TrialDesign:
        """One draw of it for the models; the share `observed_share` of its days has an outcome, at random."""
        index = np.arange(self.study_days)
        is_past_washout = index % self.period_days >= self.washout_days
        has_outcome = np.random.default_rng(seed).random(self.study_days) < observed_share
        cycle = index // self.cycle_days
        return TrialDesign(self.calendar(), self.draw(seed), cycle, is_past_washout & has_outcome, self.arms)


def designs(intervention: Intervention, limits: Limits) -> tuple[Design, ...]:
    """All designs to consider for an intervention within a person's limits, the shortest first."""
    prior = intervention.carry_over()
    carry_over = round(prior.mean, 3) if prior else 0.0
    return _designs(
        len(intervention.arms),
        intervention.shortest_period_days,
        carry_over,
        limits.longest_days,
        limits.periods,
        limits.not_on,
    )


@functools.cache
def _designs(
    arms: int,
    shortest_period_days: int,
    carry_over: float,
    longest_days: int,
    periods: bool,  # noqa: FBT001 - a key of the cache
    not_on: tuple[Weekday, ...],
) -> tuple[Design, ...]:
    # A cycle by its kind and its number of study days.
    cycle_types: list[tuple[Literal["daily", "periods"], int]] = []
    if shortest_period_days == 1:
        cycle_types += [("daily", arms * round(days / arms)) for days in DAILY_CYCLE_DAYS]
    if periods:
        allowed = [days for days in PERIOD_DAYS if days >= shortest_period_days]
        cycle_types += [("periods", arms * days) for days in allowed[:MAX_PERIOD_LENGTHS]]
    # The person's own limit is a length to search too.
    lengths = [length for length in LENGTHS if length < longest_days]
    lengths.append(longest_days)
    study_days_a_week = 7 - len(set(not_on))
    # A set: two lengths may hold the same number of cycles, and so the same design.
    distinct: set[Design] = set()
    for kind, cycle_days in cycle_types:
        washout, min_cycles = 0, 1
        if kind == "periods":
            washout, min_cycles = _washout_days(carry_over, cycle_days // arms), MIN_CYCLES
        for length in lengths:
            cycles = (length * study_days_a_week // 7) // cycle_days
            if cycles < min_cycles:
                continue
            design = Design(kind, arms, cycles, cycle_days, washout, carry_over, not_on)
            # Study days that are put on the calendar may reach beyond the length.
            if LENGTHS[0] <= design.days <= longest_days:
                distinct.add(design)
    return tuple(sorted(distinct, key=lambda design: (design.days, design.kind, design.cycle_days)))


def _washout_days(carry_over: float, period_days: int) -> int:
    """Days until the previous arm's effect has mostly worn off, but at most half of the period.

    The model estimates carry-over itself; the washout protects against a decay that differs from the model's.
    """
    if carry_over <= 0:
        return 0
    # After h days λ^h of the effect is left: a half of it at h = −1 / log₂ λ.
    half_life = -1 / math.log2(carry_over)
    return min(math.ceil(WASHOUT_HALF_LIVES * half_life), period_days // 2)


@functools.cache
def _log_unit_variances(design: Design, observed_share: float) -> FloatArray:
    """Logarithm of the variance in units of σ², on the grid of ρ; shape (grid,)."""
    variances_of_draws = []
    for seed in range(DRAWS):
        columns = design.trial_design(seed, observed_share).columns(design.carry_over)
        variances_of_draws.append(unit_variances(columns, RHO_GRID))
    return np.asarray(np.log(np.mean(variances_of_draws, axis=0)))


def variances(designs: Sequence[Design], noise: Noise) -> FloatArray:
    """Variance of each design's estimate at a person's noise, in the outcome's unit squared; shape (designs,).

    Where arms change by day, a day without an outcome costs more than its own information, since its neighbours lose
    their comparison; in periods it costs less. So days are excluded from the design, at the nearest share of the grid,
    and the difference to the person's own share scales the variance.
    """
    nearest = np.abs(OBSERVED_SHARES - noise.observed_share).argmin()
    observed_share = float(OBSERVED_SHARES[nearest])
    # The logarithm of the variance is smoother in ρ than the variance, and so closer to its interpolation.
    log_unit = [
        np.interp(noise.rho, RHO_GRID, _log_unit_variances(design, observed_share)) for design in designs
    ]
    scale = noise.sigma**2 * observed_share / noise.observed_share
    return np.asarray(np.exp(log_unit)) * scale


def clear_cache() -> None:
    """Empty the caches, so that a benchmark measures the computation."""
    _log_unit_variances.cache_clear()
    _designs.cache_clear()


def shortest(
    designs: Sequence[Design], assurance: FloatArray, wanted: float
) -> tuple[int, Mapping[int, float]]:
    """The shortest design that reaches the wanted assurance; where none does, the one that comes nearest.

    Returns
    -------
    index : int
        Its index among the designs. Of designs of one length it has the highest assurance.
    by_days : Mapping[int, float]
        The best assurance of each length, up to its own.
    """
    by_days: dict[int, float] = {}
    for design, probability in zip(designs, assurance.tolist(), strict=True):
        by_days[design.days] = max(probability, by_days.get(design.days, 0.0))
    sufficient = [days for days, probability in by_days.items() if probability >= wanted]
    # Of lengths that come equally near, the shortest.
    nearest = max(by_days, key=lambda days: (by_days[days], -days))
    days = min(sufficient, default=nearest)
    indices = [index for index, design in enumerate(designs) if design.days == days]
    best = max(indices, key=lambda index: assurance[index])
    return best, {length: by_days[length] for length in sorted(by_days) if length <= days}
