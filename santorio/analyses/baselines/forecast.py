"""Forecasts: the range of the days to come, and the forecast from every past day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from santorio.analyses.baselines.hyperparameters import DEFAULT, Configuration
from santorio.analyses.baselines.predictive import Predictive
from santorio.analyses.baselines.state_space import State, first_state
from santorio.arrays import FloatArray, IntArray
from santorio.errors import NotEnoughData

# Ends of the intervals of 95, 80 and 50 %, and the median.
PROBABILITIES = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
MIN_DAYS = 14
MIN_VALUES = 3


@dataclass(frozen=True)
class Forecast:
    """Quantiles of days to come, in the metric's own unit.

    Attributes
    ----------
    day : IntArray
        Days since 1970-01-01, shape (days,).
    quantile : FloatArray
        At `PROBABILITIES`, shape (days, 7).
    """

    day: IntArray
    quantile: FloatArray

    def interval(self, coverage: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ends of the central interval of 0.5, 0.8 or 0.95; shapes (days,)."""
        lower = int(np.searchsorted(PROBABILITIES, (1 - coverage) / 2 - 1e-9))
        return self.quantile[:, lower], self.quantile[:, -1 - lower]

    @property
    def median(self) -> FloatArray:
        """Medians, shape (days,)."""
        return self.quantile[:, 3]


def check_enough_data(day: IntArray, value: FloatArray) -> None:
    """Check that a series has enough days and different values for a baseline.

    Raises
    ------
    NotEnoughData
        If not; the message states what is needed.
    """
    if len(day) < MIN_DAYS:
        raise NotEnoughData(
            f"A baseline needs {MIN_DAYS} days with a value, within two years and since the value first differed; "
            f"there are {len(day)}."
        )
    if len(np.unique(value)) < MIN_VALUES:
        raise NotEnoughData(
            f"A baseline needs values that differ: at least {MIN_VALUES} different ones so far."
        )


def forecast(state: State, day: IntArray) -> Forecast:
    """Forecast days after the last known one, of one series."""
    return Forecast(day, interval_bounds(state.predict(day)))


def interval_bounds(expected: Predictive) -> FloatArray:
    """Quantiles at `PROBABILITIES`, in order to the last digit; shape (days, 7)."""
    return np.asarray(np.maximum.accumulate(expected.quantile(PROBABILITIES), axis=1))


def rolling_forecasts(
    day: IntArray, value: FloatArray, horizons: Sequence[int], configuration: Configuration = DEFAULT
) -> list[Predictive]:
    """Forecast from every day after the warm-up, without any later day.

    Parameters
    ----------
    day, value
        As for `filter_series`.
    horizons : Sequence[int]
        Days ahead.

    Returns
    -------
    list[Predictive]
        One per horizon; its t-th day is forecast from the end of the (warm-up + t)-th known day.
    """
    state = first_state(day, value, configuration)
    expected: list[list[Predictive]] = [[] for _ in horizons]
    for t, (today, observed) in enumerate(zip(day.tolist(), value.tolist(), strict=True)):
        is_warm = t >= configuration.warm_up
        # The state begins on the first day.
        if t > 0:
            state.move_to(np.array([today]))
        state.learn(np.array([observed]), weighs=is_warm)
        if is_warm:
            ahead = state.predict(today + np.array(horizons))
            for i, horizon_parts in enumerate(expected):
                horizon_parts.append(ahead.of(slice(i, i + 1)))
    return [Predictive.stack(parts) for parts in expected]
