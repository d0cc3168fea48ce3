"""What is believed of an effect: by an exact fit, by draws, or as a normal distribution; and how it is told."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.latent_posterior import EffectDraws
from santorio.studies.gaussian_fit import Fit, Scale, quantile_of
from santorio.studies.result import Effect

DENSITY_POINTS = 241
# Of beliefs that are in the outcome's unit already.
OWN_UNIT = Scale("natural", 0.0, 1.0)


class PosteriorSummary(Protocol):
    """An effect on the scale of the analysis, as far as it is known."""

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
    """A scale of the analysis, and what effects on it amount to in the outcome's unit."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def in_unit(self, effect: float) -> float:
        """What an effect on this scale amounts to in the outcome's unit."""
        ...

    def from_unit(self, effect: float) -> float:
        """Effect on this scale that amounts to this; infinite beyond what is possible."""
        ...


@dataclass(frozen=True)
class CustomPosterior:
    """The belief about one coefficient of one case's fit."""

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
    """A belief that is taken to be normal."""

    mean: float
    sd: float

    def below(self, value: float) -> float:
        """P(effect < value)."""
        from scipy.special import ndtr

        return float(ndtr((value - self.mean) / self.sd))


def describe(belief: PosteriorSummary, scale: UnitScale, delta: float, *, binary: bool = False) -> Effect:
    """Tell a belief in the outcome's unit; `delta` is in that unit too."""
    mean, sd = belief.mean, belief.sd
    at = {p: quantile_of(belief.below, mean, sd, p) for p in (0.025, 0.25, 0.5, 0.75, 0.975)}
    limit = 1.0 if binary else np.inf
    told = {p: float(np.clip(scale.in_unit(value), -limit, limit)) for p, value in at.items()}
    natural = scale.name == "natural"
    above, below = 1 - belief.below(scale.from_unit(delta)), belief.below(scale.from_unit(-delta))
    ratios = [100 * float(np.expm1(at[p])) for p in (0.5, 0.025, 0.975)]
    return Effect(
        estimate=float(np.clip(mean, -limit, limit)) if natural else told[0.5],
        lower_95=told[0.025],
        upper_95=told[0.975],
        lower_50=told[0.25],
        upper_50=told[0.75],
        probability_above=above,
        probability_within=max(0.0, 1 - above - below),
        probability_below=below,
        percent=(ratios[0], ratios[1], ratios[2]) if scale.name == "log" else None,
    )


def with_ratio(effect: Effect, link: PosteriorSummary, link_name: str) -> Effect:
    """Add what an effect is as a ratio: of odds, or in percent where the link is a logarithm."""
    median, lower, upper = (
        float(np.exp(quantile_of(link.below, link.mean, link.sd, p))) for p in (0.5, 0.025, 0.975)
    )
    if link_name == "log":
        percent = (100 * (median - 1), 100 * (lower - 1), 100 * (upper - 1))
        return effect.model_copy(update={"percent": percent})
    return effect.model_copy(update={"odds_ratio": (median, lower, upper)})


def density_of(belief: PosteriorSummary, scale: UnitScale) -> tuple[FloatArray, FloatArray]:
    """Density of an effect in the outcome's unit: where, and how much."""
    edges = belief.mean + belief.sd * np.linspace(-4.5, 4.5, DENSITY_POINTS)
    unit = np.array([scale.in_unit(float(edge)) for edge in edges])
    below = belief.smoothed_below if isinstance(belief, EffectDraws) else belief.below
    mass = np.diff([below(float(edge)) for edge in edges])
    width = np.diff(unit)
    kept = width > 0
    return ((unit[:-1] + unit[1:]) / 2)[kept], mass[kept] / width[kept]
