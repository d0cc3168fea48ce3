"""Training sessions, as an element of the activities list."""

from typing import Any

from santorio.simulator.behaviour import Workout
from santorio.simulator.payloads.common import DEVICE, Payload, stamp
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import split_evenly, stream

# The list of activities writes instants with a blank, without the fraction that other payloads have.
MOMENT = "%Y-%m-%d %H:%M:%S"
TYPES: dict[str, tuple[int, int, int, float]] = {
    "running": (1, 17, 1, 2.75),
    "cycling": (2, 17, 2, 7.2),
    "strength_training": (13, 29, 20, 0.0),
}
"""Garmin's type, its parent, its sport, and a usual speed in metres a second."""
# The person looks at the watch for some seconds before they begin.
SECONDS_UNTIL_START = 13
FALSE_FLAGS = (
    "qualifyingDive",
    "autoCalcCalories",
    "favorite",
    "decoDive",
    "elevationCorrected",
    "atpActivity",
    "purposeful",
    "manualActivity",
    "pr",
    "parent",
)


def activity(life: SimulatedPerson, day: int, workout: Workout) -> Payload:
    """Make one element of `activitylist-service/activities/search/activities`."""
    start = started_at(life, day, workout)
    seconds = float(workout.minutes * 60 - 20)
    return {
        **_identity(life, workout, start),
        **_effort(life, day, workout, seconds),
        **_ownership(start),
        **_training(life, day, workout, seconds),
        "endTimeGMT": stamp(start + int(seconds), form=MOMENT),
        **dict.fromkeys(FALSE_FLAGS, False),
    }


def started_at(life: SimulatedPerson, day: int, workout: Workout) -> int:
    """Return when the watch was started (UTC epoch seconds), some seconds after the planned minute."""
    return life.clock.instant(day, workout.minute) + SECONDS_UNTIL_START


def activity_number(start: int) -> int:
    """Return the number of an activity, unique within the account: no two sessions begin in one second."""
    return 20_000_000_000 + start % 1_000_000_000


def _identity(life: SimulatedPerson, workout: Workout, start: int) -> dict[str, Any]:
    type_id, parent, _, _ = TYPES[workout.sport]
    return {
        "activityId": activity_number(start),
        "activityName": workout.sport.replace("_", " ").capitalize(),
        "startTimeLocal": stamp(start + life.clock.offset(start), form=MOMENT),
        "startTimeGMT": stamp(start, form=MOMENT),
        "activityType": {
            "typeId": type_id,
            "typeKey": workout.sport,
            "parentTypeId": parent,
            "isHidden": False,
            "restricted": False,
            "trimmable": True,
        },
        "eventType": {"typeId": 9, "typeKey": "uncategorized", "sortOrder": 10},
    }


def _effort(life: SimulatedPerson, day: int, workout: Workout, seconds: float) -> dict[str, Any]:
    rng = stream(life.seed, "activity", day)
    _, _, _, usual_speed = TYPES[workout.sport]
    # A faster heart goes with a faster session: 150 bpm more would double the speed.
    speed = usual_speed * (1 + (workout.average_bpm - 140) / 150) * rng.uniform(0.96, 1.04)
    effort: dict[str, Any] = {
        "distance": round(speed * seconds, 2),
        "duration": seconds + 0.324,
        "elapsedDuration": seconds + 7.441,
        "movingDuration": seconds - 6.0,
    }
    if workout.sport != "strength_training":
        up = float(rng.integers(20, 180))
        effort |= {"elevationGain": up, "elevationLoss": up - 3.0}
    return effort | {
        "averageSpeed": round(speed, 3),
        "maxSpeed": round(speed * 1.45, 3),
        "hasPolyline": False,
        "hasImages": False,
        "ownerId": life.profile,
        "ownerDisplayName": "simulated",
        "ownerFullName": "Simulated Person",
        "calories": float(round(seconds / 60 * (workout.average_bpm - 60) * 0.12)),
        "bmrCalories": float(round(seconds / 60 * 1.2)),
        "averageHR": float(workout.average_bpm),
        "maxHR": float(workout.max_bpm),
    }


def _ownership(start: int) -> dict[str, Any]:
    return {
        "userRoles": ["ROLE_CONNECTUSER", "ROLE_FITNESS_USER", "ROLE_WELLNESS_USER"],
        "privacy": {"typeId": 2, "typeKey": "private"},
        "userPro": False,
        "hasVideo": False,
        "timeZoneId": 124,
        "beginTimestamp": start * 1000,
    }


def _training(life: SimulatedPerson, day: int, workout: Workout, seconds: float) -> dict[str, Any]:
    shares = split_evenly(stream(life.seed, "zones", day), int(seconds), 5)
    in_zones = {f"hrTimeInZone_{zone}": float(share) for zone, share in enumerate(shares, start=1)}
    effect_label = "AEROBIC_BASE" if workout.load < 90 else "TEMPO"
    return {
        "sportTypeId": TYPES[workout.sport][2],
        # Garmin's scale ends at 5.
        "aerobicTrainingEffect": round(min(1.2 + workout.load / 45, 5.0), 1),
        "anaerobicTrainingEffect": 0.0,
        "deviceId": DEVICE,
        "summarizedDiveInfo": {"summarizedDiveGases": []},
        "manufacturer": "GARMIN",
        "lapCount": max(1, workout.minutes // 6),
        "waterEstimated": float(round(workout.minutes * 11.5)),
        "trainingEffectLabel": effect_label,
        "activityTrainingLoad": workout.load,
        "minActivityLapDuration": 180.5,
        "aerobicTrainingEffectMessage": "MAINTAINING_AEROBIC_BASE_7",
        "anaerobicTrainingEffectMessage": "NO_ANAEROBIC_BENEFIT_0",
        "splitSummaries": [],
        "hasSplits": False,
        "moderateIntensityMinutes": int(workout.minutes * 0.35),
        "vigorousIntensityMinutes": int(workout.minutes * 0.55),
        "differenceBodyBattery": -round(workout.load / 9),
        "hasHeatMap": False,
        **in_zones,
    }
