"""Associations as the days alone have them: what is pooled over people, where no sparse prior may count once each.

The horseshoe pulls what is small to nothing, which is right for one person. Over people the same pull, taken once
each, would pull their mean there too, and the surer the more people there are. So each association is estimated anew
with its own prior taken off, the others' being Normal(0, c²), c the slab of the model. Given ρ all is closed form, with
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

NODES = 113
SLAB_SD = 1.0
# The days tell at least so much of what their prior does; less is as good as nothing, and is told with a large spread.
MIN_LEARNED = 1e-3


def flat_prior_associations(
    evidence: MarginalLikelihood, candidates: list[int]
) -> tuple[FloatArray, FloatArray]:
    """Estimate and standard deviation of each candidate's standardised effect, its own prior taken off.

    Parameters
    ----------
    candidates : list[int]
        Exposures that the outcome has; the others are columns of zeros.

    Returns
    -------
    tuple of FloatArray
        Shapes (candidates,), (candidates,).
    """
    logit = np.linspace(FIRST, LAST, NODES)
    gram, crossed, left, log_determinant = evidence.at(logit)
    gram, crossed = gram[:, candidates][:, :, candidates], crossed[:, candidates]
    precision = gram + np.eye(len(candidates)) / SLAB_SD**2
    covariance = np.linalg.inv(precision)
    mean = np.einsum("rjk,rk->rj", covariance, crossed)
    shape = exact_inference.VARIANCE_SHAPE + evidence.days / 2
    rate = exact_inference.VARIANCE_SCALE + 0.5 * (left - (crossed * mean).sum(axis=1))
    log_determinant = log_determinant + np.linalg.slogdet(SLAB_SD**2 * precision)[1]
    # The density of ρ's logit: that of (1 + ρ)/2 times its slope.
    log_prior = -exact_inference.RHO_BETA[0] * np.logaddexp(0, -logit) - exact_inference.RHO_BETA[
        1
    ] * np.logaddexp(0, logit)
    log_weight = log_prior - log_determinant / 2 - shape * np.log(rate)
    weight = np.exp(log_weight - np.logaddexp.reduce(log_weight))[:, None]
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    learned = np.maximum(1 / variance - SLAB_SD**-2, MIN_LEARNED * SLAB_SD**-2)
    alone = mean / variance / learned
    estimate = (weight * alone).sum(axis=0)
    spread = (rate / (shape - 1))[:, None] / learned + (alone - estimate) ** 2
    return estimate, np.sqrt((weight * spread).sum(axis=0))
