"""What a person logs in Garmin Connect (food, habits, the cycle) reaches a mart; what was not logged stays unknown."""

import datetime as dt
from typing import Any

import pytest

from santorio.people import ensure_person
from santorio.simulator import simulate
from santorio.simulator.payloads import cycle, fitness, intake, lifestyle, thresholds
from santorio.simulator.person import SimulatedPerson
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event

AFTER = 4_000_000_000
DAYS = range(40)


@pytest.fixture(scope="module")
def life() -> SimulatedPerson:
    """A woman who runs and rides."""
    return simulate(days=len(DAYS), seed=6, last_day=dt.date(2026, 3, 9)).life


@pytest.fixture(scope="module")
def told(
    warehouse: Database, build: Any, pending: list[Event], log_of: Any, reader_of: Any, life: SimulatedPerson
) -> Any:
    """What the simulated person ate, ticked off and noted."""
    with warehouse.connect() as connection:
        person = ensure_person(connection, "who logs", "Europe/Berlin")
    log = log_of(person, pending)
    for number in DAYS:
        day = life.clock.date(number)
        log.answer("nutrition", intake.food_log(life, number, AFTER), day)
        log.answer("lifestyle", lifestyle.lifestyle_log(life, number, AFTER), day)
        log.answer("menstrual_day", cycle.menstrual_day(life, number), day)
    log.answer("power_zones", thresholds.power_zones(life, AFTER), None, "now")
    log.answer("heart_rate_zones", fitness.heart_rate_zones(life, DAYS[-1]), None, "now")
    build()
    return reader_of(person)


def test_food_is_what_was_eaten_and_a_day_without_a_log_is_not_a_day_without_food(
    told: Any, life: SimulatedPerson
) -> None:
    logs = {life.clock.date(day): intake.food_log(life, day, AFTER) for day in DAYS}
    expected = {
        day: sum(food["servingQty"] * food["nutritionContent"]["protein"] for food in eaten)
        for day, log in logs.items()
        if (eaten := [food for meal in log["mealDetails"] for food in meal["loggedFoods"]])
    }
    found = told("marts.nutrition_days", "day, protein_g, energy_kcal, sodium_mg")
    assert {row["day"] for row in found} == set(expected)
    assert len(expected) < len(DAYS)
    for row in found:
        # Garmin rounds each meal's sum.
        assert row["protein_g"] == pytest.approx(expected[row["day"]], abs=0.5)
        assert row["energy_kcal"] == logs[row["day"]]["dailyNutritionContent"]["calories"]
    foods = told("staging.stg_garmin__food_logs", "sum(protein_g) as protein_g")
    assert foods[0]["protein_g"] == pytest.approx(sum(expected.values()))


def test_what_was_ticked_is_yes_or_no_and_what_was_not_is_unknown(told: Any, life: SimulatedPerson) -> None:
    reports = [
        one
        for day in DAYS
        for one in lifestyle.lifestyle_log(life, day, AFTER)["dailyLogsReport"]
        if "logStatus" in one
    ]
    expected = {
        (one["calendarDate"], one["name"]): (
            one["logStatus"] == "YES",
            sum(kind.get("amount", 0) for kind in one["details"]),
        )
        for one in reports
    }
    found = told("marts.lifestyle_logs", "day::text, behaviour, was_so, coalesce(amount, 0) as amount")
    assert {(one["day"], one["behaviour"]): (one["was_so"], one["amount"]) for one in found} == expected
    assert 0 < len(expected) < 200


def test_a_cycle_is_told_day_by_day_with_what_was_noted(told: Any, life: SimulatedPerson) -> None:
    days = [cycle.menstrual_day(life, day) for day in DAYS]
    found = told("marts.cycle_days", "day, day_in_cycle, phase, flow, symptoms", "day")
    assert len(found) == len(DAYS)
    for number, (row, view) in enumerate(zip(found, days, strict=True)):
        assert view is not None
        noted = view["dayLog"] or {"flow": None, "symptoms": []}
        assert (row["day"], row["day_in_cycle"]) == (
            life.clock.date(number),
            view["daySummary"]["dayInCycle"],
        )
        assert (row["flow"], row["symptoms"]) == (noted["flow"], noted["symptoms"])
    assert {row["phase"] for row in found} == {"menstrual", "follicular", "ovulation", "luteal"}


def test_zones_of_power_and_heart_rate_stand_side_by_side(told: Any, life: SimulatedPerson) -> None:
    zones = told("marts.training_zones", order="measured_by, sport")
    assert [(one["measured_by"], one["sport"], one["last_day"]) for one in zones] == [
        ("heart rate", "DEFAULT", None), ("power", "CYCLING", None), ("power", "RUNNING", None),
    ]  # fmt: skip
    riding = next(one for one in thresholds.power_zones(life, AFTER) if one["sport"] == "CYCLING")
    assert (zones[1]["zone_7_floor"], zones[1]["threshold"]) == (
        riding["zone7Floor"],
        riding["functionalThresholdPower"],
    )
