"""The simulated person's files: payloads, logs and a trial, as their watch and their hand leave them."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from santorio.simulator import logs
from santorio.simulator.ground_truth import Truth
from santorio.simulator.payloads import activities, ranges
from santorio.simulator.payloads.common import Payload
from santorio.simulator.payloads.day import day_so_far, whole_day
from santorio.simulator.person import PROFILE, SimulatedPerson, live
from santorio.simulator.physiology import true_effects
from santorio.simulator.trial import TRIAL

ACTIVITIES_A_PAGE = 20
STEP_DAYS_A_RANGE = 28
MIN_DAYS = 2

type File = tuple[str, bytes]
"""Path inside the folder, and content."""


@dataclass(frozen=True)
class Simulation:
    """A simulated life and how it is written down."""

    life: SimulatedPerson

    @property
    def truth(self) -> Truth:
        """What is true of this person."""
        if self.life.trial is None:
            return Truth(true_effects(), ())
        return Truth(true_effects(), (self.life.trial.truth(),))

    def files(self) -> Iterator[File]:
        """Make every file, in order of its path: `garmin/`, then `late/`, `logs/` and `trials/`.

        The files of `late/` are newer versions of payloads in `garmin/` and must be imported after them.
        """
        for path, payload in self._payloads():
            yield path, orjson.dumps(payload)
        yield "logs/by_hand.csv", logs.by_hand_csv(self.life)
        yield "logs/by_hand.jsonl", logs.by_hand_jsonl(self.life)
        if self.life.trial:
            protocol = self.life.trial.protocol(self.life.clock.first_day)
            yield f"trials/{TRIAL}.json", orjson.dumps(protocol, option=orjson.OPT_INDENT_2)

    def write(self, folder: Path) -> Truth:
        """Write the files into a folder, and what is true into `truth.json` beside that folder."""
        for name in ("garmin", "late", "logs", "trials"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for path, content in self.files():
            (folder / path).write_bytes(content)
        (folder.parent / "truth.json").write_bytes(self.truth.to_json())
        return self.truth

    def _payloads(self) -> Iterator[tuple[str, Any]]:
        late: list[tuple[str, Any]] = []
        for day in range(self.life.clock.days):
            yield from self._first_versions(day, late)
        yield from self._step_ranges()
        late_days = sorted(self.life.wear.synced_until)
        days_in_time = [day for day in range(self.life.clock.days) if day not in late_days]
        yield from self._activity_pages("garmin", days_in_time)
        yield from late
        yield from self._activity_pages("late", late_days)

    def _first_versions(self, day: int, late: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Give a day's payloads as first fetched; of a day synced late, add the complete ones to `late`."""
        life, date = self.life, self.life.clock.date(day).isoformat()
        for kind, payload in whole_day(self.life, day).items():
            if day not in life.wear.synced_until:
                yield f"garmin/{kind}_{date}.json", payload
            else:
                late.append((f"late/{kind}_{date}.json", payload))
        if day in life.wear.synced_until:
            synced = life.clock.instant(day, life.wear.synced_until[day])
            for kind, payload in day_so_far(self.life, day, synced).items():
                yield f"garmin/{kind}_{date}.json", payload
        if ranges.weighed(life, day):
            yield f"garmin/weight_{date}.json", ranges.weigh_ins(life, day)

    def _step_ranges(self) -> Iterator[tuple[str, Any]]:
        clock = self.life.clock
        for first in range(0, clock.days, STEP_DAYS_A_RANGE):
            last = min(first + STEP_DAYS_A_RANGE, clock.days) - 1
            span = f"{clock.date(first).isoformat()}_{clock.date(last).isoformat()}"
            yield f"garmin/steps_{span}.json", ranges.steps(self.life, first, last)

    def _activity_pages(self, folder: str, days: list[int]) -> Iterator[tuple[str, Any]]:
        """Pages of the activities list, newest first."""
        sessions: list[Payload] = []
        for day in reversed(days):
            sessions += [activities.activity(self.life, day, w) for w in self.life.workouts(day)]
        for number, page in enumerate(itertools.batched(sessions, ACTIVITIES_A_PAGE)):
            yield f"{folder}/activities_start_{number * ACTIVITIES_A_PAGE:03d}.json", list(page)


def simulate(
    *,
    days: int = 180,
    seed: int = 2614,
    last_day: dt.date,
    timezone: str = "Europe/Berlin",
    profile: int = PROFILE,
) -> Simulation:
    """Simulate a person.

    Parameters
    ----------
    days
        Length of the life, 2 or more. A trial needs 40 days, a trip 55.
    seed
        Seed of all random numbers. The same seed draws the same noise whatever the dates are, so that what a
        demonstration shows does not depend on when it is shown, but for the weekdays that the days fall on.
    last_day
        Last local day of the life.
    timezone
        IANA name of the zone at home.
    profile
        Number of the person's Garmin profile.

    Returns
    -------
    Simulation
        The same arguments give the same bytes.

    Raises
    ------
    ValueError
        If the life is too short.
    """
    if days < MIN_DAYS:
        raise ValueError(f"A simulated life has {MIN_DAYS} days or more; {days} were requested.")
    return Simulation(live(days, seed, last_day, timezone, profile))
