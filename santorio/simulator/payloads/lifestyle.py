"""What the person ticks off in the evening: alcohol, coffee, hard training, travel."""

from collections.abc import Sequence
from typing import Any

from santorio.simulator.behaviour import AFTERNOON, GRAMS_A_DRINK, Serving
from santorio.simulator.payloads.common import Payload
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

TICKS_AT_MINUTE = 1290
CHANCE = 0.8
HARD_LOAD = 100.0
ALCOHOL = (("BEER", ("beer",)), ("WINE", ("red wine", "white wine")), ("SPIRIT", ("gin and tonic",)))


def lifestyle_log(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `lifestylelogging-service/dailyLog`: what is followed, yes or no where it was ticked, and how much."""
    is_logged = _is_logged(life, day, until)
    reports = [
        _report(life, day, is_logged=is_logged, number=number, behaviour=behaviour)
        for number, behaviour in enumerate(_day(life, day), 1)
    ]
    week = range(max(day - 6, 0), day + 1)
    completed = [(past, len(reports) if _is_logged(life, past, until) else 0) for past in week]
    return {
        "dailyLogsReport": reports,
        "completionStats": [
            {
                "calendarDate": life.clock.date(past).isoformat(),
                "totalTracking": len(reports),
                "completedTracking": count,
            }
            for past, count in completed
        ],
    }


def _is_logged(life: SimulatedPerson, day: int, until: int) -> bool:
    logged_at = life.clock.instant(day, TICKS_AT_MINUTE)
    return logged_at <= until and bool(stream(life.seed, "ticks", day).random() < CHANCE)


def _day(life: SimulatedPerson, day: int) -> tuple[tuple[str, bool, list[dict[str, Any]]], ...]:
    """Return each behaviour, whether it occurred, and the amounts of its kinds."""
    coffee, alcohol = life.coffee(day), life.alcohol(day)
    late = [cup for cup in coffee if cup.minute >= AFTERNOON]
    early = [cup for cup in coffee if cup.minute < AFTERNOON]
    hard = sum(workout.load for workout in life.workouts(day)) >= HARD_LOAD
    return (
        ("Alcohol", bool(alcohol), _glasses(alcohol)),
        ("Morning Caffeine", bool(early), _cups(early)),
        ("Late Caffeine", bool(late), _cups(late)),
        ("Intense Exercise", hard, []),
        ("Travel", life.clock.travels(day), []),
    )


def _glasses(drinks: Sequence[Serving]) -> list[dict[str, Any]]:
    return [
        {
            "subTypeId": number,
            "subTypeName": name,
            "amount": round(sum(drink.amount for drink in drinks if drink.name in names) / GRAMS_A_DRINK),
        }
        for number, (name, names) in enumerate(ALCOHOL, 1)
    ]


def _cups(cups: Sequence[Serving]) -> list[dict[str, Any]]:
    return [{"subTypeId": 11, "subTypeName": "CUP", "amount": len(cups)}]


def _report(
    life: SimulatedPerson,
    day: int,
    *,
    is_logged: bool,
    number: int,
    behaviour: tuple[str, bool, list[dict[str, Any]]],
) -> dict[str, Any]:
    name, has_occurred, amounts = behaviour
    report: dict[str, Any] = {
        "behaviourId": number,
        "measurementType": "QUANTITY" if amounts else "BOOLEAN",
        "calendarDate": life.clock.date(day).isoformat(),
        "name": name,
        "category": "LIFESTYLE",
    }
    if is_logged:
        report["logStatus"] = "YES" if has_occurred else "NO"
    # The kinds are listed whether or not there is an amount of each.
    if not (is_logged and has_occurred):
        amounts = [{key: kind[key] for key in kind if key != "amount"} for kind in amounts]
    return {**report, "details": amounts}
