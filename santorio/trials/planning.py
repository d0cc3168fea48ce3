"""What a design is worth before it is run, in closed form, with the person's own ρ and σ.

For a linear model with known ρ and σ the precision of a design does not depend on what will be observed::

    V = (X'Σ⁻¹X + P)⁻¹,  Σ = σ² AR(1),  P the nuisance columns' prior precision,  v = V_θθ

so that the estimate is θ̂ ~ N(θ, v). Two priors meet it: what is believed now, N(m₀, v₀), which says how probable each
estimate is; and the trial model's own N(0, σ²), which the analysis will use whatever is believed now. Effects are in
the outcome's unit.
"""

from dataclasses import dataclass

import numpy as np

from santorio.trials import exact
from santorio.trials.columns import (
    EFFECT_SD,
    FloatArray,
    IntArray,
    arm_exposure,
    background_columns,
    trial_columns,
)
from santorio.trials.decisions import DECISIVE


@dataclass(frozen=True, slots=True)
class Noise:
    """How a person's outcome moves by itself: σ in its unit, and the correlation of a day with the next."""

    sigma: float
    rho: float


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of an effect before the trial, in the outcome's unit."""

    mean: float
    sd: float


def estimate_variance(arm: IntArray, cycle: IntArray, noise: Noise) -> float:
    """Variance v of the effect's estimate under this schedule, whatever will be observed.

    The columns and nuisance priors are those of the trial's model; cycles depart by the typical amount.
    """
    columns = trial_columns(np.arange(len(arm)), arm_exposure(arm, 2), cycle)
    prior_sd = np.where(columns.pooled, columns.prior_sd * exact.TAU_SD / 2, columns.prior_sd)
    precision = prior_sd**-2.0
    effect = columns.index("arm_1")
    precision[effect] = 0.0
    white, _ = exact.whiten(columns.values, columns.gap_days, noise.rho)
    covariance = np.linalg.inv(white.T @ white + np.diag(precision))
    return float(covariance[effect, effect] * noise.sigma**2)


def posterior_variance(prior: Belief, variance: float) -> float:
    """Variance of a belief after an estimate of variance `variance`."""
    return float(1 / (prior.sd**-2.0 + 1 / variance))


def information_gain(prior: Belief, variance: float) -> float:
    """Expected information gain about the effect, ½ ln(v₀/v₁), in nats."""
    return 0.5 * float(np.log(prior.sd**2 / posterior_variance(prior, variance)))


def assurance(prior: Belief, noise: Noise, variance: float, smallest_effect: float) -> float:
    """Probability, before the data, that the trial ends in a decision other than "keep going".

    Parameters
    ----------
    variance : float
        v, from `estimate_variance`.
    smallest_effect : float
        δ.
    """
    from scipy.special import ndtr, ndtri

    model = Belief(0.0, EFFECT_SD * noise.sigma)
    after = posterior_variance(model, variance)
    shrinkage = after / variance
    mean = shrinkage * prior.mean
    spread = shrinkage * float(np.sqrt(prior.sd**2 + variance))
    posterior_sd = float(np.sqrt(after))
    beyond = smallest_effect + float(ndtri(DECISIVE)) * posterior_sd
    decisive = ndtr((mean - beyond) / spread) + ndtr((-beyond - mean) / spread)
    inside = _widest_harmless_mean(posterior_sd, smallest_effect)
    if inside is not None:
        decisive += ndtr((inside - mean) / spread) - ndtr((-inside - mean) / spread)
    return float(decisive)


def _widest_harmless_mean(posterior_sd: float, smallest_effect: float) -> float | None:
    """Largest posterior mean at which P(|θ| ≤ δ) still reaches the threshold; None if it never does."""
    from scipy.special import ndtr

    def within(mean: float) -> float:
        return float(
            ndtr((smallest_effect - mean) / posterior_sd) - ndtr((-smallest_effect - mean) / posterior_sd)
        )

    if within(0.0) < DECISIVE:
        return None
    low, high = 0.0, smallest_effect
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) >= DECISIVE else (low, middle)
    return low


def value_of_information(prior: Belief, variance: float, cost: float, *, lower_is_better: bool) -> float:
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
    posterior = exact.fit_exact(background_columns(day), standard)
    return Noise(float(posterior.sigma_mean()[0]) * spread, float(posterior.rho_mean()[0]))
