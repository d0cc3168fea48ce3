"""Computes the figures of recordings that are new, changed, or were computed by other code, and writes them."""

import dataclasses
import datetime as dt
import functools
import hashlib
import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from santorio.analyses.training.activity_metrics import ActivityMetrics, compute_activity_metrics
from santorio.analyses.training.best_efforts import DURATIONS
from santorio.analyses.training.resample import Column
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, lock_session

# A transaction for each file would wait for the disk more than it computes.
FILES_PER_TRANSACTION = 50
COLUMNS = ("power_w", "heart_rate_bpm", "speed_mps", "distance_m")
# What Garmin calls them in samples that the account draws.
DRAWN = {
    "power_w": "directPower",
    "heart_rate_bpm": "directHeartRate",
    "speed_mps": "directSpeed",
    "distance_m": "sumDistance",
}
# What else a payload may call an instant is none; and no activity goes on for longer.
LAST_INSTANT = dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()
MAX_DURATION_S = 30 * 86_400
# One computation at a time: two would write the same recordings.
CODE_MODULES = ("resample", "power", "decoupling", "best_efforts", "activity_metrics", "pipeline")


@dataclass(frozen=True, slots=True)
class PendingRecording:
    """A version of an event whose seconds have to be looked at."""

    event_id: uuid.UUID
    user_id: uuid.UUID
    content_hash: bytes
    recording_id: uuid.UUID
    is_drawn: bool


@dataclass(frozen=True, slots=True)
class Report:
    """How much was computed: files, their sessions, their records."""

    files: int
    sessions: int
    records: int


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one file, columns by the names of `COLUMNS`."""

    times: Column
    columns: Mapping[str, Column]

    def within(self, start: float, end: float) -> "Records":
        """Those from `start` to before `end` (Unix seconds)."""
        inside = (self.times >= start) & (self.times < end)
        return Records(self.times[inside], {name: column[inside] for name, column in self.columns.items()})

    def clip_to_activity(self) -> "Records":
        """Those whose instant can be one, and of one activity with most of the others."""
        possible = self.within(0, LAST_INSTANT)
        if not len(possible.times):
            return possible
        middle = float(np.median(possible.times))
        return possible.within(middle - MAX_DURATION_S, middle + MAX_DURATION_S)

    @property
    def speed_mps(self) -> Column:
        """Speed as recorded; of the distance, where no speed was recorded."""
        speed, distance = self.columns["speed_mps"], self.columns["distance_m"]
        if np.isfinite(speed).any() or not np.isfinite(distance).any():
            return speed
        known = np.flatnonzero(np.isfinite(distance))
        steps = np.diff(self.times[known])
        way = np.diff(distance[known])
        found = np.full(len(speed), np.nan)
        np.divide(way, steps, out=way, where=steps > 0)
        # A record tells how far one came since the one before: that is the speed until it.
        found[known[:-1]] = np.where(steps > 0, way, np.nan)
        return found


@functools.cache
def code_version() -> str:
    """Short hash of the sources that compute: figures of other code are computed anew."""
    digest = hashlib.sha256()
    for name in CODE_MODULES:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


_WAITING = """
with newest as (
  select distinct on (user_id, event_type, event_id)
    event_id, user_id, event_type, content_hash,
    case when pg_input_is_valid(metadata ->> 'recording_id', 'uuid') then metadata ->> 'recording_id' end
      as recording_id
  from raw.events
  where event_type in ('fit.activity', 'track.activity', 'garmin.activity_samples')
  order by user_id, event_type, event_id, ingested_at desc, content_hash
)
select event_id, user_id, content_hash,
  case when event_type = 'garmin.activity_samples' then event_id else recording_id::uuid end,
  event_type = 'garmin.activity_samples'
from newest
where (event_type = 'garmin.activity_samples' or recording_id is not null)
  and not exists (
    select from training.recordings as done
    where done.recording_id
        = case when event_type = 'garmin.activity_samples' then newest.event_id else newest.recording_id::uuid end
      and done.content_hash = newest.content_hash and done.code_version = %s
  )
order by user_id, event_id
"""


def compute_recordings(database: Database) -> Report:
    """Bring `training.recordings` up to date; what was computed is queued for the warehouse in the same transaction."""
    files = sessions = records = 0
    with database.connect() as connection:
        lock_session(connection, Lock.ACTIVITY_METRICS)
        waiting = [PendingRecording(*row) for row in connection.execute(_WAITING, [code_version()])]
        connection.commit()
        for batch in itertools.batched(waiting, FILES_PER_TRANSACTION):
            with connection.transaction():
                for recording in batch:
                    computed = compute(connection, recording)
                    _write(connection, recording, computed)
                    files += 1
                    sessions += len(computed.sessions)
                    records += computed.records
    return Report(files, sessions, records)


@dataclass(frozen=True, slots=True)
class Computed:
    """Start and figures of each session of a file, how many records it has, Garmin's number of what is drawn."""

    sessions: list[tuple[dt.datetime | None, ActivityMetrics]]
    records: int
    activity_number: str | None


def compute(connection: psycopg.Connection, recording: PendingRecording) -> Computed:
    """Read a recording and compute the figures of its sessions."""
    row = connection.execute(
        "select data from raw.events where event_id = %s and content_hash = %s",
        [recording.event_id, recording.content_hash],
    ).fetchone()
    data = row[0] if row and isinstance(row[0], dict) else {}
    if recording.is_drawn:
        records = account_records(data).clip_to_activity()
        parts = [records]
    else:
        records = read_records(connection, recording.recording_id).clip_to_activity()
        parts = [records.within(start, end) for start, end in spans_of(data, records.times)]
    number = data.get("activityId") if recording.is_drawn else None
    return Computed(
        [(_first(part), _figures(part)) for part in parts],
        len(records.times),
        str(number) if isinstance(number, int | str) else None,
    )


def _figures(part: Records) -> ActivityMetrics:
    return compute_activity_metrics(
        part.times, part.columns["power_w"], part.columns["heart_rate_bpm"], part.speed_mps
    )


def _first(part: Records) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(float(part.times.min()), dt.UTC) if len(part.times) else None


def spans_of(data: Mapping[str, Any], times: Column) -> list[tuple[float, float]]:
    """Give start and end (Unix seconds) of each session of a file, in its order; a single one holds every record.

    A session ends where the next begins, whatever it says of its length, so that no record is in two. The first begins
    with the first record, where it says that it began later.
    """
    sessions = data.get("sessions")
    if not isinstance(sessions, list) or len(sessions) < 2:
        return [(-np.inf, np.inf)]
    # What is not an object keeps its position, without a span.
    spans = [_span(session if isinstance(session, dict) else {}) for session in sessions]
    # Of those that begin together the longest gives way to the others.
    order = sorted(
        (place for place, (start, _) in enumerate(spans) if np.isfinite(start)),
        key=lambda place: (spans[place][0], -spans[place][1]),
    )
    for place, following in itertools.pairwise(order):
        start, end = spans[place]
        spans[place] = start, min(end, spans[following][0])
    if order and len(times):
        start, end = spans[order[0]]
        spans[order[0]] = min(start, float(times.min())), end
    return spans


def _span(session: Mapping[str, Any]) -> tuple[float, float]:
    try:
        start = dt.datetime.fromisoformat(str(session.get("start_time")))
    except ValueError:
        return np.nan, np.nan
    first = (start if start.tzinfo else start.replace(tzinfo=dt.UTC)).timestamp()
    lengths = (session.get("total_elapsed_time_s"), session.get("total_timer_time_s"))
    length = next((float(length) for length in lengths if isinstance(length, int | float)), 0.0)
    return first, first + length


# As many bytes a row: a count of fields, then length and value of each.
_ROW = np.dtype([("fields", ">i2"), *itertools.chain.from_iterable(
    ((f"length_{name}", ">i4"), (name, ">f8")) for name in ("time", *COLUMNS)
)])  # fmt: skip
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
    """Records of the samples that Garmin's account draws of an activity, out of its payload."""
    places = {
        descriptor.get("key"): descriptor.get("metricsIndex")
        for descriptor in _dicts(data.get("metricDescriptors"))
        if isinstance(descriptor.get("metricsIndex"), int)
    }
    samples = [
        sample["metrics"]
        for sample in _dicts(data.get("activityDetailMetrics"))
        if isinstance(sample.get("metrics"), list)
    ]
    times = _column(samples, places.get("directTimestamp")) / 1000
    return Records(times, {name: _column(samples, places.get(theirs)) for name, theirs in DRAWN.items()})


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _column(samples: list[list[object]], place: int | None) -> Column:
    if place is None or place < 0:
        return np.full(len(samples), np.nan)
    return np.array(
        [_number(sample[place]) if place < len(sample) else np.nan for sample in samples], dtype=np.float64
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan


_FIGURES = [field.name for field in dataclasses.fields(ActivityMetrics)]
_INSERT = f"""
insert into training.recordings
  (recording_id, session_number, event_id, user_id, content_hash, is_drawn, activity_number, started_at,
   effort_durations_s,
   {", ".join(_FIGURES)}, code_version)
values ({", ".join(["%s"] * (10 + len(_FIGURES)))})
"""  # noqa: S608 - names of our own columns


def _write(connection: psycopg.Connection, recording: PendingRecording, computed: Computed) -> None:
    connection.execute("delete from training.recordings where recording_id = %s", [recording.recording_id])
    about = [
        recording.event_id,
        recording.user_id,
        recording.content_hash,
        recording.is_drawn,
        computed.activity_number,
    ]
    rows = [
        [recording.recording_id, number, *about, started_at, list(DURATIONS)]
        + [getattr(figures, name) for name in _FIGURES]
        + [code_version()]
        for number, (started_at, figures) in enumerate(computed.sessions, start=1)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    _queue(connection, recording)


def _queue(connection: psycopg.Connection, recording: PendingRecording) -> None:
    """Tell the next build of the warehouse that this event's figures changed."""
    connection.execute(
        "insert into raw.change_queue (user_id, event_id) values (%s, %s)",
        [recording.user_id, recording.event_id],
    )
