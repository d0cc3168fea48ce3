"""Sessions and laps of an activity, in our names and units."""

import math
from collections.abc import Mapping

import numpy as np

from santorio.ingest.formats.fit.decoder import Decoded, Message, moment
from santorio.ingest.formats.fit.records import Records

# Our name, the profile's name(s), unit in our name. The enhanced field is the same with more range.
FIGURES: Mapping[str, tuple[str, ...]] = {
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
# Few devices state them; a session has them only where they do.
STATED: Mapping[str, tuple[str, ...]] = {
    "threshold_power_w": ("threshold_power",),
    # 0 to 100 in tens
    "workout_rpe": ("workout_rpe",),
}


def sessions_of(decoded: Decoded, records: Records) -> list[dict[str, object]]:
    """Sessions of an activity; a file that broke off before its session is summed up from its records."""
    found = [session_of(message) for message in decoded.all("session")]
    # A chained file may hold one activity twice.
    found = [
        one for n, one in enumerate(found) if one["start_time_unix"] is not None and one not in found[:n]
    ]
    if not found and len(records.times):
        found = [derived_session(decoded, records)]
    return sorted(found, key=lambda one: float(str(one["start_time_unix"])))


def session_of(message: Message) -> dict[str, object]:
    """Figures of a session message, in our names and units."""
    start = moment(message.get("start_time")) or moment(message.get("timestamp"))
    return {
        "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ") if start else None,
        "start_time_unix": start.timestamp() if start else None,
        "sport": word(message.get("sport")),
        "sub_sport": word(message.get("sub_sport")),
        **{ours: first_number(message, theirs) for ours, theirs in FIGURES.items()},
        **{
            ours: value
            for ours, theirs in STATED.items()
            if (value := first_number(message, theirs)) is not None
        },
    }


def laps_of(decoded: Decoded) -> list[dict[str, object]]:
    """Laps in the order of the file, with what they state."""
    unlike = {"start_time_unix", "sport", "sub_sport"}
    laps = [session_of(message) for message in decoded.all("lap")]
    return [
        {name: value for name, value in lap.items() if name not in unlike and value is not None}
        for lap in laps
    ]


def derived_session(decoded: Decoded, records: Records) -> dict[str, object]:
    """Sum up records: first and last time, the mean and greatest heart rate, the last distance."""
    found: dict[str | int, object] = {}
    for name, theirs, fold in (
        ("heart_rate_bpm", "avg_heart_rate", np.nanmean),
        ("heart_rate_bpm", "max_heart_rate", np.nanmax),
        ("distance_m", "total_distance", np.nanmax),
        ("power_w", "avg_power", np.nanmean),
    ):
        if name in records.columns:
            found[theirs] = float(fold(records.columns[name]))
    first, last = float(records.times.min()), float(records.times.max())
    return session_of(
        {
            "start_time": first,
            "total_elapsed_time": last - first,
            "sport": decoded.first("sport").get("sport"),
            **found,
        }
    )


def first_number(message: Message, names: tuple[str, ...]) -> float | None:
    """Return the first of the fields that is a number; in a damaged file it may be none."""
    for name in names:
        value = message.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def word(value: object) -> str | None:
    """Text of what names something."""
    return None if value is None else str(value)
