"""Take in an archive of any size: some of its files a transaction, each transaction with how far it came.

A process killed at any point goes on where it stopped: what is done is not read again, and nothing is doubled.
"""

import datetime as dt
import itertools
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from santorio.code_version import code_version
from santorio.ingest.detect import UNKNOWN_KIND, drop_unknown, is_studied, parse_member
from santorio.ingest.formats import zip_archive
from santorio.ingest.formats.zip_archive import Member, SkippedMember
from santorio.ingest.quarantine import close_mended, note_rejection
from santorio.people import Person
from santorio.storage.activity_records import write_recordings
from santorio.storage.event_log import Event, WriteResult, lock_person, write_events
from santorio.storage.object_store import ObjectStore
from santorio.storage.parse_result import ParseResult, Rejection

# One transaction holds as many files as this, or as many bytes: waiting for the disk after each takes longer.
FILES_PER_TRANSACTION = 100
BYTES_PER_TRANSACTION = 16 * 2**20
EXPORT_MARK = "DI_CONNECT/"
NOT_KNOWN = Rejection(
    "unknown_kind",
    "Santorio does not know yet what these entries are. They were kept as they came.",
    status="ignored",
)


@dataclass(slots=True)
class ArchiveResult:
    """What became of an archive, earlier passes over it included."""

    sha256: str
    kind: str = "zip"
    events_new: int = 0
    events_unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Pass:
    members_done: int
    started_at: dt.datetime
    is_finished: bool
    is_again: bool
    """Whether other code has taken the whole archive in before: then it says nothing new."""


def import_archive(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    path: Path,
    now: dt.datetime,
    *,
    progress: Callable[[float], None],
) -> ArchiveResult:
    """Take in an archive, in transactions of its own.

    Parameters
    ----------
    connection
        In autocommit.
    progress
        Told which share of the archive is done, from 0 to 1.
    """
    sha256 = store.put_file(path)  # before any row points to it
    name = zip_archive.name_of(path)
    result = ArchiveResult(sha256)
    with connection.transaction():
        lock_person(connection, person.user_id)
        state = _begin(connection, person, result)
    if state.is_finished:
        return _finished_before(connection, person, result)
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        is_export = zip_archive.contains(file, EXPORT_MARK)
        result.kind = "garmin export" if is_export else "zip" if zipfile.is_zipfile(file) else "JSON"
        parts = zip_archive.iter_members(
            file, skip=state.members_done, name=f"{path.absolute().parent.name}/{name}"
        )
        done = state.members_done
        for batch in _batches(parts):
            read = [parse_member(part, sha256, person, now) for part in batch]
            if is_export:
                _sort_out(batch, read)
            with connection.transaction():
                lock_person(connection, person.user_id)
                written = _write(connection, person, name, sha256, read, replay=state.is_again)
                done += len(batch)
                _advance(connection, person, result, done, written, read)
            progress(min(file.tell() / size, 1.0))
    with connection.transaction():
        lock_person(connection, person.user_id)
        _finish(connection, person, result, state.started_at)
    return result


def _batches(parts: Iterator[Member | SkippedMember]) -> Iterator[list[Member | SkippedMember]]:
    """Group files until they are many or large."""
    while first := next(parts, None):
        batch, size = [first], _size(first)
        while size < BYTES_PER_TRANSACTION and len(batch) < FILES_PER_TRANSACTION:
            part = next(parts, None)
            if part is None:
                break
            batch.append(part)
            size += _size(part)
        yield batch


def _size(part: Member | SkippedMember) -> int:
    return len(part.data) if isinstance(part, Member) else 0


def _sort_out(batch: Sequence[Member | SkippedMember], read: list[ParseResult]) -> None:
    """Call what is no data of ours in an account's export by that name: nobody has to mend it.

    Of the folders of a person's profile, contacts and messages only what is a known kind is taken; elsewhere
    entries of unknown kinds are kept, and counted.
    """
    for part, parsed in zip(batch, read, strict=True):
        if not any(is_studied(folder) for folder in part.path.split("/")):
            drop_unknown(parsed, part.path[: zip_archive.MAX_NAME_LENGTH])
        elif unknown := sum(event.event_type == UNKNOWN_KIND for event in parsed.events):
            place = f"{part.path[: zip_archive.MAX_NAME_LENGTH]}, {unknown} entries"
            parsed.rejections.append(replace(NOT_KNOWN, location=place))


def _write(
    connection: psycopg.Connection,
    person: Person,
    name: str,
    sha256: str,
    read: list[ParseResult],
    *,
    replay: bool,
) -> WriteResult:
    events: list[Event] = list(itertools.chain.from_iterable(parsed.events for parsed in read))
    for rejection in itertools.chain.from_iterable(parsed.rejections for parsed in read):
        note_rejection(connection, person, name, sha256, rejection)
    written = write_events(connection, events, replay=replay)
    for parsed in read:
        write_recordings(connection, parsed.recordings)
    return written


def _begin(connection: psycopg.Connection, person: Person, result: ArchiveResult) -> _Pass:
    """Find how far an earlier pass by the same code came; start over where the code has changed."""
    row = connection.execute(
        """
        insert into ops.archives (user_id, object_sha256, code_version) values (%s, %s, %s)
        on conflict (user_id, object_sha256, code_version) do update set code_version = excluded.code_version
        returning members_done, started_at, is_finished, events_new, events_unchanged, accounts, kind,
                  exists (select from ops.archives other where other.user_id = archives.user_id
                          and other.object_sha256 = archives.object_sha256
                          and other.code_version <> archives.code_version and other.is_finished)
        """,
        [person.user_id, result.sha256, code_version()],
    ).fetchone()
    assert row is not None  # noqa: S101 - the statement always returns its row
    done, started_at, is_finished, result.events_new, result.events_unchanged, accounts, kind, is_again = row
    result.accounts, result.kind = set(accounts), kind
    return _Pass(done, started_at, is_finished, is_again)


def _finished_before(connection: psycopg.Connection, person: Person, result: ArchiveResult) -> ArchiveResult:
    """Say of an archive that was taken in before that it brought nothing new; what was left out stays named."""
    result.events_unchanged += result.events_new
    result.events_new = 0
    rows = connection.execute(
        """
        select code, reason, location, status from ops.rejected_records
        where user_id = %s and object_sha256 = %s and status <> 'retried' order by first_seen_at, location
        """,
        [person.user_id, result.sha256],
    ).fetchall()
    result.rejections = [Rejection(*row) for row in rows]
    return result


def _advance(
    connection: psycopg.Connection,
    person: Person,
    result: ArchiveResult,
    done: int,
    written: WriteResult,
    read: list[ParseResult],
) -> None:
    result.events_new += written.new + written.versions
    result.events_unchanged += written.unchanged
    for parsed in read:
        result.rejections += parsed.rejections
        result.accounts |= parsed.accounts
    connection.execute(
        """
        update ops.archives set members_done = greatest(members_done, %s), events_new = %s, events_unchanged = %s,
               rejected = rejected + %s, accounts = %s, kind = %s
        where user_id = %s and object_sha256 = %s and code_version = %s
        """,
        [done, result.events_new, result.events_unchanged, sum(len(p.rejections) for p in read),
         sorted(result.accounts), result.kind, person.user_id, result.sha256, code_version()],
    )  # fmt: skip


def _finish(
    connection: psycopg.Connection, person: Person, result: ArchiveResult, started_at: dt.datetime
) -> None:
    connection.execute(
        "update ops.archives set is_finished = true where user_id = %s and object_sha256 = %s and code_version = %s",
        [person.user_id, result.sha256, code_version()],
    )
    close_mended(connection, person, result.sha256, since=started_at)
