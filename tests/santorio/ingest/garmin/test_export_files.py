"""Every family of files in an account's export that is publicly known: each is its kind, each entry its own event."""

import datetime as dt
import json
import uuid
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.garmin.timestamps import calendar_day, instant
from santorio.ingest.importer import import_paths
from santorio.people import Person

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
WHOSE = {"userProfilePK": 4711, "deviceId": 3}
# Midnight of 6 August 2025 in UTC, and the same midnight as Berlin has it.
MS, MS_BERLIN = 1_754_438_400_000, 1_754_431_200_000

# What an entry of each family holds, as public readers of real exports describe it; its kind, and its day.
FAMILIES = {
    "EnduranceScore": (
        {
            **WHOSE,
            "calendarDate": MS,
            "timestamp": MS + 7,
            "overallScore": 5671,
            "classification": 2,
            "feedbackPhrase": 30,
            "enduranceScoreContributor": [{"group": 1, "contribution": 81.5}],
        },
        "endurance_score_export",
        "2025-08-06",
    ),
    "HillScore": (
        {
            **WHOSE,
            "calendarDate": MS_BERLIN,
            "timestamp": MS,
            "hillScoreClassificationId": 4,
            "hillScoreFeedbackPhraseId": 12,
        },
        "hill_score_export",
        "2025-08-06",
    ),
    "MetricsAcuteTrainingLoad": (
        {
            **WHOSE,
            "calendarDate": MS,
            "timestamp": MS,
            "acwrPercent": 47,
            "acwrStatus": "OPTIMAL",
            "dailyTrainingLoadAcute": 101,
            "dailyTrainingLoadChronic": 178,
        },
        "acute_training_load",
        "2025-08-06",
    ),
    "TrainingHistory": (
        {
            **WHOSE,
            "calendarDate": "2025-08-06",
            "timestamp": "2025-08-06T05:12:00.0",
            "sport": "RUNNING",
            "trainingStatus": "PRODUCTIVE",
            "fitnessLevelTrend": "INCREASING",
        },
        "training_history",
        "2025-08-06",
    ),
    "RunRacePredictions": (
        {
            **WHOSE,
            "calendarDate": "2025-08-06",
            "timestamp": "2025-08-06T05:12:00.0",
            "raceTime5K": 1301,
            "raceTime10K": 2755,
        },
        "race_predictions_export",
        "2025-08-06",
    ),
    "MetricsMaxMetData": (
        {
            **WHOSE,
            "calendarDate": "2025-08-06",
            "updateTimestamp": "2025-08-06T17:00:00.0",
            "sport": "CYCLING",
            "vo2MaxValue": 52.0,
            "maxMet": 14.8,
        },
        "max_metrics_export",
        "2025-08-06",
    ),
    "ActivityVo2Max": (
        {
            **WHOSE,
            "activityId": 20_001,
            "calendarDate": "2025-08-06",
            "timestampGmt": "2025-08-06T17:00:00.0",
            "sport": "RUNNING",
            "vo2MaxValue": 52.4,
        },
        "activity_vo2_max",
        "2025-08-06",
    ),
    "MetricsHeatAltitudeAcclimation": (
        {
            **WHOSE,
            "calendarDate": "2025-08-06",
            "timestamp": "2025-08-05T22:05:05.0",
            "altitudeAcclimation": 0,
            "heatAcclimationPercentage": 12,
        },
        "acclimation",
        "2025-08-06",
    ),
    "HydrationLogFile": (
        {
            **WHOSE,
            "calendarDate": "2025-08-06",
            "persistedTimestampGMT": "2025-08-06T08:00:00.0",
            "timestampLocal": "2025-08-06T10:00:00.0",
            "hydrationSource": "GARMIN_GCM",
            "valueInML": -250.0,
            "uuid": {"uuid": "12345678-1234-5678-1234-567812345678"},
        },
        "hydration_log",
        "2025-08-06",
    ),
    "HydrationLogFile, older": (
        {
            **WHOSE,
            "calendarDate": "2025-08-06",
            "persistedTimestampGMT": {"date": "2025-08-06T08:00:00.0"},
            "timestampLocal": {"date": "2025-08-06T10:00:00.0"},
            "valueInML": 250.0,
        },
        "hydration_log",
        "2025-08-06",
    ),
    "AbnormalHrEvents": (
        {
            "deviceId": 3,
            "calendarDate": "2025-08-06",
            "abnormalHrEventGMT": "2025-08-06T06:00:00.0",
            "abnormalHrThresholdValue": 40,
            "abnormalHrValue": 38,
        },
        "abnormal_heart_rate",
        "2025-08-06",
    ),
    "wellnessActivities": (
        {
            "calendarDate": "2025-08-06",
            "startTimestampGMT": "2025-08-06T06:00:00.0",
            "summaryTypeDataList": [{"summaryType": "RMSSD_HRV", "avgValue": 56}],
        },
        "health_snapshot",
        "2025-08-06",
    ),
    "BloodPressureFile": (
        {
            "metaData": {"calendarDate": [2025, 8, 6, 5, 37, 39, 806_000_000], "sequence": 17},
            "version": 1,
            "bloodPressure": {"systolic": 118, "diastolic": 76, "pulse": 60},
        },
        "blood_pressure_export",
        "2025-08-06",
    ),
    "userBioMetrics": (
        {
            "metaData": {"calendarDate": "2025-08-06T13:12:55.727", "sequence": 9},
            "version": 3,
            "weight": {"weight": 77_000.0, "sourceType": "INDEX_SCALE"},
        },
        "biometrics",
        "2025-08-06",
    ),
    "userBioMetricProfileData": (
        {"height": 173.0, "weight": 77_000.0, "activityClass": 70, "vo2Max": 52.0},
        "biometrics_profile",
        None,
    ),
    "bioMetrics_latest": (
        {"lactateThresholdSpeed": 0.33, "lactateThresholdHeartRate": 171},
        "biometrics_profile",
        None,
    ),
    "fitnessAgeData": (
        {"asOfDateGmt": "2025-08-06T04:00:00.0", "chronologicalAge": 40, "currentBioAge": 31.2, "rhr": 47},
        "fitness_age_export",
        None,
    ),
    "personalRecord": (
        {
            "personalRecords": [
                {
                    "personalRecordId": 9,
                    "personalRecordType": "Best 5km Run",
                    "value": 1290.1,
                    "prStartTimeGMT": "Wed Aug 06 17:12:00 GMT 2025",
                    "current": True,
                }
            ]
        },
        "personal_record_export",
        None,
    ),
    "gear": (
        {"gearDTOS": [{"gearPk": 7, "displayName": "Shoe"}], "gearActivityDTOs": {"7": []}},
        "gear",
        None,
    ),
    "sleepData, watch off": (
        {
            "sleepStartTimestampGMT": "2025-08-05T21:00:00.0",
            "sleepEndTimestampGMT": "2025-08-06T04:00:00.0",
            "calendarDate": "2025-08-06",
            "sleepWindowConfirmationType": "OFF_WRIST",
            "retro": False,
        },
        "sleep_summary",
        "2025-08-06",
    ),
    "UDSFile, before the watch": (
        {
            "userProfilePK": 4711,
            "calendarDate": "2025-08-06",
            "includesWellnessData": False,
            "totalSteps": 12,
        },
        "daily_summary_export",
        "2025-08-06",
    ),
    "nutritionLogs": ({"calendarDate": "2025-08-06", "mfpCalorie": {"calorie": 1800}}, "other", "2025-08-06"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_entry_of_the_family_is_an_event_of_its_kind_and_day(family: str) -> None:
    entry, kind, day = FAMILIES[family]
    parsed = parse_file(json.dumps([entry]).encode(), PERSON, NOW, folder="DI-Connect-Wellness")
    (event,) = parsed.events
    assert (event.event_type, parsed.rejections) == (f"garmin.{kind}", [])
    assert event.metadata["day"] == day
    assert event.time.year == (
        2000 if family in {"gear", "userBioMetricProfileData", "bioMetrics_latest"} else 2025
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_two_entries_of_a_day_are_two_events_where_the_family_is_a_log(family: str) -> None:
    entry, kind, _ = FAMILIES[family]
    if kind in {"sleep_summary", "daily_summary_export", "activity_vo2_max", "personal_record_export"}:
        return  # one a day, or named by a number
    named = {
        "uuid": {"uuid": "another"},
        "abnormalHrEventGMT": "2025-08-06T07:00:00.0",
        "startTimestampGMT": "2025-08-06T18:00:00.0",
        "metaData": {**entry.get("metaData", {}), "sequence": 18},
        "bmi": 23.4,
    }
    other = {**entry, **{key: value for key, value in named.items() if key in entry or key == "bmi"}}
    parsed = parse_file(json.dumps([entry, other, entry]).encode(), PERSON, NOW, folder="DI-Connect-Wellness")
    assert len({event.event_id for event in parsed.events}) == 2


def test_an_entry_without_data_is_no_fault_and_stands_in_no_ones_way() -> None:
    entries = [
        {"retro": False},
        {},
        FAMILIES["AbnormalHrEvents"][0],
        {"calendarDate": "2025-08-07", "retro": False},
    ]
    parsed = parse_file(json.dumps(entries).encode(), PERSON, NOW, folder="DI-Connect-Wellness")
    assert [event.event_type for event in parsed.events] == ["garmin.abnormal_heart_rate"]
    assert Counter((rejection.code, rejection.status) for rejection in parsed.rejections) == {
        ("no_data", "ignored"): 3
    }


def test_the_zones_of_two_sports_stand_side_by_side() -> None:
    zones = [
        {"trainingMethod": "HR_MAX", "zone1Floor": floor, "sport": sport}
        for floor, sport in ((95, "DEFAULT"), (105, "RUNNING"))
    ]
    assert len({event.event_id for event in parse_file(json.dumps(zones).encode(), PERSON, NOW).events}) == 2


@pytest.mark.parametrize("content", ['[{"userProfileId": 1, "name": "Ann"}]', '{"text": "hello"}', "\x89PNG"])
def test_profiles_and_contacts_of_an_unpacked_export_are_not_taken_in_either(content: str) -> None:
    result = parse_file(content.encode(), PERSON, NOW, folder="DI-Connect-User")
    assert (result.events, [(rejection.code, rejection.status) for rejection in result.rejections]) == (
        [],
        [("not_read", "ignored")],
    )


def test_profiles_and_contacts_are_left_in_the_export_and_unknown_kinds_are_counted(
    database, person, store, tmp_path: Path
) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "DI_CONNECT/DI-Connect-User/user_contact.json", '[{"userProfileId": 1, "name": "Ann"}]'
        )
        zones = '[{"trainingMethod": "HR_MAX", "sport": "DEFAULT", "zone1Floor": 95}]'
        archive.writestr("DI_CONNECT/DI-Connect-User/1_heartRateZones.json", zones)
        archive.writestr(
            "DI_CONNECT/DI-Connect-Fitness-VVFJR/1_workout.json", '{"workoutList": [{"workoutId": 5}]}'
        )
        archive.writestr(
            "DI_CONNECT/DI-Connect-Wellness/1_nutritionLogs.json", json.dumps([{"a": 1}, {"b": 2}])
        )
    outcome = import_paths(database, store, person, [path], now=NOW).files[0]
    assert {rejection.location: (rejection.code, rejection.status) for rejection in outcome.rejected} == {
        "DI_CONNECT/DI-Connect-User/user_contact.json": ("not_read", "ignored"),
        "DI_CONNECT/DI-Connect-Fitness-VVFJR/1_workout.json, 1 entries": ("unknown_kind", "ignored"),
        "DI_CONNECT/DI-Connect-Wellness/1_nutritionLogs.json, 2 entries": ("unknown_kind", "ignored"),
    }
    with database.connect() as connection:
        rows = connection.execute("select event_type, data::text from raw.events order by 1, 2").fetchall()
    assert [kind for kind, _ in rows] == ["garmin.heart_rate_zones"] + 3 * ["garmin.other"]
    assert outcome.outcome == "imported"


@settings(deadline=None)
@given(st.dates(dt.date(2000, 1, 2), dt.date(2095, 1, 1)), st.integers(-11 * 4 + 1, 13 * 4))
def test_a_day_in_milliseconds_is_its_midnight_wherever_the_person_lives(day: dt.date, quarters: int) -> None:
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(minutes=15 * quarters)
    assert calendar_day(int(midnight.timestamp() * 1000)) == day


@settings(deadline=None)
@given(st.integers(946_684_800, 3_944_678_400))
def test_an_instant_is_the_same_in_every_way_of_writing_it(seconds: int) -> None:
    at = dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)
    ways = (
        at.strftime("%Y-%m-%dT%H:%M:%S.0"),
        at.strftime("%Y-%m-%d %H:%M:%S"),
        [*at.timetuple()[:6], 806_000_000],
        at.strftime("%a %b %d %H:%M:%S GMT %Y"),
        {"date": at.isoformat()},
        seconds * 1000,
    )
    assert {instant(way) for way in ways} == {at}


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
        lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(), inner),
    )
)
def test_nothing_that_stands_where_a_time_should_makes_reading_fail(value: object) -> None:
    for time in (calendar_day(value), instant(value)):
        assert time is None or 1 <= time.year <= 9999
