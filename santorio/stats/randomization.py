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

# Longest run of one arm in a daily schedule.
MAX_RUN = 3
# Length of a pseudo-cycle: short enough to have several, long enough for several days of every arm.
PSEUDO_CYCLE_DAYS = 14
# With more schedules a sample of them is drawn; with the observed one there are 2,000.
MAX_ENUMERATED = 4096
REDRAWS = 1999


@dataclass(frozen=True)
class Randomization:
    """The randomization scheme of a study, with its cycles.

    Attributes
    ----------
    kind : {"periods", "daily", "within blocks"}
        "periods": every cycle has each arm once, in random order, for `period_days`. "daily": as many days of each arm
        in every cycle, no run longer than `longest_run`. "within blocks": the scheme is not known; arms are permuted
        within stretches of the study, which keeps each stretch's balance.
    cycle : IntArray
        Cycle, or stretch, of every study day, from 0; shape (days,).
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

    The protocol's scheme is used where the schedule conforms to it, and so are periods of a stated length. Otherwise
    the study is divided into equal stretches of about 14 days, fewer if a stretch would lack two days of some arm:
    these pseudo-cycles replace cycles.

    Parameters
    ----------
    arm : IntArray
        Assigned arm of every study day, from 0; shape (days,).
    period_days : int or None
        Length of a period, where the protocol states it.
    recorded : Mapping, optional
        The protocol's scheme, as `daily_scheme` or `periods_scheme` states it.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.randomization import infer_randomization
    >>> arm = np.repeat([0, 1, 1, 0], 3)
    >>> scheme = infer_randomization(arm, period_days=3)
    >>> scheme.kind, scheme.cycles
    ('periods', 2)
    """
    arms = int(arm.max()) + 1
    if recorded and recorded.get("kind") == "daily":
        cycle_days, longest_run = _integer(recorded, "cycle_days"), _integer(recorded, "longest_run")
        if _is_daily(arm, arms, cycle_days, longest_run):
            return Randomization("daily", np.arange(len(arm)) // cycle_days, 1, longest_run)
    if recorded and recorded.get("kind") == "periods":
        period_days = _integer(recorded, "period_days") or period_days
    if period_days and _is_in_periods(arm, arms, period_days):
        return Randomization("periods", np.arange(len(arm)) // (period_days * arms), period_days)
    for stretches in range(max(len(arm) // PSEUDO_CYCLE_DAYS, 1), 1, -1):
        stretch = np.arange(len(arm)) * stretches // len(arm)
        # Days of the rarest arm in each stretch: with one day a permutation could leave its arm without a value.
        rarest = [np.bincount(arm[stretch == s], minlength=arms).min() for s in range(stretches)]
        if min(rarest) >= 2:
            return Randomization("within blocks", stretch, 1)
    return Randomization("within blocks", np.zeros(len(arm), dtype=np.int64), 1)


def _integer(recorded: Mapping[str, object], name: str) -> int:
    """A number of a scheme; 0, which conforms to no schedule, where it is missing."""
    value = recorded.get(name)
    return value if isinstance(value, int) else 0


def daily_scheme(cycle_days: int, longest_run: int = MAX_RUN) -> dict[str, object]:
    """State the scheme of `draw_daily`, as a protocol records it."""
    return {"kind": "daily", "cycle_days": cycle_days, "longest_run": longest_run}


def periods_scheme(period_days: int) -> dict[str, object]:
    """State the scheme of `draw_periods`, as a protocol records it."""
    return {"kind": "periods", "period_days": period_days}


def _is_daily(arm: IntArray, arms: int, cycle_days: int, longest_run: int) -> bool:
    """Whether every cycle has as many days of each arm, and no run is too long."""
    if arms < 2 or cycle_days < arms or cycle_days % arms or len(arm) % cycle_days:
        return False
    longest = max(len(list(run)) for _, run in itertools.groupby(arm.tolist()))
    counts = (arm.reshape(-1, cycle_days, 1) == np.arange(arms)).sum(axis=1)
    return longest <= longest_run and bool((counts * arms == cycle_days).all())


def _is_in_periods(arm: IntArray, arms: int, period_days: int) -> bool:
    """Whether every cycle has each arm once, for `period_days`."""
    cycle_days = arms * period_days
    if len(arm) % cycle_days:
        return False
    periods = arm.reshape(-1, arms, period_days)
    is_constant = bool((periods == periods[:, :, :1]).all())
    has_each_arm = bool((np.sort(periods[:, :, 0], axis=1) == np.arange(arms)).all())
    return is_constant and has_each_arm


def redraw(scheme: Randomization, arm: IntArray, seed: int) -> tuple[IntArray, bool]:
    """Draw schedules that the scheme could have produced as well.

    Parameters
    ----------
    arm : IntArray
        The schedule of the study, shape (days,).

    Returns
    -------
    schedules : IntArray
        Shape (schedules, days).
    is_complete : bool
        Whether these are all admissible schedules, and not a sample of them.
    """
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
    # An unknown scheme: any order of the days of a stretch.
    schedules = np.tile(arm, (REDRAWS, 1))
    for block in range(scheme.cycles):
        inside = scheme.cycle == block
        schedules[:, inside] = rng.permuted(schedules[:, inside], axis=1)
    return schedules, False


def _expand_periods(orders: IntArray, chosen: IntArray, period_days: int) -> IntArray:
    """Schedules by day, from the number of the order that each cycle has; shape (schedules, days)."""
    return np.asarray(np.repeat(orders[chosen].reshape(len(chosen), -1), period_days, axis=1))


def randomisation_p(
    scheme: Randomization, arm: IntArray, outcome: FloatArray, contrast: int, seed: int = 2614
) -> float:
    """Two-sided p-value of the randomisation test of the difference in means (Edgington & Onghena 2007).

    Parameters
    ----------
    arm : IntArray
        Assigned arm of every study day, shape (days,).
    outcome : FloatArray
        Outcome of every study day, NaN where missing, adjusted for trend and weekday if required; shape (days,).
    contrast : int
        Arm to compare with arm 0.

    Examples
    --------
    Eight pairs of days that all favour one arm, of which one order in 256 and its mirror image are as extreme:

    >>> import numpy as np
    >>> from santorio.stats.randomization import infer_randomization, randomisation_p
    >>> arm = np.array([0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1])
    >>> scheme = infer_randomization(arm, period_days=1)
    >>> randomisation_p(scheme, arm, outcome=5.0 * arm, contrast=1) == 2 / 256
    True
    """
    schedules, is_complete = redraw(scheme, arm, seed)
    observed = abs(_difference(arm[None], outcome, contrast)[0])
    others = np.abs(_difference(schedules, outcome, contrast))
    # The observed schedule itself must not be missed by rounding.
    as_extreme = int((others >= observed - 1e-9).sum())
    if is_complete:
        return as_extreme / len(others)
    # A sample does not contain the observed schedule: it is counted in, so that p is never 0 (Phipson & Smyth 2010,
    # doi:10.2202/1544-6115.1585).
    return (1 + as_extreme) / (1 + len(others))


def _difference(schedules: IntArray, outcome: FloatArray, contrast: int) -> FloatArray:
    """Difference in means under each schedule, shape (schedules,)."""
    observed = np.isfinite(outcome)
    value = outcome[observed]
    treated, reference = schedules[:, observed] == contrast, schedules[:, observed] == 0
    # A redraw may leave an arm without an observed day: it counts as no difference.
    mean_treated = treated @ value / np.maximum(treated.sum(axis=1), 1)
    mean_reference = reference @ value / np.maximum(reference.sum(axis=1), 1)
    empty = ~treated.any(axis=1) | ~reference.any(axis=1)
    return np.asarray(np.where(empty, 0.0, mean_treated - mean_reference))


def draw_periods(cycles: int, period_days: int, seed: int, arms: int = 2) -> IntArray:
    """Draw every arm once in every cycle, in random order, each for `period_days`; shape (days,).

    Examples
    --------
    >>> from santorio.stats.randomization import draw_periods
    >>> draw_periods(cycles=2, period_days=3, seed=5).reshape(4, 3)[:, 0].tolist()
    [1, 0, 1, 0]
    """
    rng = np.random.default_rng(seed)
    return np.concatenate([np.repeat(rng.permutation(arms), period_days) for _ in range(cycles)])


def draw_daily(
    cycles: int, cycle_days: int, seed: int, arms: int = 2, longest_run: int = MAX_RUN
) -> IntArray:
    """Draw arms by day: as many days of each in every cycle, no long run, uniform over such schedules; shape (days,).

    Raises
    ------
    ValueError
        If a cycle cannot have as many days of every arm.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.randomization import draw_daily
    >>> arm = draw_daily(cycles=3, cycle_days=14, seed=1)
    >>> np.bincount(arm).tolist()
    [21, 21]
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

    Day by day each arm is drawn in proportion to the number of admissible completions, so that every admissible
    schedule is equally likely. Rejection sampling would take far too long: hardly any random schedule is admissible.
    """
    each = cycle_days // arms
    ways = _completions(cycles, cycle_days, longest_run, arms)
    days = cycles * cycle_days
    drawn = np.zeros((count, days), dtype=np.int64)
    # How often each arm was drawn in this cycle, as the digits of a number: the second axis of `ways`.
    digit = (each + 1) ** np.arange(arms)
    counts, run, last = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64), np.full(count, -1)
    for position in range(days):
        if position % cycle_days == 0:
            counts[:] = 0
        weights = np.zeros((arms, count))
        for arm in range(arms):
            # Whether the cycle still has a day for this arm.
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
    """Number of admissible schedules that begin in each way, up to a factor for each day.

    Indexed by the days drawn, how often each arm was drawn in the cycle of the last of them (as the digits of a
    number), the arm of the last, and the length of its run; inadmissible beginnings have the entry 0. The factor keeps
    numbers that grow like arms^days finite.
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
