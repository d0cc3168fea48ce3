"""What the person ticks off in the evening: alcohol, coffee, hard training, travel."""

from collections.abc import Sequence
from typing import Any

from santorio.simulator.behaviour import AFTERNOON, GRAMS_A_DRINK, Serving
from santorio.simulator.payloads.common import Payload, select
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

TICKS_AT_MINUTE = 1290
CHANCE = 0.8
HARD_LOAD = 100.0
ALCOHOL = (("BEER", ("beer",)), ("WINE", ("red wine", "white wine")), ("SPIRIT", ("gin and tonic",)))


def lifestyle_log(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `lifestylelogging-service/dailyLog`: what is followed, yes or no where it was ticked, and how much."""
    is_logged = _is_logged(life, day, until)
    reports = []
    for number, behaviour in enumerate(_day(life, day), 1):
        reports.append(_report(life, day, is_logged=is_logged, number=number, behaviour=behaviour))
    completion = []
    for past in range(max(day - 6, 0), day + 1):
        # The person ticks everything that they follow, or nothing.
        completed = len(reports) if _is_logged(life, past, until) else 0
        completion.append(
            {
                "calendarDate": life.clock.date(past).isoformat(),
                "totalTracking": len(reports),
                "completedTracking": completed,
            }
        )
    return {"dailyLogsReport": reports, "completionStats": completion}


def _is_logged(life: SimulatedPerson, day: int, until: int) -> bool:
    logged_at = life.clock.instant(day, TICKS_AT_MINUTE)
    return logged_at <= until and bool(stream(life.seed, "ticks", day).random() < CHANCE)


def _day(life: SimulatedPerson, day: int) -> tuple[tuple[str, bool, list[dict[str, Any]]], ...]:
    """Return each behaviour, whether it occurred, and the amounts of its kinds."""
    coffee, alcohol = life.coffee(day), life.alcohol(day)
    late = [cup for cup in coffee if cup.minute >= AFTERNOON]
    early = [cup for cup in coffee if cup.minute < AFTERNOON]
    hard = life.training_load(day) >= HARD_LOAD
    return (
        ("Alcohol", bool(alcohol), _glasses(alcohol)),
        ("Morning Caffeine", bool(early), _cups(early)),
        ("Late Caffeine", bool(late), _cups(late)),
        ("Intense Exercise", hard, []),
        ("Travel", life.clock.travels(day), []),
    )


def _glasses(drinks: Sequence[Serving]) -> list[dict[str, Any]]:
    glasses = []
    for number, (kind, names) in enumerate(ALCOHOL, 1):
        grams = sum(drink.amount for drink in drinks if drink.name in names)
        glasses.append({"subTypeId": number, "subTypeName": kind, "amount": round(grams / GRAMS_A_DRINK)})
    return glasses


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
    if is_logged and has_occurred:
        return {**report, "details": amounts}
    # Garmin lists the kinds of a behaviour even where there is no amount of any.
    return {**report, "details": [select(kind, ("subTypeId", "subTypeName")) for kind in amounts]}
