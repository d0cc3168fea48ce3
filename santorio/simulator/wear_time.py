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
    # A life begins and ends with data, and the data of a flight is what a test wants to see.
    watch[0] = watch[days - 1] = Watch.WORN
    pauses: list[list[tuple[int, int]]] = []
    can_be_late: list[int] = []
    for day in range(days):
        if clock.travels(day):
            watch[day] = Watch.WORN
            pauses.append([])
            continue
        pauses.append(_pauses(stream(seed, "pauses", day)))
        if watch[day] is Watch.WORN:
            can_be_late.append(day)
    night = rng.random(days) >= 0.025
    # About one day of thirty is synced late, and always the last one: today is never complete.
    late = rng.choice(can_be_late, size=max(1, days // 30), replace=False).tolist()
    synced_until = {day: int(rng.integers(600, 1000)) for day in sorted({*late, days - 1})}
    return WearTime(watch, night, pauses, synced_until)


def _watch(chance: float) -> Watch:
    """Return the state of a day from a uniform random number: 2 % absent, 1.8 % null."""
    if chance < 0.02:
        return Watch.ABSENT
    return Watch.NULLS if chance < 0.038 else Watch.WORN


def _pauses(rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draw the pauses of a day, outside the night, the hour of waking and the usual hours of training."""
    pauses = []
    # On its charger in the evening.
    if rng.random() < 0.2:
        start = int(rng.integers(1180, 1240))
        pauses.append((start, start + int(rng.integers(30, 65))))
    # Left at home for an hour and a half or two in the morning.
    if rng.random() < 0.06:
        start = int(rng.integers(605, 640))
        pauses.append((start, start + int(rng.integers(90, 125))))
    return pauses
