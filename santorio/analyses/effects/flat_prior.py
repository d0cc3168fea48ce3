"""Associations by the days alone, without their prior: these are pooled over people.

The horseshoe shrinks small effects to nothing, which is right for one person. Over people the same shrinkage, once
for each, would shrink their mean too, and the more so the more people there are. So each association is estimated
again without its own prior, the others' being Normal(0, c²), c the slab of the model. Given ρ all is closed form, with
G = X'H⁻¹X and g = X'H⁻¹y of `santorio.analyses.effects.marginal_likelihood`::

    K = G + I/c²,   m = K⁻¹ g,   V = K⁻¹
    precision of β_j by the days alone  π_j = 1/V_jj - 1/c²,   estimate  (m_j / V_jj) / π_j
    σ² ~ InverseGamma(a + n/2, b + ½ (y'H⁻¹y - g'm))

and ρ is summed over a grid, weighted by its prior and the evidence under Normal(0, c²).
"""

import numpy as np

from santorio.analyses.effects.marginal_likelihood import FIRST, LAST, MarginalLikelihood
from santorio.arrays import FloatArray
from santorio.stats import exact_inference

# Of the grid over ρ: every second node of the table of `marginal_likelihood`.
NODES = 113
SLAB_SD = 1.0
# Least precision of the days as a share of the prior's: an effect of which they show less has a large spread.
MIN_LEARNED = 1e-3


def flat_prior_associations(
    evidence: MarginalLikelihood, candidates: list[int]
) -> tuple[FloatArray, FloatArray]:
    """Estimate and standard deviation of each candidate's standardised effect, without its own prior.

    Parameters
    ----------
    candidates : list[int]
        Exposures that the outcome has; the others are columns of zeros.

    Returns
    -------
    tuple of FloatArray
        Shapes (candidates,), (candidates,).
    """
    # Axes: r is a node of ρ, j and k are candidates.
    logit = np.linspace(FIRST, LAST, NODES)
    gram, crossed, quadratic, log_determinant = evidence.at(logit)
    gram, crossed = gram[:, candidates][:, :, candidates], crossed[:, candidates]
    precision = gram + np.eye(len(candidates)) / SLAB_SD**2
    covariance = np.linalg.inv(precision)
    mean = np.einsum("rjk,rk->rj", covariance, crossed)
    shape = exact_inference.VARIANCE_SHAPE + evidence.days / 2
    rate = exact_inference.VARIANCE_SCALE + 0.5 * (quadratic - (crossed * mean).sum(axis=1))
    log_determinant = log_determinant + np.linalg.slogdet(SLAB_SD**2 * precision)[1]
    # The density of ρ's logit: that of (1 + ρ)/2 times its slope.
    alpha, beta = exact_inference.RHO_BETA
    log_prior = -alpha * np.logaddexp(0, -logit) - beta * np.logaddexp(0, logit)
    log_weight = log_prior - log_determinant / 2 - shape * np.log(rate)
    weight = np.exp(log_weight - np.logaddexp.reduce(log_weight))[:, None]
    # Precisions π_j and estimates without the prior, given ρ.
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    learned = np.maximum(1 / variance - SLAB_SD**-2, MIN_LEARNED * SLAB_SD**-2)
    without_prior = mean / variance / learned
    # The variance over all of ρ: the mean of the variances, and the variance of the means.
    estimate = (weight * without_prior).sum(axis=0)
    second = (rate / (shape - 1))[:, None] / learned + (without_prior - estimate) ** 2
    return estimate, np.sqrt((weight * second).sum(axis=0))
