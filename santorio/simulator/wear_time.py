"""When the watch was not worn, and which days it synced late."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from santorio.simulator.clock import Clock
from santorio.simulator.rng import Bools, stream


class Watch(StrEnum):
    """What Garmin has of a day: measurements, an object full of nulls, or no answer at all."""

    WORN = "worn"
    NULLS = "nulls"
    ABSENT = "absent"


@dataclass(frozen=True)
class WearTime:
    """Per day: the state of the watch, whether the night was seen, pauses in minutes of the day, late syncs.

    `pauses` are stretches without any sample: the watch on its charger, or a few hours left at home.
    A late day is first synced up to `synced_until`, a minute of the day.
    """

    watch: list[Watch]
    night: Bools
    pauses: list[list[tuple[int, int]]]
    synced_until: dict[int, int]

    def worn(self, day: int) -> bool:
        """Whether there are measurements of the day."""
        return self.watch[day] is Watch.WORN

    def night_seen(self, day: int) -> bool:
        """Whether there are measurements of the night that ends on the day."""
        return self.worn(day) and bool(self.night[day])


def wear(seed: int, clock: Clock) -> WearTime:
    """Draw when the watch was worn. Independent of how the person is: nothing is missing for a reason."""
    rng = stream(seed, "wear")
    days = clock.days
    watch = [_watch(chance) for chance in rng.random(days)]
    for day in (0, days - 1, *(day for day in range(days) if clock.travels(day))):
        watch[day] = Watch.WORN  # a life begins and ends with data, and a flight is worth seeing
    pauses = [_pauses(stream(seed, "pauses", day), plain=not clock.travels(day)) for day in range(days)]
    night = rng.random(days) >= 0.025
    late = [day for day in range(days) if watch[day] is Watch.WORN and not clock.travels(day)]
    chosen = sorted({*rng.choice(late, size=max(1, days // 30), replace=False).tolist(), days - 1})
    return WearTime(watch, night, pauses, {day: int(rng.integers(600, 1000)) for day in chosen})


def _watch(chance: float) -> Watch:
    if chance < 0.02:
        return Watch.ABSENT
    return Watch.NULLS if chance < 0.038 else Watch.WORN


def _pauses(rng: np.random.Generator, *, plain: bool) -> list[tuple[int, int]]:
    """Draw the pauses of a day, outside the night, the hour of waking and the usual hours of training."""
    pauses = []
    if plain and rng.random() < 0.2:
        start = int(rng.integers(1180, 1240))
        pauses.append((start, start + int(rng.integers(30, 65))))
    if plain and rng.random() < 0.06:
        start = int(rng.integers(605, 640))
        pauses.append((start, start + int(rng.integers(90, 125))))
    return pauses
