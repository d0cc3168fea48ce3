"""The density of days whose outcome is no Gaussian measurement, over a latent AR(1). Heavy, as `density`.

A linear predictor with a latent path that resembles itself from day to day, and a likelihood of the outcome given it.
"""

import math
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

# Entries of `layout` beyond background, arms and cycles.
FAMILY, LEVELS = 3, 4
# Entries of `noise`.
RHO, PATH_SD, CARRY_OVER, SHAPE, CUT_SCALE = range(5)


@register_jitable  # type: ignore[untyped-decorator]
def latent_path(standard: FloatArray, rho: float, gap_days: FloatArray) -> FloatArray:
    """Stationary AR(1) of unit variance from standard normals, exact over gaps.

    η_1 = z_1,  η_i = ρ^Δ η_{i-1} + √(1 - ρ^{2Δ}) z_i.

    Parameters
    ----------
    standard : FloatArray
        z, at least as many as days.
    gap_days : FloatArray
        Days since the day before, shape (days,); the first is unused.
    """
    path = np.empty(len(gap_days))
    for i in range(len(gap_days)):
        step = rho ** gap_days[i] if i > 0 else 0.0
        before = path[i - 1] if i > 0 else 0.0
        path[i] = step * before + math.sqrt(1.0 - step * step) * standard[i]
    return path


@register_jitable  # type: ignore[untyped-decorator]
def latent_path_gradient(
    standard: FloatArray, rho: float, gap_days: FloatArray, path: FloatArray, by_path: FloatArray
) -> tuple[FloatArray, float]:
    """Derivatives by z and ρ from those by the path: the recursion of `latent_path` run backwards (its adjoint)."""
    by_standard, by_rho = np.zeros_like(standard), 0.0
    carried = 0.0
    for i in range(len(gap_days) - 1, -1, -1):
        carried += by_path[i]
        if i == 0:
            by_standard[0] = carried
        else:
            step = rho ** gap_days[i]
            spread = math.sqrt(1.0 - step * step)
            by_standard[i] = carried * spread
            by_step = carried * (path[i - 1] - step / spread * standard[i])
            by_rho += by_step * gap_days[i] * rho ** (gap_days[i] - 1.0)
            carried *= step
    return by_standard, by_rho


@register_jitable  # type: ignore[untyped-decorator]
def known_gaps(schedule: FloatArray, rows: int) -> FloatArray:
    """Days between each known day and the known day before it."""
    between = np.empty(rows)
    row, gap = 0, 0.0
    for t in range(len(schedule)):
        gap += schedule[t, GAP_DAYS]
        if schedule[t, KNOWN] > 0:
            between[row] = gap
            row, gap = row + 1, 0.0
    return between


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
) -> tuple[Any, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log density of the outcomes, and its derivatives by coefficients, path, cut points and noise.

    The linear predictor is offset + X b + Σ_k (θ_k + d_{k,c}) e_k(λ) + s η with η from `latent_path`.

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
        As the likelihood takes it: 0 or 1, a level from 0, a count, or a share of the range.
    layout : IntArray
        Background columns, arms beside the reference, cycles (0 without departures), likelihood, levels.
    link : FloatArray
        Where the linear predictor is expected, then the prior of the cut points (see `cut_points`); shape (5,).
    """
    rows = len(outcome)
    between = known_gaps(schedule, rows)
    path = latent_path(standard_path, noise[RHO], between)
    unit_cuts = cut_points(standard_cuts, link[1:])
    cuts = noise[CUT_SCALE] * unit_cuts
    exposure, by_carry_over = effective_exposure(schedule, noise[CARRY_OVER], layout[1])
    by_coefficient, by_noise = np.zeros_like(coefficient), np.zeros(5)
    by_cuts, by_path = np.zeros_like(standard_cuts), np.zeros(rows)
    value, row = 0.0, 0
    for t in range(len(schedule)):
        if schedule[t, KNOWN] > 0:
            eta = link[0] + noise[PATH_SD] * path[row]
            eta += explained(coefficient, columns[row], exposure[t], int(schedule[t, CYCLE]), layout)
            density, by_eta, by_shape = day_density(
                layout[FAMILY], eta, outcome[row], layout[LEVELS], noise[SHAPE], cuts, by_cuts
            )
            value += density
            by_noise[SHAPE] += by_shape
            by_noise[PATH_SD] += by_eta * path[row]
            by_path[row] = by_eta * noise[PATH_SD]
            by_noise[CARRY_OVER] += spread_gradient(
                by_eta, by_coefficient, coefficient, columns[row], exposure[t], by_carry_over[t],
                int(schedule[t, CYCLE]), layout,
            )  # fmt: skip
            row += 1
    by_standard_path, by_noise[RHO] = latent_path_gradient(standard_path, noise[RHO], between, path, by_path)
    by_noise[CUT_SCALE] = (by_cuts * unit_cuts).sum()
    by_standard_cuts = cut_points_gradient(standard_cuts, link[1:], noise[CUT_SCALE] * by_cuts)
    return np.asarray(value), by_coefficient, by_standard_path, by_standard_cuts, by_noise
