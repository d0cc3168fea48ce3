"""Scores of forecasts that are distributions: continuous ranked probability score, absolute error, coverage.

The continuous ranked probability score (CRPS; Gneiting & Raftery 2007, doi:10.1198/016214506000001437) is
∫ (F(x) - 1{x ≥ y})² dx: what the absolute error is for a forecast that is one number, in the metric's own unit. Smaller
is better. Its expectation is least for the true distribution, so that neither too narrow nor too wide ones can win.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santorio.baselines.predictive import Predictive, from_scale
from santorio.trials.columns import FloatArray

# Points of the integral lie sinh-wise around the middle: dense there, and as far out as any tail of weight.
POINTS = np.sinh(np.linspace(-6.5, 6.5, 141))


@dataclass(frozen=True)
class Scores:
    """Scores of forecasts, one each; shapes (forecasts,).

    Attributes
    ----------
    crps : FloatArray
        In the metric's own unit.
    absolute_error : FloatArray
        Of the median, in the metric's own unit.
    below : FloatArray
        Probability that the forecast gave to what came or less; uniform if it is right.
    """

    crps: FloatArray
    absolute_error: FloatArray
    below: FloatArray

    def covers(self, coverage: float) -> NDArray[np.bool_]:
        """Whether the central interval of this coverage held what came."""
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
    """Score mixtures, by the trapezoidal rule with what came among its points."""
    rows = np.array([_score_day(expected.on(slice(t, t + 1)), float(y)) for t, y in enumerate(value)])
    return Scores(*rows.reshape(-1, 3).T)


def _score_day(day: Predictive, value: float) -> tuple[float, float, float]:
    points = _points(day)
    at = np.sort(np.append(points, value))
    below = day.cdf(at[None])[0]
    came = int(np.searchsorted(at, value))
    crps = np.trapezoid(below[: came + 1] ** 2, at[: came + 1])
    crps += np.trapezoid((1 - below[came:]) ** 2, at[came:])
    return float(crps), abs(value - float(np.interp(0.5, below, at))), float(below[came])


def _points(day: Predictive) -> FloatArray:
    spread = day.noise_sd * np.sqrt(day.state_variance + 1)
    low, middle, high = (
        float((day.weight * from_scale(day.location + side * spread, day.power)).sum()) for side in (-1, 0, 1)
    )
    return middle + max((high - low) / 2, 1e-12) * POINTS
