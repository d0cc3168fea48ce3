"""What charged and drained the body battery: the night and each session, with the samples around them."""

from typing import Any

import numpy as np

from santorio.simulator.intraday import NOT_MEASURED, Trace, battery_path
from santorio.simulator.payloads.activities import activity
from santorio.simulator.payloads.common import Payload, stamp
from santorio.simulator.payloads.heart_rate_stress import BATTERY_COLUMNS, battery_descriptors, battery_rows
from santorio.simulator.person import SimulatedPerson

AFTER_NIGHT_S = 900


def battery_impacts(life: SimulatedPerson, day: int, until: int) -> list[Payload]:
    """Make `wellness-service/wellness/bodyBattery/events`: what is over and worked out by an instant."""
    trace = life.trace(day).until(until)
    events = []
    night = life.nights[day]
    if life.wear.night_seen(day) and night.end + AFTER_NIGHT_S <= until:
        nothing = {"activityName": None, "activityType": None, "activityId": None}
        events.append(_event(life, trace, "SLEEP", night.start, night.end, nothing))
    for workout in life.workouts(day):
        start, end = life.clock.instant(day, workout.minute), life.workout_end(day, workout)
        if end <= until:
            summary = activity(life, day, workout)
            about = {
                "activityName": summary["activityName"],
                "activityType": summary["activityType"]["typeKey"],
                "activityId": summary["activityId"],
            }
            events.append(_event(life, trace, "ACTIVITY", start, end, about))
    return events


def _event(
    life: SimulatedPerson, trace: Trace, kind: str, start: int, end: int, about: dict[str, Any]
) -> Payload:
    # The samples are those of the day alone: a night's first hours belong to the payload of the day before.
    during = (trace.stress_at >= start) & (trace.stress_at < end)
    stress = trace.stress[during]
    measured = stress[stress >= 0]
    average_stress = None
    if len(measured):
        average_stress = round(float(measured.mean()), 6)
    charged = during & (trace.battery_status != NOT_MEASURED)
    levels = battery_rows(trace.stress_at[charged], trace.battery_status[charged], trace.battery[charged])
    feedback = "EXERCISE_TRAINING_EFFECT_3", "IMPROVING_AEROBIC_BASE"
    if kind == "SLEEP":
        feedback = "NONE", "NONE"
    return {
        "event": {
            "eventType": kind,
            "eventStartTimeGmt": stamp(start),
            "timezoneOffset": life.clock.offset(start) * 1000,
            "durationInMilliseconds": (end - start) * 1000,
            "bodyBatteryImpact": _impact(life, start, end),
            "feedbackType": feedback[0],
            "shortFeedback": feedback[1],
        },
        **about,
        "averageStress": average_stress,
        "stressValueDescriptorsDTOList": [
            {"key": "timestamp", "index": 0},
            {"key": "stressLevel", "index": 1},
        ],
        "stressValuesArray": np.column_stack((trace.stress_at[during] * 1000, stress)).tolist(),
        "bodyBatteryValueDescriptorsDTOList": battery_descriptors(BATTERY_COLUMNS),
        "bodyBatteryValuesArray": levels,
    }


def _impact(life: SimulatedPerson, start: int, end: int) -> int:
    """Return the change of the battery between two instants, on the line that its samples follow."""
    before, after = np.rint(np.interp((start, end), *battery_path(life.body, life.nights)))
    return int(after - before)
