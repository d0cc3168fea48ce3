"""Take in files: recognise, read, keep the original where it is needed, write; some files a transaction.

A process killed at any point leaves whole files or none: importing again does the rest, and doubles nothing.
"""

import contextlib
import datetime as dt
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import psycopg

from santorio.ingest.archive_importer import import_archive
from santorio.ingest.detect import MAX_FILE_BYTES, read
from santorio.ingest.formats.zip_archive import is_read_in_chunks, name_of
from santorio.ingest.quarantine import close_mended, note_rejection
from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.storage.activity_records import write_recordings
from santorio.storage.database.engine import Database
from santorio.storage.event_log import lock_person, write_events
from santorio.storage.object_store import ObjectStore, file_sha256
from santorio.storage.parse_result import ParseResult, Rejection, rejected

Outcome = Literal["imported", "unchanged", "partly", "rejected", "empty"]
# A file that changed a moment ago may still be written.
SETTLED_SECONDS = 2.0
# A commit waits for the disk; waiting for each of a thousand small files would take longer than reading them.
FILES_PER_TRANSACTION = 50
UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", "~")


@dataclass(frozen=True, slots=True)
class Progress:
    """How many files are done, of how many; within an archive also in part."""

    done: float
    total: int


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file."""

    path: Path
    kind: str
    outcome: Outcome
    events_new: int
    events_unchanged: int
    rejected: list[Rejection]


@dataclass(slots=True)
class ImportReport:
    """What became of every file; new versions of known events count as new."""

    files: list[FileOutcome] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)

    @property
    def events_new(self) -> int:
        """Events that were not there before."""
        return sum(file.events_new for file in self.files)

    @property
    def events_unchanged(self) -> int:
        """Events that were there already."""
        return sum(file.events_unchanged for file in self.files)

    @property
    def rejected(self) -> int:
        """Records and files that were not taken in as they came."""
        return sum(len(file.rejected) for file in self.files)


def import_paths(
    database: Database,
    store: ObjectStore,
    person: Person,
    paths: Iterable[Path],
    *,
    progress: Callable[[Progress], None] | None = None,
    now: dt.datetime | None = None,
) -> ImportReport:
    """Take in files, and all files below folders, in the order of their names. The files themselves stay.

    Raises
    ------
    StorageError
        If the database or the object store fails; what was done before it stays done.
    """
    files = [file for path in paths for file in walk_files(path)]
    return _import(database, store, person, files, progress, now, keep_all=False)


def _import(
    database: Database,
    store: ObjectStore,
    person: Person,
    files: Sequence[Path],
    progress: Callable[[Progress], None] | None,
    now: dt.datetime | None,
    *,
    keep_all: bool,
) -> ImportReport:
    report = ImportReport()
    moment = now or dt.datetime.now(dt.UTC)
    counter = _Counter(len(files), progress)
    with database.connect(autocommit=True) as connection:
        for is_archive, group in itertools.groupby(files, key=_is_archive):
            for batch in itertools.batched(group, 1 if is_archive else FILES_PER_TRANSACTION):
                if is_archive:
                    done = [_take_in_archive(connection, store, person, batch[0], moment, counter)]
                else:
                    with connection.transaction():
                        lock_person(connection, person.user_id)
                        done = [
                            _take_in(connection, store, person, path, *reading, keep_all=keep_all)
                            for path, reading in _read_ahead(batch, person, moment)
                        ]
                for outcome, accounts in done:
                    report.files.append(outcome)
                    report.accounts |= accounts
                    if keep_all:
                        _leave_inbox(store, outcome)
                counter.count(len(batch))
    return report


class _Counter:
    """Counts files for who watches, and within an archive its parts."""

    def __init__(self, total: int, tell: Callable[[Progress], None] | None) -> None:
        self.done, self.total, self.tell = 0, total, tell

    def count(self, files: int) -> None:
        self.done += files
        self.share(0.0)

    def share(self, part: float) -> None:
        if self.tell:
            self.tell(Progress(self.done + part, self.total))


def _is_archive(path: Path) -> bool:
    try:
        if not path.is_file():
            return False  # to open a pipe is to wait for who writes it
        with path.open("rb") as file:
            return is_read_in_chunks(file)
    except OSError:
        return False  # reading it says what is wrong


def _take_in_archive(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    path: Path,
    now: dt.datetime,
    counter: _Counter,
) -> tuple[FileOutcome, set[str]]:
    found = import_archive(connection, store, person, path, now, progress=counter.share)
    refusals = any(one.status == "open" for one in found.rejections)
    events = found.events_new + found.events_unchanged
    outcome: Outcome = "rejected" if refusals else "empty"
    if events:
        outcome = "partly" if refusals else "imported" if found.events_new else "unchanged"
    name = name_of(path)
    told = FileOutcome(path, found.kind, outcome, found.events_new, found.events_unchanged, found.rejections)
    with connection.transaction():
        _note_import(connection, person, name, found.sha256, told)
    return told, found.accounts


def _leave_inbox(store: ObjectStore, outcome: FileOutcome) -> None:
    """Remove a file whose bytes are in the store; one that was replaced meanwhile, or not read, stays."""
    with contextlib.suppress(OSError):
        if outcome.path.stat().st_size == 0 or store.exists(file_sha256(outcome.path)):
            outcome.path.unlink()


def walk_files(path: Path) -> list[Path]:
    """Return the file itself, or every file below a folder; a folder that may not be read stands for itself.

    Links to folders are not followed, so none loops. Hidden files are left out.
    """
    if not _is_folder(path):
        return [path]
    found: list[Path] = []
    closed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
    return found + [Path(error.filename) for error in closed]


def _read_ahead(
    paths: Iterable[Path], person: Person, now: dt.datetime
) -> Iterator[tuple[Path, tuple[bytes, ParseResult]]]:
    """Read each file while the database still writes the one before it; no more than two are held."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        before: tuple[Path, Future[tuple[bytes, ParseResult]]] | None = None
        for path in paths:
            upcoming = path, reader.submit(_read_file, path, person, now)
            if before is not None:
                yield before[0], before[1].result()
            before = upcoming
        if before is not None:
            yield before[0], before[1].result()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # a folder above it may not be entered; reading it names that


def import_file(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    path: Path,
    now: dt.datetime,
    *,
    keep_all: bool = False,
    about: Mapping[str, object] | None = None,
) -> tuple[FileOutcome, set[str]]:
    """Take in one file within the caller's transaction; what is known about it goes to its events' metadata.

    The original is in the store before anything of it can be committed: no row ever points to nothing.
    """
    data, parsed = _read_file(path, person, now)
    if about:
        parsed.events = [replace(event, metadata={**event.metadata, **about}) for event in parsed.events]
    return _take_in(connection, store, person, path, data, parsed, keep_all=keep_all)


def _take_in(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    path: Path,
    data: bytes,
    parsed: ParseResult,
    *,
    keep_all: bool,
) -> tuple[FileOutcome, set[str]]:
    sha256 = hashlib.sha256(data).hexdigest() if data else None
    if not data and keep_all and parsed.rejections[0].code == "too_large":
        sha256 = store.put_file(path)
    # The store waits for its disk while the database works.
    with ThreadPoolExecutor(max_workers=1) as beside:
        kept = beside.submit(store.put, data) if data and (parsed.keep or keep_all) else None
        written = write_events(connection, parsed.events, replay=_was_imported(connection, person, sha256))
        write_recordings(connection, parsed.recordings)
    if kept is not None:
        kept.result()
    name = name_of(path)
    for rejection in parsed.rejections:
        note_rejection(connection, person, name, sha256, rejection)
    new = written.new + written.versions
    outcome = FileOutcome(path, parsed.kind, _outcome(parsed, new), new, written.unchanged, parsed.rejections)
    if sha256 is not None:
        close_mended(connection, person, sha256)
        _note_import(connection, person, name, sha256, outcome)
    return outcome, parsed.accounts


def _read_file(path: Path, person: Person, now: dt.datetime) -> tuple[bytes, ParseResult]:
    try:
        if not path.is_file():
            reason = "This is no file, or it is not there. Check the path."
            return b"", rejected("unreadable", reason)
        if path.stat().st_size > MAX_FILE_BYTES:
            reason = "The file is larger than 256 MB. Import what it is made of, one by one."
            return b"", rejected("too_large", reason)
        data = path.read_bytes()
    except OSError:
        return b"", rejected(
            "unreadable", "This may not be read. Give yourself the right to, and import again."
        )
    return data, read(data, person, now, folder=path.resolve().parent.name)


def _outcome(parsed: ParseResult, new: int) -> Outcome:
    refusals = [one for one in parsed.rejections if one.status == "open"]
    if not parsed.events:
        return "rejected" if refusals else "empty"
    if refusals:
        return "partly"
    return "imported" if new else "unchanged"


def _was_imported(connection: psycopg.Connection, person: Person, sha256: str | None) -> bool:
    known = connection.execute(
        "select from ops.imports where user_id = %s and object_sha256 = %s", [person.user_id, sha256]
    ).fetchone()
    return known is not None


def _note_import(
    connection: psycopg.Connection, person: Person, name: str, sha256: str, outcome: FileOutcome
) -> None:
    connection.execute(
        """
        insert into ops.imports
          (user_id, object_sha256, source_name, kind, outcome, events_new, events_unchanged, rejected)
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (user_id, object_sha256) do update set
          source_name = excluded.source_name, kind = excluded.kind, outcome = excluded.outcome,
          events_new = excluded.events_new, events_unchanged = excluded.events_unchanged,
          rejected = excluded.rejected, imported_at = now()
        """,
        [person.user_id, sha256, name, outcome.kind, outcome.outcome, outcome.events_new,
         outcome.events_unchanged, len(outcome.rejected)],
    )  # fmt: skip


def pending_files(settings: Settings) -> list[Path]:
    """Files of the inbox that are whole, for everyone. Hidden files and those being written wait."""
    if not settings.inbox.is_dir():
        return []
    return [path for path in walk_files(settings.inbox) if _is_settled(path)]


def _is_settled(path: Path) -> bool:
    try:
        return (
            path.is_file()
            and not path.name.endswith(UNFINISHED)
            and time.time() - path.stat().st_mtime >= SETTLED_SECONDS
        )
    except OSError:
        return False  # taken away meanwhile


def import_inbox(database: Database, store: ObjectStore, settings: Settings) -> ImportReport:
    """Take in the inbox: files at its top belong to the person of the settings, `inbox/<name>/…` to that person.

    A file leaves the inbox when it is committed and its original is in the store, and not before.
    """
    by_person: dict[str, list[Path]] = {}
    for path in pending_files(settings):
        inside = path.relative_to(settings.inbox).parts
        by_person.setdefault(inside[0] if len(inside) > 1 else settings.person, []).append(path)
    report = ImportReport()
    for name, files in sorted(by_person.items()):
        with database.connect() as connection:
            person = ensure_person(connection, name, settings.timezone_name)
        part = _import(database, store, person, files, None, None, keep_all=True)
        report.files += part.files
        report.accounts |= part.accounts
    return report
