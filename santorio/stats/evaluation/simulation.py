"""Simulated trials whose true parameters are known: for operating characteristics and calibration.

Pure NumPy, seeded by the generator that is passed in. The truth is either stated (`simulate_trials`) and may violate
the models' assumptions (AR(2), heavy tails, days missing after bad ones, people who do not follow their arm), or drawn
from the model's own prior (`simulate_from_prior`), for simulation-based calibration.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior
from santorio.stats.quadrature import RHO_BETA, TAU_SD

# Correlation with the process's first day that is left when the study begins.
BURN_IN_TOLERANCE = 1e-4
# Slope on the logit's scale by which a missing day is less probable after a better one, per SD.
MISSING_STEEPNESS = 2.0


@dataclass(frozen=True, slots=True)
class DataGeneratingProcess:
    """How an outcome varies without any intervention, as an AR(2) with a linear drift.

    Attributes
    ----------
    sigma : float
        Standard deviation of a day, in the outcome's unit.
    autoregression : tuple[float, float]
        Weight of the day before and of the one before that; stationary.
    degrees : float
        Degrees of freedom of Student-t innovations, above 2; infinite for normal ones.
    drift : float
        Linear change from the first day of the study to the last, in the outcome's unit.

    Raises
    ------
    ValueError
        If the autoregression is not stationary.
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
        """Draw the outcome of days without an intervention.

        Parameters
        ----------
        day : IntArray
            Study days, as days since 1970-01-01; shape (days,).

        Returns
        -------
        FloatArray
            Shape (days, trials).
        """
        first, second = self.autoregression
        begin, burn_in = int(day[0]), self._burn_in_days()
        # Every day of the calendar: the process goes on between study days.
        path = self._innovations(rng, (int(day[-1]) - begin + 1 + burn_in, trials))
        if len(path) > 1:
            path[1] += first * path[0]
        for t in range(2, len(path)):
            path[t] += first * path[t - 1] + second * path[t - 2]
        # Stationary variance of an AR(2) with unit innovations (Box & Jenkins, 3.2.4).
        variance = (1 - second) / ((1 + second) * ((1 - second) ** 2 - first**2))
        since = day - begin
        slope = since / max(int(since[-1]), 1) - 0.5
        stationary = self.sigma / np.sqrt(variance) * path[burn_in + since]
        return np.asarray(stationary + self.drift * slope[:, None])

    def _burn_in_days(self) -> int:
        first, second = self.autoregression
        # The start is forgotten at the rate of the largest root of the characteristic polynomial.
        memory = float(np.abs(np.roots([1.0, -first, -second])).max())
        if memory <= 0:
            return 0
        return int(np.ceil(np.log(BURN_IN_TOLERANCE) / np.log(memory)))

    def _innovations(self, rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
        if np.isinf(self.degrees):
            return rng.normal(size=shape)
        # Scaled to unit variance.
        return np.asarray(rng.standard_t(self.degrees, size=shape) * np.sqrt(1 - 2 / self.degrees))


@dataclass(frozen=True, slots=True)
class ParticipantBehaviour:
    """Adherence and missing days in a trial.

    Attributes
    ----------
    adherence : float
        Probability that a day follows its arm; otherwise it follows the reference.
    missing : float
        Probability that a day has no outcome, completely at random.
    missing_after_bad : float
        Probability that a day has no outcome after the worst possible day: half of it after an average day, zero after
        the best. A low outcome is a bad one.
    """

    adherence: float = 1.0
    missing: float = 0.0
    missing_after_bad: float = 0.0


@dataclass(frozen=True)
class GroundTruth:
    """The true parameters of simulated trials, in the outcome's unit.

    Attributes
    ----------
    effect : FloatArray
        Of each arm against the reference; shape (arms - 1,) or (arms - 1, trials).
    carry_over : float or FloatArray
        λ, one for all trials or of shape (trials,).
    departure_sd : float
        SD of a cycle's effect around the trial's.
    process : DataGeneratingProcess
        Day-to-day variation of the outcome.
    behaviour : ParticipantBehaviour
        Adherence and missing days.
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
        The arm that each day followed, shape (days, trials).
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
    """Simulate trials of one design.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.design_matrix import TrialDesign
    >>> from santorio.stats.evaluation.simulation import GroundTruth, simulate_trials
    >>> arm = np.tile([0, 1], 14)
    >>> design = TrialDesign(np.arange(28), arm, np.zeros(28, dtype=int), np.ones(28, dtype=bool), arms=2)
    >>> trials = simulate_trials(design, GroundTruth(np.array([2.0])), 500, np.random.default_rng(1))
    >>> difference = trials.outcome[arm == 1].mean() - trials.outcome[arm == 0].mean()
    >>> round(float(difference), 1)
    2.0
    """
    outcome = truth.process.draw(design.day, trials, rng)
    behaviour, days = truth.behaviour, len(design.day)
    taken = np.repeat(design.arm[:, None], trials, axis=1)
    if behaviour.adherence < 1:
        taken[rng.random((days, trials)) >= behaviour.adherence] = 0
    effect = truth.effect
    if effect.ndim == 1:
        effect = np.repeat(effect[:, None], trials, axis=1)
    cycle_effect = np.repeat(effect[:, None], design.cycles, axis=1)
    if truth.departure_sd:
        cycle_effect = cycle_effect + truth.departure_sd * rng.normal(size=cycle_effect.shape)
    for arm in range(1, design.arms):
        exposure = effective_exposure_of(design.day, (taken == arm).astype(float), truth.carry_over)
        outcome += cycle_effect[arm - 1][design.cycle] * exposure
    observed = np.repeat(design.observed[:, None], trials, axis=1)
    if behaviour.missing:
        observed &= rng.random((days, trials)) >= behaviour.missing
    if behaviour.missing_after_bad:
        observed &= rng.random((days, trials)) >= _missing_after_bad(outcome, truth)
    return SimulatedTrials(outcome, observed, taken, effect)


def _missing_after_bad(outcome: FloatArray, truth: GroundTruth) -> FloatArray:
    """Probability that each day is missing, by the outcome of the day before; shape (days, trials)."""
    before = np.concatenate([np.zeros((1, outcome.shape[1])), outcome[:-1]])
    logit = MISSING_STEEPNESS * before / truth.process.sigma
    return np.asarray(truth.behaviour.missing_after_bad / (1 + np.exp(logit)))


def effective_exposure_of(day: IntArray, taken: FloatArray, carry_over: float | FloatArray) -> FloatArray:
    """Effective exposure e_t = λ^Δ e_{t-Δ} + (1-λ^Δ) a_t, for trials that may each have their own λ.

    Parameters
    ----------
    taken : FloatArray
        1 where the day followed the arm, else 0; shape (days, trials).
    carry_over : float or FloatArray
        λ, one for all trials or of shape (trials,).

    Returns
    -------
    FloatArray
        Shape (days, trials).
    """
    exposure = np.empty_like(taken)
    before = np.zeros(taken.shape[1])
    for t, gap in enumerate(np.diff(day, prepend=day[0] - 1)):
        kept = np.power(carry_over, float(gap))
        before = kept * before + (1 - kept) * taken[t]
        exposure[t] = before
    return exposure


def standardise(outcome: FloatArray, arm: IntArray) -> tuple[FloatArray, FloatArray]:
    """Standardise outcomes as an analysis does, by the mean and SD of the reference arm's days.

    Parameters
    ----------
    outcome : FloatArray
        Of the observed days, shape (days, trials).
    arm : IntArray
        Of the observed days, shape (days,).

    Returns
    -------
    standard : FloatArray
        Shape (days, trials).
    spread : FloatArray
        SD of the reference arm's days, in the outcome's unit; shape (trials,).
    """
    reference = outcome[arm == 0]
    spread = reference.std(axis=0, ddof=1)
    return (outcome - reference.mean(axis=0)) / spread, spread


@dataclass(frozen=True)
class PriorPredictiveTrials:
    """Trials whose true parameters are drawn from the model's prior.

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
    """Draw parameters from the prior of a trial's model, and outcomes from its likelihood given them.

    For simulation-based calibration (Talts et al. 2018, arXiv:1804.06788).

    Parameters
    ----------
    carry_over : CarryOver, optional
        Prior of λ; without it λ is 0.
    prior : EffectPrior
        Prior of the effects, in units of σ.
    """
    from santorio.stats.exact_inference import VARIANCE_SCALE, VARIANCE_SHAPE

    sigma = np.sqrt(VARIANCE_SCALE / rng.gamma(VARIANCE_SHAPE, size=trials))
    rho = 2 * rng.beta(*RHO_BETA, size=trials) - 1
    tau = np.abs(rng.normal(0, TAU_SD, trials))
    lambdas = np.zeros(trials)
    if carry_over:
        lambdas = rng.beta(carry_over.alpha, carry_over.beta, trials)
    effect = prior.draw(rng, (design.arms - 1, trials))
    background = design.background()
    coefficient = background.prior_sd[:, None] * rng.normal(size=(len(background.names), trials))
    # In units of σ, as the priors are.
    outcome = background.values @ coefficient
    cycle = design.cycle[design.observed]
    for arm in range(1, design.arms):
        taken = np.repeat((design.arm == arm).astype(float)[:, None], trials, axis=1)
        exposure = effective_exposure_of(design.day, taken, lambdas)[design.observed]
        departure = np.zeros((1, trials))
        if design.cycles > 1:
            departure = tau * rng.normal(size=(design.cycles, trials))
        outcome += (effect[arm - 1] + departure[cycle]) * exposure
    noise = rng.normal(size=outcome.shape)
    for t in range(1, len(noise)):
        step = rho ** background.gap_days[t]
        noise[t] = step * noise[t - 1] + np.sqrt(1 - step**2) * noise[t]
    return PriorPredictiveTrials(effect * sigma, rho, sigma, tau, lambdas, sigma * (outcome + noise))


@dataclass(frozen=True, slots=True)
class Population:
    """How people differ: effects and correlations are normal over people, day-to-day SDs log-normal.

    Attributes
    ----------
    effect_mean, effect_sd : float
        Of the first arm's effect, in the outcome's unit; other arms have none.
    sigma_median, sigma_log_sd : float
        Of a person's day-to-day SD.
    rho_mean, rho_sd : float
        Of the correlation of a day with the next, limited to ±0.95.
    level_sd : float
        SD of people's levels.
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
    """The trial of one person.

    Attributes
    ----------
    design : TrialDesign
        Arms of all study days.
    effect : float
        True effect of the first arm, in the outcome's unit.
    process : DataGeneratingProcess
        Day-to-day variation of the outcome.
    outcome : FloatArray
        Of every study day, observed or not; shape (days,).
    observed : NDArray[np.bool_]
        Whether a day has an outcome, shape (days,).
    """

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
        The design of each person's trial.
    population : Population
        The population that they come from.
    carry_over : float
        λ, the same for all.
    behaviour : ParticipantBehaviour, optional
        By default every day follows its arm, and none is missing.
    """
    behaviour = behaviour or ParticipantBehaviour()
    people = []
    for design in designs:
        effect = population.effect_mean + population.effect_sd * float(rng.normal())
        sigma = population.sigma_median * float(np.exp(population.sigma_log_sd * rng.normal()))
        rho = float(np.clip(population.rho_mean + population.rho_sd * rng.normal(), -0.95, 0.95))
        process = DataGeneratingProcess(sigma=sigma, autoregression=(rho, 0.0))
        effects = np.concatenate([[effect], np.zeros(design.arms - 2)])
        truth = GroundTruth(effects, carry_over=carry_over, process=process, behaviour=behaviour)
        trial = simulate_trials(design, truth, 1, rng)
        level = population.level_sd * float(rng.normal())
        outcome = level + trial.outcome[:, 0]
        people.append(SimulatedPerson(design, effect, process, outcome, trial.observed[:, 0]))
    return people
