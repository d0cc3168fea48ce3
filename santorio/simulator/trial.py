"""The simulated person's trial of magnesium, which does nothing: schedule, protocol, and what was taken."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from santorio.simulator.ground_truth import TrialTruth
from santorio.simulator.rng import Floats, stream

TRIAL = "magnesium"
ARMS = ("no magnesium", "magnesium")
PERIOD_DAYS = 2
CYCLES = 14
MIN_CYCLES = 4
DOSE_MG = 300.0
ADHERENCE = 0.95
TAKEN_IN_ERROR = 0.02
DAYS_AFTERWARDS = 10
DAYS_BEFORE = 14


@dataclass(frozen=True)
class Trial:
    """A trial from day `start` of the life, with an arm for each of its days and the dose taken on each."""

    start: int
    cycles: int
    seed: int
    assignment: tuple[str, ...]
    taken_mg: Floats

    def protocol(self, first_day: dt.date) -> dict[str, Any]:
        """State the protocol, in the form that a trial's file has."""
        return {
            "trial": TRIAL,
            "question": "Does magnesium in the evening make me sleep longer?",
            "arms": list(ARMS),
            "outcome": "sleep_minutes",
            "secondary": ["deep_sleep_minutes", "hrv_rmssd_ms"],
            "direction": "higher",
            "smallest_effect": 15.0,
            "lag_days": 1,
            "start_day": (first_day + dt.timedelta(days=self.start)).isoformat(),
            "period_days": PERIOD_DAYS,
            "washout_days": 0,
            "cycles": self.cycles,
            "seed": self.seed,
            "assignment": list(self.assignment),
        }

    def dose_mg(self, day: int) -> float:
        """Return what was taken on a day of the life; 0 on days outside the trial."""
        day_of_trial = day - self.start
        if not 0 <= day_of_trial < len(self.taken_mg):
            return 0.0
        return float(self.taken_mg[day_of_trial])

    def truth(self) -> TrialTruth:
        """State what magnesium does."""
        return TrialTruth(TRIAL, "sleep_minutes", "min", 0.0)


def run_trial(seed: int, days: int) -> Trial | None:
    """Draw the trial in the last part of the life; None if the life has no room for one."""
    cycle_days = PERIOD_DAYS * len(ARMS)
    cycles = min(CYCLES, (days - DAYS_BEFORE - DAYS_AFTERWARDS) // cycle_days)
    if cycles < MIN_CYCLES:
        return None
    assignment = _assign(seed, cycles)
    return Trial(
        start=days - DAYS_AFTERWARDS - cycles * cycle_days,
        cycles=cycles,
        seed=seed,
        assignment=assignment,
        taken_mg=_take(seed, assignment),
    )


def _assign(seed: int, cycles: int) -> tuple[str, ...]:
    """Each cycle has every arm for one period, in random order."""
    rng = stream(seed, "trial schedule")
    assignment: list[str] = []
    for _ in range(cycles):
        for arm in rng.permutation(len(ARMS)).tolist():
            assignment += [ARMS[arm]] * PERIOD_DAYS
    return tuple(assignment)


def _take(seed: int, assignment: tuple[str, ...]) -> Floats:
    """Draw what was taken on each day: a dose is forgotten at times, and now and then taken in error."""
    is_treated = np.array([arm == ARMS[1] for arm in assignment])
    chances = np.where(is_treated, ADHERENCE, TAKEN_IN_ERROR)
    return np.where(stream(seed, "trial adherence").random(len(assignment)) < chances, DOSE_MG, 0.0)
