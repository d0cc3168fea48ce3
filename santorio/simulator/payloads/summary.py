"""The daily summary: the whole day in one object, and all of it taken from the day's samples."""

from typing import Any

import numpy as np

from santorio.simulator.intraday import NO_MEASUREMENT, NOT_MEASURED, STRESS_EVERY, TOO_ACTIVE, Trace
from santorio.simulator.payloads.common import DEVICE, Payload, Stamps, nulled, select, stamp
from santorio.simulator.payloads.heart_rate_stress import BATTERY_VERSION
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

BASAL_KCAL = 1740.0
METRES_A_STEP = 0.76
# Garmin counts ten feet as a floor.
METRES_A_FLOOR = 3.048
# Garmin's ranges of stress: rest, low, medium, high.
STRESS_RANGES = ((0, 25), (26, 50), (51, 75), (76, 100))
STEP_GOAL = 8000
ALWAYS_PRESENT = ("userProfileId", "userDailySummaryId", "calendarDate", "rule", "uuid", "privacyProtected")


def daily_summary(life: SimulatedPerson, day: int, trace: Trace, *, until: int | None = None) -> Payload:
    """Make `usersummary-service/usersummary/daily`, of the day so far if `until` is given."""
    start, end = life.clock.bounds(day)
    end = min(end, until or end)
    payload: Payload = {}
    payload |= _energy(life, day, share=_share_of_day(life, day, end))
    payload |= _identity(life, day)
    payload |= _span(life, start, end)
    payload |= _movement(life, day, end)
    payload |= _heart(life, day, trace)
    payload |= _stress(trace)
    payload |= _measurable(trace, life, day)
    payload |= _battery(life, day, trace)
    payload |= _rest(life, day, end)
    return payload


def without_measurements(payload: Payload) -> Payload:
    """Empty a summary as Garmin does for a day without the watch."""
    keep = select(payload, ALWAYS_PRESENT)
    for key in payload:
        if key.startswith("includes"):
            keep[key] = False
    return nulled(payload, keep)


def _share_of_day(life: SimulatedPerson, day: int, instant: int) -> float:
    """How much of the waking day has passed."""
    wakes = life.nights[day].end
    end = life.clock.bounds(day)[1]
    return min(max((instant - wakes) / (end - wakes), 0.0), 1.0)


def _energy(life: SimulatedPerson, day: int, *, share: float) -> dict[str, Any]:
    steps = int(life.body.steps[day] * share)
    load = life.training_load(day) * share
    active = float(round(0.035 * steps + 3.5 * load))
    basal = float(round(BASAL_KCAL * share))
    metres = round(steps * METRES_A_STEP)
    return {
        "userProfileId": life.profile,
        "totalKilocalories": active + basal,
        "activeKilocalories": active,
        "bmrKilocalories": basal,
        "wellnessKilocalories": active + basal,
        "burnedKilocalories": None,
        "consumedKilocalories": None,
        "remainingKilocalories": None,
        "totalSteps": steps,
        "netCalorieGoal": None,
        "totalDistanceMeters": metres,
        "wellnessDistanceMeters": metres,
        "wellnessActiveKilocalories": active,
        "netRemainingKilocalories": active,
    }


def _identity(life: SimulatedPerson, day: int) -> dict[str, Any]:
    return {
        "userDailySummaryId": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        "rule": {"typeId": 2, "typeKey": "private"},
        "uuid": stream(life.seed, "summary id", day).bytes(16).hex(),
        "dailyStepGoal": STEP_GOAL,
    }


def _span(life: SimulatedPerson, start: int, end: int) -> dict[str, Any]:
    first, last = Stamps(start, life.clock.offset(start)), Stamps(end, life.clock.offset(end))
    return {
        "wellnessStartTimeGmt": first.gmt,
        "wellnessStartTimeLocal": first.local,
        "wellnessEndTimeGmt": last.gmt,
        "wellnessEndTimeLocal": last.local,
        "durationInMilliseconds": (end - start) * 1000,
        "wellnessDescription": None,
    }


def _movement(life: SimulatedPerson, day: int, end: int) -> dict[str, Any]:
    rng = stream(life.seed, "movement", day)
    training_s = 60 * life.training_minutes(day)
    share = _share_of_day(life, day, end)
    highly = int((training_s + int(rng.integers(200, 900))) * share)
    active = int(rng.integers(3000, 7000) * share)
    day_start = life.clock.bounds(day)[0]
    night = life.nights[day]
    # The part of the night that lies within the day.
    asleep = max(0, min(end, night.end) - max(day_start, night.start))
    awake = end - day_start - asleep
    climbs_m = rng.uniform(10.0, 75.0, 2).tolist()
    up, down = round(climbs_m[0] * share, 3), round(climbs_m[1] * share, 3)
    return {
        "highlyActiveSeconds": highly,
        "activeSeconds": active,
        "sedentarySeconds": max(awake - highly - active, 0),
        "sleepingSeconds": asleep,
        "includesWellnessData": True,
        "includesActivityData": bool(life.workouts(day)),
        "includesCalorieConsumedData": False,
        "privacyProtected": False,
        "moderateIntensityMinutes": int(training_s * 0.35 * share / 60),
        "vigorousIntensityMinutes": int(training_s * 0.55 * share / 60),
        "floorsAscendedInMeters": up,
        "floorsDescendedInMeters": down,
        "floorsAscended": round(up / METRES_A_FLOOR, 5),
        "floorsDescended": round(down / METRES_A_FLOOR, 5),
        "intensityMinutesGoal": 150,
        "userFloorsAscendedGoal": 10,
    }


def _heart(life: SimulatedPerson, day: int, trace: Trace) -> dict[str, Any]:
    beats = trace.heart_rate_bpm[trace.heart_rate_bpm > 0]
    resting = life.body.resting_hr_bpm.tolist()
    return {
        "minHeartRate": int(beats.min()),
        "maxHeartRate": int(beats.max()),
        "restingHeartRate": resting[day],
        "lastSevenDaysAvgRestingHeartRate": life.weekly_mean(resting, day, nights=False),
        "source": "GARMIN",
    }


def _stress(trace: Trace) -> dict[str, Any]:
    measured = trace.stress[trace.stress >= 0]
    counts = [int(((measured >= low) & (measured <= high)).sum()) for low, high in STRESS_RANGES]
    rest_s, low_s, medium_s, high_s = (STRESS_EVERY * count for count in counts)
    active_s = STRESS_EVERY * int((trace.stress == TOO_ACTIVE).sum())
    unknown_s = STRESS_EVERY * int((trace.stress == NO_MEASUREMENT).sum())
    stressed_s = low_s + medium_s + high_s
    total_s = rest_s + stressed_s + active_s + unknown_s
    qualifier = "BALANCED" if measured.mean() < 36 else "STRESSFUL"

    def percent(seconds: int) -> float:
        return round(100 * seconds / total_s, 2)

    return {
        "averageStressLevel": round(float(measured.mean())),
        "maxStressLevel": int(measured.max()),
        "stressDuration": stressed_s,
        "restStressDuration": rest_s,
        "activityStressDuration": active_s,
        "uncategorizedStressDuration": unknown_s,
        "totalStressDuration": total_s,
        "lowStressDuration": low_s,
        "mediumStressDuration": medium_s,
        "highStressDuration": high_s,
        "stressPercentage": percent(stressed_s),
        "restStressPercentage": percent(rest_s),
        "activityStressPercentage": percent(active_s),
        "uncategorizedStressPercentage": percent(unknown_s),
        "lowStressPercentage": percent(low_s),
        "mediumStressPercentage": percent(medium_s),
        "highStressPercentage": percent(high_s),
        "stressQualifier": qualifier,
    }


def _measurable(trace: Trace, life: SimulatedPerson, day: int) -> dict[str, Any]:
    measured_at = trace.stress_at[trace.stress >= 0]
    asleep = np.zeros(len(measured_at), dtype=bool)
    for night in life.nights[day : day + 2]:
        asleep |= (measured_at >= night.start) & (measured_at < night.end)
    beats = trace.heart_rate_bpm[trace.heart_rate_bpm > 0]
    return {
        "measurableAwakeDuration": STRESS_EVERY * int((~asleep).sum()),
        "measurableAsleepDuration": STRESS_EVERY * int(asleep.sum()),
        "lastSyncTimestampGMT": None,
        "minAvgHeartRate": int(beats.min()) + 1,
        "maxAvgHeartRate": int(beats.max()) - 1,
    }


def _battery(life: SimulatedPerson, day: int, trace: Trace) -> dict[str, Any]:
    levels = trace.battery[trace.battery_status != NOT_MEASURED]
    change = np.diff(levels)
    # The battery was lowest on the evening before; the first day has no evening before it.
    eve = max(day - 1, 0)
    return {
        "bodyBatteryChargedValue": int(change[change > 0].sum()),
        "bodyBatteryDrainedValue": int(-change[change < 0].sum()),
        "bodyBatteryHighestValue": int(levels.max()),
        "bodyBatteryLowestValue": int(levels.min()),
        "bodyBatteryMostRecentValue": int(levels[-1]),
        "bodyBatteryDuringSleep": int(life.body.body_battery_high[day] - life.body.body_battery_low[eve]),
        "bodyBatteryAtWakeTime": int(life.body.body_battery_high[day]),
        "bodyBatteryVersion": BATTERY_VERSION,
    }


def _rest(life: SimulatedPerson, day: int, end: int) -> dict[str, Any]:
    night = life.nights[day]
    latest = Stamps(end, life.clock.offset(end))
    moment = "%Y-%m-%dT%H:%M:%S"
    level = "HIGH" if life.body.body_battery_high[day] >= 75 else "MODERATE"
    feedback = {
        "eventTimestampGmt": stamp(night.end, form=moment),
        "bodyBatteryLevel": level,
        "feedbackShortType": "SLEEP_TIME_PASSED_RECOVERING_AND_INACTIVE",
        "feedbackLongType": "SLEEP_TIME_PASSED_RECOVERING_AND_INACTIVE",
    }
    return {
        "abnormalHeartRateAlertsCount": None,
        "averageSpo2": None,
        "lowestSpo2": None,
        "latestSpo2": None,
        "latestSpo2ReadingTimeGmt": None,
        "latestSpo2ReadingTimeLocal": None,
        "averageMonitoringEnvironmentAltitude": 38.0,
        # About 1 kcal a minute.
        "restingCaloriesFromActivity": float(life.training_minutes(day)),
        "bodyBatteryDynamicFeedbackEvent": feedback,
        "endOfDayBodyBatteryDynamicFeedbackEvent": feedback,
        "bodyBatteryActivityEventList": [_sleep_event(life, day)],
        "avgWakingRespirationValue": 14.0,
        "highestRespirationValue": 21.0,
        "lowestRespirationValue": night.average_respiration - 4.0,
        "latestRespirationValue": 15.0,
        "latestRespirationTimeGMT": latest.gmt,
        "respirationAlgorithmVersion": 200,
    }


def _sleep_event(life: SimulatedPerson, day: int) -> dict[str, Any]:
    night = life.nights[day]
    moment = "%Y-%m-%dT%H:%M:%S"
    eve = max(day - 1, 0)
    return {
        "eventType": "SLEEP",
        "eventStartTimeGmt": stamp(night.start, form=moment),
        "timezoneOffset": life.clock.offset(night.start) * 1000,
        "durationInMilliseconds": (night.end - night.start) * 1000,
        "bodyBatteryImpact": int(life.body.body_battery_high[day] - life.body.body_battery_low[eve]),
        "feedbackType": "NONE",
        "shortFeedback": "NONE",
        "deviceId": DEVICE,
        "activityName": None,
        "activityType": None,
        "activityId": None,
        "eventUpdateTimeGmt": stamp(night.end + 112, form=moment),
    }
