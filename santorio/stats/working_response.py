"""What a day's outcome says of its linear predictor, roughly, as one normal observation of it.

As in iteratively reweighted least squares (McCullagh & Nelder 1989, chapter 2.5): a response and its weight. The path
of `santorio.stats.kernels.latent` is centred on them. They change how fast the sampler mixes, not what it samples.
"""

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.outcome_types import PATH_SHARE, CodedOutcome

# Where a share of the range has no finite logit, and where nothing seems to vary.
END_OF_RANGE = 0.02
MIN_VARIANCE = 0.1
# Of a count's logarithm: a shift that gives zero one too.
COUNT_SHIFT = 0.5


def working_response(outcome: CodedOutcome) -> FloatArray:
    """Response, as the predictor's distance from its offset, and weight, the inverse of its variance.

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
    """Moments of a normal variable that is cut where the levels' shares say, less the prior of the path.

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
        response -= 0.5 * (np.concatenate([cuts[:1], cuts]) + np.concatenate([cuts, cuts[-1:]]))
    of_levels = np.column_stack([response, weight])
    of_days: FloatArray = of_levels[level]
    return of_days


def _of_counts(outcome: CodedOutcome) -> FloatArray:
    mean = outcome.coded.mean()
    overdispersion = outcome.coded.var() / mean**2 - outcome.chance
    rest = max((1 - PATH_SHARE) * overdispersion, 0.0)
    response = np.log((outcome.coded + COUNT_SHIFT) / (mean + COUNT_SHIFT))
    variance = max(outcome.chance + rest, MIN_VARIANCE / 10)
    return np.column_stack([response, np.full(len(response), 1 / variance)])


def _of_shares(outcome: CodedOutcome) -> FloatArray:
    share = np.clip(outcome.coded, END_OF_RANGE, 1 - END_OF_RANGE)
    response = np.log(share / (1 - share)) - outcome.link[0]
    rest = (1 - PATH_SHARE) * max(response.var(), MIN_VARIANCE)
    return np.column_stack([response, np.full(len(response), 1 / rest)])
