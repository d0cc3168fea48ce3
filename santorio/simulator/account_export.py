"""The account export of a simulated person: the zip that Garmin sends to a person who requests all their data.

Its days, nights and sessions have other keys and units than those of the API: milliseconds, centimetres, stress and
battery in lists, instants as text. The original FIT files are in zips within the zip.
"""

import datetime as dt
import io
import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from santorio.simulator.account_export_files import families, of_all_days
from santorio.simulator.behaviour import Workout
from santorio.simulator.files import Simulation
from santorio.simulator.payloads import activities
from santorio.simulator.payloads.common import Payload, select, stamp
from santorio.simulator.payloads.day import whole_day
from santorio.simulator.payloads.fit import activity_fit
from santorio.simulator.person import SimulatedPerson

DAYS_A_FILE = 100
SESSIONS_A_FILE = 1000
FITS_A_PART = 500
SUMMARY_KEYS = (
    "calendarDate",
    "uuid",
    "durationInMilliseconds",
    "totalKilocalories",
    "activeKilocalories",
    "bmrKilocalories",
    "totalSteps",
    "dailyStepGoal",
    "totalDistanceMeters",
    "wellnessStartTimeGmt",
    "wellnessStartTimeLocal",
    "wellnessEndTimeGmt",
    "wellnessEndTimeLocal",
    "highlyActiveSeconds",
    "activeSeconds",
    "moderateIntensityMinutes",
    "vigorousIntensityMinutes",
    "floorsAscendedInMeters",
    "minHeartRate",
    "maxHeartRate",
    "restingHeartRate",
    "includesWellnessData",
)
"""Keys of the daily summary that the export has too."""
NIGHT_KEYS = (
    "deepSleepSeconds",
    "lightSleepSeconds",
    "remSleepSeconds",
    "awakeSleepSeconds",
    "calendarDate",
    "avgSleepStress",
    "awakeCount",
    "retro",
)
"""Keys of a night's summary that the export has too."""


def write_export(
    simulation: Simulation, path: Path, *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> None:
    """Write the export of a complete life; `progress` is called with the days done and the total."""
    life = simulation.life
    sessions: list[dict[str, Any]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("customer_data/customer.json", orjson.dumps({"country": "DE"}))
        for first in range(0, life.clock.days, DAYS_A_FILE):
            days = range(first, min(first + DAYS_A_FILE, life.clock.days))
            _write_days(archive, life, days)
            for day in days:
                sessions += [_session(activities.activity(life, day, w)) for w in life.workouts(day)]
            progress(days[-1] + 1, life.clock.days)
        for number, part in enumerate(itertools.batched(sessions, SESSIONS_A_FILE)):
            document = [{"summarizedActivitiesExport": part}]
            _write(archive, f"DI-Connect-Fitness/person_{number}_summarizedActivities.json", document)
        for name, entries in of_all_days(life, sessions):
            _write(archive, name, entries)
        _write_originals(archive, life)


def _write(archive: zipfile.ZipFile, name: str, document: Any) -> None:
    archive.writestr(f"DI_CONNECT/{name}", orjson.dumps(document))


def _write_days(archive: zipfile.ZipFile, life: SimulatedPerson, days: range) -> None:
    summaries, nights, health = [], [], []
    for day in days:
        payloads = whole_day(life, day)
        if payloads:
            summaries.append(_summary(payloads["daily_summary"]))
        # A night that the watch did not see has no heart rate variability.
        if "hrv" in payloads:
            nights.append(_night(payloads["sleep"]))
            health.append(_health(payloads))
    first, last = life.clock.date(days[0]).isoformat(), life.clock.date(days[-1]).isoformat()
    _write(archive, f"DI-Connect-Aggregator/UDSFile_{first}_{last}.json", summaries)
    _write(archive, f"DI-Connect-Wellness/{first}_{last}_{life.profile}_sleepData.json", nights)
    _write(archive, f"DI-Connect-Wellness/{first}_{last}_{life.profile}_healthStatusData.json", health)
    for name, entries in families(life, days):
        _write(archive, name, entries)


def _summary(payload: Payload) -> Payload:
    """A day of `UDSFile_….json`."""
    day = {"userProfilePK": payload["userProfileId"], **select(payload, SUMMARY_KEYS)}
    if payload["averageStressLevel"] is not None:
        stress = {
            "type": "TOTAL",
            "averageStressLevel": payload["averageStressLevel"],
            "maxStressLevel": payload["maxStressLevel"],
        }
        day["allDayStress"] = {"calendarDate": payload["calendarDate"], "aggregatorList": [stress]}
        highest, lowest = payload["bodyBatteryHighestValue"], payload["bodyBatteryLowestValue"]
        day["bodyBattery"] = {
            "calendarDate": payload["calendarDate"],
            "chargedValue": payload["bodyBatteryChargedValue"],
            "drainedValue": payload["bodyBatteryDrainedValue"],
            "bodyBatteryStatList": [
                {"bodyBatteryStatType": "HIGHEST", "statsValue": highest, "bodyBatteryStatus": "MEASURED"},
                {"bodyBatteryStatType": "LOWEST", "statsValue": lowest, "bodyBatteryStatus": "MEASURED"},
            ],
        }
    return day


def _night(payload: Payload) -> Payload:
    """A night of `…_sleepData.json`."""
    night = payload["dailySleepDTO"]
    return {
        "sleepStartTimestampGMT": stamp(night["sleepStartTimestampGMT"] // 1000),
        "sleepEndTimestampGMT": stamp(night["sleepEndTimestampGMT"] // 1000),
        "sleepWindowConfirmationType": "ENHANCED_CONFIRMED_FINAL",
        **select(night, NIGHT_KEYS),
        "unmeasurableSeconds": 0,
        "averageRespiration": night["averageRespirationValue"],
        "spo2SleepSummary": {
            "userProfilePk": night["userProfilePK"],
            "averageSPO2": night["averageSpO2Value"],
        },
        "sleepScores": {
            "overallScore": night["sleepScores"]["overall"]["value"],
            "feedback": "POSITIVE_REFRESHING",
        },
    }


def _health(payloads: dict[str, Payload]) -> Payload:
    """A night of `…_healthStatusData.json`, the one place where the export has heart rate variability."""
    summary = payloads["hrv"]["hrvSummary"]
    variability = {
        "type": "HRV",
        "value": float(summary["lastNightAvg"]),
        "status": "IN_RANGE",
        "baselineUpperLimit": 0.0,
        "baselineLowerLimit": 0.0,
    }
    metrics = [variability, {"type": "SPO2", "status": "NO_DATA"}]
    profile = payloads["hrv"]["userProfilePk"]
    return {"userProfilePK": profile, "calendarDate": summary["calendarDate"], "metrics": metrics}


def _session(payload: Payload) -> Payload:
    """An activity of `…_summarizedActivities.json`: milliseconds and centimetres."""
    offset_ms = round((_seconds(payload["startTimeLocal"]) - _seconds(payload["startTimeGMT"])) * 1000)
    session = {
        "activityId": payload["activityId"],
        "userProfileId": payload["ownerId"],
        "name": payload["activityName"],
        "activityType": payload["activityType"]["typeKey"],
        "beginTimestamp": payload["beginTimestamp"],
        "startTimeGmt": float(payload["beginTimestamp"]),
        "startTimeLocal": float(payload["beginTimestamp"] + offset_ms),
        "duration": payload["duration"] * 1000,
        "elapsedDuration": payload["elapsedDuration"] * 1000,
        "movingDuration": payload["movingDuration"] * 1000,
        "distance": payload["distance"] * 100,
        "avgHr": payload["averageHR"],
        "maxHr": payload["maxHR"],
        "deviceId": payload["deviceId"],
        "activityTrainingLoad": payload["activityTrainingLoad"],
        "parent": False,
    }
    if "elevationGain" in payload:
        session["elevationGain"] = payload["elevationGain"] * 100
    return session


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def _write_originals(archive: zipfile.ZipFile, life: SimulatedPerson) -> None:
    sessions = ((day, workout) for day in range(life.clock.days) for workout in life.workouts(day))
    for number, part in enumerate(_parts(life, sessions), start=1):
        archive.writestr(f"DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part{number}.zip", part)


def _parts(life: SimulatedPerson, sessions: Iterable[tuple[int, Workout]]) -> Iterator[bytes]:
    """Make the zips of original files, one at a time: all of them together can be larger than the memory."""
    for part in itertools.batched(sessions, FITS_A_PART):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for day, workout in part:
                number = activities.activity(life, day, workout)["activityId"]
                archive.writestr(f"person_{number}.fit", activity_fit(life, day, workout))
        yield packed.getvalue()
