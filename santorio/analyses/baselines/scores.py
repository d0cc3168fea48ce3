"""Scores of forecasts that are distributions: continuous ranked probability score, absolute error, coverage.

The continuous ranked probability score (CRPS; Gneiting & Raftery 2007, doi:10.1198/016214506000001437) is
∫ (F(x) - 1{x ≥ y})² dx, in the metric's own unit: it generalises the absolute error of a point forecast. Smaller is
better. Its expectation is least for the true distribution, so that neither too narrow nor too wide ones can win.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santorio.analyses.baselines.predictive import Predictive
from santorio.arrays import FloatArray

# Points of the integral around the middle, by a hyperbolic sine: dense there, and as far out as any heavy tail.
POINTS = np.sinh(np.linspace(-6.5, 6.5, 141))
# Probabilities a standard deviation below the middle of a normal distribution, in it, and above it.
SIGMAS = np.array([0.158655, 0.5, 0.841345])


@dataclass(frozen=True)
class Scores:
    """Scores of forecasts; shapes (forecasts,).

    Attributes
    ----------
    crps : FloatArray
        In the metric's own unit.
    absolute_error : FloatArray
        Of the median, in the metric's own unit.
    below : FloatArray
        Probability that the forecast gave to the observed value or less; uniform if it is right.
    """

    crps: FloatArray
    absolute_error: FloatArray
    below: FloatArray

    def covers(self, coverage: float) -> NDArray[np.bool_]:
        """Whether the central interval of this coverage contains the observed value."""
        tail = (1 - coverage) / 2
        return (self.below >= tail) & (self.below <= 1 - tail)


def score_normal(mean: FloatArray, sd: FloatArray, value: FloatArray) -> Scores:
    """Score normal distributions, in closed form (Gneiting et al. 2005, doi:10.1175/MWR2904.1)."""
    from scipy.special import ndtr

    score = (value - mean) / sd
    density = np.exp(-(score**2) / 2) / np.sqrt(2 * np.pi)
    below = ndtr(score)
    crps = sd * (score * (2 * below - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return Scores(crps, np.abs(value - mean), below)


def score(expected: Predictive, value: FloatArray) -> Scores:
    """Score mixtures, by the trapezoidal rule with the observed value among its points."""
    low, middle, high = expected.quantile(SIGMAS).T
    points = middle[:, None] + np.maximum((high - low) / 2, 1e-12)[:, None] * POINTS
    observed = value[:, None]
    at = np.sort(np.hstack([points, observed]), axis=1)
    below = expected.cdf(at)
    # The observed value is a point, so that each interval lies on one side of it.
    is_below = at[:, 1:] <= observed
    left = np.where(is_below, below[:, :-1], 1 - below[:, :-1])
    right = np.where(is_below, below[:, 1:], 1 - below[:, 1:])
    crps = ((left**2 + right**2) / 2 * np.diff(at, axis=1)).sum(axis=1)
    return Scores(crps, np.abs(value - middle), expected.below(value))
