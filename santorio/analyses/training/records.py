"""The records of a recording: read from the database, or from the samples that Garmin draws, and cut into sessions."""

import datetime as dt
import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from santorio.analyses.training.resample import Column

COLUMNS = ("power_w", "heart_rate_bpm", "speed_mps", "distance_m")
# Garmin's names in the samples that the account draws of an activity.
GARMIN_COLUMNS = {
    "power_w": "directPower",
    "heart_rate_bpm": "directHeartRate",
    "speed_mps": "directSpeed",
    "distance_m": "sumDistance",
}
# A later instant in a payload is an error, and no activity lasts longer.
LAST_INSTANT = dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()
MAX_DURATION_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one file, columns by the names of `COLUMNS`.

    Attributes
    ----------
    times
        Unix seconds, one per record.
    columns
        As long as `times`, in the unit of the name; NaN where nothing was measured.
    """

    times: Column
    columns: Mapping[str, Column]

    def within(self, start: float, end: float) -> "Records":
        """Those from `start` to before `end` (Unix seconds)."""
        inside = (self.times >= start) & (self.times < end)
        return Records(self.times[inside], {name: column[inside] for name, column in self.columns.items()})

    def clip_to_activity(self) -> "Records":
        """Those with a possible instant, and within the duration of an activity around most of the others."""
        possible = self.within(0, LAST_INSTANT)
        if not len(possible.times):
            return possible
        middle = float(np.median(possible.times))
        return possible.within(middle - MAX_DURATION_S, middle + MAX_DURATION_S)

    @property
    def started_at(self) -> dt.datetime | None:
        """Instant of the first record; None without any."""
        if not len(self.times):
            return None
        return dt.datetime.fromtimestamp(float(self.times.min()), dt.UTC)

    @property
    def speed_mps(self) -> Column:
        """Speed as recorded; derived from the distance where no speed was recorded."""
        speed, distance = self.columns["speed_mps"], self.columns["distance_m"]
        has_distance = np.flatnonzero(np.isfinite(distance))
        if np.isfinite(speed).any() or not len(has_distance):
            return speed
        steps = np.diff(self.times[has_distance])
        derived = np.diff(distance[has_distance])
        np.divide(derived, steps, out=derived, where=steps > 0)
        # A record states the distance covered since the previous one, whose value is held until it.
        speed = np.full(len(speed), np.nan)
        speed[has_distance[:-1]] = np.where(steps > 0, derived, np.nan)
        return speed


def spans_of(data: Mapping[str, Any], times: Column) -> list[tuple[float, float]]:
    """Give start and end (Unix seconds) of each session of a file, in its order; a single one holds every record.

    A session ends where the next begins, whatever length it states, so that no record is in two. The first begins
    with the first record, even if it states a later start.
    """
    sessions = data.get("sessions")
    if not isinstance(sessions, list) or len(sessions) < 2:
        return [(-np.inf, np.inf)]
    spans = [_span(session) for session in sessions]
    order = _in_order_of_start(spans)
    for position, following in itertools.pairwise(order):
        start, end = spans[position]
        next_start, _ = spans[following]
        spans[position] = start, min(end, next_start)
    if order and len(times):
        start, end = spans[order[0]]
        spans[order[0]] = min(start, float(times.min())), end
    return spans


def _in_order_of_start(spans: list[tuple[float, float]]) -> list[int]:
    """Positions of the spans that have a start; of those that begin together the longest comes first.

    It ends, therefore, where the shorter ones begin.
    """

    def start_and_length(position: int) -> tuple[float, float]:
        start, end = spans[position]
        return start, -end

    valid = [position for position, (start, _) in enumerate(spans) if np.isfinite(start)]
    return sorted(valid, key=start_and_length)


def _span(session: object) -> tuple[float, float]:
    """Start and end (Unix seconds) that a session states; NaN where it states none, so that it keeps its position."""
    if not isinstance(session, dict):
        return np.nan, np.nan
    try:
        start = dt.datetime.fromisoformat(str(session.get("start_time")))
    except ValueError:
        return np.nan, np.nan
    if start.tzinfo is None:
        start = start.replace(tzinfo=dt.UTC)
    return start.timestamp(), start.timestamp() + _length(session)


def _length(session: Mapping[str, Any]) -> float:
    """Seconds from start to end, with pauses where that is stated; 0 where nothing is."""
    for name in ("total_elapsed_time_s", "total_timer_time_s"):
        length = session.get(name)
        if isinstance(length, int | float):
            return float(length)
    return 0.0


def _row_type() -> np.dtype[np.void]:
    """Layout of a row of PostgreSQL's binary COPY: a count of fields, then length and value of each.

    All are double precision and none is null, so that every row has as many bytes.
    """
    fields = [("fields", ">i2")]
    for name in ("time", *COLUMNS):
        fields += [(f"length_{name}", ">i4"), (name, ">f8")]
    return np.dtype(fields)


_ROW = _row_type()
# Signature, flags and extension before the rows; -1 as a count of fields after them.
_HEADER_BYTES, _TRAILER_BYTES = 19, 2


def read_records(connection: psycopg.Connection, recording_id: uuid.UUID) -> Records:
    """Read the records of a file as columns, in the file's order."""
    values = ", ".join(f"coalesce({name}, 'NaN')::float8" for name in COLUMNS)
    query = f"""
        copy (
          select extract(epoch from recorded_at)::float8, {values}
          from raw.activity_records where recording_id = '{recording_id}' order by ordinal
        ) to stdout (format binary)
    """  # noqa: S608 - names of our own columns and a UUID
    with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
        block = b"".join(bytes(part) for part in copy)
    rows = np.frombuffer(block[_HEADER_BYTES : len(block) - _TRAILER_BYTES], _ROW)
    return Records(rows["time"].astype(np.float64), {name: rows[name].astype(np.float64) for name in COLUMNS})


def account_records(data: Mapping[str, Any]) -> Records:
    """Read the samples of an activity from its payload in Garmin's account; what is not in its form is skipped."""
    position_of = {}
    for descriptor in _dicts(data.get("metricDescriptors")):
        position = descriptor.get("metricsIndex")
        if isinstance(position, int):
            position_of[descriptor.get("key")] = position
    samples = []
    for sample in _dicts(data.get("activityDetailMetrics")):
        metrics = sample.get("metrics")
        if isinstance(metrics, list):
            samples.append(metrics)
    # Garmin states milliseconds.
    times = _column(samples, position_of.get("directTimestamp")) / 1000
    columns = {}
    for name, garmin_name in GARMIN_COLUMNS.items():
        columns[name] = _column(samples, position_of.get(garmin_name))
    return Records(times, columns)


def _dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list; nothing of anything else."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def _column(samples: list[list[object]], position: int | None) -> Column:
    column = np.full(len(samples), np.nan)
    if position is None or position < 0:
        return column
    for number, sample in enumerate(samples):
        if position < len(sample):
            column[number] = _number(sample[position])
    return column


def _number(value: object) -> float:
    # For Python, true is a whole number too.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return np.nan
    return float(value)
