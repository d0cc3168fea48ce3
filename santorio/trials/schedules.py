"""Laws by which days get their arms: drawing from them for a new trial, re-drawing for the randomisation test.

A schedule is drawn uniformly from the admissible ones with a recorded seed; the same law, re-drawn, gives the
randomisation test's reference distribution.
"""

import itertools
from dataclasses import dataclass
from functools import cache
from math import factorial
from typing import Literal

import numpy as np

from santorio.trials.columns import FloatArray, IntArray

LONGEST_RUN = 3
# A pseudo-cycle is this long: short enough to have some, long enough to hold several days of every arm.
PSEUDO_CYCLE_DAYS = 14
ENUMERATED_AT_MOST = 4096
REDRAWS = 1999


@dataclass(frozen=True)
class Law:
    """How arms were assigned.

    Attributes
    ----------
    kind : {"periods", "within blocks"}
        "periods": every cycle has each arm once, in random order, for `period_days`. "within blocks": the law is
        not known; arms are permuted within stretches of the study, which keeps each stretch's balance.
    cycle : IntArray
        Cycle, or stretch, of every study day, from 0.
    period_days : int
        Days of a period; 1 within blocks.
    """

    kind: Literal["periods", "within blocks"]
    cycle: IntArray
    period_days: int

    @property
    def cycles(self) -> int:
        """Number of cycles, or stretches."""
        return int(self.cycle.max()) + 1


def find_law(arm: IntArray, period_days: int | None) -> Law:
    """Find the law under which a schedule was drawn.

    Where the protocol names a period and the schedule obeys it, that is the law. Otherwise the study is cut into equal
    stretches of about 14 days, fewer if a stretch would lack two days of some arm: these pseudo-cycles stand in for
    cycles.
    """
    arms = int(arm.max()) + 1
    if period_days and _obeys(arm, arms, period_days):
        return Law("periods", np.arange(len(arm)) // (period_days * arms), period_days)
    for stretches in range(max(len(arm) // PSEUDO_CYCLE_DAYS, 1), 1, -1):
        stretch = np.arange(len(arm)) * stretches // len(arm)
        counts = [np.bincount(arm[stretch == s], minlength=arms).min() for s in range(stretches)]
        if min(counts) >= 2:
            return Law("within blocks", stretch, 1)
    return Law("within blocks", np.zeros(len(arm), dtype=np.int64), 1)


def _obeys(arm: IntArray, arms: int, period_days: int) -> bool:
    cycle_days = arms * period_days
    if len(arm) % cycle_days:
        return False
    periods = arm.reshape(-1, arms, period_days)
    steady = bool((periods == periods[:, :, :1]).all())
    return steady and bool((np.sort(periods[:, :, 0], axis=1) == np.arange(arms)).all())


def redraw(law: Law, arm: IntArray, seed: int) -> tuple[IntArray, bool]:
    """Schedules that could as well have been drawn, shape (schedules, days), and whether these are all of them."""
    if law.kind == "periods":
        arms = int(arm.max()) + 1
        orders = np.array(list(itertools.permutations(range(arms))))
        if factorial(arms) ** law.cycles <= ENUMERATED_AT_MOST:
            chosen = np.array(list(itertools.product(range(len(orders)), repeat=law.cycles)))
            return _lay_out(orders, chosen, law.period_days), True
        chosen = np.random.default_rng(seed).integers(len(orders), size=(REDRAWS, law.cycles))
        return _lay_out(orders, chosen, law.period_days), False
    rng = np.random.default_rng(seed)
    drawn = np.tile(arm, (REDRAWS, 1))
    for block in range(law.cycles):
        inside = law.cycle == block
        drawn[:, inside] = rng.permuted(drawn[:, inside], axis=1)
    return drawn, False


def _lay_out(orders: IntArray, chosen: IntArray, period_days: int) -> IntArray:
    return np.asarray(np.repeat(orders[chosen].reshape(len(chosen), -1), period_days, axis=1))


def randomisation_p(law: Law, arm: IntArray, outcome: FloatArray, contrast: int, seed: int = 2614) -> float:
    """Two-sided p of the randomisation test: the difference in means against what other draws would have given.

    Parameters
    ----------
    arm : IntArray
        Assigned arm of every study day.
    outcome : FloatArray
        Outcome of every study day, NaN where missing; adjusted for trend and weekday if wanted.
    contrast : int
        Arm to hold against arm 0.
    """
    drawn, complete = redraw(law, arm, seed)
    observed = abs(_difference(arm[None], outcome, contrast)[0])
    others = np.abs(_difference(drawn, outcome, contrast))
    as_extreme = int((others >= observed - 1e-9).sum())
    return as_extreme / len(others) if complete else (1 + as_extreme) / (1 + len(others))


def _difference(schedules: IntArray, outcome: FloatArray, contrast: int) -> FloatArray:
    known = np.isfinite(outcome)
    value = outcome[known]
    treated, reference = schedules[:, known] == contrast, schedules[:, known] == 0
    # A redraw may leave an arm without a known day; it says nothing, and counts as no difference.
    mean_treated = treated @ value / np.maximum(treated.sum(axis=1), 1)
    mean_reference = reference @ value / np.maximum(reference.sum(axis=1), 1)
    empty = ~treated.any(axis=1) | ~reference.any(axis=1)
    return np.asarray(np.where(empty, 0.0, mean_treated - mean_reference))


def draw_periods(cycles: int, period_days: int, seed: int) -> IntArray:
    """Two arms in random order in every cycle, each for `period_days`."""
    rng = np.random.default_rng(seed)
    return np.concatenate([np.repeat(rng.permutation(2), period_days) for _ in range(cycles)])


def draw_daily(cycles: int, cycle_days: int, seed: int) -> IntArray:
    """Two arms by day: as many days of each in every cycle, no run longer than three, uniform over such schedules."""
    rng = np.random.default_rng(seed)
    drawn: list[int] = []
    run = 0
    for position in range(cycles * cycle_days):
        ones = sum(drawn[position - position % cycle_days :])
        last = drawn[-1] if drawn else 0
        weights = [
            _completions(
                cycles, cycle_days, position + 1, ones + arm, arm, run + 1 if drawn and arm == last else 1
            )
            for arm in (0, 1)
        ]
        # Counting completions makes every admissible schedule equally likely, which rejection would need ages for.
        arm = int(rng.random() * sum(weights) >= weights[0])
        run = run + 1 if drawn and arm == last else 1
        drawn.append(arm)
    return np.array(drawn, dtype=np.int64)


@cache
def _completions(cycles: int, cycle_days: int, position: int, ones: int, last: int, run: int) -> int:
    """How many admissible schedules begin like this; `ones` counts arm 1 in the current cycle."""
    if run > LONGEST_RUN:
        return 0
    inside = position % cycle_days
    if inside == 0:
        if ones * 2 != cycle_days:
            return 0
        if position == cycles * cycle_days:
            return 1
        ones = 0
    elif ones * 2 > cycle_days or (inside - ones) * 2 > cycle_days:
        return 0
    return sum(
        _completions(cycles, cycle_days, position + 1, ones + arm, arm, run + 1 if arm == last else 1)
        for arm in (0, 1)
    )
