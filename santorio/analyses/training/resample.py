"""One second after another: how records of any spacing become a series that can be averaged."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]

# A value stands until the next record, but no longer than this: what lies in between is a pause.
HELD_SECONDS = 10
# Watches that record only what changes ("smart recording") write every few seconds: so many of their usual intervals.
HELD_INTERVALS = 5
# Whatever a recording's usual interval, nobody knows what was after a minute.
MAX_HELD_SECONDS = 60
# Within these a measurement can be one: beyond them it is a spike and counts as not measured.
POSSIBLE = {"power_w": (0.0, 2_500.0), "heart_rate_bpm": (25.0, 250.0), "speed_mps": (0.0, 40.0)}
# Longer pauses are as long as this: no best effort reaches over one, and a forgotten watch fills no memory.
MAX_PAUSE = 6 * 3600


@dataclass(frozen=True, slots=True)
class Seconds:
    """A recording second by second, without its pauses.

    Parameters
    ----------
    at
        Whole seconds since the first record, one an element, increasing; a step of more than one is a pause.
    columns
        By the names of `POSSIBLE`, as long as `at`: NaN where nothing was measured.
    """

    at: npt.NDArray[np.int64]
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def stretches(self) -> npt.NDArray[np.int64]:
        """First places of the stretches between pauses, the first of them 0."""
        return np.flatnonzero(np.diff(self.at, prepend=-2) > 1)

    def elapsed(self, name: str, *, paused: float) -> Column:
        """Give a column on the clock's own seconds, with `paused` wherever the recording stood still."""
        if not len(self.at):
            return np.zeros(0)
        steps = np.minimum(np.diff(self.at, prepend=self.at[0]), MAX_PAUSE + 1)
        places = np.cumsum(steps)
        filled = np.full(places[-1] + 1, paused)
        filled[places] = self.columns[name]
        return filled


def longest_held(times: Column) -> int:
    """How many seconds a value stands at most: five of the recording's usual (median) intervals, from 10 to 60."""
    steps = np.diff(np.unique(np.floor(times)))
    usual = float(np.median(steps)) if len(steps) else 1.0
    return min(MAX_HELD_SECONDS, max(HELD_SECONDS, round(HELD_INTERVALS * usual)))


def seconds_of(times: Column, columns: dict[str, Column]) -> Seconds:
    """Resample records to one a second.

    Records are put in order of time; those of one second are averaged. A value stands until the next record. A
    gap longer than `longest_held` is a pause: its seconds are left out, whoever made it, the button, the auto-stop
    or a lost signal. A single measurement that is missing or impossible is held over the same way, then unknown.

    Parameters
    ----------
    times
        Unix seconds, one a record, in any order.
    columns
        By name, as long as `times`, NaN where nothing was measured.

    Returns
    -------
    Seconds
        Never longer than from the first record to the last; empty where there is no record.
    """
    known = np.isfinite(times)
    whole = np.floor(times[known]).astype(np.int64)
    if not len(whole):
        return Seconds(np.zeros(0, np.int64), {name: np.zeros(0) for name in columns})
    instants, place = np.unique(whole, return_inverse=True)
    held = longest_held(times[known])
    steps = np.diff(instants, append=instants[-1] + 1)
    repeats = np.where(steps <= held, steps, 1)
    record = np.repeat(np.arange(len(instants)), repeats)
    first_of_record = np.cumsum(repeats) - repeats
    at = instants[record] - instants[0] + np.arange(len(record)) - first_of_record[record]
    found = {
        name: _held(_by_second(possible(name, column[known]), place, len(instants))[record], at, held)
        for name, column in columns.items()
    }
    return Seconds(at, found)


def possible(name: str, column: Column) -> Column:
    """Leave out what no body and no machine does: spikes count as not measured."""
    low, high = POSSIBLE[name]
    with np.errstate(invalid="ignore"):
        return np.where((column >= low) & (column <= high), column, np.nan)


def _by_second(column: Column, place: npt.NDArray[np.int64], count: int) -> Column:
    known = np.isfinite(column)
    total = np.bincount(place[known], column[known], count)
    counts = np.bincount(place[known], minlength=count)
    mean = np.full(count, np.nan)
    np.divide(total, counts, out=mean, where=counts > 0)
    return mean


def _held(column: Column, at: npt.NDArray[np.int64], held: int) -> Column:
    """Carry a value on over what is missing, for as long as a value stands."""
    places = np.where(np.isfinite(column), np.arange(len(column)), -1)
    latest = np.maximum.accumulate(places)
    is_known = (latest >= 0) & (at - at[np.maximum(latest, 0)] < held)
    return np.where(is_known, column[np.maximum(latest, 0)], np.nan)
