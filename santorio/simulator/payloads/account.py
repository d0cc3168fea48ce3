"""The account itself: who the person is, what they set, and their watch."""

import datetime as dt
from typing import Any

from santorio.simulator.payloads.common import DEVICE, Payload
from santorio.simulator.payloads.fitness import vo2max
from santorio.simulator.payloads.ranges import HEIGHT_M, weighed
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

BIRTH_DATE = dt.date(1988, 5, 4)
WATCH = "Simulated watch"
BED_S, RISE_S = 23 * 3600, 7 * 3600
WEEK = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")


def is_woman(life: SimulatedPerson) -> bool:
    """Whether the account is a woman's."""
    return bool(stream(life.seed, "gender").random() < 0.5)


def user_settings(life: SimulatedPerson, day: int) -> Payload:
    """Make `userprofile-service/userprofile/user-settings`, as it stands on a day."""
    window = {"startSleepTimeSecondsFromMidnight": BED_S, "endSleepTimeSecondsFromMidnight": RISE_S}
    windows = [{"sleepWindowFrequency": name, **window} for name in (*WEEK, "DAILY")]
    return {
        "id": life.profile,
        "userData": {**_body(life, day), **_display(), **_capabilities(life, day)},
        "userSleep": {
            "sleepTime": BED_S,
            "defaultSleepTime": False,
            "wakeTime": RISE_S,
            "defaultWakeTime": False,
        },
        "connectDate": None,
        "sourceType": None,
        "userSleepWindows": windows,
    }


def devices(life: SimulatedPerson, synced: int) -> list[Payload]:
    """Make `device-service/deviceregistration/devices`: one watch, last synced at an instant."""
    registered = dt.datetime.combine(life.clock.first_day, dt.time(), dt.UTC)
    return [
        {
            "appSupport": True,
            "applicationKey": "simulatedwatch",
            "deviceTypePk": 37_000,
            "deviceCategories": ["FITNESS", "WELLNESS", "OUTDOOR"],
            "deviceId": DEVICE,
            "unitId": DEVICE,
            "serialNumber": "SIMULATED1",
            "userProfilePk": life.profile,
            "displayName": WATCH,
            "productDisplayName": WATCH,
            "partNumber": "006-B0000-00",
            "productSku": "010-00000-00",
            "actualProductSku": "010-00000-00",
            "currentFirmwareVersion": "20.26",
            "currentFirmwareVersionMajor": 20,
            "currentFirmwareVersionMinor": 26,
            "deviceStatus": "active",
            "registeredDate": int(registered.timestamp()) * 1000,
            "lastUsed": synced * 1000,
            "primary": True,
            "activeInd": 1,
            "hybrid": False,
            "wifi": True,
        }
    ]


def last_used(life: SimulatedPerson, synced: int) -> Payload:
    """Make `device-service/deviceservice/mylastused`: when the watch was last synced."""
    return {
        "userDeviceId": DEVICE,
        "userProfileNumber": life.profile,
        "applicationNumber": 37_000,
        "lastUsedDeviceApplicationKey": "simulatedwatch",
        "lastUsedDeviceName": WATCH,
        "lastUsedDeviceUploadTime": synced * 1000,
        "imageUrl": None,
        "released": True,
    }


def _body(life: SimulatedPerson, day: int) -> dict[str, Any]:
    """Make gender, height, birthday, and the weight of the latest weigh-in."""
    gender = "FEMALE" if is_woman(life) else "MALE"
    weighed_day = _last_weigh_in(life, day)
    return {
        "gender": gender,
        # Garmin states weights in grams, and heights in centimetres.
        "weight": float(life.body.weight_kg[weighed_day]) * 1000.0,
        "height": 100 * HEIGHT_M,
        "timeFormat": "time_twenty_four_hr",
        "birthDate": BIRTH_DATE.isoformat(),
        "measurementSystem": "metric",
        "activityLevel": None,
        "handedness": "RIGHT",
    }


def _last_weigh_in(life: SimulatedPerson, day: int) -> int:
    """Return the last day with a weigh-in up to a day; that day itself before the first one."""
    for past in range(day, -1, -1):
        if weighed(life, past):
            return past
    return day


def _display() -> dict[str, Any]:
    return {
        "powerFormat": _format(30, "watt", grouping=True),
        "heartRateFormat": _format(21, "bpm", grouping=False),
        "firstDayOfWeek": {"dayId": 3, "dayName": "monday", "sortOrder": 3, "isPossibleFirstDay": True},
    }


def _format(number: int, key: str, *, grouping: bool) -> dict[str, Any]:
    digits = {"minFraction": 0, "maxFraction": 0}
    return {"formatId": number, "formatKey": key, **digits, "groupingUsed": grouping, "displayFormat": None}


def _capabilities(life: SimulatedPerson, day: int) -> dict[str, Any]:
    return {
        "vo2MaxRunning": float(round(vo2max(life, day))),
        "vo2MaxCycling": None,
        "lactateThresholdSpeed": None,
        "lactateThresholdHeartRate": None,
        "diveNumber": None,
        "intensityMinutesCalcMethod": "AUTO",
        "moderateIntensityMinutesHrZone": 3,
        "vigorousIntensityMinutesHrZone": 4,
        "hydrationMeasurementUnit": "milliliter",
        "hydrationContainers": [],
        "hydrationAutoGoalEnabled": True,
        "firstbeatMaxStressScore": None,
        "firstbeatCyclingLtTimestamp": None,
        "firstbeatRunningLtTimestamp": None,
        "thresholdHeartRateAutoDetected": True,
        "ftpAutoDetected": None,
        "trainingStatusPausedDate": None,
        "weatherLocation": None,
        "golfDistanceUnit": "statute_us",
        "golfElevationUnit": None,
        "golfSpeedUnit": None,
        "externalBottomTime": None,
    }
