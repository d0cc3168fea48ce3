"""Recordings: the records of a FIT, TCX or GPX file, in columns, and how they are written.

Rows belong to the bytes of the file: importing it again adds none, and a corrected file is another recording beside
the first. The valid recording is the one that the newest version of the event names.
"""

import datetime as dt
import struct
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import psycopg

from santorio.storage.database.copy import BINARY_HEADER, BINARY_TRAILER, binary_array, copy_arrays
from santorio.storage.event_log import NAMESPACE

Column = npt.NDArray[np.float64]

# Columns of raw.activity_records with their types.
COLUMNS: Mapping[str, str] = {
    "latitude_deg": "f8",
    "longitude_deg": "f8",
    "distance_m": "f8",
    "altitude_m": "f4",
    "speed_mps": "f4",
    "heart_rate_bpm": "f4",
    "cadence_rpm": "f4",
    "power_w": "f4",
    "temperature_c": "f4",
    "grade_percent": "f4",
    "respiration_rate_brpm": "f4",
    "vertical_oscillation_mm": "f4",
    "ground_contact_ms": "f4",
    "step_length_mm": "f4",
}
# PostgreSQL counts microseconds from 2000.
EPOCH_OF_POSTGRESQL = 946_684_800


@dataclass(frozen=True, slots=True)
class Recording:
    """Records of a file.

    Parameters
    ----------
    file_sha256
        Hash of the file, which may be a member of an archive.
    event_id
        Id of the event that the file became.
    source
        `fit`, `tcx` or `gpx`.
    times
        Unix seconds, one a record, in the file's order; they may repeat.
    columns
        Arrays by the names of `COLUMNS`, as long as `times`; NaN where nothing was measured.
    series
        Arrays by name of values without a column: as long as `times` for fields of records, of any length for beats.
    salvaged
        Whether the file was damaged.
    """

    user_id: uuid.UUID
    file_sha256: str
    event_id: uuid.UUID
    source: str
    times: Column = field(repr=False)
    columns: Mapping[str, Column] = field(repr=False)
    series: Mapping[str, Column] = field(default_factory=dict, repr=False)
    salvaged: bool = False

    @property
    def recording_id(self) -> uuid.UUID:
        """UUIDv5 of person and file."""
        return recording_id(self.user_id, self.file_sha256)


def recording_id(user_id: uuid.UUID, file_sha256: str) -> uuid.UUID:
    """Return the id of the recording of a person's file."""
    return uuid.uuid5(NAMESPACE, f"recording\x1f{user_id}\x1f{file_sha256}")


# Returns a row only if there is something to write: true if records that were written before are to be replaced.
_UPSERT = """
insert into raw.recordings as stored
  (recording_id, user_id, file_sha256, event_id, source, records, first_at, last_at, salvaged)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (recording_id) do update
  set records = excluded.records, first_at = excluded.first_at, last_at = excluded.last_at,
      salvaged = excluded.salvaged, ingested_at = excluded.ingested_at
  where stored.records < excluded.records
returning xmax <> 0
"""


def write_recordings(connection: psycopg.Connection, recordings: Iterable[Recording]) -> int:
    """Write recordings that are not stored yet, in the caller's transaction, and count their records.

    The same bytes read again add nothing, unless more of them can be read now: then the rows are replaced.
    """
    return sum(_write(connection, recording) for recording in recordings)


def _write(connection: psycopg.Connection, recording: Recording) -> int:
    count = len(recording.times)
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None
    if count:
        first_at, last_at = _instant(recording.times.min()), _instant(recording.times.max())
    written = connection.execute(
        _UPSERT,
        [
            recording.recording_id,
            recording.user_id,
            recording.file_sha256,
            recording.event_id,
            recording.source,
            count,
            first_at,
            last_at,
            recording.salvaged,
        ],
    ).fetchone()
    if written is None:
        return 0
    if written == (True,):
        connection.execute(
            "delete from raw.activity_records where recording_id = %s", [recording.recording_id]
        )
        connection.execute(
            "delete from raw.recording_series where recording_id = %s", [recording.recording_id]
        )
    if count:
        copy_arrays(connection, "raw.activity_records", _table(recording))
    if recording.series:
        _copy_series(connection, recording)
    return count


def _table(recording: Recording) -> dict[str, npt.NDArray[np.generic]]:
    """Return the columns in the types of the database; columns that the file does not have are omitted."""
    count = len(recording.times)
    micros = np.rint((recording.times - EPOCH_OF_POSTGRESQL) * 1e6).astype("i8")
    table: dict[str, npt.NDArray[np.generic]] = {
        "recording_id": np.full(count, np.void(recording.recording_id.bytes)),
        "ordinal": np.arange(count, dtype="i4"),
        "recorded_at": micros,
    }
    for name, kind in COLUMNS.items():
        if name in recording.columns:
            table[name] = recording.columns[name].astype(kind)
    return table


def _copy_series(connection: psycopg.Connection, recording: Recording) -> None:
    key = recording.recording_id.bytes
    statement = "copy raw.recording_series (recording_id, name, series) from stdin (format binary)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(BINARY_HEADER)
        for name, values in recording.series.items():
            fields = (key, name.encode(), binary_array(values))
            # A row of binary COPY: the number of fields, then each with its length.
            copy.write(struct.pack("!h", len(fields)))
            for content in fields:
                copy.write(struct.pack("!i", len(content)) + content)
        copy.write(BINARY_TRAILER)


def _instant(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(seconds), dt.UTC)
