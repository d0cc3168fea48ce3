"""Every staged figure of a recorded Garmin payload equals the payload's, each file taken in by itself.

The data lies beside the repository and is not part of it.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from santorio.ingest.importer import import_paths
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from support.databases import database_of_its_own
from support.warehouse import TABLES, Warehouse

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
WATCH = DATA / "fit" / "monitoring"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is not here")

Rows = list[tuple[Any, ...]]


def days_and(*keys: str) -> Callable[[Any], Rows]:
    """Give the day and some figures of each element, or of the payload itself; a path's keys are parted by dots."""
    return lambda document: [
        tuple(get_path(one, key) for key in ("calendarDate", *keys))
        for one in (document if isinstance(document, list) else [document])
    ]


def get_path(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = None if value is None else value.get(key)
    return value


def weighings(document: Any) -> Rows:
    entries = [
        *document.get("dateWeightList", []),
        *(one for day in document.get("dailyWeightSummaries", []) for one in day["allWeightMetrics"]),
        *(document[key] for key in ("previousDateWeight", "nextDateWeight") if key in document),
    ]
    entries += [day["latestWeight"] for day in document.get("dailyWeightSummaries", [])]
    named = {one["samplePk"]: one for one in reversed(entries) if one["samplePk"] is not None}
    return [
        (
            one["calendarDate"],
            one["weight"] / 1000,
            one["bmi"],
            one["bodyFat"],
            one["bodyWater"],
            kilograms(one["boneMass"]),
            kilograms(one["muscleMass"]),
        )
        for one in named.values()
    ]


def kilograms(grams: float | None) -> float | None:
    return None if grams is None else grams / 1000


def statuses(block: str, listed: str) -> Callable[[Any], Rows]:
    def tell(document: Any) -> Rows:
        payload = document[block]["payload"]
        found = payload.get(listed) or {}
        return [
            (
                one["calendarDate"],
                device,
                one["trainingStatusFeedbackPhrase"],
                get_path(one, "acuteTrainingLoadDTO.dailyTrainingLoadAcute"),
                get_path(one, "acuteTrainingLoadDTO.dailyTrainingLoadChronic"),
                get_path(one, "acuteTrainingLoadDTO.dailyAcuteChronicWorkloadRatio"),
            )
            for device, told in found.items()
            for one in (told if isinstance(told, list) else [told])
        ]

    return tell


def balances(document: Any) -> Rows:
    found = document["mostRecentTrainingLoadBalance"]["payload"]["metricsTrainingLoadBalanceDTOMap"]
    parts = [
        f"{kind}{end}"
        for kind in ("AerobicLow", "AerobicHigh", "Anaerobic")
        for end in ("", "TargetMin", "TargetMax")
    ]
    return [
        (
            one["calendarDate"],
            *(one[f"monthlyLoad{part}"] for part in parts),
            one["trainingBalanceFeedbackPhrase"],
        )
        for one in found.values()
    ]


def zones(document: Any) -> Rows:
    return [
        (one["sport"], *(one[f"zone{n}Floor"] for n in range(1, 6)), one["maxHeartRateUsed"])
        for one in document
    ]


def records(document: Any) -> Rows:
    instants = [dt.datetime.fromtimestamp(one["prStartTimeGmt"] / 1000, dt.UTC) for one in document]
    return [(str(one["typeId"]), at, one["value"]) for one, at in zip(document, instants, strict=True)]


def settings_of(document: Any) -> Rows:
    body = document["userData"]
    speed = body["lactateThresholdSpeed"]
    return [
        (
            kilograms(body["weight"]),
            body["height"],
            body["vo2MaxRunning"],
            body["lactateThresholdHeartRate"],
            None if speed is None else speed * 10,
        )
    ]


def listed_activities(document: Any) -> Rows:
    return [
        (
            str(one["activityId"]),
            one["activityType"]["typeKey"],
            one["duration"],
            one.get("averageHR"),
            one.get("activityTrainingLoad"),
            one.get("calories"),
        )
        for one in document
    ]


def single_activity(document: Any) -> Rows:
    told = document["summaryDTO"]
    return [
        (
            str(document["activityId"]),
            document["activityTypeDTO"]["typeKey"],
            told["duration"],
            told.get("averageHR"),
            told.get("activityTrainingLoad"),
            told.get("calories"),
        )
    ]


def sleeps(document: Any) -> Rows:
    told = document["dailySleepDTO"]
    if told["sleepTimeSeconds"] is None:
        return []
    parts = (
        "sleepTimeSeconds",
        "deepSleepSeconds",
        "lightSleepSeconds",
        "remSleepSeconds",
        "awakeSleepSeconds",
    )
    return [
        (
            told["calendarDate"],
            *(told[part] / 60 for part in parts),
            get_path(told, "sleepScores.overall.value"),
            told.get("averageRespirationValue"),
            told.get("averageSpO2Value"),
        )
    ]


def effects(document: Any) -> Rows:
    return [
        (one["startLocal"][:10], one["activityId"], one["activityType"], one["aerobicTrainingEffect"])
        for one in document
    ]


SUMMARY = (
    "totalSteps", "totalDistanceMeters", "floorsAscended", "activeKilocalories", "totalKilocalories",
    "moderateIntensityMinutes", "vigorousIntensityMinutes", "restingHeartRate", "minHeartRate", "maxHeartRate",
    "averageStressLevel", "bodyBatteryHighestValue", "bodyBatteryLowestValue", "bodyBatteryChargedValue",
    "bodyBatteryDrainedValue", "avgWakingRespirationValue", "lowestRespirationValue", "highestRespirationValue",
    "averageSpo2", "lowestSpo2",
)  # fmt: skip
SUMMARY_STAGED = (
    "day, steps, distance_m, floors_ascended, active_kcal, total_kcal, moderate_minutes, vigorous_minutes, "
    "resting_hr_bpm, min_hr_bpm, max_hr_bpm, stress_avg, body_battery_high, body_battery_low, "
    "body_battery_charged, body_battery_drained, waking_respiration_brpm, lowest_respiration_brpm, "
    "highest_respiration_brpm, spo2_pct, lowest_spo2_pct"
)
STATUS = "day, device_id, feedback, acute_load, chronic_load, load_ratio"
HRV = days_and("lastNightAvg", "lastNight5MinHigh", "weeklyAvg", "status")
ACTIVITY = "activity_id, sport, duration_s, avg_hr_bpm, training_load, energy_kcal"


@dataclass(frozen=True, slots=True)
class Case:
    """Which files, the staging model that reads them, its columns, and what they should hold."""

    files: str
    model: str
    columns: str
    told: Callable[[Any], Rows]


CASES = (
    Case("api/usersummary_usersummary_daily__*", "daily_summaries", SUMMARY_STAGED, days_and(*SUMMARY)),
    Case("api/weight_weight_*", "weigh_ins",
         "day, weight_kg, bmi_kg_m2, body_fat_pct, body_water_pct, bone_mass_kg, muscle_mass_kg", weighings),
    Case("api/*trainingstatus_latest*", "training_status", STATUS,
         statuses("mostRecentTrainingStatus", "latestTrainingStatusData")),
    Case("api/*trainingstatus_latest*", "training_status",
         "day, load_aerobic_low, load_aerobic_low_target_low, load_aerobic_low_target_high, load_aerobic_high, "
         "load_aerobic_high_target_low, load_aerobic_high_target_high, load_anaerobic, load_anaerobic_target_low, "
         "load_anaerobic_target_high, balance_feedback", balances),
    Case("api/*trainingstatus_weekly*", "training_status", STATUS, statuses("weeklyTrainingStatus", "reportData")),
    Case("api/*trainingstatus_monthly*", "training_status", STATUS, statuses("monthlyTrainingStatus", "reportData")),
    Case("api/metrics_metrics_trainingreadiness_*", "training_readiness",
         "day, readiness_score, readiness_level, recovery_minutes, acute_load, sleep_score, hrv_weekly_ms, context",
         days_and("score", "level", "recoveryTime", "acuteLoad", "sleepScore", "hrvWeeklyAverage", "inputContext")),
    Case("api/metrics_metrics_endurancescore_*", "endurance_scores", "day, endurance_score, endurance_class::integer",
         days_and("overallScore", "classification")),
    Case("api/metrics_metrics_hillscore_*", "hill_scores", "day, hill_score, hill_strength_score, hill_endurance_score",
         days_and("overallScore", "strengthScore", "enduranceScore")),
    Case("api/usersummary_stats_hydration_*", "hydration_days", "day, fluids_ml, fluids_goal_ml",
         days_and("valueInML", "goalInML")),
    Case("api/usersummary_stats_im_daily_*", "intensity_days",
         "day, moderate_minutes, vigorous_minutes, weekly_goal_minutes",
         days_and("moderateValue", "vigorousValue", "weeklyGoal")),
    Case("api/usersummary_stats_im_weekly_*", "weeks",
         "first_day, moderate_minutes, vigorous_minutes, intensity_goal_minutes",
         days_and("moderateValue", "vigorousValue", "weeklyGoal")),
    Case("api/usersummary_stats_steps_weekly_*", "weeks", "first_day, steps, steps_a_day, distance_m, days_with_data",
         days_and("values.totalSteps", "values.averageSteps", "values.totalDistance", "values.wellnessDataDaysCount")),
    Case("api/usersummary_stats_stress_weekly_*", "weeks", "first_day, stress_avg", days_and("value")),
    Case("api/usersummary_stats_steps_daily_*", "steps", "day, steps, distance_m",
         days_and("totalSteps", "totalDistance")),
    Case("api/usersummary_stats_stress_daily_*", "stress_days", "day, stress_avg",
         days_and("values.overallStressLevel")),
    Case("api/wellness_stats_daily_sleep_score_*", "sleep_scores", "day, sleep_score", days_and("value")),
    Case("api/biometric_heartRateZones*", "heart_rate_zones",
         "sport, zone_1_floor, zone_2_floor, zone_3_floor, zone_4_floor, zone_5_floor, max_hr_bpm", zones),
    Case("api/fitnessstats_*", "training_effects", "day, activity_id::bigint, sport, aerobic_training_effect",
         effects),
    Case("api/userprofile_userprofile_user-settings*", "user_settings",
         "weight_kg, height_cm, vo2max_running, threshold_hr_bpm, threshold_speed_mps", settings_of),
    Case("api_single_day/user_profile*", "user_settings",
         "weight_kg, height_cm, vo2max_running, threshold_hr_bpm, threshold_speed_mps", settings_of),
    Case("api/activitylist_*", "activities", ACTIVITY, listed_activities),
    Case("api/activity_activity_*", "activities", ACTIVITY, single_activity),
    Case("api/*dailySleepData*", "sleeps",
         "day, sleep_minutes, deep_sleep_minutes, light_sleep_minutes, rem_sleep_minutes, awake_minutes, sleep_score, "
         "respiration_brpm, spo2_pct", sleeps),
    Case("api/hrv_hrv_daily_*", "hrv_nights", "day, hrv_rmssd_ms, hrv_5min_high_ms, hrv_weekly_ms, hrv_status",
         lambda document: HRV(document["hrvSummaries"])),
    Case("api/hrv_hrv_2*", "hrv_nights", "day, hrv_rmssd_ms, hrv_5min_high_ms, hrv_weekly_ms, hrv_status",
         lambda document: HRV(document["hrvSummary"])),
    Case("api/wellness_wellness_dailyHeartRate_*", "heart_rates", "day, resting_hr_bpm, min_hr_bpm, max_hr_bpm",
         days_and("restingHeartRate", "minHeartRate", "maxHeartRate")),
    Case("api_single_day/respiration*", "respiration_days",
         "day, waking_respiration_brpm, sleep_respiration_brpm, lowest_respiration_brpm, highest_respiration_brpm",
         days_and("avgWakingRespirationValue", "avgSleepRespirationValue", "lowestRespirationValue",
                  "highestRespirationValue")),
    Case("api_single_day/spo2*", "spo2_days", "day, spo2_pct, lowest_spo2_pct, sleep_spo2_pct, weekly_spo2_pct",
         days_and("averageSpO2", "lowestSpO2", "avgSleepSpO2", "lastSevenDaysAvgSpO2")),
    Case("api_single_day/intensity_minutes*", "intensity_days",
         "day, moderate_minutes, vigorous_minutes, weekly_goal_minutes",
         days_and("moderateMinutes", "vigorousMinutes", "weekGoal")),
    Case("api_single_day/body_battery*", "body_battery_days", "day, body_battery_charged, body_battery_drained",
         lambda document: [(one["date"], one["charged"], one["drained"]) for one in document]),
    Case("api_single_day/race_predictions*", "race_predictions",
         "day, time_5k_s, time_10k_s, time_half_marathon_s, time_marathon_s",
         days_and("time5K", "time10K", "timeHalfMarathon", "timeMarathon")),
    Case("api_single_day/personal_records*", "personal_records", "record_type, achieved_at, value", records),
    Case("api_single_day/events*", "body_battery_events",
         "day, event_kind, duration_minutes, moderate_minutes, vigorous_minutes",
         days_and("activityType", "duration", "moderateIntensityMinutes", "vigorousIntensityMinutes")),
)  # fmt: skip


@pytest.fixture(scope="module")
def database(server_url: str, built_template: str) -> Iterator[Database]:
    with database_of_its_own(server_url, built_template) as opened:
        yield opened


@pytest.fixture(scope="module")
def people(database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Person]:
    """A person for every file: the recorded accounts are mixed, and several files tell one day."""
    store = FolderStore(tmp_path_factory.mktemp("objects"))
    found: dict[Path, Person] = {}
    scales = (DATA / "fit" / "activity").glob("WeightScale*.fit")
    for number, path in enumerate(sorted([*(DATA / "garmin").rglob("*.json"), *scales])):
        with database.connect() as connection:
            found[path] = ensure_person(connection, f"file {number}", "America/Costa_Rica")
        import_paths(database, store, found[path], [path], now=NOW)
    # Many files of one watch, each of a few hours.
    with database.connect() as connection:
        found[WATCH] = ensure_person(connection, "watch", "America/Costa_Rica")
    import_paths(database, store, found[WATCH], [WATCH], now=NOW)
    Warehouse(database, tmp_path_factory.mktemp("dbt")).build(*TABLES)
    return found


def staged(database: Database, person: Person, model: str, columns: str, where: str = "true") -> Rows:
    query = f"select {columns} from {model} where user_id = %s and {where}"
    with database.connect() as connection:
        return connection.execute(query, [person.user_id]).fetchall()  # type: ignore[arg-type]


def plain(rows: Rows) -> list[tuple[Any, ...]]:
    """Write figures as numbers to twelve digits and days as text, in an order."""
    written = [
        tuple(
            float(f"{one:.12g}")
            if isinstance(one, int | float)
            else one.isoformat()
            if isinstance(one, dt.date)
            else one
            for one in row
        )
        for row in rows
    ]
    return sorted(written, key=repr)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.model} of {case.files}")
def test_a_staged_figure_is_the_payloads(database: Database, people: dict[Path, Person], case: Case) -> None:
    compared = 0
    for path in sorted((DATA / "garmin").glob(f"{case.files}.json")):
        document = json.loads(path.read_text())
        if "error" in document:
            continue
        where = "weight_kg is not null" if case.model == "weigh_ins" else "true"
        where = "has_data" if case.model == "sleeps" else where
        found = staged(database, people[path], f"staging.stg_garmin__{case.model}", case.columns, where)
        assert plain(found) == plain(case.told(document)), path.name
        compared += len(found)
    assert compared > 0


def test_only_a_scale_of_one_person_tells_whose_weight_it_is(
    database: Database, people: dict[Path, Person]
) -> None:
    folder = DATA / "fit" / "activity"
    marts = {
        name: len(staged(database, people[folder / f"{name}.fit"], "marts.weigh_ins", "weight_kg"))
        for name in ("WeightScaleSingleUser", "WeightScaleMultiUser")
    }
    files = {
        name: len(staged(database, people[folder / f"{name}.fit"], "staging.stg_fit__weights", "weight_kg"))
        for name in marts
    }
    assert marts == {"WeightScaleSingleUser": files["WeightScaleSingleUser"], "WeightScaleMultiUser": 0}
    assert min(files.values()) > 0


def test_a_watchs_own_files_tell_the_day_that_nothing_else_tells(
    database: Database, people: dict[Path, Person]
) -> None:
    columns = "day::text, utc_offset, steps, resting_hr_bpm"
    days = staged(database, people[WATCH], "marts.days", columns)
    # 5,834 steps walking and 96 running, by what the device counted last before midnight in Moscow.
    assert days == [("2020-03-04", dt.timedelta(hours=3), 5930, 45)]
