r"""The sampled model of one outcome on everything a person did: what is associated with it.

With outcome and exposures standardised and σ the spread of a day around what the model expects::

    y_t / σ = level + trend_t + weekday_t + Σ_j β_j x_{j,t-lag} + η_t
    η       stationary AR(1) of unit variance, correlation ρ^Δ over Δ days: the outcome's own past
    β_j     ~ Normal(0, τ² λ̃_j²),   λ̃_j² = c² λ_j² / (c² + τ² λ_j²)
    λ_j     ~ HalfStudentT(3),      τ ~ HalfNormal(0.2),      c = 1

The regularised horseshoe of Piironen & Vehtari (2017, doi:10.1214/17-EJS1337SI) with local scales of three degrees of
freedom instead of one: as sparse as a handful of exposures needs, and sampled without divergences.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from santorio.trials import exact
from santorio.trials.columns import Columns, FloatArray
from santorio.trials.regression import EMPTY_DAYS
from santorio.trials.sampling import Fit, RegressionModel, padded

# Level, line, five waves, six weekdays, and seven patterns of days on which something was not logged.
BACKGROUND = 20
# Exposures are padded to a multiple of this, so that all outcomes and most people share one compilation.
EXPOSURE_STEP = 8


class EffectsModel(RegressionModel):
    """Shrunken effects of several exposures on one outcome.

    Parameters
    ----------
    exposures : int
        Number of exposures; rounded up so that compiled models are shared.
    model_config, sampler_config
        See `RegressionModel`.
    """

    default_model_config: ClassVar[Mapping[str, float]] = {
        "tau_sd": 0.2,
        "slab_sd": 1.0,
        "local_degrees": 3.0,
        "rho_alpha": exact.RHO_BETA[0],
        "rho_beta": exact.RHO_BETA[1],
        "variance_shape": exact.VARIANCE_SHAPE,
        "variance_scale": exact.VARIANCE_SCALE,
    }
    default_sampler_config: ClassVar[Mapping[str, Any]] = {
        **RegressionModel.default_sampler_config,
        # A strong effect makes a ridge of τ, λ and the rest. Of 27 fits tried, 6 were refused at 0.95 with a
        # diagonal mass matrix, none with these.
        "target_accept": 0.97,
        "adaptation": "low_rank",
    }

    def __init__(
        self,
        exposures: int,
        model_config: Mapping[str, float] | None = None,
        sampler_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model_config, sampler_config)
        self.exposures = EXPOSURE_STEP * -(-exposures // EXPOSURE_STEP)

    @property
    def shape(self) -> tuple[int, ...]:
        """Exposures; the days are data."""
        return (self.exposures,)

    def _shrink(self, wide: Any, sqrt: Any) -> Any:
        """τ λ̃ from τ λ: small scales stay, large ones end at the slab's."""
        return wide / sqrt(1 + (wide / self.model_config["slab_sd"]) ** 2)

    def build_model(self) -> Any:
        """Build the PyMC model with empty data."""
        import pymc as pm
        import pytensor.tensor as pt

        from santorio.trials.density import days_density
        from santorio.trials.operations import log_density

        config = self.model_config
        width = BACKGROUND + self.exposures
        coords = {"column": range(width), "exposure": range(self.exposures)}
        with pm.Model(coords=coords, check_bounds=False) as model:
            columns = pm.Data("columns", np.zeros((2, width)))
            outcome = pm.Data("outcome", np.zeros(2))
            schedule = pm.Data("schedule", EMPTY_DAYS["schedule"])
            background_sd = pm.Data("background_sd", np.ones(BACKGROUND))

            variance = pm.InverseGamma("variance", config["variance_shape"], config["variance_scale"])
            unit_rho = pm.Beta("unit_rho", config["rho_alpha"], config["rho_beta"])
            tau = pm.HalfNormal("tau", config["tau_sd"])
            local = pm.HalfStudentT("local", nu=config["local_degrees"], sigma=1, dims="exposure")
            standard = pm.Normal("standard", 0, 1, dims="column")

            coefficient = pt.concatenate([background_sd, self._shrink(tau * local, pt.sqrt)]) * standard
            noise = pt.stack([2 * unit_rho - 1, variance, 0.0, 0.0])
            layout = np.array([width, 0, 0, 0])
            pm.Potential(
                "days", log_density(days_density, 2, coefficient, noise, columns, outcome, schedule, layout)
            )
        return model

    def fit(self, background: Columns, exposures: FloatArray, outcome: FloatArray) -> Fit:
        """Sample the posterior.

        Parameters
        ----------
        background : Columns
            From `background_columns`.
        exposures : FloatArray
            Standardised exposures that act on each day, shape (days, exposures).
        outcome : FloatArray
            Standardised outcome, shape (days,).

        Returns
        -------
        Fit
            As sampled, and on the standardised scale `sigma`, `rho` and `effect` (draws, exposures).
        """
        count = exposures.shape[1]
        fit = self.sample(
            {
                "outcome": outcome,
                # Every day is known and has the reference arm, in the one cycle.
                "schedule": np.column_stack(
                    [np.ones(len(outcome)), background.gap_days, *np.zeros((2, len(outcome)))]
                ),
                "columns": np.column_stack(
                    [padded(background.values, BACKGROUND), padded(exposures, self.exposures)]
                ),
                "background_sd": padded(background.prior_sd, BACKGROUND),
            }
        )
        sigma = np.sqrt(fit.draws["variance"])
        scale = self._shrink(fit.draws["tau"][:, None] * fit.draws["local"], np.sqrt)
        effect = scale * fit.draws["standard"][:, BACKGROUND:] * sigma[:, None]
        derived = {"sigma": sigma, "rho": 2 * fit.draws["unit_rho"] - 1, "effect": effect[:, :count]}
        return replace(fit, draws={**fit.draws, **derived})
