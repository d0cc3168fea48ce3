"""Outcomes that are not Gaussian: their coding, the priors of their cut points, expectations and draws.

The likelihoods themselves are in `santorio.stats.kernels.likelihoods`. Pure NumPy, no data access.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray

Family = Literal["binary", "ordinal", "count", "bounded"]

# The codes of the compiled likelihoods.
BINARY, ORDINAL, COUNT, BOUNDED = range(4)
CODES: dict[Family, int] = {"binary": BINARY, "ordinal": ORDINAL, "count": COUNT, "bounded": BOUNDED}
# Names of the linear predictor's scale.
LINK_NAMES: dict[Family, str] = {
    "binary": "log-odds",
    "ordinal": "log-odds",
    "count": "log",
    "bounded": "log-odds",
}
# Ratings from 0 to 10 have eleven levels.
MAX_LEVELS = 11
# Standard deviation of the logistic distribution, π/√3.
LOGISTIC_SD = float(np.pi / np.sqrt(3))
# w, the share of a day's variance that is a latent path: estimating it costs many draws and hardly changes intervals.
PATH_SHARE = 2 / 3


@dataclass(frozen=True)
class CodedOutcome:
    """An outcome, coded for its likelihood.

    Attributes
    ----------
    family : Family
        The likelihood.
    coded : FloatArray
        0 or 1, the level from 0, the count, or the share of the range; shape (days,).
    values : FloatArray
        Meaning of the codes: the levels' own values, or the two ends of the range.
    link : FloatArray
        Offset of the linear predictor, then the mean and standard deviation of the first cut point and of the
        logarithm of the steps between cut points; shape (5,).
    chance : float
        The likelihood's own variance on the scale of the linear predictor: the logistic distribution's, or a Poisson
        distribution's at the mean.
    dispersion_unit : float
        Factor from a variance on that scale to the likelihood's own dispersion: 1 for counts, m (1 - m) at the mean
        share m of a range.
    """

    family: Family
    coded: FloatArray
    values: FloatArray
    link: FloatArray
    chance: float
    dispersion_unit: float = 1.0

    @property
    def is_logistic(self) -> bool:
        """Whether the likelihood's own variance is the logistic distribution's, and has no dispersion to estimate."""
        return self.family in {"binary", "ordinal"}

    @property
    def decoded(self) -> FloatArray:
        """The outcome in its own unit, shape (days,)."""
        if self.family == "ordinal":
            return np.asarray(self.values[self.coded.astype(int)])
        if self.family == "bounded":
            low, high = self.values
            return np.asarray(low + (high - low) * self.coded)
        return self.coded


def code_outcome(
    family: Family, outcome: FloatArray, *, low: float = 0.0, high: float = 100.0
) -> CodedOutcome:
    """Code an outcome for its likelihood.

    Parameters
    ----------
    outcome : FloatArray
        Of the observed days, shape (days,).
    low, high : float
        Ends of the range of a bounded outcome.

    Raises
    ------
    ValueError
        If the outcome is not of this kind, or never varies.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.outcome_types import code_outcome
    >>> rating = code_outcome("ordinal", np.array([2.0, 4.0, 4.0, 5.0]))
    >>> rating.coded, rating.values
    (array([0., 1., 1., 2.]), array([2., 4., 5.]))
    >>> code_outcome("bounded", np.array([20.0, 100.0]), low=0.0, high=100.0).coded
    array([0.2, 1. ])
    """
    if not np.isfinite(outcome).all() or len(np.unique(outcome)) < 2:
        msg = "an outcome has a number on every observed day, and varies"
        raise ValueError(msg)
    if family == "binary":
        return _binary(outcome)
    if family == "ordinal":
        return _ordinal(outcome)
    if family == "count":
        return _count(outcome)
    return _bounded(outcome, low, high)


def _binary(outcome: FloatArray) -> CodedOutcome:
    if not np.isin(outcome, (0, 1)).all():
        msg = "a binary outcome is 0 or 1"
        raise ValueError(msg)
    # Half a success and half a failure more keep the logit finite.
    usual = (outcome.sum() + 0.5) / (len(outcome) + 1)
    link = np.array([np.log(usual / (1 - usual)), 0.0, 0.0, 0.0, 0.0])
    return CodedOutcome("binary", outcome, np.array([0.0, 1.0]), link, LOGISTIC_SD**2)


def _ordinal(outcome: FloatArray) -> CodedOutcome:
    """The used levels are the levels: the data say nothing about the cut points of others."""
    values, coded = np.unique(outcome, return_inverse=True)
    levels = len(values)
    if levels > MAX_LEVELS:
        msg = f"an ordinal outcome has at most {MAX_LEVELS} levels; with more it is bounded or continuous"
        raise ValueError(msg)
    # Cut points that make all levels equally likely span this half-width, in units of the day's whole spread.
    half = float(np.log(levels - 1.0)) / LOGISTIC_SD
    step = 2 * half / (levels - 2) if levels > 2 else 1.0
    link = np.array([0.0, -half, 0.0, np.log(step), 0.7])
    return CodedOutcome("ordinal", coded.astype(float), values, link, LOGISTIC_SD**2)


def _count(outcome: FloatArray) -> CodedOutcome:
    if (outcome < 0).any() or (outcome != np.round(outcome)).any():
        msg = "counts are whole numbers from 0"
        raise ValueError(msg)
    mean = float(outcome.mean())
    link = np.array([np.log(mean), 0.0, 0.0, 0.0, 0.0])
    # Delta method: a Poisson variable of mean m has a variance of m, its logarithm of about 1/m.
    return CodedOutcome("count", outcome, np.array([0.0, 1.0]), link, 1 / mean)


def _bounded(outcome: FloatArray, low: float, high: float) -> CodedOutcome:
    if (outcome < low).any() or (outcome > high).any():
        msg = "a bounded outcome lies within its range"
        raise ValueError(msg)
    share = (outcome - low) / (high - low)
    middle = float(np.clip(share.mean(), 0.02, 0.98))
    # From the middle of the range, some two days in a hundred are expected at each end.
    link = np.array([np.log(middle / (1 - middle)), -4.0, 1.5, np.log(8.0), 0.5])
    return CodedOutcome("bounded", share, np.array([low, high]), link, 0.0, middle * (1 - middle))


def cut_points(outcome: CodedOutcome, standard: FloatArray, scale: FloatArray) -> FloatArray:
    """Cut points of every draw, shape (draws, cuts); see `santorio.stats.kernels.likelihoods.cut_points`.

    Parameters
    ----------
    standard : FloatArray
        Standard normals, shape (draws, cuts).
    scale : FloatArray
        Scale of the cut points in every draw, shape (draws,); see `santorio.stats.kernels.latent.latent_density`.
    """
    _, mean, sd, log_step, log_step_sd = outcome.link
    steps = np.exp(log_step + log_step_sd * standard[:, 1:])
    cuts = np.cumsum(np.column_stack([mean + sd * standard[:, 0], steps]), axis=1)
    return np.asarray(scale[:, None] * cuts)


def expected(outcome: CodedOutcome, eta: FloatArray, cuts: FloatArray) -> FloatArray:
    """Expected outcome in its own unit: a probability, a rating, a count, a value within the range.

    Parameters
    ----------
    eta : FloatArray
        Linear predictor, shape (draws, days).
    cuts : FloatArray
        Cut points of each draw, shape (draws, cuts); binary outcomes and counts do not use them.

    Returns
    -------
    FloatArray
        Shape (draws, days).
    """
    from scipy.special import expit

    if outcome.family == "binary":
        return np.asarray(expit(eta))
    if outcome.family == "count":
        return np.asarray(np.exp(eta))
    if outcome.family == "ordinal":
        # E(y) = y_0 + Σ_j (y_{j+1} - y_j) P(y > y_j).
        total = np.full(eta.shape, outcome.values[0])
        for j, step in enumerate(np.diff(outcome.values)):
            total += step * expit(eta - cuts[:, j, None])
        return total
    low, high = outcome.values
    top, bottom = expit(eta - cuts[:, 1, None]), expit(cuts[:, 0, None] - eta)
    return np.asarray(low + (high - low) * (top + (1 - top - bottom) * expit(eta)))


def draw_outcome(
    outcome: CodedOutcome, eta: FloatArray, cuts: FloatArray, shape: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Draw outcomes from the likelihood, in their own unit; shape (draws, days).

    Parameters
    ----------
    eta : FloatArray
        Linear predictor, shape (draws, days).
    cuts : FloatArray
        Cut points of each draw, shape (draws, cuts).
    shape : FloatArray
        Shape of the negative binomial or precision of the Beta distribution, of each draw; shape (draws,).
    """
    from scipy.special import expit

    if outcome.family == "binary":
        return (rng.random(eta.shape) < expit(eta)).astype(float)
    if outcome.family == "count":
        # A negative binomial is a Poisson distribution whose mean is Gamma distributed.
        dispersed = rng.gamma(np.broadcast_to(shape[:, None], eta.shape)) / shape[:, None]
        return rng.poisson(np.exp(eta) * dispersed).astype(float)
    if outcome.family == "ordinal":
        latent = eta + rng.logistic(size=eta.shape)
        used = cuts[:, : len(outcome.values) - 1]
        return np.asarray(outcome.values[(latent[:, :, None] > used[:, None, :]).sum(axis=2)])
    low, high = outcome.values
    # A Beta distribution with a mean of 0 or 1 has no draws.
    mean = np.clip(expit(eta), 1e-6, 1 - 1e-6)
    share = rng.beta(mean * shape[:, None], (1 - mean) * shape[:, None])
    chance = rng.random(eta.shape)
    share = np.where(chance < expit(cuts[:, 0, None] - eta), 0.0, share)
    share = np.where(chance > 1 - expit(eta - cuts[:, 1, None]), 1.0, share)
    return np.asarray(low + (high - low) * share)
