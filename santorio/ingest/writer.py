"""Write parsed files as rows: events, recordings, rejections, and the record of the import itself.

Everything here runs within the caller's transaction, so that a file is ingested completely or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psycopg

from santorio.ingest import quarantine
from santorio.people import Person
from santorio.storage.activity_records import write_recordings
from santorio.storage.event_log import Event, WriteResult, write_events
from santorio.storage.parse_result import ParseResult, Rejection

Outcome = Literal["imported", "unchanged", "partly", "rejected", "empty"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """The outcome of a file or an archive."""

    path: Path
    kind: str
    outcome: Outcome
    events_new: int
    """New versions of events that the log had already are among them."""
    events_unchanged: int
    rejected: list[Rejection]
    accounts: frozenset[str] = field(default=frozenset())
    """Garmin accounts that payloads name."""


def write_results(
    connection: psycopg.Connection,
    person: Person,
    name: str,
    sha256: str | None,
    results: Sequence[ParseResult],
    *,
    is_replay: bool,
) -> WriteResult:
    """Write the results of a file, or of some members of an archive.

    Parameters
    ----------
    name, sha256
        Name and hash of the file or archive; no hash where there are no bytes to keep.
    is_replay
        The same bytes were imported before: they bring no newer version of any event.
    """
    events: list[Event] = []
    for result in results:
        events += result.events
    written = write_events(connection, events, is_replay=is_replay)
    for result in results:
        write_recordings(connection, result.recordings)
        for rejection in result.rejections:
            quarantine.add(connection, person, name, sha256, rejection)
    return written


def outcome_of(rejections: Sequence[Rejection], *, has_events: bool, has_new: bool) -> Outcome:
    """Classify the outcome of a file."""
    has_open = any(rejection.status == "open" for rejection in rejections)
    if has_open:
        return "partly" if has_events else "rejected"
    if not has_events:
        return "empty"
    return "imported" if has_new else "unchanged"


def was_imported(connection: psycopg.Connection, person: Person, sha256: str | None) -> bool:
    """Whether a file with these bytes was imported before."""
    row = connection.execute(
        "select from ops.imports where user_id = %s and object_sha256 = %s", [person.user_id, sha256]
    ).fetchone()
    return row is not None


def record_import(
    connection: psycopg.Connection, person: Person, name: str, sha256: str, outcome: FileOutcome
) -> None:
    """Record that a file was imported, in place of an earlier import of the same bytes."""
    connection.execute(
        """
        insert into ops.imports
          (user_id, object_sha256, source_name, kind, outcome, events_new, events_unchanged, rejected)
        values (%(user_id)s, %(sha256)s, %(name)s, %(kind)s, %(outcome)s, %(new)s, %(unchanged)s, %(rejected)s)
        on conflict (user_id, object_sha256) do update set
          source_name = excluded.source_name, kind = excluded.kind, outcome = excluded.outcome,
          events_new = excluded.events_new, events_unchanged = excluded.events_unchanged,
          rejected = excluded.rejected, imported_at = now()
        """,
        {
            "user_id": person.user_id,
            "sha256": sha256,
            "name": name,
            "kind": outcome.kind,
            "outcome": outcome.outcome,
            "new": outcome.events_new,
            "unchanged": outcome.events_unchanged,
            "rejected": len(outcome.rejected),
        },
    )
