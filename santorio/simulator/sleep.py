"""One night as the watch saw it: when, in which stages, and heart rate variability every five minutes."""

from dataclasses import dataclass

import numpy as np

from santorio.simulator.clock import Clock
from santorio.simulator.physiology import Physiology
from santorio.simulator.rng import Ints, stream

DEEP, LIGHT, REM, AWAKE = 0, 1, 2, 3
EARLY_FLIGHT_WAKE = 330  # 05:30


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


def make_night(seed: int, clock: Clock, body: Physiology, day: int) -> Night:
    """Lay out the night that ends on `day`."""
    rng = stream(seed, "night", day)
    end = clock.instant(day, _wake_minute(rng, clock, day))
    start = end - 60 * int(body.sleep_minutes[day] + body.awake_minutes[day])
    instants, readings = _hrv(rng, start, end, int(body.hrv_rmssd_ms[day]))
    lowest = int(rng.integers(84, 91))
    return Night(
        start=start,
        end=end,
        stages=_stages(rng, body, day, start),
        hrv_instants=instants,
        hrv_ms=readings,
        average_spo2=float(rng.integers(93, 97)),
        lowest_spo2=lowest,
        average_respiration=float(rng.integers(13, 16)),
        sleep_stress=float(
            np.clip(round(16.0 - 0.3 * (body.hrv_rmssd_ms[day] - 61) + rng.normal(0, 2)), 4, 50)
        ),
        skin_deviation_c=round(float(rng.normal(0.0, 0.25)), 1),
    )


def split(total: int, weights: Ints | list[float]) -> list[int]:
    """Split a whole number by weights into whole numbers that add up to it."""
    bounds = np.rint(np.cumsum(weights) / np.sum(weights) * total).astype(int)
    parts: list[int] = np.diff(bounds, prepend=0).tolist()
    return parts


def _wake_minute(rng: np.random.Generator, clock: Clock, day: int) -> int:
    usual = 482 if clock.date(day).weekday() >= 5 else 408
    minute = usual + int(np.clip(np.rint(rng.normal(0, 9)), -22, 22))
    return EARLY_FLIGHT_WAKE if clock.loses_a_morning(day) else minute


def _stages(rng: np.random.Generator, body: Physiology, day: int, start: int) -> list[tuple[int, int, int]]:
    """Cycles of about 90 min: deep sleep early, REM late, light between, waking here and there."""
    asleep, deep, rem = (
        int(values[day]) for values in (body.sleep_minutes, body.deep_sleep_minutes, body.rem_sleep_minutes)
    )
    cycles = max(2, round(asleep / 90))
    order = np.arange(cycles)
    deep_parts = split(deep, (0.55**order).tolist())
    rem_parts = split(rem, (order + 0.6).tolist())
    light_parts = split(asleep - deep - rem, rng.uniform(0.7, 1.3, 2 * cycles).tolist())
    awake_parts = split(int(body.awake_minutes[day]), rng.exponential(1.0, cycles).tolist())
    pieces = [
        piece
        for cycle in range(cycles)
        for piece in (
            (LIGHT, light_parts[2 * cycle]),
            (DEEP, deep_parts[cycle]),
            (LIGHT, light_parts[2 * cycle + 1]),
            (AWAKE, awake_parts[cycle]),
            (REM, rem_parts[cycle]),
        )
    ]
    return _join(pieces, start)


def _join(pieces: list[tuple[int, int]], start: int) -> list[tuple[int, int, int]]:
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
    lacking = average_ms * len(readings) - int(readings.sum())
    for place in rng.permutation(len(readings))[: abs(lacking)]:
        readings[place] += int(np.sign(lacking))
    return instants, readings.tolist()
