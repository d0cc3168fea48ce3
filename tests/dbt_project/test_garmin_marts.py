"""What Garmin tells beyond days, nights and activities reaches a mart of its own, once, in the units that it names."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest

from santorio.ingest.formats.garmin.parser import RequestContext, parse, parse_answer
from santorio.ingest.garmin.endpoints import BY_KIND
from santorio.people import Person, ensure_person
from santorio.simulator import simulate
from santorio.simulator.payloads import sessions
from santorio.simulator.payloads.activities import activity
from santorio.simulator.person import SimulatedPerson
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events

MORNING = 1_772_434_800_000  # 2026-03-02 07:00 UTC


@pytest.fixture(scope="module")
def life() -> SimulatedPerson:
    """Somebody who lifts, runs and rides."""
    return simulate(days=40, seed=6, last_day=dt.date(2026, 3, 9)).life


@pytest.fixture(scope="module")
def told(
    warehouse: Database, build: Any, pending: list[Event], log_of: Any, reader_of: Any, life: SimulatedPerson
) -> dict[str, Any]:
    """Several people in one build, each with one scenario: readers of their rows, by the scenario's name."""
    scenarios: dict[str, Callable[[Any], None]] = {
        tell.__name__: tell for tell in (trained, weighed, drank, napped, developed, lifted, walked)
    }
    scenarios["simulated"] = lambda log: fetched(life, log)
    people: dict[str, Person] = {}
    with warehouse.connect() as connection:
        for name in (*scenarios, "changed", "moved"):
            people[name] = ensure_person(connection, f"who {name}", "Europe/Berlin")
        change_zones(connection, people["changed"])
    import_an_old_export(warehouse, people["moved"])
    for name, tell in scenarios.items():
        tell(log_of(people[name], pending))
    build()
    return {name: reader_of(person) for name, person in people.items()}


def lifting(life: SimulatedPerson) -> tuple[int, Any]:
    return next((d, w) for d in range(40) for w in life.workouts(d) if w.sport == "strength_training")


def fetched(life: SimulatedPerson, log: Any) -> None:
    """One strength session with all that belongs to it."""
    day, workout = lifting(life)
    listed = activity(life, day, workout)
    log.answer("activity", [listed], None)
    for kind, tell in (
        ("activity_weather", sessions.weather),
        ("activity_exercise_sets", sessions.exercise_sets),
        ("activity_splits", sessions.splits),
        ("activity_samples", sessions.samples),
    ):
        log.answer(kind, tell(life, day, workout), life.clock.date(day), listed["activityId"])


def test_weather_sets_laps_and_samples_stand_under_the_activity_that_they_were_asked_for(
    told: Any, life: SimulatedPerson
) -> None:
    day, workout = lifting(life)
    (merged,) = told["simulated"]("marts.activities")
    (weather,) = told["simulated"]("marts.activity_weathers")
    report = sessions.weather(life, day, workout)
    assert weather["activity_id"] == merged["activity_id"] == str(activity(life, day, workout)["activityId"])
    assert weather["temperature_c"] == pytest.approx((report["temp"] - 32) * 5 / 9)
    assert weather["wind_mps"] == pytest.approx(report["windSpeed"] * 1609.344 / 3600)
    assert (weather["humidity_pct"], weather["wind_gust_mps"]) == (report["relativeHumidity"], None)
    assert weather["issued_at"] == dt.datetime.fromisoformat(report["issueDate"])

    efforts = sessions.exercise_sets(life, day, workout)["exerciseSets"]
    sets = told["simulated"]("marts.activity_sets", order="set_number")
    assert [(one["is_rest"], one["repetitions"], one["exercise"]) for one in sets] == [
        (
            one["setType"] == "REST",
            one["repetitionCount"],
            one["exercises"][0]["name"] if one["exercises"] else None,
        )
        for one in efforts
    ]
    assert sum(one["weight_kg"] or 0 for one in sets) == sum((one["weight"] or 0) / 1000 for one in efforts)

    laps = told["simulated"]("marts.activity_laps", order="lap_number")
    listed = sessions.splits(life, day, workout)["lapDTOs"]
    assert [
        (one["lap_number"], one["reported_by"], one["duration_s"], one["max_hr_bpm"]) for one in laps
    ] == [(number, "account", one["duration"], one["maxHR"]) for number, one in enumerate(listed, start=1)]

    drawn = sessions.samples(life, day, workout)["activityDetailMetrics"]
    columns = "extract(epoch from measured_at) as at, heart_rate_bpm, power_w"
    samples = told["simulated"]("intermediate.int_activity_samples__from_account", columns, "sample_number")
    assert [(float(one["at"]) * 1000, one["heart_rate_bpm"], one["power_w"]) for one in samples] == [
        (at, beats, None) for at, beats, _ in (one["metrics"] for one in drawn)
    ]


def trained(log: Any) -> None:
    """A ride of two recordings, the file of the second with laps; readiness twice; the export beside the account."""
    start = {"startTimeGMT": "2026-03-02 08:00:00", "startTimeLocal": "2026-03-02 09:00:00"}
    ride = {"activityId": 1, **start, "activityType": {"typeKey": "cycling"}, "duration": 3600}
    log.garmin("activity", "2026-03-02", ride, key="1")
    session = {"start_time": "2026-03-02T08:00:10Z", "sport": "cycling", "total_timer_time_s": 3580}
    lap = {"start_time": "2026-03-02T08:00:10Z", "total_timer_time_s": 1790, "avg_heart_rate_bpm": 141}
    laps = [lap, {**lap, "start_time": "2026-03-02T08:30:00Z"}]
    log.fit("edge/1", {"sessions": [session], "laps": laps}, {"recording_id": "of its records"})
    drawn = {"metricDescriptors": [{"metricsIndex": 0, "key": "directHeartRate"}],
             "activityDetailMetrics": [{"metrics": [120.0]}]}  # fmt: skip
    log.garmin("activity_samples", "2026-03-02", {"activityId": 1, **drawn}, key="1")
    for context, at, score in (
        ("AFTER_POST_EXERCISE_RESET", "10:01", 40),
        ("AFTER_WAKEUP_RESET", "06:10", 81),
    ):
        readiness = {"calendarDate": "2026-03-02", "timestamp": f"2026-03-02T{at}:00.0", "score": score,
                     "inputContext": context, "level": "HIGH", "feedbackLong": "x"}  # fmt: skip
        log.garmin("training_readiness", "2026-03-02", readiness, key=at)
    log.garmin("endurance_score", "2026-03-02", {"calendarDate": "2026-03-02", "overallScore": 5000})
    for hours, score in ((5, 4100), (9, 4200)):
        computed = {"calendarDate": 1_772_409_600_000, "timestamp": MORNING + hours, "overallScore": score}
        log.garmin("endurance_score_export", "2026-03-02", computed, key=f"2/{hours}")
        computed = {**computed, "calendarDate": 1_772_496_000_000}
        log.garmin("endurance_score_export", "2026-03-03", computed, key=f"3/{hours}")
    vo2max = {
        "sport": "RUNNING",
        "vo2MaxValue": 51.0,
        "maxMet": 14.6,
        "updateTimestamp": "2026-03-03T09:00:00.0",
    }
    log.garmin("max_metrics_export", "2026-03-03", {"calendarDate": "2026-03-03", **vo2max}, key="r")
    cycling = {**vo2max, "sport": "CYCLING", "vo2MaxValue": 55.0}
    log.garmin("max_metrics_export", "2026-03-03", {"calendarDate": "2026-03-03", **cycling}, key="c")
    balance = {"monthlyLoadAerobicLow": 573.5, "monthlyLoadAerobicLowTargetMin": 197,
               "trainingBalanceFeedbackPhrase": "AEROBIC_LOW_SHORTAGE"}  # fmt: skip
    devices = {"1": (False, 300), "2": (True, 400)}
    about = {"calendarDate": "2026-03-02", "trainingStatusFeedbackPhrase": "PRODUCTIVE_6"}
    statuses = {
        device: {**about, "primaryTrainingDevice": is_primary,
                 "acuteTrainingLoadDTO": {"dailyTrainingLoadAcute": load}}
        for device, (is_primary, load) in devices.items()
    }  # fmt: skip
    status = {"mostRecentTrainingStatus": {"latestTrainingStatusData": statuses},
              "mostRecentTrainingLoadBalance": {"metricsTrainingLoadBalanceDTOMap": {"2": balance}}}  # fmt: skip
    log.garmin("training_status", "2026-03-02", status)


def test_a_day_of_fitness_takes_the_account_before_its_export_and_readiness_after_waking(
    told: Any,
) -> None:
    first, second = told["trained"]("marts.fitness_days", order="day")
    assert (first["readiness_score"], first["readiness_level"], first["endurance_score"]) == (
        81,
        "HIGH",
        5000,
    )
    # The watch that the person trains with, not the other.
    assert (first["acute_load"], first["load_aerobic_low"], first["load_aerobic_low_target_low"]) == (
        400,
        573.5,
        197,
    )
    assert (first["training_feedback"], first["balance_feedback"]) == ("PRODUCTIVE_6", "AEROBIC_LOW_SHORTAGE")
    # What the export computed last that day.
    assert (second["day"], second["endurance_score"]) == (dt.date(2026, 3, 3), 4200)
    assert (second["vo2max_running"], second["vo2max_cycling"]) == (51, 55)


def test_laps_come_from_the_file_where_the_account_tells_none_and_its_records_before_drawn_samples(
    told: Any,
) -> None:
    laps = told["trained"]("marts.activity_laps", order="lap_number")
    assert [(one["activity_id"], one["lap_number"], one["reported_by"], one["avg_hr_bpm"]) for one in laps] == [
        ("1", 1, "file", 141), ("1", 2, "file", 141),
    ]  # fmt: skip
    # Its file has the records: what the account draws of them is left out.
    assert [one["heart_rate_bpm"] for one in told["trained"]("staging.stg_garmin__activity_samples")] == [120]
    assert told["trained"]("intermediate.int_activity_samples__from_account") == []


def weighed(log: Any) -> None:
    """The same weighing from account, export and the scale's file; a stranger on the scale; one more by hand."""
    body = {
        "weight": 59720.0,
        "bmi": 22.8,
        "bodyFat": 19.3,
        "bodyWater": 58.9,
        "boneMass": 3539,
        "muscleMass": 26979,
    }
    told = {"samplePk": 1, "calendarDate": "2026-03-02", "timestampGMT": MORNING, "date": MORNING + 3_600_000}
    log.garmin("weigh_in", "2026-03-02", {**told, **body}, key="1")
    exported = {"metaData": {"calendarDate": "2026-03-02T08:00:00.0", "sequence": 9}, "version": 9}
    log.garmin(
        "biometrics",
        "2026-03-02",
        {**exported, "weight": {**body, "timestampGMT": "2026-03-02T07:00:00.0"}},
        key="9",
    )
    log.garmin("biometrics", "2026-03-02", {**exported, "height": 170.0}, key="10")
    event = log.fit("scale/1", {})
    log.pending.remove(event)
    moment = dt.datetime.fromtimestamp(MORNING / 1000, dt.UTC)
    for key, seconds, users, kilograms in (
        ("own", 20, 1, 59.7),
        ("stranger", 30, 2, 90.0),
        ("wife", 40, 1, 52.0),
    ):
        at, data = moment + dt.timedelta(seconds=seconds), {"weight_kg": kilograms, "scale_users": users}
        log.pending.append(Event(log.person.user_id, at, None, "fit.weight", "fit", key, data, {}))
    log.entry("weight", "2026-03-02T21:00+01:00", weight_kg=60.28)


def test_a_weighing_that_account_export_and_scale_tell_counts_once(told: Any) -> None:
    weighings = told["weighed"]("marts.weigh_ins", order="weighed_at")
    assert [(one["reported_by"], one["weight_kg"]) for one in weighings] == [
        ("account", 59.72),
        ("FIT file", 52),
        ("log", 60.28),
    ]
    first = weighings[0]
    assert (first["bmi_kg_m2"], first["body_fat_pct"], first["body_water_pct"]) == (22.8, 19.3, 58.9)
    assert (first["muscle_mass_kg"], first["bone_mass_kg"], first["day"]) == (
        26.979,
        3.539,
        dt.date(2026, 3, 2),
    )
    (day,) = told["weighed"]("marts.days", "weight_kg")
    assert day["weight_kg"] == pytest.approx((59.72 + 52 + 60.28) / 3)


def drank(log: Any) -> None:
    """Fluids summed by the account and listed by the export; a list alone; nothing; blood pressure from both."""
    log.garmin(
        "hydration", "2026-03-02", {"calendarDate": "2026-03-02", "valueInML": 1500.0, "goalInML": 2800.0}
    )
    log.garmin(
        "hydration", "2026-03-04", {"calendarDate": "2026-03-04", "valueInML": None, "goalInML": 2800.0}
    )
    for day in ("2026-03-02", "2026-03-03"):
        for number, amount in enumerate((250.0, 1500.0, -250.0)):
            drink = {"calendarDate": day, "timestampLocal": f"{day}T08:0{number}:00.0", "valueInML": amount}
            log.garmin("hydration_log", day, drink, key=f"{day}/{number}")
    unsaid = {"calendarDate": "2026-03-05", "timestampLocal": "2026-03-05T08:00:00.0", "valueInML": None}
    log.garmin("hydration_log", "2026-03-05", unsaid, key="2026-03-05/0")
    figures = {"systolic": 121, "diastolic": 79, "pulse": 60}
    moments = {
        "measurementTimestampGMT": "2026-03-02T07:00:00.0",
        "measurementTimestampLocal": "2026-03-02T08:00:00.0",
    }
    log.garmin("blood_pressure", "2026-03-02", {**moments, **figures, "version": 5}, key="5")
    exported = {
        "metaData": {"calendarDate": [2026, 3, 2, 8, 0, 0, 0], "sequence": 5},
        "bloodPressure": figures,
    }
    log.garmin("blood_pressure_export", "2026-03-02", exported, key="x5")


def test_drinks_listed_by_the_export_are_not_added_to_the_sum_of_the_account(told: Any) -> None:
    days = told["drank"]("marts.nutrition_days", "day::text, fluids_ml, fluids_goal_ml")
    assert days == [
        {"day": "2026-03-02", "fluids_ml": 1500, "fluids_goal_ml": 2800},
        {"day": "2026-03-03", "fluids_ml": 1500, "fluids_goal_ml": None},
    ]


def test_a_blood_pressure_that_account_and_export_tell_is_one(told: Any) -> None:
    (pressure,) = told["drank"]("marts.blood_pressures")
    assert (pressure["systolic_mmhg"], pressure["diastolic_mmhg"], pressure["pulse_bpm"]) == (121, 79, 60)
    assert pressure["measured_at"] == dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC)


def napped(log: Any) -> None:
    """One nap told by two accounts, another by one; a night beside them."""
    first = {"napTimeSec": 1500, "napStartTimestampGMT": "2026-03-02T12:10:00",
             "napEndTimestampGMT": "2026-03-02T12:38:00", "calendarDate": "2026-03-02"}  # fmt: skip
    second = {
        **first,
        "napStartTimestampGMT": "2026-03-02T16:00:00",
        "napEndTimestampGMT": "2026-03-02T16:20:00",
    }
    night = {"calendarDate": "2026-03-02", "sleepTimeSeconds": 25200, "dailyNapDTOS": [first, second]}
    log.garmin("sleep", "2026-03-02", {"dailySleepDTO": night})
    other = {"dailySleepDTO": {**night, "dailyNapDTOS": [first]}}
    log.garmin("sleep", "2026-03-02", other, account="8")
    log.garmin("respiration", "2026-03-02", {"calendarDate": "2026-03-02", "avgWakingRespirationValue": 14.0})


def test_naps_are_told_once_beside_the_night(told: Any) -> None:
    naps = told["napped"]("marts.naps", order="nap_start_at")
    assert [(one["nap_start_at"].hour, one["nap_minutes"]) for one in naps] == [(12, 25), (16, 25)]
    (day,) = told["napped"]("marts.wellness_days")
    assert (day["naps"], day["nap_minutes"], day["waking_respiration_brpm"]) == (2, 50, 14)
    (night,) = told["napped"]("marts.nights", "sleep_minutes")
    assert night["sleep_minutes"] == 420


def developed(log: Any) -> None:
    """Thresholds as the account has them now."""
    told = {
        "calendarDate": "2026-02-20T18:00:00.0",
        "speed": 0.41999988,
        "heartRate": 171,
        "heartRateCycling": None,
    }
    power = {"calendarDate": "2026-02-18T17:00:00.0", "functionalThresholdPower": 372}
    log.garmin("lactate_threshold", "2026-03-02", {"speed_and_heart_rate": told, "power": power}, key="now")
    ftp = {"calendarDate": "2026-02-21T18:00:00.0", "sport": "CYCLING", "functionalThresholdPower": 263}
    log.garmin("cycling_ftp", "2026-03-02", ftp, key="CYCLING")
    age = {
        "chronologicalAge": 41,
        "fitnessAge": 35.5,
        "achievableFitnessAge": 33.0,
        "lastUpdated": "2026-02-21T00:00:00.0",
    }
    log.garmin("fitness_age", "2026-03-02", age, key="now")


def test_thresholds_stand_on_the_day_on_which_they_were_measured(told: Any) -> None:
    power, first, second = told["developed"]("marts.fitness_days", order="day")
    assert (power["day"], power["running_threshold_power_w"]) == (dt.date(2026, 2, 18), 372)
    assert power["running_threshold_hr_bpm"] is None
    assert (first["day"], first["running_threshold_hr_bpm"]) == (dt.date(2026, 2, 20), 171)
    assert first["running_threshold_speed_mps"] == pytest.approx(4.1999988)
    assert first["running_threshold_power_w"] is None
    assert (second["day"], second["cycling_ftp_w"], second["fitness_age_years"]) == (
        dt.date(2026, 2, 21),
        263,
        35.5,
    )


def lifted(log: Any) -> None:
    """Two recordings of one session in the gym: the longer counts, the shorter alone lists sets, laps and samples."""
    for number, minute, seconds, sport in ((1, 0, 5400, "indoor_cardio"), (2, 10, 3000, "strength_training")):
        start = {
            "startTimeGMT": f"2026-03-02 08:{minute:02}:00",
            "startTimeLocal": f"2026-03-02 09:{minute:02}:00",
        }
        listed = {"activityId": number, **start, "activityType": {"typeKey": sport}, "duration": seconds,
                  "elapsedDuration": seconds, "averageHR": 120}  # fmt: skip
        log.garmin("activity", "2026-03-02", listed, key=str(number))
    effort = {"setType": "ACTIVE", "repetitionCount": 8, "weight": 50000, "duration": 30}
    log.garmin("activity_exercise_sets", "2026-03-02", {"activityId": 2, "exerciseSets": [effort]}, key="2")
    drawn = {"metricDescriptors": [{"metricsIndex": 0, "key": "directHeartRate"}],
             "activityDetailMetrics": [{"metrics": [120.0]}]}  # fmt: skip
    log.garmin("activity_samples", "2026-03-02", {"activityId": 2, **drawn}, key="2")
    lap = {"lapIndex": 1, "duration": 3000.0, "distance": 0.0, "startTimeGMT": "2026-03-02T08:10:00.0"}
    log.garmin("activity_splits", "2026-03-02", {"activityId": 2, "lapDTOs": [lap]}, key="2")


def test_the_sets_of_a_recording_within_a_longer_one_are_those_of_the_longer(told: Any) -> None:
    (merged,) = told["lifted"]("marts.activities")
    assert (merged["activity_id"], merged["duration_s"]) == ("1", 5400)
    (effort,) = told["lifted"]("marts.activity_sets")
    assert (effort["activity_id"], effort["repetitions"], effort["weight_kg"]) == ("1", 8, 50)
    # Laps and samples of a part are not those of the whole.
    assert told["lifted"]("staging.stg_garmin__activity_laps") != []
    assert told["lifted"]("marts.activity_laps") == []
    assert told["lifted"]("intermediate.int_activity_samples__from_account") == []


def walked(log: Any) -> None:
    """A day that the watch's own file tells, and of which the account says 0; another that nothing could count."""
    noon = int(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC).timestamp())
    beats, walking = [[noon, 61], [noon + 60, 70]], {"at": noon, "activity_type": "walking", "steps": 7000}
    beyond = [
        {"at": noon + 86_400, "activity_type": kind, "steps": 1.7e308} for kind in ("walking", "running")
    ]
    for key, samples in (
        ("1", {"heart_rate_bpm": beats, "movement": [walking]}),
        ("2", {"heart_rate_bpm": [[noon + 86_400, 62]], "movement": beyond}),
    ):
        start = dt.datetime(2026, 3, int(key), 10, tzinfo=dt.UTC)
        about = (start, None, "fit.monitoring", "fit", f"watch/{key}")
        log.pending.append(Event(log.person.user_id, *about, {"samples": samples}, {}))
    nothing = {"calendarDate": "2026-03-01", "totalSteps": 0}
    log.garmin("daily_summary", "2026-03-01", nothing)
    log.garmin("steps", "2026-03-01", {**nothing, "totalDistance": 0, "stepGoal": 8000})


def test_steps_that_the_watch_counted_stand_beside_a_zero_of_the_account(told: Any) -> None:
    assert told["walked"]("marts.days", "day::text, steps", "day") == [
        {"day": "2026-03-01", "steps": 7000},
        {"day": "2026-03-02", "steps": None},
    ]


def import_an_old_export(database: Database, person: Person) -> None:
    """The zones that the account has now; then last year's, out of an export, with some of which it was never asked."""
    kept = {"trainingMethod": "HR_MAX", "maxHeartRateUsed": 190}

    def zones(sport: str, floor: int) -> dict[str, object]:
        return {"sport": sport, **kept, **{f"zone{one}Floor": floor + 10 * one for one in range(1, 6)}}

    now = dt.datetime.now(dt.UTC)
    asked = parse_answer(
        BY_KIND["heart_rate_zones"],
        [zones("DEFAULT", 100)],
        RequestContext(day=None, item="now"),
        person,
        now,
    )
    imported = parse([zones("DEFAULT", 85), zones("CYCLING", 80)], person, now)
    assert imported is not None
    with database.connect() as connection:
        write_events(connection, asked.events)
    with database.connect() as connection:
        assert write_events(connection, imported.events).versions == 1


def test_zones_of_an_imported_export_do_not_replace_those_that_the_account_told(told: Any) -> None:
    assert told["moved"]("marts.training_zones", "sport, last_day, zone_1_floor", "sport") == [
        {"sport": "CYCLING", "last_day": None, "zone_1_floor": 90},
        {"sport": "DEFAULT", "last_day": None, "zone_1_floor": 110},
    ]


def change_zones(connection: psycopg.Connection, person: Person) -> None:
    """The same zones seen on four days, others in between; those of cycling deleted."""
    kept: Mapping[str, object] = {"sport": "DEFAULT", "trainingMethod": "HR_RESERVE", "maxHeartRateUsed": 185}
    versions = (
        ("00000000-0000-0000-0000-0000000000a1", "DEFAULT", 130, "2026-03-01"),
        ("00000000-0000-0000-0000-0000000000a1", "DEFAULT", 130, "2026-03-05"),
        ("00000000-0000-0000-0000-0000000000a1", "DEFAULT", 133, "2026-03-09"),
        ("00000000-0000-0000-0000-0000000000a2", "CYCLING", 120, "2026-03-01"),
    )
    insert = (
        "insert into raw.events (event_id, content_hash, user_id, time, event_type, source, data, ingested_at) "
        "values (%s, gen_random_uuid()::text::bytea, %s, '2000-01-01', %s, %s, %s::jsonb, %s::timestamptz)"
    )
    for event_id, sport, floor, seen in versions:
        zones = json.dumps({**kept, "sport": sport, "zone1Floor": floor, "zone5Floor": floor + 40})
        about = ("garmin.heart_rate_zones", "garmin", zones, f"{seen} 20:00+00")
        connection.execute(insert, [event_id, person.user_id, *about])
    gone = json.dumps({"event_id": "00000000-0000-0000-0000-0000000000a2"})
    about = ("deleted", "log", gone, "2026-03-10 20:00+00")
    connection.execute(insert, ["00000000-0000-0000-0000-0000000000a3", person.user_id, *about])


def test_zones_have_a_history_of_their_changes(told: Any) -> None:
    columns = "sport, first_day::text, last_day::text, zone_1_floor, zone_5_floor, max_hr_bpm"
    assert told["changed"]("marts.training_zones", columns, "first_day") == [
        {"sport": "DEFAULT", "first_day": "2026-03-01", "last_day": "2026-03-08", "zone_1_floor": 130,
         "zone_5_floor": 170, "max_hr_bpm": 185},
        {"sport": "DEFAULT", "first_day": "2026-03-09", "last_day": None, "zone_1_floor": 133, "zone_5_floor": 173,
         "max_hr_bpm": 185},
    ]  # fmt: skip
