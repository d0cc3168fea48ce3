"""Resampling of records of any spacing to one value per second, so that they can be averaged."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]

# A value stands until the next record, but no longer than this: what lies in between is a pause.
HELD_SECONDS = 10
# Watches that record only what changes ("smart recording") write every few seconds: so many of their usual intervals.
HELD_INTERVALS = 5
# Whatever a recording's usual interval, a value a minute old says nothing of the present.
MAX_HELD_SECONDS = 60
# Physically possible ranges: a value beyond them is a spike and counts as not measured.
POSSIBLE = {"power_w": (0.0, 2_500.0), "heart_rate_bpm": (25.0, 250.0), "speed_mps": (0.0, 40.0)}
# Longer pauses count as this long: no best effort spans one, and a watch that was left running fills no memory.
MAX_PAUSE = 6 * 3600


@dataclass(frozen=True, slots=True)
class Seconds:
    """A recording second by second, without its pauses.

    Parameters
    ----------
    at
        Whole seconds since the first record, increasing; a step of more than one is a pause.
    columns
        By the names of `POSSIBLE`, as long as `at`: NaN where nothing was measured.
    """

    at: npt.NDArray[np.int64]
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def stretches(self) -> npt.NDArray[np.int64]:
        """First positions of the stretches between pauses, the first of them 0."""
        return np.flatnonzero(np.diff(self.at, prepend=-2) > 1)

    def elapsed(self, name: str, *, paused: float) -> Column:
        """Give a column by the seconds of the clock, with `paused` during pauses."""
        if not len(self.at):
            return np.zeros(0)
        steps = np.minimum(np.diff(self.at, prepend=self.at[0]), MAX_PAUSE + 1)
        positions = np.cumsum(steps)
        filled = np.full(positions[-1] + 1, paused)
        filled[positions] = self.columns[name]
        return filled


def longest_held(times: Column) -> int:
    """Longest time that a value is held: five of the recording's usual (median) intervals, from 10 to 60 s."""
    steps = np.diff(np.unique(np.floor(times)))
    usual = 1.0
    if len(steps):
        usual = float(np.median(steps))
    return min(MAX_HELD_SECONDS, max(HELD_SECONDS, round(HELD_INTERVALS * usual)))


def seconds_of(times: Column, columns: dict[str, Column]) -> Seconds:
    """Resample records to one per second.

    Records are put in order of time; those of one second are averaged. A value is held until the next record. A
    gap longer than `longest_held` is a pause: its seconds are excluded, whether the button, the auto-stop or a lost
    signal caused it. A measurement that is missing or impossible is replaced by the last one for as long, then unknown.

    Parameters
    ----------
    times
        Unix seconds, one per record, in any order.
    columns
        By name, as long as `times`, NaN where nothing was measured.

    Returns
    -------
    Seconds
        Never longer than from the first record to the last; empty without any record.
    """
    has_time = np.isfinite(times)
    whole_seconds = np.floor(times[has_time]).astype(np.int64)
    if not len(whole_seconds):
        return Seconds(np.zeros(0, np.int64), {name: np.zeros(0) for name in columns})
    instants, position = np.unique(whole_seconds, return_inverse=True)
    held = longest_held(times[has_time])
    # Each instant fills the seconds to the next, or one before a pause.
    steps = np.diff(instants, append=instants[-1] + 1)
    repeats = np.where(steps <= held, steps, 1)
    source = np.repeat(np.arange(len(instants)), repeats)
    first_of_source = np.cumsum(repeats) - repeats
    at = instants[source] - instants[0] + np.arange(len(source)) - first_of_source[source]
    resampled = {}
    for name, column in columns.items():
        by_instant = _mean_by_position(possible(name, column[has_time]), position, len(instants))
        resampled[name] = _hold(by_instant[source], at, held)
    return Seconds(at, resampled)


def possible(name: str, column: Column) -> Column:
    """Replace physically impossible values by NaN: spikes count as not measured."""
    low, high = POSSIBLE[name]
    with np.errstate(invalid="ignore"):
        return np.where((column >= low) & (column <= high), column, np.nan)


def _mean_by_position(column: Column, position: npt.NDArray[np.int64], count: int) -> Column:
    """Mean of the values at each of `count` positions; NaN where there is none."""
    measured = np.isfinite(column)
    total = np.bincount(position[measured], column[measured], count)
    counts = np.bincount(position[measured], minlength=count)
    mean = np.full(count, np.nan)
    np.divide(total, counts, out=mean, where=counts > 0)
    return mean


def _hold(column: Column, at: npt.NDArray[np.int64], held: int) -> Column:
    """Fill missing values with the latest measurement, if it is less than `held` seconds old."""
    measured = np.where(np.isfinite(column), np.arange(len(column)), -1)
    # Position of the latest measurement at each second, -1 before the first.
    latest = np.maximum.accumulate(measured)
    has_latest = latest >= 0
    latest = np.maximum(latest, 0)
    is_recent = has_latest & (at - at[latest] < held)
    return np.where(is_recent, column[latest], np.nan)
