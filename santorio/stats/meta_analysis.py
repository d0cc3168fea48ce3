"""Meta-analysis of several cases or people: a normal-normal hierarchy, integrated over the spread between them.

    θ̂_i | θ_i ~ Normal(θ_i, s_i²),  θ_i | μ, ω ~ Normal(μ, ω²)
    μ ~ Normal(0, (k S)²),  ω ~ HalfNormal(k S / 2),  k by default 1 with probability 0.8, else 4

θ̂_i and s_i are a case's own estimate and its standard deviation, computed without a prior on its effect; S is the
typical SD of a row. k lets effects be many times that SD, as one case's own prior does. μ is integrated in closed form,
k and ω by quadrature. Zucker et al. 1997 (doi:10.1016/S0895-4356(96)00429-5).

The prediction for a further case, θ_new | μ, ω ~ Normal(μ, ω²) over their posterior, is the meta-analytic-predictive
prior (Schmidli et al. 2014, doi:10.1111/biom.12242).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray

# Weight of each k, and k.
SCALE_MIXTURE = ((0.8, 1.0), (0.2, 4.0))
NODES = 48
# Four standard deviations hold all but 6e-5 of a half-normal.
MAX_SDS = 4.0
BETWEEN_SCALE = 0.5


@dataclass(frozen=True)
class Pooled:
    """Posterior of the mean effect μ and of the spread ω between cases, as a mixture over nodes of ω.

    Attributes
    ----------
    weights, between : FloatArray
        Posterior weight and ω of each node, shape (nodes,).
    means, sds : FloatArray
        Mean and SD of μ at each node, shape (nodes,).
    case_means, case_sds : FloatArray
        Posterior mean and SD of each case's own effect, shrunk towards the others; shape (cases,).
    """

    weights: FloatArray
    between: FloatArray
    means: FloatArray
    sds: FloatArray
    case_means: FloatArray
    case_sds: FloatArray

    @property
    def mean(self) -> float:
        """Posterior mean of μ, and the mean of a further case."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Posterior standard deviation of μ."""
        return float(np.sqrt(self.weights @ (self.sds**2 + self.means**2) - self.mean**2))

    @property
    def next_sd(self) -> float:
        """Standard deviation of the effect in a further case."""
        return float(np.sqrt(self.sd**2 + self.weights @ self.between**2))

    def below(self, value: float, *, next_case: bool = False) -> float:
        """P(μ < value); with `next_case` of the effect in a further case."""
        from scipy.special import ndtr

        if np.isinf(value):
            return float(value > 0)
        sds = np.sqrt(self.sds**2 + self.between**2) if next_case else self.sds
        return float(self.weights @ ndtr((value - self.means) / sds))

    def quantile(self, probability: float, *, next_case: bool = False) -> float:
        """Quantile of μ, or of the effect in a further case, by bisection."""
        sd = self.next_sd if next_case else self.sd
        low, high = self.mean - 40 * sd, self.mean + 40 * sd
        for _ in range(60):
            middle = (low + high) / 2
            if self.below(middle, next_case=next_case) < probability:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def between_quantile(self, probability: float) -> float:
        """Quantile of ω."""
        order = np.argsort(self.between)
        return float(np.interp(probability, np.cumsum(self.weights[order]), self.between[order]))

    @property
    def between_mean(self) -> float:
        """Posterior mean of ω."""
        return float(self.weights @ self.between)


def pool(
    estimates: FloatArray,
    sds: FloatArray,
    spread: float,
    *,
    widths: Sequence[tuple[float, float]] = SCALE_MIXTURE,
    nodes: int = NODES,
) -> Pooled:
    """Pool the estimates of several cases.

    Parameters
    ----------
    estimates, sds : FloatArray
        Each case's own estimate and its standard deviation, shape (cases,).
    spread : float
        S, in the same unit.
    widths : Sequence[tuple[float, float]]
        Weight of each k, and k.
    nodes : int
        Number of nodes of ω for each k: with hundreds of cases ω is known too precisely for a few.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.meta_analysis import pool
    >>> pooled = pool(np.array([2.0, 3.0, 10.0]), np.array([1.0, 1.0, 4.0]), spread=5.0)
    >>> round(pooled.mean, 1)
    2.9
    >>> bool(pooled.case_means[2] < 10.0)
    True
    """
    unit_nodes, quadrature = _gauss_legendre(nodes)
    scale = np.repeat([width * spread for _, width in widths], nodes)
    prior = np.repeat([weight for weight, _ in widths], nodes)
    # From (-1, 1) to (0, the end of ω's prior).
    between = np.tile((unit_nodes + 1) / 2 * MAX_SDS * BETWEEN_SCALE, len(widths)) * scale
    variance = sds[None] ** 2 + between[:, None] ** 2
    precision = 1 / scale**2 + (1 / variance).sum(axis=1)
    means = (estimates[None] / variance).sum(axis=1) / precision
    # Evidence of all estimates at a node, μ integrated out; ω's density is of its scale, which the nodes carry.
    fit = (estimates[None] ** 2 / variance).sum(axis=1) - means**2 * precision
    log_evidence = -0.5 * (np.log(variance).sum(axis=1) + np.log(precision) + fit) - np.log(scale)
    half_normal = -(between**2) / (2 * (BETWEEN_SCALE * scale) ** 2)
    log_weight = np.log(prior) + np.log(np.tile(quadrature, len(widths))) + half_normal + log_evidence
    weights = np.exp(log_weight - np.logaddexp.reduce(log_weight))
    # Given ω, a case's effect lies between its own estimate and the mean, by how much cases differ.
    pull = between[:, None] ** 2 / variance
    case_means = pull * estimates[None] + (1 - pull) * means[:, None]
    case_variance = pull * sds[None] ** 2 + ((1 - pull) / np.sqrt(precision)[:, None]) ** 2
    own = weights @ case_means
    own_sd = np.sqrt(weights @ (case_variance + case_means**2) - own**2)
    return Pooled(weights, between, means, 1 / np.sqrt(precision), own, own_sd)


@functools.cache
def _gauss_legendre(nodes: int) -> tuple[FloatArray, FloatArray]:
    # Finding 192 of them takes thirty times as long as pooling.
    return np.polynomial.legendre.leggauss(nodes)
