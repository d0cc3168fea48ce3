"""The smaller families of files in the account export of a simulated person.

They have the content of the API under other keys: a day as milliseconds or as a list of numbers, every
computation of a value, a log where the API gives its sum. Keys are those of public descriptions of real exports.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from santorio.simulator.payloads import fitness, intake, pressure, ranges
from santorio.simulator.payloads.common import DEVICE, Payload, Stamps, select, stamp
from santorio.simulator.person import SimulatedPerson

# No day is cut: an export has what is over.
END_OF_TIME = 2**62
RACES = {
    "time5K": "raceTime5K",
    "time10K": "raceTime10K",
    "timeHalfMarathon": "raceTimeHalf",
    "timeMarathon": "raceTimeMarathon",
}
# One metabolic equivalent is an oxygen uptake of 3.5 ml/kg/min.
VO2MAX_A_MET = 3.5
# Keys of the API's payloads that the export has too.
ENDURANCE_KEYS = ("overallScore", "classification", "feedbackPhrase", "primaryTrainingDevice")
HILL_KEYS = (
    "strengthScore",
    "enduranceScore",
    "overallScore",
    "hillScoreClassificationId",
    "hillScoreFeedbackPhraseId",
)
LOAD_KEYS = (
    "acwrStatus",
    "dailyTrainingLoadAcute",
    "dailyTrainingLoadChronic",
    "dailyAcuteChronicWorkloadRatio",
)
BODY_KEYS = ("weight", "bmi", "bodyFat", "bodyWater", "boneMass", "muscleMass")


def _head(life: SimulatedPerson, day: int) -> Payload:
    """Make the keys that open most entries: the person, the device, and when, as text."""
    return {
        "userProfilePK": life.profile,
        "deviceId": DEVICE,
        "calendarDate": life.clock.date(day).isoformat(),
        "timestamp": stamp(life.nights[day].end),
    }


def _head_in_ms(life: SimulatedPerson, day: int) -> Payload:
    """Make the same keys for the families that write date and instant as epoch milliseconds."""
    midnight = dt.datetime.combine(life.clock.date(day), dt.time(), dt.UTC)
    return _head(life, day) | {
        "calendarDate": int(midnight.timestamp()) * 1000,
        "timestamp": life.nights[day].end * 1000,
    }


def _endurance(life: SimulatedPerson, day: int) -> list[Payload]:
    entry = _head_in_ms(life, day) | select(fitness.endurance_score(life, day), ENDURANCE_KEYS)
    entry["enduranceScoreContributor"] = [{"group": 1, "contribution": 100.0}]
    return [entry]


def _hill(life: SimulatedPerson, day: int) -> list[Payload]:
    entry = _head_in_ms(life, day) | select(fitness.hill_score(life, day), HILL_KEYS)
    entry["primaryTrainingDevice"] = True
    return [entry]


def _load(life: SimulatedPerson, day: int) -> list[Payload]:
    status = fitness.training_status(life, day)["mostRecentTrainingStatus"]["latestTrainingStatusData"]
    payload = status[str(DEVICE)]["acuteTrainingLoadDTO"]
    return [{**_head_in_ms(life, day), "acwrPercent": 50, **select(payload, LOAD_KEYS)}]


def _history(life: SimulatedPerson, day: int) -> list[Payload]:
    feedback = {
        "trainingStatus": "MAINTAINING",
        "fitnessLevelTrend": "NO_CHANGE",
        "trainingStatus2FeedbackPhrase": "MAINTAINING_2",
    }
    return [{**_head(life, day), "sport": "RUNNING", "subSport": "GENERIC", **feedback}]


def _races(life: SimulatedPerson, day: int) -> list[Payload]:
    payload = fitness.race_predictions(life, day)
    times = {export_key: payload[key] for key, export_key in RACES.items()}
    return [{**_head(life, day), **times}]


def _max_met(life: SimulatedPerson, day: int) -> list[Payload]:
    """Make an entry for each sport of the day that a fitness is computed from."""
    head = _head(life, day)
    head["updateTimestamp"] = head["timestamp"]
    vo2max = fitness.vo2max(life, day)
    values = {
        "subSport": "GENERIC",
        "vo2MaxValue": float(round(vo2max)),
        "maxMetCategory": "GENERIC",
        "maxMet": round(vo2max / VO2MAX_A_MET, 2),
        "calibratedData": True,
    }
    sports = {workout.sport.upper() for workout in life.workouts(day)}
    return [{**head, "sport": sport, **values} for sport in sorted(sports & {"RUNNING", "CYCLING"})]


def _acclimation(life: SimulatedPerson, day: int) -> list[Payload]:
    return [
        {
            **_head(life, day),
            "altitudeAcclimation": 0,
            "previousAltitudeAcclimation": 0,
            "heatAcclimationPercentage": 0,
            "previousHeatAcclimationPercentage": 0,
        }
    ]


def _drinks(life: SimulatedPerson, day: int) -> list[Payload]:
    """Make an entry of each drink of the day; the API gives their sum."""
    date = life.clock.date(day).isoformat()
    total_ml = intake.hydration(life, day, END_OF_TIME)["valueInML"] or 0.0
    # In glasses of 250 ml, the last of which has the rest.
    glasses_ml = [250.0] * int(total_ml // 250)
    if total_ml % 250:
        glasses_ml.append(total_ml % 250)
    entries = []
    for number, amount in enumerate(glasses_ml):
        # From 8 o'clock on, one every 40 minutes.
        at = life.clock.instant(day, 480) + 2400 * number
        moment = Stamps(at, life.clock.offset(at))
        entries.append(
            {
                "userProfilePK": life.profile,
                "calendarDate": date,
                "persistedTimestampGMT": moment.gmt,
                "timestampLocal": moment.local,
                "hydrationSource": "GARMIN_GCM",
                "valueInML": amount,
                "capped": False,
                "uuid": {"uuid": f"{life.profile:08x}-0000-4000-8000-{at:012x}"},
            }
        )
    return entries


def _pressures(life: SimulatedPerson, day: int) -> list[Payload]:
    entries = []
    for reading in pressure.readings(life, day, END_OF_TIME):
        taken_at = _date_as_list(reading["measurementTimestampLocal"])
        entries.append(
            {
                "metaData": {"calendarDate": taken_at, "sequence": reading["version"]},
                "version": 1,
                "bloodPressure": select(reading, ("systolic", "diastolic", "pulse")),
            }
        )
    return entries


def _date_as_list(text: str) -> list[int]:
    """Write a wall clock as a list of numbers, nanoseconds last."""
    moment = dt.datetime.fromisoformat(text)
    return [*moment.timetuple()[:6], 0]


# Folder, how the file's name begins, and the function that makes the entries of a day.
BY_DAYS: tuple[tuple[str, str, Callable[[SimulatedPerson, int], list[Payload]]], ...] = (
    ("Metrics", "TrainingReadinessDTO", fitness.training_readiness),
    ("Metrics", "EnduranceScore", _endurance),
    ("Metrics", "HillScore", _hill),
    ("Metrics", "MetricsAcuteTrainingLoad", _load),
    ("Metrics", "TrainingHistory", _history),
    ("Metrics", "RunRacePredictions", _races),
    ("Metrics", "MetricsMaxMetData", _max_met),
    ("Metrics", "MetricsHeatAltitudeAcclimation", _acclimation),
    ("Aggregator", "HydrationLogFile", _drinks),
    ("Wellness", "BloodPressureFile", _pressures),
)


def families(life: SimulatedPerson, days: range) -> Iterator[tuple[str, list[Payload]]]:
    """Make name and content of each file about some days."""
    first, last = life.clock.date(days[0]).isoformat(), life.clock.date(days[-1]).isoformat()
    worn_days = [day for day in days if life.wear.night_seen(day)]
    for folder, family, make in BY_DAYS:
        entries: list[Payload] = []
        for day in worn_days:
            entries += make(life, day)
        yield f"DI-Connect-{folder}/{family}_{first}_{last}_{life.profile}.json", entries


def of_all_days(
    life: SimulatedPerson, sessions: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, list[Payload]]]:
    """Make name and content of each file about the complete life: body, zones, records, gear."""
    last = life.clock.days - 1
    yield f"DI-Connect-Wellness/{life.profile}_userBioMetrics.json", list(_biometrics(life))
    yield f"DI-Connect-Wellness/{life.profile}_heartRateZones.json", fitness.heart_rate_zones(life, last)
    records = [_record(record) for record in fitness.personal_records(life, last)]
    yield f"DI-Connect-Fitness/{life.profile}_personalRecord.json", [{"personalRecords": records}]
    runs = [
        {"activityId": session["activityId"]} for session in sessions if session["activityType"] == "running"
    ]
    shoes = {
        "gearPk": 4_711,
        "gearTypeName": "Shoes",
        "gearStatusName": "active",
        "maximumMeters": 800_000.0,
        "dateBegin": life.clock.date(0).isoformat(),
    }
    gear = {"gearDTOS": [shoes], "gearActivityDTOs": {"4711": runs}}
    yield f"DI-Connect-Fitness/{life.profile}_gear.json", [gear]


def _biometrics(life: SimulatedPerson) -> Iterator[Payload]:
    """Make a line for every weigh-in, as the log of the profile's changes has it."""
    days = [day for day in range(life.clock.days) if ranges.weighed(life, day)]
    for sequence, day in enumerate(days, start=1):
        weigh_in = ranges.weigh_ins(life, day)["dateWeightList"][0]
        at = weigh_in["timestampGMT"] // 1000
        body = select(weigh_in, BODY_KEYS)
        yield {
            "metaData": {"calendarDate": stamp(at + life.clock.offset(at)), "sequence": sequence},
            "version": sequence,
            "weight": {**body, "sourceType": "INDEX_SCALE", "timestampGMT": stamp(at)},
        }


def _record(record: Payload) -> Payload:
    start = record["prStartTimeGmt"] // 1000
    return {
        "personalRecordId": record["id"],
        "activityId": record["activityId"],
        "personalRecordType": "Farthest Run",
        "value": record["value"],
        "prStartTimeGMT": stamp(start, form="%a %b %d %H:%M:%S GMT %Y"),
        "createdDate": stamp(start),
        "current": True,
    }
