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
West & Harrison 1997, chapter 12): a probable outlier has little weight, and so moves the level little. σ² is learnt
with a fading memory (ibid., section 10.8). Nodes are weighted by how well they predicted, one day ahead, each day so
far (Bayesian model averaging). A missing day is a gap: the state moves on, nothing is learnt. Without outliers and
fading this is the exact posterior, as a test verifies.

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
# Share of the first days' median: values nearer to zero count as that on a logarithm's scale.
NEAREST_TO_ZERO = 0.01
# σ is never less than this share of the first one: where a value is repeated for months it would otherwise vanish.
MIN_SD_SHARE = 0.01
# In spreads of a day: a value further off, such as a typing error, is learnt as if it were this far off.
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
        Prediction of each of these days from the known days before it, shape (days, nodes).
    outlier : FloatArray
        Probability that the day was an outlier, shape (days,).
    state : State
        The state after the last day; of this series alone.
    """

    day: IntArray
    value: FloatArray
    ahead: Predictive
    outlier: FloatArray
    state: "State"


@dataclass
class State:
    """The state of each series after a day of its own, for all nodes at once; changed in place by `learn`.

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
        Lower bound of σ², shape (series, nodes).
    least : FloatArray
        Lower bound of predictions: zero for a metric that was never negative; shape (series,).
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
        """Select series; the copy learns independently of this state."""
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
        # Row of the day's weekday among the states.
        day_row = WEEKDAYS + weekday(day)
        mean, covariance = self.mean[:, series], self.covariance[:, :, series]
        location = mean[LEVEL] + fading * mean[SWING] + mean[day_row]
        # Variance of the sum of level, faded swing and weekday: drift and swing gain variance with each day.
        variance = (
            covariance[LEVEL, LEVEL]
            + self.nodes.drift_sd**2 * step
            + fading**2 * covariance[SWING, SWING]
            + (1 - fading**2) * self.nodes.swing_sd**2
            + covariance[day_row, day_row]
            + 2 * fading * (covariance[LEVEL, SWING] + covariance[SWING, day_row])
            + 2 * covariance[LEVEL, day_row]
        )
        # Weights and σ are the same for every day.
        ones = np.ones_like(location)
        return self.predictive(
            series,
            weight=self.weight[series] * ones,
            location=location,
            state_variance=variance,
            noise_sd=np.sqrt(self.variance[series]) * ones,
            degrees=np.full(len(location), self.degrees[series]),
        )

    def predictive(
        self,
        series: int,
        weight: FloatArray,
        location: FloatArray,
        state_variance: FloatArray,
        noise_sd: FloatArray,
        degrees: FloatArray,
    ) -> Predictive:
        """Build the distributions of days of one series; shapes as in `Predictive`."""
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
        """Move the state to these days, without their values; shape (series,)."""
        step = (day - self.day).astype(float)
        fading = self.nodes.persistence ** step[:, None]
        self.mean[SWING] *= fading
        self.covariance[SWING] *= fading
        self.covariance[:, SWING] *= fading
        self.covariance[SWING, SWING] += (1 - fading**2) * self.nodes.swing_sd**2
        self.covariance[LEVEL, LEVEL] += step[:, None] * self.nodes.drift_sd**2
        # The memory of a spread fades with every day, known or not.
        self.degrees = np.maximum(self.degrees * self.configuration.memory ** (step - 1), INITIAL_DEGREES)
        self.day = day

    def learn(self, value: FloatArray, *, weighs: bool) -> "LearnedParameters":
        """Learn from the values of the days that `move_to` has reached.

        Parameters
        ----------
        value : FloatArray
            In the metric's own unit, shape (series,).
        weighs : bool
            Whether the nodes are weighted by how well they predicted it.
        """
        outlier_probability = self.configuration.outlier_probability
        # Share and variance, in σ², of each kind of noise: usual and outlier.
        log_share = np.log([1 - outlier_probability, outlier_probability])[:, None, None]
        noise_variance = np.array([1.0, self.configuration.outlier_scale**2])[:, None, None]
        on_scale, log_slope = to_scale(value[:, None], self.nodes.power, self.nearest_to_zero[:, None])
        # Row of the day's weekday among the states; a day is the sum of level, swing and weekday.
        day_row = WEEKDAYS + weekday(self.day)
        series = np.arange(len(day_row))
        # Covariance of the states with the day, (9, series, nodes).
        gain = self.covariance[LEVEL] + self.covariance[SWING]
        gain += self.covariance[:, day_row, series]
        # Rounding may bring it below zero after a very extreme day.
        state_variance = np.maximum(gain[LEVEL] + gain[SWING] + gain[day_row, series], 0.0)
        location = self.mean[LEVEL] + self.mean[SWING] + self.mean[day_row, series]
        before = (self.log_weight, location, state_variance, self.variance, self.degrees)
        largest = MAX_DEVIATION_SD * np.sqrt(self.variance * (state_variance + 1))
        error = np.clip(on_scale - location, -largest, largest)
        square = error**2 / self.variance
        # Student-t densities of both kinds, (kinds, series, nodes), and the probability of each kind.
        degrees = self.degrees[:, None]
        spread = state_variance + noise_variance
        log_density = -0.5 * (np.log(spread) + (degrees + 1) * np.log1p(square / spread / degrees))
        log_density = log_density + log_share
        highest = log_density.max(axis=0)
        density = np.exp(log_density - highest)
        total = density.sum(axis=0)
        kind = density / total
        if weighs:
            evidence = highest + np.log(total) - 0.5 * np.log(self.variance) + log_slope
            self.log_weight = self.log_weight - self.log_weight.max(axis=1, keepdims=True) + evidence
        inverse = (kind / spread).sum(axis=0)
        # Both kinds move the state along the same line: their mixture is one update of rank one.
        shrink = inverse - square * kind[0] * kind[1] * (1 / spread[0] - 1 / spread[1]) ** 2
        self.mean += gain * (inverse * error)
        shrunk = gain * shrink
        # Row by row, so that no second array of the covariance's size is made.
        for row in range(STATES):
            self.covariance[row] -= shrunk[row] * gain
        self._learn_spread(square, spread, kind)
        return LearnedParameters(*before, (self.weight * kind[1]).sum(axis=1))

    def _learn_spread(self, square: FloatArray, spread: FloatArray, kind: FloatArray) -> None:
        """Learn σ² from a day's squared errors, which count less where it was probably an outlier."""
        remembered = self.configuration.memory * self.degrees
        prior_days = remembered[:, None]
        # σ² after the day in units of σ² before it, by kind.
        ratio = (prior_days + square / spread) / (prior_days + 1)
        self.variance = np.maximum(self.variance * (kind * ratio).sum(axis=0), self.least_variance)
        self.degrees = remembered + 1


@dataclass(frozen=True)
class LearnedParameters:
    """The prediction of a day of each series before its value was learnt, and the kind of its noise.

    Attributes
    ----------
    log_weight, location, state_variance, variance : FloatArray
        Of each node before the value, shape (series, nodes).
    degrees : FloatArray
        Degrees of freedom of the variance, shape (series,).
    outlier : FloatArray
        Probability that the day was an outlier, shape (series,).
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
    # The longest first: columns of the arrays below, of which the first ones last the longest.
    order = sorted(range(len(series)), key=lambda number: -len(series[number][0]))
    length = np.array([len(series[number][0]) for number in order])
    day = np.zeros((length[0], len(order)), dtype=np.int64)
    value = np.ones((length[0], len(order)))
    for column, number in enumerate(order):
        day[: length[column], column], value[: length[column], column] = series[number]
    state = first_states(day, value, configuration)
    last_states: list[State] = [state] * len(order)
    learnt: list[LearnedParameters] = []
    for t in range(length[0]):
        active = int(np.count_nonzero(length > t))
        # Series that ended with the day before keep their state.
        for column in range(active, len(state.day)):
            last_states[column] = state.of(slice(column, column + 1))
        if active < len(state.day):
            state = state.of(slice(0, active))
        if t > 0:
            state.move_to(day[t, :active])
        learnt.append(state.learn(value[t, :active], weighs=t >= configuration.warm_up))
    for column in range(len(state.day)):
        last_states[column] = state.of(slice(column, column + 1))
    filtered = {}
    for column, number in enumerate(order):
        of_series = learnt[: length[column]]
        filtered[number] = _filtered(*series[number], last_states[column], of_series, column)
    return [filtered[number] for number in range(len(series))]


def _filtered(
    day: IntArray, value: FloatArray, state: State, learnt: Sequence[LearnedParameters], column: int
) -> Filtered:
    """Gather the predictions of one series, after the warm-up."""
    start = state.configuration.warm_up
    learnt = learnt[start:]
    ahead = state.predictive(
        0,
        weight=_weights(np.array([step.log_weight[column] for step in learnt])),
        location=np.array([step.location[column] for step in learnt]),
        state_variance=np.array([step.state_variance[column] for step in learnt]),
        noise_sd=np.sqrt(np.array([step.variance[column] for step in learnt])),
        degrees=np.array([step.degrees[column] for step in learnt]),
    )
    outlier = np.array([step.outlier[column] for step in learnt])
    return Filtered(day[start:], value[start:], ahead, outlier, state)


def first_state(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> State:
    """State of one series before its first day."""
    return first_states(day[:, None], value[:, None], configuration)


def first_states(day: IntArray, value: FloatArray, configuration: Configuration = DEFAULT) -> State:
    """State before the first day: its scale from the median and spread of the warm-up, with wide priors.

    Parameters
    ----------
    day, value
        Shape (days, series).
    """
    nodes, first = configuration.nodes, value[: configuration.warm_up]
    shape = (value.shape[1], len(nodes))
    median = np.median(first, axis=0)
    nearest = np.where(median == 0, 1.0, NEAREST_TO_ZERO * np.abs(median))
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
    # A metric around or below zero has no logarithm: only its own scale is possible.
    possible = (nodes.power == 1) | (median[:, None] > 0)
    # Nodes of no weight are filtered too: their numbers must stay finite.
    variance[~possible] = 1.0
    return State(
        configuration=configuration,
        mean=mean,
        covariance=covariance,
        variance=variance,
        degrees=np.full(shape[0], INITIAL_DEGREES),
        log_weight=np.where(possible, 0.0, -np.inf),
        day=day[0],
        nearest_to_zero=nearest,
        least_variance=MIN_SD_SHARE**2 * variance,
        least=np.where((value < 0).any(axis=0), -np.inf, 0.0),
    )


def _spread(value: FloatArray) -> float:
    """Spread of the first days by their median deviation, with lower bounds where most of them are equal."""
    deviation = np.abs(value - np.median(value))
    # The median deviation of a normal distribution is 1 / 1.4826 of its standard deviation.
    return max(
        1.4826 * float(np.median(deviation)),
        0.5 * float(value.std()),
        1e-3 * float(np.abs(value).max()),
        1e-9,
    )
