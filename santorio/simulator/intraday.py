"""One day as the watch saw it, sample by sample: heart rate, stress and body battery."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from santorio.simulator.behaviour import Workout
from santorio.simulator.clock import Clock
from santorio.simulator.physiology import Physiology
from santorio.simulator.rng import Bools, Floats, Ints, stream
from santorio.simulator.sleep import Night

HEART_RATE_EVERY = 120
STRESS_EVERY = 180
NO_MEASUREMENT, TOO_ACTIVE = -1, -2
NOT_MEASURED, MEASURED, RESET = 0, 1, 2
# Body battery stays on its highest and lowest for longer than a sample (seconds), so that a sample shows it.
PLATEAU = 240


@dataclass(frozen=True)
class Trace:
    """Samples of a day; times are UTC epoch seconds. A heart rate of 0 stands for null."""

    heart_rate_at: Ints
    heart_rate_bpm: Ints
    stress_at: Ints
    stress: Ints
    battery_status: Ints
    battery: Ints

    def until(self, instant: int) -> Self:
        """Keep the samples before an instant, as after a sync at that time."""
        beats, levels = self.heart_rate_at < instant, self.stress_at < instant
        return replace(
            self,
            heart_rate_at=self.heart_rate_at[beats],
            heart_rate_bpm=self.heart_rate_bpm[beats],
            stress_at=self.stress_at[levels],
            stress=self.stress[levels],
            battery_status=self.battery_status[levels],
            battery=self.battery[levels],
        )


@dataclass(frozen=True)
class Day:
    """What happens on a day, for sampling: nights that touch it, workouts, pauses; spans of UTC seconds."""

    index: int
    start: int
    end: int
    nights: list[Night]
    workouts: list[tuple[int, int, Workout]]
    pauses: list[tuple[int, int]]

    @property
    def night_spans(self) -> list[tuple[int, int]]:
        """Start and end of each night."""
        return [(night.start, night.end) for night in self.nights]

    @property
    def workout_spans(self) -> list[tuple[int, int]]:
        """Start and end of each workout."""
        return [(start, end) for start, end, _ in self.workouts]


def lay_out(
    clock: Clock, day: int, nights: list[Night], workouts: list[Workout], pauses: list[tuple[int, int]]
) -> Day:
    """Put a day's plan on the line of UTC."""
    start, end = clock.bounds(day)
    sessions = []
    for workout in workouts:
        begins = clock.instant(day, workout.minute)
        sessions.append((begins, begins + 60 * workout.minutes, workout))
    pause_spans = [(clock.instant(day, first), clock.instant(day, last)) for first, last in pauses]
    # The night that ends on the day, and the one that begins in its evening.
    return Day(day, start, end, nights[day : day + 2], sessions, pause_spans)


def sample(seed: int, body: Physiology, day: Day, battery_path: tuple[Floats, Floats]) -> Trace:
    """Sample a day."""
    rng = stream(seed, "samples", day.index)
    beats_at, bpm = _heart_rate(rng, body, day)
    levels_at = np.arange(day.start, day.end, STRESS_EVERY)
    paused = _within(levels_at, day.pauses)
    status, battery = _battery(levels_at, paused, battery_path)
    return Trace(beats_at, bpm, levels_at, _stress(rng, body, day, levels_at, paused), status, battery)


def battery_path(body: Physiology, nights: list[Night]) -> tuple[Floats, Floats]:
    """Body battery as a line over the whole life: lowest on falling asleep, highest on waking."""
    at: list[float] = []
    level: list[float] = []
    for day, night in enumerate(nights):
        evening = min(max(day - 1, 0), len(body.body_battery_low) - 1)
        morning = min(day, len(body.body_battery_high) - 1)
        low, high = float(body.body_battery_low[evening]), float(body.body_battery_high[morning])
        at += [night.start - PLATEAU, night.start, night.end, night.end + PLATEAU]
        level += [low, low, high, high]
    return np.array(at), np.array(level)


def _within(times: Ints, spans: list[tuple[int, int]]) -> Bools:
    inside = np.zeros(len(times), dtype=bool)
    for start, end in spans:
        inside |= (times >= start) & (times < end)
    return inside


def _smooth(rng: np.random.Generator, count: int, *, width: int) -> Floats:
    """Draw standard normal noise that resembles itself over `width` samples."""
    return np.convolve(rng.normal(0.0, width**-0.5, count + width - 1), np.ones(width), mode="valid")


def _heart_rate(rng: np.random.Generator, body: Physiology, day: Day) -> tuple[Ints, Ints]:
    at = np.arange(day.start, day.end, HEART_RATE_EVERY)
    resting = int(body.resting_hr_bpm[day.index])
    asleep = _within(at, day.night_spans)
    wander = _smooth(rng, len(at), width=8)
    asleep_bpm = resting + 3.0 + 2.0 * wander
    awake_bpm = resting + 21.0 + 8.0 * wander + rng.normal(0, 3, len(at))
    # Never below the resting heart rate by day, and little below it at night.
    least_bpm = np.where(asleep, resting - 3.0, resting + 1.0)
    bpm = np.maximum(np.where(asleep, asleep_bpm, awake_bpm), least_bpm)
    for start, end, workout in day.workouts:
        _train(rng, bpm, _within(at, [(start, end)]), workout)
    return _omit_samples(rng, day, at, np.rint(bpm).astype(np.int64))


def _train(rng: np.random.Generator, bpm: Floats, training: Bools, workout: Workout) -> None:
    """Set the samples of a session in place; one in its second half has the session's highest heart rate."""
    during = np.flatnonzero(training)
    effort = workout.average_bpm + rng.normal(0.0, 4.0, len(during))
    bpm[during] = np.minimum(effort, workout.max_bpm - 1)
    peak = int(rng.integers(len(during) // 2, len(during)))
    bpm[during[peak]] = workout.max_bpm


def _omit_samples(rng: np.random.Generator, day: Day, at: Ints, bpm: Ints) -> tuple[Ints, Ints]:
    """Omit the rows of a pause, and null the row before it; a lost contact nulls a row or omits a few."""
    omitted = _within(at, day.pauses)
    for start, _ in day.pauses:
        before = int(np.searchsorted(at, start)) - 1
        bpm[max(before, 0)] = 0
    quiet = np.flatnonzero(~omitted & ~_within(at, day.workout_spans))
    bpm[rng.choice(quiet, size=2, replace=False)] = 0
    for first in rng.choice(quiet, size=int(rng.integers(0, 3)), replace=False):
        omitted[first : first + int(rng.integers(2, 6))] = True
    return at[~omitted], bpm[~omitted]


def _stress(rng: np.random.Generator, body: Physiology, day: Day, at: Ints, paused: Bools) -> Ints:
    """Stress samples whose mean over the measured ones is the day's."""
    count = len(at)
    asleep = _within(at, day.night_spans)
    restless = _smooth(rng, count, width=6)
    asleep_stress = day.nights[0].sleep_stress + 4.0 * _smooth(rng, count, width=4)
    awake_stress = 40.0 + 13.0 * _smooth(rng, count, width=4)
    values = np.where(asleep, asleep_stress, awake_stress)
    # A watch measures stress at rest alone: while the person moves, a negative number says why there is none.
    sentinel = np.where(restless > 1.0, TOO_ACTIVE, NO_MEASUREMENT)
    measured = asleep | (restless < 0.2)
    training = _within(at, day.workout_spans)
    sentinel[training] = TOO_ACTIVE
    sentinel[paused] = NO_MEASUREMENT
    measured &= ~training & ~paused
    rounded = _centre(values, measured, measured & ~asleep, float(body.stress_avg[day.index]))
    return np.where(measured, rounded, sentinel)


def _centre(values: Floats, measured: Bools, movable: Bools, target: float) -> Ints:
    """Shift the movable samples until the mean of the measured ones, as whole numbers, is the target."""
    rounded = np.clip(np.rint(values), 1, 98)
    # Clipping takes back part of each shift; after a few the rest is below a point.
    for _ in range(8):
        lacking = target * measured.sum() - rounded[measured].sum()
        values[movable] += lacking / max(int(movable.sum()), 1)
        rounded = np.clip(np.rint(values), 1, 98)
    return rounded.astype(np.int64)


def _battery(at: Ints, paused: Bools, path: tuple[Floats, Floats]) -> tuple[Ints, Ints]:
    level = np.rint(np.interp(at, *path)).astype(np.int64)
    status = np.where(paused, NOT_MEASURED, MEASURED)
    # The first sample after a pause.
    status[1:][~paused[1:] & paused[:-1]] = RESET
    return status, level
