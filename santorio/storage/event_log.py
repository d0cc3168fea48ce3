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
    "event_id", "content_hash", "user_id", "time", "utc_offset", "event_type", "source",
    "data", "metadata", "confidence", "ingested_at",
)  # fmt: skip

# The instant of events that are about no moment: settings, devices, a schedule.
UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
# Where a version that returns to an older content keeps its plain hash.
CONTENT_SHA256_KEY = "content_sha256"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Event:
    """One thing that entered.

    Parameters
    ----------
    user_id
        Whose it is.
    time
        The instant it is about, aware.
    utc_offset
        What the person's clock showed beyond UTC; None where the source does not say.
    event_type
        Dotted name such as `garmin.sleep`.
    source
        Where it came from: `garmin`, `fit`, `log`, `trial`.
    natural_key
        What makes it the same thing when it comes again, unique within person, source and type.
    data
        The content as it came.
    metadata
        About the content: never compared.
    confidence
        From 0 to 1 where the source is unsure, else None.

    Whether the log can keep it is known when its hash is taken: `content_hash` and `document` raise
    RejectedRecord where it cannot.
    """

    user_id: uuid.UUID
    time: dt.datetime
    utc_offset: dt.timedelta | None
    event_type: str
    source: str
    # What may hold health values stays out of representations: those end in logs.
    natural_key: str = field(repr=False)
    data: Mapping[str, object] = field(repr=False)
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)
    confidence: float | None = field(default=None, repr=False)

    @functools.cached_property
    def event_id(self) -> uuid.UUID:
        """UUIDv5 of person, source, type and natural key: the same thing has one id, whenever it comes."""
        return uuid.uuid5(
            NAMESPACE, "\x1f".join((str(self.user_id), self.source, self.event_type, self.natural_key))
        )

    @functools.cached_property
    def document(self) -> bytes:
        """The data as canonical JSON."""
        return canonical_json(self.data)

    @functools.cached_property
    def content_hash(self) -> bytes:
        """SHA-256 of time, offset and data."""
        self._check()
        offset = "" if self.utc_offset is None else str(int(self.utc_offset.total_seconds()))
        head = f"{self.time.astimezone(dt.UTC).isoformat()}\x1f{offset}\x1f"
        return hashlib.sha256(head.encode() + self.document).digest()

    def _check(self) -> None:
        """Refuse what the columns beside the data could not keep."""
        if self.time.tzinfo is None:
            raise RejectedRecord("The record's time has no time zone.", hint="Write it with an offset.")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise RejectedRecord("The record's confidence is not between 0 and 1.")
        if CONTENT_SHA256_KEY in self.metadata:
            raise RejectedRecord(f"The record's metadata uses the reserved name {CONTENT_SHA256_KEY}.")
        canonical_json([self.event_type, self.source, self.natural_key, self.metadata])


def canonical_json(value: object) -> bytes:
    """Serialise to the one JSON text of a value: keys sorted, no spaces, UTF-8.

    Raises
    ------
    RejectedRecord
        If it holds what JSON or PostgreSQL's jsonb cannot keep: NaN, infinity, a NUL character, another type.
    """
    try:
        document = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise RejectedRecord(
            "The record holds something that is no JSON.", hint="Export it again."
        ) from error
    if rb"\u0000" in document and _NUL.search(document):
        raise RejectedRecord(
            "The record holds a NUL character, which the database cannot keep.",
            hint="Remove it and import again.",
        )
    # orjson writes NaN and infinity as null, in silence: where there is a null, look whether it was one.
    if b"null" in document and not _is_finite(value):
        raise RejectedRecord(
            "The record holds a number that is NaN or infinite.", hint="Leave such values out."
        )
    return document


def _is_finite(value: object) -> bool:
    try:
        # What orjson alone can write (instants, UUIDs) is no number: any stand-in will do.
        json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a batch added: `new` things, new `versions` of known things, `unchanged` ones."""

    new: int = 0
    versions: int = 0
    unchanged: int = 0

    def __add__(self, other: "WriteResult") -> "WriteResult":
        return WriteResult(
            self.new + other.new, self.versions + other.versions, self.unchanged + other.unchanged
        )


# An event is unchanged when it equals the newest version of itself; one that equals an older version is a
# new version all the same (docs/decisions/0001), told apart by the hash of what it replaces. The versions of
# an event are ordered by ingested_at, so that must rise even when the machine's clock is set back, or when a
# batch was so large that its microseconds ran ahead of the clock.
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
  select came.*, newest.content_hash as replaced_hash, newest.plain_hash,
         exists (
           select from raw.events older
           where older.event_id = came.event_id and older.content_hash = came.content_hash
         ) as returns
  from unnest(%(event_ids)s, %(content_hashes)s) with ordinality as came (event_id, content_hash, place)
  left join newest using (event_id)
)
select place::int - 1, replaced_hash,
       case when returns then sha256(content_hash || replaced_hash) else content_hash end, start.at
from compared cross join start
where plain_hash is distinct from content_hash and not (%(is_replay)s and returns)
order by place
"""


def write_events(
    connection: psycopg.Connection, events: Sequence[Event], *, is_replay: bool = False
) -> WriteResult:
    """Write a batch: one question which events are new or changed, then COPY of those.

    Idempotent, and atomic with the caller's transaction. Writers of one person wait for each other.

    Parameters
    ----------
    connection
        In a transaction (not in autocommit), which the caller commits.
    events
        In the order in which they became known: of the versions of one event the last wins.
    is_replay
        The source is known to have been read before (a file with the same bytes): it says nothing new, so a
        version that any later one replaced stays replaced.

    Raises
    ------
    RejectedRecord
        If an event cannot be kept; nothing of the batch is written then.
    """
    if not events:
        return WriteResult()
    for user_id in sorted({event.user_id for event in events}):
        lock_person(connection, user_id)
    for event in events:
        _ = event.content_hash  # raises before anything is written
    result = WriteResult()
    for numbered in _rounds(events):
        result += _write_round(connection, numbered, is_replay=is_replay)
    return result


def _write_round(
    connection: psycopg.Connection, events: Sequence[tuple[int, Event]], *, is_replay: bool
) -> WriteResult:
    """Write events of which no two are versions of one another, each with its place in the batch."""
    known = {
        "event_ids": [event.event_id for _, event in events],
        "content_hashes": [event.content_hash for _, event in events],
        "is_replay": is_replay,
    }
    changed = connection.execute(_COMPARE, known).fetchall()
    rows = (_row(*events[place], content_hash, at) for place, _, content_hash, at in changed)
    copy_rows(connection, "raw.events", COLUMNS, rows)
    versions = sum(replaced_hash is not None for _, replaced_hash, _, _ in changed)
    return WriteResult(len(changed) - versions, versions, len(events) - len(changed))


def _rounds(events: Sequence[Event]) -> list[list[tuple[int, Event]]]:
    """Split a batch so that no event has two versions in one round; nearly every batch is one round."""
    seen: dict[uuid.UUID, int] = {}
    rounds: list[list[tuple[int, Event]]] = []
    for ordinal, event in enumerate(events):
        number = seen[event.event_id] = seen.get(event.event_id, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append((ordinal, event))
    return rounds


def _row(ordinal: int, event: Event, content_hash: bytes, at: dt.datetime) -> tuple[object, ...]:
    metadata = event.metadata
    if content_hash != event.content_hash:
        metadata = {**metadata, CONTENT_SHA256_KEY: event.content_hash.hex()}
    return (
        event.event_id, content_hash, event.user_id, event.time, event.utc_offset, event.event_type, event.source,
        event.document.decode(), canonical_json(metadata).decode(), event.confidence,
        # In UTC: the arithmetic of a zone's wall clock goes back an hour where the clock does.
        at.astimezone(dt.UTC) + dt.timedelta(microseconds=ordinal),
    )  # fmt: skip
