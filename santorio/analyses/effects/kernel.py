"""The posterior density of scales and ρ, coefficients and σ integrated out. Heavy: import it where needed.

Plain NumPy, compiled by Numba; derivatives are written out by hand and compared with finite differences in the tests.
As a PyMC model the same density took longer to compile, in every process, than half a year of nine outcomes to sample.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable

from santorio.arrays import FloatArray

# Entries of `settings`: scales of the slab, of τ, of outcomes' departures from it and of confounders; σ²'s shape and
# scale; the Beta distributions of (1 + ρ)/2 and of the share; the table that splines were made over.
SLAB_SD, TAU_SD, DEPARTURE_SD, CONFOUNDER_SD, VARIANCE_SHAPE, VARIANCE_SCALE = range(6)
RHO_ALPHA, RHO_BETA, SHARE_ALPHA, SHARE_BETA, FIRST, LAST, STEP = range(6, 13)
# Values of z beyond it change nothing more: λ is 1e±200.
FARTHEST = 30.0


@register_jitable  # type: ignore[untyped-decorator]
def half_cauchy(standard: float) -> tuple[float, float]:
    """λ = tan(π Φ(z) / 2), half-Cauchy where z is standard normal, and d ln λ / dz."""
    z = min(max(standard, -FARTHEST), FARTHEST)
    # By the tail nearer to z, where Φ is exact: tan(π/2 - x) = 1 / tan(x).
    tail = 0.5 * math.pi * 0.5 * math.erfc(abs(z) / math.sqrt(2.0))
    value = math.tan(tail) if z < 0 else 1.0 / math.tan(tail)
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return value, math.pi * density / math.sin(2.0 * tail)


@register_jitable  # type: ignore[untyped-decorator]
def interpolated(splines: FloatArray, logit: float, settings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value and slope of every entry of a `MarginalLikelihood` at logit((1 + ρ)/2); constant beyond the table."""
    first, last, step = settings[FIRST], settings[LAST], settings[STEP]
    position = (min(max(logit, first), last) - first) / step
    interval = min(int(position), len(splines) - 1)
    x = (position - interval) * step
    inside = 1.0 if first < logit < last else 0.0
    cubic = splines[interval]
    value, slope = np.empty(cubic.shape[1]), np.empty(cubic.shape[1])
    for e in range(len(value)):
        value[e] = cubic[0, e] + x * (cubic[1, e] + x * (cubic[2, e] + x * cubic[3, e]))
        slope[e] = inside * (cubic[1, e] + x * (2.0 * cubic[2, e] + x * 3.0 * cubic[3, e]))
    return value, slope


@register_jitable  # type: ignore[untyped-decorator]
def inverse_and_log_root(lower: FloatArray) -> tuple[FloatArray, float]:
    """Inverse of a positive definite matrix given by its lower triangle, which is overwritten, and ½ ln |·|.

    By L L' and L⁻¹, in rows, so that loops run along memory: row j of L, then of L⁻¹, then its part of L⁻¹' L⁻¹.
    """
    count = len(lower)
    log_root = 0.0
    root = np.zeros((count, count))
    inverse = np.zeros((count, count))
    for j in range(count):
        # Cholesky–Banachiewicz: a row of L from the rows above it.
        for k in range(j):
            total = lower[j, k]
            for m in range(k):
                total -= lower[j, m] * lower[k, m]
            lower[j, k] = total / lower[k, k]
        square = lower[j, j]
        for m in range(j):
            square -= lower[j, m] * lower[j, m]
        lower[j, j] = math.sqrt(square)
        log_root += math.log(lower[j, j])
        # Forward substitution: the same row of L⁻¹.
        for k in range(j):
            factor = lower[j, k]
            for m in range(k + 1):
                root[j, m] -= factor * root[k, m]
        root[j, j] = 1.0
        for m in range(j + 1):
            root[j, m] /= lower[j, j]
        # (L L')⁻¹ = L⁻¹' L⁻¹ is a sum over rows; its lower triangle suffices.
        for k in range(j + 1):
            factor = root[j, k]
            for m in range(k + 1):
                inverse[k, m] += factor * root[j, m]
    return inverse, log_root


@register_jitable  # type: ignore[untyped-decorator]
def outcome_density(
    value: FloatArray, slope: FloatArray, scale: FloatArray, days: float, settings: FloatArray
) -> tuple[float, float, FloatArray]:
    """Log density of an outcome (without ½ ln 2π per day), and its derivatives by logit((1 + ρ)/2) and by ln s.

    With β_j ~ Normal(0, s_j²) in units of σ, σ² ~ InverseGamma(a, b), S = diag(s) and K = I + S X'H⁻¹X S::

        -½ ln |H| - ½ ln |K| - (a + n/2) ln(b + ½ q),   q = y'H⁻¹y - (S X'H⁻¹y)' K⁻¹ (S X'H⁻¹y)

    Parameters
    ----------
    value, slope : FloatArray
        Entries of a `MarginalLikelihood` and their slopes.
    scale : FloatArray
        s, shape (exposures,).
    days : float
        n.
    settings : FloatArray
        See `effects_density`.
    """
    count = len(scale)
    start = count * (count + 1) // 2
    # The lower triangle of K.
    kernel = np.empty((count, count))
    entry = 0
    for j in range(count):
        for k in range(j + 1):
            kernel[j, k] = scale[j] * scale[k] * value[entry]
            entry += 1
        kernel[j, j] += 1.0
    inverse, log_root = inverse_and_log_root(kernel)
    # K⁻¹ S X'H⁻¹y, from the lower triangle of K⁻¹.
    mean, by_log_scale = np.zeros(count), np.empty(count)
    for j in range(count):
        for k in range(j + 1):
            mean[j] += inverse[j, k] * scale[k] * value[start + k]
            if k < j:
                mean[k] += inverse[j, k] * scale[j] * value[start + j]
    # q and its slope, and the trace of K⁻¹ times the slope of K.
    left, left_slope, trace = value[start + count], slope[start + count], 0.0
    entry = 0
    for j in range(count):
        left -= mean[j] * scale[j] * value[start + j]
        left_slope -= 2.0 * mean[j] * scale[j] * slope[start + j]
        for k in range(j + 1):
            # An entry off the diagonal stands for its mirror image too.
            times = 1.0 if j == k else 2.0
            weighted = times * scale[j] * scale[k] * slope[entry]
            trace += inverse[j, k] * weighted
            left_slope += mean[j] * mean[k] * weighted
            entry += 1
    rate = settings[VARIANCE_SCALE] + 0.5 * left
    precision = (settings[VARIANCE_SHAPE] + 0.5 * days) / rate
    for j in range(count):
        by_log_scale[j] = inverse[j, j] - 1.0 + precision * mean[j] * mean[j]
    density = -0.5 * value[-1] - log_root - precision * rate * math.log(rate)
    return density, -0.5 * (slope[-1] + trace + precision * left_slope), by_log_scale


@register_jitable  # type: ignore[untyped-decorator]
def beta_density(logit: float, alpha: float, beta: float) -> tuple[float, float, float]:
    """U = expit(logit), log density of the logit of a Beta(α, β), and its derivative."""
    u = 1.0 / (1.0 + math.exp(-logit))
    # ln u and ln(1 - u), exact in both tails.
    log_u = -math.log1p(math.exp(-logit)) if logit > 0 else logit - math.log1p(math.exp(logit))
    return u, alpha * log_u + beta * (log_u - logit), alpha * (1.0 - u) - beta * u


@register_jitable  # type: ignore[untyped-decorator]
def prior_density(position: FloatArray, outcomes: int, settings: FloatArray) -> tuple[float, FloatArray]:
    """Log density of the prior on the sampler's scale, and its derivatives; the rest is standard normal."""
    gradient = -position
    total = -0.5 * np.sum(position[outcomes + 2 :] ** 2)
    for o in range(outcomes):
        _, density, gradient[o] = beta_density(position[o], settings[RHO_ALPHA], settings[RHO_BETA])
        total += density
    square = (math.exp(position[outcomes]) / settings[TAU_SD]) ** 2
    total += position[outcomes] - 0.5 * square
    gradient[outcomes] = 1.0 - square
    _, density, gradient[outcomes + 1] = beta_density(
        position[outcomes + 1], settings[SHARE_ALPHA], settings[SHARE_BETA]
    )
    return total + density, gradient


@register_jitable  # type: ignore[untyped-decorator]
def effects_density(
    position: FloatArray,
    splines: FloatArray,
    days: FloatArray,
    is_confounder: FloatArray,
    settings: FloatArray,
) -> tuple[float, FloatArray]:
    """Log density of the posterior on the sampler's scale, and its derivatives; see `santorio.analyses.effects.model`.

    Parameters
    ----------
    position : FloatArray
        logit((1 + ρ)/2) of each outcome, ln τ, logit(w), h of each outcome, u of each exposure, v of each outcome and
        exposure; shape (outcomes + 2 + outcomes + exposures + outcomes · exposures,).
    splines : FloatArray
        Of each outcome's `MarginalLikelihood`, shape (outcomes, intervals, 4, entries).
    days : FloatArray
        Of each outcome, shape (outcomes,).
    is_confounder : FloatArray
        1 for exposures that are adjusted for without shrinking them to nothing, shape (exposures,).
    settings : FloatArray
        See the names of its entries above.
    """
    outcomes, count = len(days), len(is_confounder)
    total, gradient = prior_density(position, outcomes, settings)
    departure = outcomes + 2
    common = departure + outcomes
    share = 1.0 / (1.0 + math.exp(-position[outcomes + 1]))
    weight_common, weight_own = math.sqrt(share), math.sqrt(1.0 - share)
    scale, by_wide, by_standard = np.empty(count), np.empty(count), np.empty(count)
    for o in range(outcomes):
        own = common + count * (o + 1)
        tau = math.exp(position[outcomes] + settings[DEPARTURE_SD] * position[departure + o])
        for j in range(count):
            standard = weight_common * position[common + j] + weight_own * position[own + j]
            local, by_standard[j] = half_cauchy(standard)
            ratio = (tau * local / settings[SLAB_SD]) ** 2
            # s² = c² r / (1 + r) with r = τ²λ²/c², so that d ln s / d ln(τλ) = 1 / (1 + r); r may underflow to 0.
            scale[j] = 0.0
            if ratio > 0.0:
                scale[j] = settings[SLAB_SD] * math.sqrt(1.0 / (1.0 + 1.0 / ratio))
            by_wide[j] = 1.0 / (1.0 + ratio)
            if is_confounder[j] > 0.0:
                scale[j], by_wide[j] = settings[CONFOUNDER_SD], 0.0
        value, slope = interpolated(splines[o], position[o], settings)
        density, by_logit, by_log_scale = outcome_density(value, slope, scale, days[o], settings)
        total += density
        gradient[o] += by_logit
        for j in range(count):
            by_log_wide = by_log_scale[j] * by_wide[j]
            gradient[outcomes] += by_log_wide
            gradient[departure + o] += by_log_wide * settings[DEPARTURE_SD]
            pull = by_log_wide * by_standard[j]
            gradient[common + j] += pull * weight_common
            gradient[own + j] += pull * weight_own
            # d√w / d logit(w) = √w (1-w) / 2, and d√(1-w) / d logit(w) = -√(1-w) w / 2.
            by_common = weight_common * (1.0 - share) * position[common + j]
            by_own = weight_own * share * position[own + j]
            gradient[outcomes + 1] += 0.5 * pull * (by_common - by_own)
    return total, gradient


@functools.cache
def compiled_density() -> Callable[..., Any]:
    """`effects_density`, compiled; cached on disk until this file changes, if its folder can be written."""
    try:
        compiled = njit(cache=True, nogil=True)(effects_density)
    except RuntimeError:
        compiled = njit(nogil=True)(effects_density)
    return compiled  # type: ignore[no-any-return]
