"""Summaries of a stored posterior for a report: densities, cycles, weights of the prior, predictive checks.

Nothing is sampled again. Pure arrays; no data access.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import TrialDesign, gaps
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.exact_inference import fit_trial
from santorio.stats.exact_posterior import ExactPosterior
from santorio.stats.latent_model import latent_paths
from santorio.stats.latent_posterior import ratio_of
from santorio.stats.outcome_types import (
    CODES,
    LINK_NAMES,
    LOGISTIC_SD,
    CodedOutcome,
    Family,
    draw_outcome,
    expected,
)
from santorio.stats.sampler import Fit
from santorio.trials.analysis.fit import STANDARDISATION
from santorio.trials.analysis.preprocessing import MIN_DAYS_PER_ARM

# Points at which densities are evaluated.
GRID_POINTS = 401
# Draws of the posterior from which days are simulated.
REPLICATES = 400
# Outside of 5 to 95 % of the simulated trials, the observed one has a feature that the model misses.
UNUSUAL = 0.05
# The grid of a density reaches so many posterior SDs to each side, beyond which nothing is to be seen.
GRID_SDS = 4.5
# It also includes an effect of zero, with a margin of a fifth of the posterior mean.
ZERO_MARGIN = 1.2


@dataclass(frozen=True)
class PredictiveCheck:
    """A posterior predictive check: a feature of the days, and the share of simulated trials that have more of it.

    Attributes
    ----------
    feature : str
        Name of the feature.
    share_above : float
        Posterior predictive probability of at least what was observed, ties counted by half.
    """

    feature: str
    share_above: float

    @property
    def is_unusual(self) -> bool:
        """Whether the model hardly ever simulates days with so much or so little of the feature."""
        return not UNUSUAL <= self.share_above <= 1 - UNUSUAL


@dataclass(frozen=True)
class Posterior:
    """A stored posterior, with the data that it was fitted to.

    Attributes
    ----------
    arms : tuple[str, ...]
        The reference first.
    center, spread : float
        Mean and SD that the outcome was standardised by, in its own unit.
    """

    fit: Fit
    arms: tuple[str, ...]
    design: TrialDesign
    standard: FloatArray
    center: float
    spread: float

    @classmethod
    def from_fit(cls, fit: Fit, reference: str) -> "Posterior":
        """Build it from a fit that `santorio.trials.analysis.fit` labelled before it was stored."""
        constant = fit.data["constant_data"]
        others = tuple(str(arm) for arm in fit.coords["arm"])
        design = TrialDesign(
            day=np.array(fit.coords["study_day"], dtype=np.int64),
            arm=constant["assigned_arm"].astype(np.int64),
            cycle=constant["cycle"].astype(np.int64),
            observed=constant["is_known"].astype(bool),
            arms=len(others) + 1,
        )
        # Only outcomes with another than the normal likelihood are standardised over the days.
        posterior_type = StandardisedPosterior if STANDARDISATION in fit.data else Posterior
        return posterior_type(
            fit,
            (reference, *others),
            design,
            np.asarray(fit.data["observed_data"]["outcome"], dtype=float),
            float(constant["center"]),
            float(constant["spread"]),
        )

    @property
    def family(self) -> Family | None:
        """Likelihood of the outcome; None for the normal one."""
        return None

    @cached_property
    def outcome(self) -> FloatArray:
        """Outcome of every study day in its own unit; NaN where the model had none."""
        values = np.full(len(self.design.day), np.nan)
        values[self.design.observed] = self.center + self.spread * self.standard
        return values

    @property
    def day_correlation(self) -> FloatArray:
        """Draws of the correlation of a day with the day before."""
        return self.fit.draws["rho"]

    def effect(self, contrast: int) -> FloatArray:
        """Draws of an arm's effect against the reference, in the outcome's unit."""
        return np.asarray(self.fit.draws["effect"][:, contrast - 1] * self.spread)

    def cycles(self, contrast: int) -> list[FloatArray]:
        """Draws of an arm's effect in each cycle, in the outcome's unit; empty with one cycle."""
        terms = list(self.fit.coords["term"])
        # With one cycle the model has no departures from the effect.
        if f"arm_{contrast}_cycle_0" not in terms:
            return []
        effects = []
        for cycle in range(self.design.cycles):
            departure = self.fit.draws["coefficient"][:, terms.index(f"arm_{contrast}_cycle_{cycle}")]
            effects.append(self.effect(contrast) + departure * self.spread)
        return effects

    def densities(self, contrast: int, prior: EffectPrior) -> tuple[FloatArray, FloatArray, FloatArray]:
        """A grid of effects in the outcome's unit, with the densities of posterior and prior on it.

        The posterior's density is a kernel estimate from the draws. The prior is in units of σ: it is converted with
        the posterior's mean of σ.
        """
        from scipy.stats import gaussian_kde

        effect = self.effect(contrast)
        mean = float(effect.mean())
        reach = max(GRID_SDS * float(effect.std()), ZERO_MARGIN * abs(mean))
        at = np.linspace(mean - reach, mean + reach, GRID_POINTS)
        return at, np.asarray(gaussian_kde(effect)(at)), self._prior_density(at, prior)

    def _prior_density(self, at: FloatArray, prior: EffectPrior) -> FloatArray:
        unit = float(self.fit.draws["sigma"].mean()) * self.spread
        return _mixture_density(at / unit, prior) / unit

    def in_unit(self, standard_effect: float) -> float:
        """Effect in the outcome's unit of one in units of σ, at the posterior's mean of σ."""
        return standard_effect * float(self.fit.draws["sigma"].mean()) * self.spread

    def standard_effect(self, contrast: int) -> FloatArray:
        """Draws of an arm's effect in units of σ, in which its prior stands."""
        return np.asarray(self.fit.draws["effect"][:, contrast - 1] / self.fit.draws["sigma"])

    def prior_weights(self, contrast: int, prior: EffectPrior) -> FloatArray:
        """Weight of each component of the prior after the data: the probability that the effect came from it."""
        densities = _component_densities(self.standard_effect(contrast), prior)
        # Bayes' theorem for each draw, then the mean over the draws.
        responsibilities = densities / densities.sum(axis=0)
        return np.asarray(responsibilities.mean(axis=1))

    def without(
        self, excluded: Sequence[int], carry_over: CarryOver | None, prior: EffectPrior
    ) -> ExactPosterior | None:
        """The exact posterior without some study days; None where an arm would keep too few.

        Parameters
        ----------
        excluded : Sequence[int]
            Study days as days since 1970-01-01. Their assigned arms still carry over.
        """
        observed_days = self.design.day[self.design.observed]
        included = np.isin(observed_days, np.array(excluded, dtype=np.int64), invert=True)
        # `included` is about the observed days, `observed` about all study days.
        observed = self.design.observed.copy()
        observed[observed] = included
        days_per_arm = np.bincount(self.design.arm[observed], minlength=self.design.arms)
        if days_per_arm.min() < MIN_DAYS_PER_ARM:
            return None
        design = TrialDesign(self.design.day, self.design.arm, self.design.cycle, observed, self.design.arms)
        return fit_trial(design, self.standard[included], carry_over=carry_over, prior=prior)

    def predictive_checks(self, seed: int = 2614) -> list[PredictiveCheck]:
        """Compare the days with days that the fitted model simulates (Gelman, Meng & Stern 1996)."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.fit.draws["sigma"]), size=REPLICATES)
        residuals = np.stack([self._residuals(draw) for draw in chosen])
        simulated = np.stack([self._simulated_residuals(draw, rng) for draw in chosen])
        return _compare(residuals, simulated)

    def _residuals(self, draw: int) -> FloatArray:
        """Residuals of the days under one draw."""
        draws = self.fit.draws
        columns = self.design.columns(float(draws["carry_over"][draw])).values
        return np.asarray(self.standard - columns @ draws["coefficient"][draw])

    def _simulated_residuals(self, draw: int, rng: np.random.Generator) -> FloatArray:
        """Simulated residuals under one draw: a stationary AR(1) over the gaps of the study."""
        draws = self.fit.draws
        rho, sigma = float(draws["rho"][draw]), float(draws["sigma"][draw])
        gap_days = self.design.columns().gap_days
        step = rho**gap_days
        values = rng.normal(size=len(gap_days))
        # Over a gap of g days the correlation is ρ^g; the innovation keeps the variance at one.
        for day in range(1, len(values)):
            values[day] = step[day] * values[day - 1] + np.sqrt(1 - step[day] ** 2) * values[day]
        return np.asarray(sigma * values)


@dataclass(frozen=True)
class StandardisedPosterior(Posterior):
    """A posterior of an outcome with a likelihood of its own: effects are averages over the study's days.

    `standard` is the coded outcome, see `santorio.stats.outcome_types.CodedOutcome`.
    """

    @property
    def family(self) -> Family:
        """Likelihood of the outcome."""
        families = {code: family for family, code in CODES.items()}
        return families[int(self._stored["likelihood"])]

    @property
    def link_name(self) -> str:
        """Name of the linear predictor's scale."""
        return LINK_NAMES[self.family]

    @property
    def ratio_name(self) -> str:
        """What `ratio` compares: odds, or expected counts where the linear predictor is a logarithm."""
        return "ratio of expected counts" if self.link_name == "log" else "odds ratio"

    @cached_property
    def outcome(self) -> FloatArray:
        """Outcome of every study day in its own unit; NaN where the model had none."""
        values = np.full(len(self.design.day), np.nan)
        values[self.design.observed] = self._coded.decoded
        return values

    @property
    def day_correlation(self) -> FloatArray:
        """Draws of the correlation of a day with the day before, on the link's scale, chance included."""
        return self.fit.draws["row_correlation"]

    def effect(self, contrast: int) -> FloatArray:
        """Draws of an arm's effect against the reference, in the outcome's unit."""
        return np.asarray(self.fit.draws["effect"][:, contrast - 1])

    def ratio(self, contrast: int) -> tuple[float, float, float]:
        """Ratio of odds, or of expected counts, of an arm to the reference: median and 95 % interval."""
        return ratio_of(self.fit.draws["link_effect"][:, contrast - 1])

    def cycles(self, contrast: int) -> list[FloatArray]:
        """Draws of an arm's effect in each cycle, in the outcome's unit; empty with one cycle."""
        if self.design.cycles == 1:
            return []
        return list(self._stored["effect_by_cycle"][contrast - 1])

    def in_unit(self, standard_effect: float) -> float:
        """Effect in the outcome's unit of one in units of σ, at the posterior's mean of σ."""
        link = standard_effect * self._link_unit
        return float(np.interp(link, self._stored["link_effect_at"], self._stored["unit_effect_at"]))

    def standard_effect(self, contrast: int) -> FloatArray:
        """Draws of an arm's effect in units of σ, in which its prior stands."""
        return np.asarray(self.fit.draws["standard_effect"][:, contrast - 1])

    def without(
        self, excluded: Sequence[int], carry_over: CarryOver | None, prior: EffectPrior
    ) -> ExactPosterior | None:
        """The exact posterior without some study days, with normal errors: an approximation."""
        values = self.outcome[self.design.observed]
        normal = replace(self, standard=(values - self.center) / self.spread)
        return Posterior.without(normal, excluded, carry_over, prior)

    def predictive_checks(self, seed: int = 2614) -> list[PredictiveCheck]:
        """Compare the days with days that the fitted model simulates, with latent paths of their own."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self._stored["draw_number"]), size=REPLICATES)
        draws = self._stored["draw_number"][chosen]
        predictor, cuts = self._stored["predictor"][chosen], self._stored["cut_points"][chosen]
        path = self._paths(self.fit.draws["rho"][draws], rng)
        eta = predictor + self.fit.draws["path_sd"][draws, None] * path
        simulated = draw_outcome(self._coded, eta, cuts, self.fit.draws["shape"][draws], rng)
        # Expected without the path: each simulated trial has a path of its own.
        expected_days = expected(self._coded, predictor, cuts)
        observed = self._coded.decoded - expected_days
        return _compare(observed, simulated - expected_days)

    def _prior_density(self, at: FloatArray, prior: EffectPrior) -> FloatArray:
        """Density of the prior in the outcome's unit, by the change of variables from the link's scale.

        The fit stored a table of effects on the link's scale with the effects in the outcome's unit that they make.
        """
        link, unit = self._stored["link_effect_at"], self._stored["unit_effect_at"]
        # Beyond the table, and where the outcome is at its limit, the prior has no density.
        rising = np.concatenate([np.diff(unit) > 0, [True]])
        link, unit = link[rising], unit[rising]
        link_per_unit = np.interp(at, unit, np.gradient(link, unit), left=0.0, right=0.0)
        standard = np.interp(at, unit, link) / self._link_unit
        return np.asarray(_mixture_density(standard, prior) / self._link_unit * link_per_unit)

    def _paths(self, rho: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Latent paths of unit variance over the study's gaps, shape (draws, known days)."""
        gap_days = gaps(self.design.day[self.design.observed])
        return latent_paths(rng.normal(size=(len(rho), len(gap_days))), rho, gap_days)

    @property
    def _stored(self) -> Mapping[str, NDArray[Any]]:
        return self.fit.data[STANDARDISATION]

    @property
    def _coded(self) -> CodedOutcome:
        stored = self._stored
        chance = float("nan")  # only the fit uses it
        return CodedOutcome(
            self.family, self.standard, stored["coded_values"], stored["link_location"], chance
        )

    @property
    def _link_unit(self) -> float:
        """One σ on the scale of the link."""
        if self._coded.is_logistic:
            return LOGISTIC_SD
        return float(self.fit.draws["sigma"].mean())


def _autocorrelation(days: FloatArray) -> FloatArray:
    return np.asarray((days[:, 1:] * days[:, :-1]).sum(axis=1) / (days**2).sum(axis=1))


def _largest_departure(days: FloatArray) -> FloatArray:
    return np.asarray(np.abs(days).max(axis=1))


def _skewness(days: FloatArray) -> FloatArray:
    return np.asarray((days**3).mean(axis=1) / (days**2).mean(axis=1) ** 1.5)


# Features that the model could miss: each function takes days of shape (trials, days), and returns a value per trial.
FEATURES: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "how strongly a day resembles the day before": _autocorrelation,
    "the largest departure of a single day": _largest_departure,
    "how lopsided days are": _skewness,
}


def _compare(observed: FloatArray, simulated: FloatArray) -> list[PredictiveCheck]:
    """Share of simulated trials with more of each feature than the observed one, by draw; shapes (draws, days)."""
    checks = []
    for feature, measure in FEATURES.items():
        of_simulated, of_observed = measure(simulated), measure(observed)
        # Ties count by half, so that a feature with few possible values is not taken for unusual.
        above = (of_simulated > of_observed).mean() + (of_simulated == of_observed).mean() / 2
        checks.append(PredictiveCheck(feature, float(above)))
    return checks


def _mixture_density(at: FloatArray, prior: EffectPrior) -> FloatArray:
    return np.asarray(_component_densities(at, prior).sum(axis=0))


def _component_densities(at: FloatArray, prior: EffectPrior) -> FloatArray:
    """Density of each component times its weight; shape (components, points)."""
    densities = []
    for weight, mean, sd in zip(prior.weights, prior.means, prior.sds, strict=True):
        densities.append(weight * _normal(at, mean, sd))
    return np.stack(densities)


def _normal(at: FloatArray, mean: float, sd: float) -> FloatArray:
    return np.asarray(np.exp(-0.5 * ((at - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi)))
