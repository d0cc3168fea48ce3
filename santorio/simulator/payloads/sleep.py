"""The night: sleep with its stages, and heart rate variability."""

from typing import Any

from santorio.simulator.payloads.common import (
    DEVICE,
    Payload,
    Stamps,
    label_below,
    nulled,
    select,
    stamp,
)
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.sleep import AWAKE, DEEP, LIGHT, REM, Night

SLEEP_NEED_MIN = 460
SCORE_LABELS = ((60, "POOR"), (80, "FAIR"), (90, "GOOD"))
# Bounds of the person's HRV status in ms: below the first it is low, between the last two balanced.
HRV_LOW, HRV_BALANCED, HRV_HIGH = 47, 51, 64
HRV_LABELS = ((HRV_LOW, "LOW"), (HRV_BALANCED, "UNBALANCED"), (HRV_HIGH + 1, "BALANCED"))


def sleep(life: SimulatedPerson, day: int) -> Payload:
    """Make `sleep-service/sleep/dailySleepData` of the night that ends on the day."""
    night = life.nights[day]
    stages = []
    for start, end, stage in night.stages:
        stages.append({"startGMT": stamp(start), "endGMT": stamp(end), "activityLevel": float(stage)})
    return {
        "dailySleepDTO": _summary(life, day, night),
        "sleepMovement": None,
        "remSleepData": True,
        "sleepLevels": stages,
        "wellnessSpO2SleepSummaryDTO": {
            "userProfilePk": life.profile,
            "deviceId": DEVICE,
            # The watch measures from four minutes after falling asleep to two before waking.
            "sleepMeasurementStartGMT": stamp(night.start + 240),
            "sleepMeasurementEndGMT": stamp(night.end - 120),
            "alertThresholdValue": None,
            "numberOfEventsBelowThreshold": None,
            "durationOfEventsBelowThreshold": None,
            "averageSPO2": night.average_spo2,
            "averageSpO2HR": float(life.body.resting_hr_bpm[day] + 2),
            "lowestSPO2": night.lowest_spo2,
        },
        "skinTempDataExists": True,
        "avgSkinTempDeviationC": night.skin_deviation_c,
        "avgSkinTempDeviationF": round(night.skin_deviation_c * 1.8, 1),
        "bodyBatteryChange": _battery_change(life, day),
        "skinTempCalibrationDays": 19,
        "restingHeartRate": int(life.body.resting_hr_bpm[day]),
    }


def without_sleep(life: SimulatedPerson, day: int) -> Payload:
    """Make the same payload of a night that the watch did not see: an object full of nulls."""
    keys = select(_summary(life, day, life.nights[day]), _KEYS_WITHOUT_SLEEP)
    keep = {
        "userProfilePK": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "deviceRemCapable": False,
        "retro": False,
    }
    return {
        "dailySleepDTO": nulled(keys, keep),
        "sleepMovement": [],
        "remSleepData": None,
        "sleepLevels": [],
    }


def hrv(life: SimulatedPerson, day: int) -> Payload:
    """Make `hrv-service/hrv`: the night's summary and its readings."""
    night, clock = life.nights[day], life.clock
    start, end = Stamps(night.start, clock.offset(night.start)), Stamps(night.end, clock.offset(night.end))
    last = Stamps(night.hrv_instants[-1], clock.offset(night.hrv_instants[-1]))
    readings: list[dict[str, Any]] = []
    for at, value in zip(night.hrv_instants, night.hrv_ms, strict=True):
        local = stamp(at + clock.offset(at))
        readings.append({"hrvValue": value, "readingTimeGMT": stamp(at), "readingTimeLocal": local})
    return {
        "userProfilePk": life.profile,
        "hrvSummary": _hrv_summary(life, day, night),
        "hrvReadings": readings,
        "startTimestampGMT": start.gmt,
        # The series ends with its last reading, some minutes before the night does.
        "endTimestampGMT": last.gmt,
        "startTimestampLocal": start.local,
        "endTimestampLocal": last.local,
        "sleepStartTimestampGMT": start.gmt,
        "sleepEndTimestampGMT": end.gmt,
        "sleepStartTimestampLocal": start.local,
        "sleepEndTimestampLocal": end.local,
    }


def _summary(life: SimulatedPerson, day: int, night: Night) -> dict[str, Any]:
    start = Stamps(night.start, life.clock.offset(night.start))
    end = Stamps(night.end, life.clock.offset(night.end))
    feedback = "NEGATIVE_LIGHT"
    if life.body.sleep_score[day] >= 80:
        feedback = "POSITIVE_REFRESHING"
    return {
        "id": start.gmt_ms,
        "userProfilePK": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "sleepTimeSeconds": night.seconds_asleep,
        "napTimeSeconds": 0,
        "sleepWindowConfirmed": True,
        "sleepWindowConfirmationType": "enhanced_confirmed_final",
        "sleepStartTimestampGMT": start.gmt_ms,
        "sleepEndTimestampGMT": end.gmt_ms,
        "sleepStartTimestampLocal": start.local_ms,
        "sleepEndTimestampLocal": end.local_ms,
        "autoSleepStartTimestampGMT": None,
        "autoSleepEndTimestampGMT": None,
        "sleepQualityTypePK": None,
        "sleepResultTypePK": None,
        "unmeasurableSleepSeconds": 0,
        "deepSleepSeconds": night.seconds(DEEP),
        "lightSleepSeconds": night.seconds(LIGHT),
        "remSleepSeconds": night.seconds(REM),
        "awakeSleepSeconds": night.seconds(AWAKE),
        "deviceRemCapable": True,
        "retro": False,
        "sleepFromDevice": True,
        "averageSpO2Value": night.average_spo2,
        "lowestSpO2Value": night.lowest_spo2,
        "highestSpO2Value": 100,
        "averageSpO2HRSleep": float(life.body.resting_hr_bpm[day] + 2),
        "averageRespirationValue": night.average_respiration,
        "lowestRespirationValue": night.average_respiration - 4.0,
        "highestRespirationValue": night.average_respiration + 5.0,
        "awakeCount": sum(stage == AWAKE for _, _, stage in night.stages),
        "avgSleepStress": night.sleep_stress,
        "ageGroup": "ADULT",
        "sleepScoreFeedback": feedback,
        "sleepScoreInsight": "NONE",
        "sleepScorePersonalizedInsight": "NOT_AVAILABLE",
        "sleepScores": _scores(life, day, night),
        "sleepVersion": 2,
        "sleepNeed": _need(life, day, night.start - 7200),
        "nextSleepNeed": _need(life, day + 1, night.end + 900),
        "breathingDisruptionSeverity": "NONE",
    }


_KEYS_WITHOUT_SLEEP = (
    "id",
    "userProfilePK",
    "calendarDate",
    "sleepTimeSeconds",
    "napTimeSeconds",
    "sleepWindowConfirmed",
    "sleepWindowConfirmationType",
    "sleepStartTimestampGMT",
    "sleepEndTimestampGMT",
    "sleepStartTimestampLocal",
    "sleepEndTimestampLocal",
    "autoSleepStartTimestampGMT",
    "autoSleepEndTimestampGMT",
    "sleepQualityTypePK",
    "sleepResultTypePK",
    "unmeasurableSleepSeconds",
    "deepSleepSeconds",
    "lightSleepSeconds",
    "remSleepSeconds",
    "awakeSleepSeconds",
    "deviceRemCapable",
    "retro",
)
"""Keys of the summary that Garmin still lists when it has no sleep for a date."""


def _scores(life: SimulatedPerson, day: int, night: Night) -> dict[str, Any]:
    asleep = night.seconds_asleep
    duration = "GOOD" if asleep >= 25200 else "FAIR"
    score = int(life.body.sleep_score[day])

    def share(stage: int, low: float, high: float) -> dict[str, Any]:
        percent = round(100 * night.seconds(stage) / asleep)
        quality = "EXCELLENT" if low <= percent <= high else "FAIR"
        return {
            "value": percent,
            "qualifierKey": quality,
            "optimalStart": low,
            "optimalEnd": high,
            "idealStartInSeconds": round(low * asleep / 100, 2),
            "idealEndInSeconds": round(high * asleep / 100, 2),
        }

    return {
        "totalDuration": {
            "qualifierKey": duration,
            "optimalStart": 28200.0,
            "optimalEnd": 28200.0,
        },
        "stress": {"qualifierKey": "FAIR", "optimalStart": 0.0, "optimalEnd": 15.0},
        "awakeCount": {"qualifierKey": "GOOD", "optimalStart": 0.0, "optimalEnd": 1.0},
        "overall": {"value": score, "qualifierKey": label_below(SCORE_LABELS, score, "EXCELLENT")},
        "remPercentage": share(REM, 21.0, 31.0),
        "restlessness": {"qualifierKey": "GOOD", "optimalStart": 0.0, "optimalEnd": 5.0},
        "lightPercentage": share(LIGHT, 30.0, 64.0),
        "deepPercentage": share(DEEP, 16.0, 33.0),
    }


def _need(life: SimulatedPerson, day: int, at: int) -> dict[str, Any]:
    return {
        "userProfilePk": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "deviceId": DEVICE,
        "timestampGmt": stamp(at, form="%Y-%m-%dT%H:%M:%S"),
        "baseline": SLEEP_NEED_MIN,
        "actual": SLEEP_NEED_MIN,
        "feedback": "NO_CHANGE_NO_ADJUSTMENTS",
        "trainingFeedback": "NO_CHANGE",
        "sleepHistoryAdjustment": "NO_CHANGE",
        "hrvAdjustment": "NO_CHANGE",
        "napAdjustment": "NO_CHANGE",
        "displayedForTheDay": False,
        "preferredActivityTracker": True,
    }


def _hrv_summary(life: SimulatedPerson, day: int, night: Night) -> dict[str, Any]:
    weekly = life.weekly_mean(life.body.hrv_rmssd_ms.tolist(), day, nights=True)
    status = label_below(HRV_LABELS, weekly, "UNBALANCED")
    # Where the week lies on Garmin's gauge: a quarter is the lower bound, three quarters the upper one.
    marker = (weekly - HRV_LOW) / (HRV_HIGH - HRV_LOW) / 2 + 0.25
    return {
        "calendarDate": life.clock.date(day).isoformat(),
        "weeklyAvg": weekly,
        "lastNightAvg": int(life.body.hrv_rmssd_ms[day]),
        "lastNight5MinHigh": max(night.hrv_ms),
        "baseline": {
            "lowUpper": HRV_LOW,
            "balancedLow": HRV_BALANCED,
            "balancedUpper": HRV_HIGH,
            "markerValue": round(marker, 6),
        },
        "status": status,
        "feedbackPhrase": f"HRV_{status}_8",
        "createTimeStamp": stamp(night.end + 210, form="%Y-%m-%dT%H:%M:%S.512"),
    }


def _battery_change(life: SimulatedPerson, day: int) -> int:
    eve = max(day - 1, 0)
    return int(life.body.body_battery_high[day] - life.body.body_battery_low[eve])
