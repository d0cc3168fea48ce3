"""What the simulated person does, day by day: coffee, drinks, training, whatever they feel like.

Habits follow the weekday and chance only, so that the weekday is what an analysis must adjust for: on Friday
and Saturday the person drinks more, and they sleep longer on the mornings after for another reason.
"""

from dataclasses import dataclass

import numpy as np

from santorio.simulator.rng import Floats, Ints, stream

AFTERNOON = 15 * 60
FRIDAY, SATURDAY = 4, 5
GRAMS_A_DRINK = 14.0
MAX_HEART_RATE = 186.0
MIN_HEART_RATE = 54.0

COFFEE = (("black tea", 45.0), ("espresso", 65.0), ("filter coffee", 95.0), ("double espresso", 130.0))
LATE_COFFEE = (*COFFEE, ("energy drink", 160.0))
LATE_COFFEE_CHANCES = (0.15, 0.2, 0.3, 0.25, 0.1)
"""Of each kind of `LATE_COFFEE`."""
DRINKS = ("beer", "red wine", "white wine", "gin and tonic")
SPORTS = ("running", "cycling", "strength_training")

# Monday to Sunday.
LATE_COFFEE_CHANCE = (0.55, 0.45, 0.5, 0.5, 0.45, 0.4, 0.35)
ALCOHOL_CHANCE = (0.12, 0.18, 0.3, 0.25, 0.72, 0.75, 0.35)
TRAINING_CHANCE = (0.3, 0.62, 0.5, 0.6, 0.25, 0.68, 0.52)


@dataclass(frozen=True, slots=True)
class Serving:
    """Something taken: at a minute of the local day, with its amount of caffeine in mg or alcohol in g."""

    minute: int
    name: str
    amount: float


@dataclass(frozen=True, slots=True)
class Workout:
    """A training session; `load` is Banister's TRIMP of its minutes and mean heart rate."""

    minute: int
    minutes: int
    sport: str
    average_bpm: int
    max_bpm: int
    load: float


@dataclass(frozen=True)
class Habits:
    """Per day of the life; the last list item is the last day."""

    coffee: list[list[Serving]]
    alcohol: list[list[Serving]]
    workouts: list[list[Workout]]

    def caffeine_mg(self) -> Floats:
        """Caffeine of each day."""
        return np.array([_amount(servings) for servings in self.coffee])

    def caffeine_after_15_mg(self) -> Floats:
        """Caffeine of each day taken at 15:00 or later."""
        return np.array([_amount(servings, from_minute=AFTERNOON) for servings in self.coffee])

    def alcohol_g(self) -> Floats:
        """Alcohol of each day."""
        return np.array([_amount(servings) for servings in self.alcohol])

    def training_load(self) -> Floats:
        """Training load of each day, as the watch would sum it."""
        return np.array([sum(workout.load for workout in workouts) for workouts in self.workouts])


def _amount(servings: list[Serving], *, from_minute: int = 0) -> float:
    """Add up the servings taken at a minute of the day or later."""
    return sum(serving.amount for serving in servings if serving.minute >= from_minute)


def draw_habits(seed: int, weekdays: Ints) -> Habits:
    """Draw the habits of each day from its weekday."""
    coffee, alcohol, workouts = [], [], []
    for day, weekday in enumerate(weekdays.tolist()):
        coffee.append(_coffee(stream(seed, "coffee", day), weekday))
        alcohol.append(_alcohol(stream(seed, "alcohol", day), weekday))
        workouts.append(_workouts(stream(seed, "training", day), weekday))
    return Habits(coffee, alcohol, workouts)


def trimp(minutes: float, average_bpm: float) -> float:
    """Banister's training impulse: minutes · HRr · 0.64 e^{1.92 HRr}, HRr the share of the heart rate reserve."""
    reserve = (average_bpm - MIN_HEART_RATE) / (MAX_HEART_RATE - MIN_HEART_RATE)
    return float(minutes * reserve * 0.64 * np.exp(1.92 * reserve))


def _coffee(rng: np.random.Generator, weekday: int) -> list[Serving]:
    """Draw the day's coffee: one after getting up, perhaps more before and after noon, perhaps one after 15:00."""
    first_minute = 515 if weekday >= SATURDAY else 430
    servings = [_serving(rng, first_minute + int(rng.integers(0, 45)))]
    if rng.random() < 0.45:
        servings.append(_serving(rng, int(rng.integers(570, 680))))
    if rng.random() < 0.3:
        servings.append(_serving(rng, int(rng.integers(765, 850))))
    if rng.random() < LATE_COFFEE_CHANCE[weekday]:
        name, amount = LATE_COFFEE[int(rng.choice(len(LATE_COFFEE), p=LATE_COFFEE_CHANCES))]
        servings.append(Serving(int(rng.integers(915, 1090)), name, amount))
    return servings


def _serving(rng: np.random.Generator, minute: int) -> Serving:
    name, amount = COFFEE[int(rng.integers(len(COFFEE)))]
    return Serving(minute, name, amount)


def _alcohol(rng: np.random.Generator, weekday: int) -> list[Serving]:
    if rng.random() >= ALCOHOL_CHANCE[weekday]:
        return []
    # Up to three drinks on Friday and Saturday, up to two on other days: the upper bound is exclusive.
    below = 4 if weekday in (FRIDAY, SATURDAY) else 3
    drinks = int(rng.integers(1, below))
    start = int(rng.integers(1110, 1180))
    kind = DRINKS[int(rng.integers(len(DRINKS)))]
    return [Serving(start + 45 * number, kind, GRAMS_A_DRINK) for number in range(drinks)]


def _workouts(rng: np.random.Generator, weekday: int) -> list[Workout]:
    if rng.random() >= TRAINING_CHANCE[weekday]:
        return []
    # At noon and longer at the weekend, in the evening on other days. Ranges are [low, high).
    duration_range, start_range = (32, 66), (1050, 1095)
    if weekday >= SATURDAY:
        duration_range, start_range = (50, 96), (770, 840)
    minutes = int(rng.integers(*duration_range))
    sport = SPORTS[int(rng.choice(len(SPORTS), p=(0.5, 0.3, 0.2)))]
    average = int(rng.integers(126, 152))
    if sport == "strength_training":
        average -= 14
    start = int(rng.integers(*start_range))
    peak = average + int(rng.integers(12, 25))
    return [Workout(start, minutes, sport, average, peak, round(trimp(minutes, average), 6))]
