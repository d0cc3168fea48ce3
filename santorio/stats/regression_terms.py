"""The common part of a trial's sampled models: columns with their priors, and coefficients from parameters.

Columns are data, padded to a common width: one compilation serves all trials of a width. A coefficient of the padding,
and λ without carry-over, keep their prior and change nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.stats import exact_inference
from santorio.stats.design_matrix import LEVEL_SD, Columns, TrialDesign, gaps
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.prior import Prior
from santorio.stats.sampler import padded

# Columns are padded with zeros to a multiple of this: a coefficient that meets only zeros keeps its prior.
WIDTH_STEP = 16
# Prior of an unused λ: any distribution that is easily sampled.
UNUSED = CarryOver(2.0, 2.0)
# Priors that every sampled model of a trial has: of τ, and of ρ on the unit interval.
COMMON_PRIORS: Mapping[str, Prior] = {
    "tau": Prior("HalfNormal", sigma=exact_inference.TAU_SD),
    "unit_rho": Prior("Beta", alpha=exact_inference.RHO_BETA[0], beta=exact_inference.RHO_BETA[1]),
}
# Placeholder data of two days, with which a model is compiled; in the order of the densities' arguments.
EMPTY_DAYS: Mapping[str, Any] = {
    "columns": np.zeros((2, 1)),
    "outcome": np.array([0.0, 1.0]),
    "schedule": np.array([[1.0, 1, 0, 0], [1, 1, 0, 0]]),
}


# Dims of the variables that are stored beside the draws.
KEPT_DIMS = {
    "outcome": ("known_day",),
    "assigned_arm": ("study_day",),
    "cycle": ("study_day",),
    "is_known": ("study_day",),
}


def rounded_up(count: int, step: int) -> int:
    """Next multiple of `step`."""
    return step * -(-count // step)


@dataclass(frozen=True)
class TrialRegression:
    """A trial's columns with their priors, for the sampled models.

    Attributes
    ----------
    design : TrialDesign
        Arms of all study days.
    columns : Columns
        Of the observed days, the arms' without carry-over.
    shift, fixed_sd, pooled_sd : FloatArray
        A coefficient is shift + (fixed_sd + τ pooled_sd) z with z standard normal, shape (columns,); the mixture prior
        of the arms' effects has that mean and standard deviation.
    mixture : FloatArray
        Weights, means and standard deviations of the effects' prior, shape (3, components).
    carry_over : CarryOver or None
        Prior of λ; None where λ is 0.
    dose : FloatArray or None
        Dose of every study day, as a share of the highest above the reference's, shape (days,); the single effect is
        then that of the highest dose.
    """

    design: TrialDesign
    columns: Columns
    shift: FloatArray
    fixed_sd: FloatArray
    pooled_sd: FloatArray
    mixture: FloatArray
    carry_over: CarryOver | None
    dose: FloatArray | None = None

    @property
    def arms(self) -> slice:
        """Positions of the arms' effects among the coefficients."""
        first = self.columns.index("arm_1")
        return slice(first, first + self.design.arms - 1)

    @property
    def layout(self) -> IntArray:
        """Background columns, arms other than the reference, cycles (0 without departures); shape (3,)."""
        cycles = self.design.cycles if self.columns.pooled.any() else 0
        return np.array([self.arms.start, self.design.arms - 1, cycles])

    def data(self, width: int) -> dict[str, Any]:
        """Data by name; the outcome and the rest of `layout` are the model's own."""
        beta = self.carry_over or UNUSED
        return {
            "columns": self.columns.values[:, : self.arms.start],
            "schedule": schedule_array(self.design, self.dose),
            "shift": padded(self.shift, width),
            "fixed_sd": padded(self.fixed_sd, width),
            "pooled_sd": padded(self.pooled_sd, width),
            "effect_prior": self.mixture,
            "carry_over_prior": np.array([beta.alpha, beta.beta, self.carry_over is not None], dtype=float),
        }

    def coords(self) -> dict[str, Sequence[str | int]]:
        """Labels of the variables that are derived from the draws."""
        return {
            "term": self.columns.names,
            "arm": range(1, self.design.arms),
            "known_day": self.design.day[self.design.observed].tolist(),
            "study_day": self.design.day.tolist(),
        }

    def kept(self, outcome: FloatArray) -> dict[str, dict[str, NDArray[Any]]]:
        """The fitted data, by group, to be stored with the draws; `outcome` has shape (observed days,)."""
        design = self.design
        schedule = {"assigned_arm": design.arm, "cycle": design.cycle, "is_known": design.observed}
        return {"observed_data": {"outcome": outcome}, "constant_data": schedule}

    def coefficients(self, draws: Mapping[str, FloatArray]) -> FloatArray:
        """Coefficients of every draw, shape (draws, columns)."""
        scale = self.fixed_sd + draws["tau"][:, None] * self.pooled_sd
        return np.asarray(self.shift + scale * draws["standard"][:, : len(self.shift)])

    def carried_over(self, draws: Mapping[str, FloatArray]) -> FloatArray:
        """λ of every draw, shape (draws,); 0 without carry-over."""
        return draws["unit_carry_over"] * (self.carry_over is not None)

    def linear_predictor(self, draws: Mapping[str, FloatArray]) -> FloatArray:
        """Background, effects of arms and departures of cycles, in units of σ; shape (draws, observed days)."""
        coefficient = self.coefficients(draws)
        background = slice(0, self.arms.start)
        effect = coefficient[:, None, self.arms]
        if self.columns.pooled.any():
            departures = coefficient[:, self.arms.stop :].reshape(len(coefficient), -1, self.design.cycles)
            cycle = self.design.cycle[self.design.observed]
            effect = effect + departures[:, :, cycle].transpose(0, 2, 1)
        carry_over = np.zeros(1) if self.carry_over is None else self.carried_over(draws)
        exposure = self.design.exposure(carry_over, self.dose)
        background_terms = coefficient[:, background] @ self.columns.values[:, background].T
        return np.asarray(background_terms + (effect * exposure).sum(axis=2))


def schedule_array(design: TrialDesign, dose: FloatArray | None = None) -> FloatArray:
    """The schedule as an array, shape (days, 4); see `santorio.stats.kernels.gaussian.days_density`."""
    assigned = design.arm if dose is None else dose
    return np.column_stack([design.observed.astype(float), gaps(design.day), assigned, design.cycle])


def regression(
    design: TrialDesign,
    carry_over: CarryOver | None,
    prior: EffectPrior,
    *,
    level_sd: float = LEVEL_SD,
    dose: FloatArray | None = None,
    rotated: bool = False,
) -> TrialRegression:
    """Columns of a design with their priors.

    Parameters
    ----------
    level_sd : float
        Prior SD of the level, in units of σ.
    dose : FloatArray, optional
        See `TrialRegression`.
    rotated : bool
        Whether the background's columns are rotated to their principal axes: the same model with coefficients that are
        less correlated. A line and a half wave look alike, and cost the sampler half its effective draws otherwise.

    Raises
    ------
    ValueError
        If there is a dose and more than one arm other than the reference.
    """
    if dose is not None and design.arms != 2:
        msg = "a dose needs two arms: its effect is that of the highest dose against the reference"
        raise ValueError(msg)
    columns = design.columns()
    mixture = np.array([prior.weights, prior.means, prior.sds])
    weights, means, sds = mixture
    mean = float(weights @ means)
    shift = np.zeros(len(columns.names))
    fixed_sd = np.where(columns.pooled, 0.0, columns.prior_sd)
    pooled_sd = np.where(columns.pooled, columns.prior_sd, 0.0)
    terms = TrialRegression(design, columns, shift, fixed_sd, pooled_sd, mixture, carry_over, dose)
    fixed_sd[columns.index("level")] = level_sd
    if rotated:
        background = slice(0, terms.arms.start)
        scaled = columns.values[:, background] * fixed_sd[background]
        columns.values[:, background] = scaled @ np.linalg.eigh(scaled.T @ scaled)[1]
        fixed_sd[background] = 1.0
    # Mean and SD of the mixture; `effects_prior` adds what its density differs by.
    shift[terms.arms] = mean
    fixed_sd[terms.arms] = np.sqrt(weights @ (sds**2 + means**2) - mean**2)
    return terms


def declare_coefficients(
    config: Mapping[str, Prior], width: int, layout: Any, rho_transform: Any = None
) -> tuple[Any, Any, Any]:
    """Declare the coefficients in the PyMC model that is being built, with the data that `TrialRegression.data` fills.

    Parameters
    ----------
    layout
        The model's own data; see `santorio.stats.kernels.gaussian.days_density`.
    rho_transform : optional
        The scale on which the sampler moves (ρ+1)/2; by default the logit's.

    Returns
    -------
    coefficient, rho, carry_over
        PyTensor expressions; the first has shape (width,).
    """
    import pymc as pm

    from santorio.stats.kernels.gaussian import effects_prior
    from santorio.stats.kernels.pytensor_op import log_density

    shift = pm.Data("shift", np.zeros(width))
    fixed_sd = pm.Data("fixed_sd", np.ones(width))
    pooled_sd = pm.Data("pooled_sd", np.zeros(width))
    mixture = pm.Data("effect_prior", np.ones((3, 1)))
    # α, β, and 1 or 0: whether there is carry-over.
    carry_over_prior = pm.Data("carry_over_prior", np.array([1.0, 1.0, 0.0]))

    unit_rho = config["unit_rho"].create_variable("unit_rho", rho_transform)
    tau = config["tau"].create_variable("tau")
    carry_over = pm.Beta("unit_carry_over", carry_over_prior[0], carry_over_prior[1])
    standard = pm.Normal("standard", 0, 1, dims="column")
    pm.Potential("effects", log_density(effects_prior, 1, standard, shift, fixed_sd, mixture, layout))
    coefficient = shift + (fixed_sd + tau * pooled_sd) * standard
    return coefficient, 2 * unit_rho - 1, carry_over_prior[2] * carry_over
