"""A day's expectation as a distribution: a mixture of Student-t distributions over nodes, scales and kinds of noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from santorio.trials.columns import FloatArray, IntArray

# Nodes that together weigh less than this are left out where quantiles or scores are computed.
NEGLIGIBLE = 1e-3
HALVINGS = 40
HIGHEST_LOGARITHM = 300.0
PER_DAY = ("weight", "location", "state_variance", "noise_sd")


def to_scale(value: FloatArray, power: FloatArray, nearest: float) -> tuple[FloatArray, FloatArray]:
    """Put values on scales: 1 is the metric's own, 0 its logarithm.

    Parameters
    ----------
    value, power : FloatArray
        Shapes that go together.
    nearest : float
        Values nearer to zero count as this one on the logarithm's scale.

    Returns
    -------
    tuple
        The values on their scales, and the logarithm of the scale's slope there (the Jacobian). A value below zero has
        no logarithm: the slope is nothing, and such a node gives it no density.
    """
    value = np.asarray(value, dtype=float)
    log = np.log(np.maximum(value, nearest))
    log_slope = np.where(value < 0, -np.inf, -log)
    return np.where(power == 1, value, log), np.where(power == 1, 0.0, log_slope)


def from_scale(value: FloatArray, power: FloatArray) -> FloatArray:
    """Bring values from their scales back to the metric's own."""
    return np.where(power == 1, value, np.exp(np.minimum(value, HIGHEST_LOGARITHM)))


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
        Share and width of the other kind of noise.
    nearest_to_zero : float
        Values nearer to zero count as this one on the logarithm's scale.
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

    def __len__(self) -> int:
        return len(self.weight)

    @classmethod
    def stack(cls, parts: Sequence["Predictive"]) -> "Predictive":
        """Put days after one another."""
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in (*PER_DAY, "degrees")
        }
        return replace(parts[0], **joined)

    def of(self, days: slice | IntArray) -> "Predictive":
        """Choose days."""
        return replace(self, **{name: getattr(self, name)[days] for name in (*PER_DAY, "degrees")})

    def on(self, days: slice) -> "Predictive":
        """Choose days, without the nodes that do not matter on any of them."""
        matters = self.weight[days].max(axis=0) > NEGLIGIBLE / self.weight.shape[1]
        chosen = {name: getattr(self, name)[days][:, matters] for name in PER_DAY}
        chosen["weight"] = chosen["weight"] / chosen["weight"].sum(axis=1, keepdims=True)
        return replace(self, **chosen, degrees=self.degrees[days], power=self.power[matters])

    def without_outliers(self) -> "Predictive":
        """The same for days whose noise is of the usual kind."""
        return replace(self, outlier_probability=0.0)

    def _kinds(self) -> list[tuple[float, FloatArray]]:
        """Share and spread of each kind of noise; spreads of shape (days, nodes)."""
        p, k = self.outlier_probability, self.outlier_scale
        kinds = [(1 - p, 1.0), (p, k**2)] if p > 0 else [(1.0, 1.0)]
        return [(share, self.noise_sd * np.sqrt(self.state_variance + noise)) for share, noise in kinds]

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
        from scipy.special import stdtr

        value = np.asarray(value, dtype=float)[:, :, None]
        on_scale, _ = to_scale(value, self.power, self.nearest_to_zero)
        degrees = self.degrees[:, None, None]
        below = np.zeros(on_scale.shape)
        for share, spread in self._kinds():
            below += share * stdtr(degrees, (on_scale - self.location[:, None]) / spread[:, None])
        below[np.broadcast_to((value < 0) & (self.power < 1), below.shape)] = 0.0
        return np.asarray((below * self.weight[:, None]).sum(axis=2))

    def below(self, value: FloatArray) -> FloatArray:
        """Probability that each day has its own value or less; shape (days,)."""
        # A day at a time: few of the nodes matter on each.
        return np.array(
            [self.on(slice(t, t + 1)).cdf(np.array([[one]]))[0, 0] for t, one in enumerate(value)]
        )

    def quantile(self, probability: FloatArray) -> FloatArray:
        """Quantiles by halving; shape (days, probabilities)."""
        from scipy.special import stdtrit

        wanted = np.atleast_1d(np.asarray(probability, dtype=float))
        of_kinds = [
            from_scale(self.location[:, None] + spread[:, None] * stdtrit(self.degrees[:, None], wanted)[:, :, None],
                       self.power)
            for _, spread in self._kinds()
        ]  # fmt: skip
        # A mixture's quantile lies between those of its parts.
        low = np.min([part.min(axis=2) for part in of_kinds], axis=0)
        high = np.max([part.max(axis=2) for part in of_kinds], axis=0)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            above = self.cdf(middle) < wanted
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.asarray((low + high) / 2)
