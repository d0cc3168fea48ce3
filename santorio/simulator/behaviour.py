"""What the simulated person does, day by day: coffee, drinks, training, whatever they feel like.

Habits follow the weekday and chance only, so that the weekday is what an analysis must adjust for: on Friday
and Saturday the person drinks more, and they sleep longer on the mornings after for another reason.
"""

from dataclasses import dataclass

import numpy as np

from santorio.simulator.rng import Floats, Ints, stream

AFTERNOON = 15 * 60
GRAMS_A_DRINK = 14.0
MAX_HEART_RATE = 186.0
MIN_HEART_RATE = 54.0

COFFEE = (("black tea", 45.0), ("espresso", 65.0), ("filter coffee", 95.0), ("double espresso", 130.0))
LATE_COFFEE = (*COFFEE, ("energy drink", 160.0))
LATE_COFFEE_ODDS = (0.15, 0.2, 0.3, 0.25, 0.1)
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
        return np.array([sum(serving.amount for serving in day) for day in self.coffee])

    def caffeine_after_15_mg(self) -> Floats:
        """Caffeine of each day taken at 15:00 or later."""
        return np.array([sum(s.amount for s in day if s.minute >= AFTERNOON) for day in self.coffee])

    def alcohol_g(self) -> Floats:
        """Alcohol of each day."""
        return np.array([sum(serving.amount for serving in day) for day in self.alcohol])

    def training_load(self) -> Floats:
        """Training load of each day, as the watch would sum it."""
        return np.array([sum(workout.load for workout in day) for day in self.workouts])


def live(seed: int, weekdays: Ints) -> Habits:
    """Draw the habits of each day from its weekday."""
    coffee, alcohol, workouts = [], [], []
    for day, weekday in enumerate(weekdays.tolist()):
        coffee.append(_coffee(stream(seed, "coffee", day), weekday))
        alcohol.append(_alcohol(stream(seed, "alcohol", day), weekday))
        workouts.append(_workouts(stream(seed, "training", day), weekday))
    return Habits(coffee, alcohol, workouts)


def trimp(minutes: float, average_bpm: float) -> float:
    """Banister's training impulse: minutes · HRr · 0.64 e^{1.92 HRr}."""
    reserve = (average_bpm - MIN_HEART_RATE) / (MAX_HEART_RATE - MIN_HEART_RATE)
    return float(minutes * reserve * 0.64 * np.exp(1.92 * reserve))


def _coffee(rng: np.random.Generator, weekday: int) -> list[Serving]:
    first = 515 if weekday >= 5 else 430
    servings = [_serving(rng, first + int(rng.integers(0, 45)))]
    if rng.random() < 0.45:
        servings.append(_serving(rng, int(rng.integers(570, 680))))
    if rng.random() < 0.3:
        servings.append(_serving(rng, int(rng.integers(765, 850))))
    if rng.random() < LATE_COFFEE_CHANCE[weekday]:
        name, amount = LATE_COFFEE[int(rng.choice(len(LATE_COFFEE), p=LATE_COFFEE_ODDS))]
        servings.append(Serving(int(rng.integers(915, 1090)), name, amount))
    return servings


def _serving(rng: np.random.Generator, minute: int) -> Serving:
    name, amount = COFFEE[int(rng.integers(len(COFFEE)))]
    return Serving(minute, name, amount)


def _alcohol(rng: np.random.Generator, weekday: int) -> list[Serving]:
    if rng.random() >= ALCOHOL_CHANCE[weekday]:
        return []
    most = 4 if weekday in (4, 5) else 3
    drinks = int(rng.integers(1, most))
    start = int(rng.integers(1110, 1180))
    kind = DRINKS[int(rng.integers(len(DRINKS)))]
    return [Serving(start + 45 * number, kind, GRAMS_A_DRINK) for number in range(drinks)]


def _workouts(rng: np.random.Generator, weekday: int) -> list[Workout]:
    if rng.random() >= TRAINING_CHANCE[weekday]:
        return []
    weekend = weekday >= 5
    minutes = int(rng.integers(50, 96)) if weekend else int(rng.integers(32, 66))
    sport = SPORTS[int(rng.choice(len(SPORTS), p=(0.5, 0.3, 0.2)))]
    average = int(rng.integers(126, 152)) - (14 if sport == "strength_training" else 0)
    start = int(rng.integers(770, 840)) if weekend else int(rng.integers(1050, 1095))
    peak = average + int(rng.integers(12, 25))
    return [Workout(start, minutes, sport, average, peak, round(trimp(minutes, average), 6))]
