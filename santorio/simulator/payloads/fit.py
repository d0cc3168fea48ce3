"""The original FIT file of a training session, as the watch wrote it: second by second."""

from typing import Any

import numpy as np

from santorio.simulator.behaviour import Workout
from santorio.simulator.payloads.activities import activity, started_at
from santorio.simulator.payloads.common import DEVICE
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import Floats, stream

# FIT counts seconds from 1989-12-31 00:00 UTC; this is that instant in Unix time.
EPOCH_OF_FIT = 631_065_600
SPORTS = {
    "running": ("running", "generic"),
    "cycling": ("cycling", "road"),
    "strength_training": ("training", "strength_training"),
}
# Time constant of the heart's rise at the start of a session.
WARM_UP_S = 180.0


def activity_fit(life: SimulatedPerson, day: int, workout: Workout) -> bytes:
    """Write the file; its values are those of the activities list."""
    # Garmin's profile is large, and only files need it.
    from garmin_fit_sdk import Encoder, Profile

    summary = activity(life, day, workout)
    numbers = Profile["mesg_num"]
    start = started_at(life, day, workout) - EPOCH_OF_FIT
    end = start + int(summary["elapsedDuration"])
    # A device's serial number has 32 bits.
    about = {"manufacturer": "garmin", "product": 4536, "serial_number": DEVICE % 2**32}
    encoder = Encoder()

    def write(name: str, **fields: Any) -> None:
        encoder.on_mesg(numbers[name], {"mesg_num": numbers[name], **fields})

    write("FILE_ID", type="activity", time_created=start, **about)
    write("DEVICE_INFO", timestamp=start, device_index="creator", software_version=20.26, **about)
    write("EVENT", timestamp=start, event="timer", event_type="start")
    for record in records(life, day, workout, summary, start):
        encoder.on_mesg(numbers["RECORD"], record)
    write("EVENT", timestamp=end, event="timer", event_type="stop_all")
    for lap in laps(summary, start):
        write("LAP", **lap)
    write("SESSION", **_session(summary, workout, start, end))
    offset = life.clock.offset(end + EPOCH_OF_FIT)
    write(
        "ACTIVITY",
        timestamp=end,
        local_timestamp=end + offset,
        num_sessions=1,
        type="manual",
        total_timer_time=summary["duration"],
    )
    return bytes(encoder.close())


def records(
    life: SimulatedPerson, day: int, workout: Workout, summary: dict[str, Any], start: int
) -> list[dict[str, Any]]:
    """Make what the watch recorded each second.

    Parameters
    ----------
    summary
        The session as the activities list has it: distance in m, duration in s, speed in m/s.
    start
        Seconds since FIT's epoch.

    Returns
    -------
    list[dict[str, Any]]
        A record for each second: heart rate in bpm, and distance in m, speed in m/s and power in W where the sport
        has them.
    """
    seconds = int(summary["duration"])
    rng = stream(life.seed, "records", day)
    beats = _heart_rate(rng, workout, seconds)
    speed = _speed(stream(life.seed, "speed", day), summary["averageSpeed"], seconds)
    # The last record has the complete distance, and the mean of the speeds is the session's.
    metres_a_unit = summary["distance"] / max(speed[1:].sum(), 1.0)
    distance = np.concatenate(([0.0], np.cumsum(speed[1:]))) * metres_a_unit
    # Power follows the heart rate, as `thresholds.threshold_power` states it.
    power = np.clip(2.1 * beats - 60 + rng.normal(0, 25, seconds), 0, 900).astype(int)
    recorded = []
    for second in range(seconds):
        record: dict[str, Any] = {"timestamp": start + second, "heart_rate": int(beats[second])}
        if workout.sport != "strength_training":
            record |= {
                "distance": round(float(distance[second]), 2),
                "enhanced_speed": round(float(speed[second]), 3),
            }
        if workout.sport == "cycling":
            record["power"] = int(power[second])
        recorded.append(record)
    return recorded


def _speed(rng: np.random.Generator, average: float, seconds: int) -> Floats:
    """Wander around the session's mean speed, from one half minute to the next."""
    knots = rng.normal(1.0, 0.08, seconds // 30 + 2)
    shape = np.clip(np.interp(np.arange(seconds) / 30, np.arange(len(knots)), knots), 0.5, 1.5)
    return np.asarray(average * shape / shape.mean())


def _heart_rate(rng: np.random.Generator, workout: Workout, seconds: int) -> Floats:
    """Rise to a plateau, with the session's mean and highest heart rate."""
    shape = 1 - np.exp(-np.arange(seconds) / WARM_UP_S) + rng.normal(0, 0.03, seconds)
    beats = workout.average_bpm + (shape - shape.mean()) * 0.5 * (workout.max_bpm - workout.average_bpm)
    beats = np.clip(np.rint(beats), 60, workout.max_bpm)
    beats[seconds // 2] = workout.max_bpm
    return beats


def laps(summary: dict[str, Any], start: int) -> list[dict[str, Any]]:
    """Make the laps: equal parts of the session. `start` counts seconds from FIT's epoch."""
    count, length = summary["lapCount"], summary["duration"] / summary["lapCount"]
    made = []
    for number in range(count):
        lap: dict[str, Any] = {
            "timestamp": start + int(length * (number + 1)),
            "start_time": start + int(length * number),
            "message_index": number,
            "total_elapsed_time": round(length, 3),
            "total_timer_time": round(length, 3),
            "total_distance": round(summary["distance"] / count, 2),
            "avg_heart_rate": int(summary["averageHR"]),
        }
        made.append(lap)
    return made


def _session(summary: dict[str, Any], workout: Workout, start: int, end: int) -> dict[str, Any]:
    sport, sub_sport = SPORTS[workout.sport]
    return {
        "timestamp": end,
        "start_time": start,
        "sport": sport,
        "sub_sport": sub_sport,
        "total_elapsed_time": summary["elapsedDuration"],
        "total_timer_time": summary["duration"],
        "total_distance": summary["distance"],
        "total_calories": int(summary["calories"]),
        "avg_heart_rate": int(summary["averageHR"]),
        "max_heart_rate": int(summary["maxHR"]),
        "total_ascent": int(summary.get("elevationGain", 0)),
        "enhanced_avg_speed": summary["averageSpeed"],
        "num_laps": summary["lapCount"],
        "first_lap_index": 0,
    }
