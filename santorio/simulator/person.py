"""The whole simulated life, put together: what happened, what the body did, what the watch saw of it."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from santorio.simulator.behaviour import Habits, Serving, Workout, draw_habits
from santorio.simulator.clock import NOON, Clock, make_clock
from santorio.simulator.intraday import Trace, battery_path, lay_out, sample
from santorio.simulator.physiology import Physiology, simulate_physiology
from santorio.simulator.rng import Floats
from santorio.simulator.sleep import EARLY_FLIGHT_WAKE, Night, make_night
from santorio.simulator.trial import Trial, run_trial
from santorio.simulator.wear_time import WearTime, wear

PROFILE = 77_021_614


@dataclass(frozen=True, eq=False)  # one life is one object; its arrays have no hash
class SimulatedPerson:
    """A life of `clock.days` days; `habits` begins on the eve of the first day, all else on the first day."""

    seed: int
    clock: Clock
    habits: Habits
    body: Physiology
    wear: WearTime
    trial: Trial | None
    profile: int = PROFILE
    """Number of the person's Garmin profile."""

    def coffee(self, day: int) -> list[Serving]:
        """Caffeine taken on a day."""
        return self.habits.coffee[day + 1]

    def alcohol(self, day: int) -> list[Serving]:
        """Alcohol taken on a day."""
        return self.habits.alcohol[day + 1]

    def workouts(self, day: int) -> list[Workout]:
        """Training sessions of a day."""
        return self.habits.workouts[day + 1]

    def training_load(self, day: int) -> float:
        """Training load of a day: the sum over its sessions."""
        return sum(workout.load for workout in self.workouts(day))

    def training_minutes(self, day: int) -> int:
        """Minutes of training of a day."""
        return sum(workout.minutes for workout in self.workouts(day))

    def workout_end(self, day: int, workout: Workout) -> int:
        """Return when a session of a day is over, as UTC epoch seconds."""
        return self.clock.instant(day, workout.minute) + 60 * workout.minutes

    @cached_property
    def nights(self) -> list[Night]:
        """The night that ends on each day."""
        return [make_night(self.seed, self.clock, self.body, day) for day in range(self.clock.days)]

    @cached_property
    def _battery_path(self) -> tuple[Floats, Floats]:
        return battery_path(self.body, self.nights)

    def trace(self, day: int) -> Trace:
        """Sample a day."""
        plan = lay_out(self.clock, day, self.nights, self.workouts(day), self.wear.pauses[day])
        return sample(self.seed, self.body, plan, self._battery_path)

    def weekly_mean(self, values: list[int], day: int, *, nights: bool) -> int:
        """Mean of the last seven days' values, of those that the watch saw; the day's own value if it saw none.

        Parameters
        ----------
        values
            A value for each day of the life.
        nights
            Whether the values are those of nights: the watch may have been off at night alone.
        """
        was_seen = self.wear.night_seen if nights else self.wear.worn
        week = [values[past] for past in range(max(day - 6, 0), day + 1) if was_seen(past)]
        if not week:
            return values[day]
        return round(sum(week) / len(week))


def live(days: int, seed: int, last_day: dt.date, timezone: str, profile: int = PROFILE) -> SimulatedPerson:
    """Live a life; the same arguments give the same life, and the same seed the same noise on any date."""
    clock = make_clock(last_day, days, timezone)
    # From the eve of the first day: what was done then acts on the first day.
    weekdays = (clock.first_day.weekday() - 1 + np.arange(days + 1)) % 7
    worn = wear(seed, clock)
    habits = _as_possible(draw_habits(seed, weekdays), clock, worn)
    body = simulate_physiology(seed, habits, weekdays)
    return SimulatedPerson(seed, clock, habits, body, worn, run_trial(seed, days), profile)


def _as_possible(habits: Habits, clock: Clock, worn: WearTime) -> Habits:
    """Adapt habits to circumstance: no morning where a flight took it, no training without the watch."""
    coffee, workouts = list(habits.coffee), list(habits.workouts)
    for day in range(clock.days):
        # Habits begin on the eve of the first day.
        index = day + 1
        if clock.loses_a_morning(day):
            first = coffee[index][0]
            before_flight = Serving(EARLY_FLIGHT_WAKE + 10, first.name, first.amount)
            after_noon = [serving for serving in coffee[index] if serving.minute >= NOON]
            coffee[index] = [before_flight, *after_noon]
        if clock.travels(day) or not worn.worn(day):
            workouts[index] = []
    return Habits(coffee, habits.alcohol, workouts)
