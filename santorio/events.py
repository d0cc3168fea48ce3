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
from itertools import groupby

import orjson
import psycopg

from santorio.database.copying import copy_rows
from santorio.errors import RejectedRecord

NAMESPACE = uuid.UUID("6f1c8a52-0c5e-5d0c-9a6b-4f0d5b7a1614")
COLUMNS = (
    "ordinal", "event_id", "content_hash", "user_id", "time", "utc_offset",
    "event_type", "source", "data", "metadata", "confidence",
)  # fmt: skip

# Where a version that returns to an older content keeps its plain hash.
PLAIN_HASH = "content_sha256"
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
        if PLAIN_HASH in self.metadata:
            raise RejectedRecord(f"The record's metadata uses the reserved name {PLAIN_HASH}.")
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


_STAGE = """
create temporary table if not exists staged_events (
  ordinal int, event_id uuid, content_hash bytea, user_id uuid, time timestamptz, utc_offset interval,
  event_type text, source text, data jsonb, metadata jsonb, confidence double precision
) on commit delete rows
"""

# An event is unchanged when it equals the newest version of itself; one that equals an older version is a
# new version all the same (docs/decisions/0001), told apart by the hash of what it replaces. The versions of
# an event are ordered by ingested_at, so that must rise even when the machine's clock is set back, or when a
# batch was so large that its microseconds ran ahead of the clock.
_WRITE = """
with start as materialized (
  select greatest(clock_timestamp(), max(ingested_at) + interval '1 microsecond') as at from raw.events
), newest as (
  select distinct on (stored.event_id) stored.event_id, stored.content_hash,
         coalesce(decode(stored.metadata ->> 'content_sha256', 'hex'), stored.content_hash) as plain_hash
  from raw.events stored
  where stored.event_id in (select event_id from pg_temp.staged_events)
  order by stored.event_id, stored.ingested_at desc
), compared as (
  select staged.*, newest.content_hash as replaced_hash, newest.plain_hash,
         exists (
           select from raw.events older
           where older.event_id = staged.event_id and older.content_hash = staged.content_hash
         ) as returns
  from pg_temp.staged_events staged left join newest using (event_id)
), changed as (
  select * from compared where plain_hash is distinct from content_hash and not (%(replay)s and returns)
), written as (
  insert into raw.events
    (event_id, content_hash, user_id, time, utc_offset, event_type, source,
     data, metadata, confidence, ingested_at)
  select event_id, case when returns then sha256(content_hash || replaced_hash) else content_hash end,
         user_id, time, utc_offset, event_type, source, data,
         case when returns
              then metadata || jsonb_build_object('content_sha256', encode(content_hash, 'hex'))
              else metadata end,
         confidence, start.at + ordinal * interval '1 microsecond'
  from changed cross join start
  returning event_id
)
select count(*) filter (where replaced_hash is null), count(*) filter (where replaced_hash is not null)
from changed join written using (event_id)
"""


def write_events(
    connection: psycopg.Connection, events: Sequence[Event], *, replay: bool = False
) -> WriteResult:
    """Write a batch: COPY into a staging table, then one statement into the log.

    Idempotent, and atomic with the caller's transaction. Writers of one person wait for each other.

    Parameters
    ----------
    connection
        In a transaction (not in autocommit), which the caller commits.
    events
        In the order in which they became known: of the versions of one event the last wins.
    replay
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
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1614))", [str(user_id)])
    connection.execute(_STAGE)
    result = WriteResult()
    for rows in _rounds(events):
        connection.execute("truncate pg_temp.staged_events")
        copy_rows(connection, "pg_temp.staged_events", COLUMNS, rows)
        row = connection.execute(_WRITE, {"replay": replay}).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives a row
        new, versions = row
        result += WriteResult(new, versions, len(rows) - new - versions)
    return result


def _rounds(events: Sequence[Event]) -> list[list[tuple[object, ...]]]:
    """Split a batch so that no event has two versions in one round; nearly every batch is one round."""
    seen: dict[uuid.UUID, int] = {}
    numbered: list[tuple[int, tuple[object, ...]]] = []
    for ordinal, event in enumerate(events):
        number = seen[event.event_id] = seen.get(event.event_id, -1) + 1
        numbered.append((number, _row(ordinal, event)))
    numbered.sort(key=lambda item: item[0])  # stable: within a round the order stays
    return [[row for _, row in group] for _, group in groupby(numbered, key=lambda item: item[0])]


def _row(ordinal: int, event: Event) -> tuple[object, ...]:
    return (
        ordinal, event.event_id, event.content_hash, event.user_id, event.time, event.utc_offset,
        event.event_type, event.source, event.document.decode(), canonical_json(event.metadata).decode(),
        event.confidence,
    )  # fmt: skip
