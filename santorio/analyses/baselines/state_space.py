"""The baseline of a metric: a robust local level with weekdays, filtered day by day in closed form.

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

Series are filtered side by side, each on its own days: their first known days together, then their second ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from santorio.analyses.baselines.hyperparameters import DEFAULT, Configuration, HyperparameterGrid
from santorio.analyses.baselines.predictive import Predictive, to_scale
from santorio.arrays import FloatArray, IntArray

LEVEL, SWING, WEEKDAYS = 0, 1, 2
STATES = 9
# 1970-01-01 was a Thursday; Monday is 0.
THURSDAY = 3
# Of the first days' median: what is nearer to zero counts as that on a logarithm's scale.
NEAREST_TO_ZERO = 0.01
# σ is never less than this share of the first one: where a value is repeated for months it would else fade to nothing.
MIN_SD_SHARE = 0.01
# What is further off is learnt as if it were that far off, in spreads of a day: a slip of the finger has no say.
MAX_DEVIATION_SD = 10.0
# The first σ² weighs as much as this many days.
INITIAL_DEGREES = 3.0


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
        What is known after the last day; of this series alone.
    """

    day: IntArray
    value: FloatArray
    ahead: Predictive
    outlier: FloatArray
    state: "State"


@dataclass
class State:
    """What is known of each series after a day of its own, for all nodes at once; changed in place by `learn`.

    Attributes
    ----------
    mean : FloatArray
        Level, swing and seven weekdays on the node's scale, shape (9, series, nodes).
    covariance : FloatArray
        Their covariance in units of σ², shape (9, 9, series, nodes).
    variance : FloatArray
        Estimate of σ², shape (series, nodes).
    degrees : FloatArray
        Degrees of freedom of that estimate, shape (series,).
    log_weight : FloatArray
        Log weight of each node, not normalised, shape (series, nodes).
    day : IntArray
        The last known day, since 1970-01-01, shape (series,).
    nearest_to_zero : FloatArray
        Values nearer to zero count as this one on the logarithm's scale, shape (series,).
    least_variance : FloatArray
        What σ² is at least, shape (series, nodes).
    least : FloatArray
        Below which nothing is said to be expected: zero of what was never negative; shape (series,).
    """

    configuration: Configuration
    mean: FloatArray
    covariance: FloatArray
    variance: FloatArray
    degrees: FloatArray
    log_weight: FloatArray
    day: IntArray
    nearest_to_zero: FloatArray
    least_variance: FloatArray
    least: FloatArray

    @property
    def nodes(self) -> HyperparameterGrid:
        """The grid of hyper-parameters."""
        return self.configuration.nodes

    @property
    def weight(self) -> FloatArray:
        """Weights of the nodes, which sum to one; shape (series, nodes)."""
        return _weights(self.log_weight)

    def of(self, series: slice) -> "State":
        """Choose series; what is then learnt of them is learnt apart from these."""
        return replace(
            self,
            mean=self.mean[:, series].copy(),
            covariance=self.covariance[:, :, series].copy(),
            variance=self.variance[series],
            degrees=self.degrees[series],
            log_weight=self.log_weight[series],
            day=self.day[series],
            nearest_to_zero=self.nearest_to_zero[series],
            least_variance=self.least_variance[series],
            least=self.least[series],
        )

    def predict(self, day: IntArray, series: int = 0) -> Predictive:
        """Predict days of one series after the last known one; shape (days,)."""
        step = (np.asarray(day) - self.day[series])[:, None].astype(float)
        fading = self.nodes.persistence**step
        place = WEEKDAYS + weekday(day)
        mean, spread = self.mean[:, series], self.covariance[:, :, series]
        location = mean[LEVEL] + fading * mean[SWING] + mean[place]
        variance = (
            spread[LEVEL, LEVEL]
            + self.nodes.drift_sd**2 * step
            + fading**2 * spread[SWING, SWING]
            + (1 - fading**2) * self.nodes.swing_sd**2
            + spread[place, place]
            + 2 * fading * (spread[LEVEL, SWING] + spread[SWING, place])
            + 2 * spread[LEVEL, place]
        )
        ones = np.ones_like(location)
        return self.predictive(
            series, self.weight[series] * ones, location, variance, np.sqrt(self.variance[series]) * ones,
            np.full(len(location), self.degrees[series]),
        )  # fmt: skip

    def predictive(
        self,
        series: int,
        weight: FloatArray,
        location: FloatArray,
        state_variance: FloatArray,
        noise_sd: FloatArray,
        degrees: FloatArray,
    ) -> Predictive:
        """State distributions of days of one series; shapes as in `Predictive`."""
        return Predictive(
            weight=weight,
            location=location,
            state_variance=state_variance,
            noise_sd=noise_sd,
            degrees=degrees,
            power=self.nodes.power,
            outlier_probability=self.configuration.outlier_probability,
            outlier_scale=self.configuration.outlier_scale,
            nearest_to_zero=float(self.nearest_to_zero[series]),
            least=float(self.least[series]),
        )

    def move_to(self, day: IntArray) -> None:
        """Let days pass of which nothing is known; shape (series,)."""
        step = (day - self.day).astype(float)
        fading = self.nodes.persistence ** step[:, None]
        self.mean[SWING] *= fading
        self.covariance[SWING] *= fading
        self.covariance[:, SWING] *= fading
        self.covariance[SWING, SWING] += (1 - fading**2) * self.nodes.swing_sd**2
        self.covariance[LEVEL, LEVEL] += step[:, None] * self.nodes.drift_sd**2
        # What is known of a spread fades with days, known or not.
        self.degrees = np.maximum(self.degrees * self.configuration.memory ** (step - 1), INITIAL_DEGREES)
        self.day = day

    def learn(self, value: FloatArray, *, weighs: bool) -> "LearnedParameters":
        """Take in the values of the days that `move_to` has reached.

        Parameters
        ----------
        value : FloatArray
            In the metric's own unit, shape (series,).
        weighs : bool
            Whether the nodes are weighted by how well they predicted it.
        """
        chosen = self.configuration
        on_scale, log_slope = to_scale(value[:, None], self.nodes.power, self.nearest_to_zero[:, None])
        place = WEEKDAYS + weekday(self.day)
        series = np.arange(len(place))
        gain = self.covariance[LEVEL] + self.covariance[SWING]  # (9, series, nodes)
        gain += self.covariance[:, place, series]
        # Rounding may bring it below zero where a day was very wild.
        of_state = np.maximum(gain[LEVEL] + gain[SWING] + gain[place, series], 0.0)
        location = self.mean[LEVEL] + self.mean[SWING] + self.mean[place, series]
        expected = (self.log_weight, location, of_state, self.variance, self.degrees)
        most = MAX_DEVIATION_SD * np.sqrt(self.variance * (of_state + 1))
        error = np.clip(on_scale - location, -most, most)
        square = error**2 / self.variance
        degrees = self.degrees[:, None]
        spread = of_state + np.array([1.0, chosen.outlier_scale**2])[:, None, None]  # (kinds, series, nodes)
        log_density = (
            -0.5 * (np.log(spread) + (degrees + 1) * np.log1p(square / spread / degrees))
            + np.log([1 - chosen.outlier_probability, chosen.outlier_probability])[:, None, None]
        )
        top = log_density.max(axis=0)
        density = np.exp(log_density - top)
        total = density.sum(axis=0)
        kind = density / total
        if weighs:
            evidence = top + np.log(total) - 0.5 * np.log(self.variance) + log_slope
            self.log_weight = self.log_weight - self.log_weight.max(axis=1, keepdims=True) + evidence
        inverse = (kind / spread).sum(axis=0)
        # Both kinds move the state along the same line: their mixture is one update of rank one.
        shrink = inverse - square * kind[0] * kind[1] * (1 / spread[0] - 1 / spread[1]) ** 2
        self.mean += gain * (inverse * error)
        shrunk = gain * shrink
        for row in range(STATES):
            self.covariance[row] -= shrunk[row] * gain
        self._learn_spread(square, spread, kind)
        return LearnedParameters(*expected, (self.weight * kind[1]).sum(axis=1))

    def _learn_spread(self, square: FloatArray, spread: FloatArray, kind: FloatArray) -> None:
        kept = self.configuration.memory * self.degrees
        held = kept[:, None]
        each = (held + square / spread) / (held + 1)  # σ² after the day against before it, by kind
        self.variance = np.maximum(self.variance * (kind * each).sum(axis=0), self.least_variance)
        self.degrees = kept + 1


@dataclass(frozen=True)
class LearnedParameters:
    """What was expected of a day of each series before its value was learnt, and what its noise was like.

    Attributes
    ----------
    log_weight, location, state_variance, variance : FloatArray
        Of each node before the value came, shape (series, nodes).
    degrees : FloatArray
        Degrees of freedom of the variance, shape (series,).
    outlier : FloatArray
        Probability that the day's noise was of the other kind, shape (series,).
    """

    log_weight: FloatArray
    location: FloatArray
    state_variance: FloatArray
    variance: FloatArray
    degrees: FloatArray
    outlier: FloatArray


def _weights(log_weight: FloatArray) -> FloatArray:
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def filter_series(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> Filtered:
    """Filter one series, as `filter_together` does."""
    (filtered,) = filter_together([(day, value)], configuration)
    return filtered


def filter_together(
    series: Sequence[tuple[IntArray, FloatArray]], configuration: Configuration = DEFAULT
) -> list[Filtered]:
    """Filter series.

    Parameters
    ----------
    series
        Of each its known days since 1970-01-01, strictly increasing, more than the warm-up, shape (days,), and their
        finite values in the metric's own unit, shape (days,).
    configuration : Configuration
        Grid and priors.
    """
    # The longest first: those that go on are the first ones.
    order = sorted(range(len(series)), key=lambda which: -len(series[which][0]))
    length = np.array([len(series[which][0]) for which in order])
    day = np.zeros((length[0], len(order)), dtype=np.int64)
    value = np.ones((length[0], len(order)))
    for place, which in enumerate(order):
        day[: length[place], place], value[: length[place], place] = series[which]
    state = first_states(day, value, configuration)
    states: dict[int, State] = {}
    learnt: list[LearnedParameters] = []
    for t in range(length[0]):
        going = int(np.count_nonzero(length > t))
        if going < len(state.day):
            states |= {place: state.of(slice(place, place + 1)) for place in range(going, len(state.day))}
            state = state.of(slice(0, going))
        if t:
            state.move_to(day[t, :going])
        learnt.append(state.learn(value[t, :going], weighs=t >= configuration.warm_up))
    states |= {place: state.of(slice(place, place + 1)) for place in range(len(state.day))}
    told = {
        which: _filtered(*series[which], states[place], learnt[: length[place]], place)
        for place, which in enumerate(order)
    }
    return [told[which] for which in range(len(series))]


def _filtered(
    day: IntArray, value: FloatArray, state: State, learnt: Sequence[LearnedParameters], place: int
) -> Filtered:
    start = state.configuration.warm_up
    after = learnt[start:]

    def each(name: str) -> FloatArray:
        return np.array([getattr(state, name)[place] for state in after])

    ahead = state.predictive(
        0, _weights(each("log_weight")), each("location"), each("state_variance"), np.sqrt(each("variance")),
        each("degrees"),
    )  # fmt: skip
    return Filtered(day[start:], value[start:], ahead, each("outlier"), state)


def first_state(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> State:
    """State of one series before its first day."""
    return first_states(day[:, None], value[:, None], configuration)


def first_states(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> State:
    """State before the first day: its scale from the median and spread of the warm-up, known widely.

    Parameters
    ----------
    day, value
        Shape (days, series).
    """
    nodes, first = configuration.nodes, value[: configuration.warm_up]
    shape = (value.shape[1], len(nodes))
    middle = np.median(first, axis=0)
    nearest = np.where(middle == 0, 1.0, NEAREST_TO_ZERO * np.abs(middle))
    mean, covariance = np.zeros((STATES, *shape)), np.zeros((STATES, STATES, *shape))
    variance = np.ones(shape)
    for power in configuration.powers:
        at = nodes.power == power
        scaled, _ = to_scale(first, np.array(power), nearest)
        mean[LEVEL][:, at] = np.median(scaled, axis=0)[:, None]
        variance[:, at] = np.array([_spread(values) ** 2 for values in scaled.T])[:, None]
    covariance[LEVEL, LEVEL] = configuration.level_sd**2
    covariance[SWING, SWING] = nodes.swing_sd**2
    covariance[WEEKDAYS:, WEEKDAYS:] = (np.eye(7) - 1 / 7)[:, :, None, None] * nodes.weekday_sd**2
    # The first days' spread is that of noise and swing together.
    variance /= 1 + nodes.swing_sd**2
    # A scale on which nothing lies cannot be: of a metric around or below zero only its own is left.
    possible = (nodes.power == 1) | (middle[:, None] > 0)
    variance[~possible] = 1.0  # its numbers are to stay numbers
    return State(
        configuration, mean, covariance, variance, np.full(shape[0], INITIAL_DEGREES),
        np.where(possible, 0.0, -np.inf), day[0], nearest, MIN_SD_SHARE**2 * variance,
        np.where((value < 0).any(axis=0), -np.inf, 0.0),
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
