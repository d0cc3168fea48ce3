"""Operating characteristics of a design: how often each decision is made, and when, by the true effect.

Complete trials are simulated, standardised and analysed as real ones are, by the exact engine. An interim analysis uses
the first days of the study; its decision ends the trial.
"""

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.stats.assurance import Noise
from santorio.stats.decisions import (
    ABOVE,
    BELOW,
    DECISION_THRESHOLD,
    INTERIM_THRESHOLD,
    UNDECIDED,
    WITHIN,
    classify,
)
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior
from santorio.stats.evaluation.simulation import (
    DataGeneratingProcess,
    GroundTruth,
    simulate_trials,
    standardise,
)
from santorio.stats.exact_inference import fit_trial
from santorio.stats.quadrature import MAX_COARSE_RHO
from santorio.stats.randomization import Randomization, redraw

SEED = 2614
# Outcomes that are fitted together: they share factorisations, and their arrays fit into the processor's cache.
OUTCOMES_AT_ONCE = 250
# With fewer days of some arm an interim analysis is skipped: it could not even estimate how much days vary.
MIN_DAYS_AT_INTERIM = 5


@dataclass(frozen=True)
class OperatingCharacteristics:
    """How often each decision is reached, by the true effect. A higher outcome counts as better.

    Attributes
    ----------
    effects : tuple[float, ...]
        True effects of the first arm, in the outcome's unit.
    days : tuple[int, ...]
        Study days after which there is an analysis; the last is the length of the study.
    adopt, avoid, no_difference : FloatArray
        Share of trials that end with this decision at that analysis; shape (effects, analyses).
    trials : int
        Number of simulated trials for each effect.
    """

    effects: tuple[float, ...]
    days: tuple[int, ...]
    adopt: FloatArray
    avoid: FloatArray
    no_difference: FloatArray
    trials: int

    @property
    def keep_going(self) -> FloatArray:
        """Share of trials that end undecided, shape (effects,)."""
        return np.asarray(1 - (self.adopt + self.avoid + self.no_difference).sum(axis=1))

    @property
    def mean_days(self) -> FloatArray:
        """Mean number of study days until a trial ends, shape (effects,)."""
        early = (self.adopt + self.avoid + self.no_difference)[:, :-1]
        interim_days, last_day = np.array(self.days[:-1], dtype=float), self.days[-1]
        return np.asarray(early @ interim_days + (1 - early.sum(axis=1)) * last_day)

    def table(self) -> list[dict[str, float]]:
        """A row for each effect: the share of each decision, and the mean number of days."""
        columns = {
            "effect": self.effects,
            "adopt": self.adopt.sum(axis=1),
            "avoid": self.avoid.sum(axis=1),
            "no difference that matters": self.no_difference.sum(axis=1),
            "keep going": self.keep_going,
            "mean days": self.mean_days,
        }
        rows = zip(*columns.values(), strict=True)
        return [dict(zip(columns, map(float, row), strict=True)) for row in rows]


@dataclass(frozen=True, slots=True)
class Analysis:
    """How a trial will be analysed.

    Attributes
    ----------
    carry_over : CarryOver or None
        Prior of λ; with None λ is 0.
    prior : EffectPrior
        Prior of the effects, in units of σ.
    interim_threshold : float
        Threshold of a decision at an interim analysis; at the end it is `DECISION_THRESHOLD`.
    """

    carry_over: CarryOver | None = None
    prior: EffectPrior = WEAK
    interim_threshold: float = INTERIM_THRESHOLD


@dataclass(frozen=True)
class _Rules:
    """What the trials of one call have in common."""

    smallest_effect: float
    days: tuple[int, ...]
    analysis: Analysis
    fine: bool


def designs_of(
    randomization: Randomization, design: TrialDesign, count: int, seed: int = SEED
) -> list[TrialDesign]:
    """Draw designs by the randomization scheme of a design; the days and their outcomes stay."""
    arms, _ = redraw(randomization, design.arm, seed)
    return [replace(design, arm=arm) for arm in arms[:count]]


def operating_characteristics(
    designs: TrialDesign | Sequence[TrialDesign],
    noise: Noise,
    effects: Sequence[float],
    smallest_effect: float,
    *,
    trials: int = 10_000,
    interim_days: Sequence[int] = (),
    seed: int = SEED,
    analysis: Analysis | None = None,
) -> OperatingCharacteristics:
    """Simulate how often each decision is made.

    Parameters
    ----------
    designs : TrialDesign or Sequence[TrialDesign]
        One schedule, or several of one randomization, among which the trials are divided.
    noise : Noise
        Day-to-day variation of the outcome.
    effects : Sequence[float]
        True effects of the first arm, in the outcome's unit; other arms have none.
    smallest_effect : float
        δ, in the outcome's unit.
    trials : int
        Number of trials for each effect.
    interim_days : Sequence[int]
        Study days after which there is an interim analysis, which ends the trial if it decides.
    analysis : Analysis, optional
        Where it has carry-over, each trial's true λ is drawn from its prior.

    Raises
    ------
    ValueError
        If the interim analyses do not increase, or are not within the study.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.assurance import Noise
    >>> from santorio.stats.design_matrix import TrialDesign
    >>> from santorio.stats.evaluation.operating_characteristics import operating_characteristics
    >>> from santorio.stats.randomization import draw_daily
    >>> day, arm = np.arange(20_000, 20_056), draw_daily(cycles=4, cycle_days=14, seed=1)
    >>> design = TrialDesign(day, arm, np.arange(56) // 14, np.ones(56, dtype=bool), arms=2)
    >>> result = operating_characteristics(design, Noise(20.0, 0.3), [0.0, 20.0], smallest_effect=6.0, trials=200)
    >>> no_effect, large_effect = result.table()
    >>> no_effect["adopt"] < 0.1 < 0.9 < large_effect["adopt"]
    True
    """
    schedules = [designs] if isinstance(designs, TrialDesign) else list(designs)
    length = len(schedules[0].day)
    is_ascending = list(interim_days) == sorted(set(interim_days))
    if not is_ascending or (interim_days and not 1 < interim_days[0] <= interim_days[-1] < length):
        msg = "interim analyses come after increasing numbers of study days, before the end"
        raise ValueError(msg)
    analysis = analysis or Analysis()
    rules = _Rules(smallest_effect, (*interim_days, length), analysis, fine=abs(noise.rho) > MAX_COARSE_RHO)
    process = DataGeneratingProcess(sigma=noise.sigma, autoregression=(noise.rho, 0.0))
    batches = _batches(schedules, trials)
    # A generator for each batch: the result does not depend on the order in which threads run.
    seeds = np.random.SeedSequence(seed).spawn(len(batches))

    def count(effect: float, batch: int) -> FloatArray:
        design, size = batches[batch]
        arms = np.concatenate([[effect], np.zeros(design.arms - 2)])
        rng = np.random.default_rng(seeds[batch])
        carry_over: float | FloatArray = 0.0
        if analysis.carry_over:
            carry_over = rng.beta(analysis.carry_over.alpha, analysis.carry_over.beta, size)
        truth = GroundTruth(arms, carry_over=carry_over, process=process)
        simulated = simulate_trials(design, truth, size, rng)
        return _count(design, simulated.outcome, rules)

    tasks = list(itertools.product(effects, range(len(batches))))
    # Threads suffice: NumPy's linear algebra does not hold Python's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = np.stack(list(pool.map(lambda task: count(*task), tasks)))
    shares = counts.reshape(len(effects), len(batches), len(rules.days), 3).sum(axis=1) / trials
    return OperatingCharacteristics(
        tuple(effects), rules.days, shares[..., 0], shares[..., 1], shares[..., 2], trials
    )


def _batches(designs: list[TrialDesign], trials: int) -> list[tuple[TrialDesign, int]]:
    """Divide trials among designs, and those of a design into batches that are fitted together."""
    batches = []
    for i, design in enumerate(designs):
        # The first designs get the remainder of the division, one trial each.
        remaining = trials // len(designs) + (i < trials % len(designs))
        while remaining > 0:
            batches.append((design, min(remaining, OUTCOMES_AT_ONCE)))
            remaining -= OUTCOMES_AT_ONCE
    return batches


def _count(design: TrialDesign, outcome: FloatArray, rules: _Rules) -> FloatArray:
    """Count decisions (adopt, avoid, no difference) by analysis; shape (analyses, 3)."""
    counts = np.zeros((len(rules.days), 3))
    for stage, days in enumerate(rules.days):
        decision = _analyse(design.until(days), outcome[:days], rules, end=days == rules.days[-1])
        counts[stage] = [(decision == kind).sum() for kind in (ABOVE, BELOW, WITHIN)]
        # Only undecided trials go on.
        outcome = outcome[:, decision == UNDECIDED]
        if not outcome.size:
            break
    return counts


def _analyse(design: TrialDesign, outcome: FloatArray, rules: _Rules, *, end: bool) -> IntArray:
    """The decision of each trial at one analysis, shape (trials,)."""
    arm = design.arm[design.observed]
    if np.bincount(arm, minlength=design.arms).min() < MIN_DAYS_AT_INTERIM:
        return np.full(outcome.shape[1], UNDECIDED)
    standard, spread = standardise(outcome[design.observed], arm)
    analysis = rules.analysis
    posterior = fit_trial(
        design, standard, carry_over=analysis.carry_over, prior=analysis.prior, fine=rules.fine
    )
    delta = rules.smallest_effect / spread
    above = 1 - posterior.below("arm_1", delta)
    threshold = DECISION_THRESHOLD if end else analysis.interim_threshold
    return classify(above, posterior.below("arm_1", -delta), threshold)
