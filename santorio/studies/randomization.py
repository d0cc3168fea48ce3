"""The randomization scheme of the rows: cycles in which an effect can repeat, and the randomisation test.

Every re-drawn schedule is equally probable under the stated scheme. Where days were not randomised,
there is no such test.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.stats.randomization import MAX_ENUMERATED, REDRAWS, infer_randomization, redraw
from santorio.studies.spec import Design

ABBA = 4
PSEUDO_CYCLE_ROWS = 14
# Each cycle is a column of the model for every arm.
MAX_CYCLES = 24
# Labels held at once, over all schedules of a batch: 40 MB.
_BATCH_LABELS = 5_000_000
# All orders of a block of eight are 40,320 permutations, most of them equal to another.
MAX_PERMUTED = 8
SEED = 2614
# Halvings that place an end of the interval within a millionth of the reach.
BISECTIONS = 20
# The search for an end of the interval reaches this many standard deviations of the re-drawn differences.
REACH = 12.0
Mask = NDArray[np.bool_]


def cycles_of(
    design: Design, day: IntArray, arm: IntArray, arms: int, stated: Sequence[str] | None, observed: Mask
) -> IntArray:
    """Cycle of every row, from 0: as stated, else as the scheme has them, else equal stretches of about 14 rows.

    A cycle that lacks an arm cannot show an effect; if any does, stretches take their place.
    """
    phase = np.concatenate([[0], np.cumsum(np.diff(arm) != 0)])
    number = np.arange(len(arm))
    since = day - day[0]
    candidates: list[IntArray] = []
    if stated is not None:
        number_of = {name: number for number, name in enumerate(dict.fromkeys(stated))}
        candidates.append(np.array([number_of[name] for name in stated]))
        # If those lack an arm, they are phases, of one arm each.
        candidates.append(phase // arms)
    if design.scheme == "phases":
        candidates.append(phase // arms)
    if design.scheme == "counterbalanced":
        candidates.append(number // (design.block or ABBA))
    if design.scheme == "periods" and design.period:
        candidates.append(since // (design.period * arms))
    if design.scheme == "days" and design.block:
        # Blocks are joined until they are about a fortnight.
        joined = max(math.ceil(PSEUDO_CYCLE_ROWS / design.block), 1)
        candidates.append(since // (design.block * joined))
    for candidate in candidates:
        cycle = _numbered(_join_last(candidate, arm, arms))
        if _complete(cycle[observed], arm[observed], arms, 1):
            return _join_to_maximum(cycle)
    for stretches in range(min(len(arm) // PSEUDO_CYCLE_ROWS, MAX_CYCLES), 1, -1):
        stretch = number * stretches // len(arm)
        if _complete(stretch[observed], arm[observed], arms, 2):
            return stretch
    return np.zeros(len(arm), dtype=np.int64)


def _join_last(cycle: IntArray, arm: IntArray, arms: int) -> IntArray:
    """Join a last cycle that lacks an arm to the one before it."""
    last = cycle.max()
    complete = len(np.unique(arm[cycle == last])) == arms
    if complete or last == 0:
        return cycle
    return np.minimum(cycle, last - 1)


def _numbered(cycle: IntArray) -> IntArray:
    """Number cycles from 0 without gaps."""
    return np.unique(cycle, return_inverse=True)[1]


def _complete(cycle: IntArray, arm: IntArray, arms: int, fewest: int) -> bool:
    """Whether every cycle has every arm at least `fewest` times."""
    cycles = len(np.unique(cycle))
    if cycles != cycle.max() + 1:
        return False
    count = np.bincount(cycle * arms + arm, minlength=cycles * arms)
    return bool(count.min() >= fewest)


def _join_to_maximum(cycle: IntArray) -> IntArray:
    """Join neighbouring cycles where there are too many."""
    cycles = int(cycle.max()) + 1
    if cycles <= MAX_CYCLES:
        return cycle
    return cycle * MAX_CYCLES // cycles


@dataclass(frozen=True)
class Redraws:
    """Schedules that the scheme could equally have given.

    Attributes
    ----------
    count : int
        How many there are.
    batches : Iterator[IntArray]
        Label of each row in each schedule, (schedules, rows).
    complete : bool
        Whether these are all possible schedules.
    """

    count: int
    batches: Iterator[IntArray]
    complete: bool = False


@dataclass(frozen=True)
class _Blocks:
    """Labels that may be exchanged: the unit of each row, the block of each unit, the label of each unit."""

    unit: IntArray
    block: IntArray
    label: IntArray

    @property
    def arrangements(self) -> int:
        """Number of different arrangements: n! / (n₁! n₂! …) for each block, multiplied."""
        arrangements = 1
        for number in np.unique(self.block):
            counts = np.unique(self.label[self.block == number], return_counts=True)[1].tolist()
            arrangements *= math.factorial(sum(counts)) // math.prod(map(math.factorial, counts))
        return arrangements


def redraws(design: Design, day: IntArray, label: IntArray, seed: int = SEED) -> Redraws | None:
    """Re-draw the labels of rows by the study's scheme; None where chance did not decide.

    Parameters
    ----------
    label : IntArray
        Arm, or number of the dose, of every row.
    """
    if not design.is_randomised:
        return None
    rng = np.random.default_rng(seed)
    if design.scheme == "counterbalanced":
        return _flips(design, label, rng)
    if design.scheme == "phases":
        return _starts(design, label, rng)
    capped = _capped(design, day, label, seed)
    if capped is not None:
        return Redraws(len(capped), iter([capped]))
    blocks = _blocks(design, day, label)
    if len(label) <= 5000 and blocks.arrangements <= MAX_ENUMERATED:
        every = np.array(list(_arrangements(blocks)))
        return Redraws(len(every), iter([every[:, blocks.unit]]), complete=True)
    return Redraws(REDRAWS, _permuted(blocks, rng))


def _capped(design: Design, day: IntArray, label: IntArray, seed: int) -> IntArray | None:
    """Re-draw days in balanced blocks with a cap on runs; None where the schedule has gaps or violates it."""
    has_gaps = len(day) != np.ptp(day) + 1
    if design.scheme != "days" or not design.block or not design.max_run or has_gaps:
        return None
    stated = {"kind": "daily", "cycle_days": design.block, "longest_run": design.max_run}
    inferred = infer_randomization(label, None, stated)
    if inferred.kind != "daily":
        return None
    return redraw(inferred, label, seed)[0]


def _blocks(design: Design, day: IntArray, label: IntArray) -> _Blocks:
    since = day - day[0]
    if design.scheme == "periods":
        return _period_blocks(design, since, label)
    block = np.zeros_like(since)
    if design.block:
        block = since // design.block
    return _Blocks(np.arange(len(label)), _numbered(block), label)


def _period_blocks(design: Design, since: IntArray, label: IntArray) -> _Blocks:
    """Whole periods are exchanged: within their cycle if every cycle is balanced, else over the study."""
    assert design.period is not None  # noqa: S101 - the study file is refused without
    period = _numbered(since // design.period)
    period_label = label[_first_of_each(period)]
    if (label == period_label[period]).all():
        cycle = np.arange(len(period_label)) // len(np.unique(label))
        if not _each_once(cycle, period_label):
            cycle = np.zeros_like(cycle)
        return _Blocks(period, cycle, period_label)
    # The schedule does not keep to the stated periods: whole phases are exchanged.
    phase = np.concatenate([[0], np.cumsum(np.diff(label) != 0)])
    starts = _first_of_each(phase)
    return _Blocks(phase, np.zeros(len(starts), dtype=np.int64), label[starts])


def _first_of_each(number: IntArray) -> IntArray:
    """Position of the first row of each number; numbers increase from 0 without gaps."""
    return np.asarray(np.searchsorted(number, np.arange(number[-1] + 1)))


def _each_once(cycle: IntArray, label: IntArray) -> bool:
    """Whether no cycle has a label twice."""
    pairs = np.column_stack([cycle, label])
    return len(np.unique(pairs, axis=0)) == len(pairs)


def _arrangements(blocks: _Blocks) -> Iterator[IntArray]:
    """All schedules: every combination of the orders of the blocks."""
    orders = [_orders(blocks.label[blocks.block == number]) for number in np.unique(blocks.block)]
    for combination in itertools.product(*orders):
        yield np.concatenate(combination)


def _orders(label: IntArray) -> list[tuple[int, ...]]:
    """All different orders of a block's labels."""
    if len(label) <= MAX_PERMUTED:
        return sorted(set(itertools.permutations(label.tolist())))
    # In a long block permutations would be far too many: each label takes some of the positions still free.
    values, counts = np.unique(label, return_counts=True)
    partial: list[dict[int, int]] = [{}]
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        extended = []
        for order in partial:
            free = [position for position in range(len(label)) if position not in order]
            choices = itertools.combinations(free, count)
            extended += [order | dict.fromkeys(positions, value) for positions in choices]
        partial = extended
    return [tuple(order[position] for position in sorted(order)) for order in partial]


def _permuted(blocks: _Blocks, rng: np.random.Generator) -> Iterator[IntArray]:
    """Draw schedules at random in batches: labels are permuted within their block."""
    batch = max(_BATCH_LABELS // len(blocks.unit), 1)
    numbers = np.unique(blocks.block)
    for start in range(0, REDRAWS, batch):
        drawn = np.tile(blocks.label, (min(batch, REDRAWS - start), 1))
        for number in numbers:
            inside = blocks.block == number
            drawn[:, inside] = rng.permuted(drawn[:, inside], axis=1)
        yield drawn[:, blocks.unit]


def _flips(design: Design, label: IntArray, rng: np.random.Generator) -> Redraws | None:
    """ABBA or BAAB, by the toss of a coin for each block."""
    # A mirrored order has two arms, 0 and 1.
    if label.max() != 1:
        return None
    block = np.arange(len(label)) // (design.block or ABBA)
    blocks = int(block[-1]) + 1
    complete = 2**blocks <= MAX_ENUMERATED
    if complete:
        flip = np.array(list(itertools.product((0, 1), repeat=blocks)))
    else:
        flip = rng.integers(2, size=(REDRAWS, blocks))
    return Redraws(len(flip), iter([label[None] ^ flip[:, block]]), complete)


def _starts(design: Design, label: IntArray, rng: np.random.Generator) -> Redraws | None:
    """Phases in their order, their starts drawn from all that leave each long enough (Edgington 1975)."""
    fewest = design.min_per_phase or 1
    phase = np.concatenate([[0], np.cumsum(np.diff(label) != 0)])
    order = label[_first_of_each(phase)]
    phases, spare = len(order), len(label) - fewest * len(order)
    if phases < 2 or spare < 0:
        return None
    # Spare rows are distributed over the phases: stars and bars, a bar for each change of arm.
    bars, positions = phases - 1, spare + phases - 1
    complete = math.comb(positions, bars) <= MAX_ENUMERATED
    if complete:
        drawn_bars = np.array(list(itertools.combinations(range(positions), bars)))
    else:
        picked = [rng.choice(positions, bars, replace=False) for _ in range(REDRAWS)]
        drawn_bars = np.sort(np.array(picked), axis=1)
    # First row of each phase but the first, (schedules, phases - 1).
    starts = drawn_bars - np.arange(bars) + fewest * np.arange(1, phases)
    number = np.arange(len(label))
    drawn_phase = (number[None, :, None] >= starts[:, None, :]).sum(axis=2)
    return Redraws(len(drawn_phase), iter([order[drawn_phase]]), complete)


@dataclass(frozen=True)
class RandomizationTestResult:
    """A randomisation test: p, the interval of effects that it does not reject at 5 %, and what it re-drew."""

    p: float
    lower_95: float | None
    upper_95: float | None
    schedules: int
    complete: bool


@dataclass(frozen=True)
class RandomizedCase:
    """One case for the test, a value per row: days, labels, the outcome less trend and week, and the exposure."""

    day: IntArray
    label: IntArray
    outcome: FloatArray
    exposure: FloatArray


def randomisation_test(
    design: Design, cases: Sequence[RandomizedCase], contrast: int, doses: FloatArray | None = None
) -> RandomizationTestResult | None:
    """Two-sided randomisation test of the mean over cases of the difference in means, or of the slope with dose.

    Parameters
    ----------
    contrast : int
        Label that is held against label 0; unused with doses.
    doses : FloatArray, optional
        Dose of every label.

    Returns
    -------
    RandomizationTestResult or None
        None where nothing was randomised. The interval inverts the test: effects that, subtracted from the outcome,
        leave a difference that the scheme would often give.
    """
    observed = np.zeros(2)
    total: FloatArray | None = None
    complete = True
    for number, case in enumerate(cases):
        drawn = redraws(design, case.day, case.label, SEED + number)
        if drawn is None:
            return None
        statistics = np.concatenate([_statistic(batch, case, contrast, doses) for batch in drawn.batches])
        observed += _statistic(case.label[None], case, contrast, doses)[0]
        complete = complete and drawn.complete and len(cases) == 1
        if len(cases) > 1:
            # Cases were randomised independently of each other: a schedule of all is a random one of each.
            rng = np.random.default_rng(SEED + 7919 + number)
            statistics = statistics[rng.integers(len(statistics), size=REDRAWS)]
        total = statistics if total is None else total + statistics
    if total is None:
        return None
    observed, total = observed / len(cases), total / len(cases)

    def p_value(effect: float) -> float:
        """Probability of a difference as large as the observed, once an effect is subtracted from the outcome."""
        difference = abs(observed[0] - effect * observed[1])
        redrawn = np.abs(total[:, 0] - effect * total[:, 1])
        # Schedules of equal differences must count, whatever the rounding.
        as_large = redrawn >= difference - 1e-9 * max(difference, 1.0)
        if complete:
            return float(as_large.mean())
        # The observed schedule is one of the drawn: a p-value is never 0.
        return float((1 + as_large.sum()) / (1 + len(as_large)))

    lower, upper = _invert(p_value, observed[0] / observed[1], float(total[:, 0].std()))
    return RandomizationTestResult(p_value(0.0), lower, upper, len(total), complete)


def _invert(
    p_value: Callable[[float], float], center: float, step: float
) -> tuple[float | None, float | None]:
    """Interval of the effects that the test does not reject at 5 %, by bisection from the estimate outwards."""
    # Too few schedules to reject anything: there is no interval.
    if step <= 0 or not np.isfinite(center) or p_value(center + REACH * step) > 0.05:
        return None, None
    return _interval_end(p_value, center, -step), _interval_end(p_value, center, step)


def _interval_end(p_value: Callable[[float], float], center: float, step: float) -> float:
    inside, outside = 0.0, REACH
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if p_value(center + middle * step) > 0.05:
            inside = middle
        else:
            outside = middle
    return center + inside * step


def _statistic(drawn: IntArray, case: RandomizedCase, contrast: int, doses: FloatArray | None) -> FloatArray:
    """Difference in means, or slope, of the outcome and of the exposure itself; shape (schedules, 2)."""
    observed = np.isfinite(case.outcome)
    values = np.column_stack([case.outcome[observed], case.exposure[observed]])
    if doses is not None:
        dose = doses[drawn[:, observed]]
        deviation = dose - dose.mean(axis=1, keepdims=True)
        squares = np.maximum((deviation**2).sum(axis=1), 1e-12)
        return np.asarray(deviation @ values / squares[:, None])
    treated, reference = drawn[:, observed] == contrast, drawn[:, observed] == 0
    mean_treated = treated @ values / np.maximum(treated.sum(axis=1), 1)[:, None]
    mean_reference = reference @ values / np.maximum(reference.sum(axis=1), 1)[:, None]
    # A draw that leaves an arm without an observed row counts as no difference.
    has_both = treated.any(axis=1) & reference.any(axis=1)
    return np.asarray(np.where(has_both[:, None], mean_treated - mean_reference, 0.0))
