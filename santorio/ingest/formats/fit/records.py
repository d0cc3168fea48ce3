"""Records of a FIT file in our names and units, and the heartbeats that some devices write beside them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from santorio.ingest.formats.fit.decoder import EARLIEST, Column, Decoded, Message, to_instant

# Our column and the profile's field(s), in the profile's unit. The enhanced field is the same with more range, but
# the plain one comes first: from it `fitfast` derives the enhanced one, in one value of a hundred 0.001 too low.
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
MAPPED = frozenset({"timestamp", "fractional_cadence"}).union(*FIELDS.values())
MAX_NAME_LENGTH = 100
# A heart at rest beats every second or two: after 5 s without a beat the strap has lost contact.
HELD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Records:
    """Records with a valid time, in the order of the file; `without_time` others were excluded.

    `columns` are by our names. `series` are by the device's names: fields of apps, and undocumented ones.
    """

    times: Column
    columns: Mapping[str, Column]
    series: Mapping[str, Column]
    without_time: int


def records_of(decoded: Decoded, latest: float) -> Records:
    """Select the records of a decoded file that have a time, none after `latest` (Unix seconds).

    Columns without a single measurement are omitted.
    """
    fields = decoded.records
    times = _times(fields)
    # Comparisons with NaN are false.
    timed = (times >= EARLIEST) & (times <= latest)
    if not timed.all():
        fields = {name: column[timed] for name, column in fields.items()}
    columns = _mapped_columns(fields)
    # A strap under water transmits its beats afterwards, beside the records. They replace what the watch received
    # of it meanwhile.
    at, bpm = strap_beats(decoded.all("hr"))
    if len(at) and timed.any():
        strap = rate_at(times[timed], at, bpm)
        columns["heart_rate_bpm"] = np.where(np.isnan(strap), columns.get("heart_rate_bpm", np.nan), strap)
    series: dict[str, Column] = {}
    for name, column in fields.items():
        if name not in MAPPED and _has_values(column):
            series[name.replace("\x00", "")[:MAX_NAME_LENGTH]] = column
    beats = {"beat_at_s": at, "beat_bpm": bpm, "rr_interval_s": rr_intervals(decoded.all("hrv"))}
    series |= {name: values for name, values in beats.items() if len(values)}
    measured = {name: column for name, column in columns.items() if _has_values(column)}
    return Records(times[timed], measured, series, int((~timed).sum()))


def _times(fields: Mapping[str, Column]) -> Column:
    """Return the time of each record in Unix seconds; NaN for all where the file states none."""
    if "timestamp" in fields:
        return fields["timestamp"]
    rows = max((len(column) for column in fields.values()), default=0)
    return np.full(rows, np.nan)


def _mapped_columns(fields: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns that have a name of ours, each from the first of its fields that has values."""
    columns: dict[str, Column] = {}
    for name, field_names in FIELDS.items():
        column = _coalesce(fields, field_names)
        if column is not None:
            columns[name] = column
    if "cadence_rpm" in columns and "fractional_cadence" in fields:
        columns["cadence_rpm"] = columns["cadence_rpm"] + np.nan_to_num(fields["fractional_cadence"])
    return columns


def _coalesce(fields: Mapping[str, Column], names: tuple[str, ...]) -> Column | None:
    """Return the first of the fields, its gaps filled from the others; None if there is none of them."""
    result: Column | None = None
    for name in names:
        column = fields.get(name)
        if column is None:
            continue
        result = column if result is None else np.where(np.isnan(result), column, result)
    return result


def _has_values(column: Column) -> bool:
    return not np.isnan(column).all()


def rr_intervals(messages: list[Message]) -> Column:
    """Return the seconds between beats in order. A message has room for five; unused values are not numbers."""
    intervals: list[float] = []
    for message in messages:
        intervals += _numbers(message.get("time"))
    return np.array(intervals, dtype=np.float64)


def strap_beats(messages: list[Message]) -> tuple[Column, Column]:
    """Return the time of each beat (Unix seconds) and the heart rate that the strap gave with it.

    The strap counts 1/1024 s on a clock of its own. Messages with a timestamp relate that clock to UTC; the
    others hold only its lowest twelve bits, eight beats in twelve bytes.
    """
    at: list[float] = []
    bpm: list[float] = []
    # An instant (Unix seconds) and the strap's count at it.
    reference: tuple[float, int] | None = None
    ticks = 0
    for message in messages:
        rates = _numbers(message.get("filtered_bpm"))
        counts = [round(value * 1024) for value in _numbers(message.get("event_timestamp"))]
        timestamp = to_instant(message.get("timestamp"))
        if timestamp is not None and counts:
            fraction = sum(_numbers(message.get("fractional_timestamp")))
            reference = (timestamp.timestamp() + fraction, counts[0])
        packed = message.get("event_timestamp_12")
        if not counts and isinstance(packed, bytes):
            counts = _unpack_counts(packed, ticks)
        if reference is None or len(counts) != len(rates):
            continue
        # The strap's counter has 32 bits and wraps around.
        at += [reference[0] + (count - reference[1]) % 2**32 / 1024 for count in counts]
        bpm += rates
        ticks = counts[-1] if counts else ticks
    return np.array(at, dtype=np.float64), np.array(bpm, dtype=np.float64)


def _unpack_counts(packed: bytes, ticks: int) -> list[int]:
    """Complete counts of twelve bits, lowest bits first, from the last complete count."""
    bits = int.from_bytes(packed, "little")
    counts: list[int] = []
    for index in range(len(packed) * 8 // 12):
        ticks += ((bits >> 12 * index & 0xFFF) - ticks) & 0xFFF
        counts.append(ticks)
    return counts


def rate_at(times: Column, at: Column, bpm: Column) -> Column:
    """Average the beats since the record before; without one, hold the last beat for `HELD_SECONDS`.

    The official SDK does the same, but weights a beat by the quarters of a second until the next.
    """
    order = np.argsort(at, kind="stable")
    at, bpm = at[order], bpm[order]
    # A difference of two running totals is the sum of the beats between them.
    total = np.concatenate([[0.0], np.cumsum(bpm)])
    instants, positions = np.unique(times, return_inverse=True)
    before = np.concatenate([[instants[0] - 1], instants[:-1]])
    first, last = np.searchsorted(at, before, "right"), np.searchsorted(at, instants, "right")
    beats = last - first
    latest = np.maximum(last - 1, 0)
    is_held = (last > 0) & (instants - at[latest] <= HELD_SECONDS)
    mean = np.where(is_held, bpm[latest], np.nan)
    np.divide(total[last] - total[first], beats, out=mean, where=beats > 0)
    # Half a beat rounds up, where NumPy would round to even.
    return np.floor(mean + 0.5)[positions]


def _numbers(value: object) -> list[float]:
    """Return the finite numbers of a field, which holds one value or a list."""
    items = value if isinstance(value, list) else [value]
    return [float(item) for item in items if _is_finite_number(item)]


def _is_finite_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
