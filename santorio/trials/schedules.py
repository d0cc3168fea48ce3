"""Laws by which days get their arms: drawing from them for a new trial, re-drawing for the randomisation test.

A schedule is drawn uniformly from the admissible ones with a recorded seed; the same law, re-drawn, gives the
randomisation test's reference distribution.
"""

import itertools
from collections.abc import Mapping
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
    kind : {"periods", "daily", "within blocks"}
        "periods": every cycle has each arm once, in random order, for `period_days`. "daily": two arms, as many days
        of each in every cycle, no run longer than `longest_run`. "within blocks": the law is not known; arms are
        permuted within stretches of the study, which keeps each stretch's balance.
    cycle : IntArray
        Cycle, or stretch, of every study day, from 0.
    period_days : int
        Days of a period; 1 if there are none.
    longest_run : int or None
        Longest run of one arm that a daily schedule may have.
    """

    kind: Literal["periods", "daily", "within blocks"]
    cycle: IntArray
    period_days: int
    longest_run: int | None = None

    @property
    def cycles(self) -> int:
        """Number of cycles, or stretches."""
        return int(self.cycle.max()) + 1


def find_law(arm: IntArray, period_days: int | None, recorded: Mapping[str, object] | None = None) -> Law:
    """Find the law under which a schedule was drawn.

    The law that the protocol records is taken where the schedule obeys it; so are periods of a length that it names.
    Otherwise the study is cut into equal stretches of about 14 days, fewer if a stretch would lack two days of some
    arm: these pseudo-cycles stand in for cycles.

    Parameters
    ----------
    recorded : Mapping, optional
        The protocol's law, as `daily_law` states it.
    """
    arms = int(arm.max()) + 1
    if recorded and recorded.get("kind") == "daily":
        cycle_days, longest_run = (
            value if isinstance(value := recorded.get(name), int) else 0
            for name in ("cycle_days", "longest_run")
        )
        if _obeys_daily(arm, cycle_days, longest_run):
            return Law("daily", np.arange(len(arm)) // cycle_days, 1, longest_run)
    if period_days and _obeys(arm, arms, period_days):
        return Law("periods", np.arange(len(arm)) // (period_days * arms), period_days)
    for stretches in range(max(len(arm) // PSEUDO_CYCLE_DAYS, 1), 1, -1):
        stretch = np.arange(len(arm)) * stretches // len(arm)
        counts = [np.bincount(arm[stretch == s], minlength=arms).min() for s in range(stretches)]
        if min(counts) >= 2:
            return Law("within blocks", stretch, 1)
    return Law("within blocks", np.zeros(len(arm), dtype=np.int64), 1)


def daily_law(cycle_days: int) -> dict[str, object]:
    """State the law of `draw_daily`, as a protocol records it."""
    return {"kind": "daily", "cycle_days": cycle_days, "longest_run": LONGEST_RUN}


def _obeys_daily(arm: IntArray, cycle_days: int, longest_run: int) -> bool:
    if cycle_days < 2 or cycle_days % 2 or len(arm) % cycle_days or int(arm.max()) != 1:
        return False
    longest = max(len(list(run)) for _, run in itertools.groupby(arm.tolist()))
    return longest <= longest_run and bool((arm.reshape(-1, cycle_days).sum(axis=1) * 2 == cycle_days).all())


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
    if law.kind == "daily":
        assert law.longest_run is not None  # noqa: S101 - a daily law has one
        return _draw_days(law.cycles, len(arm) // law.cycles, law.longest_run, rng, REDRAWS), False
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
    (arm,) = _draw_days(cycles, cycle_days, LONGEST_RUN, np.random.default_rng(seed), 1)
    return np.asarray(arm)


def _draw_days(
    cycles: int, cycle_days: int, longest_run: int, rng: np.random.Generator, count: int
) -> IntArray:
    """Draw schedules of a daily law, shape (count, days).

    Counting completions makes every admissible schedule equally likely, which rejection would need ages for.
    """
    ways = _completions(cycles, cycle_days, longest_run)
    drawn = np.zeros((count, cycles * cycle_days), dtype=np.int64)
    ones, run = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    last = np.full(count, -1)
    for position in range(drawn.shape[1]):
        if position % cycle_days == 0:
            ones[:] = 0
        weights = [
            ways[position + 1, ones + arm, arm, np.where(last == arm, run + 1, 1)].astype(float)
            for arm in (0, 1)
        ]
        arm = (rng.random(count) * (weights[0] + weights[1]) >= weights[0]).astype(np.int64)
        run = np.where(last == arm, run + 1, 1)
        ones, last = ones + arm, arm
        drawn[:, position] = arm
    return drawn


@cache
def _completions(cycles: int, cycle_days: int, longest_run: int) -> FloatArray:
    """How many admissible schedules begin like this, up to a factor a day.

    Indexed by days drawn, days of arm 1 in the cycle of the last of them, its arm, and the length of its run; what is
    not admissible has a place that holds 0. The factor keeps numbers that grow like 2^days finite.
    """
    half, days = cycle_days // 2, cycles * cycle_days
    ways = np.zeros((days + 1, half + 2, 2, longest_run + 2))
    ways[days, half, :, 1 : longest_run + 1] = 1.0
    for drawn in range(days - 1, 0, -1):
        inside = (drawn - 1) % cycle_days + 1
        for ones in range(max(inside - half, 0), min(half, inside) + 1):
            # A cycle that is full begins anew.
            before = 0 if inside == cycle_days else ones
            for last in (0, 1):
                same = ways[drawn + 1, before + last, last, 2 : longest_run + 2]
                other = ways[drawn + 1, before + 1 - last, 1 - last, 1]
                ways[drawn, ones, last, 1 : longest_run + 1] = same + other
        ways[drawn] /= ways[drawn].max()
    return ways
