"""Trials whose truth is known: for operating characteristics and calibration.

Pure NumPy, seeded by the generator that is passed in. Two sources of truth: a stated one (`simulate_trials`), which may
be what no model here assumes - AR(2), heavy tails, days missing after bad ones, people who do not follow
their arm - and the model's own prior (`simulate_from_prior`), for simulation-based calibration.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior
from santorio.stats.quadrature import RHO_BETA, TAU_SD

# What a process still remembers of where it began when the study does.
BURN_IN_TOLERANCE = 1e-4
# How steeply the chance of a missing day falls with how good the day before was.
MISSING_STEEPNESS = 2.0


@dataclass(frozen=True, slots=True)
class DataGeneratingProcess:
    """How an outcome varies by itself.

    Attributes
    ----------
    sigma : float
        Standard deviation of a day around what is expected.
    autoregression : tuple[float, float]
        Weight of the day before and of the one before that; stationary.
    degrees : float
        Degrees of freedom of Student-t innovations, above 2; infinite for normal ones.
    drift : float
        Change from the first day of the study to the last, along a line.
    """

    sigma: float = 1.0
    autoregression: tuple[float, float] = (0.0, 0.0)
    degrees: float = np.inf
    drift: float = 0.0

    def __post_init__(self) -> None:
        first, second = self.autoregression
        if not (abs(second) < 1 and abs(first) < 1 - second):
            msg = "the autoregression is not stationary"
            raise ValueError(msg)

    def draw(self, day: IntArray, trials: int, rng: np.random.Generator) -> FloatArray:
        """Draw the outcome of days on which nothing is done, shape (days, trials)."""
        first, second = self.autoregression
        begin, burn_in = int(day[0]), self._burn_in_days()
        innovation = self._innovations(rng, (int(day[-1]) - begin + 1 + burn_in, trials))
        # Stationary variance of an AR(2) with unit innovations (Box & Jenkins, 3.2.4).
        variance = (1 - second) / ((1 + second) * ((1 - second) ** 2 - first**2))
        every = innovation
        for t in range(1, len(every)):
            every[t] += first * every[t - 1] + (second * every[t - 2] if t > 1 else 0.0)
        since = day - begin
        slope = since / max(int(since[-1]), 1) - 0.5
        return np.asarray(
            self.sigma / np.sqrt(variance) * every[burn_in + since] + self.drift * slope[:, None]
        )

    def _burn_in_days(self) -> int:
        first, second = self.autoregression
        memory = float(np.abs(np.roots([1.0, -first, -second])).max())
        return int(np.ceil(np.log(BURN_IN_TOLERANCE) / np.log(memory))) if memory > 0 else 0

    def _innovations(self, rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
        if np.isinf(self.degrees):
            return rng.normal(size=shape)
        return np.asarray(rng.standard_t(self.degrees, size=shape) * np.sqrt(1 - 2 / self.degrees))


@dataclass(frozen=True, slots=True)
class ParticipantBehaviour:
    """What people do in a trial.

    Attributes
    ----------
    adherence : float
        Probability that a day follows its arm; otherwise it is lived like the reference.
    missing : float
        Probability that a day has no outcome, whatever happened.
    missing_after_bad : float
        Probability that a day has no outcome if the day before was as bad as can be: half of it after an average day,
        nothing after the best. A low outcome is a bad one.
    """

    adherence: float = 1.0
    missing: float = 0.0
    missing_after_bad: float = 0.0


@dataclass(frozen=True)
class GroundTruth:
    """What is true of simulated trials, in the outcome's unit.

    Attributes
    ----------
    effect : FloatArray
        Of each arm against the reference; shape (arms - 1,) or (arms - 1, trials).
    carry_over : float or FloatArray
        λ, one for all trials or of shape (trials,).
    departure_sd : float
        By how much a cycle's effect departs from the trial's.
    """

    effect: FloatArray
    carry_over: float | FloatArray = 0.0
    departure_sd: float = 0.0
    process: DataGeneratingProcess = field(default_factory=DataGeneratingProcess)
    behaviour: ParticipantBehaviour = field(default_factory=ParticipantBehaviour)


@dataclass(frozen=True)
class SimulatedTrials:
    """Outcomes of trials of one design.

    Attributes
    ----------
    outcome : FloatArray
        Of every study day, observed or not; shape (days, trials).
    observed : NDArray[np.bool_]
        Whether a day has an outcome, shape (days, trials).
    taken : IntArray
        The arm that each day really had, shape (days, trials).
    effect : FloatArray
        True effects, shape (arms - 1, trials).
    """

    outcome: FloatArray
    observed: NDArray[np.bool_]
    taken: IntArray
    effect: FloatArray


def simulate_trials(
    design: TrialDesign, truth: GroundTruth, trials: int, rng: np.random.Generator
) -> SimulatedTrials:
    """Simulate trials of one design."""
    outcome = truth.process.draw(design.day, trials, rng)
    behaviour, days = truth.behaviour, len(design.day)
    taken = np.repeat(design.arm[:, None], trials, axis=1)
    if behaviour.adherence < 1:
        taken[rng.random((days, trials)) >= behaviour.adherence] = 0
    effect = truth.effect if truth.effect.ndim == 2 else np.repeat(truth.effect[:, None], trials, axis=1)
    size = np.repeat(effect[:, None], design.cycles, axis=1)
    if truth.departure_sd:
        size = size + truth.departure_sd * rng.normal(size=size.shape)
    for arm in range(1, design.arms):
        felt = effective_exposure_of(design.day, (taken == arm).astype(float), truth.carry_over)
        outcome += size[arm - 1][design.cycle] * felt
    observed = np.repeat(design.observed[:, None], trials, axis=1)
    if behaviour.missing:
        observed &= rng.random((days, trials)) >= behaviour.missing
    if behaviour.missing_after_bad:
        observed &= rng.random((days, trials)) >= _missing_after_bad(outcome, truth)
    return SimulatedTrials(outcome, observed, taken, effect)


def _missing_after_bad(outcome: FloatArray, truth: GroundTruth) -> FloatArray:
    before = np.concatenate([np.zeros((1, outcome.shape[1])), outcome[:-1]])
    how_good = MISSING_STEEPNESS * before / truth.process.sigma
    return np.asarray(truth.behaviour.missing_after_bad / (1 + np.exp(how_good)))


def effective_exposure_of(day: IntArray, taken: FloatArray, carry_over: float | FloatArray) -> FloatArray:
    """Effective exposure e_t = λ^Δ e_{t-Δ} + (1-λ^Δ) a_t, for trials that may each have their own λ.

    Parameters
    ----------
    taken : FloatArray
        1 where the arm was taken, shape (days, trials).
    """
    felt = np.empty_like(taken)
    before = np.zeros(taken.shape[1])
    for t, gap in enumerate(np.diff(day, prepend=day[0] - 1)):
        kept = np.power(carry_over, float(gap))
        before = kept * before + (1 - kept) * taken[t]
        felt[t] = before
    return felt


def standardise(outcome: FloatArray, arm: IntArray) -> tuple[FloatArray, FloatArray]:
    """As an analysis does: the reference arm's days get mean 0 and spread 1.

    Returns the standardised outcomes, shape (days, trials), and the spreads, shape (trials,).
    """
    reference = outcome[arm == 0]
    spread = reference.std(axis=0, ddof=1)
    return (outcome - reference.mean(axis=0)) / spread, spread


@dataclass(frozen=True)
class PriorPredictiveTrials:
    """Trials whose truths are drawn from the model's prior.

    Attributes
    ----------
    effect : FloatArray
        θσ of each arm, in the outcome's unit; shape (arms - 1, trials).
    rho, sigma, tau, carry_over : FloatArray
        Shape (trials,).
    outcome : FloatArray
        Of the observed days, shape (days, trials).
    """

    effect: FloatArray
    rho: FloatArray
    sigma: FloatArray
    tau: FloatArray
    carry_over: FloatArray
    outcome: FloatArray


def simulate_from_prior(
    design: TrialDesign,
    trials: int,
    rng: np.random.Generator,
    *,
    carry_over: CarryOver | None = None,
    prior: EffectPrior = WEAK,
) -> PriorPredictiveTrials:
    """Draw truths from the prior of a trial's model, and outcomes from the truths, exactly as the model says."""
    from santorio.stats.exact_inference import VARIANCE_SCALE, VARIANCE_SHAPE

    sigma = np.sqrt(VARIANCE_SCALE / rng.gamma(VARIANCE_SHAPE, size=trials))
    rho = 2 * rng.beta(*RHO_BETA, size=trials) - 1
    tau = np.abs(rng.normal(0, TAU_SD, trials))
    carried = rng.beta(carry_over.alpha, carry_over.beta, trials) if carry_over else np.zeros(trials)
    effect = prior.draw(rng, (design.arms - 1, trials))
    background = design.background()
    outcome = background.values @ (
        background.prior_sd[:, None] * rng.normal(size=(len(background.names), trials))
    )
    cycle = design.cycle[design.observed]
    for arm in range(1, design.arms):
        taken = np.repeat((design.arm == arm).astype(float)[:, None], trials, axis=1)
        felt = effective_exposure_of(design.day, taken, carried)[design.observed]
        departure = (
            tau * rng.normal(size=(design.cycles, trials)) if design.cycles > 1 else np.zeros((1, trials))
        )
        outcome += (effect[arm - 1] + departure[cycle]) * felt
    noise = rng.normal(size=outcome.shape)
    for t in range(1, len(noise)):
        step = rho ** background.gap_days[t]
        noise[t] = step * noise[t - 1] + np.sqrt(1 - step**2) * noise[t]
    return PriorPredictiveTrials(effect * sigma, rho, sigma, tau, carried, sigma * (outcome + noise))


@dataclass(frozen=True, slots=True)
class Population:
    """How people differ: effects and correlations are normal over people, spreads log-normal.

    Attributes
    ----------
    effect_mean, effect_sd : float
        Of the first arm's effect, in the outcome's unit; other arms do nothing.
    sigma_median, sigma_log_sd : float
        Of a person's day-to-day spread.
    rho_mean, rho_sd : float
        Of the correlation of a day with the next, kept within ±0.95.
    level_sd : float
        By how much people's levels differ.
    """

    effect_mean: float
    effect_sd: float
    sigma_median: float = 1.0
    sigma_log_sd: float = 0.2
    rho_mean: float = 0.3
    rho_sd: float = 0.15
    level_sd: float = 1.0


@dataclass(frozen=True)
class SimulatedPerson:
    """One person's trial: the true effect, how the outcome moves by itself, and the outcome of every study day."""

    design: TrialDesign
    effect: float
    process: DataGeneratingProcess
    outcome: FloatArray
    observed: NDArray[np.bool_]


def simulate_people(
    designs: Sequence[TrialDesign],
    population: Population,
    rng: np.random.Generator,
    *,
    carry_over: float = 0.0,
    behaviour: ParticipantBehaviour | None = None,
) -> list[SimulatedPerson]:
    """Simulate one trial of each of several people who come from a known population.

    Parameters
    ----------
    designs : Sequence[TrialDesign]
        One a person.
    behaviour : ParticipantBehaviour, optional
        By default every day follows its arm, and none is missing.
    """
    people = []
    for design in designs:
        effect = population.effect_mean + population.effect_sd * float(rng.normal())
        sigma = population.sigma_median * float(np.exp(population.sigma_log_sd * rng.normal()))
        rho = float(np.clip(population.rho_mean + population.rho_sd * rng.normal(), -0.95, 0.95))
        process = DataGeneratingProcess(sigma=sigma, autoregression=(rho, 0.0))
        effects = np.concatenate([[effect], np.zeros(design.arms - 2)])
        truth = GroundTruth(
            effects, carry_over=carry_over, process=process, behaviour=behaviour or ParticipantBehaviour()
        )
        trial = simulate_trials(design, truth, 1, rng)
        level = population.level_sd * float(rng.normal())
        people.append(
            SimulatedPerson(design, effect, process, level + trial.outcome[:, 0], trial.observed[:, 0])
        )
    return people
