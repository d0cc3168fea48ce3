"""What is in the log comes out of the marts: once, on the right day, whatever shape it came in."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from santorio.capture.log_entries import KINDS
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event
from santorio.warehouse import ensure_manifest
from santorio.warehouse.manifest import read_models
from support.scenarios import scenario

# Every kind that a staging model reads, with its keys.
SHAPES: dict[str, list[str]] = {
    "daily_summary": [
        "calendarDate",
        "totalSteps",
        "restingHeartRate",
        "averageStressLevel",
        "floorsAscended",
    ],
    "sleep": [
        "dailySleepDTO",
        "calendarDate",
        "sleepTimeSeconds",
        "sleepStartTimestampGMT",
        "sleepScores",
        "dailyNapDTOS",
        "sleepLevels",
    ],
    "sleep_summary": [
        "calendarDate",
        "deepSleepSeconds",
        "lightSleepSeconds",
        "sleepStartTimestampGMT",
        "sleepScores",
        "spo2SleepSummary",
    ],
    "daily_summary_export": ["calendarDate", "totalSteps", "allDayStress", "bodyBattery"],
    "health_status": ["calendarDate", "metrics"],
    "hrv": ["hrvSummary", "calendarDate", "lastNightAvg", "status", "hrvReadings"],
    "hrv_summary": ["calendarDate", "lastNightAvg"],
    "heart_rate": ["calendarDate", "restingHeartRate", "heartRateValues"],
    "stress": ["calendarDate", "avgStressLevel", "stressValuesArray", "bodyBatteryValuesArray"],
    "stress_summary": ["calendarDate", "values"],
    "steps": ["calendarDate", "totalSteps", "totalDistance"],
    "sleep_score": ["calendarDate", "value"],
    "weigh_in": ["samplePk", "date", "timestampGMT", "weight", "calendarDate"],
    "activity": ["activityId", "activityType", "startTimeGMT", "startTimeLocal", "duration", "parent"],
    "activity_export": [
        "activityId",
        "startTimeGmt",
        "startTimeLocal",
        "duration",
        "activityType",
        "parentId",
    ],
    "activity_detail": ["activityId", "summaryDTO", "activityTypeDTO", "metadataDTO"],
    "biometrics": ["metaData", "calendarDate", "weight", "timestampGMT", "bodyFat"],
    "activity_splits": ["activityId", "lapDTOs", "startTimeGMT", "averageHR"],
    "activity_exercise_sets": [
        "activityId",
        "exerciseSets",
        "exercises",
        "probability",
        "weight",
        "startTime",
    ],
    "activity_weather": ["issueDate", "temp", "windSpeed", "weatherTypeDTO"],
    "respiration": ["calendarDate", "respirationValuesArray", "avgWakingRespirationValue"],
    "spo2": ["calendarDate", "spO2HourlyAverages", "averageSpO2"],
    "intensity_minutes": ["calendarDate", "imValuesArray", "moderateMinutes"],
    "body_battery": ["date", "charged", "bodyBatteryActivityEvent"],
    "training_readiness": ["calendarDate", "timestamp", "score", "level"],
    "training_status": [
        "mostRecentTrainingStatus",
        "payload",
        "latestTrainingStatusData",
        "mostRecentTrainingLoadBalance",
    ],
    "acute_training_load": ["calendarDate", "deviceId", "timestamp", "dailyTrainingLoadAcute"],
    "training_history": ["calendarDate", "deviceId", "timestamp", "trainingStatus", "acuteTrainingLoadDTO"],
    "max_metrics": ["generic", "cycling", "calendarDate"],
    "max_metrics_export": ["calendarDate", "sport", "vo2MaxValue", "updateTimestamp"],
    "race_predictions": ["calendarDate", "time5K"],
    "race_predictions_export": ["calendarDate", "raceTime5K", "timestamp"],
    "endurance_score": ["calendarDate", "overallScore"],
    "endurance_score_export": ["calendarDate", "overallScore", "timestamp"],
    "hill_score": ["calendarDate", "strengthScore"],
    "hill_score_export": ["calendarDate", "strengthScore", "timestamp"],
    "hydration": ["calendarDate", "valueInML"],
    "hydration_log": ["calendarDate", "valueInML", "timestampLocal"],
    "nutrition": [
        "mealDate",
        "mealDetails",
        "dailyNutritionContent",
        "loggedFoods",
        "calories",
        "mealNutritionContent",
    ],
    "lifestyle": ["dailyLogsReport", "calendarDate", "name", "logStatus", "details", "amount"],
    "menstrual_day": ["daySummary", "dayLog", "dayInCycle", "currentPhase", "flow", "symptoms"],
    "blood_pressure": ["measurementTimestampGMT", "systolic"],
    "blood_pressure_export": ["metaData", "calendarDate", "bloodPressure", "systolic"],
    "fitness_age": ["fitnessAge", "lastUpdated"],
    "fitness_age_export": ["currentBioAge", "asOfDateGmt"],
    "heart_rate_zones": ["trainingMethod", "zone1Floor", "sport"],
    "power_zones": ["functionalThresholdPower", "zone1Floor", "sport"],
    "cycling_ftp": ["functionalThresholdPower", "sport", "calendarDate"],
    "lactate_threshold": ["speed_and_heart_rate", "power", "speed", "heartRate", "calendarDate"],
}
# What views alone read: a build does not run them, so the test does.
VIEWED: dict[str, list[str]] = {
    "floors": ["floorValuesArray", "startTimestampLocal", "startTimestampGMT"],
    "body_battery_events": ["event", "eventStartTimeGmt", "timezoneOffset", "duration"],
    "steps_intervals": ["calendarDate", "stepsIntervals", "startTimestampGMT", "startTimestampLocal"],
    "heart_rate_summary": ["calendarDate", "values"],
    "personal_record": ["typeId", "prStartTimeGmt", "value"],
    "personal_record_export": ["personalRecordType", "prStartTimeGMT", "value"],
    "device": ["deviceId", "productDisplayName", "lastUsed"],
    "user_settings": ["userData", "weight"],
    "activity_samples": [
        "activityId",
        "activityDetailMetrics",
        "metricDescriptors",
        "metricsIndex",
        "key",
        "metrics",
    ],
    "fitness_stats": ["activityId", "startLocal", "aerobicTrainingEffect"],
    "gear": ["gearDTOS", "gearPk", "gearActivityDTOs", "dateBegin"],
    "steps_weekly": ["calendarDate", "values", "totalSteps"],
    "stress_weekly": ["calendarDate", "value"],
    "intensity_weekly": ["calendarDate", "moderateValue", "weeklyGoal"],
    "intensity_summary": ["calendarDate", "moderateValue", "weeklyGoal"],
}
LOGS = list(KINDS)
LOG_KEYS = [
    "weight_kg",
    "rating",
    "scale",
    "name",
    "amount",
    "unit",
    "amount_mg",
    "amount_g",
    "value",
    "grain",
    "trial",
    "study_day",
]
TRIAL_KEYS = [
    "trial",
    "question",
    "arms",
    "outcome",
    "secondary",
    "start_day",
    "smallest_effect",
    "assignment",
    "seed",
    "study_day",
    "first_day",
    "last_day",
    "arm",
    "lag_days",
]
ODD: list[object] = [
    None,
    True,
    "x",
    "",
    -1,
    0,
    1e300,
    12345678901234567890,
    [],
    [[]],
    [None, 7],
    {},
    {"a": {"b": []}},
]


@scenario
def test_a_day_of_garmin_is_one_row(log: Any, rows: Any) -> Iterator[None]:
    log.garmin(
        "daily_summary",
        "2026-03-02",
        {
            "calendarDate": "2026-03-02",
            "totalSteps": 11400,
            "totalDistanceMeters": 9726,
            "floorsAscended": 23.7,
            "activeKilocalories": 331.0,
            "restingHeartRate": 49,
            "minHeartRate": 46,
            "maxHeartRate": 130,
            "averageStressLevel": -1,
            "bodyBatteryHighestValue": 100,
            "bodyBatteryLowestValue": 27,
        },
    )
    log.garmin(
        "stress",
        "2026-03-02",
        {
            "calendarDate": "2026-03-02",
            "stressValuesArray": [[1, 10], [2, -1], [3, 30]],
            "bodyBatteryValuesArray": [
                [1, "MEASURED", 90, 2.0],
                [2, None, None, 2.0],
                [3, "MEASURED", 31, 2.0],
            ],
        },
    )
    log.garmin(
        "weigh_in",
        "2026-03-02",
        {
            "samplePk": 1,
            "calendarDate": "2026-03-02",
            "weight": 59719.999999999996,
            "timestampGMT": 1772434800000,
            "date": 1772438400000,
        },
    )
    log.entry("weight", "2026-03-02T21:00+01:00", weight_kg=60.28)
    log.entry("mood", "2026-03-02T21:00+01:00", rating=7)
    yield
    (day,) = rows("marts.days")
    assert {
        key: value for key, value in day.items() if value is not None and key not in {"user_id", "as_of"}
    } == {
        "day": dt.date(2026, 3, 2),
        "utc_offset": dt.timedelta(hours=1),
        "steps": 11400,
        "distance_m": 9726,
        "floors_ascended": 23.7,
        "active_kcal": 331,
        "resting_hr_bpm": 49,
        "min_hr_bpm": 46,
        "max_hr_bpm": 130,
        "stress_avg": 20,
        "body_battery_high": 90,
        "body_battery_low": 31,
        "weight_kg": 60,
        "mood": 7,
        "is_known": True,
        # Nobody settled the ledger: of the night it is only known that the day is there.
        "night_missing_reason": "never fetched",
    }
    samples = {one["metric"]: one["samples"] for one in rows("marts.outcomes", "metric, samples")}
    assert samples == {
        "body_battery_high": 1,
        "mood": 1,
        "resting_hr_bpm": 1,
        "steps": 1,
        "stress_avg": 2,
        "weight_kg": 2,
    }


@scenario
def test_a_night_belongs_to_the_day_of_waking_and_tells_its_own_offset(log: Any, rows: Any) -> Iterator[None]:
    log.garmin(
        "sleep",
        "2025-07-06",
        {
            "dailySleepDTO": {
                "calendarDate": "2025-07-06",
                "sleepTimeSeconds": 24208,
                "deepSleepSeconds": 5340,
                "remSleepSeconds": -1,
                "sleepStartTimestampGMT": 1751780160000,
                "sleepEndTimestampGMT": 1751804548000,
                "sleepStartTimestampLocal": 1751758560000,
                "sleepEndTimestampLocal": 1751782948000,
                "sleepScores": {"overall": {"value": 83}},
                "averageSpO2Value": 92.0,
            }
        },
    )
    log.garmin("hrv_summary", "2025-07-06", {"calendarDate": "2025-07-06", "lastNightAvg": 42})
    log.garmin(
        "sleep", "2030-01-01", {"dailySleepDTO": {"calendarDate": "2030-01-01", "sleepTimeSeconds": None}}
    )
    yield
    (night,) = rows("marts.nights")
    assert night["day"] == dt.date(2025, 7, 6)
    assert night["utc_offset"] == dt.timedelta(hours=-6)
    assert night["sleep_end_at"] == dt.datetime(2025, 7, 6, 12, 22, 28, tzinfo=dt.UTC)
    assert night["sleep_minutes"] == pytest.approx(24208 / 60)
    assert (night["deep_sleep_minutes"], night["rem_sleep_minutes"]) == (89, None)
    assert (night["sleep_score"], night["hrv_rmssd_ms"], night["spo2_pct"]) == (83, 42, 92)


def test_every_kind_that_a_staging_model_reads_has_odd_payloads() -> None:
    models = read_models(ensure_manifest())
    kinds = {event_type for model in models for event_type in model.event_types}
    garmin = {kind.removeprefix("garmin.") for kind in kinds if kind.startswith("garmin.")}
    assert garmin == set(SHAPES | VIEWED)
    assert {kind for kind in kinds if "." not in kind} == set(LOGS)


@scenario
def test_odd_payloads_of_every_kind_stop_nothing(warehouse: Database, log: Any, rows: Any) -> Iterator[None]:
    for number, odd in enumerate(ODD):
        day = f"2026-02-{number + 1:02}"
        for kind, keys in (SHAPES | VIEWED).items():
            log.garmin(kind, day, odd, account="bare")
            log.garmin(kind, day, dict.fromkeys(keys, odd), account="all")
            log.garmin(kind, day, {keys[0]: dict.fromkeys(keys, odd)}, account="nested")
            log.garmin(kind, day, {key: [odd, dict.fromkeys(keys, odd)] for key in keys}, account="listed")
        log.fit(f"bare/{number}", odd)
        started = {"start_time": odd, "total_timer_time_s": odd}
        log.fit(f"sessions/{number}", {"sessions": [odd, started], "laps": [odd, started]})
        log.fit(f"laps/{number}", {"sessions": [odd], "laps": odd})
        for form in (odd, {"movement": odd, "stress": odd, "heart_rate_bpm": [odd, [odd, odd]]}):
            watched = log.fit(f"watch/{number}/{form}", {"samples": form, "levels": form, "weight_kg": form})
            log.pending.remove(watched)
            log.pending += [
                dataclasses.replace(watched, event_type=f"fit.{kind}")
                for kind in ("monitoring", "sleep", "weight")
            ]
        for kind in LOGS:
            log.entry(kind, f"{day}T08:00+01:00", **dict.fromkeys(LOG_KEYS, odd))
        for kind in ("protocol", "day", "schedule"):
            log.trial(kind, f"odd/{number}", **dict.fromkeys(TRIAL_KEYS, odd))
            log.trial(
                kind, f"half odd/{number}", **{**dict.fromkeys(TRIAL_KEYS, odd), "trial": f"odd {number}"}
            )
    log.entry("caffeine", "2026-02-20T08:00+01:00", amount_mg=80)
    yield
    assert rows("marts.nights", "hrv_rmssd_ms", where="hrv_rmssd_ms < 0") == []
    with warehouse.connect() as connection:
        views = connection.execute("select viewname from pg_views where schemaname = 'staging'").fetchall()
    for (view,) in views:
        # Every column is worked out for every row.
        if not view.startswith("base_"):
            rows(f"staging.{view}")
    (coffee,) = rows("marts.days", "day, caffeine_mg", where="day = '2026-02-20'")
    assert coffee["caffeine_mg"] == 80


@scenario
def test_a_newer_version_replaces_and_a_deleted_log_is_gone(log: Any, rows: Any) -> Iterator[None]:
    log.garmin("steps", "2026-03-01", {"calendarDate": "2026-03-01", "totalSteps": 4000})
    coffee: Event = log.entry("caffeine", "2026-03-01T16:00+01:00", amount_mg=80)
    log.entry("caffeine", "2026-03-01T09:00+01:00", amount_mg=60)
    yield
    assert rows("marts.days", "steps, caffeine_mg, caffeine_after_15_mg") == [
        {"steps": 4000, "caffeine_mg": 140, "caffeine_after_15_mg": 80}
    ]
    before = rows("marts.days", "as_of")[0]["as_of"]
    log.garmin("steps", "2026-03-01", {"calendarDate": "2026-03-01", "totalSteps": 9000})
    log.delete(coffee)
    yield
    assert rows("marts.days", "steps, caffeine_mg, caffeine_after_15_mg") == [
        {"steps": 9000, "caffeine_mg": 60, "caffeine_after_15_mg": 0}
    ]
    assert rows("marts.days", "as_of")[0]["as_of"] > before


@scenario
def test_the_same_run_from_watch_and_file_counts_once_and_makes_the_load(
    log: Any, rows: Any
) -> Iterator[None]:
    log.garmin(
        "activity",
        "2026-01-08",
        {
            "activityId": 21482825013,
            "startTimeGMT": "2026-01-08 14:10:21",
            "startTimeLocal": "2026-01-08 08:10:21",
            "activityType": {"typeKey": "trail_running"},
            "duration": 2223.3,
            "elapsedDuration": 2225440.9,
            "averageHR": 142.0,
            "activityTrainingLoad": 50.9,
        },
        key="21482825013",
    )
    session = {
        "start_time": "2026-01-08T14:10:40",
        "sport": "running",
        "total_timer_time_s": 2223,
        "avg_heart_rate_bpm": 141,
        "normalized_power_w": 226,
    }
    log.fit(
        "edge/1",
        {"sessions": [session, {**session, "start_time": "2026-01-09T07:00:00", "sport": "cycling"}]},
    )
    for day in ("2026-01-07", "2026-01-08", "2026-01-10"):
        log.garmin("daily_summary", day, {"calendarDate": day, "totalSteps": 5000, "restingHeartRate": 50})
    yield
    first, second = rows("marts.activities", order="started_at")
    assert (first["activity_id"], first["source"], first["recordings"]) == ("21482825013", "garmin", 2)
    assert (first["avg_hr_bpm"], first["normalized_power_w"], first["day"]) == (142, 226, dt.date(2026, 1, 8))
    assert first["utc_offset"] == dt.timedelta(hours=-6)
    assert (second["source"], second["sport"], second["training_load"]) == ("fit", "cycling", None)
    loads = rows("marts.exposures", "day::text, value", where="exposure = 'training_load'")
    assert loads == [{"day": "2026-01-08", "value": 50.9}, {"day": "2026-01-10", "value": 0}]


def test_a_rebuild_changes_nothing_and_leaves_the_tables_in_place(
    build: Any, warehouse: Database, log: Any, rows: Any
) -> None:
    log.entry("mood", "2026-03-02T21:00+01:00", rating=7)
    build()
    oids = "select array_agg(oid::int order by oid) from pg_class where relnamespace = 'marts'::regnamespace"
    with warehouse.connect() as connection:
        tables = connection.execute(oids).fetchone()
    before = rows("marts.outcomes")
    build("--select", "marts")
    with warehouse.connect() as connection:
        assert connection.execute(oids).fetchone() == tables
        assert connection.execute("select count(*) from api.days").fetchone() is not None
    assert rows("marts.outcomes") == before


def test_a_table_of_an_older_shape_is_made_anew_and_guarded(
    build: Any, warehouse: Database, log: Any, rows: Any
) -> None:
    log.garmin("steps", "2026-03-01", {"calendarDate": "2026-03-01", "totalSteps": 4000})
    build()
    with warehouse.connect() as connection:
        connection.execute("alter table marts.days rename column steps to strides")
        connection.execute("alter table marts.days disable row level security")
        connection.execute("alter table marts.naps drop constraint naps_pkey")
        connection.execute("alter table marts.weigh_ins alter as_of drop not null")
    # by hand: a build of what arrived looks at logic, not at tables
    build("--select", "days", "naps", "weigh_ins", "path:models/api")
    assert rows("marts.days", "steps") == [{"steps": 4000}]
    with warehouse.connect() as connection:
        assert connection.execute(
            "select relrowsecurity from pg_class where oid = 'marts.days'::regclass"
        ).fetchone() == (True,)
        assert connection.execute("select count(*) from api.days").fetchone() is not None
        keys = "select count(*) from pg_index where indrelid = 'marts.naps'::regclass and indisprimary"
        assert connection.execute(keys).fetchone() == (1,)
        assert connection.execute(
            "select attnotnull from pg_attribute where attrelid = 'marts.weigh_ins'::regclass and attname = 'as_of'"
        ).fetchone() == (True,)
