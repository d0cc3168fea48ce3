r"""The sampled model of a trial.

With the outcome y of day t standardised by the reference arm's mean and spread, and σ the spread of a day around
what the model expects::

    y_t / σ = level + trend_t + weekday_t + Σ_k (θ_k + τ d_{k,c(t)}) e_{k,t} + η_t
    η       stationary AR(1) of unit variance, correlation ρ^Δ over Δ days
    θ_k     ~ Normal(0, 1)             the arm's effect against the reference
    d_{k,c} ~ Normal(0, 1)             how cycle c departs from it
    τ       ~ HalfNormal(0.3)          so: does the effect repeat?
    σ²      ~ InverseGamma(2, 1)
    ρ       = 2u - 1, u ~ Beta(4, 2)

All of this is one product of columns (see `santorio.trials.columns`) with coefficients in units of σ: one block
compiles 5 s faster than three, and the number of days is data. `santorio.trials.exact` solves the same model without
sampling; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from santorio.trials import exact
from santorio.trials.columns import Columns, FloatArray
from santorio.trials.density import autoregressive_logp
from santorio.trials.sampling import Fit, RegressionModel, padded

# Columns are padded with zeros to a multiple of this: a coefficient that meets only zeros keeps its prior.
WIDTH_STEP = 16


class TrialModel(RegressionModel):
    """Effects of a trial's arms, pooled over its cycles.

    Parameters
    ----------
    width : int
        Columns of the design; rounded up so that designs of many lengths share one compilation.
    model_config, sampler_config
        See `RegressionModel`.
    """

    default_model_config: ClassVar[Mapping[str, float]] = {
        "tau_sd": exact.TAU_SD,
        "rho_alpha": exact.RHO_BETA[0],
        "rho_beta": exact.RHO_BETA[1],
        "variance_shape": exact.VARIANCE_SHAPE,
        "variance_scale": exact.VARIANCE_SCALE,
    }

    def __init__(
        self,
        width: int,
        model_config: Mapping[str, float] | None = None,
        sampler_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model_config, sampler_config)
        self.width = WIDTH_STEP * -(-width // WIDTH_STEP)

    @property
    def shape(self) -> tuple[int, ...]:
        """Columns; the days are data."""
        return (self.width,)

    def build_model(self) -> Any:
        """Build the PyMC model with empty data."""
        import pymc as pm

        config = self.model_config
        with pm.Model(coords={"column": range(self.width)}, check_bounds=False) as model:
            outcome = pm.Data("outcome", np.zeros(2))
            gap_days = pm.Data("gap_days", np.ones(2))
            columns = pm.Data("columns", np.zeros((2, self.width)))
            fixed_sd = pm.Data("fixed_sd", np.ones(self.width))
            pooled_sd = pm.Data("pooled_sd", np.zeros(self.width))

            variance = pm.InverseGamma("variance", config["variance_shape"], config["variance_scale"])
            unit_rho = pm.Beta("unit_rho", config["rho_alpha"], config["rho_beta"])
            tau = pm.HalfNormal("tau", config["tau_sd"])
            standard = pm.Normal("standard", 0, 1, dims="column")

            coefficient = (fixed_sd + tau * pooled_sd) * standard
            pm.Potential(
                "days",
                autoregressive_logp(coefficient, 2 * unit_rho - 1, variance, columns, outcome, gap_days),
            )
        return model

    def fit(self, columns: Columns, outcome: FloatArray) -> Fit:
        """Sample the posterior.

        Parameters
        ----------
        columns : Columns
            From `trial_columns`.
        outcome : FloatArray
            Standardised outcome, shape (days,).

        Returns
        -------
        Fit
            As sampled, and on the standardised scale `sigma`, `rho`, `coefficient` (draws, columns) and
            `departure_sd` (τσ, by how much a cycle departs).
        """
        fixed_sd = np.where(columns.pooled, 0.0, columns.prior_sd)
        pooled_sd = np.where(columns.pooled, columns.prior_sd, 0.0)
        fit = self.sample(
            {
                "outcome": outcome,
                "gap_days": columns.gap_days,
                "columns": padded(columns.values, self.width),
                "fixed_sd": padded(fixed_sd, self.width),
                "pooled_sd": padded(pooled_sd, self.width),
            }
        )
        sigma, tau = np.sqrt(fit.draws["variance"]), fit.draws["tau"]
        scale = (fixed_sd + tau[:, None] * pooled_sd) * sigma[:, None]
        derived = {
            "sigma": sigma,
            "rho": 2 * fit.draws["unit_rho"] - 1,
            "coefficient": scale * fit.draws["standard"][:, : len(fixed_sd)],
            "departure_sd": tau * sigma,
        }
        return Fit({**fit.draws, **derived}, fit.diagnostics)
