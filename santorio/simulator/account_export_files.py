"""The smaller families of files in the account export of a simulated person.

They have the content of the API under other keys: a day as milliseconds or as a list of numbers, every
computation of a value, a log where the API gives its sum. Keys are those of public descriptions of real exports.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from santorio.simulator.payloads import fitness, intake, pressure, ranges
from santorio.simulator.payloads.common import DEVICE, Payload, Stamps, stamp
from santorio.simulator.person import SimulatedPerson

END_OF_TIME = 2**62
RACES = {
    "time5K": "raceTime5K",
    "time10K": "raceTime10K",
    "timeHalfMarathon": "raceTimeHalf",
    "timeMarathon": "raceTimeMarathon",
}
VO2MAX_A_MET = 3.5


def _whose(life: SimulatedPerson, day: int) -> Payload:
    return {
        "userProfilePK": life.profile,
        "deviceId": DEVICE,
        "calendarDate": life.clock.date(day).isoformat(),
        "timestamp": stamp(life.nights[day].end),
    }


def _in_ms(life: SimulatedPerson, day: int) -> Payload:
    """Whose and when, for the families that write both as milliseconds."""
    midnight = dt.datetime.combine(life.clock.date(day), dt.time(), dt.UTC)
    return _whose(life, day) | {
        "calendarDate": int(midnight.timestamp()) * 1000,
        "timestamp": life.nights[day].end * 1000,
    }


def _readiness(life: SimulatedPerson, day: int) -> list[Payload]:
    return fitness.training_readiness(life, day)


def _endurance(life: SimulatedPerson, day: int) -> list[Payload]:
    payload = fitness.endurance_score(life, day)
    kept = {
        key: payload[key]
        for key in ("overallScore", "classification", "feedbackPhrase", "primaryTrainingDevice")
    }
    return [{**_in_ms(life, day), **kept, "enduranceScoreContributor": [{"group": 1, "contribution": 100.0}]}]


def _hill(life: SimulatedPerson, day: int) -> list[Payload]:
    kept = (
        "strengthScore",
        "enduranceScore",
        "overallScore",
        "hillScoreClassificationId",
        "hillScoreFeedbackPhraseId",
    )
    payload = fitness.hill_score(life, day)
    return [{**_in_ms(life, day), **{key: payload[key] for key in kept}, "primaryTrainingDevice": True}]


def _load(life: SimulatedPerson, day: int) -> list[Payload]:
    status = fitness.training_status(life, day)["mostRecentTrainingStatus"]["latestTrainingStatusData"]
    payload = status[str(DEVICE)]["acuteTrainingLoadDTO"]
    kept = (
        "acwrStatus",
        "dailyTrainingLoadAcute",
        "dailyTrainingLoadChronic",
        "dailyAcuteChronicWorkloadRatio",
    )
    return [{**_in_ms(life, day), "acwrPercent": 50, **{key: payload[key] for key in kept}}]


def _history(life: SimulatedPerson, day: int) -> list[Payload]:
    feedback = {
        "trainingStatus": "MAINTAINING",
        "fitnessLevelTrend": "NO_CHANGE",
        "trainingStatus2FeedbackPhrase": "MAINTAINING_2",
    }
    return [{**_whose(life, day), "sport": "RUNNING", "subSport": "GENERIC", **feedback}]


def _races(life: SimulatedPerson, day: int) -> list[Payload]:
    payload = fitness.race_predictions(life, day)
    return [{**_whose(life, day), **{theirs: payload[ours] for ours, theirs in RACES.items()}}]


def _max_met(life: SimulatedPerson, day: int) -> list[Payload]:
    whose = _whose(life, day)
    return [
        {
            **whose,
            "updateTimestamp": whose["timestamp"],
            "sport": sport,
            "subSport": "GENERIC",
            "vo2MaxValue": float(round(fitness.vo2max(life, day))),
            "maxMetCategory": "GENERIC",
            "maxMet": round(fitness.vo2max(life, day) / VO2MAX_A_MET, 2),
            "calibratedData": True,
        }
        for sport in sorted(
            {workout.sport.upper() for workout in life.workouts(day)} & {"RUNNING", "CYCLING"}
        )
    ]


def _acclimation(life: SimulatedPerson, day: int) -> list[Payload]:
    return [
        {
            **_whose(life, day),
            "altitudeAcclimation": 0,
            "previousAltitudeAcclimation": 0,
            "heatAcclimationPercentage": 0,
            "previousHeatAcclimationPercentage": 0,
        }
    ]


def _drinks(life: SimulatedPerson, day: int) -> list[Payload]:
    """Make an entry of each drink of the day; the API gives their sum."""
    date = life.clock.date(day).isoformat()
    drunk = intake.hydration(life, day, END_OF_TIME)["valueInML"] or 0.0
    glasses = [250.0] * int(drunk // 250) + ([drunk % 250] if drunk % 250 else [])
    entries = []
    for number, amount in enumerate(glasses):
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
    return [
        {
            "metaData": {
                "calendarDate": _listed(reading["measurementTimestampLocal"]),
                "sequence": reading["version"],
            },
            "version": 1,
            "bloodPressure": {key: reading[key] for key in ("systolic", "diastolic", "pulse")},
        }
        for reading in pressure.readings(life, day, END_OF_TIME)
    ]


def _listed(text: str) -> list[int]:
    """Write a wall clock as a list of numbers, nanoseconds last."""
    moment = dt.datetime.fromisoformat(text)
    return [*moment.timetuple()[:6], 0]


# Folder, how the file's name begins, and what a day gives.
BY_DAYS: tuple[tuple[str, str, Callable[[SimulatedPerson, int], list[Payload]]], ...] = (
    ("Metrics", "TrainingReadinessDTO", _readiness),
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
    """Give name and content of each file about some days."""
    first, last = life.clock.date(days[0]).isoformat(), life.clock.date(days[-1]).isoformat()
    worn = [day for day in days if life.wear.night_seen(day)]
    for folder, family, make in BY_DAYS:
        name = f"DI-Connect-{folder}/{family}_{first}_{last}_{life.profile}.json"
        yield name, [entry for day in worn for entry in make(life, day)]


def of_all_days(
    life: SimulatedPerson, sessions: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, list[Payload]]]:
    """Give name and content of each file about the whole life: body, zones, records."""
    last = life.clock.days - 1
    yield f"DI-Connect-Wellness/{life.profile}_userBioMetrics.json", list(_biometrics(life))
    yield f"DI-Connect-Wellness/{life.profile}_heartRateZones.json", fitness.heart_rate_zones(life, last)
    records = [_record(record) for record in fitness.personal_records(life, last)]
    yield f"DI-Connect-Fitness/{life.profile}_personalRecord.json", [{"personalRecords": records}]
    running = [session["activityId"] for session in sessions if session["activityType"] == "running"]
    shoes = {
        "gearPk": 4_711,
        "gearTypeName": "Shoes",
        "gearStatusName": "active",
        "maximumMeters": 800_000.0,
        "dateBegin": life.clock.date(0).isoformat(),
    }
    worn = {"4711": [{"activityId": number} for number in running]}
    yield f"DI-Connect-Fitness/{life.profile}_gear.json", [{"gearDTOS": [shoes], "gearActivityDTOs": worn}]


def _biometrics(life: SimulatedPerson) -> Iterator[Payload]:
    """Make a line for every weigh-in, as the log of the profile's changes has it."""
    weighed = [day for day in range(life.clock.days) if ranges.weighed(life, day)]
    for sequence, day in enumerate(weighed, start=1):
        weigh_in = ranges.weigh_ins(life, day)["dateWeightList"][0]
        at = weigh_in["timestampGMT"] // 1000
        body = {
            key: weigh_in[key] for key in ("weight", "bmi", "bodyFat", "bodyWater", "boneMass", "muscleMass")
        }
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
