"""One training session in full: its summary, its samples, its laps, its zones, its weather and its sets.

The samples and laps are those of the session's FIT file.
"""

import math
from typing import Any

from santorio.simulator.behaviour import Workout
from santorio.simulator.payloads.activities import activity, started_at
from santorio.simulator.payloads.common import DEVICE, Payload, select, stamp
from santorio.simulator.payloads.fit import EPOCH_OF_FIT, laps, records
from santorio.simulator.payloads.fitness import heart_rate_zones
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

MAX_POINTS = 2000
CHART = (
    ("directTimestamp", 120, "gmt", 0.0),
    ("directHeartRate", 100, "bpm", 0.1),
    ("sumDistance", 1, "meter", 100.0),
    ("directSpeed", 20, "mps", 0.1),
    ("directPower", 10, "watt", 1.0),
    ("sumDuration", 40, "second", 1000.0),
)
"""Columns of the samples: key, and unit by number, name and factor."""
FIELDS = {
    "directHeartRate": "heart_rate",
    "sumDistance": "distance",
    "directSpeed": "enhanced_speed",
    "directPower": "power",
}
SUMMARY_KEYS = (
    "distance",
    "duration",
    "movingDuration",
    "elapsedDuration",
    "elevationGain",
    "elevationLoss",
    "averageSpeed",
    "maxSpeed",
    "calories",
    "bmrCalories",
    "averageHR",
    "maxHR",
)
EFFECTS = (
    "anaerobicTrainingEffect",
    "aerobicTrainingEffectMessage",
    "anaerobicTrainingEffectMessage",
    "waterEstimated",
    "trainingEffectLabel",
    "activityTrainingLoad",
    "minActivityLapDuration",
    "moderateIntensityMinutes",
    "vigorousIntensityMinutes",
    "differenceBodyBattery",
)
FALSE_FLAGS = (
    "hasHeatMap",
    "personalRecord",
    "elevationCorrected",
    "autoCalcCalories",
    "favorite",
    "trimmed",
    "manualActivity",
    "gcj02",
)
NULL_KEYS = (
    "associatedCourseId",
    "videoUrl",
    "diveNumber",
    "associatedWorkoutId",
    "isAtpActivity",
    "eBikeMaxAssistModes",
    "eBikeBatteryUsage",
    "eBikeBatteryRemaining",
    "eBikeAssistModeInfoDTOList",
    "hasRunPowerWindData",
    "calendarEventInfo",
    "groupRideUUID",
    "agentApplicationInstallationId",
    "agentString",
    "runPowerWindDataEnabled",
)
LIFTS = (
    ("SQUAT", "BARBELL_BACK_SQUAT", 60.0),
    ("BENCH_PRESS", "BARBELL_BENCH_PRESS", 45.0),
    ("ROW", "SEATED_CABLE_ROW", 40.0),
    ("DEADLIFT", "BARBELL_DEADLIFT", 70.0),
)
SETS_A_LIFT = 3


def detail(life: SimulatedPerson, day: int, workout: Workout) -> Payload:
    """Make `activity-service/activity/{id}`."""
    summary = activity(life, day, workout)
    return {
        "activityId": summary["activityId"],
        "activityUUID": {"uuid": stream(life.seed, "activity id", summary["activityId"]).bytes(16).hex()},
        "activityName": summary["activityName"],
        "userProfileId": life.profile,
        "isMultiSportParent": False,
        "activityTypeDTO": summary["activityType"],
        "eventTypeDTO": summary["eventType"],
        "accessControlRuleDTO": summary["privacy"],
        "timeZoneUnitDTO": {
            "unitId": 124,
            "unitKey": life.clock.zone.key,
            "factor": 0.0,
            "timeZone": life.clock.zone.key,
        },
        "metadataDTO": _metadata(life, summary),
        "summaryDTO": _summary(life, day, workout, summary),
        "splitSummaries": [],
    }


def samples(life: SimulatedPerson, day: int, workout: Workout) -> Payload:
    """Make `activity-service/activity/{id}/details`: the records of the file, downsampled to at most 2,000."""
    summary = activity(life, day, workout)
    start = started_at(life, day, workout)
    recorded = records(life, day, workout, summary, start - EPOCH_OF_FIT)
    # Every n-th record, n rounded up, so that there are never more than the limit.
    step = math.ceil(len(recorded) / MAX_POINTS)
    keys: list[str] = []
    columns: list[dict[str, Any]] = []
    for key, number, unit, factor in CHART:
        if FIELDS.get(key, "timestamp") not in recorded[0]:
            continue
        described = {"id": number, "key": unit, "factor": factor}
        columns.append({"metricsIndex": len(keys), "key": key, "unit": described})
        keys.append(key)

    def row(record: dict[str, Any]) -> dict[str, Any]:
        return {"metrics": [_point(key, record, start) for key in keys]}

    rows = [row(record) for record in recorded[::step]]
    return {
        "activityId": summary["activityId"],
        "measurementCount": len(columns),
        "metricsCount": len(rows),
        "totalMetricsCount": len(recorded),
        "metricDescriptors": columns,
        "activityDetailMetrics": rows,
        "geoPolylineDTO": None,
        "heartRateDTOs": None,
        "pendingData": None,
        "detailsAvailable": True,
    }


def splits(life: SimulatedPerson, day: int, workout: Workout) -> Payload:
    """Make `activity-service/activity/{id}/splits`: the laps of the file."""
    summary = activity(life, day, workout)
    start = started_at(life, day, workout)
    recorded = records(life, day, workout, summary, start - EPOCH_OF_FIT)
    heart_rates = [record["heart_rate"] for record in recorded]
    end = start + len(recorded)
    return {
        "activityId": summary["activityId"],
        "lapDTOs": [_lap(lap, summary, heart_rates, start) for lap in laps(summary, start - EPOCH_OF_FIT)],
        "eventDTOs": [_event(1, "TIMER_TRIGGER_MANUAL", start), _event(2, "END", end)],
    }


def heart_rate_in_zones(life: SimulatedPerson, day: int, workout: Workout) -> list[Payload]:
    """Make `activity-service/activity/{id}/hrTimeInZones`."""
    summary = activity(life, day, workout)
    zones = heart_rate_zones(life, day)[0]
    times = []
    for number in range(1, 6):
        floor = zones[f"zone{number}Floor"]
        seconds = summary[f"hrTimeInZone_{number}"]
        times.append({"zoneNumber": number, "secsInZone": seconds, "zoneLowBoundary": floor})
    return times


def weather(life: SimulatedPerson, day: int, workout: Workout) -> Payload:
    """Make `activity-service/activity/{id}/weather`, in degrees Fahrenheit: warm in July, cold in January."""
    rng = stream(life.seed, "weather", day)
    issued = started_at(life, day, workout) // 3600 * 3600
    # A triangle over the year: 1 in the middle of January, 0 half a year later.
    day_of_year = life.clock.date(day).timetuple().tm_yday
    coldness = abs((day_of_year - 15) / 182.5 % 2 - 1)
    degrees = round(78 - 45 * coldness + float(rng.normal(0, 6)))
    wind = int(rng.integers(1, 15))
    return {
        "issueDate": stamp(issued, form="%Y-%m-%dT%H:%M:%S.000+00:00"),
        "temp": degrees,
        "apparentTemp": degrees - wind // 5,
        "dewPoint": degrees - int(rng.integers(5, 20)),
        "relativeHumidity": int(rng.integers(40, 95)),
        "windDirection": 90,
        "windDirectionCompassPoint": "e",
        "windSpeed": wind,
        "windGust": None,
        "latitude": None,
        "longitude": None,
        "weatherStationDTO": {"id": "SIM", "name": "Simulated station", "timezone": None},
        "weatherTypeDTO": {"weatherTypePk": None, "desc": "Fair", "image": None},
    }


def exercise_sets(life: SimulatedPerson, day: int, workout: Workout) -> Payload:
    """Make `activity-service/activity/{id}/exerciseSets`: null but for strength, weights in grams."""
    summary = activity(life, day, workout)
    if workout.sport != "strength_training":
        return {"activityId": summary["activityId"], "exerciseSets": None}
    rng = stream(life.seed, "sets", day)
    # Sets and rests are equally long, and fill the session.
    length_s = int(summary["duration"]) // (2 * len(LIFTS) * SETS_A_LIFT)
    at = started_at(life, day, workout)
    sets: list[Payload] = []

    def add(kind: str, content: dict[str, Any]) -> None:
        sets.append(
            {
                **content,
                "duration": float(length_s),
                "setType": kind,
                "startTime": stamp(at + len(sets) * length_s),
                "wktStepIndex": None,
                "messageIndex": len(sets),
            }
        )

    for category, name, kilograms in LIFTS:
        exercise = {"category": category, "name": name, "probability": 99.0}
        for _ in range(SETS_A_LIFT):
            repetitions = int(rng.integers(6, 13))
            grams = 1000 * (kilograms + 2.5 * int(rng.integers(0, 5)))
            add("ACTIVE", {"exercises": [exercise], "repetitionCount": repetitions, "weight": grams})
            add("REST", {"exercises": [], "repetitionCount": None, "weight": None})
    return {"activityId": summary["activityId"], "exerciseSets": sets}


def _event(number: int, key: str, at: int) -> dict[str, Any]:
    """Make an event of the timer."""
    return {
        "startTimeGMT": stamp(at),
        "startTimeGMTDoubleValue": float(at * 1000),
        "sectionTypeDTO": {"id": number, "key": key, "sectionTypeKey": key},
    }


def _metadata(life: SimulatedPerson, summary: Payload) -> dict[str, Any]:
    uploaded = stamp(summary["beginTimestamp"] // 1000 + int(summary["elapsedDuration"]) + 60)
    return {
        "isOriginal": True,
        "deviceApplicationInstallationId": 1_000_001,
        "fileFormat": {"formatId": 7, "formatKey": "fit"},
        "lastUpdateDate": uploaded,
        "uploadedDate": uploaded,
        "hasPolyline": False,
        "hasChartData": True,
        "hasHrTimeInZones": True,
        "hasPowerTimeInZones": False,
        "userInfoDto": {
            "userProfilePk": life.profile,
            "displayname": summary["ownerDisplayName"],
            "fullname": summary["ownerFullName"],
            "profileImageUrlLarge": None,
            "profileImageUrlMedium": None,
            "profileImageUrlSmall": None,
            "userPro": False,
        },
        "childIds": [],
        "childActivityTypes": [],
        "sensors": None,
        "activityImages": [],
        "manufacturer": "GARMIN",
        "lapCount": summary["lapCount"],
        "deviceMetaDataDTO": {"deviceId": str(DEVICE), "deviceTypePk": 37_000, "deviceVersionPk": 1_000_001},
        "hasIntensityIntervals": False,
        "hasSplits": False,
        **dict.fromkeys(NULL_KEYS),
        **dict.fromkeys(FALSE_FLAGS, False),
    }


def _summary(life: SimulatedPerson, day: int, workout: Workout, summary: Payload) -> dict[str, Any]:
    # The list of activities writes a blank where this payload has the T of ISO 8601.
    times = {key: summary[key].replace(" ", "T") + ".0" for key in ("startTimeLocal", "startTimeGMT")}
    start = started_at(life, day, workout) - EPOCH_OF_FIT
    recorded = records(life, day, workout, summary, start)
    values = {key: summary[key] for key in SUMMARY_KEYS if key in summary}
    values["minHR"] = float(min(record["heart_rate"] for record in recorded))
    if "power" in recorded[0]:
        power = [record["power"] for record in recorded]
        values["averagePower"] = round(sum(power) / len(power), 1)
        values["maxPower"] = float(max(power))
        values["minPower"] = float(min(power))
    effect = {"trainingEffect": summary["aerobicTrainingEffect"], **select(summary, EFFECTS)}
    return {**times, **values, **effect}


def _point(key: str, record: dict[str, Any], start: int) -> float:
    at = record["timestamp"] + EPOCH_OF_FIT
    if key == "directTimestamp":
        return float(at * 1000)
    if key == "sumDuration":
        return float(at - start)
    return float(record[FIELDS[key]])


def _lap(lap: dict[str, Any], summary: Payload, heart_rates: list[int], start: int) -> Payload:
    start_time = lap["start_time"] + EPOCH_OF_FIT
    seconds = lap["total_timer_time"]
    during = heart_rates[start_time - start : lap["timestamp"] + EPOCH_OF_FIT - start]
    return {
        "startTimeGMT": stamp(start_time),
        "distance": lap["total_distance"],
        "duration": seconds,
        "movingDuration": seconds,
        "elapsedDuration": lap["total_elapsed_time"],
        "averageSpeed": summary["averageSpeed"],
        "calories": round(summary["calories"] / summary["lapCount"], 1),
        "averageHR": float(lap["avg_heart_rate"]),
        "maxHR": float(max(during)),
        "lapIndex": lap["message_index"] + 1,
        "lengthDTOs": [],
        "connectIQMeasurement": [],
        "intensityType": "ACTIVE",
        "messageIndex": lap["message_index"],
    }
