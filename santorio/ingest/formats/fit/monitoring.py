"""What a watch writes all day (monitoring) and all night (sleep): samples as `[Unix seconds, value]`."""

import datetime as dt
import math

from santorio import local_time
from santorio.ingest.formats.fit.activities import first_number, word
from santorio.ingest.formats.fit.decoder import EPOCH_OF_FIT, Decoded, Message, moment

# One cycle is two steps; the profile renames the field so for these, a reader of names alone does not.
ON_FOOT = frozenset({"walking", "running"})
# Our name, the profile's: what a device counts from midnight on, each with the kind of movement.
COUNTED = {
    "distance_m": "distance",
    "active_time_s": "active_time",
    "active_calories_kcal": "active_calories",
    "ascent_m": "ascent",
    "descent_m": "descent",
    "moderate_minutes": "moderate_activity_minutes",
    "vigorous_minutes": "vigorous_activity_minutes",
}
# Undocumented messages of sleep files: the night's frame (253 its beginning, 2 the same on the local clock,
# 1 the seconds between rows), a row of twenty bytes for each of its minutes, and its end (253).
FRAME, ROWS, END = "unknown_273", "unknown_274", "unknown_276"
TIMESTAMP, LOCAL_TIMESTAMP = 253, 2


def monitoring_of(decoded: Decoded) -> dict[str, object]:
    """Samples of a monitoring file, each with its full time, by kind; kinds without a sample are left out."""
    beats: list[list[float]] = []
    movement: list[dict[str, object]] = []
    for at, message in full_times(decoded):
        if (rate := first_number(message, ("heart_rate",))) is not None:
            beats.append([at, rate])
        if found := _movement(message):
            movement.append({"at": at, **found})
    samples = {
        "heart_rate_bpm": beats,
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
    """Monitoring messages with the time of each.

    Most state only `timestamp_16`, the low half of the clock: it counts on from the time before it, and starts
    again from nothing every 18 hours.
    """
    timed: list[tuple[float, Message]] = []
    known = first_number(decoded.first("monitoring_info"), ("timestamp",))
    for message in decoded.all("monitoring"):
        stated, low = first_number(message, ("timestamp",)), message.get("timestamp_16")
        if stated is not None:
            known = stated
        elif isinstance(low, int) and known is not None:
            known += (low - int(known - EPOCH_OF_FIT)) & 0xFFFF
        else:
            continue
        if moment(known) is not None:
            timed.append((known, message))
    return timed


def _movement(message: Message) -> dict[str, object]:
    kind, cycles = word(message.get("activity_type")), first_number(message, ("cycles",))
    found: dict[str, object] = {ours: first_number(message, (theirs,)) for ours, theirs in COUNTED.items()}
    found["intensity"] = first_number(message, ("intensity",))
    if cycles is not None:
        found["steps" if kind in ON_FOOT else "cycles"] = round(cycles * 2) if kind in ON_FOOT else cycles
    found = {name: value for name, value in found.items() if value is not None}
    return {"activity_type": kind, **found} if found and kind is not None else found


def _samples(decoded: Decoded, name: str, time: str, *fields: str) -> list[list[float | None]]:
    rows = []
    for message in decoded.all(name):
        at, values = first_number(message, (time,)), [first_number(message, (field,)) for field in fields]
        if moment(at) is not None and values[0] is not None:
            rows.append([at, *values])
    return rows


def sleep_of(decoded: Decoded) -> dict[str, object]:
    """Levels of a sleep file, and its undocumented messages as they came.

    What the twenty bytes of a row mean is not known; they are kept in hexadecimal.
    """
    levels = [
        [at.timestamp(), word(message.get("sleep_level"))]
        for message in decoded.all("sleep_level")
        if (at := moment(message.get("timestamp"))) is not None
    ]
    return {
        "started_at": _instant(decoded.first(FRAME)),
        "ended_at": _instant(decoded.first(END)),
        "levels": levels,
        "undocumented": {name: [_plain(one) for one in decoded.all(name)] for name in (FRAME, ROWS, END)},
    }


def woke_at(decoded: Decoded) -> dt.datetime | None:
    """When the night of a sleep file ended."""
    return _fit_moment(decoded.first(END).get(TIMESTAMP))


def shown_offset(decoded: Decoded) -> dt.timedelta | None:
    """Offset that the device showed, where the file states one instant on both clocks."""
    frame = decoded.first(FRAME)
    pairs = [
        (one.get("local_timestamp"), one.get("timestamp"))
        for one in (decoded.first("activity"), decoded.first("monitoring_info"))
    ]
    clocks = [(moment(local), moment(gmt)) for local, gmt in pairs]
    clocks.append((_fit_moment(frame.get(LOCAL_TIMESTAMP)), _fit_moment(frame.get(TIMESTAMP))))
    for local, gmt in clocks:
        if local is not None and gmt is not None:
            # Both clocks are read within a minute; offsets on Earth are quarters of an hour.
            quarters = round((local - gmt).total_seconds() / 900)
            rounded = gmt + dt.timedelta(minutes=15 * quarters)
            return local_time.offset_between(rounded.replace(tzinfo=None), gmt.replace(tzinfo=None))
    return None


def _fit_moment(value: object) -> dt.datetime | None:
    return moment(value + EPOCH_OF_FIT) if isinstance(value, int) else None


def _instant(message: Message) -> str | None:
    at = _fit_moment(message.get(TIMESTAMP))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _plain(message: Message) -> dict[str, object]:
    """Write a message as JSON can hold it."""
    return {str(name): _value(value) for name, value in message.items()}


def _value(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float | None) else str(value).replace("\x00", "")
