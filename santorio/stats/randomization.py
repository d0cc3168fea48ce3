"""Randomization schemes: drawing a schedule for a new trial, and re-drawing it for the randomisation test.

A schedule is drawn uniformly from the admissible ones with a recorded seed; the same scheme, re-drawn, gives the
randomisation test's reference distribution.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import factorial
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray, IntArray

MAX_RUN = 3
# A pseudo-cycle is this long: short enough to have some, long enough to hold several days of every arm.
PSEUDO_CYCLE_DAYS = 14
MAX_ENUMERATED = 4096
REDRAWS = 1999


@dataclass(frozen=True)
class Randomization:
    """How arms were assigned.

    Attributes
    ----------
    kind : {"periods", "daily", "within blocks"}
        "periods": every cycle has each arm once, in random order, for `period_days`. "daily": as many days of each arm
        in every cycle, no run longer than `longest_run`. "within blocks": the scheme is not known; arms are permuted
        within stretches of the study, which keeps each stretch's balance.
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


def infer_randomization(
    arm: IntArray, period_days: int | None, recorded: Mapping[str, object] | None = None
) -> Randomization:
    """Infer the scheme by which a schedule was drawn.

    The scheme that the protocol records is taken where the schedule obeys it; so are periods of a length that it names.
    Otherwise the study is cut into equal stretches of about 14 days, fewer if a stretch would lack two days of some
    arm: these pseudo-cycles stand in for cycles.

    Parameters
    ----------
    recorded : Mapping, optional
        The protocol's scheme, as `daily_scheme` or `periods_scheme` states it.
    """
    arms = int(arm.max()) + 1
    if recorded and recorded.get("kind") == "daily":
        cycle_days, longest_run = (_whole(recorded, name) for name in ("cycle_days", "longest_run"))
        if _obeys_daily(arm, arms, cycle_days, longest_run):
            return Randomization("daily", np.arange(len(arm)) // cycle_days, 1, longest_run)
    if recorded and recorded.get("kind") == "periods":
        period_days = _whole(recorded, "period_days") or period_days
    if period_days and _obeys(arm, arms, period_days):
        return Randomization("periods", np.arange(len(arm)) // (period_days * arms), period_days)
    for stretches in range(max(len(arm) // PSEUDO_CYCLE_DAYS, 1), 1, -1):
        stretch = np.arange(len(arm)) * stretches // len(arm)
        counts = [np.bincount(arm[stretch == s], minlength=arms).min() for s in range(stretches)]
        if min(counts) >= 2:
            return Randomization("within blocks", stretch, 1)
    return Randomization("within blocks", np.zeros(len(arm), dtype=np.int64), 1)


def _whole(recorded: Mapping[str, object], name: str) -> int:
    value = recorded.get(name)
    return value if isinstance(value, int) else 0


def daily_scheme(cycle_days: int, longest_run: int = MAX_RUN) -> dict[str, object]:
    """State the scheme of `draw_daily`, as a protocol records it."""
    return {"kind": "daily", "cycle_days": cycle_days, "longest_run": longest_run}


def periods_scheme(period_days: int) -> dict[str, object]:
    """State the scheme of `draw_periods`, as a protocol records it."""
    return {"kind": "periods", "period_days": period_days}


def _obeys_daily(arm: IntArray, arms: int, cycle_days: int, longest_run: int) -> bool:
    if arms < 2 or cycle_days < arms or cycle_days % arms or len(arm) % cycle_days:
        return False
    longest = max(len(list(run)) for _, run in itertools.groupby(arm.tolist()))
    counts = (arm.reshape(-1, cycle_days, 1) == np.arange(arms)).sum(axis=1)
    return longest <= longest_run and bool((counts * arms == cycle_days).all())


def _obeys(arm: IntArray, arms: int, period_days: int) -> bool:
    cycle_days = arms * period_days
    if len(arm) % cycle_days:
        return False
    periods = arm.reshape(-1, arms, period_days)
    steady = bool((periods == periods[:, :, :1]).all())
    return steady and bool((np.sort(periods[:, :, 0], axis=1) == np.arange(arms)).all())


def redraw(scheme: Randomization, arm: IntArray, seed: int) -> tuple[IntArray, bool]:
    """Schedules that could as well have been drawn, shape (schedules, days), and whether these are all of them."""
    if scheme.kind == "periods":
        arms = int(arm.max()) + 1
        orders = np.array(list(itertools.permutations(range(arms))))
        if factorial(arms) ** scheme.cycles <= MAX_ENUMERATED:
            chosen = np.array(list(itertools.product(range(len(orders)), repeat=scheme.cycles)))
            return _expand_periods(orders, chosen, scheme.period_days), True
        chosen = np.random.default_rng(seed).integers(len(orders), size=(REDRAWS, scheme.cycles))
        return _expand_periods(orders, chosen, scheme.period_days), False
    rng = np.random.default_rng(seed)
    if scheme.kind == "daily":
        assert scheme.longest_run is not None  # noqa: S101 - a daily scheme has one
        cycle_days, arms = len(arm) // scheme.cycles, int(arm.max()) + 1
        return _draw_days(scheme.cycles, cycle_days, scheme.longest_run, rng, REDRAWS, arms), False
    drawn = np.tile(arm, (REDRAWS, 1))
    for block in range(scheme.cycles):
        inside = scheme.cycle == block
        drawn[:, inside] = rng.permuted(drawn[:, inside], axis=1)
    return drawn, False


def _expand_periods(orders: IntArray, chosen: IntArray, period_days: int) -> IntArray:
    return np.asarray(np.repeat(orders[chosen].reshape(len(chosen), -1), period_days, axis=1))


def randomisation_p(
    scheme: Randomization, arm: IntArray, outcome: FloatArray, contrast: int, seed: int = 2614
) -> float:
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
    drawn, complete = redraw(scheme, arm, seed)
    observed = abs(_difference(arm[None], outcome, contrast)[0])
    others = np.abs(_difference(drawn, outcome, contrast))
    as_extreme = int((others >= observed - 1e-9).sum())
    return as_extreme / len(others) if complete else (1 + as_extreme) / (1 + len(others))


def _difference(schedules: IntArray, outcome: FloatArray, contrast: int) -> FloatArray:
    observed = np.isfinite(outcome)
    value = outcome[observed]
    treated, reference = schedules[:, observed] == contrast, schedules[:, observed] == 0
    # A redraw may leave an arm without a observed day; it says nothing, and counts as no difference.
    mean_treated = treated @ value / np.maximum(treated.sum(axis=1), 1)
    mean_reference = reference @ value / np.maximum(reference.sum(axis=1), 1)
    empty = ~treated.any(axis=1) | ~reference.any(axis=1)
    return np.asarray(np.where(empty, 0.0, mean_treated - mean_reference))


def draw_periods(cycles: int, period_days: int, seed: int, arms: int = 2) -> IntArray:
    """Every arm once in every cycle, in random order, each for `period_days`: uniform over such schedules."""
    rng = np.random.default_rng(seed)
    return np.concatenate([np.repeat(rng.permutation(arms), period_days) for _ in range(cycles)])


def draw_daily(
    cycles: int, cycle_days: int, seed: int, arms: int = 2, longest_run: int = MAX_RUN
) -> IntArray:
    """Arms by day: as many days of each in every cycle, no long run, uniform over such schedules.

    Raises
    ------
    ValueError
        If a cycle cannot hold as many days of every arm.
    """
    if cycle_days % arms:
        msg = "a cycle holds as many days of every arm"
        raise ValueError(msg)
    (arm,) = _draw_days(cycles, cycle_days, longest_run, np.random.default_rng(seed), 1, arms)
    return np.asarray(arm)


def _draw_days(
    cycles: int, cycle_days: int, longest_run: int, rng: np.random.Generator, count: int, arms: int = 2
) -> IntArray:
    """Draw schedules of a daily scheme, shape (count, days).

    Counting completions makes every admissible schedule equally likely, which rejection would need ages for.
    """
    each = cycle_days // arms
    ways = _completions(cycles, cycle_days, longest_run, arms)
    days = cycles * cycle_days
    drawn = np.zeros((count, days), dtype=np.int64)
    # How often each arm was drawn in this cycle, as digits of one number: the first axis of `ways`.
    digit = (each + 1) ** np.arange(arms)
    counts, run, last = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64), np.full(count, -1)
    for position in range(days):
        if position % cycle_days == 0:
            counts[:] = 0
        weights = np.zeros((arms, count))
        for arm in range(arms):
            free = counts // digit[arm] % (each + 1) < each
            after = np.where(free, counts + digit[arm], 0)
            length = np.where(last == arm, run + 1, 1)
            weights[arm] = np.where(free, ways[position + 1, after, arm, length], 0.0)
        reached = np.cumsum(weights, axis=0)
        chosen = (rng.random(count) * reached[-1] >= reached[:-1]).sum(axis=0)
        run = np.where(last == chosen, run + 1, 1)
        counts, last = counts + digit[chosen], chosen
        drawn[:, position] = chosen
    return drawn


@cache
def _completions(cycles: int, cycle_days: int, longest_run: int, arms: int = 2) -> FloatArray:
    """How many admissible schedules begin like this, up to a factor a day.

    Indexed by days drawn, how often each arm was drawn in the cycle of the last of them (digits of one number), the arm
    of the last, and the length of its run; what is not admissible has a place that holds 0. The factor keeps numbers
    that grow like arms^days finite.
    """
    each, days = cycle_days // arms, cycles * cycle_days
    digit = (each + 1) ** np.arange(arms)
    states = np.arange((each + 1) ** arms)
    full = len(states) - 1
    ways = np.zeros((days + 1, len(states), arms, longest_run + 2))
    ways[days, full, :, 1 : longest_run + 1] = 1.0
    for drawn in range(days - 1, 0, -1):
        # A cycle that is full begins anew: its state is that of no arm drawn yet.
        before = np.zeros_like(states) if drawn % cycle_days == 0 else states
        reachable = states == full if drawn % cycle_days == 0 else np.ones(len(states), dtype=bool)
        for arm in range(arms):
            free = reachable & (before // digit[arm] % (each + 1) < each)
            following = ways[drawn + 1, (before + digit[arm])[free], arm]
            ways[drawn, free, :, 1 : longest_run + 1] += following[:, None, 1, None]
            # Of the same arm the run goes on instead.
            ways[drawn, free, arm, 1 : longest_run + 1] += following[:, 2:] - following[:, 1, None]
        ways[drawn] /= ways[drawn].max()
    return ways
