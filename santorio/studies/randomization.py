"""The randomization scheme of the rows: cycles in which an effect can repeat, and the randomisation test.

Every re-drawn schedule is equally probable under the stated scheme. Where days were not randomised,
there is no such test, and none is made.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb, factorial, prod

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.stats.randomization import MAX_ENUMERATED, REDRAWS, infer_randomization, redraw
from santorio.studies.spec import Design

ABBA = 4
PSEUDO_CYCLE_ROWS = 14
MAX_CYCLES = 24
# Schedules held at once: ten million numbers are 80 MB.
_AT_ONCE = 5_000_000
SEED = 2614
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
        order = list(dict.fromkeys(stated))
        candidates.append(np.array([order.index(value) for value in stated]))
        # What was stated are phases then, of one arm each.
        candidates.append(phase // arms)
    if design.scheme == "phases":
        candidates.append(phase // arms)
    if design.scheme == "counterbalanced":
        candidates.append(number // (design.block or ABBA))
    if design.scheme == "periods" and design.period:
        candidates.append(since // (design.period * arms))
    if design.scheme == "days" and design.block:
        candidates.append(since // (design.block * max(-(-PSEUDO_CYCLE_ROWS // design.block), 1)))
    for candidate in candidates:
        cycle = _numbered(_closed(candidate, arm, arms))
        if _complete(cycle[observed], arm[observed], arms, 1):
            return _at_most(cycle)
    for stretches in range(min(len(arm) // PSEUDO_CYCLE_ROWS, MAX_CYCLES), 1, -1):
        stretch = number * stretches // len(arm)
        if _complete(stretch[observed], arm[observed], arms, 2):
            return stretch
    return np.zeros(len(arm), dtype=np.int64)


def _closed(cycle: IntArray, arm: IntArray, arms: int) -> IntArray:
    """Join a last cycle that is not complete to the one before it."""
    last = cycle.max()
    whole = len(np.unique(arm[cycle == last])) == arms
    return cycle if whole or last == 0 else np.minimum(cycle, last - 1)


def _numbered(cycle: IntArray) -> IntArray:
    return np.unique(cycle, return_inverse=True)[1]


def _complete(cycle: IntArray, arm: IntArray, arms: int, fewest: int) -> bool:
    cycles = len(np.unique(cycle))
    if cycles != cycle.max() + 1:
        return False
    count = np.bincount(cycle * arms + arm, minlength=cycles * arms)
    return bool(count.min() >= fewest)


def _at_most(cycle: IntArray) -> IntArray:
    cycles = int(cycle.max()) + 1
    return cycle if cycles <= MAX_CYCLES else cycle * MAX_CYCLES // cycles


@dataclass(frozen=True)
class Redraws:
    """Schedules that the scheme could as well have given: how many, and whether these are all; they come in batches."""

    count: int
    batches: Iterator[IntArray]
    complete: bool = False


@dataclass(frozen=True)
class _Blocks:
    """Labels that may change places: the unit of each row, the block of each unit, the label of each unit."""

    unit: IntArray
    block: IntArray
    label: IntArray

    @property
    def arrangements(self) -> int:
        """How many different ones there are."""
        ways = []
        for number in np.unique(self.block):
            counts = np.unique(self.label[self.block == number], return_counts=True)[1]
            ways.append(factorial(int(counts.sum())) // prod(factorial(int(count)) for count in counts))
        return prod(ways)


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
    """Days in balanced blocks with a cap on runs, where the schedule is whole and obeys it."""
    if design.scheme != "days" or not design.block or not design.max_run or len(day) != np.ptp(day) + 1:
        return None
    stated = {"kind": "daily", "cycle_days": design.block, "longest_run": design.max_run}
    law = infer_randomization(label, None, stated)
    return redraw(law, label, seed)[0] if law.kind == "daily" else None


def _blocks(design: Design, day: IntArray, label: IntArray) -> _Blocks:
    since = day - day[0]
    if design.scheme == "periods":
        assert design.period is not None  # noqa: S101 - the study file is refused without
        unit = _numbered(since // design.period)
        first = np.searchsorted(unit, np.arange(unit[-1] + 1))
        unit_label = label[first]
        if (label == unit_label[unit]).all():
            arms = len(np.unique(label))
            cycle = np.arange(len(unit_label)) // arms
            balanced = all(
                len(np.unique(unit_label[cycle == number])) == (cycle == number).sum()
                for number in np.unique(cycle)
            )
            return _Blocks(unit, cycle if balanced else np.zeros_like(cycle), unit_label)
        # The schedule breaks the stated periods: whole phases change places.
        phase = np.concatenate([[0], np.cumsum(np.diff(label) != 0)])
        starts = np.searchsorted(phase, np.arange(phase[-1] + 1))
        return _Blocks(phase, np.zeros(len(starts), dtype=np.int64), label[starts])
    block = since // design.block if design.block else np.zeros_like(since)
    return _Blocks(np.arange(len(label)), _numbered(block), label)


def _arrangements(blocks: _Blocks) -> Iterator[IntArray]:
    parts = [
        sorted(set(itertools.permutations(blocks.label[blocks.block == number].tolist())))
        if (blocks.block == number).sum() <= 8
        else _two_label_orders(blocks.label[blocks.block == number])
        for number in np.unique(blocks.block)
    ]
    for chosen in itertools.product(*parts):
        yield np.array([label for part in chosen for label in part])


def _two_label_orders(label: IntArray) -> list[tuple[int, ...]]:
    """All orders of a long block: labels are placed one after the other, in the places still free."""
    values, counts = np.unique(label, return_counts=True)
    orders: list[dict[int, int]] = [{}]
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        orders = [
            {**order, **dict.fromkeys(places, value)}
            for order in orders
            for places in itertools.combinations([p for p in range(len(label)) if p not in order], count)
        ]
    return [tuple(order[place] for place in range(len(label))) for order in orders]


def _permuted(blocks: _Blocks, rng: np.random.Generator) -> Iterator[IntArray]:
    batch = max(_AT_ONCE // len(blocks.unit), 1)
    numbers = np.unique(blocks.block)
    for start in range(0, REDRAWS, batch):
        drawn = np.tile(blocks.label, (min(batch, REDRAWS - start), 1))
        for number in numbers:
            inside = blocks.block == number
            drawn[:, inside] = rng.permuted(drawn[:, inside], axis=1)
        yield drawn[:, blocks.unit]


def _flips(design: Design, label: IntArray, rng: np.random.Generator) -> Redraws | None:
    """ABBA or BAAB, by the toss of a coin for each block."""
    if label.max() != 1:
        return None
    block = np.arange(len(label)) // (design.block or ABBA)
    blocks = int(block[-1]) + 1
    if 2**blocks <= MAX_ENUMERATED:
        flip = np.array(list(itertools.product((0, 1), repeat=blocks)))
    else:
        flip = rng.integers(2, size=(REDRAWS, blocks))
    return Redraws(len(flip), iter([label[None] ^ flip[:, block]]), complete=2**blocks <= MAX_ENUMERATED)


def _starts(design: Design, label: IntArray, rng: np.random.Generator) -> Redraws | None:
    """Phases in their order, their starts drawn from all that leave each long enough (Edgington 1975)."""
    fewest = design.min_per_phase or 1
    phase = np.concatenate([[0], np.cumsum(np.diff(label) != 0)])
    order = label[np.searchsorted(phase, np.arange(phase[-1] + 1))]
    phases, spare = len(order), len(label) - fewest * len(order)
    if phases < 2 or spare < 0:
        return None
    # Spare rows are shared out among phases: stars and bars.
    total = comb(spare + phases - 1, phases - 1)
    if total <= MAX_ENUMERATED:
        bars = np.array(list(itertools.combinations(range(spare + phases - 1), phases - 1)))
    else:
        picked = [rng.choice(spare + phases - 1, phases - 1, replace=False) for _ in range(REDRAWS)]
        bars = np.sort(np.array(picked), axis=1)
    edges = bars - np.arange(phases - 1) + fewest * np.arange(1, phases)
    number = np.arange(len(label))
    drawn = order[(number[None, :, None] >= edges[:, None, :]).sum(axis=2)]
    return Redraws(len(drawn), iter([drawn]), complete=total <= MAX_ENUMERATED)


@dataclass(frozen=True)
class RandomizationTestResult:
    """A randomisation test: p, the interval of effects that it does not reject at 5 %, and what it re-drew."""

    p: float
    lower_95: float | None
    upper_95: float | None
    schedules: int
    complete: bool


@dataclass(frozen=True)
class Sampled:
    """One case for the test: its scheme's design, days, labels, and the outcome less what is not of the arms."""

    day: IntArray
    label: IntArray
    outcome: FloatArray
    exposure: FloatArray


def randomisation_test(
    design: Design, cases: Sequence[Sampled], contrast: int, doses: FloatArray | None = None
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
        None where nothing was randomised. The interval inverts the test: effects that, taken off the outcome, leave a
        difference that the scheme would often give.
    """
    observed = np.zeros(2)
    total: FloatArray | None = None
    complete = True
    for number, case in enumerate(cases):
        drawn = redraws(design, case.day, case.label, SEED + number)
        if drawn is None:
            return None
        both = np.concatenate([_statistic(batch, case, contrast, doses) for batch in drawn.batches])
        observed += _statistic(case.label[None], case, contrast, doses)[0]
        complete = complete and drawn.complete and len(cases) == 1
        if len(cases) > 1:
            # Cases were drawn independently of each other.
            both = both[np.random.default_rng(SEED + 7919 + number).integers(len(both), size=REDRAWS)]
        total = both if total is None else total + both
    if total is None:
        return None
    observed, total = observed / len(cases), total / len(cases)

    def p_of(shift: float) -> float:
        here = abs(observed[0] - shift * observed[1])
        beyond = np.abs(total[:, 0] - shift * total[:, 1]) >= here - 1e-9 * max(here, 1.0)
        return float(beyond.mean()) if complete else float((1 + beyond.sum()) / (1 + len(beyond)))

    lower, upper = _inverted(p_of, observed[0] / observed[1], float(total[:, 0].std()))
    return RandomizationTestResult(p_of(0.0), lower, upper, len(total), complete)


def _inverted(
    p_of: Callable[[float], float], center: float, step: float
) -> tuple[float | None, float | None]:
    if step <= 0 or not np.isfinite(center) or p_of(center + 12 * step) > 0.05:
        # Too few schedules to reject anything: there is no interval.
        return None, None
    found = []
    for side in (-1, 1):
        inside, outside = 0.0, 12.0
        for _ in range(20):
            middle = (inside + outside) / 2
            inside, outside = (
                (middle, outside) if p_of(center + side * middle * step) > 0.05 else (inside, middle)
            )
        found.append(center + side * inside * step)
    return found[0], found[1]


def _statistic(drawn: IntArray, case: Sampled, contrast: int, doses: FloatArray | None) -> FloatArray:
    """Difference in means, or slope, of the outcome and of the exposure itself; shape (schedules, 2)."""
    observed = np.isfinite(case.outcome)
    values = np.column_stack([case.outcome[observed], case.exposure[observed]])
    if doses is not None:
        away = doses[drawn[:, observed]]
        away = away - away.mean(axis=1, keepdims=True)
        return np.asarray(away @ values / np.maximum((away**2).sum(axis=1), 1e-12)[:, None])
    treated, reference = drawn[:, observed] == contrast, drawn[:, observed] == 0
    some = treated.any(axis=1) & reference.any(axis=1)
    mean_treated = treated @ values / np.maximum(treated.sum(axis=1), 1)[:, None]
    mean_reference = reference @ values / np.maximum(reference.sum(axis=1), 1)[:, None]
    # A draw that leaves an arm without a observed row says nothing, and counts as no difference.
    return np.asarray(np.where(some[:, None], mean_treated - mean_reference, 0.0))
