"""The search over designs: what designs an intervention and a person's limits allow, and what each would tell.

A design's variance depends on the design and ρ alone, and on no person's data: it is computed once for a grid of ρ, in
units of σ², and kept. Interventions that act alike share their designs.
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
from santorio.trials.protocol import study_days

# A design's v is averaged over a few draws of its schedule: the one drawn may be lucky.
DRAWS = 4
RHO_GRID = np.array([-0.6, -0.4, -0.2, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
# Lengths that are looked at, in days of the calendar; what fits best into each is taken.
LENGTHS = (14, 21, 28, 35, 42, 49, 56, 63, 70, 84, 98, 112, 140, 168, 224, 280, 365)
DAILY_CYCLE_DAYS = (14, 10)
PERIOD_DAYS = (2, 3, 4, 5, 7, 10, 14, 21, 28)
FAMILIES_OF_PERIODS = 2
MIN_CYCLES = 2
# After two half-lives a quarter of the arm before is left.
WASHOUT_HALF_LIVES = 2.0
# Shares of days with an outcome that are looked at: a person's own is rounded to the nearest.
KNOWN_GRID = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
MONDAY = 4  # days are counted from 1970-01-01, a Thursday


@dataclass(frozen=True, slots=True)
class Design:
    """How a trial would be laid out.

    Attributes
    ----------
    kind : {"daily", "periods"}
        Randomised by day, or in periods.
    arms, cycles, cycle_days : int
        A cycle holds as many days of every arm; its days are study days.
    washout_days : int
        Days at the start of every period that are lived but not judged.
    carry_over : float
        Expected share of yesterday's exposure that is still felt.
    not_on : tuple[Weekday, ...]
        Weekdays that are no study days.
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
        """Study days of a period; 1 by day."""
        return self.cycle_days // self.arms if self.kind == "periods" else 1

    @property
    def study_days(self) -> int:
        """Days that have an arm."""
        return self.cycles * self.cycle_days

    @property
    def days(self) -> int:
        """Days of the calendar from the first to the last, where it begins on a Monday."""
        return int(self.calendar()[-1]) - MONDAY + 1

    @property
    def randomization(self) -> dict[str, object]:
        """The randomization of its schedule, as a protocol records it."""
        return daily_scheme(self.cycle_days) if self.kind == "daily" else periods_scheme(self.period_days)

    def calendar(self, first: int = MONDAY) -> IntArray:
        """Study days as days since 1970-01-01, where the trial begins on the first allowed day from `first` on."""
        return study_days(first, self.study_days, self.not_on)

    def draw(self, seed: int) -> IntArray:
        """Draw the arm of each study day, uniformly over what the randomization admits."""
        if self.kind == "daily":
            return draw_daily(self.cycles, self.cycle_days, seed, self.arms)
        return draw_periods(self.cycles, self.period_days, seed, self.arms)

    def trial_design(self, seed: int, known: float = 1.0) -> TrialDesign:
        """One draw of it, as the models see it; a share of its days has an outcome, at random."""
        place = np.arange(self.study_days)
        judged = place % self.period_days >= self.washout_days
        judged &= np.random.default_rng(seed).random(self.study_days) < known
        return TrialDesign(self.calendar(), self.draw(seed), place // self.cycle_days, judged, self.arms)


def designs(intervention: Intervention, limits: Limits) -> tuple[Design, ...]:
    """All designs that are looked at for an intervention within a person's limits, the shortest first."""
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
    families: list[tuple[Literal["daily", "periods"], int]] = []
    if shortest_period_days == 1:
        families += [("daily", arms * round(days / arms)) for days in DAILY_CYCLE_DAYS]
    if periods:
        allowed = [days for days in PERIOD_DAYS if days >= max(shortest_period_days, 3)]
        families += [("periods", arms * days) for days in allowed[:FAMILIES_OF_PERIODS]]
    found = {}
    for kind, cycle_days in families:
        washout = _washout_days(carry_over, cycle_days // arms) if kind == "periods" else 0
        for length in (*(one for one in LENGTHS if one < longest_days), longest_days):
            cycles = (length * (7 - len(set(not_on))) // 7) // cycle_days
            if cycles >= (MIN_CYCLES if kind == "periods" else 1):
                one = Design(kind, arms, cycles, cycle_days, washout, carry_over, not_on)
                if LENGTHS[0] <= one.days <= longest_days:
                    found[one] = one.days
    return tuple(sorted(found, key=lambda one: (found[one], one.kind, one.cycle_days)))


def _washout_days(carry_over: float, period_days: int) -> int:
    """Days until what went before has mostly worn off, and never more than leaves half of the period.

    The model estimates carry-over itself; washing out guards against one that does not fade as the model thinks.
    """
    if carry_over <= 0:
        return 0
    half_life = -1 / math.log2(carry_over)
    return min(math.ceil(WASHOUT_HALF_LIVES * half_life), period_days // 2)


@functools.cache
def _grid(design: Design, known: float) -> FloatArray:
    """Logarithm of v in units of σ², on the grid of ρ."""
    drawn = [
        unit_variances(design.trial_design(seed, known).columns(design.carry_over), RHO_GRID)
        for seed in range(DRAWS)
    ]
    return np.asarray(np.log(np.mean(drawn, axis=0)))


def variances(designs: Sequence[Design], noise: Noise) -> FloatArray:
    """V of each design at a person's noise, in the outcome's unit squared, shape (designs,).

    A day without an outcome takes away more than itself where arms change by day, for its neighbours lose what they
    were held against, and less in periods. So days are left out of the design, at the nearest share that is kept, and
    only the rest is made up for by the inverse.
    """
    known = float(KNOWN_GRID[np.abs(KNOWN_GRID - noise.known).argmin()])
    unit = [np.interp(noise.rho, RHO_GRID, _grid(design, known)) for design in designs]
    return np.asarray(np.exp(unit)) * noise.sigma**2 * known / noise.known


def clear_cache() -> None:
    """Forget every design's variance: for who measures how long computing them takes."""
    _grid.cache_clear()
    _designs.cache_clear()


def shortest(
    designs: Sequence[Design], assurance: FloatArray, wanted: float
) -> tuple[int, Mapping[int, float]]:
    """The shortest design that reaches the wanted assurance; where none does, the one that comes nearest.

    Returns
    -------
    place : int
        Its place among the designs. Of two equally long ones it is the surer.
    by_days : Mapping[int, float]
        The best assurance of each length that was looked at, up to its own.
    """
    by_days: dict[int, float] = {}
    for design, chance in zip(designs, assurance.tolist(), strict=True):
        by_days[design.days] = max(chance, by_days.get(design.days, 0.0))
    days = next((one for one in sorted(by_days) if by_days[one] >= wanted), None)
    if days is None:
        days = max(by_days, key=lambda one: (by_days[one], -one))
    place = max(
        (place for place, design in enumerate(designs) if design.days == days), key=lambda one: assurance[one]
    )
    return place, {one: chance for one, chance in sorted(by_days.items()) if one <= days}
