"""A normal approximation to the likelihood of a day's linear predictor: a working response and its weight.

As in iteratively reweighted least squares (McCullagh & Nelder 1989, chapter 2.5). The path of
`santorio.stats.kernels.latent` is centred on them. They change how fast the sampler mixes, not what it samples.
"""

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.outcome_types import PATH_SHARE, CodedOutcome

# Shares nearer to an end of the range are moved here: the ends have no finite logit.
END_OF_RANGE = 0.02
# Keeps a weight finite where the outcome hardly varies.
MIN_VARIANCE = 0.1
# Added to a count, so that zero has a logarithm.
COUNT_SHIFT = 0.5


def working_response(outcome: CodedOutcome) -> FloatArray:
    """Response, as the distance of the linear predictor from its offset, and weight, the inverse of its variance.

    The response of levels is the distance from the middle of the level's cut points.

    Returns
    -------
    FloatArray
        Shape (observed days, 2).
    """
    if outcome.is_logistic:
        return _of_levels(outcome)
    if outcome.family == "count":
        return _of_counts(outcome)
    return _of_shares(outcome)


def _of_levels(outcome: CodedOutcome) -> FloatArray:
    """Moments of a normal variable that is cut at the quantiles of the levels' shares, without the prior of the path.

    A level holds a standard normal between two quantiles, with the mean m and the variance 1 - q there. Divided by its
    prior of variance s², the posterior of μ is a normal observation at σ m / q of variance σ²/q - s².
    """
    from scipy.stats import norm

    levels = len(outcome.values)
    level = outcome.coded.astype(int)
    share = np.bincount(level, minlength=levels) / len(level)
    inner = norm.ppf(np.cumsum(share)[:-1])
    density = norm.pdf(inner)
    mean = -np.diff(density, prepend=0.0, append=0.0) / share
    shrunk = mean**2 + np.diff(inner * density, prepend=0.0, append=0.0) / share
    path_variance = outcome.chance * PATH_SHARE / (1 - PATH_SHARE)
    variance = path_variance + outcome.chance
    response = np.sqrt(variance) * mean / shrunk
    weight = shrunk / (variance - path_variance * shrunk)
    if outcome.family == "ordinal":
        cuts = np.sqrt(variance) * inner
        # The middle of a level; of the first and the last, their only cut point.
        lower, upper = np.concatenate([cuts[:1], cuts]), np.concatenate([cuts, cuts[-1:]])
        response -= 0.5 * (lower + upper)
    by_level = np.column_stack([response, weight])
    return np.asarray(by_level[level])


def _of_counts(outcome: CodedOutcome) -> FloatArray:
    """Logarithms of the counts, with the variance of the likelihood and of the part that is not the path."""
    mean = outcome.coded.mean()
    overdispersion = outcome.coded.var() / mean**2 - outcome.chance
    rest = max((1 - PATH_SHARE) * overdispersion, 0.0)
    response = np.log((outcome.coded + COUNT_SHIFT) / (mean + COUNT_SHIFT))
    variance = max(outcome.chance + rest, MIN_VARIANCE / 10)
    return np.column_stack([response, np.full(len(response), 1 / variance)])


def _of_shares(outcome: CodedOutcome) -> FloatArray:
    """Logits of the shares, with the part of their variance that is not the path."""
    share = np.clip(outcome.coded, END_OF_RANGE, 1 - END_OF_RANGE)
    response = np.log(share / (1 - share)) - outcome.link[0]
    rest = (1 - PATH_SHARE) * max(response.var(), MIN_VARIANCE)
    return np.column_stack([response, np.full(len(response), 1 / rest)])
