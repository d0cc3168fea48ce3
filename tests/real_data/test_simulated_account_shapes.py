"""What a simulated account tells has the keys and types that Garmin Connect gave."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from santorio.simulator import simulate
from santorio.simulator.payloads import account as account_payloads
from santorio.simulator.payloads import fitness, intake, sessions, weeks, wellness
from santorio.simulator.person import SimulatedPerson

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "garmin" / "api"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the recorded Garmin payloads are not beside this checkout"
)

AFTER = 4_000_000_000
# Where the person was, and what only some watches and sports have.
NOT_SIMULATED = {
    "locationName", "startLatitude", "startLongitude", "endLatitude", "endLongitude", "maxElevation", "minElevation",
    "averageMovingSpeed", "averageRunCadence", "maxRunCadence", "averageTemperature", "maxTemperature",
    "minTemperature", "averagePower", "maxPower", "minPower", "normalizedPower", "totalWork", "groundContactTime",
    "strideLength", "verticalOscillation", "verticalRatio", "maxVerticalSpeed", "directWorkoutFeel",
    "directWorkoutRpe", "directWorkoutComplianceScore", "steps", "beginPotentialStamina", "endPotentialStamina",
    "minAvailableStamina", "avgGradeAdjustedSpeed", "impactLoad",
}  # fmt: skip


@pytest.fixture(scope="module")
def life() -> SimulatedPerson:
    return simulate(days=60, seed=5, last_day=dt.date(2025, 11, 20)).life


def real(name: str) -> Any:
    return json.loads((REAL / name).read_text())


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Keys that one side lacks, and values of another type; null says nothing about a type."""
    if ours is None or theirs is None:
        return []
    if type(ours) is not type(theirs):
        return [f"{path}: {type(ours).__name__}, not {type(theirs).__name__}"]
    if isinstance(ours, dict):
        lacking = [
            f"{path}.{key}: on one side only" for key in sorted((ours.keys() ^ theirs.keys()) - NOT_SIMULATED)
        ]
        return lacking + [
            found
            for key in sorted(ours.keys() & theirs.keys())
            for found in differences(ours[key], theirs[key], f"{path}.{key}")
        ]
    if isinstance(ours, list) and ours and theirs:
        return differences(ours[0], theirs[0], f"{path}[]")
    return []


def test_the_settings_are_those_that_garmin_gives(life) -> None:
    theirs = real("userprofile_userprofile_user-settings__v2.json")
    assert differences(account_payloads.user_settings(life, 50), theirs) == []


def test_a_session_in_full_is_as_garmin_gives_it(life) -> None:
    day, run = next((day, one) for day in range(60) for one in life.workouts(day) if one.sport == "running")
    assert differences(sessions.detail(life, day, run), real("activity_activity_21482825013.json")) == []


SERIES = {
    "usersummary_stats_hydration_daily_2024-06-29_2024-06-29.json": lambda life: [
        intake.hydration(life, 20, AFTER)
    ],
    "usersummary_stats_im_daily_2023-07-01_2023-07-20.json": lambda life: [weeks.effort_day(life, 20, AFTER)],
    "usersummary_stats_im_weekly_2023-05-04_2023-07-20.json": lambda life: weeks.effort_weeks(
        life, 20, 40, AFTER
    ),
    "usersummary_stats_steps_weekly_2023-07-20_52.json": lambda life: weeks.step_weeks(life, 59, 8),
    "usersummary_stats_stress_weekly_2022-07-21_8.json": lambda life: weeks.stress_weeks(life, 59, 8),
    "wellness_stats_daily_sleep_score_2023-07-01_2023-07-20.json": lambda life: [weeks.sleep_score(life, 20)],
}


@pytest.mark.parametrize("recorded", SERIES)
def test_a_series_is_as_garmin_gives_it(life, recorded) -> None:
    assert differences(SERIES[recorded](life), real(recorded)) == []


ONE_DAY = REAL.parent / "api_single_day"
OF_A_DAY = {
    "respiration.json": wellness.respiration,
    "spo2.json": wellness.spo2,
    "intensity_minutes.json": wellness.intensity_minutes,
    "floors.json": wellness.floors,
}


@pytest.mark.parametrize("recorded", OF_A_DAY)
def test_a_series_within_a_day_is_as_garmin_gives_it(life, recorded) -> None:
    theirs = json.loads((ONE_DAY / recorded).read_text())
    assert differences(OF_A_DAY[recorded](life, 20, AFTER), theirs) == []


def test_personal_records_are_as_garmin_gives_them(life) -> None:
    theirs = json.loads((ONE_DAY / "personal_records.json").read_text())
    assert differences(fitness.personal_records(life, 50), theirs) == []


OF_FITNESS = {
    "metrics_metrics_trainingreadiness_2025-07-06.json": fitness.training_readiness,
    "metrics_metrics_endurancescore__calendarDate_2025-07-06.json": fitness.endurance_score,
    "metrics_metrics_hillscore__calendarDate_2025-07-06.json": fitness.hill_score,
    "biometric_heartRateZones.json": fitness.heart_rate_zones,
}


@pytest.mark.parametrize("recorded", OF_FITNESS)
def test_what_is_worked_out_of_weeks_is_as_garmin_gives_it(life, recorded) -> None:
    assert differences(OF_FITNESS[recorded](life, 50), real(recorded)) == []
