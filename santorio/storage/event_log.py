"""The log: everything that enters is an event in `raw.events`, append-only and immutable.

Belongs here: what an event is and how it is written. What the events of a source mean belongs to that source.
"""

import datetime as dt
import functools
import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import psycopg

from santorio.errors import RejectedRecord
from santorio.storage.database.copy import copy_rows
from santorio.storage.database.locks import lock_person

NAMESPACE = uuid.UUID("6f1c8a52-0c5e-5d0c-9a6b-4f0d5b7a1614")
COLUMNS = (
    "event_id",
    "content_hash",
    "user_id",
    "time",
    "utc_offset",
    "event_type",
    "source",
    "data",
    "metadata",
    "confidence",
    "ingested_at",
)

# The time of events that are not about an instant: settings, devices, a schedule.
UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
# Metadata key under which a version that returns to an older content keeps its plain hash.
CONTENT_SHA256_KEY = "content_sha256"
# An escaped NUL in JSON: after an even number of backslashes, because `\\u0000` is a backslash and a text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Event:
    """A version of something that entered the log.

    `content_hash` and `document` raise RejectedRecord if the log cannot store it.

    Parameters
    ----------
    user_id
        Person whose data it is.
    time
        The instant that it is about, aware.
    utc_offset
        Difference between the person's clock and UTC; None where the source does not state it.
    event_type
        Dotted name such as `garmin.sleep`.
    source
        Where it came from: `garmin`, `fit`, `log`, `trial`.
    natural_key
        Identifies all versions of it, unique within person, source and type.
    data
        The content, unchanged.
    metadata
        About the content; it is not compared.
    confidence
        From 0 to 1 where the source is unsure, else None.
    """

    user_id: uuid.UUID
    time: dt.datetime
    utc_offset: dt.timedelta | None
    event_type: str
    source: str
    # Fields that may contain health values have no representation: representations end up in logs.
    natural_key: str = field(repr=False)
    data: Mapping[str, object] = field(repr=False)
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)
    confidence: float | None = field(default=None, repr=False)

    @functools.cached_property
    def event_id(self) -> uuid.UUID:
        """UUIDv5 of person, source, type and natural key: all versions of an event have the same id."""
        parts = (str(self.user_id), self.source, self.event_type, self.natural_key)
        return uuid.uuid5(NAMESPACE, "\x1f".join(parts))

    @functools.cached_property
    def document(self) -> bytes:
        """The data as canonical JSON."""
        return canonical_json(self.data)

    @functools.cached_property
    def content_hash(self) -> bytes:
        """SHA-256 of time, offset and data."""
        self._check()
        offset = ""
        if self.utc_offset is not None:
            offset = str(int(self.utc_offset.total_seconds()))
        head = f"{self.time.astimezone(dt.UTC).isoformat()}\x1f{offset}\x1f"
        return hashlib.sha256(head.encode() + self.document).digest()

    def _check(self) -> None:
        """Reject what the columns other than the data cannot store."""
        if self.time.tzinfo is None:
            raise RejectedRecord("The record's time has no time zone.", hint="Write it with an offset.")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise RejectedRecord("The record's confidence is not between 0 and 1.")
        if CONTENT_SHA256_KEY in self.metadata:
            raise RejectedRecord(f"The record's metadata uses the reserved name {CONTENT_SHA256_KEY}.")
        canonical_json([self.event_type, self.source, self.natural_key, self.metadata])


def canonical_json(value: object) -> bytes:
    """Serialise to canonical JSON: keys sorted, no spaces, UTF-8.

    Raises
    ------
    RejectedRecord
        If it contains what JSON or PostgreSQL's jsonb cannot store: NaN, infinity, a NUL character, another type.
    """
    try:
        document = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise RejectedRecord(
            "The record contains something that is not JSON.", hint="Export it again."
        ) from error
    if rb"\u0000" in document and _NUL.search(document):
        raise RejectedRecord(
            "The record contains a NUL character, which the database cannot store.",
            hint="Remove it and import again.",
        )
    # orjson writes NaN and infinity as null without an error: only a text with a null needs the slower check.
    if b"null" in document and not _is_finite(value):
        raise RejectedRecord(
            "The record contains a number that is NaN or infinite.", hint="Remove such values."
        )
    return document


def _is_finite(value: object) -> bool:
    try:
        # Types that only orjson can write (instants, UUIDs) are not numbers: any text can stand for them.
        json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a batch added: `new` events, new `versions` of events in the log, `unchanged` events."""

    new: int = 0
    versions: int = 0
    unchanged: int = 0

    def __add__(self, other: "WriteResult") -> "WriteResult":
        return WriteResult(
            self.new + other.new, self.versions + other.versions, self.unchanged + other.unchanged
        )


# An event is unchanged if it equals its newest version. If it equals an older version it is a new version all the same
# (docs/decisions/0001), distinguished by the hash of the version that it replaces. The versions of an event are ordered
# by ingested_at, which must rise even if the machine's clock is set back, or if a batch was so large that its
# microseconds ran ahead of the clock.
_COMPARE = """
with start as materialized (
  select greatest(clock_timestamp(), max(ingested_at) + interval '1 microsecond') as at from raw.events
), newest as (
  select distinct on (event_id) event_id, content_hash,
         coalesce(decode(metadata ->> 'content_sha256', 'hex'), content_hash) as plain_hash
  from raw.events
  where event_id = any(%(event_ids)s)
  order by event_id, ingested_at desc
), compared as (
  select batch.*, newest.content_hash as replaced_hash, newest.plain_hash,
         exists (
           select from raw.events older
           where older.event_id = batch.event_id and older.content_hash = batch.content_hash
         ) as equals_older
  from unnest(%(event_ids)s, %(content_hashes)s) with ordinality as batch (event_id, content_hash, ordinal)
  left join newest using (event_id)
)
select ordinal::int - 1, replaced_hash,
       case when equals_older then sha256(content_hash || replaced_hash) else content_hash end, start.at
from compared cross join start
where plain_hash is distinct from content_hash and not (%(is_replay)s and equals_older)
order by ordinal
"""


def write_events(
    connection: psycopg.Connection, events: Sequence[Event], *, is_replay: bool = False
) -> WriteResult:
    """Write a batch: a query finds the events that are new or changed, then COPY writes them.

    Idempotent, and atomic with the caller's transaction. Writers of one person wait for each other.

    Parameters
    ----------
    connection
        In a transaction (not in autocommit), which the caller commits.
    events
        In the order in which they became known: of several versions of an event the last one becomes the newest.
    is_replay
        The source was read before (a file with the same bytes) and has nothing new: a version that a later one
        replaced stays replaced.

    Raises
    ------
    RejectedRecord
        If the log cannot store an event; nothing of the batch is written then.
    """
    if not events:
        return WriteResult()
    # In one order, so that two batches of the same people cannot deadlock.
    for user_id in sorted({event.user_id for event in events}):
        lock_person(connection, user_id)
    # Computing the hashes raises before anything is written.
    for event in events:
        _ = event.content_hash
    result = WriteResult()
    for numbered in _rounds(events):
        result += _write_round(connection, numbered, is_replay=is_replay)
    return result


def _write_round(
    connection: psycopg.Connection, events: Sequence[tuple[int, Event]], *, is_replay: bool
) -> WriteResult:
    """Write events of which no two are versions of each other, each with its position in the batch."""
    arguments = {
        "event_ids": [event.event_id for _, event in events],
        "content_hashes": [event.content_hash for _, event in events],
        "is_replay": is_replay,
    }
    changed = connection.execute(_COMPARE, arguments).fetchall()
    rows: list[tuple[object, ...]] = []
    versions = 0
    for position, replaced_hash, content_hash, start_at in changed:
        ordinal, event = events[position]
        rows.append(_row(ordinal, event, content_hash, start_at))
        versions += replaced_hash is not None
    copy_rows(connection, "raw.events", COLUMNS, rows)
    return WriteResult(len(changed) - versions, versions, len(events) - len(changed))


def _rounds(events: Sequence[Event]) -> list[list[tuple[int, Event]]]:
    """Split a batch so that no event has two versions in a round; nearly every batch is a single round."""
    seen: dict[uuid.UUID, int] = {}
    rounds: list[list[tuple[int, Event]]] = []
    for ordinal, event in enumerate(events):
        number = seen[event.event_id] = seen.get(event.event_id, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append((ordinal, event))
    return rounds


def _row(ordinal: int, event: Event, content_hash: bytes, start_at: dt.datetime) -> tuple[object, ...]:
    """Return the values of `COLUMNS`; events of a batch are a microsecond apart, in its order."""
    metadata = event.metadata
    if content_hash != event.content_hash:
        metadata = {**metadata, CONTENT_SHA256_KEY: event.content_hash.hex()}
    # In UTC: the arithmetic of a zone's wall clock goes back an hour where the clock does.
    ingested_at = start_at.astimezone(dt.UTC) + dt.timedelta(microseconds=ordinal)
    return (
        event.event_id,
        content_hash,
        event.user_id,
        event.time,
        event.utc_offset,
        event.event_type,
        event.source,
        event.document.decode(),
        canonical_json(metadata).decode(),
        event.confidence,
        ingested_at,
    )
