"""Outcomes that are no Gaussian measurements: their coding, what is believed of them, what a day is expected to bring.

The likelihoods themselves are in `santorio.stats.kernels.likelihoods`. Pure NumPy, no data access.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray

Family = Literal["binary", "ordinal", "count", "bounded"]

# As the likelihoods know them.
BINARY, ORDINAL, COUNT, BOUNDED = range(4)
CODES: dict[Family, int] = {"binary": BINARY, "ordinal": ORDINAL, "count": COUNT, "bounded": BOUNDED}
# What the scale of the linear predictor is called.
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
# w, the share of a day's spread that is a latent path: as an unknown it costs many draws, and moves hardly an interval.
PATH_SHARE = 2 / 3


@dataclass(frozen=True)
class CodedOutcome:
    """An outcome as a likelihood takes it.

    Attributes
    ----------
    family : Family
        The likelihood.
    coded : FloatArray
        0 or 1, the level from 0, the count, or the share of the range; shape (days,).
    values : FloatArray
        What the codes stand for: the levels' own values, or the two ends of the range.
    link : FloatArray
        Where the linear predictor is expected, then the mean and standard deviation of the first cut point and of the
        logarithm of the steps between cut points; shape (5,).
    chance : float
        Variance on the scale of the linear predictor that chance alone gives a day: the logistic distribution's, or
        a Poisson distribution's at the mean.
    dispersion_unit : float
        What turns a variance on that scale into the likelihood's own dispersion: 1 for counts, m (1 - m) at the mean
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
        """Whether what chance gives a day is the logistic distribution's, and so cannot be more or less."""
        return self.family in {"binary", "ordinal"}

    @property
    def decoded(self) -> FloatArray:
        """The outcome in its own unit."""
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
        If the outcome is none of this kind, or never varies.
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
    usual = (outcome.sum() + 0.5) / (len(outcome) + 1)
    link = np.array([np.log(usual / (1 - usual)), 0.0, 0.0, 0.0, 0.0])
    return CodedOutcome("binary", outcome, np.array([0.0, 1.0]), link, LOGISTIC_SD**2)


def _ordinal(outcome: FloatArray) -> CodedOutcome:
    """Levels that were never used say nothing of their cut points: the used ones are the levels."""
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
    scale : FloatArray
        Of every draw; see `santorio.stats.kernels.latent.latent_density`.
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
        Cut points of each draw, shape (draws, cuts); binary outcomes and counts have no use for them.
    """
    from scipy.special import expit

    if outcome.family == "binary":
        return np.asarray(expit(eta))
    if outcome.family == "count":
        return np.asarray(np.exp(eta))
    if outcome.family == "ordinal":
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
    """Draw an outcome in its own unit, as its likelihood makes days.

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
        dispersed = rng.gamma(np.broadcast_to(shape[:, None], eta.shape)) / shape[:, None]
        return rng.poisson(np.exp(eta) * dispersed).astype(float)
    if outcome.family == "ordinal":
        latent = eta + rng.logistic(size=eta.shape)
        used = cuts[:, : len(outcome.values) - 1]
        return np.asarray(outcome.values[(latent[:, :, None] > used[:, None, :]).sum(axis=2)])
    low, high = outcome.values
    # A Beta distribution of a mean of 0 or 1 has no draws.
    mean = np.clip(expit(eta), 1e-6, 1 - 1e-6)
    share = rng.beta(mean * shape[:, None], (1 - mean) * shape[:, None])
    chance = rng.random(eta.shape)
    share = np.where(chance < expit(cuts[:, 0, None] - eta), 0.0, share)
    share = np.where(chance > 1 - expit(eta - cuts[:, 1, None]), 1.0, share)
    return np.asarray(low + (high - low) * share)
