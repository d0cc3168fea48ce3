"""What a design is worth before it is run, in closed form, with the person's own ρ and σ.

For a linear model with known ρ and σ the precision of a design does not depend on what will be observed::

    V = (X'Σ⁻¹X + P)⁻¹,  Σ = σ² AR(1),  P the nuisance columns' prior precision,  v = V_θθ

so that the estimate is θ̂ ~ N(θ, v). Two priors enter: the prior of planning, N(m₀, v₀), which says how probable each
estimate is; and the trial model's own N(0, σ²), which the analysis uses whatever the former is. Effects are in
the outcome's unit.
"""

from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.stats import exact_inference
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.stats.design_matrix import EFFECT_SD, Columns, TrialDesign, background_columns


@dataclass(frozen=True, slots=True)
class Noise:
    """How a person's outcome varies by itself.

    Attributes
    ----------
    sigma : float
        Standard deviation of a day, in the outcome's unit.
    rho : float
        Correlation of a day with the next.
    observed_share : float
        Share of days that have an outcome at all.
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
    """Variance v of the effect's estimate under this schedule of consecutive days, whatever will be observed.

    Of several arms it is the mean over their effects against the reference.
    """
    days = len(arm)
    arms = int(arm.max()) + 1
    design = TrialDesign(np.arange(days), arm, cycle, np.ones(days, dtype=bool), arms)
    (unit,) = unit_variances(design.columns(carry_over), np.array([noise.rho]))
    return float(unit * noise.sigma**2 / noise.observed_share)


def unit_variances(columns: Columns, rho: FloatArray) -> FloatArray:
    """V in units of σ² for several ρ at once, shape (values of ρ,).

    The columns and nuisance priors are those of the trial's model; cycles depart by the typical amount. X'Σ⁻¹X is a sum
    over the gaps Δ that occur, with r = ρ^Δ and x_t the rows::

        x_1 x_1' + Σ_Δ [Σ x_t x_t' - r Σ (x_t x_{t-1}' + x_{t-1} x_t') + r² Σ x_{t-1} x_{t-1}'] / (1 - r²)

    so that all ρ share the products of rows.
    """
    x, gap_days = columns.values, columns.gap_days[1:]
    gram = np.broadcast_to(np.outer(x[0], x[0]), (len(rho), x.shape[1], x.shape[1])).copy()
    for gap in np.unique(gap_days):
        now, before = x[1:][gap_days == gap], x[:-1][gap_days == gap]
        across = now.T @ before
        r = (rho**gap)[:, None, None]
        gram += (now.T @ now - r * (across + across.T) + r**2 * (before.T @ before)) / (1 - r**2)
    prior_sd = np.where(columns.pooled, columns.prior_sd * exact_inference.TAU_SD / 2, columns.prior_sd)
    covariance = np.linalg.inv(gram + np.diag(prior_sd**-2.0))
    arms = [position for position, name in enumerate(columns.names) if _is_effect(name)]
    # The effect's own prior is removed again: v is the variance by the data alone.
    with_prior = covariance[:, arms, arms]
    return np.asarray((1 / (1 / with_prior - columns.prior_sd[arms] ** -2.0)).mean(axis=1))


def _is_effect(name: str) -> bool:
    return name.startswith("arm_") and "cycle" not in name


def posterior_variance[Value: (float, FloatArray)](prior: EffectDistribution, variance: Value) -> Value:
    """Variance of the effect after an estimate of variance `variance`."""
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
    variance : FloatArray
        v of each design, in the outcome's unit squared, shape (designs,).
    smallest_effect : float
        δ.
    """
    from scipy.special import ndtr, ndtri

    after = posterior_variance(EffectDistribution(0.0, EFFECT_SD * noise.sigma), variance)
    shrinkage = after / variance
    mean = shrinkage * prior.mean
    spread = shrinkage * np.sqrt(prior.sd**2 + variance)
    posterior_sd = np.sqrt(after)
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
    for _ in range(40):
        middle = (low + high) / 2
        enough = within(middle) >= DECISION_THRESHOLD
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(never, -1.0, low)


def value_of_information(
    prior: EffectDistribution, variance: float, cost: float, *, lower_is_better: bool
) -> float:
    """Expected value of the trial by the unit-normal loss, in the outcome's unit.

    Adopting pays the effect less `cost`, the effect that would just repay keeping it up; not adopting pays nothing. The
    value is what deciding after the trial earns over deciding now.
    """
    from scipy.special import ndtr

    spread = float(np.sqrt(prior.sd**2 - posterior_variance(prior, variance)))
    net = (-prior.mean if lower_is_better else prior.mean) - cost
    distance = abs(net) / spread
    density = float(np.exp(-0.5 * distance**2) / np.sqrt(2 * np.pi))
    return spread * (density - distance * float(ndtr(-distance)))


def noise_of(day: IntArray, standard: FloatArray, spread: float) -> Noise:
    """Estimate a person's own σ and ρ from the days already lived, net of trend and weekday."""
    posterior = exact_inference.fit_exact(background_columns(day), standard)
    observed_share = len(day) / (int(day[-1]) - int(day[0]) + 1)
    return Noise(float(posterior.sigma_mean()[0]) * spread, float(posterior.rho_mean()[0]), observed_share)
