"""Import an archive of any size: some members a transaction, each of which records the progress of the import.

An import that was killed at any point resumes where it stopped: finished members are not read again, and writing is
idempotent.
"""

import datetime as dt
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import psycopg

from santorio.code_version import code_version
from santorio.ingest import quarantine
from santorio.ingest.file_parser import UNKNOWN_EVENT_TYPE, drop_unknown, is_studied, parse_member
from santorio.ingest.formats import zip_archive
from santorio.ingest.formats.zip_archive import Member, SkippedMember
from santorio.ingest.writer import FileOutcome, outcome_of, record_import, write_results
from santorio.people import Person
from santorio.storage.database.locks import lock_person
from santorio.storage.event_log import WriteResult
from santorio.storage.object_store import ObjectStore
from santorio.storage.parse_result import ParseResult, Rejection

# A transaction holds up to this many members, or bytes: waiting for the disk after each member takes longer.
FILES_PER_TRANSACTION = 100
BYTES_PER_TRANSACTION = 16 * 2**20
# A folder that only a Garmin account's export has.
EXPORT_MARKER = "DI_CONNECT/"
UNKNOWN_KIND = Rejection(
    "unknown_kind",
    "Santorio does not know yet what these entries are. They were kept as they came.",
    status="ignored",
)


@dataclass(slots=True)
class _ArchiveImport:
    """The import of one archive: its row in `ops.archives`, over all attempts by the same code."""

    sha256: str
    members_done: int
    started_at: dt.datetime
    is_finished: bool
    events_new: int
    events_unchanged: int
    accounts: set[str]
    kind: str
    is_replay: bool
    """Another version of the code has imported the complete archive: its events bring nothing newer."""
    rejections: list[Rejection] = field(default_factory=list)

    def outcome(self, path: Path) -> FileOutcome:
        has_events = self.events_new + self.events_unchanged > 0
        return FileOutcome(
            path,
            self.kind,
            outcome_of(self.rejections, has_events=has_events, has_new=self.events_new > 0),
            self.events_new,
            self.events_unchanged,
            self.rejections,
            frozenset(self.accounts),
        )


def import_archive(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    path: Path,
    now: dt.datetime,
    *,
    progress: Callable[[float], None],
) -> FileOutcome:
    """Import an archive, in transactions of its own.

    Parameters
    ----------
    connection
        In autocommit.
    progress
        Called with the fraction of the archive that is done.
    """
    sha256 = store.put_file(path)  # before any row points to it
    name = zip_archive.name_of(path)
    with connection.transaction():
        lock_person(connection, person.user_id)
        archive = _begin(connection, person, sha256)
    if archive.is_finished:
        _load_finished(connection, person, archive)
    else:
        _import_members(connection, person, path, now, archive, progress)
    outcome = archive.outcome(path)
    with connection.transaction():
        record_import(connection, person, name, sha256, outcome)
    return outcome


def _import_members(
    connection: psycopg.Connection,
    person: Person,
    path: Path,
    now: dt.datetime,
    archive: _ArchiveImport,
    progress: Callable[[float], None],
) -> None:
    name = zip_archive.name_of(path)
    size = max(path.stat().st_size, 1)
    # With the folder, which may be one of an export: JSON that lies in it by itself is read like a member.
    member_name = f"{path.absolute().parent.name}/{name}"
    with path.open("rb") as file:
        is_export = zip_archive.contains(file, EXPORT_MARKER)
        archive.kind = _kind_of(file, is_export=is_export)
        members = zip_archive.iter_members(file, skip=archive.members_done, name=member_name)
        for batch in _batches(members):
            results = [parse_member(member, archive.sha256, person, now) for member in batch]
            if is_export:
                _sort_export(batch, results)
            with connection.transaction():
                lock_person(connection, person.user_id)
                written = write_results(
                    connection, person, name, archive.sha256, results, is_replay=archive.is_replay
                )
                archive.members_done += len(batch)
                _record_progress(connection, person, archive, written, results)
            progress(min(file.tell() / size, 1.0))
    with connection.transaction():
        lock_person(connection, person.user_id)
        _finish(connection, person, archive)


def _kind_of(file: IO[bytes], *, is_export: bool) -> str:
    if is_export:
        return "garmin export"
    return "zip" if zipfile.is_zipfile(file) else "JSON"


def _batches(members: Iterator[Member | SkippedMember]) -> Iterator[list[Member | SkippedMember]]:
    """Group members until they are many or large."""
    batch: list[Member | SkippedMember] = []
    size = 0
    for member in members:
        batch.append(member)
        if isinstance(member, Member):
            size += len(member.data)
        if size >= BYTES_PER_TRANSACTION or len(batch) >= FILES_PER_TRANSACTION:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _sort_export(batch: Sequence[Member | SkippedMember], results: Sequence[ParseResult]) -> None:
    """Mark the parts of an account's export that are not health data: no action is needed for them.

    Of the folders of a person's profile, contacts and messages only known kinds are ingested. In the folders that
    Santorio studies, entries of unknown kinds are kept, and counted.
    """
    for member, result in zip(batch, results, strict=True):
        path = member.path[: zip_archive.MAX_NAME_LENGTH]
        if not any(is_studied(folder) for folder in member.path.split("/")):
            drop_unknown(result, path)
            continue
        unknown = sum(event.event_type == UNKNOWN_EVENT_TYPE for event in result.events)
        if unknown:
            result.rejections.append(replace(UNKNOWN_KIND, location=f"{path}, {unknown} entries"))


def _begin(connection: psycopg.Connection, person: Person, sha256: str) -> _ArchiveImport:
    """Read the progress of an earlier attempt by the same code; start over if the code has changed."""
    row = connection.execute(
        """
        insert into ops.archives (user_id, object_sha256, code_version) values (%s, %s, %s)
        on conflict (user_id, object_sha256, code_version) do update set code_version = excluded.code_version
        returning members_done, started_at, is_finished, events_new, events_unchanged, accounts, kind,
                  exists (select from ops.archives other where other.user_id = archives.user_id
                          and other.object_sha256 = archives.object_sha256
                          and other.code_version <> archives.code_version and other.is_finished)
        """,
        [person.user_id, sha256, code_version()],
    ).fetchone()
    assert row is not None  # noqa: S101 - the statement always returns its row
    members_done, started_at, is_finished, new, unchanged, accounts, kind, is_replay = row
    return _ArchiveImport(
        sha256, members_done, started_at, is_finished, new, unchanged, set(accounts), kind, is_replay
    )


def _load_finished(connection: psycopg.Connection, person: Person, archive: _ArchiveImport) -> None:
    """Report an archive that was imported before: nothing is new, and its rejections are reported again."""
    archive.events_unchanged += archive.events_new
    archive.events_new = 0
    rows = connection.execute(
        """
        select code, reason, location, status from ops.rejected_records
        where user_id = %s and object_sha256 = %s and status <> 'retried' order by first_seen_at, location
        """,
        [person.user_id, archive.sha256],
    ).fetchall()
    archive.rejections = [Rejection(*row) for row in rows]


def _record_progress(
    connection: psycopg.Connection,
    person: Person,
    archive: _ArchiveImport,
    written: WriteResult,
    results: Sequence[ParseResult],
) -> None:
    archive.events_new += written.new + written.versions
    archive.events_unchanged += written.unchanged
    rejected = 0
    for result in results:
        archive.rejections += result.rejections
        archive.accounts |= result.accounts
        rejected += len(result.rejections)
    # Two imports of one archive may run at once: the slower one must not reduce the other's progress.
    connection.execute(
        """
        update ops.archives set members_done = greatest(members_done, %(done)s), events_new = %(new)s,
          events_unchanged = %(unchanged)s, rejected = rejected + %(rejected)s, accounts = %(accounts)s,
          kind = %(kind)s
        where user_id = %(user_id)s and object_sha256 = %(sha256)s and code_version = %(code_version)s
        """,
        {
            "done": archive.members_done,
            "new": archive.events_new,
            "unchanged": archive.events_unchanged,
            "rejected": rejected,
            "accounts": sorted(archive.accounts),
            "kind": archive.kind,
            "user_id": person.user_id,
            "sha256": archive.sha256,
            "code_version": code_version(),
        },
    )


def _finish(connection: psycopg.Connection, person: Person, archive: _ArchiveImport) -> None:
    connection.execute(
        "update ops.archives set is_finished = true"
        " where user_id = %s and object_sha256 = %s and code_version = %s",
        [person.user_id, archive.sha256, code_version()],
    )
    quarantine.resolve(connection, person, archive.sha256, since=archive.started_at)
