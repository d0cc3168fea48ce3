"""Operating characteristics of a design: what its decisions say, and when, by how large the effect truly is.

Whole trials are simulated, standardised and analysed as real ones are, by the exact engine. An interim analysis
sees the first days of the study; its decision ends the trial.
"""

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
# So many outcomes at a time: factorisations are shared, and what is computed stays in the processor's cache.
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
        Simulated for each effect.
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
        return np.asarray(
            early @ np.array(self.days[:-1], dtype=float) + (1 - early.sum(axis=1)) * self.days[-1]
        )

    def table(self) -> list[dict[str, float]]:
        """One row an effect: the share of each decision, and the mean number of days."""
        shares = (decided.sum(axis=1) for decided in (self.adopt, self.avoid, self.no_difference))
        columns = (self.effects, *shares, self.keep_going, self.mean_days)
        names = ("effect", "adopt", "avoid", "no difference that matters", "keep going", "mean days")
        return [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Analysis:
    """How a trial will be analysed.

    Attributes
    ----------
    carry_over : CarryOver or None
        Prior of λ; with None the analysis takes λ as 0.
    prior : EffectPrior
        Of the effects.
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
    """Draw designs by the same randomization scheme as this one."""
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
    """Simulate what a design's decisions say.

    Parameters
    ----------
    designs : TrialDesign or Sequence[TrialDesign]
        One schedule, or several drawn by one randomization, among which the trials are shared out.
    noise : Noise
        How the outcome moves by itself.
    effects : Sequence[float]
        True effects of the first arm, in the outcome's unit; other arms do nothing.
    smallest_effect : float
        δ, in the outcome's unit.
    trials : int
        To simulate for each effect.
    interim_days : Sequence[int]
        Study days after which there is an interim analysis, which ends the trial if it decides.
    analysis : Analysis, optional
        Where it has carry-over, each trial's true λ is drawn from its prior.
    """
    several = [designs] if isinstance(designs, TrialDesign) else list(designs)
    length = len(several[0].day)
    is_ascending = list(interim_days) == sorted(set(interim_days))
    if not is_ascending or (interim_days and not 1 < interim_days[0] <= interim_days[-1] < length):
        msg = "interim analyses come after increasing numbers of study days, before the end"
        raise ValueError(msg)
    analysis = analysis or Analysis()
    rules = _Rules(smallest_effect, (*interim_days, length), analysis, fine=abs(noise.rho) > MAX_COARSE_RHO)
    process = DataGeneratingProcess(sigma=noise.sigma, autoregression=(noise.rho, 0.0))
    batches = _batches(several, trials)
    seeds = np.random.SeedSequence(seed).spawn(len(batches))

    def count(effect: float, batch: int) -> FloatArray:
        design, size = batches[batch]
        arms = np.concatenate([[effect], np.zeros(design.arms - 2)])
        rng = np.random.default_rng(seeds[batch])
        lasting = analysis.carry_over
        carried = rng.beta(lasting.alpha, lasting.beta, size) if lasting else 0.0
        truth = GroundTruth(arms, carry_over=carried, process=process)
        simulated = simulate_trials(design, truth, size, rng)
        return _count(design, simulated.outcome, rules)

    tasks = [(effect, batch) for effect in effects for batch in range(len(batches))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = np.stack(list(pool.map(lambda task: count(*task), tasks)))
    shares = counts.reshape(len(effects), len(batches), len(rules.days), 3).sum(axis=1) / trials
    return OperatingCharacteristics(
        tuple(effects), rules.days, shares[..., 0], shares[..., 1], shares[..., 2], trials
    )


def _batches(designs: list[TrialDesign], trials: int) -> list[tuple[TrialDesign, int]]:
    batches = []
    for i, design in enumerate(designs):
        left = trials // len(designs) + (i < trials % len(designs))
        while left > 0:
            batches.append((design, min(left, OUTCOMES_AT_ONCE)))
            left -= OUTCOMES_AT_ONCE
    return batches


def _count(design: TrialDesign, outcome: FloatArray, rules: _Rules) -> FloatArray:
    """Count decisions (adopt, avoid, no difference) by analysis; shape (analyses, 3)."""
    counts = np.zeros((len(rules.days), 3))
    for stage, days in enumerate(rules.days):
        decision = _analyse(design.until(days), outcome[:days], rules, end=days == rules.days[-1])
        counts[stage] = [(decision == kind).sum() for kind in (ABOVE, BELOW, WITHIN)]
        outcome = outcome[:, decision == UNDECIDED]
        if not outcome.size:
            break
    return counts


def _analyse(design: TrialDesign, outcome: FloatArray, rules: _Rules, *, end: bool) -> IntArray:
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
    return classify(
        above, posterior.below("arm_1", -delta), DECISION_THRESHOLD if end else analysis.interim_threshold
    )
