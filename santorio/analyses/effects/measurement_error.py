r"""Exposures that are measured with error: regression calibration, so that an effect is that of the true amount.

A random error of an exposure attenuates its association by the reliability, the share of the observed variance that
is true. Regression calibration (Carroll, Ruppert, Stefanski & Crainiceanu 2006, Measurement Error in Nonlinear Models,
ch. 4, doi:10.1201/9781420010138) replaces the observed amount by the expectation of the true one, given all
observations::

    w_t = x_t + e_t,   e_t ~ Normal(0, e_t²) with the stated error,   x_t = z_t'γ + a_t,   a an AR(1) of variance s²
    x*_t = E[x_t | w_1 … w_n, z]

The expectation is given neighbouring days too, since the regression's errors are correlated over days, and given the
other exposures as observed, weekday and trend (z), since they are in the regression too. s² and φ have a uniform
prior on a grid; a draw of an effect is multiplied by r / r_draw, so that an uncertain reliability widens intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from santorio.analyses.series import Series
from santorio.arrays import FloatArray, IntArray
from santorio.metrics import exposure as find_exposure
from santorio.stats.design_matrix import background_columns

# With fewer, error and true variation cannot be separated.
MIN_DAYS = 30
# Values of s², as shares of the observed variance, and of φ: intake resembles that of the day before a little, and
# never with the opposite sign.
VARIANCES = np.linspace(0.02, 1.2, 60)
CORRELATIONS = np.linspace(0.0, 0.9, 10)
# Below it, four fifths of the variance are error: such an exposure is excluded.
MIN_RELIABILITY = 0.2
# Of γ, in standard deviations of w for one of z.
GAMMA_SD = 1.0
# The error is a share of the amount; for that of a small amount, this share of the mean is taken.
SMALLEST_SHARE_OF_MEAN = 0.25


@dataclass(frozen=True)
class RegressionCalibration:
    """The expectation of the true amounts.

    Attributes
    ----------
    value : FloatArray
        x*, in the exposure's unit, shape (days,).
    reliability : float
        Share of the variance that is true, of the variance that the other columns do not explain; posterior mean.
    draws : FloatArray
        Of the reliability, shape (draws,).
    """

    value: FloatArray
    reliability: float
    draws: FloatArray

    def widen(self, effect: FloatArray) -> FloatArray:
        """Widen draws of an effect, made as if the reliability were known, by its uncertainty."""
        return effect * self.reliability / np.resize(self.draws, len(effect))


def correct_measurement_error(
    exposures: Mapping[str, Series],
) -> tuple[dict[str, Series], dict[str, RegressionCalibration]]:
    """Calibrate the exposures that are measured with error; those that are hardly more than error are excluded.

    Returns
    -------
    exposures : dict[str, Series]
        All but the excluded; calibrated ones with the expected true amounts.
    calibrations : dict[str, RegressionCalibration]
        Of those with an error, excluded ones too.
    """
    corrected, calibrations = {}, {}
    for name, series in exposures.items():
        error = find_exposure(name).relative_error
        if not (error > 0 and len(series.day) >= MIN_DAYS and series.value.std() > 0):
            corrected[name] = series
            continue
        # All others as observed: the order of the exposures must not matter.
        others = [other.at(series.day) for other_name, other in exposures.items() if other_name != name]
        calibration = regression_calibrate(series.day, series.value, error, others)
        calibrations[name] = calibration
        if calibration.reliability >= MIN_RELIABILITY:
            corrected[name] = replace(series, value=calibration.value)
    return corrected, calibrations


def regression_calibrate(
    day: IntArray,
    observed: FloatArray,
    relative_error: float,
    others: Sequence[FloatArray],
    *,
    draws: int = 1000,
    seed: int = 2614,
) -> RegressionCalibration:
    """Replace observed amounts by the expectation of the true ones.

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
    explained, coefficients = _explain(day, standard, others)
    amount = observed.mean() + spread * explained
    amount = np.maximum(amount, SMALLEST_SHARE_OF_MEAN * observed.mean()) / spread
    # The fit takes some of the variance with each coefficient: it is given back.
    residual = (standard - explained) / np.sqrt(1 - coefficients / len(day))
    # Every pair of the grid, flat; shapes below are (days, pairs).
    variance, correlation = np.meshgrid(VARIANCES * residual.var(), CORRELATIONS)
    variance, correlation = variance.ravel(), correlation.ravel()
    # The error is proportional to the true amount, whose mean is the explained part and whose variance is s².
    error_squared = relative_error**2 * (amount[:, None] ** 2 + variance)
    reliability = variance / (variance + error_squared.mean(axis=0))
    log_density, smoothed = _smooth(day, residual, error_squared, variance, correlation)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    value = observed.mean() + spread * (explained + smoothed @ weight)
    drawn = np.random.default_rng(seed).choice(reliability, size=draws, p=weight)
    return RegressionCalibration(value, float(weight @ reliability), drawn)


def _explain(day: IntArray, standard: FloatArray, others: Sequence[FloatArray]) -> tuple[FloatArray, float]:
    """Part that the other columns explain, by ridge regression, and the effective number of coefficients."""
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
    day: IntArray,
    residual: FloatArray,
    error_squared: FloatArray,
    variance: FloatArray,
    correlation: FloatArray,
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
    shape = days, len(variance)
    # φ^Δ, and mean and variance before the day's observation; the first day has no day before it.
    retained = np.zeros(shape)
    predicted, predicted_variance = np.zeros(shape), np.empty(shape)
    predicted_variance[0] = variance
    mean, filtered_variance = np.empty(shape), np.empty(shape)
    log_density = np.zeros(len(variance))
    for t in range(days):
        if t > 0:
            retained[t] = correlation ** (day[t] - day[t - 1])
            predicted[t] = retained[t] * mean[t - 1]
            innovation_variance = (1 - retained[t] ** 2) * variance
            predicted_variance[t] = retained[t] ** 2 * filtered_variance[t - 1] + innovation_variance
        total = predicted_variance[t] + error_squared[t]
        surprise = residual[t] - predicted[t]
        gain = predicted_variance[t] / total
        mean[t] = predicted[t] + gain * surprise
        filtered_variance[t] = (1 - gain) * predicted_variance[t]
        log_density -= 0.5 * (surprise**2 / total + np.log(total))
    # Backwards: each day learns from the day after it.
    for t in range(days - 2, -1, -1):
        gain = filtered_variance[t] * retained[t + 1] / predicted_variance[t + 1]
        mean[t] += gain * (mean[t + 1] - predicted[t + 1])
    return log_density, mean
