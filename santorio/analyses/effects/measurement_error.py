r"""Exposures that are measured with error: regression calibration, so that an effect is one of the true amount.

Regressing on an amount that is off by chance finds too little: the association shrinks by the reliability, the share of
the observed variance that is true. Regression calibration (Carroll, Ruppert, Stefanski & Crainiceanu 2006, Measurement
Error in Nonlinear Models, ch. 4, doi:10.1201/9781420010138) puts in the place of what was observed what is to be
expected of the truth, given everything observed::

    w_t = x_t + e_t,   e_t ~ Normal(0, e_t²) with the stated error,   x_t = z_t'γ + a_t,   a an AR(1) of variance s²
    x*_t = E[x_t | w_1 … w_n, z]

Neighbouring days belong to what is given, since the regression's errors are correlated over days; so do the other
exposures as observed, weekday and trend (z), since they stand in the regression too. s² and φ have a uniform
prior on a grid; a draw of an effect is multiplied by r / r_draw, so that not knowing the reliability widens intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from santorio.analyses.series import Series
from santorio.arrays import FloatArray, IntArray
from santorio.metrics import exposure as find_exposure
from santorio.stats.design_matrix import background_columns

# With fewer, an error cannot be told from what varies.
MIN_DAYS = 30
# Values of s², as shares of the variance that is observed, and of φ: what people eat resembles the day before a little,
# and not with another sign.
VARIANCES = np.linspace(0.02, 1.2, 60)
CORRELATIONS = np.linspace(0.0, 0.9, 10)
# Below it, four fifths of what is seen is error: nothing is made of that.
MIN_RELIABILITY = 0.2
# Of γ, in standard deviations of w for one of z.
GAMMA_SD = 1.0
# An amount near zero is not known to the last gram either.
SMALLEST_SHARE_OF_MEAN = 0.25


@dataclass(frozen=True)
class RegressionCalibration:
    """What is to be expected of the true amounts.

    Attributes
    ----------
    value : FloatArray
        x*, in the exposure's unit, shape (days,).
    reliability : float
        Share of the variance that is true, of what the other columns leave; posterior mean.
    draws : FloatArray
        Of the reliability, shape (draws,).
    """

    value: FloatArray
    reliability: float
    draws: FloatArray

    def widen(self, effect: FloatArray) -> FloatArray:
        """Let draws of an effect, made as if the reliability were known, say that it is not."""
        return effect * self.reliability / np.resize(self.draws, len(effect))


def correct_measurement_error(
    exposures: Mapping[str, Series],
) -> tuple[dict[str, Series], dict[str, RegressionCalibration]]:
    """Calibrate those exposures that are measured with error; those that are hardly more than error are left out.

    Returns
    -------
    exposures : dict[str, Series]
    calibrations : dict[str, RegressionCalibration]
        Also of those that are left out.
    """
    errors = {name: find_exposure(name).relative_error for name in exposures}
    calibrations = {
        name: regression_calibrate(
            series.day,
            series.value,
            errors[name],
            [other.at(series.day) for other_name, other in exposures.items() if other_name != name],
        )
        for name, series in exposures.items()
        if errors[name] > 0 and len(series.day) >= MIN_DAYS and series.value.std() > 0
    }
    kept = {
        name: replace(series, value=calibrations[name].value) if name in calibrations else series
        for name, series in exposures.items()
        if name not in calibrations or calibrations[name].reliability >= MIN_RELIABILITY
    }
    return kept, calibrations


def regression_calibrate(
    day: IntArray,
    observed: FloatArray,
    relative_error: float,
    others: Sequence[FloatArray],
    *,
    draws: int = 1000,
    seed: int = 2614,
) -> RegressionCalibration:
    """Replace observed amounts by what is to be expected of the true ones.

    Parameters
    ----------
    day : IntArray
        Days since 1970-01-01 with an observation, ascending; shape (days,).
    observed : FloatArray
        w, shape (days,).
    relative_error : float
        Standard deviation of the error as a share of the amount.
    others : Sequence[FloatArray]
        Other exposures of those days, NaN where unknown; each of shape (days,).
    """
    spread = float(observed.std(ddof=1))
    standard = (observed - observed.mean()) / spread
    explained, lost = _explained(day, standard, others)
    amount = observed.mean() + spread * explained
    amount = np.maximum(amount, SMALLEST_SHARE_OF_MEAN * observed.mean()) / spread
    left = (standard - explained) / np.sqrt(1 - lost / len(day))
    variance, correlation = (grid.ravel() for grid in np.meshgrid(VARIANCES * left.var(), CORRELATIONS))
    # The error goes with the true amount, of which the explained part is the mean and s² the variance.
    error_squared = relative_error**2 * (amount[:, None] ** 2 + variance)
    reliability = variance / (variance + error_squared.mean(axis=0))
    log_density, smoothed = _smooth(day, left, error_squared, variance, correlation)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    value = observed.mean() + spread * (explained + smoothed @ weight)
    drawn = np.random.default_rng(seed).choice(reliability, size=draws, p=weight)
    return RegressionCalibration(value, float(weight @ reliability), drawn)


def _explained(day: IntArray, standard: FloatArray, others: Sequence[FloatArray]) -> tuple[FloatArray, float]:
    """What the other columns explain, by ridge regression, and how many coefficients that takes."""
    background = background_columns(day)
    columns = background.values * background.prior_sd
    for other in others:
        known = other[np.isfinite(other)]
        if len(known) and known.std() > 0:
            centred = np.where(np.isfinite(other), (other - known.mean()) / known.std(), 0.0)
            columns = np.column_stack([columns, GAMMA_SD * centred])
    kernel = columns.T @ columns + np.eye(columns.shape[1])
    solved = np.linalg.solve(kernel, columns.T)
    return columns @ (solved @ standard), float(np.trace(solved @ columns))


def _smooth(
    day: IntArray, left: FloatArray, error_squared: FloatArray, variance: FloatArray, correlation: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Kalman filter and Rauch-Tung-Striebel smoother of an AR(1) under noise, for every pair of the grid at once.

    Returns
    -------
    log_density : FloatArray
        Shape (pairs,).
    smoothed : FloatArray
        Expected a, shape (days, pairs).
    """
    days = len(day)
    before, before_variance = np.empty((days, len(variance))), np.empty((days, len(variance)))
    mean, spread = np.empty_like(before), np.empty_like(before)
    kept = np.empty_like(before)
    log_density = np.zeros(len(variance))
    for t in range(days):
        kept[t] = correlation ** (day[t] - day[t - 1]) if t else 0.0
        before[t] = kept[t] * mean[t - 1] if t else 0.0
        before_variance[t] = kept[t] ** 2 * spread[t - 1] + (1 - kept[t] ** 2) * variance if t else variance
        total = before_variance[t] + error_squared[t]
        surprise = left[t] - before[t]
        gain = before_variance[t] / total
        mean[t] = before[t] + gain * surprise
        spread[t] = (1 - gain) * before_variance[t]
        log_density -= 0.5 * (surprise**2 / total + np.log(total))
    for t in range(days - 2, -1, -1):
        mean[t] += spread[t] * kept[t + 1] / before_variance[t + 1] * (mean[t + 1] - before[t + 1])
    return log_density, mean
