"""The account's export reaches the marts where the account told nothing, and nowhere else; a track is an activity."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from support.scenarios import scenario

NIGHT = {
    "calendarDate": "2026-03-02",
    "sleepStartTimestampGMT": "2026-03-01T22:10:00.0",
    "sleepEndTimestampGMT": "2026-03-02T06:00:00.0",
    "deepSleepSeconds": 5400,
    "lightSleepSeconds": 15000,
    "remSleepSeconds": 6000,
    "awakeSleepSeconds": 1800,
    "averageRespiration": 14.0,
    "avgSleepStress": 18.0,
    "spo2SleepSummary": {"averageSPO2": 95.0},
    "sleepScores": {"overallScore": 81},
}
DAY = {
    "calendarDate": "2026-03-02",
    "totalSteps": 9100,
    "totalDistanceMeters": 7000,
    "floorsAscendedInMeters": 30.48,
    "restingHeartRate": 51,
    "allDayStress": {
        "aggregatorList": [
            {"type": "AWAKE", "averageStressLevel": 40},
            {"type": "TOTAL", "averageStressLevel": 31},
        ]
    },
    "bodyBattery": {
        "bodyBatteryStatList": [
            {"bodyBatteryStatType": "HIGHEST", "statsValue": 88},
            {"bodyBatteryStatType": "LOWEST", "statsValue": 21},
        ]
    },
}
HEALTH = {"calendarDate": "2026-03-02", "metrics": [{"type": "SPO2"}, {"type": "HRV", "value": 58.0}]}


@scenario
def test_an_exported_day_and_night_are_read_in_their_own_words(log: Any, rows: Any) -> Iterator[None]:
    log.garmin("sleep_summary", "2026-03-02", NIGHT)
    log.garmin("daily_summary_export", "2026-03-02", DAY)
    log.garmin("health_status", "2026-03-02", HEALTH)
    yield
    (night,) = rows("marts.nights")
    assert night["sleep_start_at"] == dt.datetime(2026, 3, 1, 22, 10, tzinfo=dt.UTC)
    assert (night["sleep_minutes"], night["deep_sleep_minutes"], night["rem_sleep_minutes"]) == (440, 90, 100)
    assert (night["sleep_score"], night["respiration_brpm"], night["spo2_pct"]) == (81, 14, 95)
    assert night["hrv_rmssd_ms"] == 58
    (day,) = rows("marts.days")
    assert (day["steps"], day["resting_hr_bpm"], day["stress_avg"]) == (9100, 51, 31)
    assert (day["body_battery_high"], day["body_battery_low"]) == (88, 21)
    assert day["floors_ascended"] == pytest.approx(10)


@scenario
def test_what_the_account_told_stays_whichever_came_last(log: Any, rows: Any) -> Iterator[None]:
    told = {
        "calendarDate": "2026-03-02",
        "sleepTimeSeconds": 25200,
        "sleepScores": {"overall": {"value": 77}},
    }
    log.garmin("sleep", "2026-03-02", {"dailySleepDTO": told})
    log.garmin("daily_summary", "2026-03-02", {"calendarDate": "2026-03-02", "totalSteps": 9234})
    log.garmin("hrv", "2026-03-02", {"hrvSummary": {"calendarDate": "2026-03-02", "lastNightAvg": 60}})
    yield
    log.garmin("sleep_summary", "2026-03-02", NIGHT)
    log.garmin("daily_summary_export", "2026-03-02", DAY)
    log.garmin("health_status", "2026-03-02", HEALTH)
    yield
    (night,) = rows("marts.nights")
    assert (night["sleep_minutes"], night["sleep_score"], night["hrv_rmssd_ms"]) == (420, 77, 60)
    (day,) = rows("marts.days")
    assert day["steps"] == 9234


@scenario
def test_a_track_without_any_other_recording_is_an_activity(log: Any, rows: Any) -> Iterator[None]:
    session = {
        "start_time": "2026-03-01T08:00:00Z",
        "sport": "running",
        "total_timer_time_s": 1800.0,
        "total_distance_m": 5000.0,
    }
    log.track("sha256/aa", {"sessions": [session]})
    yield
    (activity,) = rows("marts.activities")
    assert (activity["sport"], activity["duration_s"], activity["distance_m"]) == ("running", 1800, 5000)
