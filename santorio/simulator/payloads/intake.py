"""What the person says they drank and ate: cups, glasses and meals at the hours at which they had them.

The coffee and the drinks are those of their habits; the meals give back about what the day spends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from santorio.simulator.payloads.common import Payload, Stamps, stamp
from santorio.simulator.payloads.summary import BASAL_KCAL
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

GLASS_ML, CUP_ML = 250, 180
HYDRATION_GOAL_ML = 2800.0
SWEAT_ML_A_MINUTE = 11.5
CHANCE_OF_WATER, CHANCE_OF_MEALS = 0.7, 0.6
"""Days on which the person keeps count."""
UP_S = 1500
"""From waking to breakfast."""
CALORIE_GOAL = 2300
NUTRIENTS = ("calories", "carbs", "protein", "fat", "fiber", "sugar", "sodium")
ABOUT_THE_DAY = NUTRIENTS[:4]


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
    drunk = _drunk(life, day, until)
    return {
        "calendarDate": life.clock.date(day).isoformat(),
        "valueInML": float(sum(amount for _, amount in drunk)) if drunk else None,
        "goalInML": HYDRATION_GOAL_ML + _sweat(life, day, until),
    }


def hydration_day(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `usersummary-service/usersummary/hydration/daily`."""
    drunk, sweat = _drunk(life, day, until), _sweat(life, day, until)
    latest = max((at for at, _ in drunk), default=None)
    return {
        "userId": life.profile,
        **hydration(life, day, until),
        "dailyAverageinML": None,
        "lastEntryTimestampLocal": None if latest is None else stamp(latest + life.clock.offset(latest)),
        "sweatLossInML": sweat or None,
        "activityIntakeInML": 0.0 if sweat else None,
    }


def food_log(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `nutrition-service/food/logs`: without goals and contents where nothing was written down."""
    date = life.clock.date(day).isoformat()
    meals = (
        list(_meals(life, day, until))
        if stream(life.seed, "food log", day).random() < CHANCE_OF_MEALS
        else []
    )
    eaten = [food for _, foods in meals for food in foods]
    log: Payload = {
        "mealDate": date,
        "dayStartTime": "04:00:00",
        "dayEndTime": "03:59:59",
        "dailyViewType": "MEAL_VIEW",
    }
    if eaten:
        log |= {"dailyNutritionGoals": _goals(1.0), "dailyNutritionContent": _total(eaten, ABOUT_THE_DAY)}
    details = (
        [_meal(place, life, day, meal, foods) for place, (meal, foods) in enumerate(meals, 1)]
        if eaten
        else []
    )
    return {**log, "mealDetails": details, "loggedFoodsWithServingSizes": []}


def _drunk(life: SimulatedPerson, day: int, until: int) -> list[tuple[int, int]]:
    """List when the person drank, and how many ml: water now and then, and every cup."""
    rng = stream(life.seed, "water", day)
    if rng.random() >= CHANCE_OF_WATER:
        return []
    minutes = rng.integers(460, 1320, int(rng.integers(5, 10))).tolist()
    sips = [(minute, GLASS_ML) for minute in minutes] + [(cup.minute, CUP_ML) for cup in life.coffee(day)]
    drinks = sorted((life.clock.instant(day, minute), amount) for minute, amount in sips)
    return [(at, amount) for at, amount in drinks if _is_possible(life, day, at) and at <= until]


def _sweat(life: SimulatedPerson, day: int, until: int) -> float:
    sweat_ml = 0
    for workout in life.workouts(day):
        if life.clock.instant(day, workout.minute) + 60 * workout.minutes <= until:
            sweat_ml += round(workout.minutes * SWEAT_ML_A_MINUTE)
    return float(sweat_ml)


def _is_possible(life: SimulatedPerson, day: int, at: int) -> bool:
    """Whether the person was awake, and the clock showed that hour at all: a flight takes a morning away."""
    start, end = life.clock.bounds(day)
    return max(start, life.nights[day].end) <= at < end


def _meals(life: SimulatedPerson, day: int, until: int) -> Iterator[tuple[Meal, list[Payload]]]:
    """Make each meal with what was eaten of it by an instant; its sum is about what the day spends."""
    rng = stream(life.seed, "meals", day)
    load = sum(workout.load for workout in life.workouts(day))
    spends = BASAL_KCAL + 0.035 * float(life.body.steps[day]) + 3.5 * load
    drinks = [*life.coffee(day), *life.alcohol(day)]
    drunk = sum(_drink(drink.name, drink.amount)[0] for drink in drinks)
    eats = (spends - drunk) * float(rng.uniform(0.88, 1.1))
    for meal in (BREAKFAST, LUNCH, DINNER):
        planned = life.clock.instant(day, meal.minute + int(rng.integers(0, 40)))
        at = max(planned, life.nights[day].end + UP_S)
        servings = eats * meal.share / sum(food.nutrients[0] for food in meal.foods)
        shares = [round(servings * float(rng.uniform(0.9, 1.1)), 2) for _ in meal.foods]
        is_logged = _is_possible(life, day, at) and at <= until
        foods = [_logged(life, at, food, share) for food, share in zip(meal.foods, shares, strict=True)]
        yield meal, foods if is_logged else []
    cups = [(life.clock.instant(day, drink.minute), drink) for drink in drinks]
    yield (
        Meal(SNACKS, 0, 0.0, ()),
        [
            _logged(
                life,
                at,
                Food(_number(drink.name), drink.name, "serving", 1, _drink(drink.name, drink.amount)),
                1.0,
            )
            for at, drink in sorted(cups, key=lambda pair: pair[0])
            if _is_possible(life, day, at) and at <= until
        ],
    )


def _drink(name: str, amount: float) -> tuple[float, ...]:
    """Return what a cup of coffee (amount in mg of caffeine) or a drink (in g of alcohol) holds."""
    if name not in ALCOHOLIC:
        return COFFEE
    carbs = 12.0 if name in {"beer", "gin and tonic"} else 3.5
    return (KCAL_A_GRAM_OF_ALCOHOL * amount + 4 * carbs, carbs, 0.5, 0.0, 0.0, carbs / 2, 8.0)


def _number(name: str) -> int:
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
    return {
        name: round(sum(food["servingQty"] * food["nutritionContent"][name] for food in foods), 1)
        for name in names
    }


def _goals(share: float) -> dict[str, Any]:
    energy = CALORIE_GOAL * share
    goals = {
        "calories": energy,
        "carbs": energy * 0.5 / 4,
        "fat": energy * 0.28 / 9,
        "protein": energy * 0.22 / 4,
    }
    return {
        key: float(round(value))
        for name, value in goals.items()
        for key in (name, f"adjusted{name.capitalize()}")
    }


def _meal(place: int, life: SimulatedPerson, day: int, meal: Meal, foods: list[Payload]) -> Payload:
    number = life.clock.date(day).toordinal() * 10 + place
    hour = meal.minute // 60
    window = {"startTime": f"{hour:02}:00:00", "endTime": f"{hour + 3:02}:00:00"} if meal.share else {}
    return {
        "meal": {"mealId": number, "mealName": meal.name, "displayOrder": place, **window},
        # A meal of nothing is an empty object, not zeros.
        "mealNutritionContent": _total(foods, NUTRIENTS) if foods else {},
        "mealNutritionGoals": _goals(meal.share) if meal.share else {},
        "loggedFoods": [{**food, "mealId": number} for food in foods],
    }
