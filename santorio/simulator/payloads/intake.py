"""What the person says they drank and ate: cups, glasses and meals at the hours at which they had them.

The coffee and the drinks are those of their habits; the meals give back about what the day spends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from santorio.simulator.behaviour import Serving
from santorio.simulator.payloads.common import Payload, Stamps, stamp
from santorio.simulator.payloads.summary import BASAL_KCAL
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

GLASS_ML, CUP_ML = 250, 180
HYDRATION_GOAL_ML = 2800.0
SWEAT_ML_A_MINUTE = 11.5
CHANCE_OF_WATER, CHANCE_OF_MEALS = 0.7, 0.6
"""Share of the days on which the person logs what they drink, and what they eat."""
BEFORE_BREAKFAST_S = 1500
"""From waking to breakfast."""
CALORIE_GOAL = 2300
NUTRIENTS = ("calories", "carbs", "protein", "fat", "fiber", "sugar", "sodium")
DAY_NUTRIENTS = NUTRIENTS[:4]
"""Those of which a day's log states the sum."""


@dataclass(frozen=True, slots=True)
class Food:
    """A food as a database of foods has it: what one serving holds, in kcal, g, and mg of sodium."""

    number: int
    name: str
    serving: str
    units: float
    nutrients: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Meal:
    """A meal of the day: its name, when it begins, its share of the day's energy, and what is eaten."""

    name: str
    minute: int
    share: float
    foods: tuple[Food, ...]


BREAKFAST = Meal(
    "BREAKFAST",
    450,
    0.24,
    (
        Food(410_011, "Rolled oats", "g", 50, (190, 33, 6.5, 3.5, 5, 0.5, 3)),
        Food(410_012, "Plain yoghurt", "g", 150, (92, 7, 5.5, 4.7, 0, 7, 70)),
        Food(410_013, "Banana", "piece", 1, (105, 27, 1.3, 0.4, 3.1, 14, 1)),
    ),
)
LUNCH = Meal(
    "LUNCH",
    755,
    0.36,
    (
        Food(410_021, "Wholemeal bread", "slice", 2, (180, 32, 8, 2.6, 5, 3, 340)),
        Food(410_022, "Lentil soup", "g", 300, (210, 30, 13, 4.2, 9, 4, 720)),
        Food(410_023, "Cheese", "g", 40, (160, 0.2, 10, 13, 0, 0.2, 250)),
    ),
)
DINNER = Meal(
    "DINNER",
    1155,
    0.40,
    (
        Food(410_031, "Rice, cooked", "g", 180, (234, 51, 4.9, 0.5, 0.7, 0.1, 2)),
        Food(410_032, "Chicken, roast", "g", 120, (228, 0, 33, 10, 0, 0, 95)),
        Food(410_033, "Salad with oil", "g", 150, (140, 6, 2, 12, 3, 4, 180)),
    ),
)
SNACKS = "SNACKS"
ALCOHOLIC = ("beer", "red wine", "white wine", "gin and tonic")
KCAL_A_GRAM_OF_ALCOHOL = 7.0
COFFEE = (3.0, 0.3, 0.2, 0.0, 0.0, 0.0, 4.0)


def hydration(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make an element of `usersummary-service/stats/hydration/daily`; null where nothing was written down."""
    drinks = _drinks(life, day, until)
    total: float | None = None
    if drinks:
        total = float(sum(amount for _, amount in drinks))
    return {
        "calendarDate": life.clock.date(day).isoformat(),
        "valueInML": total,
        # Garmin raises the day's goal by what was sweated.
        "goalInML": HYDRATION_GOAL_ML + _sweat(life, day, until),
    }


def hydration_day(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `usersummary-service/usersummary/hydration/daily`."""
    drinks, sweat = _drinks(life, day, until), _sweat(life, day, until)
    last_entry = None
    if drinks:
        latest, _ = drinks[-1]
        last_entry = stamp(latest + life.clock.offset(latest))
    drunk_in_sessions = 0.0 if sweat else None
    return {
        "userId": life.profile,
        **hydration(life, day, until),
        "dailyAverageinML": None,
        "lastEntryTimestampLocal": last_entry,
        "sweatLossInML": sweat or None,
        "activityIntakeInML": drunk_in_sessions,
    }


def food_log(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `nutrition-service/food/logs`: without goals and contents where nothing was written down."""
    meals: list[tuple[Meal, list[Payload]]] = []
    if stream(life.seed, "food log", day).random() < CHANCE_OF_MEALS:
        meals = list(_meals(life, day, until))
    eaten: list[Payload] = []
    for _, foods in meals:
        eaten += foods
    log: Payload = {
        "mealDate": life.clock.date(day).isoformat(),
        # A day of meals runs from 4 to 4 o'clock.
        "dayStartTime": "04:00:00",
        "dayEndTime": "03:59:59",
        "dailyViewType": "MEAL_VIEW",
    }
    details = []
    if eaten:
        log |= {"dailyNutritionGoals": _goals(1.0), "dailyNutritionContent": _total(eaten, DAY_NUTRIENTS)}
        for order, (meal, foods) in enumerate(meals, 1):
            details.append(_meal(order, life, day, meal, foods))
    return {**log, "mealDetails": details, "loggedFoodsWithServingSizes": []}


def _drinks(life: SimulatedPerson, day: int, until: int) -> list[tuple[int, int]]:
    """List when the person drank, and how many ml, in order of time: water now and then, and every cup."""
    rng = stream(life.seed, "water", day)
    if rng.random() >= CHANCE_OF_WATER:
        return []
    count = int(rng.integers(5, 10))
    planned = [(minute, GLASS_ML) for minute in rng.integers(460, 1320, count).tolist()]
    planned += [(cup.minute, CUP_ML) for cup in life.coffee(day)]
    drinks = []
    for minute, amount in planned:
        at = life.clock.instant(day, minute)
        if at <= until and _is_possible(life, day, at):
            drinks.append((at, amount))
    return sorted(drinks)


def _sweat(life: SimulatedPerson, day: int, until: int) -> float:
    """Return what was sweated in the sessions that are over at an instant, in ml."""
    sweat_ml = 0
    for workout in life.workouts(day):
        if life.workout_end(day, workout) <= until:
            sweat_ml += round(workout.minutes * SWEAT_ML_A_MINUTE)
    return float(sweat_ml)


def _is_possible(life: SimulatedPerson, day: int, at: int) -> bool:
    """Whether the person was awake, and the clock showed that hour at all: a flight takes a morning away."""
    start, end = life.clock.bounds(day)
    return max(start, life.nights[day].end) <= at < end


def _meals(life: SimulatedPerson, day: int, until: int) -> Iterator[tuple[Meal, list[Payload]]]:
    """Make each meal with what was eaten of it by an instant; its sum is about what the day spends."""
    rng = stream(life.seed, "meals", day)
    # What the daily summary counts as spent, with the same coefficients.
    spent_kcal = BASAL_KCAL + 0.035 * float(life.body.steps[day]) + 3.5 * life.training_load(day)
    drinks = [*life.coffee(day), *life.alcohol(day)]
    drunk_kcal = sum(_nutrients_of_drink(drink)[0] for drink in drinks)
    eaten_kcal = (spent_kcal - drunk_kcal) * float(rng.uniform(0.88, 1.1))
    for meal in (BREAKFAST, LUNCH, DINNER):
        planned = life.clock.instant(day, meal.minute + int(rng.integers(0, 40)))
        at = max(planned, life.nights[day].end + BEFORE_BREAKFAST_S)
        is_logged = at <= until and _is_possible(life, day, at)
        # So many servings of each food give the meal its share of the day's energy.
        servings = eaten_kcal * meal.share / sum(food.nutrients[0] for food in meal.foods)
        foods = []
        for food in meal.foods:
            # Drawn of a meal that is not logged too, so that the later meals stay the same.
            eaten = round(servings * float(rng.uniform(0.9, 1.1)), 2)
            if is_logged:
                foods.append(_logged(life, at, food, eaten))
        yield meal, foods
    yield Meal(SNACKS, 0, 0.0, ()), _snacks(life, day, drinks, until)


def _snacks(life: SimulatedPerson, day: int, drinks: Sequence[Serving], until: int) -> list[Payload]:
    """Make the cups and glasses of a day in order of time: Garmin lists them as snacks."""
    by_time: list[tuple[int, Serving]] = []
    for drink in drinks:
        at = life.clock.instant(day, drink.minute)
        if at <= until and _is_possible(life, day, at):
            by_time.append((at, drink))
    by_time.sort(key=itemgetter(0))
    snacks = []
    for at, drink in by_time:
        food = Food(_drink_number(drink.name), drink.name, "serving", 1, _nutrients_of_drink(drink))
        snacks.append(_logged(life, at, food, 1.0))
    return snacks


def _nutrients_of_drink(drink: Serving) -> tuple[float, ...]:
    """Return the nutrients of a cup of coffee (amount in mg of caffeine) or of a drink (in g of alcohol)."""
    if drink.name not in ALCOHOLIC:
        return COFFEE
    carbs = 3.5
    if drink.name in {"beer", "gin and tonic"}:
        carbs = 12.0
    return (KCAL_A_GRAM_OF_ALCOHOL * drink.amount + 4 * carbs, carbs, 0.5, 0.0, 0.0, carbs / 2, 8.0)


def _drink_number(name: str) -> int:
    """Return a number for a drink that is the same each time; no number of a food in a meal is as high."""
    return 420_000 + sum(map(ord, name))


def _logged(life: SimulatedPerson, at: int, food: Food, servings: float) -> Payload:
    content = dict(zip(NUTRIENTS, map(float, food.nutrients), strict=True))
    about = {
        "servingId": f"{food.number}0",
        "servingUnit": food.serving.upper(),
        "numberOfUnits": float(food.units),
    }
    return {
        "id": str(food.number),
        "logId": stream(life.seed, f"food {food.number}", at).bytes(16).hex(),
        "logTimestamp": stamp(at, form="%Y-%m-%dT%H:%M:%S.000Z"),
        "logSource": "GCM",
        "logCategory": "REGULAR_LOG",
        "servingQty": servings,
        "foodMetaData": {
            "foodId": str(food.number),
            "foodName": food.name,
            "foodType": "GENERIC",
            "brandName": None,
            "source": "FATSECRET",
            "regionCode": "US",
            "languageCode": "en",
        },
        # Of one serving: what was eaten is this times the quantity.
        "nutritionContent": {**about, **content, "unitHasServing": False},
        "isFavorite": False,
        "mealTime": Stamps(at, life.clock.offset(at)).local[11:19],
        "foodInactive": False,
    }


def _total(foods: Sequence[Payload], names: tuple[str, ...]) -> dict[str, float]:
    totals = {}
    for name in names:
        total = sum(food["servingQty"] * food["nutritionContent"][name] for food in foods)
        totals[name] = round(total, 1)
    return totals


def _goals(share: float) -> dict[str, Any]:
    """Return the goals for a share of the day: half of the energy from carbohydrates, 28 % fat, 22 % protein."""
    energy = CALORIE_GOAL * share
    # A gram of carbohydrates or protein has 4 kcal, a gram of fat 9.
    exact = {
        "calories": energy,
        "carbs": energy * 0.5 / 4,
        "fat": energy * 0.28 / 9,
        "protein": energy * 0.22 / 4,
    }
    goals = {}
    for name, value in exact.items():
        goals[name] = goals[f"adjusted{name.capitalize()}"] = float(round(value))
    return goals


def _meal(order: int, life: SimulatedPerson, day: int, meal: Meal, foods: list[Payload]) -> Payload:
    number = life.clock.date(day).toordinal() * 10 + order
    described: dict[str, Any] = {"mealId": number, "mealName": meal.name, "displayOrder": order}
    goals: dict[str, Any] = {}
    # Snacks have neither a time of the day nor a share of its energy.
    if meal.share:
        hour = meal.minute // 60
        described |= {"startTime": f"{hour:02}:00:00", "endTime": f"{hour + 3:02}:00:00"}
        goals = _goals(meal.share)
    # A meal without food is an empty object, not zeros.
    content = _total(foods, NUTRIENTS) if foods else {}
    return {
        "meal": described,
        "mealNutritionContent": content,
        "mealNutritionGoals": goals,
        "loggedFoods": [{**food, "mealId": number} for food in foods],
    }
