"""The density of a trial's days with its derivatives, written as loops. Heavy: import it where a model is built.

Every function here is plain NumPy, and is compiled by Numba inside a sampled model (see `pytensor_op.py`).
The tests compare the derivatives with finite differences.
"""

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable

from santorio.arrays import FloatArray, IntArray
from santorio.stats.kernels.special import digamma

# Entries of `layout`.
BACKGROUND, ARMS, CYCLES, HEAVY_TAILS = range(4)
# Columns of `schedule`.
KNOWN, GAP_DAYS, ARM, CYCLE = range(4)
# Entries of `noise`.
RHO, VARIANCE, CARRY_OVER, DEGREES = range(4)


@register_jitable  # type: ignore[untyped-decorator]
def effective_exposure(schedule: FloatArray, carry_over: float, arms: int) -> tuple[FloatArray, FloatArray]:
    """Effective exposure to each arm but the reference on every study day, and its derivative by λ.

    With e = 0 before the first day, and Δ days since the study day before::

        e_t = λ^Δ e_{t-Δ} + (1-λ^Δ) a_t

    Parameters
    ----------
    schedule : IntArray
        See `days_density`.
    carry_over : float
        λ.
    arms : int
        Number of arms other than the reference.

    Returns
    -------
    exposure, by_carry_over : FloatArray
        Shape (days, arms).
    """
    exposure = np.zeros((len(schedule), arms))
    by_carry_over = np.zeros((len(schedule), arms))
    for t in range(len(schedule)):
        gap = schedule[t, GAP_DAYS]
        kept = carry_over**gap
        by_kept = gap * carry_over ** (gap - 1.0)
        for k in range(arms):
            if arms == 1:
                # With one arm other than the reference its entry may be a dose, as a share of the highest.
                assigned = schedule[t, ARM]
            elif schedule[t, ARM] == k + 1:
                assigned = 1.0
            else:
                assigned = 0.0
            # Before the first day there is no exposure.
            before, by_before = 0.0, 0.0
            if t > 0:
                before, by_before = exposure[t - 1, k], by_carry_over[t - 1, k]
            exposure[t, k] = kept * before + (1.0 - kept) * assigned
            by_carry_over[t, k] = by_kept * (before - assigned) + kept * by_before
    return exposure, by_carry_over


@register_jitable  # type: ignore[untyped-decorator]
def explained(
    coefficient: FloatArray, columns: FloatArray, exposure: FloatArray, cycle: int, layout: IntArray
) -> float:
    """The linear predictor of a day: background, the arms' effects and the cycle's departures from them.

    Parameters
    ----------
    coefficient : FloatArray
        See `days_density`, shape (width,).
    columns, exposure : FloatArray
        Of the day: background columns, and exposure to each arm.
    """
    background, arms, cycles = layout[BACKGROUND], layout[ARMS], layout[CYCLES]
    total = 0.0
    for j in range(background):
        total += columns[j] * coefficient[j]
    for k in range(arms):
        effect = coefficient[background + k]
        if cycles > 0:
            effect += coefficient[background + arms + k * cycles + cycle]
        total += effect * exposure[k]
    return total


@register_jitable  # type: ignore[untyped-decorator]
def spread_gradient(  # noqa: PLR0917 - called once, in a loop
    pull: float,
    by_coefficient: FloatArray,
    coefficient: FloatArray,
    columns: FloatArray,
    exposure: FloatArray,
    by_carry_over: FloatArray,
    cycle: int,
    layout: IntArray,
) -> float:
    """Backpropagate a day's derivative by its linear predictor: add it to `by_coefficient`, and return that by λ.

    Parameters
    ----------
    pull : float
        Derivative of the log density by the day's linear predictor, see `explained`.
    by_coefficient : FloatArray
        Changed in place, shape (width,).
    by_carry_over : FloatArray
        Derivatives of the day's exposures by λ, shape (arms,).
    """
    background, arms, cycles = layout[BACKGROUND], layout[ARMS], layout[CYCLES]
    by_lambda = 0.0
    for j in range(background):
        by_coefficient[j] += pull * columns[j]
    for k in range(arms):
        effect = coefficient[background + k]
        by_coefficient[background + k] += pull * exposure[k]
        if cycles > 0:
            at = background + arms + k * cycles + cycle
            effect += coefficient[at]
            by_coefficient[at] += pull * exposure[k]
        by_lambda += pull * effect * by_carry_over[k]
    return by_lambda


@register_jitable  # type: ignore[untyped-decorator]
def innovation_density(
    innovation: float, scale_squared: float, degrees: float
) -> tuple[float, float, float, float]:
    """Log density of an innovation and its derivatives by innovation, squared scale and degrees of freedom.

    Normal where `degrees` is 0, else Student-t without the terms that depend on the degrees of freedom alone.
    """
    if degrees <= 0:
        ratio = innovation / scale_squared
        value = -0.5 * (innovation * ratio + math.log(scale_squared))
        return value, -ratio, 0.5 * (ratio * ratio - 1.0 / scale_squared), 0.0
    # The log density is -½ (ν+1) ln(1 + z²/(ν s²)) - ½ ln s², and 1 + z²/(ν s²) = 1 / (1 - share).
    square = innovation * innovation
    wide = degrees * scale_squared + square
    share = square / wide
    stretch = -math.log1p(-share)
    value = -0.5 * math.log(scale_squared) - 0.5 * (degrees + 1.0) * stretch
    by_scale = 0.5 * ((degrees + 1.0) * share - 1.0) / scale_squared
    by_degrees = -0.5 * stretch + 0.5 * (degrees + 1.0) * share / degrees
    return value, -(degrees + 1.0) * innovation / wide, by_scale, by_degrees


@register_jitable  # type: ignore[untyped-decorator]
def student_constant(degrees: float) -> tuple[float, float]:
    """The terms of a Student-t log density that depend on its degrees of freedom alone, and their derivative.

    They come with ½ ln 2π, so that they vanish for many degrees of freedom, as for the normal density.
    """
    half = 0.5 * degrees
    value = math.lgamma(half + 0.5) - math.lgamma(half) - 0.5 * math.log(half)
    return value, 0.5 * (digamma(half + 0.5) - digamma(half) - 1.0 / degrees)


@register_jitable  # type: ignore[untyped-decorator]
def days_density(
    coefficient: FloatArray,
    noise: FloatArray,
    columns: FloatArray,
    outcome: FloatArray,
    schedule: FloatArray,
    layout: IntArray,
) -> tuple[Any, FloatArray, FloatArray]:
    """Log density of a trial's days (without ½ ln 2π each), and its derivatives by coefficients and noise.

    With r = y/σ - X b - Σ_k (θ_k + d_{k,c}) e_k(λ) the residuals of the known days, exact over gaps of Δ days::

        r_1 ~ D(0, 1),   r_i | r_{i-1} ~ D(ρ^Δ r_{i-1}, 1 - ρ^{2Δ})

    D is the normal distribution or, with heavy tails, Student's with ν degrees of freedom, σ being its scale. For a
    Student-t AR(1) this is an approximation on the first day and over gaps, where the exact distribution is not a t.

    Parameters
    ----------
    coefficient : FloatArray
        In units of σ: first those of the background's columns, then one an arm, then one an arm and cycle; the rest
        is padding. Shape (width,).
    noise : FloatArray
        ρ, σ², λ and ν, shape (4,).
    columns : FloatArray
        Background columns of the known days, shape (known days, columns).
    outcome : FloatArray
        Outcome of the known days, shape (known days,).
    schedule : FloatArray
        Of every study day: whether it is known (1 or 0), days since the study day before (1 for the first), assigned
        arm (with one arm other than the reference also a dose, as a share of the highest), cycle. Shape (days, 4).
        Floats: for a power with an integer exponent LLVM calls a function that Numba does not provide.
    layout : IntArray
        Background columns, arms other than the reference, cycles (0 without departures), and whether tails are heavy.

    Returns
    -------
    value : FloatArray
        The log density, without dimensions.
    by_coefficient, by_noise : FloatArray
        Its derivatives, in the shapes of `coefficient` and `noise`.
    """
    rho, variance = noise[RHO], noise[VARIANCE]
    degrees = noise[DEGREES] if layout[HEAVY_TAILS] > 0 else 0.0
    exposure, by_carry_over = effective_exposure(schedule, noise[CARRY_OVER], layout[ARMS])
    rows, root = len(outcome), math.sqrt(variance)
    by_coefficient, by_noise = np.zeros_like(coefficient), np.zeros(4)
    pull = np.zeros(rows)
    value = -0.5 * rows * math.log(variance)
    if degrees > 0:
        constant, by_degrees = student_constant(degrees)
        value += rows * constant
        by_noise[DEGREES] += rows * by_degrees
    # Forward: residuals and their innovations; `pull` is the derivative of the density by each residual.
    row, gap, before = 0, 0.0, 0.0
    for t in range(len(schedule)):
        # Days without an outcome only lengthen the gap.
        gap += schedule[t, GAP_DAYS]
        if schedule[t, KNOWN] > 0:
            residual = outcome[row] / root
            residual -= explained(coefficient, columns[row], exposure[t], int(schedule[t, CYCLE]), layout)
            step = rho**gap if row > 0 else 0.0
            density, by_innovation, by_scale, by_degrees = innovation_density(
                residual - step * before, 1.0 - step * step, degrees
            )
            value += density
            by_noise[DEGREES] += by_degrees
            pull[row] += by_innovation
            if row > 0:
                by_step = -by_innovation * before - 2.0 * step * by_scale
                by_noise[RHO] += by_step * gap * rho ** (gap - 1.0)
                pull[row - 1] -= step * by_innovation
            row, gap, before = row + 1, 0.0, residual
    # Backward: a residual depends on σ by y/σ, and on coefficients and λ by the linear predictor.
    by_noise[VARIANCE] = -0.5 * rows / variance
    row = 0
    for t in range(len(schedule)):
        if schedule[t, KNOWN] > 0:
            by_noise[VARIANCE] -= 0.5 * pull[row] * outcome[row] / (variance * root)
            by_noise[CARRY_OVER] += spread_gradient(
                -pull[row],
                by_coefficient,
                coefficient,
                columns[row],
                exposure[t],
                by_carry_over[t],
                int(schedule[t, CYCLE]),
                layout,
            )
            row += 1
    return np.asarray(value), by_coefficient, by_noise


@register_jitable  # type: ignore[untyped-decorator]
def mixture_density(effect: float, prior: FloatArray) -> tuple[float, float]:
    """Log density of a mixture of normals (without ½ ln 2π), and its derivative.

    Parameters
    ----------
    prior : FloatArray
        Weights, means and standard deviations, shape (3, components).
    """
    # Relative to the highest exponent, so that far from all means the sum does not underflow to 0.
    highest = -np.inf
    for i in range(prior.shape[1]):
        highest = max(highest, -0.5 * ((effect - prior[1, i]) / prior[2, i]) ** 2)
    total, slope = 0.0, 0.0
    for i in range(prior.shape[1]):
        away = (effect - prior[1, i]) / prior[2, i]
        share = prior[0, i] / prior[2, i] * math.exp(-0.5 * away * away - highest)
        total += share
        slope -= share * away / prior[2, i]
    return highest + math.log(total), slope / total


@register_jitable  # type: ignore[untyped-decorator]
def effects_prior(
    standard: FloatArray, shift: FloatArray, scale: FloatArray, prior: FloatArray, layout: IntArray
) -> tuple[Any, FloatArray]:
    """The factor from the Normal(0, 1) of the arms' entries of `standard` to the mixture prior of their effects.

    With θ = shift + scale · z it is ln p(θ) + ln scale - ln Normal(z; 0, 1). A single component that has this shift and
    scale adds nothing.

    Parameters
    ----------
    standard, shift, scale : FloatArray
        z, and what makes coefficients of it, shape (width,).
    prior : FloatArray
        See `mixture_density`.
    layout : IntArray
        See `days_density`.
    """
    by_standard = np.zeros_like(standard)
    value = 0.0
    for j in range(layout[BACKGROUND], layout[BACKGROUND] + layout[ARMS]):
        density, slope = mixture_density(shift[j] + scale[j] * standard[j], prior)
        value += density + math.log(scale[j]) + 0.5 * standard[j] * standard[j]
        by_standard[j] = slope * scale[j] + standard[j]
    return np.asarray(value), by_standard
