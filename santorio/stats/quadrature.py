"""Quadrature over a trial's few non-linear parameters: correlation, carry-over, pooling, σ.

A rule integrates against a prior: its weights sum to one, and the integrand is the likelihood. The number of nodes
follows from how narrow the likelihood can be, which depends on the number of days.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.effect_priors import CarryOver

# (ρ+1)/2 ~ Beta(6, 1.5), and τ ~ HalfNormal(0.3).
RHO_BETA = (6.0, 1.5)
TAU_SD = 0.3
# Simulations of days whose correlation is known to be at most this do not need the fine rules.
MAX_COARSE_RHO = 0.8
MIN_RHO_NODES, FINE_RHO_NODES = 16, 48
MIN_CARRY_OVER_NODES, MAX_CARRY_OVER_NODES = 8, 24
TAU_NODES, FINE_TAU_NODES = 6, 12
SIGMA_NODES = 9


@dataclass(frozen=True)
class Rule:
    """Quadrature against a prior.

    Attributes
    ----------
    nodes : FloatArray
        Shape (nodes,).
    log_weights : FloatArray
        Logarithm of the weights, which sum to one; shape (nodes,).
    """

    nodes: FloatArray
    log_weights: FloatArray


# The rule of a parameter that is known to be 0.
ZERO = Rule(np.zeros(1), np.zeros(1))


class PriorRule(Rule, ABC):
    """A rule with its prior, so that the posterior can be evaluated between the nodes.

    Every method returns an array in the shape of its argument.
    """

    @abstractmethod
    def prior_below(self, value: float | FloatArray) -> FloatArray:
        """Distribution function of the prior."""

    @abstractmethod
    def prior_quantile(self, probability: FloatArray) -> FloatArray:
        """Quantile function of the prior."""

    @abstractmethod
    def angle(self, value: FloatArray) -> FloatArray:
        """Angle of a value on the half circle on which Gauss nodes are equally spaced, from 0 to π."""


@dataclass(frozen=True)
class BetaRule(PriorRule):
    """Gauss-Jacobi rule against Beta(alpha, beta) on (lowest, 1)."""

    alpha: float
    beta: float
    lowest: float

    def prior_below(self, value: float | FloatArray) -> FloatArray:
        """Distribution function of the prior."""
        from scipy.special import betainc

        unit = (np.asarray(value) - self.lowest) / (1 - self.lowest)
        return np.asarray(betainc(self.alpha, self.beta, np.clip(unit, 0, 1)))

    def prior_quantile(self, probability: FloatArray) -> FloatArray:
        """Quantile function of the prior."""
        from scipy.special import betaincinv

        return np.asarray(self.lowest + (1 - self.lowest) * betaincinv(self.alpha, self.beta, probability))

    def angle(self, value: FloatArray) -> FloatArray:
        """Angle of a value on the half circle on which Gauss nodes are equally spaced, from 0 to π."""
        return np.asarray(np.arccos(1 - 2 * (value - self.lowest) / (1 - self.lowest)))


@cache
def beta_rule(alpha: float, beta: float, nodes: int, lowest: float = 0.0) -> BetaRule:
    """Gauss-Jacobi rule against Beta(alpha, beta), stretched to (lowest, 1).

    By the eigenvalues of the recurrence's matrix (Golub & Welsch 1969, doi:10.1090/S0025-5718-69-99647-1), which gives
    weights that sum to one; SciPy's `roots_jacobi` gives them times a factor that overflows for narrow priors.

    Examples
    --------
    Three nodes integrate λ exactly against its prior:

    >>> import numpy as np
    >>> from santorio.stats.quadrature import beta_rule
    >>> rule = beta_rule(2.0, 3.0, nodes=3)
    >>> round(float(np.exp(rule.log_weights) @ rule.nodes), 6)
    0.4
    """
    from scipy.linalg import eigh_tridiagonal

    # Of Jacobi polynomials with exponents p at 1 and q at -1 (Gautschi 2004, table 1.1).
    p, q = beta - 1, alpha - 1
    order = np.arange(1.0, nodes)
    total = 2 * order + p + q
    middle = np.concatenate([[(q - p) / (p + q + 2)], (q**2 - p**2) / (total * (total + 2))])
    # The first is apart: in the general form it would be 0/0 where p + q = -1.
    first = 4 * (1 + p) * (1 + q) / ((2 + p + q) ** 2 * (3 + p + q))
    order, total = order[1:], total[1:]
    later = 4 * order * (order + p) * (order + q) * (order + p + q) / (total**2 * (total + 1) * (total - 1))
    off_diagonal = np.sqrt(np.concatenate([[first], later])[: nodes - 1])
    at, vectors = eigh_tridiagonal(middle, off_diagonal)
    # A weight is the square of its eigenvector's first entry; far in the tails that underflows to 0.
    log_weights = 2 * np.log(np.maximum(np.abs(vectors[0]), 1e-150))
    return BetaRule(lowest + (1 - lowest) * (1 + at) / 2, log_weights, alpha, beta, lowest)


def rho_rule(days: int, *, fine: bool = True) -> BetaRule:
    """Rule for ρ, with (ρ+1)/2 ~ Beta(6, 1.5).

    In arcsin ρ the likelihood of n days is about 1/√n wide wherever it lies, and Gauss nodes are π/nodes apart. With
    steps of 1.4 standard deviations the error of the sum is some 1e-4 (2 exp(-2π²/1.4²)). That is so up to ρ of 0.9.
    Nearer to 1, where the likelihood falls off ever more steeply, sixteen nodes err by some 0.005 in a distribution
    function, 0.04 at most; the fine rule by a tenth of that.
    """
    min_nodes = FINE_RHO_NODES if fine else MIN_RHO_NODES
    nodes = max(min_nodes, int(np.ceil(np.pi * np.sqrt(days) / 1.4)))
    return beta_rule(*RHO_BETA, nodes, lowest=-1.0)


def carry_over_rule(prior: CarryOver | None, days: int) -> Rule:
    """Rule for λ; the one node 0 where there is no carry-over.

    The likelihood hardly depends on λ unless the effect is large: there are as many nodes as an effect of two σ needs.
    """
    if prior is None:
        return ZERO
    nodes = int(np.clip(np.ceil(1.2 * np.sqrt(days)), MIN_CARRY_OVER_NODES, MAX_CARRY_OVER_NODES))
    return beta_rule(prior.alpha, prior.beta, nodes)


@dataclass(frozen=True)
class HalfNormalRule(PriorRule):
    """Gauss-Legendre rule against HalfNormal(sd), cut at four standard deviations (6e-5 lies beyond)."""

    sd: float

    def prior_below(self, value: float | FloatArray) -> FloatArray:
        """Distribution function of the prior."""
        from scipy.special import ndtr

        return np.asarray(2 * ndtr(np.asarray(value) / self.sd) - 1)

    def prior_quantile(self, probability: FloatArray) -> FloatArray:
        """Quantile function of the prior, to where it is cut."""
        from scipy.special import ndtri

        return np.asarray(np.minimum(self.sd * ndtri((1 + probability) / 2), 4 * self.sd))

    def angle(self, value: FloatArray) -> FloatArray:
        """Angle of a value on the half circle on which Gauss nodes are equally spaced, from 0 to π."""
        return np.asarray(np.arccos(1 - value / (2 * self.sd)))


@cache
def tau_rule(cycles: int, *, fine: bool = True) -> Rule:
    """Rule for τ ~ HalfNormal(0.3); the one node 0 where there is one cycle."""
    if cycles < 2:
        return ZERO
    nodes = FINE_TAU_NODES if fine else TAU_NODES
    if cycles >= 8:
        # More cycles make τ's likelihood narrower.
        nodes += 4
    at, weights = np.polynomial.legendre.leggauss(nodes)
    # From (-1, 1) to (0, 4 SD).
    tau = 2 * TAU_SD * (at + 1)
    log_weights = np.log(weights) - tau**2 / (2 * TAU_SD**2)
    return HalfNormalRule(tau, log_weights - np.logaddexp.reduce(log_weights), TAU_SD)


@cache
def hermite_rule(nodes: int = SIGMA_NODES) -> tuple[FloatArray, FloatArray]:
    """Gauss-Hermite nodes, and logarithms of weights that include exp(z²/2), for ∫ f(z) dz of a bell-shaped f."""
    at, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return at, np.log(weights) + at**2 / 2
