"""What a simulated account has beside the watch: meals, drinks, pressure, thresholds, sessions in full."""

import datetime as dt
import itertools
from collections.abc import Iterator

import pytest

from santorio.simulator import simulate
from santorio.simulator.behaviour import Workout
from santorio.simulator.payloads import (
    account as account_payloads,
)
from santorio.simulator.payloads import (
    cycle,
    impacts,
    intake,
    lifestyle,
    pressure,
    sessions,
    thresholds,
)
from santorio.simulator.payloads.activities import activity
from santorio.simulator.payloads.fit import activity_fit
from santorio.simulator.person import SimulatedPerson

LAST_DAY = dt.date(2026, 3, 31)
AFTER = 4_000_000_000
"""An instant after the last day of the life."""


@pytest.fixture(scope="module")
def life() -> SimulatedPerson:
    return simulate(days=120, seed=5, last_day=LAST_DAY).life


def of_sport(life: SimulatedPerson, sport: str) -> tuple[int, Workout]:
    return next(
        (day, workout) for day in range(10, 120) for workout in life.workouts(day) if workout.sport == sport
    )


def eaten(log: dict) -> list[dict]:
    return [food for meal in log["mealDetails"] for food in meal["loggedFoods"]]


def logged_days(life: SimulatedPerson) -> Iterator[tuple[int, dict]]:
    logs = ((day, intake.food_log(life, day, AFTER)) for day in range(life.clock.days))
    return ((day, log) for day, log in logs if log["mealDetails"])


def test_a_meals_content_is_what_was_eaten_and_the_days_is_the_sum_of_its_meals(life) -> None:
    days = 0
    for _, log in logged_days(life):
        days += 1
        for meal in log["mealDetails"]:
            calories = sum(
                food["servingQty"] * food["nutritionContent"]["calories"] for food in meal["loggedFoods"]
            )
            assert meal["mealNutritionContent"].get("calories", 0) == pytest.approx(calories, abs=0.06)
        parts = [meal["mealNutritionContent"].get("protein", 0) for meal in log["mealDetails"]]
        assert log["dailyNutritionContent"]["protein"] == pytest.approx(sum(parts), abs=0.3)
    assert 50 < days < 95


def test_the_energy_eaten_is_about_the_energy_spent(life) -> None:
    eats, spends = [], []
    for day, log in logged_days(life):
        if life.clock.travels(day):
            continue
        load = sum(workout.load for workout in life.workouts(day))
        eats.append(log["dailyNutritionContent"]["calories"])
        spends.append(1740 + 0.035 * life.body.steps[day] + 3.5 * load)
    assert sum(eats) / sum(spends) == pytest.approx(1.0, abs=0.03)


def test_the_cups_and_drinks_of_the_food_log_are_those_of_the_habits(life) -> None:
    for day, log in logged_days(life):
        if life.clock.travels(day):
            continue
        names = [food["foodMetaData"]["foodName"] for food in log["mealDetails"][-1]["loggedFoods"]]
        drinks = (*life.coffee(day), *life.alcohol(day))
        waking = life.nights[day].end
        assert sorted(names) == sorted(
            drink.name
            for drink in drinks
            if waking <= life.clock.instant(day, drink.minute) < life.clock.bounds(day)[1]
        )


def test_nothing_is_reported_before_it_happened(life) -> None:
    for day in range(life.clock.days):
        start, end = life.clock.bounds(day)
        for until in range(start, end, 4 * 3600):
            moments = [
                dt.datetime.fromisoformat(food["logTimestamp"]).timestamp()
                for food in eaten(intake.food_log(life, day, until))
            ]
            assert max(moments, default=0) <= until
    noon = life.clock.instant(60, 720)
    drunk = [intake.hydration(life, 60, at)["valueInML"] or 0 for at in (noon, AFTER)]
    assert drunk[0] <= drunk[1]
    assert not impacts.battery_impacts(life, 60, life.nights[60].end)


def test_a_day_without_a_food_log_has_neither_goals_nor_contents(life) -> None:
    empty = next(log for day in range(120) if not (log := intake.food_log(life, day, AFTER))["mealDetails"])
    assert set(empty) == {
        "mealDate",
        "dayStartTime",
        "dayEndTime",
        "dailyViewType",
        "mealDetails",
        "loggedFoodsWithServingSizes",
    }


def test_sweat_raises_the_goal_of_drinking(life) -> None:
    day, workout = of_sport(life, "running")
    sweat = activity(life, day, workout)["waterEstimated"]
    assert intake.hydration(life, day, AFTER)["goalInML"] == 2800 + sweat
    assert intake.hydration_day(life, day, AFTER)["sweatLossInML"] == sweat


def test_the_evenings_ticks_say_what_was_taken(life) -> None:
    ticked = 0
    for day in range(life.clock.days):
        log = lifestyle.lifestyle_log(life, day, AFTER)
        alcohol, morning, late, *_ = log["dailyLogsReport"]
        if "logStatus" not in alcohol:
            assert not any("amount" in kind for kind in alcohol["details"])
            continue
        ticked += 1
        drinks = sum(kind.get("amount", 0) for kind in alcohol["details"])
        assert drinks == len(life.alcohol(day))
        assert (alcohol["logStatus"] == "YES") == bool(drinks)
        cups = [kind.get("amount", 0) for behaviour in (morning, late) for kind in behaviour["details"]]
        assert sum(cups) == len(life.coffee(day))
        assert log["completionStats"][-1]["completedTracking"] == 5
    assert 80 < ticked < 112


def test_blood_pressure_is_listed_newest_first_and_its_summary_covers_its_readings(life) -> None:
    first = life.clock.first_day
    payload = pressure.blood_pressure(
        life, first - dt.timedelta(days=9), LAST_DAY + dt.timedelta(days=9), AFTER
    )
    days = [summary["startDate"] for summary in payload["measurementSummaries"]]
    assert days == sorted(days, reverse=True)
    assert 20 < len(days) < 50
    readings = [reading for summary in payload["measurementSummaries"] for reading in summary["measurements"]]
    assert len({reading["version"] for reading in readings}) == len(readings)
    assert all(reading["systolic"] > reading["diastolic"] > 45 for reading in readings)
    for summary in payload["measurementSummaries"]:
        systolic = [reading["systolic"] for reading in summary["measurements"]]
        assert (summary["highSystolic"], summary["lowSystolic"]) == (max(systolic), min(systolic))
        assert summary["numOfMeasurements"] == len(systolic)
        assert {reading["measurementTimestampLocal"][:10] for reading in summary["measurements"]} == {
            summary["startDate"]
        }


@pytest.mark.parametrize(
    ("systolic", "diastolic", "category"),
    [
        (119, 79, "NORMAL"),
        (120, 79, "HIGH_NORMAL"),
        (119, 80, "STAGE_1_HIGH"),
        (139, 89, "STAGE_1_HIGH"),
        (140, 70, "STAGE_2_HIGH"),
        (110, 90, "STAGE_2_HIGH"),
    ],
)
def test_a_reading_is_in_the_category_of_its_worse_half(systolic, diastolic, category) -> None:
    assert pressure._category(systolic, diastolic)[0] == category


def test_the_threshold_power_of_the_rides_is_that_of_their_records(life) -> None:
    from santorio.simulator.payloads.fit import records

    day, workout = of_sport(life, "cycling")
    recorded = records(life, day, workout, activity(life, day, workout), 0)
    pulse, power = ([record[key] for record in recorded] for key in ("heart_rate", "power"))
    mean_pulse, mean_power = sum(pulse) / len(pulse), sum(power) / len(power)
    expected = mean_power + thresholds.WATTS_A_BEAT * (
        thresholds.threshold_heart_rate(life, day) - mean_pulse
    )
    assert thresholds.threshold_power(life, day, "cycling") == pytest.approx(expected, abs=6)


def test_a_threshold_is_known_only_after_a_session_of_its_sport_and_grows_stale(life) -> None:
    day, workout = next(
        (day, workout) for day in range(120) for workout in life.workouts(day) if workout.sport == "cycling"
    )
    end = life.clock.instant(day, workout.minute) + 60 * workout.minutes
    assert thresholds.cycling_ftp(life, end - 1) is None
    ftp = thresholds.cycling_ftp(life, end)
    assert ftp is not None
    assert (ftp["version"], ftp["isStale"]) == (end * 1000, False)
    assert thresholds.cycling_ftp(life, AFTER)["isStale"] is True


def test_speed_and_pulse_of_the_lactate_threshold_come_apart_and_the_key_is_misspelt(life) -> None:
    speed, pulse = thresholds.lactate_threshold(life, AFTER)
    assert 0.25 < speed["speed"] < 0.4
    assert (speed["hearRate"], pulse["speed"]) == (None, None)
    assert 155 < pulse["hearRate"] < 180


def test_the_floors_of_the_power_zones_rise(life) -> None:
    for zones in thresholds.power_zones(life, AFTER):
        floors = [zones[f"zone{number}Floor"] for number in range(1, 8)]
        assert floors == sorted(floors)
        assert floors[3] < zones["functionalThresholdPower"] < floors[4]


def test_the_days_of_a_cycle_and_of_its_phases_count_on_without_a_gap() -> None:
    women = [
        life
        for seed in range(12)
        if account_payloads.is_woman(life := simulate(days=100, seed=seed, last_day=LAST_DAY).life)
    ]
    assert 2 <= len(women) <= 10
    for life in women:
        days = [cycle.menstrual_day(life, day)["daySummary"] for day in range(100)]
        for current, following in itertools.pairwise(days):
            if current["daysUntilNextPhase"] > 1:
                assert following["currentPhase"] == current["currentPhase"]
                assert following["daysUntilNextPhase"] == current["daysUntilNextPhase"] - 1
            else:
                assert following["currentPhase"] == current["currentPhase"] % 4 + 1
            if following["dayInCycle"] == 1:
                assert 26 <= current["dayInCycle"] <= 30
            else:
                assert following["dayInCycle"] == current["dayInCycle"] + 1


def test_a_man_has_no_cycle(life) -> None:
    assert not account_payloads.is_woman(life)
    assert account_payloads.user_settings(life, 10)["userData"]["gender"] == "MALE"
    assert cycle.menstrual_day(life, 10) is None


def test_the_weight_in_the_settings_is_the_last_one_of_the_scale(life) -> None:
    from santorio.simulator.payloads.ranges import weigh_ins, weighed

    day = next(day for day in range(40, 120) if weighed(life, day))
    expected = weigh_ins(life, day)["dateWeightList"][0]["weight"]
    assert account_payloads.user_settings(life, day)["userData"]["weight"] == pytest.approx(expected)


def test_a_night_charges_the_battery_and_a_session_drains_it(life) -> None:
    day, workout = of_sport(life, "running")
    impacts_of_day = impacts.battery_impacts(life, day, AFTER)
    kinds = [event["event"]["eventType"] for event in impacts_of_day]
    assert kinds[-1] == "ACTIVITY"
    assert impacts_of_day[-1]["activityId"] == activity(life, day, workout)["activityId"]
    assert impacts_of_day[-1]["event"]["bodyBatteryImpact"] < 0
    night = next(event for event in impacts_of_day if event["event"]["eventType"] == "SLEEP")
    charged = life.body.body_battery_high[day] - life.body.body_battery_low[day - 1]
    assert night["event"]["bodyBatteryImpact"] == charged


@pytest.mark.parametrize("sport", ["running", "cycling", "strength_training"])
def test_the_samples_of_a_session_are_the_records_of_its_file(life, sport) -> None:
    from garmin_fit_sdk import Decoder, Stream

    day, workout = of_sport(life, sport)
    payload = sessions.samples(life, day, workout)
    messages, errors = Decoder(Stream.from_byte_array(bytearray(activity_fit(life, day, workout)))).read()
    assert errors == []
    of_file = messages["record_mesgs"]
    columns = [column["key"] for column in payload["metricDescriptors"]]
    step = -(-len(of_file) // 2000)
    assert payload["metricsCount"] == len(of_file[::step]) <= 2000
    for row, record in zip(payload["activityDetailMetrics"], of_file[::step], strict=True):
        values = dict(zip(columns, row["metrics"], strict=True))
        assert values["directTimestamp"] == record["timestamp"].timestamp() * 1000
        assert values["directHeartRate"] == record["heart_rate"]
        assert values.get("sumDistance") == pytest.approx(record.get("distance"))
        assert values.get("directPower") == record.get("power")


def test_the_laps_of_a_session_are_those_of_its_file_and_add_up_to_it(life) -> None:
    from garmin_fit_sdk import Decoder, Stream

    day, workout = of_sport(life, "running")
    laps = sessions.splits(life, day, workout)["lapDTOs"]
    messages, _ = Decoder(Stream.from_byte_array(bytearray(activity_fit(life, day, workout)))).read()
    assert [lap["distance"] for lap in laps] == [lap["total_distance"] for lap in messages["lap_mesgs"]]
    summary = activity(life, day, workout)
    assert sum(lap["duration"] for lap in laps) == pytest.approx(summary["duration"], abs=0.1)
    assert max(lap["maxHR"] for lap in laps) == summary["maxHR"]


def test_a_sessions_zones_add_up_to_its_time(life) -> None:
    day, workout = of_sport(life, "running")
    zones = sessions.heart_rate_in_zones(life, day, workout)
    assert sum(zone["secsInZone"] for zone in zones) == int(activity(life, day, workout)["duration"])


def test_only_strength_training_has_sets_and_they_end_within_it(life) -> None:
    day, run = of_sport(life, "running")
    assert sessions.exercise_sets(life, day, run)["exerciseSets"] is None
    day, lifting = of_sport(life, "strength_training")
    sets = sessions.exercise_sets(life, day, lifting)["exerciseSets"]
    assert [exercise_set["setType"] for exercise_set in sets[:2]] == ["ACTIVE", "REST"]
    assert sum(exercise_set["duration"] for exercise_set in sets) <= activity(life, day, lifting)["duration"]
    assert all(exercise_set["weight"] is None for exercise_set in sets[1::2])


def test_it_is_colder_in_january_than_in_july() -> None:
    year = simulate(days=365, seed=3, last_day=dt.date(2025, 12, 31)).life
    degrees: dict[int, list[int]] = {1: [], 7: []}
    for day in range(365):
        for workout in year.workouts(day):
            month = year.clock.date(day).month
            if month in degrees:
                degrees[month].append(sessions.weather(year, day, workout)["temp"])
    cold, warm = (sum(month) / len(month) for month in degrees.values())
    assert warm - cold > 25


def test_the_same_life_is_told_the_same_way_twice(life) -> None:
    again = simulate(days=120, seed=5, last_day=LAST_DAY).life
    for day in (30, 31):
        assert intake.food_log(life, day, AFTER) == intake.food_log(again, day, AFTER)
        assert lifestyle.lifestyle_log(life, day, AFTER) == lifestyle.lifestyle_log(again, day, AFTER)
        assert thresholds.fitness_age(life, day) == thresholds.fitness_age(again, day)
