"""The density of days whose outcome is not Gaussian, over a latent AR(1). Heavy, as `gaussian`.

A linear predictor with an autocorrelated latent path, and a likelihood of the outcome given it. The path is
parametrised around its approximate posterior: see `latent_density`.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from santorio.arrays import FloatArray, IntArray
from santorio.stats.kernels.gaussian import (
    CYCLE,
    GAP_DAYS,
    KNOWN,
    effective_exposure,
    explained,
    spread_gradient,
)
from santorio.stats.kernels.likelihoods import cut_points, cut_points_gradient, day_density
from santorio.stats.outcome_types import ORDINAL

# Entries of `layout` beyond background, arms and cycles.
FAMILY, LEVELS = 3, 4
# Entries of `noise`.
RHO, PATH_SD, CARRY_OVER, SHAPE, CUT_SCALE = range(5)
# Columns of `working`.
RESPONSE, WEIGHT = range(2)


@register_jitable  # type: ignore[untyped-decorator]
def known_gaps(schedule: FloatArray, rows: int) -> FloatArray:
    """Days between each known day and the known day before it, shape (known days,)."""
    between = np.empty(rows)
    row, gap = 0, 0.0
    for t in range(len(schedule)):
        gap += schedule[t, GAP_DAYS]
        if schedule[t, KNOWN] > 0:
            between[row] = gap
            row, gap = row + 1, 0.0
    return between


@register_jitable  # type: ignore[untyped-decorator]
def filter_path(
    step: FloatArray, path_sd: Any, residual: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, Any]:
    """Kalman filter of a stationary AR(1) η of unit variance, from residuals ~ Normal(s η, 1/weight).

    Parameters
    ----------
    step : FloatArray
        Correlation of each day with the one before, ρ^Δ; 0 for the first. Shape (days,), or, outside compiled code, for
        many draws at once (days, draws), as `residual`.
    path_sd : float or FloatArray
        s, or that of each draw.
    residual : FloatArray
    weight : FloatArray
        Shape (days,).

    Returns
    -------
    predicted_mean, predicted_variance : FloatArray
        Of each day's η given the days before.
    mean, variance : FloatArray
        Of each day's η given that day too.
    evidence : float or FloatArray
        Log density of the residuals, up to a constant.
    """
    predicted_mean, predicted_variance = np.empty_like(residual), np.empty_like(residual)
    mean, variance = np.zeros_like(residual), np.zeros_like(residual)
    evidence = 0.0 * path_sd
    for i in range(len(weight)):
        # On the first day index -1 reads the last entry, which is still zero; the first step is 0.
        predicted_mean[i] = step[i] * mean[i - 1]
        predicted_variance[i] = 1.0 - step[i] * step[i] * (1.0 - variance[i - 1])
        widening = 1.0 + path_sd * path_sd * weight[i] * predicted_variance[i]
        gain = path_sd * weight[i] * predicted_variance[i] / widening
        error = residual[i] - path_sd * predicted_mean[i]
        mean[i] = predicted_mean[i] + gain * error
        variance[i] = predicted_variance[i] / widening
        evidence = evidence - 0.5 * (np.log(widening) + weight[i] * error * error / widening)
    return predicted_mean, predicted_variance, mean, variance, evidence


@register_jitable  # type: ignore[untyped-decorator]
def draw_path(
    standard: FloatArray,
    step: FloatArray,
    predicted_mean: FloatArray,
    predicted_variance: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
) -> FloatArray:
    """Draw a path from what `filter_path` returns, by standard normals, from the last day to the first.

    Parameters
    ----------
    standard : FloatArray
        At least as many days as the filter saw, shape (days,) or (days, draws).
    """
    # Backward sampling (Carter & Kohn 1994): each day given the days before it and the day after it.
    path = np.empty_like(mean)
    last = len(mean) - 1
    path[last] = mean[last] + np.sqrt(variance[last]) * standard[last]
    for i in range(last - 1, -1, -1):
        next_step = step[i + 1]
        share = variance[i] / predicted_variance[i + 1]
        ahead = path[i + 1] - predicted_mean[i + 1]
        spread = np.sqrt(share * (1.0 - next_step * next_step))
        path[i] = mean[i] + share * next_step * ahead + spread * standard[i]
    return path


@register_jitable  # type: ignore[untyped-decorator]
def path_gradient(  # noqa: PLR0913, PLR0917 - one pass back through the two recursions above
    standard: FloatArray,
    step: FloatArray,
    path_sd: float,
    residual: FloatArray,
    weight: FloatArray,
    predicted_mean: FloatArray,
    predicted_variance: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    path: FloatArray,
    by_path: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Derivatives of the filter's evidence plus a function of the path, whose derivatives are `by_path`.

    The adjoint of `draw_path`, first day to last, then of `filter_path`, last day to first.

    Returns
    -------
    by_standard, by_residual, by_step : FloatArray
        In the shapes of `standard`, `residual` and `step`.
    by_path_sd : float
    """
    rows = len(weight)
    last = rows - 1
    by_standard = np.zeros_like(standard)
    by_residual = np.zeros(rows)
    by_predicted_mean, by_predicted_variance = np.zeros(rows), np.zeros(rows)
    by_mean, by_variance, by_step = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    by_path = by_path.copy()
    by_path_sd = 0.0
    # Adjoint of `draw_path`; each line is the chain rule for the line of the same name there.
    for i in range(last):
        next_step = step[i + 1]
        share = variance[i] / predicted_variance[i + 1]
        ahead = path[i + 1] - predicted_mean[i + 1]
        spread = np.sqrt(share * (1.0 - next_step * next_step))
        by_ahead = by_path[i] * share * next_step
        by_spread = by_path[i] * standard[i]
        by_share = by_path[i] * next_step * ahead + 0.5 * by_spread * spread / share
        by_standard[i] = by_path[i] * spread
        by_step[i + 1] += by_path[i] * share * ahead - by_spread * share * next_step / spread
        by_path[i + 1] += by_ahead
        by_predicted_mean[i + 1] -= by_ahead
        by_predicted_variance[i + 1] -= by_share * share / predicted_variance[i + 1]
        by_mean[i] += by_path[i]
        by_variance[i] += by_share / predicted_variance[i + 1]
    spread = np.sqrt(variance[last])
    by_standard[last] = by_path[last] * spread
    by_mean[last] += by_path[last]
    by_variance[last] += 0.5 * by_path[last] * standard[last] / spread
    # Adjoint of `filter_path`, with the derivative of its evidence.
    for i in range(last, -1, -1):
        widening = 1.0 + path_sd * path_sd * weight[i] * predicted_variance[i]
        unit_gain = weight[i] * predicted_variance[i] / widening
        gain = path_sd * unit_gain
        error = residual[i] - path_sd * predicted_mean[i]
        by_gain = by_mean[i] * error
        by_error = by_mean[i] * gain - weight[i] * error / widening
        by_widening = 0.5 * (weight[i] * error * error / widening - 1.0) / widening
        by_widening -= (by_variance[i] * variance[i] + by_gain * gain) / widening
        by_predicted_variance[i] += (by_variance[i] + by_gain * path_sd * weight[i]) / widening
        by_predicted_variance[i] += by_widening * path_sd * path_sd * weight[i]
        by_predicted_mean[i] += by_mean[i] - by_error * path_sd
        by_path_sd += by_gain * unit_gain - by_error * predicted_mean[i]
        by_path_sd += 2.0 * by_widening * path_sd * weight[i] * predicted_variance[i]
        by_residual[i] = by_error
        if i > 0:
            by_step[i] += by_predicted_mean[i] * mean[i - 1]
            by_step[i] -= 2.0 * by_predicted_variance[i] * step[i] * (1.0 - variance[i - 1])
            by_mean[i - 1] += by_predicted_mean[i] * step[i]
            by_variance[i - 1] += by_predicted_variance[i] * step[i] * step[i]
    return by_standard, by_residual, by_step, by_path_sd


@register_jitable  # type: ignore[untyped-decorator]
def middle_of_level(level: int, levels: int, cuts: FloatArray) -> Any:
    """Middle between a level's two cut points; the only one of the lowest level and of the highest."""
    return 0.5 * (cuts[max(level - 1, 0)] + cuts[min(level, levels - 2)])


@register_jitable  # type: ignore[untyped-decorator]
def latent_density(  # noqa: PLR0913, PLR0917 - the inputs of an operation are arrays, not objects
    coefficient: FloatArray,
    standard_path: FloatArray,
    standard_cuts: FloatArray,
    noise: FloatArray,
    columns: FloatArray,
    outcome: FloatArray,
    schedule: FloatArray,
    layout: IntArray,
    link: FloatArray,
    working: FloatArray,
) -> tuple[Any, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log density of the outcomes, and its derivatives by coefficients, path, cut points and noise.

    The linear predictor is offset + x + s η, with x = X b + Σ_k (θ_k + d_{k,c}) e_k(λ). Standard normals z become the
    path η by the posterior that it would have if each day's working response r had been observed,
    r ~ Normal(x + s η, 1/weight). With f the likelihood and g this normal density, up to constants::

        log p(y, η(z)) |∂η/∂z| = log Normal(z; 0, 1) + log f(y | η) - log g(r | η) + log ∫ g(r | η) p(η) dη

    This returns the last three terms. They are exact for any responses; the better these approximate the likelihood,
    the less z correlates with the other parameters.

    Parameters
    ----------
    coefficient, columns, schedule
        See `santorio.stats.kernels.gaussian.days_density`; on the scale of the linear predictor.
    standard_path : FloatArray
        Standard normals of the path, at least as many as known days.
    standard_cuts : FloatArray
        Standard normals of the cut points, shape (cuts,).
    noise : FloatArray
        ρ, s, λ, the likelihood's shape or precision, and the scale of the cut points; shape (5,).
    outcome : FloatArray
        Coded for the likelihood: 0 or 1, a level from 0, a count, or a share of the range; shape (known days,).
    layout : IntArray
        Background columns, arms other than the reference, cycles (0 without departures), likelihood, levels.
    link : FloatArray
        Offset of the linear predictor, then the prior of the cut points (see `cut_points`); shape (5,).
    working : FloatArray
        Working response and weight of each known day; see `santorio.stats.working_response`. Shape (known days, 2).
    """
    rows = len(outcome)
    rho, path_sd = noise[RHO], noise[PATH_SD]
    between = known_gaps(schedule, rows)
    step = rho**between
    step[0] = 0.0
    unit_cuts = cut_points(standard_cuts, link[1:])
    cuts = noise[CUT_SCALE] * unit_cuts
    exposure, by_carry_over = effective_exposure(schedule, noise[CARRY_OVER], layout[1])

    # The working response less the rest of the predictor is a normal observation of s η.
    without_path, residual, weight = np.empty(rows), np.empty(rows), np.empty(rows)
    row = 0
    for t in range(len(schedule)):
        if schedule[t, KNOWN] > 0:
            cycle = int(schedule[t, CYCLE])
            without_path[row] = explained(coefficient, columns[row], exposure[t], cycle, layout)
            residual[row] = working[row, RESPONSE] - without_path[row]
            if layout[FAMILY] == ORDINAL:
                residual[row] += middle_of_level(int(outcome[row]), layout[LEVELS], cuts)
            weight[row] = working[row, WEIGHT]
            row += 1
    predicted_mean, predicted_variance, mean, variance, value = filter_path(step, path_sd, residual, weight)
    path = draw_path(standard_path, step, predicted_mean, predicted_variance, mean, variance)

    # log f - log g of each day, and their derivatives by the predictor and the path.
    by_noise, by_cuts = np.zeros(5), np.zeros_like(standard_cuts)
    by_path, by_predictor = np.empty(rows), np.empty(rows)
    for row in range(rows):
        eta = link[0] + without_path[row] + path_sd * path[row]
        density, by_eta, by_shape = day_density(
            layout[FAMILY], eta, outcome[row], layout[LEVELS], noise[SHAPE], cuts, by_cuts
        )
        away = residual[row] - path_sd * path[row]
        value += density + 0.5 * weight[row] * away * away
        by_predictor[row] = by_eta - weight[row] * away
        by_path[row] = by_predictor[row] * path_sd
        by_noise[PATH_SD] += by_predictor[row] * path[row]
        by_noise[SHAPE] += by_shape

    by_standard_path, by_residual, by_step, by_path_sd = path_gradient(
        standard_path,
        step,
        path_sd,
        residual,
        weight,
        predicted_mean,
        predicted_variance,
        mean,
        variance,
        path,
        by_path,
    )
    by_noise[PATH_SD] += by_path_sd
    by_noise[RHO] = (by_step[1:] * between[1:] * rho ** (between[1:] - 1.0)).sum()
    # The predictor enters the likelihood, and with the opposite sign the residual of the filter.
    by_coefficient = np.zeros_like(coefficient)
    row = 0
    for t in range(len(schedule)):
        if schedule[t, KNOWN] > 0:
            cycle = int(schedule[t, CYCLE])
            pull = by_predictor[row] - by_residual[row]
            by_noise[CARRY_OVER] += spread_gradient(
                pull, by_coefficient, coefficient, columns[row], exposure[t], by_carry_over[t], cycle, layout
            )
            if layout[FAMILY] == ORDINAL:
                level = int(outcome[row])
                away = residual[row] - path_sd * path[row]
                by_middle = by_residual[row] + weight[row] * away
                by_cuts[max(level - 1, 0)] += 0.5 * by_middle
                by_cuts[min(level, layout[LEVELS] - 2)] += 0.5 * by_middle
            row += 1
    by_noise[CUT_SCALE] = (by_cuts * unit_cuts).sum()
    by_standard_cuts = cut_points_gradient(standard_cuts, link[1:], noise[CUT_SCALE] * by_cuts)
    return np.asarray(value), by_coefficient, by_standard_path, by_standard_cuts, by_noise
