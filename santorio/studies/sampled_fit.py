"""One outcome of one case with a likelihood of its own, fitted by the sampled model of `santorio.stats.latent_model`.

Effects are told in the outcome's own unit, averaged over the case's rows, and beside it on the link's scale: there
cases are pooled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.latent_model import LatentTrialModel, Standardisation, latent_regression, standardise
from santorio.stats.outcome_types import LOGISTIC_SD, Family, code_outcome
from santorio.studies.gaussian_fit import CaseDesign
from santorio.studies.preprocessing import Prepared
from santorio.studies.spec import OutcomeColumn

# In units of a row's spread on the link's scale. Wider than a trial's, since people bring along what works at once; a
# wider part beside it would tell a symptom that never came with one arm an odds ratio of thousands.
EFFECT_SD = 1.5
PRIOR = EffectPrior((1.0,), (0.0,), (EFFECT_SD,))
# A tenth of the draws tells averages to a digit more than is told.
THINNED = 400
# A case's own posterior is this much narrower than its prior at least, as far as pooling goes.
LEAST_LEARNED = 1e-3
TABLE_ENDS = 10.0
TABLE_STEPS = 201
DRAWS_OF_TABLE = 60


@dataclass(frozen=True)
class Draws:
    """The belief about a number, as draws of it."""

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
        """P(number < value)."""
        return float((self.values < value).mean())

    def smoothed_below(self, value: float) -> float:
        """P(number < value) with a Gaussian kernel of Silverman's width, for drawing."""
        from scipy.special import ndtr

        width = 0.9 * self.sd * len(self.values) ** -0.2
        return float(ndtr((value - self.values) / width).mean())


@dataclass(frozen=True)
class Table:
    """From an effect on the link's scale to what it amounts to in the outcome's unit, averaged over rows, and back."""

    name: str
    link: FloatArray
    unit: FloatArray

    def in_unit(self, effect: float) -> float:
        """What an effect on the link's scale amounts to in the outcome's unit."""
        return float(np.interp(effect, self.link, self.unit))

    def from_unit(self, effect: float) -> float:
        """Effect on the link's scale that amounts to this; infinite beyond what is possible."""
        if effect >= self.unit[-1] or effect <= self.unit[0]:
            return float(np.copysign(np.inf, effect))
        return float(np.interp(effect, self.unit, self.link))


def joined(tables: Sequence[Table]) -> Table:
    """Table of several cases together: the mean of theirs."""
    return Table(tables[0].name, tables[0].link, np.mean([one.unit for one in tables], axis=0))


@dataclass(frozen=True)
class SampledFit:
    """Posterior of one case with a likelihood of its own.

    Attributes
    ----------
    family : Family
    draws : Mapping[str, FloatArray]
        See `santorio.stats.latent_model.LatentTrialModel.fit`.
    departures : FloatArray
        How each cycle departs from each arm's effect, on the link's scale; shape (draws, arms - 1, cycles).
    days : Standardisation
        Of some of the draws, every `step`-th.
    step : int
    link_name : str
        What the scale of the analysis is called.
    """

    family: Family
    draws: Mapping[str, FloatArray]
    departures: FloatArray
    days: Standardisation
    step: int
    link_name: str

    def effect(self, contrast: int) -> Draws:
        """Belief about an arm's effect in the outcome's unit."""
        return Draws(self.draws["effect"][:, contrast - 1])

    def link(self, contrast: int) -> Draws:
        """Belief about an arm's effect on the link's scale: log odds ratio, or log ratio of means."""
        return Draws(self.draws["link_effect"][:, contrast - 1])

    def of_days(self, contrast: int) -> tuple[float, float]:
        """What the days alone say of an effect on the link's scale, without its prior: estimate and standard deviation.

        Both are taken to be normal: their precisions differ by the prior's.
        """
        own = self.link(contrast)
        prior = (EFFECT_SD * self.sigma) ** 2
        precision = max(own.sd**-2 - 1 / prior, LEAST_LEARNED / prior)
        return own.mean / own.sd**2 / precision, precision**-0.5

    def cycles(self, contrast: int) -> list[Draws]:
        """Belief about the effect in each cycle, in the outcome's unit."""
        effect = self.draws["link_effect"][:: self.step, contrast - 1]
        usual = self.days.average(0.0)
        departures = self.departures[:: self.step, contrast - 1]
        return [Draws(self.days.average(effect + departure) - usual) for departure in departures.T]

    def probability_repeats(self, contrast: int) -> float:
        """Probability that in one more cycle the effect has the sign that it has on average."""
        from scipy.special import ndtr

        effect = self.draws["link_effect"][:, contrast - 1]
        above = float(ndtr(effect / np.maximum(self.draws["departure_sd"], 1e-9)).mean())
        return above if effect.mean() > 0 else 1 - above

    def table(self) -> Table:
        """What effects on the link's scale amount to, averaged over this case's rows and over draws."""
        days = self.days.thinned(DRAWS_OF_TABLE)
        link = np.linspace(-TABLE_ENDS, TABLE_ENDS, TABLE_STEPS)
        average = np.array([days.average(float(effect)).mean() for effect in link])
        return Table(self.link_name, link, average - days.average(0.0).mean())

    @property
    def rho(self) -> tuple[float, float, float]:
        """Correlation of a row with the next on the link's scale, chance included: mean and 95 % interval."""
        values = self.draws["row_correlation"]
        lower, upper = np.quantile(values, [0.025, 0.975])
        return float(values.mean()), float(lower), float(upper)

    @property
    def sigma(self) -> float:
        """Spread of a row around what the model expects, on the link's scale; with a logit the logistic's."""
        return LOGISTIC_SD if self.days.outcome.is_logistic else float(self.draws["sigma"].mean())

    @property
    def carry_over_mean(self) -> float | None:
        """Posterior mean of λ; None where nothing carries over."""
        return float(self.draws["carry_over"].mean()) if self.draws["carry_over"].any() else None


@dataclass(frozen=True)
class Refused:
    """Why no fit of this outcome may be told."""

    problem: str


def fit_sampled(
    outcome: OutcomeColumn,
    prepared: Sequence[Prepared],
    family: Family,
    link_name: str,
    carry_over: CarryOver | None,
) -> list[SampledFit] | Refused:
    """Fit one outcome of all cases, each by itself; if one is refused by its diagnostics, none is told."""
    ones = [latent_regression(one.case.design, carry_over, PRIOR, one.case.dose) for one in prepared]
    # One compilation for all cases.
    model = LatentTrialModel(
        max(len(one.columns.names) for one in ones), max(len(one.known) for one in prepared)
    )
    low, high = outcome.bounds or (0.0, 1.0)
    found = []
    for one, regressed in zip(prepared, ones, strict=True):
        # Whole but for the last digits, see `santorio.studies.likelihood_choice.choose`.
        values = one.known if family == "bounded" else np.round(one.known)
        coded = code_outcome(family, values, low=low, high=high)
        fit = model.fit(one.case.design, coded, carry_over=carry_over, prior=PRIOR, dose=one.case.dose)
        if fit.diagnostics.problem is not None:
            return Refused(fit.diagnostics.problem)
        days = standardise(regressed, coded, fit.draws)
        step = max(len(days.widening) // THINNED, 1)
        found.append(
            SampledFit(
                family, fit.draws, _departures(one.case, regressed.coefficients(fit.draws), days, fit.draws),
                days.thinned(THINNED), step, link_name,
            )
        )  # fmt: skip
    return found


def _departures(
    case: CaseDesign, coefficient: FloatArray, days: Standardisation, draws: Mapping[str, FloatArray]
) -> FloatArray:
    arms, cycles = case.design.arms - 1, case.design.cycles
    if cycles == 1:
        return np.zeros((len(coefficient), arms, 1))
    unit = (draws["sigma"] / days.widening)[:, None, None]
    return np.asarray(unit * coefficient[:, -arms * cycles :].reshape(-1, arms, cycles))
