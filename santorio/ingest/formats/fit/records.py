"""Records of a FIT file in our names and units, and the beats that some devices write beside them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from santorio.ingest.formats.fit.decoder import EARLIEST, Column, Decoded, Message, moment

# Our column, the profile's field(s). Units are the profile's. The enhanced field is the same with more range; where a
# device writes the plain one, `fitfast` makes the other of it and is a thousandth too low in one of a hundred.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "latitude_deg": ("position_lat",),
    "longitude_deg": ("position_long",),
    "distance_m": ("distance",),
    "altitude_m": ("altitude", "enhanced_altitude"),
    "speed_mps": ("speed", "enhanced_speed"),
    "heart_rate_bpm": ("heart_rate",),
    "cadence_rpm": ("cadence",),
    "power_w": ("power",),
    "temperature_c": ("temperature",),
    "grade_percent": ("grade",),
    "respiration_rate_brpm": ("respiration_rate", "enhanced_respiration_rate"),
    "vertical_oscillation_mm": ("vertical_oscillation",),
    "ground_contact_ms": ("stance_time",),
    "step_length_mm": ("step_length",),
}
TAKEN = frozenset({"timestamp", "fractional_cadence", *(name for names in FIELDS.values() for name in names)})
MAX_NAME_LENGTH = 100
# A heart at rest beats every second or two.
HELD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Records:
    """Records that have a time, in the order of the file; `without_time` of them had none and were left out.

    `columns` are by our names, `series` by the device's: fields of apps and undocumented ones.
    """

    times: Column
    columns: Mapping[str, Column]
    series: Mapping[str, Column]
    without_time: int


def records_of(decoded: Decoded, latest: float) -> Records:
    """Take the records out of a decoded file, none after `latest` (Unix seconds).

    Columns in which nothing was measured are left out.
    """
    found = decoded.records
    rows = len(next(iter(found.values()))) if found else 0
    times = found.get("timestamp", np.full(rows, np.nan))
    # NaN is in no range.
    timed = (times >= EARLIEST) & (times <= latest)
    kept = found if timed.all() else {name: column[timed] for name, column in found.items()}
    columns = {ours: column for ours, names in FIELDS.items() if (column := _first(kept, names)) is not None}
    if "cadence_rpm" in columns and "fractional_cadence" in kept:
        columns["cadence_rpm"] = columns["cadence_rpm"] + np.nan_to_num(kept["fractional_cadence"])
    # A strap that was under water hands its beats over afterwards, beside the records: they go before what the
    # watch caught of it meanwhile.
    at, bpm = strap_beats(decoded.all("hr"))
    if len(at) and timed.any():
        told = rate_at(times[timed], at, bpm)
        columns["heart_rate_bpm"] = np.where(np.isnan(told), columns.get("heart_rate_bpm", np.nan), told)
    series = {
        name.replace("\x00", "")[:MAX_NAME_LENGTH]: column
        for name, column in kept.items()
        if name not in TAKEN and _measures(column)
    }
    series |= {name: beats for name, beats in (("beat_at_s", at), ("beat_bpm", bpm)) if len(beats)}
    if len(intervals := rr_intervals(decoded.all("hrv"))):
        series["rr_interval_s"] = intervals
    return Records(
        times[timed],
        {name: one for name, one in columns.items() if _measures(one)},
        series,
        int((~timed).sum()),
    )


def _first(found: Mapping[str, Column], names: tuple[str, ...]) -> Column | None:
    column: Column | None = None
    for name in names:
        if (other := found.get(name)) is not None:
            column = other if column is None else np.where(np.isnan(column), other, column)
    return column


def _measures(column: Column) -> bool:
    return not np.isnan(column).all()


def rr_intervals(messages: list[Message]) -> Column:
    """Seconds between beats, in their order; the five places of a message are filled up with nothing."""
    values = [value for message in messages for value in _numbers(message.get("time"))]
    return np.array(values, dtype=np.float64)


def strap_beats(messages: list[Message]) -> tuple[Column, Column]:
    """When each beat was (Unix seconds) and the rate that the strap gave it.

    The strap counts 1/1024 s on a clock of its own. Messages with a timestamp tie that clock to the day's; the
    others hold only the lowest twelve bits of it, eight beats in twelve bytes.
    """
    at: list[float] = []
    bpm: list[float] = []
    tied: tuple[float, int] | None = None
    ticks = 0
    for message in messages:
        rates = _numbers(message.get("filtered_bpm"))
        stated = [round(value * 1024) for value in _numbers(message.get("event_timestamp"))]
        when = moment(message.get("timestamp"))
        if when is not None and stated:
            tied = (when.timestamp() + sum(_numbers(message.get("fractional_timestamp"))), stated[0])
        packed = message.get("event_timestamp_12")
        counts = stated or ([] if not isinstance(packed, bytes) else _unpacked(packed, ticks))
        if tied is None or len(counts) != len(rates):
            continue
        at += [tied[0] + (count - tied[1]) % 2**32 / 1024 for count in counts]
        bpm += rates
        ticks = counts[-1] if counts else ticks
    return np.array(at, dtype=np.float64), np.array(bpm, dtype=np.float64)


def _unpacked(packed: bytes, ticks: int) -> list[int]:
    """Twelve bits each, lowest first, carried on from the last known count."""
    bits = int.from_bytes(packed, "little")
    counts: list[int] = []
    for place in range(len(packed) * 8 // 12):
        ticks += ((bits >> 12 * place & 0xFFF) - ticks) & 0xFFF
        counts.append(ticks)
    return counts


def rate_at(times: Column, at: Column, bpm: Column) -> Column:
    """Mean rate of the beats since the record before; of the last beat, where none came for some seconds.

    The official SDK does so too, but counts a beat for every quarter of a second until the next.
    """
    order = np.argsort(at, kind="stable")
    at, bpm = at[order], bpm[order]
    total = np.concatenate([[0.0], np.cumsum(bpm)])
    instants, place = np.unique(times, return_inverse=True)
    before = np.concatenate([[instants[0] - 1], instants[:-1]])
    first, last = np.searchsorted(at, before, "right"), np.searchsorted(at, instants, "right")
    beats = last - first
    latest = np.maximum(last - 1, 0)
    is_held = (last > 0) & (instants - at[latest] <= HELD_SECONDS)
    mean = np.where(is_held, bpm[latest], np.nan)
    np.divide(total[last] - total[first], beats, out=mean, where=beats > 0)
    return np.floor(mean + 0.5)[place]


def _numbers(value: object) -> list[float]:
    values = value if isinstance(value, list) else [value]
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return [float(one) for one in numbers if math.isfinite(one)]
