"""Monitoring files (a watch's samples of the day) and sleep files; samples are `[Unix seconds, value]`."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping

from santorio import local_time
from santorio.ingest.formats.fit.activities import first_number, text_or_none
from santorio.ingest.formats.fit.decoder import EPOCH_OF_FIT, Decoded, Message, to_instant

# For these the profile has a subfield `steps` of `cycles`, which the decoders do not apply. One cycle is two steps.
ON_FOOT = frozenset({"walking", "running"})
# Our name and the profile's: counters that start at midnight, one set for each type of activity.
COUNTERS = {
    "distance_m": "distance",
    "active_time_s": "active_time",
    "active_calories_kcal": "active_calories",
    "ascent_m": "ascent",
    "descent_m": "descent",
    "moderate_minutes": "moderate_activity_minutes",
    "vigorous_minutes": "vigorous_activity_minutes",
}
# Undocumented messages of sleep files: the night's frame (field 253 its beginning, 2 the same on the local clock,
# 1 the seconds between rows), a row of twenty bytes for each of its minutes, and its end (field 253).
FRAME, ROWS, END = "unknown_273", "unknown_274", "unknown_276"
TIMESTAMP, LOCAL_TIMESTAMP = 253, 2


def monitoring_of(decoded: Decoded) -> dict[str, object]:
    """Return the samples of a monitoring file by kind; kinds without a sample are omitted."""
    heart_rate: list[list[float]] = []
    movement: list[dict[str, object]] = []
    for at, message in full_times(decoded):
        rate = first_number(message, ("heart_rate",))
        if rate is not None:
            heart_rate.append([at, rate])
        if counters := _movement(message):
            movement.append({"at": at, **counters})
    samples = {
        "heart_rate_bpm": heart_rate,
        "stress": _samples(decoded, "stress_level", "stress_level_time", "stress_level_value"),
        "spo2_percent": _samples(decoded, "spo2_data", "timestamp", "reading_spo2", "reading_confidence"),
        "respiration_rate_brpm": _samples(decoded, "respiration_rate", "timestamp", "respiration_rate"),
        "resting_heart_rate_bpm": _samples(
            decoded, "monitoring_hr_data", "timestamp", "resting_heart_rate", "current_day_resting_heart_rate"
        ),
        "movement": movement,
    }
    return {name: values for name, values in samples.items() if values}


def full_times(decoded: Decoded) -> list[tuple[float, Message]]:
    """Return the monitoring messages, each with its time in Unix seconds.

    Most state only `timestamp_16`, the low half of the clock. It continues from the message before and starts
    again at zero every 18 hours.
    """
    timed: list[tuple[float, Message]] = []
    last = first_number(decoded.first("monitoring_info"), ("timestamp",))
    for message in decoded.all("monitoring"):
        stated, low_half = first_number(message, ("timestamp",)), message.get("timestamp_16")
        if stated is not None:
            last = stated
        elif isinstance(low_half, int) and last is not None:
            # The difference modulo 2^16: how far the clock went on since the last message.
            last += (low_half - int(last - EPOCH_OF_FIT)) & 0xFFFF
        else:
            continue
        if to_instant(last) is not None:
            timed.append((last, message))
    return timed


def _movement(message: Message) -> dict[str, object]:
    activity_type = text_or_none(message.get("activity_type"))
    movement: dict[str, object] = {}
    for name, field in (*COUNTERS.items(), ("intensity", "intensity"), ("cycles", "cycles")):
        value = first_number(message, (field,))
        if value is None:
            continue
        if name == "cycles" and activity_type in ON_FOOT:
            movement["steps"] = round(value * 2)
        else:
            movement[name] = value
    if movement and activity_type is not None:
        return {"activity_type": activity_type, **movement}
    return movement


def _samples(decoded: Decoded, name: str, time: str, *fields: str) -> list[list[float | None]]:
    rows = []
    for message in decoded.all(name):
        at = first_number(message, (time,))
        values = [first_number(message, (field,)) for field in fields]
        if to_instant(at) is not None and values[0] is not None:
            rows.append([at, *values])
    return rows


def sleep_of(decoded: Decoded) -> dict[str, object]:
    """Return the levels of a sleep file, and its undocumented messages unchanged.

    The meaning of the twenty bytes of a row is unknown; they are kept in hexadecimal.
    """
    levels: list[list[object]] = []
    for message in decoded.all("sleep_level"):
        at = to_instant(message.get("timestamp"))
        if at is not None:
            levels.append([at.timestamp(), text_or_none(message.get("sleep_level"))])
    undocumented: dict[str, list[object]] = {}
    for name in (FRAME, ROWS, END):
        undocumented[name] = [_to_json(message) for message in decoded.all(name)]
    return {
        "started_at": _iso(_instant(decoded.first(FRAME), TIMESTAMP)),
        "ended_at": _iso(woke_at(decoded)),
        "levels": levels,
        "undocumented": undocumented,
    }


def woke_at(decoded: Decoded) -> dt.datetime | None:
    """Return when the night of a sleep file ended; None for any other file."""
    return _instant(decoded.first(END), TIMESTAMP)


def shown_offset(decoded: Decoded) -> dt.timedelta | None:
    """Return the UTC offset of the device's clock; None if the file states no instant in both local time and UTC."""
    for local, gmt in _clocks(decoded):
        if local is not None and gmt is not None:
            # Both clocks are read within a minute; offsets on Earth are multiples of a quarter of an hour.
            quarters = round((local - gmt).total_seconds() / 900)
            rounded = gmt + dt.timedelta(minutes=15 * quarters)
            return local_time.offset_between(rounded.replace(tzinfo=None), gmt.replace(tzinfo=None))
    return None


def _clocks(decoded: Decoded) -> Iterator[tuple[dt.datetime | None, dt.datetime | None]]:
    """Yield the instants that a file may state twice: on the local clock (as if it were UTC), and in UTC."""
    for name in ("activity", "monitoring_info"):
        message = decoded.first(name)
        yield to_instant(message.get("local_timestamp")), to_instant(message.get("timestamp"))
    frame = decoded.first(FRAME)
    yield _instant(frame, LOCAL_TIMESTAMP), _instant(frame, TIMESTAMP)


def _instant(message: Message, field: int) -> dt.datetime | None:
    """Read a time of an undocumented message: the decoders leave it in seconds since FIT's epoch."""
    value = message.get(field)
    if not isinstance(value, int):
        return None
    return to_instant(value + EPOCH_OF_FIT)


def _iso(instant: dt.datetime | None) -> str | None:
    if instant is None:
        return None
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_json(value: object) -> object:
    """Convert a message or a value in it to JSON: bytes in hexadecimal, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(name): _to_json(part) for name, part in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_to_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float | None) else str(value).replace("\x00", "")
