"""The log: everything that enters is an event in `raw.events`, append-only and immutable.

Belongs here: what an event is and how it is written. What the events of a source mean belongs to that source.
"""

import datetime as dt
import functools
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import psycopg

from santorio.database.copying import copy_rows
from santorio.errors import RejectedRecord

NAMESPACE = uuid.UUID("6f1c8a52-0c5e-5d0c-9a6b-4f0d5b7a1614")
COLUMNS = (
    "ordinal", "event_id", "content_hash", "user_id", "time", "utc_offset",
    "event_type", "source", "data", "metadata", "confidence",
)  # fmt: skip


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
    """

    user_id: uuid.UUID
    time: dt.datetime
    utc_offset: dt.timedelta | None
    event_type: str
    source: str
    natural_key: str
    data: Mapping[str, object]
    metadata: Mapping[str, object] = field(default_factory=dict)
    confidence: float | None = None

    @functools.cached_property
    def event_id(self) -> uuid.UUID:
        """UUIDv5 of person, source, type and natural key: the same thing has one id, whenever it comes."""
        return uuid.uuid5(NAMESPACE, "\x1f".join((str(self.user_id), self.source, self.event_type, self.natural_key)))

    @functools.cached_property
    def document(self) -> bytes:
        """The data as canonical JSON."""
        return canonical_json(self.data)

    @functools.cached_property
    def content_hash(self) -> bytes:
        """SHA-256 of time, offset and data."""
        offset = "" if self.utc_offset is None else str(int(self.utc_offset.total_seconds()))
        head = f"{self.time.astimezone(dt.UTC).isoformat()}\x1f{offset}\x1f"
        return hashlib.sha256(head.encode() + self.document).digest()


def canonical_json(value: object) -> bytes:
    """Serialise with sorted keys; NaN and Infinity become null, as in JavaScript.

    Raises
    ------
    RejectedRecord
        If PostgreSQL could not keep it: a NUL character, or something that is no JSON.
    """
    try:
        document = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError) as error:
        raise RejectedRecord("The record holds something that is no JSON.", hint="Export it again.") from error
    if rb"\u0000" in document:
        raise RejectedRecord(
            "The record holds a NUL character, which the database cannot keep.", hint="Remove it and import again."
        )
    return document


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
create temp table if not exists staged_events (
  ordinal int, event_id uuid, content_hash bytea, user_id uuid, time timestamptz, utc_offset interval,
  event_type text, source text, data jsonb, metadata jsonb, confidence double precision
) on commit drop
"""

# An event is unchanged when it equals the newest version of itself: in the batch, else in the log. One that
# equals an older version is a new version all the same (docs/decisions/0001), told apart by the hash of what
# it replaces (and its place in the batch). `ingested_at` rises with the ordinal, so that within a batch too the last one wins.
_WRITE = """
with newest as (
  select distinct on (e.event_id) e.event_id, e.content_hash,
         coalesce(decode(e.metadata ->> 'content_sha256', 'hex'), e.content_hash) as plain_hash, e.ingested_at
  from raw.events e
  where e.event_id in (select event_id from staged_events)
  order by e.event_id, e.ingested_at desc
), chained as (
  select s.*,
         coalesce(lag(s.content_hash) over same, n.plain_hash) as replaced_plain,
         coalesce(lag(s.content_hash) over same, n.content_hash) as replaced_hash,
         row_number() over same = 1 and n.event_id is null as is_new
  from staged_events s left join newest n using (event_id)
  window same as (partition by s.event_id order by s.ordinal)
), changed as (
  select * from chained c where replaced_plain is distinct from content_hash
    and not (%(replay)s and exists (
      select from raw.events e where e.event_id = c.event_id
        and c.content_hash in (e.content_hash, decode(e.metadata ->> 'content_sha256', 'hex'))))
), written as (
  insert into raw.events
    (event_id, content_hash, user_id, time, utc_offset, event_type, source, data, metadata, confidence, ingested_at)
  select c.event_id,
         case when seen.again then sha256(c.content_hash || c.replaced_hash || int4send(c.ordinal)) else c.content_hash end,
         c.user_id, c.time, c.utc_offset, c.event_type, c.source, c.data,
         case when seen.again
              then c.metadata || jsonb_build_object('content_sha256', encode(c.content_hash, 'hex'))
              else c.metadata end,
         c.confidence,
         greatest(clock_timestamp(), (select max(ingested_at) from newest)) + c.ordinal * interval '1 microsecond'
  from changed c
  cross join lateral (
    select exists (select from raw.events e where e.event_id = c.event_id and e.content_hash = c.content_hash)
        or exists (select from chained earlier where earlier.event_id = c.event_id
                   and earlier.ordinal < c.ordinal and earlier.content_hash = c.content_hash) as again
  ) seen
  on conflict do nothing
  returning event_id
)
select (select count(*) filter (where is_new) from chained),
       (select count(*) from written),
       (select count(*) from staged_events)
"""


def write_events(connection: psycopg.Connection, events: Sequence[Event], *, replay: bool = False) -> WriteResult:
    """Write a batch: COPY into a staging table, then one statement into the log.

    Idempotent, and atomic with the caller's transaction. Writers of one person wait for each other.

    Parameters
    ----------
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
    rows = [_row(number, event) for number, event in enumerate(events, start=1)]
    for user_id in sorted({event.user_id for event in events}):
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1614))", [str(user_id)])
    connection.execute(_STAGE)
    copy_rows(connection, "staged_events", COLUMNS, rows)
    row = connection.execute(_WRITE, {"replay": replay}).fetchone()
    connection.execute("truncate staged_events")
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    new, written, staged = row
    return WriteResult(new=new, versions=written - new, unchanged=staged - written)


def _row(ordinal: int, event: Event) -> tuple[object, ...]:
    return (
        ordinal, event.event_id, event.content_hash, event.user_id, event.time, event.utc_offset, event.event_type,
        event.source, event.document.decode(), canonical_json(event.metadata).decode(), event.confidence,
    )  # fmt: skip
