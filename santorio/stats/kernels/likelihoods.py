"""Likelihoods of outcomes that are not Gaussian, with derivatives. Heavy: import it where a model is built.

Every function takes a day's linear predictor η and outcome and is compiled by Numba inside a sampled model (see
`pytensor_op.py`). The tests compare the derivatives with finite differences, and the values with SciPy's.
"""

import math

import numpy as np
from numba.extending import register_jitable

from santorio.arrays import FloatArray
from santorio.stats.kernels.special import digamma, expit, log_expit
from santorio.stats.outcome_types import BINARY, COUNT, ORDINAL

# Keeps a mean off the ends of a Beta distribution, where its density is not defined.
EDGE = 1e-9


@register_jitable  # type: ignore[untyped-decorator]
def between(low: float, high: float) -> tuple[float, float, float]:
    """Log of expit(high) - expit(low), and its derivatives by low and high.

    By expit(b) - expit(a) = expit(b) expit(-a) (1 - e^(a-b)), which loses no digits.
    """
    shrink = math.exp(low - high)
    rest = shrink / (1.0 - shrink)
    value = log_expit(high) + log_expit(-low) + math.log1p(-shrink)
    return value, -expit(low) - rest, expit(-high) + rest


@register_jitable  # type: ignore[untyped-decorator]
def binary(eta: float, outcome: float) -> tuple[float, float]:
    """Bernoulli with P(1) = expit(η): log probability and its derivative by η."""
    by_eta = outcome - expit(eta)
    if outcome > 0:
        return log_expit(eta), by_eta
    return log_expit(-eta), by_eta


@register_jitable  # type: ignore[untyped-decorator]
def ordinal(
    eta: float, outcome: float, levels: int, cuts: FloatArray, by_cuts: FloatArray
) -> tuple[float, float]:
    """Cumulative logit (McCullagh 1980): log probability and its derivative by η.

    P(outcome ≤ k) = expit(cut_k - η) for levels 0, 1, …

    Parameters
    ----------
    cuts : FloatArray
        Increasing, at least levels - 1 of them; shape (cuts,).
    by_cuts : FloatArray
        Derivatives by the cut points, to which those of the day are added; shape (cuts,).
    """
    level = int(outcome)
    # The lowest level and the highest have one cut point, the others have two.
    if level == 0:
        value, by_high = log_expit(cuts[0] - eta), expit(eta - cuts[0])
        by_cuts[0] += by_high
        return value, -by_high
    if level == levels - 1:
        value, by_low = log_expit(eta - cuts[level - 1]), -expit(cuts[level - 1] - eta)
        by_cuts[level - 1] += by_low
        return value, -by_low
    value, by_low, by_high = between(cuts[level - 1] - eta, cuts[level] - eta)
    by_cuts[level - 1] += by_low
    by_cuts[level] += by_high
    return value, -by_low - by_high


@register_jitable  # type: ignore[untyped-decorator]
def count(eta: float, outcome: float, shape: float) -> tuple[float, float, float]:
    """Negative binomial with mean μ = e^η and variance μ + μ²/shape: log probability, derivatives by η and shape."""
    mean = math.exp(eta)
    total = shape + mean
    value = math.lgamma(outcome + shape) - math.lgamma(shape) - math.lgamma(outcome + 1.0)
    value += shape * math.log(shape / total) + outcome * (eta - math.log(total))
    by_shape = digamma(outcome + shape) - digamma(shape) + math.log(shape / total)
    by_shape += 1.0 - (outcome + shape) / total
    return value, outcome - (outcome + shape) * mean / total, by_shape


@register_jitable  # type: ignore[untyped-decorator]
def bounded(
    eta: float, outcome: float, precision: float, cuts: FloatArray, by_cuts: FloatArray
) -> tuple[float, float, float]:
    """Ordered Beta (Kubinec 2022, doi:10.1017/pan.2022.20): log density, derivatives by η and precision.

    An outcome is 0 with probability expit(cut_0 - η), 1 with expit(η - cut_1), and between them
    Beta(μ precision, (1-μ) precision) with μ = expit(η). People push sliders to their ends, to which a plain Beta
    distribution gives no probability. Adds to `by_cuts`.
    """
    if outcome <= 0:
        by_cut = expit(eta - cuts[0])
        by_cuts[0] += by_cut
        return log_expit(cuts[0] - eta), -by_cut, 0.0
    if outcome >= 1:
        by_eta = expit(cuts[1] - eta)
        by_cuts[1] -= by_eta
        return log_expit(eta - cuts[1]), by_eta, 0.0
    value, by_low, by_high = between(cuts[0] - eta, cuts[1] - eta)
    by_cuts[0] += by_low
    by_cuts[1] += by_high
    # Strictly between the ends: the logarithm of P(0 < outcome < 1) above, and now that of the Beta density.
    mean = min(max(expit(eta), EDGE), 1.0 - EDGE)
    low, high = mean * precision, (1.0 - mean) * precision
    log_low, log_high = math.log(outcome), math.log1p(-outcome)
    value += math.lgamma(precision) - math.lgamma(low) - math.lgamma(high)
    value += (low - 1.0) * log_low + (high - 1.0) * log_high
    by_low_shape, by_high_shape = log_low - digamma(low), log_high - digamma(high)
    by_precision = digamma(precision) + mean * by_low_shape + (1.0 - mean) * by_high_shape
    by_eta = -by_low - by_high + precision * (by_low_shape - by_high_shape) * mean * (1.0 - mean)
    return value, by_eta, by_precision


@register_jitable  # type: ignore[untyped-decorator]
def day_density(
    family: int, eta: float, outcome: float, levels: int, shape: float, cuts: FloatArray, by_cuts: FloatArray
) -> tuple[float, float, float]:
    """Log density of a day's outcome, and its derivatives by η and shape; adds to `by_cuts`."""
    if family == BINARY:
        value, by_eta = binary(eta, outcome)
        return value, by_eta, 0.0
    if family == ORDINAL:
        value, by_eta = ordinal(eta, outcome, levels, cuts, by_cuts)
        return value, by_eta, 0.0
    if family == COUNT:
        value, by_eta, by_shape = count(eta, outcome, shape)
    else:
        value, by_eta, by_shape = bounded(eta, outcome, shape, cuts, by_cuts)
    return value, by_eta, by_shape


@register_jitable  # type: ignore[untyped-decorator]
def cut_points(standard: FloatArray, prior: FloatArray) -> FloatArray:
    """Increasing cut points from standard normals.

    The first is Normal, the steps between them log-normal.

    Parameters
    ----------
    standard : FloatArray
        Shape (cuts,).
    prior : FloatArray
        Mean and standard deviation of the first, and of the steps' logarithms; shape (4,).
    """
    cuts = np.empty_like(standard)
    cuts[0] = prior[0] + prior[1] * standard[0]
    for j in range(1, len(standard)):
        cuts[j] = cuts[j - 1] + math.exp(prior[2] + prior[3] * standard[j])
    return cuts


@register_jitable  # type: ignore[untyped-decorator]
def cut_points_gradient(standard: FloatArray, prior: FloatArray, by_cuts: FloatArray) -> FloatArray:
    """Derivatives by the standard normals of `cut_points`, from those by the cut points."""
    # A step moves all later cut points.
    by_standard = np.empty_like(standard)
    later = 0.0
    for j in range(len(standard) - 1, 0, -1):
        later += by_cuts[j]
        by_standard[j] = later * prior[3] * math.exp(prior[2] + prior[3] * standard[j])
    by_standard[0] = (later + by_cuts[0]) * prior[1]
    return by_standard
