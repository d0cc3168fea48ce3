"""What Garmin works out of weeks of training: load, status, readiness, fitness, predictions, thresholds."""

import math
from typing import Any

from santorio.simulator.behaviour import Workout
from santorio.simulator.payloads.activities import activity_number, started_at
from santorio.simulator.payloads.common import DEVICE, Payload, Stamps, label_below
from santorio.simulator.person import SimulatedPerson

ACUTE_DAYS, CHRONIC_DAYS = 7, 28
TUNNEL = (0.8, 1.5)
"""The chronic load times these: between them the acute load is optimal, Garmin says."""
MAX_HEART_RATE = 186
AFTER_WAKING, AFTER_EXERCISE = "AFTER_WAKEUP_RESET", "AFTER_POST_EXERCISE_RESET"
FACTORS = ("sleepHistory", "hrv", "stressHistory", "acwr", "recoveryTime", "sleepScore")
FACTOR_LABELS = ((25, "POOR"), (50, "MODERATE"), (90, "GOOD"))
READINESS_LEVELS = ((25, "POOR"), (50, "LOW"), (75, "MODERATE"), (95, "HIGH"))
ENDURANCE_LIMITS = {
    "Intermediate": 5100,
    "Trained": 5800,
    "WellTrained": 6600,
    "Expert": 7300,
    "Superior": 8100,
    "Elite": 8800,
}
DISTANCES_M = {"time5K": 5000.0, "time10K": 10_000.0, "timeHalfMarathon": 21_097.5, "timeMarathon": 42_195.0}


def load(life: SimulatedPerson, day: int, days: int) -> float:
    """Add up the training load of the last days, the day itself included."""
    return sum(life.training_load(past) for past in range(max(day - days + 1, 0), day + 1))


def vo2max(life: SimulatedPerson, day: int) -> float:
    """Return the fitness in ml/kg/min: a little better after weeks of more training."""
    return round(46.0 + load(life, day, CHRONIC_DAYS) / 1500, 1)


def training_readiness(life: SimulatedPerson, day: int) -> list[Payload]:
    """Make `metrics-service/metrics/trainingreadiness` of a day: after waking, and after each session."""
    wake = life.nights[day].end + 600
    computed = [_readiness(life, day, wake, AFTER_WAKING)]
    for workout in life.workouts(day):
        end = life.workout_end(day, workout)
        computed.append(_readiness(life, day, end + 60, AFTER_EXERCISE))
    return computed[::-1]


def _readiness(life: SimulatedPerson, day: int, at: int, context: str) -> Payload:
    moment = Stamps(at, life.clock.offset(at))
    tired = 0.0
    if context != AFTER_WAKING:
        tired = life.training_load(day)
    score = round(min(max(life.body.sleep_score[day] * 0.9 - tired / 4, 1), 100))
    return {
        "userProfilePK": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "timestamp": moment.gmt,
        "timestampLocal": moment.local,
        "deviceId": DEVICE,
        "level": label_below(READINESS_LEVELS, score, "PRIME"),
        "feedbackLong": "MOD_RT_LOW_SS_GOOD",
        "feedbackShort": "RECOVERED_AND_READY",
        "score": score,
        "sleepScore": int(life.body.sleep_score[day]),
        **_factor("sleepScore", life.body.sleep_score[day]),
        "recoveryTime": round(tired * 6),
        **_factor("recoveryTime", 100 - tired / 4),
        **_factor("acwr", 100 - 60 * abs(_acute_over_chronic(life, day) - 1)),
        "acuteLoad": round(load(life, day, ACUTE_DAYS)),
        **_factor("stressHistory", 100 - life.body.stress_avg[max(day - 2, 0) : day + 1].mean()),
        **_factor("hrv", 100 * life.body.hrv_rmssd_ms[day] / max(_usual_hrv(life, day), 1)),
        "hrvWeeklyAverage": life.weekly_mean(life.body.hrv_rmssd_ms.tolist(), day, nights=True),
        **_factor("sleepHistory", life.body.sleep_score[max(day - 2, 0) : day + 1].mean()),
        "validSleep": life.wear.night_seen(day),
        "inputContext": context,
        "primaryActivityTracker": True,
        "recoveryTimeChangePhrase": "NO_CHANGE_SLEEP",
        **{f"{name}FactorFeedbackPhrase": None for name in FACTORS},
    }


def _factor(name: str, percent: float) -> dict[str, Any]:
    """Rate a factor of readiness, in per cent and as a label."""
    share = round(min(max(float(percent), 1.0), 100.0))
    label = label_below(FACTOR_LABELS, share, "VERY_GOOD")
    return {f"{name}FactorPercent": share, f"{name}FactorFeedback": label}


def _acute_over_chronic(life: SimulatedPerson, day: int) -> float:
    chronic = load(life, day, CHRONIC_DAYS) / 4
    if chronic == 0:
        return 1.0
    return load(life, day, ACUTE_DAYS) / chronic


def _usual_hrv(life: SimulatedPerson, day: int) -> float:
    return float(life.body.hrv_rmssd_ms[max(day - 27, 0) : day + 1].mean())


def training_status(life: SimulatedPerson, day: int) -> Payload:
    """Make `metrics-service/metrics/trainingstatus/aggregated`: fitness, load balance, acute over chronic load."""
    date = life.clock.date(day).isoformat()
    month = load(life, day, CHRONIC_DAYS)
    acute, chronic = load(life, day, ACUTE_DAYS), month / 4
    ratio = None
    if chronic:
        # One decimal place, cut off rather than rounded.
        ratio = math.floor(10 * acute / chronic) / 10
    devices = [{"deviceId": DEVICE, "deviceName": "Simulated watch", "category": 0}]
    status = {
        "calendarDate": date,
        "sinceDate": date,
        "trainingStatus": 4,
        "timestamp": life.nights[day].end * 1000,
        "deviceId": DEVICE,
        "sport": "RUNNING",
        "fitnessTrend": 2,
        "trainingStatusFeedbackPhrase": "MAINTAINING_2",
        "acuteTrainingLoadDTO": {
            "acwrStatus": "OPTIMAL",
            "dailyTrainingLoadAcute": round(acute),
            "minTrainingLoadChronic": TUNNEL[0] * chronic,
            "maxTrainingLoadChronic": TUNNEL[1] * chronic,
            "dailyTrainingLoadChronic": round(chronic),
            "dailyAcuteChronicWorkloadRatio": ratio,
        },
        "primaryTrainingDevice": True,
    }
    balance = {
        "calendarDate": date,
        "deviceId": DEVICE,
        "monthlyLoadAerobicLow": round(0.55 * month, 4),
        "monthlyLoadAerobicHigh": round(0.4 * month, 4),
        "monthlyLoadAnaerobic": round(0.05 * month, 4),
        "trainingBalanceFeedbackPhrase": "BALANCED",
        "primaryTrainingDevice": True,
    }
    return {
        "userId": life.profile,
        "mostRecentVO2Max": max_metrics(life, day),
        "mostRecentTrainingLoadBalance": {
            "userId": life.profile,
            "metricsTrainingLoadBalanceDTOMap": {str(DEVICE): balance},
            "recordedDevices": devices,
        },
        "mostRecentTrainingStatus": {
            "userId": life.profile,
            "latestTrainingStatusData": {str(DEVICE): status},
            "recordedDevices": devices,
            "showSelector": False,
            "lastPrimarySyncDate": date,
        },
    }


def max_metrics(life: SimulatedPerson, day: int) -> Payload:
    """Make an element of `metrics-service/metrics/maxmet/daily`."""
    precise = vo2max(life, day)
    return {
        "userId": life.profile,
        "generic": {
            "calendarDate": life.clock.date(day).isoformat(),
            "vo2MaxPreciseValue": precise,
            "vo2MaxValue": float(round(precise)),
            "fitnessAge": None,
            "fitnessAgeDescription": None,
            "maxMetCategory": 0,
        },
        "cycling": None,
        "heatAltitudeAcclimation": None,
    }


def endurance_score(life: SimulatedPerson, day: int) -> Payload:
    """Make `metrics-service/metrics/endurancescore`."""
    limits = {f"classificationLowerLimit{name}": limit for name, limit in ENDURANCE_LIMITS.items()}
    return {
        "userProfilePK": life.profile,
        "deviceId": DEVICE,
        "calendarDate": life.clock.date(day).isoformat(),
        "overallScore": round(4200 + 0.6 * load(life, day, CHRONIC_DAYS)),
        "classification": 2,
        "feedbackPhrase": 30,
        "primaryTrainingDevice": True,
        "gaugeLowerLimit": 3570,
        **limits,
        "gaugeUpperLimit": 10_560,
        "contributors": [{"activityTypeId": 1, "group": None, "contribution": 100.0}],
    }


def hill_score(life: SimulatedPerson, day: int) -> Payload:
    """Make an element of `metrics-service/metrics/hillscore`."""
    return {
        "userProfilePK": life.profile,
        "deviceId": DEVICE,
        "calendarDate": life.clock.date(day).isoformat(),
        "strengthScore": 12,
        "enduranceScore": round(20 + load(life, day, CHRONIC_DAYS) / 100),
        "hillScoreClassificationId": 2,
        "overallScore": round(32 + load(life, day, CHRONIC_DAYS) / 100),
        "hillScoreFeedbackPhraseId": 44,
        "vo2Max": float(round(vo2max(life, day))),
        "vo2MaxPreciseValue": vo2max(life, day),
        "primaryTrainingDevice": True,
    }


def race_predictions(life: SimulatedPerson, day: int) -> Payload:
    """Make an element of `metrics-service/metrics/racepredictions`: Riegel's formula from the fitness."""
    time_5k_s = 300 * 60 * 4 / vo2max(life, day) * 0.86
    # Riegel (1981): the time grows with the distance to the power of 1.06.
    times_s = {name: round(time_5k_s * (metres / 5000) ** 1.06) for name, metres in DISTANCES_M.items()}
    return {"userId": life.profile, "calendarDate": life.clock.date(day).isoformat(), **times_s}


def heart_rate_zones(life: SimulatedPerson, day: int) -> list[Payload]:
    """Make `biometric-service/heartRateZones`."""
    resting = int(life.body.resting_hr_bpm[day])
    reserve = MAX_HEART_RATE - resting
    # Garmin's default: the five zones begin at 50, 60, … 90 % of the heart rate reserve.
    floors = {f"zone{zone}Floor": round(resting + reserve * (zone + 4) / 10) for zone in range(1, 6)}
    return [
        {
            "trainingMethod": "HR_RESERVE",
            "restingHeartRateUsed": resting,
            "lactateThresholdHeartRateUsed": None,
            **floors,
            "maxHeartRateUsed": MAX_HEART_RATE,
            "restingHrAutoUpdateUsed": True,
            "sport": "DEFAULT",
            "changeState": "UNCHANGED",
        }
    ]


def personal_records(life: SimulatedPerson, last_day: int) -> list[Payload]:
    """Make `personalrecord-service/personalrecord/prs`: the longest run so far."""
    longest = _longest_run(life, last_day)
    if longest is None:
        return []
    day, run = longest
    start = started_at(life, day, run)
    at = Stamps(start, life.clock.offset(start))
    record: dict[str, Any] = {
        "id": 3_000_000_000 + start % 1_000_000_000,
        "typeId": 7,
        "status": "ACCEPTED",
        "activityId": activity_number(start),
        "activityName": "Running",
        "activityType": "running",
        "activityStartDateTimeInGMT": at.gmt_ms,
        "actStartDateTimeInGMTFormatted": at.gmt,
        "activityStartDateTimeLocal": at.local_ms,
        "activityStartDateTimeLocalFormatted": at.local,
        "value": round(run.minutes * 60 * 2.75, 2),
        "prStartTimeGmt": at.gmt_ms,
        "prStartTimeGmtFormatted": at.gmt,
        "prStartTimeLocal": None,
        "prStartTimeLocalFormatted": None,
        "prTypeLabelKey": None,
        "poolLengthUnit": None,
    }
    return [record]


def _longest_run(life: SimulatedPerson, last_day: int) -> tuple[int, Workout] | None:
    """Find the longest run up to a day, the latest of several that are equally long."""
    longest: tuple[int, Workout] | None = None
    for day in range(last_day + 1):
        for workout in life.workouts(day):
            if workout.sport != "running":
                continue
            if longest is None or workout.minutes >= longest[1].minutes:
                longest = (day, workout)
    return longest
