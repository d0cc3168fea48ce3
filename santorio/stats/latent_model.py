r"""The sampled model of a trial whose outcome is not Gaussian: yes or no, a rating, a count, a slider.

With f the likelihood of day t's outcome given a linear predictor μ, and σ the spread of a day on the scale of μ::

    y_t     ~ f(μ_t),  μ_t = offset + σ (level + trend_t + weekday_t + Σ_k (θ_k + τ d_{k,c(t)}) e_{k,t}(λ)) + s η_t
    η       stationary AR(1) of unit variance, correlation ρ^Δ over Δ days: η_i = ρ^Δ η_{i-1} + √(1-ρ^{2Δ}) z_i
    σ²      = s² + d² + v      correlated from day to day, independent by day, and the likelihood's own variance
    s²      = w (σ² - v),  w = 2/3             where d is an unknown;  w σ² where the likelihood has none
    level   ~ Normal(0, 2)

and θ, τ, d_{k,c}, λ, ρ, trend and weekday as in `gaussian_model.py`, in units of σ as there. The data hardly identify
w, the share of a day's variance that is the slow path. In these units the effects, the cut points and σ do not depend
on it, and the posterior has no ridge; on the plain scale of μ they would all grow with s.

- binary: Bernoulli, logit μ. v = π²/3 and d = 0: σ² = v / (1-w).
- ordinal: cumulative logit, v and d as for binary. Cut points are in units of σ; the first is where all used levels
  would be equally likely, the steps to the next are log-normal around that too, with a log standard deviation of 0.7.
- count: negative binomial, log μ, with the shape 1/d²; v = 1/m, m the mean; s² + d² = x², x ~ HalfNormal(1). The
  offset is ln m.
- bounded: ordered Beta (Kubinec 2022, doi:10.1017/pan.2022.20), logit μ: a Beta distribution of precision
  1/(d² m(1-m)), m the mean share of the range, and beside it the two ends of the range, where people push sliders: a
  plain Beta distribution has no probability there, a normal one puts its mean outside the range, and ends that are
  rounded inwards become outliers on the logit's scale. v = 0, x as for counts. The cut points are Normal(-4, 1.5) and
  a log-normal step (8, log standard deviation 0.5) above it. The offset is logit m.

The effect is reported in the outcome's unit: the average over the study's days of the expected outcome with an arm on
every day, less that with the reference on every day: standardisation, or g-computation (Robins 1986,
doi:10.1016/0270-0255(86)90088-6), over the days' own trend, weekday and latent path. Departures of cycles are excluded:
it is the effect that cycles share. Beside it stands the effect on the link's scale. With a logit it is that of a model
without the path (μ is divided by σ √3/π, after Zeger, Liang & Albert 1988, doi:10.2307/2531734): the marginal log odds
ratio, over all days, and not the conditional one of days with the same latent path.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import TrialDesign, gaps
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior
from santorio.stats.outcome_types import (
    CODES,
    LOGISTIC_SD,
    MAX_LEVELS,
    PATH_SHARE,
    CodedOutcome,
    cut_points,
    expected,
)
from santorio.stats.prior import Prior
from santorio.stats.regression_terms import (
    COMMON_PRIORS,
    EMPTY_DAYS,
    KEPT_DIMS,
    TrialRegression,
    declare_coefficients,
    regression,
    rounded_up,
)
from santorio.stats.sampler import Fit, RegressionModel
from santorio.stats.working_response import working_response

# Coarse, since each shape costs ten seconds of compilation, and padded days almost nothing.
WIDTH_STEP = 32
DAYS_STEP = 128
LEVEL_SD = 2.0
# Keeps the shape finite where the outcome has no dispersion.
MIN_DISPERSION = 1e-3


@dataclass(frozen=True)
class Spreads:
    """The parts of a day's spread, on the scale of the linear predictor: floats, arrays or PyTensor expressions.

    Attributes
    ----------
    path_sd : Any
        s, SD of the latent path.
    sigma : Any
        σ, SD of a day in all.
    shape : Any
        Of a negative binomial, or the precision of a Beta distribution.
    cut_scale : Any
        Factor from unit cut points to cut points.
    """

    path_sd: Any
    sigma: Any
    shape: Any
    cut_scale: Any


def spreads(dispersion: Any, scales: Any) -> Spreads:
    """Compute the spreads from the dispersion x.

    Parameters
    ----------
    dispersion : FloatArray or PyTensor expression
        x, shape (draws,) or a scalar.
    scales : FloatArray or PyTensor expression
        See `_scales`, shape (4,).
    """
    chance, is_logistic, unit, in_units = scales[0], scales[1], scales[2], scales[3]
    # Arithmetic instead of branches: PyTensor needs one expression for all likelihoods.
    free = (1 - is_logistic) * dispersion**2
    path = PATH_SHARE * (free + is_logistic * chance / (1 - PATH_SHARE))
    rest = (1 - PATH_SHARE) * free
    sigma = (path + rest + chance) ** 0.5
    shape = 1 / (unit * rest + MIN_DISPERSION**2)
    return Spreads(path**0.5, sigma, shape, in_units * sigma + (1 - in_units))


def _scales(outcome: CodedOutcome) -> FloatArray:
    """The likelihood's own variance, whether it is logistic, the dispersion's unit, whether cut points scale with σ."""
    in_units = outcome.family == "ordinal"
    return np.array([outcome.chance, outcome.is_logistic, outcome.dispersion_unit, in_units], dtype=float)


class LatentTrialModel(RegressionModel):
    """Effects of a trial's arms on an outcome that is not Gaussian.

    Parameters
    ----------
    width, days : int
        Columns of the design, and days with an outcome; rounded up so that trials share one compilation, whatever the
        likelihood.
    model_config, sampler_config
        See `RegressionModel`.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.latent_model import LatentTrialModel
    >>> from santorio.stats.outcome_types import code_outcome
    >>> drinks = np.array([0.0, 2.0, 1.0, 0.0, 3.0, 1.0, 0.0])
    >>> outcome = code_outcome("count", drinks)
    >>> LatentTrialModel(width=14, days=len(drinks)).shape
    (32, 128)

    ``fit = model.fit(design, outcome)`` then samples; ``fit.draws["effect"]`` is in drinks a day, and
    ``fit.draws["link_effect"]`` is the log ratio of means.
    """

    default_model_config: ClassVar[Mapping[str, Prior]] = {
        **COMMON_PRIORS,
        "dispersion": Prior("HalfNormal", sigma=1),
    }

    # Half again as many draws as elsewhere: a second attempt costs several times as much as they do.
    default_sampler_config: ClassVar[Mapping[str, Any]] = {
        **RegressionModel.default_sampler_config,
        "draws": 1500,
        "tune": 750,
    }

    def __init__(
        self,
        width: int,
        days: int,
        model_config: Mapping[str, Prior] | None = None,
        sampler_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model_config, sampler_config)
        self.width = rounded_up(width, WIDTH_STEP)
        self.days = rounded_up(days, DAYS_STEP)

    @property
    def shape(self) -> tuple[int, ...]:
        """Columns, and days of the latent path."""
        return (self.width, self.days)

    def build_model(self) -> Any:
        """Build the PyMC model with empty data."""
        import pymc as pm
        import pytensor.tensor as pt

        from santorio.stats.kernels.latent import latent_density
        from santorio.stats.kernels.pytensor_op import log_density
        from santorio.stats.kernels.transforms import ComplementaryLogLog

        config = self.model_config
        coords = {"column": range(self.width), "day": range(self.days), "cut": range(MAX_LEVELS - 1)}
        with pm.Model(coords=coords, check_bounds=False) as model:
            days = [pm.Data(name, value) for name, value in EMPTY_DAYS.items()]
            layout = pm.Data("layout", np.array([1, 0, 0, 0, 2]))
            link = pm.Data("link", np.zeros(5))
            working = pm.Data("working", np.zeros((2, 2)))
            scales = pm.Data("scales", np.array([1.0, 1, 1, 0]))
            dispersion = config["dispersion"].create_variable("dispersion")
            path = pm.Normal("standard_path", 0, 1, dims="day")
            cuts = pm.Normal("standard_cuts", 0, 1, dims="cut")
            coefficient, rho, carry_over = declare_coefficients(
                config, self.width, layout, ComplementaryLogLog()
            )
            spread = spreads(dispersion, scales)
            noise = pt.stack([rho, spread.path_sd, carry_over, spread.shape, spread.cut_scale])
            inputs = [spread.sigma * coefficient, path, cuts, noise, *days, layout, link, working]
            pm.Potential("days", log_density(latent_density, 4, *inputs))
        return model

    def fit(
        self,
        design: TrialDesign,
        outcome: CodedOutcome,
        *,
        carry_over: CarryOver | None = None,
        prior: EffectPrior = WEAK,
        dose: FloatArray | None = None,
    ) -> Fit:
        """Sample the posterior.

        Parameters
        ----------
        design : TrialDesign
            Arms of all study days.
        outcome : CodedOutcome
            Of the observed days, from `code_outcome`.
        carry_over : CarryOver, optional
            Prior of λ; without it λ is 0: effects act within the day.
        prior : EffectPrior
            Of each arm's effect, in units of σ.
        dose : FloatArray, optional
            Of every study day, as a share of the highest above the reference's.

        Returns
        -------
        Fit
            As sampled, and `rho`, `path_sd` (s), `sigma`, `row_correlation` (of a day with the next, on the scale of
            the linear predictor: ρ s²/σ²), `carry_over`, `shape`, `link_effect` (draws, arms - 1), the
            log odds ratio or log ratio of means, `departure_sd` (τ on the same scale), `expected` (draws, arms: the
            average day's outcome under each) and `effect` (draws, arms - 1): their differences from
            the reference's, in the outcome's own unit.

        Raises
        ------
        ValueError
            If there are more observed days than the model was built for.
        """
        if len(outcome.coded) > self.days:
            msg = f"{len(outcome.coded)} days do not fit into {self.days}"
            raise ValueError(msg)
        terms = latent_regression(design, carry_over, prior, dose)
        fit = self.sample(
            {
                **terms.data(self.width),
                "outcome": outcome.coded,
                "layout": np.array([*terms.layout, CODES[outcome.family], len(outcome.values)]),
                "link": outcome.link,
                "working": working_response(outcome),
                "scales": _scales(outcome),
            }
        )
        dims = {"link_effect": ("arm",), "effect": ("arm",), "expected": ("any_arm",), **KEPT_DIMS}
        coords = {**terms.coords(), "any_arm": range(design.arms)}
        derived = _derived(terms, outcome, fit.draws)
        return fit.with_derived(derived, dims, coords, terms.kept(outcome.coded))


def latent_regression(
    design: TrialDesign, carry_over: CarryOver | None, prior: EffectPrior, dose: FloatArray | None = None
) -> TrialRegression:
    """Columns of a design as this model uses them.

    Parameters
    ----------
    dose : FloatArray, optional
        See `LatentTrialModel.fit`.
    """
    return regression(design, carry_over, prior, level_sd=LEVEL_SD, dose=dose, rotated=True)


@dataclass(frozen=True)
class Standardisation:
    """Expected outcomes of a study's days with any effect on every day.

    Attributes
    ----------
    outcome : CodedOutcome
        The outcome that was fitted.
    baseline : FloatArray
        Linear predictor of each observed day under the reference, shape (draws, days).
    cuts : FloatArray
        See `santorio.stats.outcome_types.expected`, shape (draws, cuts).
    widening : FloatArray
        Factor by which the path widens an effect: μ over its value in a model without the path; shape (draws,).
    """

    outcome: CodedOutcome
    baseline: FloatArray
    cuts: FloatArray
    widening: FloatArray

    def average(self, link_effect: FloatArray | float) -> FloatArray:
        """Average over the days of the expected outcome, in its unit, with this effect on every day.

        Parameters
        ----------
        link_effect : FloatArray or float
            Effect on the link's scale, shape (draws,).

        Returns
        -------
        FloatArray
            Shape (draws,).
        """
        shift = np.broadcast_to(self.widening * link_effect, self.widening.shape)
        return np.asarray(expected(self.outcome, self.baseline + shift[:, None], self.cuts).mean(axis=1))

    def thinned(self, draws: int) -> "Standardisation":
        """About this number of the draws, evenly spaced."""
        step = max(len(self.widening) // draws, 1)
        return Standardisation(self.outcome, self.baseline[::step], self.cuts[::step], self.widening[::step])


def standardise(
    terms: TrialRegression, outcome: CodedOutcome, draws: Mapping[str, FloatArray]
) -> Standardisation:
    """Prepare standardisation over the observed days of a design.

    Parameters
    ----------
    draws : Mapping[str, FloatArray]
        The sampler's draws by variable, shape (draws, …).
    """
    spread = spreads(draws["dispersion"], _scales(outcome))
    cuts = cut_points(outcome, draws["standard_cuts"], np.broadcast_to(spread.cut_scale, spread.sigma.shape))
    coefficients = terms.coefficients(draws)
    background = slice(0, terms.arms.start)
    background_terms = coefficients[:, background] @ terms.columns.values[:, background].T
    path = sampled_paths(terms, outcome, draws)
    baseline = outcome.link[0] + spread.sigma[:, None] * background_terms + spread.path_sd[:, None] * path
    widening = np.ones_like(spread.sigma)
    if outcome.is_logistic:
        widening = spread.sigma / LOGISTIC_SD
    return Standardisation(outcome, baseline, cuts, widening)


def _derived(
    terms: TrialRegression, outcome: CodedOutcome, draws: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """The variables that `LatentTrialModel.fit` derives from the sampled ones."""
    spread = spreads(draws["dispersion"], _scales(outcome))
    days = standardise(terms, outcome, draws)
    rho = 2 * draws["unit_rho"] - 1
    unit = (spread.sigma / days.widening)[:, None]
    link_effect = unit * terms.coefficients(draws)[:, terms.arms]
    means = np.column_stack([days.average(0.0), *(days.average(effect) for effect in link_effect.T)])
    return {
        "rho": rho,
        "path_sd": spread.path_sd,
        "sigma": spread.sigma,
        "row_correlation": rho * spread.path_sd**2 / spread.sigma**2,
        "carry_over": terms.carried_over(draws),
        "shape": spread.shape,
        "link_effect": link_effect,
        "departure_sd": draws["tau"] * unit[:, 0],
        "expected": means,
        "effect": means[:, 1:] - means[:, :1],
    }


def sampled_paths(
    terms: TrialRegression, outcome: CodedOutcome, draws: Mapping[str, FloatArray]
) -> FloatArray:
    """Latent path η of every draw, from the sampler's draws; shape (draws, observed days).

    The same recursions as in `santorio.stats.kernels.latent.latent_density`, over all draws at once.
    """
    from santorio.stats.kernels.latent import RESPONSE, WEIGHT, draw_path, filter_path, middle_of_level

    spread = spreads(draws["dispersion"], _scales(outcome))
    rho = 2 * draws["unit_rho"] - 1
    step = rho ** gaps(terms.design.day[terms.design.observed])[:, None]
    step[0] = 0.0
    working = working_response(outcome)
    residual = working[:, RESPONSE, None] - (spread.sigma[:, None] * terms.linear_predictor(draws)).T
    if outcome.family == "ordinal":
        cuts = cut_points(outcome, draws["standard_cuts"], spread.cut_scale).T
        levels = len(outcome.values)
        residual += np.array([middle_of_level(int(level), levels, cuts) for level in outcome.coded])
    *moments, _ = filter_path(step, spread.path_sd, residual, working[:, WEIGHT])
    standard = draws["standard_path"].T
    return np.asarray(draw_path(standard, step, *moments).T)


def latent_paths(standard: FloatArray, rho: FloatArray, gap_days: FloatArray) -> FloatArray:
    """Paths of an AR(1) of unit variance, exact over gaps, from standard normals.

    Parameters
    ----------
    standard : FloatArray
        Standard normals, shape (draws, days).
    rho : FloatArray
        Correlation of a day with the next, shape (draws,).
    gap_days : FloatArray
        See `santorio.stats.design_matrix.gaps`, shape (days,).

    Returns
    -------
    FloatArray
        Shape (draws, days).
    """
    path = np.empty((len(rho), len(gap_days)))
    path[:, 0] = standard[:, 0]
    for i in range(1, len(gap_days)):
        step = rho ** gap_days[i]
        path[:, i] = step * path[:, i - 1] + np.sqrt(1 - step**2) * standard[:, i]
    return path
