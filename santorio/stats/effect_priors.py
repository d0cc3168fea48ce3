"""Priors of an effect before a trial: how large it is, and how long it lasts. Plain data, no data access."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import EFFECT_SD

# A trial of some weeks cannot distinguish a smaller share left by the next day from none.
NEGLIGIBLE_CARRY_OVER = 0.1
# Half-lives are known roughly: this factor either way covers some 90 % of plausible values.
HALF_LIFE_FACTOR = 3.0
# Weight of the informative part of a mixture; the weak prior has the rest.
INFORMATIVE_WEIGHT = 0.8


@dataclass(frozen=True, slots=True)
class CarryOver:
    """λ ~ Beta(alpha, beta), the share of yesterday's exposure that is still effective today."""

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        if not (self.alpha > 0 and self.beta > 0):
            msg = "both parameters of a Beta distribution are positive"
            raise ValueError(msg)

    @property
    def mean(self) -> float:
        """Mean of λ before the data."""
        return self.alpha / (self.alpha + self.beta)


def carry_over_from(half_life_days: float) -> CarryOver | None:
    """Prior of λ where an effect is known to wear off by half in `half_life_days`.

    The mean is 2^(-1/half-life). A third to three times the half-life spans four standard deviations. Onset is assumed
    to be as fast as wearing off.

    Returns
    -------
    CarryOver or None
        None where less than a tenth is left by the next day: it acts within the day, λ = 0.

    Raises
    ------
    ValueError
        If the half-life is negative.

    Examples
    --------
    >>> from santorio.stats.effect_priors import carry_over_from
    >>> round(carry_over_from(2.0).mean, 3)
    0.707
    >>> carry_over_from(0.2) is None
    True
    """
    if not half_life_days >= 0:
        msg = "a half-life is not negative"
        raise ValueError(msg)
    mean = _left_by_tomorrow(half_life_days)
    if mean < NEGLIGIBLE_CARRY_OVER:
        return None
    slow = _left_by_tomorrow(half_life_days * HALF_LIFE_FACTOR)
    fast = _left_by_tomorrow(half_life_days * (1 / HALF_LIFE_FACTOR))
    sd = (slow - fast) / 4
    # The sum of the parameters of a Beta distribution with this mean and standard deviation.
    strength = mean * (1 - mean) / sd**2 - 1
    return CarryOver(mean * strength, (1 - mean) * strength)


def _left_by_tomorrow(half_life_days: float) -> float:
    if half_life_days <= 0:
        return 0.0
    return float(2 ** (-1 / half_life_days))


@dataclass(frozen=True, slots=True)
class EffectPrior:
    """Mixture of normal distributions for an arm's effect θ, in units of σ; every arm has the same.

    Attributes
    ----------
    weights : tuple[float, ...]
        Weight of each component; they sum to one.
    means, sds : tuple[float, ...]
        Mean and standard deviation of each component.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.weights) == len(self.means) == len(self.sds) > 0:
            msg = "a mixture needs a weight, a mean and a standard deviation for each component"
            raise ValueError(msg)
        if min(self.weights) <= 0 or abs(sum(self.weights) - 1) > 1e-9:
            msg = "weights of a mixture are positive and sum to one"
            raise ValueError(msg)
        if min(self.sds) <= 0 or not np.isfinite([*self.means, *self.sds]).all():
            msg = "a mixture's standard deviations are positive, and its means are numbers"
            raise ValueError(msg)

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.weights)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draw effects of this shape, in units of σ."""
        component = rng.choice(self.components, size=shape, p=self.weights)
        means, sds = np.array(self.means), np.array(self.sds)
        return np.asarray(means[component] + sds[component] * rng.normal(size=shape))


WEAK = EffectPrior((1.0,), (0.0,), (EFFECT_SD,))


def robust_mixture(mean: float, sd: float, weight: float = INFORMATIVE_WEIGHT) -> EffectPrior:
    """An informative prior, and the weak one beside it, which takes over where the data disagree.

    A robust mixture (Schmidli et al. 2014, doi:10.1111/biom.12242).

    Parameters
    ----------
    mean, sd : float
        Of the informative component, in units of σ.
    weight : float
        Of the informative component, between 0 and 1.

    Examples
    --------
    >>> from santorio.stats.effect_priors import robust_mixture
    >>> prior = robust_mixture(mean=0.4, sd=0.2, weight=0.75)
    >>> prior.weights, prior.means, prior.sds
    ((0.75, 0.25), (0.4, 0.0), (0.2, 1.0))
    """
    return robust_mixture_of([(weight, mean, sd)])


def robust_mixture_of(components: Sequence[tuple[float, float, float]]) -> EffectPrior:
    """Several informative components beside the weak prior, which is last and has the remaining weight.

    Parameters
    ----------
    components : Sequence[tuple[float, float, float]]
        Weight, mean and standard deviation of each, the latter two in units of σ.
    """
    weights, means, sds = zip(*components, strict=True)
    return EffectPrior((*weights, 1 - sum(weights)), (*means, *WEAK.means), (*sds, *WEAK.sds))
