"""Predictive distributions of days: mixtures of Student-t distributions over nodes, scales and kinds of noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from santorio.arrays import FloatArray, IntArray

# Nodes that together weigh less than this on a day are excluded from its probabilities and quantiles.
NEGLIGIBLE = 1e-4
# A larger logarithm would overflow.
MAX_LOG = 300.0
# A quantile has converged when a step is this small a part of the bounds it was searched in.
TOLERANCE = 1e-8
MAX_STEPS = 60
PER_DAY = ("weight", "location", "state_variance", "noise_sd", "degrees")


def to_scale(
    value: FloatArray, power: FloatArray, nearest: FloatArray | float
) -> tuple[FloatArray, FloatArray]:
    """Put values on scales: 1 is the metric's own, 0 its logarithm.

    Parameters
    ----------
    value, power : FloatArray
        Shapes that go together.
    nearest : FloatArray or float
        Values nearer to zero count as this one on the logarithm's scale.

    Returns
    -------
    tuple
        The values on their scales, and the logarithm of the scale's slope there (the Jacobian). A value below zero has
        no logarithm: its log slope is -∞, so that such a node gives it no density.
    """
    value = np.asarray(value, dtype=float)
    log = np.log(np.maximum(value, nearest))
    log_slope = np.where(value < 0, -np.inf, -log)
    return np.where(power == 1, value, log), np.where(power == 1, 0.0, log_slope)


def from_scale(value: FloatArray, power: FloatArray) -> FloatArray:
    """Bring values from their scales back to the metric's own."""
    return np.where(power == 1, value, np.exp(np.minimum(value, MAX_LOG)))


@dataclass(frozen=True)
class Predictive:
    """Distributions of days, in the metric's own unit.

    Attributes
    ----------
    weight : FloatArray
        Weight of each node, shape (days, nodes).
    location : FloatArray
        Centre on the node's scale, shape (days, nodes).
    state_variance : FloatArray
        Variance of level, swing and weekday together, in units of σ², shape (days, nodes).
    noise_sd : FloatArray
        σ on the node's scale, shape (days, nodes).
    degrees : FloatArray
        Degrees of freedom, shape (days,).
    power : FloatArray
        Scale of each node, shape (nodes,).
    outlier_probability, outlier_scale : float
        Share of outliers, and the width of their noise in σ.
    nearest_to_zero : float
        Values nearer to zero count as this one on the logarithm's scale.
    least : float
        Lower bound of the quantiles.
    """

    weight: FloatArray
    location: FloatArray
    state_variance: FloatArray
    noise_sd: FloatArray
    degrees: FloatArray
    power: FloatArray
    outlier_probability: float
    outlier_scale: float
    nearest_to_zero: float
    least: float = -np.inf

    def __len__(self) -> int:
        return len(self.weight)

    @classmethod
    def stack(cls, parts: Sequence["Predictive"]) -> "Predictive":
        """Concatenate days."""
        joined: dict[str, Any] = {}
        for name in PER_DAY:
            joined[name] = np.concatenate([getattr(part, name) for part in parts])
        return replace(parts[0], **joined)

    def of(self, days: slice | IntArray) -> "Predictive":
        """Select days."""
        return replace(self, **{name: getattr(self, name)[days] for name in PER_DAY})

    def without_outliers(self) -> "Predictive":
        """The same for days that are not outliers."""
        return replace(self, outlier_probability=0.0)

    @cached_property
    def _components(self) -> "_Components":
        return _Components.of(self)

    def cdf(self, value: FloatArray) -> FloatArray:
        """Probability of a value or less.

        Parameters
        ----------
        value : FloatArray
            In the metric's own unit, shape (days, points).

        Returns
        -------
        FloatArray
            Probabilities, shape (days, points).
        """
        return self._components.cdf(np.asarray(value, dtype=float))

    def below(self, value: FloatArray) -> FloatArray:
        """Probability that each day has its own value or less; shape (days,)."""
        return self.cdf(np.asarray(value, dtype=float)[:, None])[:, 0]

    def quantile(self, probability: FloatArray) -> FloatArray:
        """Quantiles, shape (days, probabilities).

        By Newton's method on the normal score of the probability, which is nearly a straight line; where a step leaves
        the bounds, these are halved instead.
        """
        from scipy.special import ndtri

        target = np.atleast_1d(np.asarray(probability, dtype=float))
        low, high, at = self._components.bounds(target)
        close = TOLERANCE * (high - low) + np.finfo(float).tiny
        for _ in range(MAX_STEPS):
            below = self._components.cdf(at)
            low, high = np.where(below < target, at, low), np.where(below < target, high, at)
            score = ndtri(below)
            # Far out in a tail the score is infinite or the density zero; such a step is not within the bounds.
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                slope = self._components.density(at) * np.sqrt(2 * np.pi) * np.exp(score**2 / 2)
                newton = at - (score - ndtri(target)) / slope
            has_converged = (np.abs(newton - at) <= close) | (high - low <= close)
            if has_converged.all():
                break
            is_within = (newton > low) & (newton < high)
            stepped = np.where(is_within, newton, (low + high) / 2)
            at = np.where(has_converged, at, stepped)
        return np.maximum(at, self.least)


@dataclass(frozen=True)
class _Components:
    """The components of each day's mixture that are not negligible, those of all days concatenated.

    Attributes
    ----------
    start : IntArray
        First component of each day, shape (days,).
    row : IntArray
        Day of each component, shape (components,).
    weight, location, degrees, log_constant : FloatArray
        Of each component; the weights of a day sum to one; the logarithm of the constant of its density; shape
        (components,).
    power : FloatArray
        Scale of each component, shape (components,).
    share : FloatArray
        Of each kind of noise, shape (kinds,).
    spread : FloatArray
        Shape (kinds, components).
    nearest_to_zero : float
        Values nearer to zero count as this one on the logarithm's scale.
    """

    start: IntArray
    row: IntArray
    weight: FloatArray
    location: FloatArray
    degrees: FloatArray
    log_constant: FloatArray
    power: FloatArray
    share: FloatArray
    spread: FloatArray
    nearest_to_zero: float

    @classmethod
    def of(cls, days: Predictive) -> "_Components":
        from scipy.special import gammaln

        row, node = np.nonzero(days.weight > NEGLIGIBLE / days.weight.shape[1])
        start = np.searchsorted(row, np.arange(len(days)))
        weight = days.weight[row, node]
        # Share and variance, in σ², of each kind of noise.
        shares, variances = [1.0], [1.0]
        if days.outlier_probability > 0:
            shares = [1 - days.outlier_probability, days.outlier_probability]
            variances = [1.0, days.outlier_scale**2]
        noise_sd, state_variance = days.noise_sd[row, node], days.state_variance[row, node]
        spreads = [noise_sd * np.sqrt(state_variance + variance) for variance in variances]
        # Of the density of a Student-t: Γ((ν+1)/2) / (Γ(ν/2) √(πν)).
        half = days.degrees / 2
        log_constant = gammaln(half + 0.5) - gammaln(half) - 0.5 * np.log(np.pi * days.degrees)
        return cls(
            start=start,
            row=row,
            weight=weight / np.add.reduceat(weight, start)[row],
            location=days.location[row, node],
            degrees=days.degrees[row],
            log_constant=log_constant[row],
            power=days.power[node],
            share=np.array(shares),
            spread=np.array(spreads),
            nearest_to_zero=days.nearest_to_zero,
        )

    def _score(self, value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values in spreads from the centre, (kinds, components, points), and the log slopes of the scales there."""
        on_scale, log_slope = to_scale(value[self.row], self.power[:, None], self.nearest_to_zero)
        return (on_scale - self.location[:, None]) / self.spread[:, :, None], log_slope

    def _sum(self, values: FloatArray) -> FloatArray:
        """Weighted sum over kinds and components, from shape (kinds, components, points) to (days, points)."""
        of_components = np.tensordot(self.share, values, axes=1) * self.weight[:, None]
        return np.asarray(np.add.reduceat(of_components, self.start, axis=0))

    def cdf(self, value: FloatArray) -> FloatArray:
        from scipy.special import stdtr

        score, log_slope = self._score(value)
        return self._sum(np.where(log_slope == -np.inf, 0.0, stdtr(self.degrees[:, None], score)))

    def density(self, value: FloatArray) -> FloatArray:
        score, log_slope = self._score(value)
        degrees = self.degrees[:, None]
        log_density = (
            self.log_constant[:, None] - (degrees + 1) / 2 * np.log1p(score**2 / degrees) + log_slope
        )
        return self._sum(np.exp(log_density) / self.spread[:, :, None])

    def bounds(self, probability: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Bounds of the quantiles, which lie between those of the components, and a first guess.

        Returns
        -------
        tuple of FloatArray
            Lower bounds, upper bounds, guesses; shapes (days, probabilities).
        """
        from scipy.special import stdtrit

        reach = stdtrit(self.degrees[self.start][:, None], probability)[self.row]
        # Of each component: (kinds, components, probabilities).
        on_scale = self.location[:, None] + self.spread[:, :, None] * reach
        quantiles = from_scale(on_scale, self.power[:, None])
        low = np.minimum.reduceat(quantiles.min(axis=0), self.start, axis=0)
        high = np.maximum.reduceat(quantiles.max(axis=0), self.start, axis=0)
        return low, high, np.clip(self._sum(quantiles), low, high)
