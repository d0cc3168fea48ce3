"""Computes the metrics of recordings that are new, changed, or were computed by other code, and writes them."""

import dataclasses
import datetime as dt
import functools
import hashlib
import itertools
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg

from santorio.analyses.training.activity_metrics import ActivityMetrics, compute_activity_metrics
from santorio.analyses.training.best_efforts import DURATIONS
from santorio.analyses.training.records import Records, account_records, read_records, spans_of
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, lock_session

# A transaction for each file would wait for the disk more than it computes.
FILES_PER_TRANSACTION = 50
# Modules that decide the metrics: a change in one of them computes all recordings again.
CODE_MODULES = ("records", "resample", "power", "decoupling", "best_efforts", "activity_metrics", "pipeline")


@dataclass(frozen=True, slots=True)
class PendingRecording:
    """A version of an event whose metrics are to be computed.

    Attributes
    ----------
    is_drawn
        Whether its records are the samples that Garmin's account draws, in the event itself.
    """

    event_id: uuid.UUID
    user_id: uuid.UUID
    content_hash: bytes
    recording_id: uuid.UUID
    is_drawn: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of what was computed: files, their sessions, their records."""

    files: int
    sessions: int
    records: int


@functools.cache
def code_version() -> str:
    """Short hash of the sources that compute: metrics of other code are computed again."""
    digest = hashlib.sha256()
    for name in CODE_MODULES:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


# The newest version of each event with records whose metrics are not those of this version and this code.
_PENDING = """
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
        # One computation at a time: two would write the same recordings.
        lock_session(connection, Lock.ACTIVITY_METRICS)
        pending = [PendingRecording(*row) for row in connection.execute(_PENDING, [code_version()])]
        connection.commit()
        for batch in itertools.batched(pending, FILES_PER_TRANSACTION):
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
    """Start and metrics of each session of a file, its number of records, and Garmin's number of a drawn activity."""

    sessions: list[tuple[dt.datetime | None, ActivityMetrics]]
    records: int
    activity_number: str | None


def compute(connection: psycopg.Connection, recording: PendingRecording) -> Computed:
    """Read a recording and compute the metrics of its sessions."""
    row = connection.execute(
        "select data from raw.events where event_id = %s and content_hash = %s",
        [recording.event_id, recording.content_hash],
    ).fetchone()
    data = {}
    if row is not None and isinstance(row[0], dict):
        data = row[0]
    activity_number = None
    if recording.is_drawn:
        records = account_records(data).clip_to_activity()
        sessions = [records]
        if isinstance(data.get("activityId"), int | str):
            activity_number = str(data["activityId"])
    else:
        records = read_records(connection, recording.recording_id).clip_to_activity()
        sessions = [records.within(start, end) for start, end in spans_of(data, records.times)]
    return Computed(
        [(session.started_at, _metrics(session)) for session in sessions],
        len(records.times),
        activity_number,
    )


def _metrics(session: Records) -> ActivityMetrics:
    columns = session.columns
    return compute_activity_metrics(
        session.times, columns["power_w"], columns["heart_rate_bpm"], session.speed_mps
    )


_METRICS = [field.name for field in dataclasses.fields(ActivityMetrics)]
_INSERT = f"""
insert into training.recordings
  (recording_id, session_number, event_id, user_id, content_hash, is_drawn, activity_number, started_at,
   effort_durations_s,
   {", ".join(_METRICS)}, code_version)
values ({", ".join(["%s"] * (10 + len(_METRICS)))})
"""  # noqa: S608 - names of our own columns


def _write(connection: psycopg.Connection, recording: PendingRecording, computed: Computed) -> None:
    connection.execute("delete from training.recordings where recording_id = %s", [recording.recording_id])
    of_recording = [
        recording.event_id,
        recording.user_id,
        recording.content_hash,
        recording.is_drawn,
        computed.activity_number,
    ]
    rows = []
    for number, (started_at, metrics) in enumerate(computed.sessions, start=1):
        values = [getattr(metrics, name) for name in _METRICS]
        of_session = [started_at, list(DURATIONS), *values, code_version()]
        rows.append([recording.recording_id, number, *of_recording, *of_session])
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    _queue(connection, recording)


def _queue(connection: psycopg.Connection, recording: PendingRecording) -> None:
    """Queue the event for the next build of the warehouse, since its metrics changed."""
    connection.execute(
        "insert into raw.change_queue (user_id, event_id) values (%s, %s)",
        [recording.user_id, recording.event_id],
    )
