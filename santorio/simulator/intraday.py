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
PLATEAU = (
    240  # body battery stays on its highest and lowest for longer than a sample, so that a sample shows it
)


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


def lay_out(
    clock: Clock, day: int, nights: list[Night], workouts: list[Workout], pauses: list[tuple[int, int]]
) -> Day:
    """Put a day's plan on the line of UTC."""
    start, end = clock.bounds(day)
    sessions = []
    for workout in workouts:
        begins = clock.instant(day, workout.minute)
        sessions.append((begins, begins + 60 * workout.minutes, workout))
    spans = [(clock.instant(day, first), clock.instant(day, last)) for first, last in pauses]
    return Day(day, start, end, nights[day : day + 2], sessions, spans)


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
        at += [night.start - PLATEAU, night.start, night.end, night.end + PLATEAU]
        level += [float(body.body_battery_low[evening])] * 2 + [float(body.body_battery_high[morning])] * 2
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
    asleep = _within(at, [(night.start, night.end) for night in day.nights])
    wander = _smooth(rng, len(at), width=8)
    bpm = np.where(
        asleep, resting + 3.0 + 2.0 * wander, resting + 21.0 + 8.0 * wander + rng.normal(0, 3, len(at))
    )
    bpm = np.maximum(bpm, np.where(asleep, resting - 3.0, resting + 1.0))
    for start, end, workout in day.workouts:
        _train(rng, bpm, _within(at, [(start, end)]), workout)
    return _leave_out(rng, day, at, np.rint(bpm).astype(np.int64))


def _train(rng: np.random.Generator, bpm: Floats, training: Bools, workout: Workout) -> None:
    places = np.flatnonzero(training)
    effort = workout.average_bpm + rng.normal(0.0, 4.0, len(places))
    bpm[places] = np.minimum(effort, workout.max_bpm - 1)
    bpm[places[int(rng.integers(len(places) // 2, len(places)))]] = workout.max_bpm


def _leave_out(rng: np.random.Generator, day: Day, at: Ints, bpm: Ints) -> tuple[Ints, Ints]:
    """Rows of a pause are omitted, its last row is null; a lost contact makes a row null or omits a few."""
    gone = _within(at, day.pauses)
    for start, _ in day.pauses:
        before = int(np.searchsorted(at, start)) - 1
        bpm[max(before, 0)] = 0
    quiet = np.flatnonzero(~gone & ~_within(at, [(start, end) for start, end, _ in day.workouts]))
    bpm[rng.choice(quiet, size=2, replace=False)] = 0
    for place in rng.choice(quiet, size=int(rng.integers(0, 3)), replace=False):
        gone[place : place + int(rng.integers(2, 6))] = True
    return at[~gone], bpm[~gone]


def _stress(rng: np.random.Generator, body: Physiology, day: Day, at: Ints, paused: Bools) -> Ints:
    """Stress samples whose mean over the measured ones is the day's."""
    count = len(at)
    asleep = _within(at, [(night.start, night.end) for night in day.nights])
    night_level = day.nights[0].sleep_stress
    restless = _smooth(rng, count, width=6)
    values = np.where(
        asleep, night_level + 4.0 * _smooth(rng, count, width=4), 40.0 + 13.0 * _smooth(rng, count, width=4)
    )
    sentinel = np.where(restless > 1.0, TOO_ACTIVE, NO_MEASUREMENT)
    measured = asleep | (restless < 0.2)
    training = _within(at, [(start, end) for start, end, _ in day.workouts])
    sentinel[training] = TOO_ACTIVE
    sentinel[paused] = NO_MEASUREMENT
    measured &= ~training & ~paused
    whole = _centre(values, measured, measured & ~asleep, float(body.stress_avg[day.index]))
    return np.where(measured, whole, sentinel)


def _centre(values: Floats, measured: Bools, movable: Bools, target: float) -> Ints:
    """Shift the movable samples until the mean of the measured ones, as whole numbers, is the target."""
    whole = np.clip(np.rint(values), 1, 98)
    for _ in range(8):
        lacking = target * measured.sum() - whole[measured].sum()
        values[movable] += lacking / max(int(movable.sum()), 1)
        whole = np.clip(np.rint(values), 1, 98)
    return whole.astype(np.int64)


def _battery(at: Ints, paused: Bools, path: tuple[Floats, Floats]) -> tuple[Ints, Ints]:
    level = np.rint(np.interp(at, *path)).astype(np.int64)
    status = np.where(paused, NOT_MEASURED, MEASURED)
    status[1:][~paused[1:] & paused[:-1]] = RESET
    return status, level
