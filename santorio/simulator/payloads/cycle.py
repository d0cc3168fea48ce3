"""The menstrual cycle, of an account that is a woman's and that follows it."""

import datetime as dt
from dataclasses import dataclass

from santorio.simulator.payloads.account import is_woman
from santorio.simulator.payloads.common import Payload
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

USUAL_DAYS = 28
PERIOD_DAYS = 5
LUTEAL_DAYS = 14
"""From ovulation to the next cycle: it varies little, the days before vary more."""
FERTILE_DAYS = 6
MENSTRUAL, FOLLICULAR, OVULATION, LUTEAL = 1, 2, 3, 4
FLOWS = ("MEDIUM", "HEAVY", "MEDIUM", "LIGHT", "LIGHT")
SYMPTOMS = ("CRAMPS", "BACKACHE", "HEADACHE", "FATIGUE")


@dataclass(frozen=True, slots=True)
class _Cycle:
    start: int
    days: int

    def phases(self) -> tuple[tuple[int, int], ...]:
        """Return each phase with the day of the cycle, from 1, on which it begins."""
        ovulation = self.days - LUTEAL_DAYS
        return (
            (MENSTRUAL, 1),
            (FOLLICULAR, PERIOD_DAYS + 1),
            (OVULATION, ovulation - 1),
            (LUTEAL, ovulation + 2),
        )

    def phase_on(self, number: int) -> tuple[int, int, int]:
        """Return the phase of a day of the cycle, the day on which it begins, and that on which the next one does."""
        phase, begins = MENSTRUAL, 1
        for next_phase, next_begins in (*self.phases(), (MENSTRUAL, self.days + 1)):
            if next_begins > number:
                return phase, begins, next_begins
            phase, begins = next_phase, next_begins
        raise ValueError(f"The cycle has {self.days} days, not {number}.")


def menstrual_day(life: SimulatedPerson, day: int) -> Payload | None:
    """Make `periodichealth-service/menstrualcycle/dayview`; none of a man's account."""
    if not is_woman(life):
        return None
    cycle = _cycle(life, day)
    number = day - cycle.start + 1
    phase, begins, ends = cycle.phase_on(number)
    start = life.clock.first_day + dt.timedelta(days=cycle.start)
    return {
        "daySummary": {
            "startDate": start.isoformat(),
            "dayInCycle": number,
            "periodLength": PERIOD_DAYS,
            "currentPhase": phase,
            "lengthOfCurrentPhase": ends - begins,
            "daysUntilNextPhase": ends - number,
            "predictedCycleLength": USUAL_DAYS,
            "fertileWindowStart": cycle.days - LUTEAL_DAYS - FERTILE_DAYS + 2,
            "lengthOfFertileWindow": FERTILE_DAYS,
            "cycleType": "REGULAR",
            "predictedCycle": False,
        },
        "dayLog": _log(life, day, number),
    }


def _cycle(life: SimulatedPerson, day: int) -> _Cycle:
    """Find the cycle that a day is in; the first began before the life did."""
    start = -int(stream(life.seed, "cycle").integers(0, 20))
    number = 1
    while True:
        days = USUAL_DAYS + int(stream(life.seed, "cycle", number).integers(-2, 3))
        if day < start + days:
            return _Cycle(start, days)
        start += days
        number += 1


def _log(life: SimulatedPerson, day: int, number: int) -> Payload | None:
    """Make what she noted: the flow, and how she felt, while it lasts."""
    if number > PERIOD_DAYS:
        return None
    rng = stream(life.seed, "cycle log", day)
    date = life.clock.date(day).isoformat()
    count = int(rng.integers(0, 3))
    symptoms = rng.choice(SYMPTOMS, size=count, replace=False).tolist()
    return {
        "userProfilePk": life.profile,
        "calendarDate": date,
        "symptoms": sorted(symptoms),
        "moods": [],
        "discharge": [],
        "flow": FLOWS[number - 1],
        "sexDrive": None,
        "sexualActivity": None,
        "notes": None,
        "reportTimestamp": f"{date}T20:15:00.0",
        "hasBabyMovement": False,
        "ovulationDay": False,
    }
