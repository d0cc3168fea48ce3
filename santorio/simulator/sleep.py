"""One night as the watch saw it: when, in which stages, and heart rate variability every five minutes."""

from dataclasses import dataclass

import numpy as np

from santorio.simulator.clock import Clock
from santorio.simulator.physiology import Physiology
from santorio.simulator.rng import Ints, stream

DEEP, LIGHT, REM, AWAKE = 0, 1, 2, 3
EARLY_FLIGHT_WAKE = 330  # 05:30
WEEKDAY_WAKE, WEEKEND_WAKE = 408, 482  # 06:48 and 08:02
SATURDAY = 5


@dataclass(frozen=True)
class Night:
    """A night that ends on a day; instants are UTC epoch seconds, `stages` are (start, end, stage)."""

    start: int
    end: int
    stages: list[tuple[int, int, int]]
    hrv_instants: list[int]
    hrv_ms: list[int]
    average_spo2: float
    lowest_spo2: int
    average_respiration: float
    sleep_stress: float
    skin_deviation_c: float

    def seconds(self, stage: int) -> int:
        """Time spent in a stage."""
        return sum(end - start for start, end, of in self.stages if of == stage)

    @property
    def seconds_asleep(self) -> int:
        """Time spent in any stage but awake."""
        return self.seconds(DEEP) + self.seconds(LIGHT) + self.seconds(REM)


def make_night(seed: int, clock: Clock, body: Physiology, day: int) -> Night:
    """Lay out the night that ends on `day`."""
    # All draws are from one stream: their order is part of what a seed means.
    rng = stream(seed, "night", day)
    end = clock.instant(day, _wake_minute(rng, clock, day))
    start = end - 60 * int(body.sleep_minutes[day] + body.awake_minutes[day])
    instants, readings = _hrv(rng, start, end, int(body.hrv_rmssd_ms[day]))
    lowest_spo2 = int(rng.integers(84, 91))
    stages = _stages(rng, body, day, start)
    average_spo2 = float(rng.integers(93, 97))
    average_respiration = float(rng.integers(13, 16))
    # A night of low heart rate variability is one of high stress.
    stress = round(16.0 - 0.3 * (body.hrv_rmssd_ms[day] - 61) + rng.normal(0, 2))
    return Night(
        start=start,
        end=end,
        stages=stages,
        hrv_instants=instants,
        hrv_ms=readings,
        average_spo2=average_spo2,
        lowest_spo2=lowest_spo2,
        average_respiration=average_respiration,
        sleep_stress=float(np.clip(stress, 4, 50)),
        skin_deviation_c=round(float(rng.normal(0.0, 0.25)), 1),
    )


def split(total: int, weights: Ints | list[float]) -> list[int]:
    """Split a whole number by weights into whole numbers that add up to it."""
    bounds = np.rint(np.cumsum(weights) / np.sum(weights) * total).astype(int)
    parts: list[int] = np.diff(bounds, prepend=0).tolist()
    return parts


def _wake_minute(rng: np.random.Generator, clock: Clock, day: int) -> int:
    delay = int(np.clip(np.rint(rng.normal(0, 9)), -22, 22))
    if clock.loses_a_morning(day):
        return EARLY_FLIGHT_WAKE
    if clock.date(day).weekday() >= SATURDAY:
        return WEEKEND_WAKE + delay
    return WEEKDAY_WAKE + delay


def _stages(rng: np.random.Generator, body: Physiology, day: int, start: int) -> list[tuple[int, int, int]]:
    """Cycles of about 90 min: deep sleep early, REM late, light between, waking here and there."""
    asleep, deep, rem = (
        int(body.sleep_minutes[day]),
        int(body.deep_sleep_minutes[day]),
        int(body.rem_sleep_minutes[day]),
    )
    cycles = max(2, round(asleep / 90))
    order = np.arange(cycles)
    # Each cycle has about half of the deep sleep of the one before, and more REM.
    deep_parts = split(deep, (0.55**order).tolist())
    rem_parts = split(rem, (order + 0.6).tolist())
    light_parts = split(asleep - deep - rem, rng.uniform(0.7, 1.3, 2 * cycles).tolist())
    awake_parts = split(int(body.awake_minutes[day]), rng.exponential(1.0, cycles).tolist())
    pieces: list[tuple[int, int]] = []
    for cycle in range(cycles):
        pieces += [
            (LIGHT, light_parts[2 * cycle]),
            (DEEP, deep_parts[cycle]),
            (LIGHT, light_parts[2 * cycle + 1]),
            (AWAKE, awake_parts[cycle]),
            (REM, rem_parts[cycle]),
        ]
    return _join(pieces, start)


def _join(pieces: list[tuple[int, int]], start: int) -> list[tuple[int, int, int]]:
    """Lay pieces of (stage, minutes) one after the other; neighbours of one stage become one."""
    stages: list[tuple[int, int, int]] = []
    at = start
    for stage, minutes in pieces:
        if minutes == 0:
            continue
        if stages and stages[-1][2] == stage:
            stages[-1] = (stages[-1][0], at + 60 * minutes, stage)
        else:
            stages.append((at, at + 60 * minutes, stage))
        at += 60 * minutes
    return stages


def _hrv(rng: np.random.Generator, start: int, end: int, average_ms: int) -> tuple[list[int], list[int]]:
    """Draw readings every five minutes whose mean is the night's average."""
    first = start + int(rng.integers(48, 290))
    instants = list(range(first, end, 300))
    swing = np.convolve(
        rng.normal(0.0, 0.22 * average_ms, len(instants) + 4), np.ones(5) / 5**0.5, mode="valid"
    )
    readings = np.clip(np.rint(average_ms + swing - swing.mean()), 7, 240).astype(int)
    # Rounding has moved the mean: readings drawn at random are moved by 1 ms until it fits again.
    lacking = average_ms * len(readings) - int(readings.sum())
    for position in rng.permutation(len(readings))[: abs(lacking)]:
        readings[position] += int(np.sign(lacking))
    return instants, readings.tolist()
