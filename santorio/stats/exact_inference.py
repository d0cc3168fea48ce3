"""The exact answer for Gaussian outcomes with AR(1) noise: closed form for coefficients and σ, quadrature for the rest.

It is the reference that the sampled model must agree with, and the engine for planning and for operating
characteristics: all outcomes of one design share their factorisations. Pure arrays; no data access.

The model, with y standardised and all coefficients in units of σ::

    y = X(λ) b + η,  η_t stationary AR(1) with standard deviation σ and correlation ρ^Δ over Δ days
    b_j ~ N(0, (σ s_j)²),  b_j ~ N(0, (σ s_j τ)²) where the column is pooled
    θ_k ~ Σ_i w_i N(σ m_i, (σ s_i)²)  for the arms
    σ² ~ InverseGamma(2, 1),  (ρ+1)/2 ~ Beta(6, 1.5),  τ ~ HalfNormal(0.3),  λ ~ Beta(α, β) or 0
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.stats.design_matrix import Columns, TrialDesign
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior
from santorio.stats.exact_posterior import ExactPosterior
from santorio.stats.marginal_likelihood import Marginal, marginalise
from santorio.stats.quadrature import (
    RHO_BETA,
    TAU_SD,
    ZERO,
    Rule,
    carry_over_rule,
    hermite_rule,
    rho_rule,
    tau_rule,
)

__all__ = ["RHO_BETA", "TAU_SD", "VARIANCE_SCALE", "VARIANCE_SHAPE", "fit_exact", "fit_trial", "whiten"]

# σ² ~ InverseGamma(shape, scale), of a standardised outcome.
VARIANCE_SHAPE = 2.0
VARIANCE_SCALE = 1.0


def whiten(values: FloatArray, gap_days: FloatArray, rho: float) -> tuple[FloatArray, float]:
    """Turn rows into unit-variance innovations of a stationary AR(1), exact over gaps.

    r_i | r_{i-1} ~ N(ρ^Δ r_{i-1}, 1 - ρ^{2Δ})

    Parameters
    ----------
    values : FloatArray
        Shape (days,) or (days, columns).
    gap_days : FloatArray
        See `santorio.stats.design_matrix.gaps`, shape (days,).
    rho : float
        Correlation of a day with the next.

    Returns
    -------
    innovations : FloatArray
        In the shape of `values`.
    log_variance : float
        Sum of the logarithms of the innovations' variances, with σ = 1.
    """
    step = rho ** gap_days[1:]
    variance = 1 - step**2
    shape = (-1,) + (1,) * (values.ndim - 1)
    later = (values[1:] - step.reshape(shape) * values[:-1]) / np.sqrt(variance).reshape(shape)
    return np.concatenate([values[:1], later]), float(np.log(variance).sum())


@dataclass(frozen=True)
class RegressionPosterior(ExactPosterior):
    """Posterior of all coefficients of a regression whose columns are known."""

    columns: Columns

    def fitted(self) -> FloatArray:
        """Posterior mean of the linear predictor of the first outcome, shape (days,)."""
        coefficient = (self.weights[:, None, :] * self.location).sum(axis=0)[:, 0]
        return np.asarray(self.columns.values @ coefficient)


def fit_exact(columns: Columns, outcome: FloatArray, *, fine: bool = True) -> RegressionPosterior:
    """Posterior of every coefficient, given standardised outcomes. The columns are known: there is no carry-over.

    Parameters
    ----------
    columns : Columns
        The design and its priors; shared by all outcomes.
    outcome : FloatArray
        Standardised outcome, shape (days,) or (days, outcomes).
    fine : bool
        See `fit_trial`.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.design_matrix import background_columns
    >>> from santorio.stats.exact_inference import fit_exact
    >>> outcome = np.random.default_rng(1).normal(size=90)
    >>> posterior = fit_exact(background_columns(np.arange(20_000, 20_090)), outcome)
    >>> posterior.names[:3]
    ('level', 'line', 'wave_1')
    >>> posterior.mean("level").shape, posterior.fitted().shape
    ((1,), (90,))
    """
    y = _two_dimensional(outcome)
    days, width = columns.values.shape
    cycles = 2 if columns.pooled.any() else 1
    rhos, taus = rho_rule(days, fine=fine), tau_rule(cycles, fine=fine)
    shape = VARIANCE_SHAPE + days / 2
    grid = (len(rhos.nodes), len(taus.nodes))
    log_weights = np.empty((*grid, y.shape[1]))
    location = np.empty((*grid, width, y.shape[1]))
    spread = np.empty((*grid, width))
    scale = np.empty_like(log_weights)
    # σ's prior scale is never 0, yet τ may nearly be; the floor keeps 1/τ² finite.
    pooled_sd = columns.prior_sd * np.maximum(taus.nodes, 1e-3)[:, None]
    prior_sd = np.where(columns.pooled, pooled_sd, columns.prior_sd)
    # Given ρ and τ this is a conjugate linear regression; τ only changes the prior, so that all of its nodes share X'X.
    for i, rho in enumerate(rhos.nodes):
        white_x, log_variance = whiten(columns.values, columns.gap_days, float(rho))
        white_y, _ = whiten(y, columns.gap_days, float(rho))
        gram = (white_x.T @ white_x)[None] + np.eye(width) * prior_sd[:, None, :] ** -2.0
        cross = white_x.T @ white_y
        inverse = np.linalg.inv(gram)
        location[i] = inverse @ cross
        spread[i] = np.sqrt(np.diagonal(inverse, axis1=1, axis2=2))
        rate = VARIANCE_SCALE + 0.5 * ((white_y**2).sum(axis=0) - (cross * location[i]).sum(axis=1))
        scale[i] = np.sqrt(rate / shape)
        log_determinant = log_variance + np.linalg.slogdet(gram)[1] + 2 * np.log(prior_sd).sum(axis=1)
        log_weights[i] = _log_evidence(log_determinant[:, None], rate, days)
    log_weights += (rhos.log_weights[:, None] + taus.log_weights)[:, :, None]
    flat = log_weights.reshape(-1, y.shape[1])
    nodes = len(flat)
    total = _log_sum(flat)
    return RegressionPosterior(
        names=columns.names,
        rho=np.repeat(rhos.nodes, len(taus.nodes)),
        carry_over=np.zeros(nodes),
        tau=np.tile(taus.nodes, len(rhos.nodes)),
        component=np.zeros((nodes, 1), dtype=np.int64),
        log_weights=flat - total,
        location=location.reshape(nodes, width, -1),
        spread=spread.reshape(nodes, width),
        scale=scale.reshape(nodes, -1),
        degrees=np.full(nodes, 2 * shape),
        log_evidence=total,
        rho_rule=rhos,
        carry_over_rule=ZERO,
        tau_rule=taus,
        columns=columns,
    )


def fit_trial(
    design: TrialDesign,
    outcome: FloatArray,
    *,
    carry_over: CarryOver | None = None,
    prior: EffectPrior = WEAK,
    fine: bool = True,
) -> ExactPosterior:
    """Posterior of the effects of a trial's arms.

    Parameters
    ----------
    design : TrialDesign
        Shared by all outcomes.
    outcome : FloatArray
        Standardised outcome of the observed days, shape (days,) or (days, outcomes).
    carry_over : CarryOver, optional
        Prior of λ; without it λ is 0.
    prior : EffectPrior
        Of every arm's effect, in units of σ.
    fine : bool
        Whether to use the nodes that days with a correlation above 0.9 need, five times as many. Simulations of
        outcomes whose correlation is known to be smaller do without.

    Returns
    -------
    ExactPosterior
        Of `arm_1` and so on, in the standardised unit.

    Raises
    ------
    ValueError
        If `outcome` does not have a value for every observed day.

    Examples
    --------
    An effect of one σ, simulated and found:

    >>> import numpy as np
    >>> from santorio.stats.design_matrix import TrialDesign
    >>> from santorio.stats.exact_inference import fit_trial
    >>> from santorio.stats.randomization import draw_daily
    >>> arm = draw_daily(cycles=6, cycle_days=14, seed=1)
    >>> day = np.arange(20_000, 20_084)
    >>> design = TrialDesign(day, arm, np.arange(84) // 14, np.ones(84, dtype=bool), arms=2)
    >>> outcome = 1.0 * arm + np.random.default_rng(1).normal(size=84)
    >>> posterior = fit_trial(design, outcome)
    >>> lower, upper = posterior.interval_95("arm_1")
    >>> lower < 1.0 < upper
    True
    """
    y = _two_dimensional(outcome)
    background = design.background()
    if len(y) != len(background.values):
        msg = "an outcome is needed for every observed day, and for no other"
        raise ValueError(msg)
    days = len(y)
    rhos, taus = rho_rule(days, fine=fine), tau_rule(design.cycles, fine=fine)
    lambdas = carry_over_rule(carry_over, days)
    exposure = _by_cycle(design, design.exposure(lambdas.nodes))
    marginal = marginalise(background, exposure, y, rhos.nodes, taus.nodes)
    # The posterior under a mixture prior is the mixture of the posteriors under its components.
    parts: list[_Part] = []
    for choice in _choices(prior, design.arms - 1):
        parts += _given(choice, marginal, days)
    log_prior = _log_prior(rhos, lambdas, taus)
    log_weights = np.concatenate([log_prior + part.log_evidence for part in parts])
    total = _log_sum(log_weights)
    grid = np.meshgrid(rhos.nodes, lambdas.nodes, taus.nodes, indexing="ij")
    rho, carry_over_of_node, tau = [np.tile(axis.ravel(), len(parts)) for axis in grid]
    nodes = len(log_prior)
    return ExactPosterior(
        names=tuple(f"arm_{k}" for k in range(1, design.arms)),
        rho=rho,
        carry_over=carry_over_of_node,
        tau=tau,
        component=np.repeat([part.choice.component for part in parts], nodes, axis=0),
        log_weights=log_weights - total,
        location=np.concatenate([part.location for part in parts]),
        spread=np.concatenate([part.spread for part in parts]),
        scale=np.concatenate([part.scale for part in parts]),
        degrees=np.repeat([part.degrees for part in parts], nodes),
        log_evidence=total,
        rho_rule=rhos,
        carry_over_rule=lambdas,
        tau_rule=taus,
    )


def _log_sum(log_weights: FloatArray) -> FloatArray:
    """Logarithm of the sum over nodes; nine times as fast as `np.logaddexp.reduce`, which adds two at a time."""
    largest = log_weights.max(axis=0)
    return np.asarray(largest + np.log(np.exp(log_weights - largest).sum(axis=0)))


def _two_dimensional(outcome: FloatArray) -> FloatArray:
    return outcome[:, None] if outcome.ndim == 1 else outcome


def _by_cycle(design: TrialDesign, exposure: FloatArray) -> FloatArray:
    """Exposure to each arm in each cycle, shape (λ, days, arms - 1, cycles)."""
    inside = design.cycle[design.observed][:, None] == np.arange(design.cycles)
    return np.asarray(exposure[:, :, :, None] * inside[None, :, None, :])


def _log_prior(rhos: Rule, lambdas: Rule, taus: Rule) -> FloatArray:
    joint = rhos.log_weights[:, None, None] + lambdas.log_weights[:, None] + taus.log_weights
    return np.asarray(joint.reshape(-1, 1))


def _log_evidence(log_determinant: FloatArray, rate: FloatArray, days: int) -> FloatArray:
    """Log density of a multivariate Student-t: σ² integrated out. `rate` is that of σ²'s posterior."""
    from scipy.special import gammaln

    shape = VARIANCE_SHAPE + days / 2
    constant = gammaln(shape) - gammaln(VARIANCE_SHAPE) + VARIANCE_SHAPE * np.log(VARIANCE_SCALE)
    constant -= days / 2 * np.log(2 * np.pi)
    return np.asarray(constant - log_determinant / 2 - shape * np.log(rate))


@dataclass(frozen=True)
class _Choice:
    """One component of the prior for each arm: normal in units of σ, so closed form once it is chosen."""

    component: IntArray
    log_weight: float
    mean: FloatArray
    sd: FloatArray


def _choices(prior: EffectPrior, arms: int) -> Iterator[_Choice]:
    weights, means, sds = map(np.array, (prior.weights, prior.means, prior.sds))
    for chosen in itertools.product(range(prior.components), repeat=arms):
        component = np.array(chosen, dtype=np.int64)
        yield _Choice(component, float(np.log(weights[component]).sum()), means[component], sds[component])


@dataclass(frozen=True)
class _Part:
    """Posterior under one choice, and one node of σ where it has nodes; flat over the nodes of (ρ, λ, τ).

    Shapes: `log_evidence` and `scale` (nodes, outcomes), `location` (nodes, arms - 1, outcomes), `spread` (nodes,
    arms - 1).
    """

    choice: _Choice
    log_evidence: FloatArray
    location: FloatArray
    spread: FloatArray
    scale: FloatArray
    degrees: float


def _given(choice: _Choice, marginal: Marginal, days: int) -> Iterator[_Part]:
    """Posterior of the arms' effects under normal priors."""
    # Completing the square: the days' precision and information, and those of the prior, add up.
    arms, outcomes = marginal.information.shape[-2:]
    prior_precision = choice.sd**-2.0
    inner = (marginal.precision + np.diag(prior_precision)).reshape(-1, arms, arms)
    covariance = np.linalg.inv(inner)
    information = marginal.information.reshape(-1, arms, outcomes)
    location = covariance @ information
    square = marginal.residual.reshape(-1, outcomes) - (information * location).sum(axis=1)
    log_determinant = marginal.log_determinant.reshape(-1) + np.linalg.slogdet(inner)[1]
    log_determinant = (log_determinant + 2 * np.log(choice.sd).sum())[:, None]
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    rate = VARIANCE_SCALE + square / 2
    # With a prior mean of zero σ² is inverse gamma, and the effect Student-t.
    if not choice.mean.any():
        shape = VARIANCE_SHAPE + days / 2
        log_evidence = choice.log_weight + _log_evidence(log_determinant, rate, days)
        yield _Part(choice, log_evidence, location, spread, np.sqrt(rate / shape), 2 * shape)
        return
    shift = covariance @ (prior_precision * choice.mean)
    pull = (information * shift[:, :, None]).sum(axis=1)
    # The part of the prior's exponent that does not depend on σ.
    constant = (prior_precision * choice.mean**2).sum() - (shift * prior_precision * choice.mean).sum(axis=1)
    for sigma, log_density in _over_sigma(rate, pull, days):
        log_evidence = choice.log_weight + log_density - (log_determinant + constant[:, None]) / 2
        moved = location + sigma[:, None, :] * shift[:, :, None]
        yield _Part(choice, log_evidence, moved, spread, sigma, np.inf)


def _over_sigma(rate: FloatArray, pull: FloatArray, days: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Nodes of σ, with the log of weight times density, for a prior mean that is not zero.

    A mean in units of σ adds a term in 1/σ, which no inverse gamma distribution has. In x = 1/σ the density is
    proportional to x^m exp(-rate x² + pull x), m = days + 2·shape - 1: nearly normal around its mode.
    """
    from scipy.special import gammaln

    power = days + 2 * VARIANCE_SHAPE - 1
    # Where the derivative of the log density is 0, and by its second derivative there how wide the density is.
    mode = (pull + np.sqrt(pull**2 + 8 * rate * power)) / (4 * rate)
    width = 1 / np.sqrt(2 * rate + power / mode**2)
    constant = np.log(2) + VARIANCE_SHAPE * np.log(VARIANCE_SCALE) - gammaln(VARIANCE_SHAPE)
    constant -= days / 2 * np.log(2 * np.pi)
    for at, log_weight in zip(*hermite_rule(), strict=True):
        x = mode + at * width
        positive = np.maximum(x, 1e-300)
        log_density = (
            power * np.log(positive) - rate * x**2 + pull * x + np.log(width) + log_weight + constant
        )
        yield 1 / positive, np.where(x > 0, log_density, -np.inf)
