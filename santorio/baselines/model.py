"""The baseline of one metric: a robust local level with weekdays, filtered day by day in closed form.

On the scale of a node (the metric's own or its logarithm), with σ a day's noise:

    y_t       = level_t + swing_t + weekday_w(t) + ε_t
    level_t   = level_(t-1) + Normal(0, drift² σ²)
    swing_t   = φ swing_(t-1) + Normal(0, (1-φ²) v² σ²)            stationary, spread v σ
    weekday   ~ Normal(0, s² σ² (I - 1/7))                         sums to zero
    ε_t       ~ (1-p) Normal(0, σ²) + p Normal(0, k² σ²)           robust: a mixture

Given a node (drift, v, φ, s, scale), level, swing, weekdays and σ² have a normal-inverse-gamma distribution, and a
day's prediction is a mixture of two Student-t distributions. After the day the two posteriors are collapsed into one
with their moments (multi-process model of class II: Harrison & Stevens 1976, doi:10.1111/j.2517-6161.1976.tb01586.x;
West & Harrison 1997, chapter 12): an outlier takes its weight out of the day, and so moves the level little. σ² is
learnt with a fading memory (ibid., section 10.8). Nodes are weighted by how well they predicted, one day ahead, each
day so far (Bayesian model averaging). A missing day is a gap: the state moves on, nothing is learnt. Without outliers
and fading this is the exact posterior; a test holds it to that.
"""

from dataclasses import dataclass

import numpy as np

from santorio.baselines.nodes import DEFAULT, Configuration, Nodes
from santorio.baselines.predictive import Predictive, to_scale
from santorio.trials.columns import FloatArray, IntArray

LEVEL, SWING, WEEKDAYS = 0, 1, 2
STATES = 9
# 1970-01-01 was a Thursday; Monday is 0.
THURSDAY = 3
# Of the first days' median: what is nearer to zero counts as that on a logarithm's scale.
NEAREST_TO_ZERO = 0.01
# The first σ² weighs as much as this many days.
FIRST_DEGREES = 3.0


def weekday(day: IntArray | int) -> IntArray:
    """Weekday of days since 1970-01-01; Monday is 0."""
    return np.asarray((np.asarray(day) + THURSDAY) % 7, dtype=np.int64)


@dataclass(frozen=True)
class Filtered:
    """A series' baseline up to its last day.

    Attributes
    ----------
    day : IntArray
        Known days after the warm-up, shape (days,).
    value : FloatArray
        Their values, in the metric's own unit, shape (days,).
    ahead : Predictive
        What was expected of each of these days from the known days before it, shape (days, nodes).
    outlier : FloatArray
        Probability that the day's noise was of the other kind, shape (days,).
    state : State
        What is known after the last day.
    """

    day: IntArray
    value: FloatArray
    ahead: Predictive
    outlier: FloatArray
    state: "State"


@dataclass
class State:
    """What is known after a day, for all nodes at once; changed in place by `learn`.

    Attributes
    ----------
    mean : FloatArray
        Level, swing and seven weekdays on the node's scale, shape (nodes, 9).
    covariance : FloatArray
        Their covariance in units of σ², shape (nodes, 9, 9).
    variance : FloatArray
        Estimate of σ², shape (nodes,).
    degrees : float
        Degrees of freedom of that estimate.
    log_weight : FloatArray
        Log weight of each node, not normalised, shape (nodes,).
    day : int
        The last known day, since 1970-01-01.
    nearest_to_zero : float
        Values nearer to zero count as this one on the logarithm's scale.
    """

    configuration: Configuration
    mean: FloatArray
    covariance: FloatArray
    variance: FloatArray
    degrees: float
    log_weight: FloatArray
    day: int
    nearest_to_zero: float

    @property
    def nodes(self) -> Nodes:
        """The grid of hyper-parameters."""
        return self.configuration.nodes

    @property
    def weight(self) -> FloatArray:
        """Weights of the nodes, which sum to one."""
        weight = np.exp(self.log_weight - self.log_weight.max())
        return np.asarray(weight / weight.sum())

    def predict(self, day: IntArray) -> Predictive:
        """Predict days after the last known one; shape (days,)."""
        step = (np.asarray(day) - self.day)[:, None].astype(float)
        fading = self.nodes.persistence**step
        place = WEEKDAYS + weekday(day)
        mean, spread = self.mean, self.covariance
        location = mean[:, LEVEL] + fading * mean[:, SWING] + mean[:, place].T
        variance = (
            spread[:, LEVEL, LEVEL]
            + self.nodes.drift_sd**2 * step
            + fading**2 * spread[:, SWING, SWING]
            + (1 - fading**2) * self.nodes.swing_sd**2
            + spread[:, place, place].T
            + 2 * fading * (spread[:, LEVEL, SWING] + spread[:, SWING, place].T)
            + 2 * spread[:, LEVEL, place].T
        )
        return self._predictive(location, variance)

    def _predictive(self, location: FloatArray, variance: FloatArray) -> Predictive:
        ones = np.ones_like(location)
        return Predictive(
            weight=self.weight * ones,
            location=location,
            state_variance=variance,
            noise_sd=np.sqrt(self.variance) * ones,
            degrees=np.full(len(location), self.degrees),
            power=self.nodes.power,
            outlier_probability=self.configuration.outlier_probability,
            outlier_scale=self.configuration.outlier_scale,
            nearest_to_zero=self.nearest_to_zero,
        )

    def move_to(self, day: int) -> None:
        """Let days pass of which nothing is known."""
        step = day - self.day
        fading = self.nodes.persistence**step
        self.mean[:, SWING] *= fading
        self.covariance[:, SWING, :] *= fading[:, None]
        self.covariance[:, :, SWING] *= fading[:, None]
        self.covariance[:, SWING, SWING] += (1 - fading**2) * self.nodes.swing_sd**2
        self.covariance[:, LEVEL, LEVEL] += step * self.nodes.drift_sd**2
        # What is known of a spread fades with days, known or not.
        self.degrees = max(self.degrees * self.configuration.memory ** (step - 1), FIRST_DEGREES)
        self.day = day

    def learn(self, value: float, *, weighs: bool) -> float:
        """Take in the value of the day that `move_to` has reached.

        Parameters
        ----------
        value : float
            In the metric's own unit.
        weighs : bool
            Whether the nodes are weighted by how well they predicted it.

        Returns
        -------
        float
            Probability that its noise was of the other kind.
        """
        chosen = self.configuration
        on_scale, log_slope = to_scale(np.asarray(value), self.nodes.power, self.nearest_to_zero)
        place = WEEKDAYS + int(weekday(self.day))
        gain = (
            self.covariance[:, :, LEVEL] + self.covariance[:, :, SWING] + self.covariance[:, :, place]
        )  # (nodes, 9)
        of_state = gain[:, LEVEL] + gain[:, SWING] + gain[:, place]
        error = on_scale - self.mean[:, LEVEL] - self.mean[:, SWING] - self.mean[:, place]
        square = error**2 / self.variance
        spread = of_state + np.array([[1.0], [chosen.outlier_scale**2]])  # (kinds, nodes)
        log_density = -0.5 * (
            np.log(spread) + (self.degrees + 1) * np.log1p(square / spread / self.degrees)
        ) + np.log([[1 - chosen.outlier_probability], [chosen.outlier_probability]])
        top = log_density.max(axis=0)
        density = np.exp(log_density - top)
        kind = density / density.sum(axis=0)
        if weighs:
            evidence = top + np.log(density.sum(axis=0)) - 0.5 * np.log(self.variance) + log_slope
            self.log_weight = self.log_weight - self.log_weight.max() + evidence
        inverse = (kind / spread).sum(axis=0)
        inverse_square = (kind / spread**2).sum(axis=0)
        # Both kinds move the state along the same line: their mixture is one update of rank one.
        shrink = inverse - square * (inverse_square - inverse**2)
        self.mean += gain * (inverse * error)[:, None]
        self.covariance -= (gain * shrink[:, None])[:, :, None] * gain[:, None, :]
        self._learn_spread(square, spread, kind)
        return float(self.weight @ kind[1])

    def _learn_spread(self, square: FloatArray, spread: FloatArray, kind: FloatArray) -> None:
        kept = self.configuration.memory * self.degrees
        each = (kept + square / spread) / (kept + 1)  # σ² after the day against before it, by kind
        self.variance = self.variance * (kind * each).sum(axis=0)
        self.degrees = kept + 1


def filter_series(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> Filtered:
    """Filter a series.

    Parameters
    ----------
    day : IntArray
        Known days since 1970-01-01, strictly increasing, more than the warm-up; shape (days,).
    value : FloatArray
        Finite values in the metric's own unit, shape (days,).
    configuration : Configuration
        Grid and priors.
    """
    state = first_state(day, value, configuration)
    start = configuration.warm_up
    expected: list[Predictive] = []
    outlier = np.zeros(len(day))
    for t, (today, told) in enumerate(zip(day.tolist(), value.tolist(), strict=True)):
        if t >= start:
            expected.append(state.predict(day[t : t + 1]))
        if t:
            state.move_to(today)
        outlier[t] = state.learn(told, weighs=t >= start)
    return Filtered(day[start:], value[start:], Predictive.stack(expected), outlier[start:], state)


def first_state(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> State:
    """State before the first day: its scale from the median and spread of the warm-up, known widely."""
    nodes, first = configuration.nodes, value[: configuration.warm_up]
    middle = float(np.median(first))
    nearest = NEAREST_TO_ZERO * abs(middle) if middle else 1.0
    mean, covariance = np.zeros((len(nodes), STATES)), np.zeros((len(nodes), STATES, STATES))
    variance = np.ones(len(nodes))
    for power in configuration.powers:
        at = nodes.power == power
        scaled = np.array([to_scale(one, np.array([power]), nearest)[0][0] for one in first])
        mean[at, LEVEL] = np.median(scaled)
        variance[at] = _spread(scaled) ** 2
    covariance[:, LEVEL, LEVEL] = configuration.level_sd**2
    covariance[:, SWING, SWING] = nodes.swing_sd**2
    covariance[:, WEEKDAYS:, WEEKDAYS:] = nodes.weekday_sd[:, None, None] ** 2 * (np.eye(7) - 1 / 7)
    # The first days' spread is that of noise and swing together.
    variance /= 1 + nodes.swing_sd**2
    # A scale on which nothing lies cannot be: of a metric around or below zero only its own is left.
    possible = (nodes.power == 1) | (middle > 0)
    return State(
        configuration, mean, covariance, variance, FIRST_DEGREES, np.where(possible, 0.0, -np.inf), int(day[0]),
        nearest,
    )  # fmt: skip


def _spread(value: FloatArray) -> float:
    """Spread of the first days by their median deviation; where most are equal by all; never nothing."""
    deviation = np.abs(value - np.median(value))
    return max(
        1.4826 * float(np.median(deviation)),
        0.5 * float(value.std()),
        1e-3 * float(np.abs(value).max()),
        1e-9,
    )
