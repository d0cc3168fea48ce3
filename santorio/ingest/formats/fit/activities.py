"""Sessions and laps of an activity, in our names and units."""

import math
from collections.abc import Mapping

import numpy as np

from santorio.ingest.formats.fit.decoder import Decoded, Message, to_instant
from santorio.ingest.formats.fit.records import Records

# Our name (with its unit) and the profile's field names. The enhanced field is the same with more range.
SESSION_FIELDS: Mapping[str, tuple[str, ...]] = {
    "total_elapsed_time_s": ("total_elapsed_time",),
    "total_timer_time_s": ("total_timer_time",),
    "total_distance_m": ("total_distance",),
    "avg_heart_rate_bpm": ("avg_heart_rate",),
    "max_heart_rate_bpm": ("max_heart_rate",),
    "avg_power_w": ("avg_power",),
    "normalized_power_w": ("normalized_power",),
    "total_calories_kcal": ("total_calories",),
    "total_ascent_m": ("total_ascent",),
    "avg_speed_mps": ("avg_speed", "enhanced_avg_speed"),
}
# Few devices state these fields. A session has them only if the device stated them.
OPTIONAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "threshold_power_w": ("threshold_power",),
    # 0 to 100, in steps of ten.
    "workout_rpe": ("workout_rpe",),
}
# Values of a session that its laps do not repeat.
NOT_IN_LAPS = frozenset({"start_time_unix", "sport", "sub_sport"})
# Of a file without a session message: column of the records, session field, and how it is summarised.
DERIVED_FIELDS = (
    ("heart_rate_bpm", "avg_heart_rate", np.nanmean),
    ("heart_rate_bpm", "max_heart_rate", np.nanmax),
    ("distance_m", "total_distance", np.nanmax),
    ("power_w", "avg_power", np.nanmean),
)


def sessions_of(decoded: Decoded, records: Records) -> list[dict[str, object]]:
    """Return an activity's sessions by start; a file cut off before its session gets one from its records."""
    sessions: list[dict[str, object]] = []
    for message in decoded.all("session"):
        session = session_of(message)
        # A chained file may hold the same activity twice.
        if session["start_time_unix"] is not None and session not in sessions:
            sessions.append(session)
    if not sessions and len(records.times):
        sessions = [derived_session(decoded, records)]
    return sorted(sessions, key=lambda session: float(str(session["start_time_unix"])))


def session_of(message: Message) -> dict[str, object]:
    """Return the values of a session or lap message, in our names and units."""
    session: dict[str, object] = {"start_time": None, "start_time_unix": None}
    start = to_instant(message.get("start_time")) or to_instant(message.get("timestamp"))
    if start is not None:
        session["start_time"] = start.strftime("%Y-%m-%dT%H:%M:%SZ")
        session["start_time_unix"] = start.timestamp()
    session["sport"] = text_or_none(message.get("sport"))
    session["sub_sport"] = text_or_none(message.get("sub_sport"))
    for name, fields in SESSION_FIELDS.items():
        session[name] = first_number(message, fields)
    for name, fields in OPTIONAL_FIELDS.items():
        value = first_number(message, fields)
        if value is not None:
            session[name] = value
    return session


def laps_of(decoded: Decoded) -> list[dict[str, object]]:
    """Return the laps in the order of the file, each with the fields that it states."""
    return [_lap(message) for message in decoded.all("lap")]


def _lap(message: Message) -> dict[str, object]:
    values = session_of(message)
    return {name: values[name] for name in values if name not in NOT_IN_LAPS and values[name] is not None}


def derived_session(decoded: Decoded, records: Records) -> dict[str, object]:
    """Summarise records: duration, mean and maximum heart rate, mean power, distance."""
    first, last = float(records.times.min()), float(records.times.max())
    message: dict[str | int, object] = {
        "start_time": first,
        "total_elapsed_time": last - first,
        "sport": decoded.first("sport").get("sport"),
    }
    for column, field, summarise in DERIVED_FIELDS:
        if column in records.columns:
            message[field] = float(summarise(records.columns[column]))
    return session_of(message)


def first_number(message: Message, names: tuple[str, ...]) -> float | None:
    """Return the first of the fields that is a finite number, if any: in a damaged file a field may be anything."""
    for name in names:
        value = message.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def text_or_none(value: object) -> str | None:
    """Return a field as text; None if the message does not have it."""
    return None if value is None else str(value)
