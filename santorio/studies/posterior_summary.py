"""The posterior of an effect, by an exact fit, by draws, or as a normal distribution; and its summary in the unit."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.latent_posterior import EffectDraws
from santorio.studies.gaussian_fit import Fit, Scale, quantile_of
from santorio.studies.result import Effect

DENSITY_POINTS = 241
# Of posteriors that are in the outcome's unit already.
OWN_UNIT = Scale("natural", 0.0, 1.0)
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)


class PosteriorSummary(Protocol):
    """The posterior of an effect on the scale of the analysis."""

    @property
    def mean(self) -> float:
        """Posterior mean."""
        ...

    @property
    def sd(self) -> float:
        """Posterior standard deviation."""
        ...

    def below(self, value: float) -> float:
        """P(effect < value)."""
        ...


class UnitScale(Protocol):
    """A scale of the analysis, which converts effects on it to the outcome's unit and back."""

    @property
    def name(self) -> str:
        """Its name, such as log."""
        ...

    def in_unit(self, effect: float) -> float:
        """Convert an effect on this scale to the outcome's unit."""
        ...

    def from_unit(self, effect: float) -> float:
        """Convert an effect in the outcome's unit to this scale; infinite beyond what is possible."""
        ...


@dataclass(frozen=True)
class CustomPosterior:
    """The posterior of one coefficient of one case's fit."""

    fit: Fit
    name: str

    @property
    def mean(self) -> float:
        """Posterior mean."""
        return self.fit.mean(self.name)

    @property
    def sd(self) -> float:
        """Posterior standard deviation."""
        return self.fit.sd(self.name)

    def below(self, value: float) -> float:
        """P(effect < value)."""
        return self.fit.below(self.name, value)


@dataclass(frozen=True)
class Normal:
    """A posterior that is taken to be normal."""

    mean: float
    sd: float

    def below(self, value: float) -> float:
        """P(effect < value)."""
        from scipy.special import ndtr

        return float(ndtr((value - self.mean) / self.sd))


def describe(posterior: PosteriorSummary, scale: UnitScale, delta: float, *, binary: bool = False) -> Effect:
    """Describe a posterior in the outcome's unit; `delta` is in that unit too."""
    # Normal errors may lead beyond what a difference of probabilities can be.
    limit = 1.0 if binary else np.inf
    on_scale, in_unit = {}, {}
    for probability in QUANTILES:
        quantile = quantile_of(posterior.below, posterior.mean, posterior.sd, probability)
        on_scale[probability] = quantile
        in_unit[probability] = float(np.clip(scale.in_unit(quantile), -limit, limit))
    # On another scale the mean does not transform to the mean in the unit; the median does.
    estimate = in_unit[0.5]
    if scale.name == "natural":
        estimate = float(np.clip(posterior.mean, -limit, limit))
    percent = None
    if scale.name == "log":
        percent = (_percent(on_scale[0.5]), _percent(on_scale[0.025]), _percent(on_scale[0.975]))
    above = 1 - posterior.below(scale.from_unit(delta))
    below = posterior.below(scale.from_unit(-delta))
    return Effect(
        estimate=estimate,
        lower_95=in_unit[0.025],
        upper_95=in_unit[0.975],
        lower_50=in_unit[0.25],
        upper_50=in_unit[0.75],
        probability_above=above,
        probability_within=max(0.0, 1 - above - below),
        probability_below=below,
        percent=percent,
    )


def _percent(log_ratio: float) -> float:
    """Write a difference of logarithms as a change in percent."""
    return 100 * float(np.expm1(log_ratio))


def with_ratio(effect: Effect, link: PosteriorSummary, link_name: str) -> Effect:
    """Add an effect on the link's scale as a ratio: of odds, or in percent where the link is a logarithm."""
    ratios = []
    for probability in (0.5, 0.025, 0.975):
        quantile = quantile_of(link.below, link.mean, link.sd, probability)
        ratios.append(float(np.exp(quantile)))
    median, lower, upper = ratios
    if link_name == "log":
        percent = (100 * (median - 1), 100 * (lower - 1), 100 * (upper - 1))
        return effect.model_copy(update={"percent": percent})
    return effect.model_copy(update={"odds_ratio": (median, lower, upper)})


def density_of(posterior: PosteriorSummary, scale: UnitScale) -> tuple[FloatArray, FloatArray]:
    """Density of an effect in the outcome's unit: where, and how much."""
    edges = posterior.mean + posterior.sd * np.linspace(-4.5, 4.5, DENSITY_POINTS)
    unit = np.array([scale.in_unit(float(edge)) for edge in edges])
    # The distribution function of draws has steps, whose differences would be spikes.
    below = posterior.below
    if isinstance(posterior, EffectDraws):
        below = posterior.smoothed_below
    mass = np.diff([below(float(edge)) for edge in edges])
    width = np.diff(unit)
    # A square root has no values below 0, so that edges there fall together.
    kept = width > 0
    return ((unit[:-1] + unit[1:]) / 2)[kept], mass[kept] / width[kept]
