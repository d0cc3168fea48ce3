"""The exact answer for one Gaussian outcome with AR(1) noise: closed form for coefficients and σ, quadrature over ρ, τ.

It is the reference that the sampled model must agree with, and the engine for planning and for operating
characteristics: all outcomes simulated on one design share their factorisations. Pure arrays; no data access.

The model, with y standardised and all coefficients in units of σ::

    y = X b + η,  η_t stationary AR(1) with spread σ and correlation ρ^Δ over Δ days
    b_j ~ N(0, (σ s_j)²),  b_j ~ N(0, (σ s_j τ)²) where the column is pooled
    σ² ~ InverseGamma(2, 1),  (ρ+1)/2 ~ Beta(4, 2),  τ ~ HalfNormal(0.3)
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from santorio.trials.columns import Columns, FloatArray

VARIANCE_SHAPE = 2.0
VARIANCE_SCALE = 1.0
RHO_BETA = (4.0, 2.0)
TAU_SD = 0.3
RHO_NODES = 24
TAU_NODES = 6


@cache
def _grid(*, pooled: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes of (ρ, τ) and the log of quadrature weight times prior density."""
    nodes, weights = np.polynomial.legendre.leggauss(RHO_NODES)
    a, b = RHO_BETA
    log_rho = np.log(weights) + (a - 1) * np.log1p(nodes) + (b - 1) * np.log1p(-nodes)
    if not pooled:
        return nodes, np.zeros(1), (log_rho - np.logaddexp.reduce(log_rho))[:, None]
    tau, tau_weights = np.polynomial.legendre.leggauss(TAU_NODES)
    # Four standard deviations hold all but 6e-5 of a half-normal.
    tau = 2 * TAU_SD * (tau + 1)
    log_tau = np.log(tau_weights) - tau**2 / (2 * TAU_SD**2)
    log_weight = log_rho[:, None] + log_tau[None, :]
    return nodes, tau, log_weight - np.logaddexp.reduce(log_weight, axis=None)


def whiten(values: FloatArray, gap_days: FloatArray, rho: float) -> tuple[FloatArray, float]:
    """Rows of `values` turned into unit-variance innovations of a stationary AR(1), exact over gaps.

    Returns the innovations and the sum of log innovation variances (σ = 1):
    r_i | r_{i-1} ~ N(ρ^Δ r_{i-1}, 1 - ρ^{2Δ}).
    """
    step = rho ** gap_days[1:]
    variance = 1 - step**2
    shape = (-1,) + (1,) * (values.ndim - 1)
    later = (values[1:] - step.reshape(shape) * values[:-1]) / np.sqrt(variance).reshape(shape)
    return np.concatenate([values[:1], later]), float(np.log(variance).sum())


@dataclass(frozen=True)
class ExactPosterior:
    """Posterior of the coefficients as a mixture of Student-t over the nodes of (ρ, τ).

    Shapes: `weights` (nodes, outcomes), `location` (nodes, columns, outcomes), `spread` (nodes, columns),
    `scale` (nodes, outcomes) is the Student-t scale of σ; a coefficient's scale is the product.
    """

    columns: Columns
    rho: FloatArray
    tau: FloatArray
    weights: FloatArray
    location: FloatArray
    spread: FloatArray
    scale: FloatArray
    degrees: float
    log_evidence: FloatArray

    def mean(self, column: str) -> FloatArray:
        """Posterior mean of a coefficient, one value an outcome."""
        return np.asarray((self.weights * self.location[:, self.columns.index(column)]).sum(axis=0))

    def sd(self, column: str) -> FloatArray:
        """Posterior standard deviation of a coefficient."""
        j = self.columns.index(column)
        inflate = self.degrees / (self.degrees - 2)
        second = inflate * (self.spread[:, j, None] * self.scale) ** 2 + self.location[:, j] ** 2
        return np.asarray(np.sqrt((self.weights * second).sum(axis=0) - self.mean(column) ** 2))

    def below(self, column: str, value: float | FloatArray, *, next_cycle: bool = False) -> FloatArray:
        """P(coefficient < value); with `next_cycle` of the coefficient as another cycle would show it."""
        from scipy.special import stdtr

        j = self.columns.index(column)
        spread = self.spread[:, j, None]
        if next_cycle:
            spread = np.sqrt(spread**2 + self.tau[:, None] ** 2)
        t = (value - self.location[:, j]) / (spread * self.scale)
        return np.asarray((self.weights * stdtr(self.degrees, t)).sum(axis=0))

    def quantile(self, column: str, probability: float) -> FloatArray:
        """Quantile of a coefficient, by bisection of the mixture's distribution function."""
        half = 40 * self.sd(column)
        low, high = self.mean(column) - half, self.mean(column) + half
        for _ in range(60):
            middle = (low + high) / 2
            under = self.below(column, middle) < probability
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray((low + high) / 2)

    def fitted(self) -> FloatArray:
        """Posterior mean of what the columns explain of the first outcome, shape (days,)."""
        coefficient = (self.weights[:, None, :] * self.location).sum(axis=0)[:, 0]
        return np.asarray(self.columns.values @ coefficient)

    def rho_mean(self) -> FloatArray:
        """Posterior mean of the day-to-day correlation ρ."""
        return np.asarray((self.weights * self.rho[:, None]).sum(axis=0))

    def sigma_mean(self) -> FloatArray:
        """Posterior mean of σ, the spread of a day around what the model expects."""
        from scipy.special import gammaln

        shape = self.degrees / 2
        ratio = np.exp(gammaln(shape - 0.5) - gammaln(shape)) * np.sqrt(shape)
        return np.asarray((self.weights * self.scale).sum(axis=0) * ratio)


def fit_exact(columns: Columns, outcome: FloatArray) -> ExactPosterior:
    """Posterior given standardised outcomes.

    Parameters
    ----------
    columns : Columns
        The design and its priors; shared by all outcomes.
    outcome : FloatArray
        Standardised outcome, shape (days,) or (days, outcomes).
    """
    y = outcome[:, None] if outcome.ndim == 1 else outcome
    rhos, taus, log_weight = _grid(pooled=bool(columns.pooled.any()))
    days, width = columns.values.shape
    shape = VARIANCE_SHAPE + days / 2
    log_evidence = np.empty((len(rhos), len(taus), y.shape[1]))
    location = np.empty((len(rhos), len(taus), width, y.shape[1]))
    spread = np.empty((len(rhos), len(taus), width))
    scale = np.empty_like(log_evidence)
    # σ's prior scale is never 0, yet τ may nearly be; the floor keeps 1/τ² finite.
    prior_sd = np.where(columns.pooled, columns.prior_sd * np.maximum(taus, 1e-3)[:, None], columns.prior_sd)
    for i, rho in enumerate(rhos):
        white_x, log_variance = whiten(columns.values, columns.gap_days, float(rho))
        white_y, _ = whiten(y, columns.gap_days, float(rho))
        gram = (white_x.T @ white_x)[None] + np.eye(width) * prior_sd[:, None, :] ** -2.0
        cross = white_x.T @ white_y
        inverse = np.linalg.inv(gram)
        location[i] = inverse @ cross
        spread[i] = np.sqrt(np.diagonal(inverse, axis1=1, axis2=2))
        explained = (cross[None] * location[i]).sum(axis=1)
        rate = VARIANCE_SCALE + 0.5 * ((white_y**2).sum(axis=0)[None] - explained)
        scale[i] = np.sqrt(rate / shape)
        log_det = np.linalg.slogdet(gram)[1] + 2 * np.log(prior_sd).sum(axis=1)
        log_evidence[i] = -0.5 * (log_variance + log_det)[:, None] - shape * np.log(rate)
    joint = (log_evidence + log_weight[:, :, None]).reshape(-1, y.shape[1])
    total = np.logaddexp.reduce(joint, axis=0)
    nodes = len(rhos) * len(taus)
    return ExactPosterior(
        columns=columns,
        rho=np.repeat(rhos, len(taus)),
        tau=np.tile(taus, len(rhos)),
        weights=np.exp(joint - total),
        location=location.reshape(nodes, width, -1),
        spread=spread.reshape(nodes, width),
        scale=scale.reshape(nodes, -1),
        degrees=2 * shape,
        log_evidence=total,
    )
