"""The posterior of an outcome with a likelihood of its own: effects in the outcome's unit, by cycle, and on the link.

`santorio.stats.latent_model` samples it. Effects are averaged over the days (standardisation), so that they stand in
the outcome's own unit; effects on the link's scale, log odds ratios or log ratios of means, accompany them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.latent_model import LatentTrialModel, Standardisation, latent_regression, standardise
from santorio.stats.outcome_types import LINK_NAMES, LOGISTIC_SD, CodedOutcome
from santorio.stats.regression_terms import TrialRegression
from santorio.stats.sampler import Fit

# A tenth of the draws gives averages to more digits than are reported.
THINNED_DRAWS = 400
# The table of effects reaches from -10 to 10 on the link's scale, an odds ratio of 22,000, in steps of 0.1.
TABLE_END = 10.0
TABLE_STEPS = 201
TABLE_DRAWS = 60


@dataclass(frozen=True)
class EffectDraws:
    """The posterior of a quantity, as draws.

    Attributes
    ----------
    values : FloatArray
        Shape (draws,).
    """

    values: FloatArray

    @property
    def mean(self) -> float:
        """Posterior mean."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Posterior standard deviation."""
        return float(self.values.std(ddof=1))

    def below(self, value: float) -> float:
        """P(quantity < value)."""
        return float((self.values < value).mean())

    def smoothed_below(self, value: float) -> float:
        """P(quantity < value), smoothed for plots by a Gaussian kernel of Silverman's width (1986, equation 3.30)."""
        from scipy.special import ndtr

        width = 0.9 * self.sd * len(self.values) ** -0.2
        return float(ndtr((value - self.values) / width).mean())


@dataclass(frozen=True)
class EffectTable:
    """From an effect on the link's scale to the effect in the outcome's unit, averaged over days, and back.

    Attributes
    ----------
    name : str
        Name of the link's scale.
    link, unit : FloatArray
        Effects on the link's scale, ascending, and the effects in the outcome's unit; shape (steps,).
    """

    name: str
    link: FloatArray
    unit: FloatArray

    def in_unit(self, effect: float) -> float:
        """Effect in the outcome's unit of an effect on the link's scale."""
        return float(np.interp(effect, self.link, self.unit))

    def from_unit(self, effect: float) -> float:
        """Effect on the link's scale of an effect in the outcome's unit; infinite where no effect is that large."""
        if effect >= self.unit[-1] or effect <= self.unit[0]:
            return float(np.copysign(np.inf, effect))
        return float(np.interp(effect, self.unit, self.link))


def mean_table(tables: Sequence[EffectTable]) -> EffectTable:
    """Table of several cases together: the mean of theirs."""
    return EffectTable(tables[0].name, tables[0].link, np.mean([table.unit for table in tables], axis=0))


@dataclass(frozen=True)
class LatentPosterior:
    """Posterior of one case with a likelihood of its own.

    Attributes
    ----------
    fit : Fit
        See `santorio.stats.latent_model.LatentTrialModel.fit`.
    regression : TrialRegression
        Columns of the design with their priors.
    coefficients : FloatArray
        In units of σ, shape (draws, columns).
    days : Standardisation
        Of every `step`-th draw.
    step : int
        Distance between the draws that are standardised.
    """

    fit: Fit
    regression: TrialRegression
    coefficients: FloatArray
    days: Standardisation
    step: int

    @property
    def design(self) -> TrialDesign:
        """Arms of all study days."""
        return self.regression.design

    @property
    def link_name(self) -> str:
        """Name of the linear predictor's scale."""
        return LINK_NAMES[self.days.outcome.family]

    def effect(self, contrast: int) -> EffectDraws:
        """An arm's effect in the outcome's unit."""
        return EffectDraws(self.fit.draws["effect"][:, contrast - 1])

    def link(self, contrast: int) -> EffectDraws:
        """An arm's effect on the link's scale: log odds ratio, or log ratio of means."""
        return EffectDraws(self.fit.draws["link_effect"][:, contrast - 1])

    def standard_effects(self) -> FloatArray:
        """Effects in units of σ, in which their prior stands; shape (draws, arms - 1)."""
        return np.asarray(self.coefficients[:, self.regression.arms])

    def cycles(self, contrast: int) -> list[EffectDraws]:
        """An arm's effect in each cycle, in the outcome's unit."""
        effect = self.fit.draws["link_effect"][:: self.step, contrast - 1]
        reference = self.days.average(0.0)
        departures = self._departures()[:: self.step, contrast - 1]
        return [EffectDraws(self.days.average(effect + departure) - reference) for departure in departures.T]

    def probability_repeats(self, contrast: int) -> float:
        """Probability that in one more cycle the effect has the sign that it has on average."""
        from scipy.special import ndtr

        effect = self.fit.draws["link_effect"][:, contrast - 1]
        departure_sd = np.maximum(self.fit.draws["departure_sd"], 1e-9)
        above = float(ndtr(effect / departure_sd).mean())
        return above if effect.mean() > 0 else 1 - above

    def table(self) -> EffectTable:
        """Effects in the outcome's unit of effects on the link's scale, averaged over the days and over draws."""
        days = self.days.thinned(TABLE_DRAWS)
        link = np.linspace(-TABLE_END, TABLE_END, TABLE_STEPS)
        average = np.array([days.average(float(effect)).mean() for effect in link])
        return EffectTable(self.link_name, link, average - days.average(0.0).mean())

    @property
    def rho(self) -> tuple[float, float, float]:
        """Correlation of a day with the next on the link's scale, chance included: mean and 95 % interval."""
        values = self.fit.draws["row_correlation"]
        lower, upper = np.quantile(values, [0.025, 0.975])
        return float(values.mean()), float(lower), float(upper)

    @property
    def sigma(self) -> float:
        """SD of a day around what the model expects, on the link's scale; with a logit that of the logistic."""
        if self.days.outcome.is_logistic:
            return LOGISTIC_SD
        return float(self.fit.draws["sigma"].mean())

    @property
    def carry_over_mean(self) -> float | None:
        """Posterior mean of λ; None where nothing carries over."""
        carry_over = self.fit.draws["carry_over"]
        if not carry_over.any():
            return None
        return float(carry_over.mean())

    def predictor(self) -> FloatArray:
        """Linear predictor of each observed day as its arm was, without the latent path; of every `step`-th draw.

        Returns
        -------
        FloatArray
            Shape (draws, observed days).
        """
        standard = self.regression.linear_predictor(self.fit.draws)[:: self.step]
        sigma = self.fit.draws["sigma"][:: self.step, None]
        return np.asarray(self.days.outcome.link[0] + sigma * standard)

    def _departures(self) -> FloatArray:
        """How each cycle departs from each arm's effect, on the link's scale; shape (draws, arms - 1, cycles)."""
        arms, cycles = self.design.arms - 1, self.design.cycles
        if cycles == 1:
            return np.zeros((len(self.coefficients), arms, 1))
        unit = self.fit.draws["sigma"]
        if self.days.outcome.is_logistic:
            # In a model without the path, the spread of a day is that of the logistic distribution.
            unit = np.full_like(unit, LOGISTIC_SD)
        # The departures are the last columns, ordered arm by arm, cycle by cycle.
        departures = self.coefficients[:, -arms * cycles :].reshape(-1, arms, cycles)
        return np.asarray(unit[:, None, None] * departures)


def sample_latent_posterior(
    model: LatentTrialModel,
    design: TrialDesign,
    outcome: CodedOutcome,
    *,
    carry_over: CarryOver | None,
    prior: EffectPrior,
    dose: FloatArray | None = None,
) -> LatentPosterior:
    """Sample the posterior of one case; its diagnostics state whether it may be published.

    Parameters
    ----------
    See `santorio.stats.latent_model.LatentTrialModel.fit`.
    """
    fit = model.fit(design, outcome, carry_over=carry_over, prior=prior, dose=dose)
    regression = latent_regression(design, carry_over, prior, dose)
    days = standardise(regression, outcome, fit.draws)
    step = max(len(days.widening) // THINNED_DRAWS, 1)
    coefficients = regression.coefficients(fit.draws)
    return LatentPosterior(fit, regression, coefficients, days.thinned(THINNED_DRAWS), step)


def ratio_of(link: FloatArray) -> tuple[float, float, float]:
    """Median and 95 % interval of a ratio of odds or means, from draws of its logarithm, shape (draws,).

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.latent_posterior import ratio_of
    >>> median, lower, upper = ratio_of(np.log([0.5, 1.0, 2.0]))
    >>> round(median, 2), lower < 1 < upper
    (1.0, True)
    """
    median, lower, upper = np.exp(np.quantile(link, [0.5, 0.025, 0.975]))
    return float(median), float(lower), float(upper)
