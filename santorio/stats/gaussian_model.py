r"""The sampled model of a trial.

With the outcome y of day t standardised by the reference arm's mean and spread, and σ the spread of a day around
what the model expects::

    y_t / σ = level + trend_t + weekday_t + Σ_k (θ_k + τ d_{k,c(t)}) e_{k,t}(λ) + η_t
    e_t     = λ^Δ e_{t-Δ} + (1 - λ^Δ) a_t      over all study days, Δ days apart
    η       stationary AR(1) of unit variance, correlation ρ^Δ over Δ days
    θ_k     ~ Σ_i w_i Normal(m_i, s_i²)        the arm's effect against the reference; by default Normal(0, 1)
    λ       ~ Beta(α, β)                       share of yesterday's exposure still effective; 0 without carry-over
    d_{k,c} ~ Normal(0, 1)                     how cycle c departs from it
    τ       ~ HalfNormal(0.3)                  so: does the effect repeat?
    σ²      ~ InverseGamma(2, 1)
    ρ       = 2u - 1, u ~ Beta(6, 1.5)

With heavy tails the innovations of η are Student-t with ν = 2 + x degrees of freedom, x ~ Gamma(2, rate 0.1) after
Juárez & Steel (2010, doi:10.1198/jbes.2009.07145), and σ is their scale.

All of this is one product of columns (`design_matrix.py`) with coefficients in units of σ, computed in one loop
(`kernels/gaussian.py`). Days, arms, cycles, the priors of θ and λ, and whether tails are heavy are data: one
compilation serves all trials of a width. Parameters that a trial does not need keep their prior and change nothing.
`santorio.stats.exact_inference` solves the same model without sampling; a test compares the two.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats import exact_inference
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior
from santorio.stats.prior import Prior
from santorio.stats.regression_terms import (
    COMMON_PRIORS,
    EMPTY_DAYS,
    KEPT_DIMS,
    WIDTH_STEP,
    declare_coefficients,
    regression,
    rounded_up,
)
from santorio.stats.sampler import Fit, RegressionModel


class TrialModel(RegressionModel):
    """Effects of a trial's arms, pooled over its cycles.

    Parameters
    ----------
    width : int
        Columns of the design; rounded up so that designs of many lengths share one compilation.
    model_config, sampler_config
        See `RegressionModel`.

    Examples
    --------
    >>> from santorio.stats.gaussian_model import TrialModel
    >>> from santorio.stats.prior import Prior
    >>> model = TrialModel(width=14, model_config={"tau": Prior("HalfNormal", sigma=0.5)})
    >>> model.shape
    (16,)

    ``fit = model.fit(design, outcome)`` then samples; ``fit.draws["effect"]`` has shape (draws, arms - 1), and
    ``fit.diagnostics.problem`` is None where the fit may be published.
    """

    default_model_config: ClassVar[Mapping[str, Prior]] = {
        **COMMON_PRIORS,
        "variance": Prior(
            "InverseGamma", alpha=exact_inference.VARIANCE_SHAPE, beta=exact_inference.VARIANCE_SCALE
        ),
        "degrees_above_two": Prior("Gamma", alpha=2, beta=0.1),
    }

    def __init__(
        self,
        width: int,
        model_config: Mapping[str, Prior] | None = None,
        sampler_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model_config, sampler_config)
        self.width = rounded_up(width, WIDTH_STEP)

    @property
    def shape(self) -> tuple[int, ...]:
        """Columns; the days are data."""
        return (self.width,)

    def build_model(self) -> Any:
        """Build the PyMC model with empty data."""
        import pymc as pm
        import pytensor.tensor as pt

        from santorio.stats.kernels.gaussian import days_density
        from santorio.stats.kernels.pytensor_op import log_density

        config = self.model_config
        with pm.Model(coords={"column": range(self.width)}, check_bounds=False) as model:
            days = [pm.Data(name, value) for name, value in EMPTY_DAYS.items()]
            layout = pm.Data("layout", np.array([1, 0, 0, 0]))
            variance = config["variance"].create_variable("variance")
            degrees = config["degrees_above_two"].create_variable("degrees_above_two")
            coefficient, rho, carry_over = declare_coefficients(config, self.width, layout)
            noise = pt.stack([rho, variance, carry_over, 2 + degrees])
            pm.Potential("days", log_density(days_density, 2, coefficient, noise, *days, layout))
        return model

    def fit(
        self,
        design: TrialDesign,
        outcome: FloatArray,
        *,
        carry_over: CarryOver | None = None,
        prior: EffectPrior = WEAK,
        heavy_tails: bool = False,
    ) -> Fit:
        """Sample the posterior.

        Parameters
        ----------
        design : TrialDesign
            Arms of all study days.
        outcome : FloatArray
            Standardised outcome of the observed days, shape (observed days,).
        carry_over : CarryOver, optional
            Prior of λ; without it λ is 0: effects act within the day.
        prior : EffectPrior
            Of each arm's effect, in units of σ.
        heavy_tails : bool
            Whether innovations are Student-t.

        Returns
        -------
        Fit
            As sampled, and on the standardised scale `sigma`, `rho`, `carry_over` (λ), `degrees` (ν; infinite without
            heavy tails), `coefficient` (draws, columns), `effect` (draws, arms other than the reference) and
            `departure_sd` (τσ, by how much a cycle departs).
        """
        terms = regression(design, carry_over, prior)
        layout = np.append(terms.layout, int(heavy_tails))
        fit = self.sample({**terms.data(self.width), "outcome": outcome, "layout": layout})
        draws, sigma = fit.draws, np.sqrt(fit.draws["variance"])
        # The sampler's coefficients are in units of σ.
        coefficient = terms.coefficients(draws) * sigma[:, None]
        degrees = np.full(len(sigma), np.inf)
        if heavy_tails:
            degrees = 2 + draws["degrees_above_two"]
        derived = {
            "sigma": sigma,
            "rho": 2 * draws["unit_rho"] - 1,
            "carry_over": terms.carried_over(draws),
            "degrees": degrees,
            "coefficient": coefficient,
            "effect": coefficient[:, terms.arms],
            "departure_sd": draws["tau"] * sigma,
        }
        dims = {"coefficient": ("term",), "effect": ("arm",), **KEPT_DIMS}
        return fit.with_derived(derived, dims, terms.coords(), terms.kept(outcome))
