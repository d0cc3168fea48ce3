"""The value of a design before it is run, in closed form, with the person's own ρ and σ.

For a linear model with known ρ and σ the precision of a design does not depend on what will be observed::

    V = (X'Σ⁻¹X + P)⁻¹,  Σ = σ² AR(1),  P the nuisance columns' prior precision,  v = V_θθ

so that the estimate is θ̂ ~ N(θ, v). Two priors enter: the design prior, N(m₀, v₀), which states how probable each
estimate is; and the analysis prior, the trial model's own N(0, σ²), which the analysis uses whatever the design prior
is (O'Hagan, Stevens & Campbell 2005, doi:10.1002/pst.175). Effects are in the outcome's unit.
"""

from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.stats import exact_inference
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.stats.design_matrix import EFFECT_SD, Columns, TrialDesign, background_columns


@dataclass(frozen=True, slots=True)
class Noise:
    """How a person's outcome varies without any intervention.

    Attributes
    ----------
    sigma : float
        Standard deviation of a day, in the outcome's unit.
    rho : float
        Correlation of a day with the next.
    observed_share : float
        Share of days that have an outcome, above 0 and up to 1.
    """

    sigma: float
    rho: float
    observed_share: float = 1.0


@dataclass(frozen=True, slots=True)
class EffectDistribution:
    """Normal prior of an effect before the trial, in the outcome's unit."""

    mean: float
    sd: float


def estimate_variance(arm: IntArray, cycle: IntArray, noise: Noise, *, carry_over: float = 0.0) -> float:
    """Variance v of the effect's estimate under a schedule of consecutive days.

    Parameters
    ----------
    arm, cycle : IntArray
        Arm and cycle of each day, both counted from 0; shape (days,).
    carry_over : float
        λ, the share of yesterday's exposure that is still effective.

    Returns
    -------
    float
        In the outcome's unit squared; with several arms the mean over their effects against the reference.
    """
    days = len(arm)
    arms = int(arm.max()) + 1
    design = TrialDesign(np.arange(days), arm, cycle, np.ones(days, dtype=bool), arms)
    (unit,) = unit_variances(design.columns(carry_over), np.array([noise.rho]))
    return float(unit * noise.sigma**2 / noise.observed_share)


def unit_variances(columns: Columns, rho: FloatArray) -> FloatArray:
    """Variance v of the effect's estimate in units of σ², for several ρ at once.

    The columns and nuisance priors are those of the trial's model; cycles depart by the typical amount. X'Σ⁻¹X is a sum
    over the gaps Δ that occur, with r = ρ^Δ and x_t the rows::

        x_1 x_1' + Σ_Δ [Σ x_t x_t' - r Σ (x_t x_{t-1}' + x_{t-1} x_t') + r² Σ x_{t-1} x_{t-1}'] / (1 - r²)

    so that all ρ share the products of rows.

    Parameters
    ----------
    columns : Columns
        Of a design, with a column for each arm.
    rho : FloatArray
        Shape (values of ρ,).

    Returns
    -------
    FloatArray
        Shape (values of ρ,).
    """
    x, gap_days = columns.values, columns.gap_days[1:]
    gram = np.broadcast_to(np.outer(x[0], x[0]), (len(rho), x.shape[1], x.shape[1])).copy()
    for gap in np.unique(gap_days):
        now, before = x[1:][gap_days == gap], x[:-1][gap_days == gap]
        across = now.T @ before
        r = (rho**gap)[:, None, None]
        gram += (now.T @ now - r * (across + across.T) + r**2 * (before.T @ before)) / (1 - r**2)
    # τ has no value before the data: half of its prior scale stands for it.
    prior_sd = np.where(columns.pooled, columns.prior_sd * exact_inference.TAU_SD / 2, columns.prior_sd)
    covariance = np.linalg.inv(gram + np.diag(prior_sd**-2.0))
    arms = [position for position, name in enumerate(columns.names) if _is_effect(name)]
    # The effect's own prior is removed again: v is the variance by the data alone.
    precision = 1 / covariance[:, arms, arms] - columns.prior_sd[arms] ** -2.0
    return np.asarray((1 / precision).mean(axis=1))


def _is_effect(name: str) -> bool:
    """Whether a column is that of an arm's effect, and not of a cycle's departure from it."""
    return name.startswith("arm_") and "cycle" not in name


def posterior_variance[Value: (float, FloatArray)](prior: EffectDistribution, variance: Value) -> Value:
    """Posterior variance of the effect after an estimate, in the outcome's unit squared.

    Parameters
    ----------
    variance : float or FloatArray
        Variance of the estimate; of several designs, shape (designs,).
    """
    after: Value = 1 / (prior.sd**-2.0 + 1 / variance)
    return after


def information_gain(prior: EffectDistribution, variance: float) -> float:
    """Expected information gain about the effect, ½ ln(v₀/v₁), in nats."""
    return 0.5 * float(np.log(prior.sd**2 / posterior_variance(prior, variance)))


def assurance(prior: EffectDistribution, noise: Noise, variance: float, smallest_effect: float) -> float:
    """Probability, before the data, that the trial ends in a decision other than "keep going"; see `assurances`."""
    return float(assurances(prior, noise, np.array([variance]), smallest_effect)[0])


def assurances(
    prior: EffectDistribution, noise: Noise, variance: FloatArray, smallest_effect: float
) -> FloatArray:
    """Probability, before the data, that a trial ends in a decision other than "keep going", for several designs.

    Parameters
    ----------
    prior : EffectDistribution
        Design prior of the effect, in the outcome's unit.
    variance : FloatArray
        v of each design, in the outcome's unit squared, shape (designs,).
    smallest_effect : float
        δ, in the outcome's unit.

    Returns
    -------
    FloatArray
        Shape (designs,).

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.assurance import EffectDistribution, Noise, assurances
    >>> expected = EffectDistribution(mean=10.0, sd=5.0)
    >>> assurances(expected, Noise(sigma=20.0, rho=0.3), np.array([36.0, 4.0]), smallest_effect=6.0).round(2)
    array([0.41, 0.81])
    """
    from scipy.special import ndtr, ndtri

    # The analysis shrinks the estimate towards zero by its own prior: over the design prior the posterior mean is
    # normal with this mean and spread.
    after = posterior_variance(EffectDistribution(0.0, EFFECT_SD * noise.sigma), variance)
    shrinkage = after / variance
    mean = shrinkage * prior.mean
    spread = shrinkage * np.sqrt(prior.sd**2 + variance)
    posterior_sd = np.sqrt(after)
    # A posterior mean beyond ±`beyond` decides that the effect matters, one within ±`inside` that it does not.
    beyond = smallest_effect + float(ndtri(DECISION_THRESHOLD)) * posterior_sd
    inside = _widest_harmless_means(posterior_sd, smallest_effect)
    decisive = ndtr((mean - beyond) / spread) + ndtr((-beyond - mean) / spread)
    harmless = ndtr((inside - mean) / spread) - ndtr((-inside - mean) / spread)
    return np.asarray(decisive + np.where(inside >= 0, harmless, 0.0))


def _widest_harmless_means(posterior_sd: FloatArray, smallest_effect: float) -> FloatArray:
    """Largest posterior mean at which P(|θ| ≤ δ) still reaches the threshold; -1 where it never does."""
    from scipy.special import ndtr

    def within(mean: FloatArray) -> FloatArray:
        above, below = (smallest_effect - mean) / posterior_sd, (-smallest_effect - mean) / posterior_sd
        return np.asarray(ndtr(above) - ndtr(below))

    low, high = np.zeros_like(posterior_sd), np.full_like(posterior_sd, smallest_effect)
    never = within(low) < DECISION_THRESHOLD
    # Bisection: forty halvings reach 1e-12 of δ.
    for _ in range(40):
        middle = (low + high) / 2
        enough = within(middle) >= DECISION_THRESHOLD
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(never, -1.0, low)


def value_of_information(
    prior: EffectDistribution, variance: float, cost: float, *, lower_is_better: bool
) -> float:
    """Expected value of the trial by the unit-normal loss integral, in the outcome's unit.

    Adopting gains the effect less `cost`, the effect that would just compensate for the effort; not adopting gains
    nothing. The value is the expected gain of deciding after the trial over deciding now (Raiffa & Schlaifer 1961).

    Parameters
    ----------
    variance : float
        v of the design, in the outcome's unit squared.
    cost : float
        In the outcome's unit.
    lower_is_better : bool
        Whether a negative effect is a gain.
    """
    from scipy.special import ndtr

    # SD of the posterior mean before the data: by how much the trial may change the estimate.
    spread = float(np.sqrt(prior.sd**2 - posterior_variance(prior, variance)))
    gain = -prior.mean if lower_is_better else prior.mean
    distance = abs(gain - cost) / spread
    density = float(np.exp(-0.5 * distance**2) / np.sqrt(2 * np.pi))
    return spread * (density - distance * float(ndtr(-distance)))


def noise_of(day: IntArray, standard: FloatArray, spread: float) -> Noise:
    """Estimate a person's σ and ρ from past days, net of trend and weekday.

    Parameters
    ----------
    day : IntArray
        Days with an outcome, as days since 1970-01-01; shape (days,).
    standard : FloatArray
        Standardised outcome, shape (days,).
    spread : float
        SD by which it was standardised, in the outcome's unit.
    """
    posterior = exact_inference.fit_exact(background_columns(day), standard)
    calendar_days = int(day[-1]) - int(day[0]) + 1
    sigma = float(posterior.sigma_mean()[0]) * spread
    return Noise(sigma, float(posterior.rho_mean()[0]), len(day) / calendar_days)
