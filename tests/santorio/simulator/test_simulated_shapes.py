"""Simulated payloads have the keys and types of payloads that Garmin Connect gave."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from santorio.simulator import simulate

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "garmin" / "api"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the recorded Garmin payloads are not beside this checkout"
)

# Where the person was, how they looked, and what only some sports have.
NOT_SIMULATED = {
    "startLatitude",
    "startLongitude",
    "endLatitude",
    "endLongitude",
    "locationName",
    "ownerProfileImageUrlSmall",
    "ownerProfileImageUrlMedium",
    "ownerProfileImageUrlLarge",
}


@pytest.fixture(scope="module")
def files() -> dict[str, Any]:
    simulation = simulate(days=60, seed=5, last_day=dt.date(2025, 11, 20))
    return {path: json.loads(content) for path, content in simulation.files() if path.startswith("garmin/")}


def real(name: str) -> Any:
    return json.loads((REAL / name).read_text())


def of_kind(files: dict[str, Any], kind: str) -> list[Any]:
    return [payload for path, payload in files.items() if path.startswith(f"garmin/{kind}_")]


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Keys that one side lacks, and values of another type; null says nothing about a type."""
    if ours is None or theirs is None:
        return []
    if type(ours) is not type(theirs):
        return [f"{path}: {type(ours).__name__}, not {type(theirs).__name__}"]
    if isinstance(ours, dict):
        lacking = [f"{path}.{key}: on one side only" for key in sorted(ours.keys() ^ theirs.keys())]
        shared = [
            difference
            for key in ours.keys() & theirs.keys()
            for difference in differences(ours[key], theirs[key], f"{path}.{key}")
        ]
        return lacking + shared
    if isinstance(ours, list) and ours and theirs and isinstance(ours[0], dict | list):
        return differences(ours[0], theirs[0], f"{path}[]")
    return []


@pytest.mark.parametrize(
    ("kind", "recorded"),
    [
        ("daily_summary", "usersummary_usersummary_daily__calendarDate_2025-06-13.json"),
        ("sleep", "sleep_sleep_dailySleepData__date_2025-07-06.json"),
        ("hrv", "hrv_hrv_2023-07-20.json"),
        ("heart_rate", "wellness_wellness_dailyHeartRate__date_2026-01-05.json"),
        ("stress", "wellness_wellness_dailyStress_2025-12-18.json"),
        ("steps", "usersummary_stats_steps_daily_2023-07-01_2023-07-20.json"),
        ("weight", "weight_weight_dayview_2025-06-15.json"),
    ],
)
def test_a_payload_has_the_keys_and_types_that_garmin_gives(
    files: dict[str, Any], kind: str, recorded: str
) -> None:
    full = max(of_kind(files, kind), key=lambda payload: len(json.dumps(payload)))

    assert differences(full, real(recorded)) == []


def test_the_keys_of_a_payload_stand_in_garmins_order(files: dict[str, Any]) -> None:
    summary = of_kind(files, "daily_summary")[0]

    assert list(summary) == list(real("usersummary_usersummary_daily__calendarDate_2025-06-13.json"))


def test_a_night_not_seen_is_the_object_full_of_nulls_that_garmin_gives(files: dict[str, Any]) -> None:
    unseen = next(night for night in of_kind(files, "sleep") if night["dailySleepDTO"]["id"] is None)
    theirs = real("sleep_sleep_dailySleepData__date_2030-01-01.json")

    theirs["dailySleepDTO"] |= {
        key: unseen["dailySleepDTO"][key] for key in ("userProfilePK", "calendarDate")
    }
    assert unseen == theirs


def test_a_day_without_the_watch_is_told_by_nulls_under_the_same_keys(files: dict[str, Any]) -> None:
    summaries = of_kind(files, "daily_summary")
    empty = next(summary for summary in summaries if summary["includesWellnessData"] is False)

    assert list(empty) == list(summaries[0])
    assert empty["totalSteps"] is empty["restingHeartRate"] is empty["wellnessStartTimeGmt"] is None


def test_activities_have_keys_and_types_of_recorded_activities(files: dict[str, Any]) -> None:
    recorded: dict[str, Any] = {}
    for activity in real("activitylist_activities_search_activities__limit_3_start_0.json"):
        recorded = activity | recorded
    required = {
        key
        for key in real("activitylist_activities_search_activities__limit_3_start_0.json")[2]
        if key not in NOT_SIMULATED
        and not key.lower().endswith(("strokes", "strokecadence", "strokedistance"))
    }
    for page in of_kind(files, "activities"):
        for activity in page:
            assert required <= set(activity) <= set(recorded)
            assert [
                difference
                for difference in differences(activity, recorded)
                if "on one side" not in difference
            ] == []
