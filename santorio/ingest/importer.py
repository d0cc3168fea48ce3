"""Import files: parse (`file_parser.py`), keep the original where it is needed, write (`writer.py`).

Small files share a transaction; an archive has transactions of its own (`archive_importer.py`). A process killed at
any point leaves complete files or none. Importing again does the rest and is idempotent.
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

import psycopg

from santorio.ingest import quarantine
from santorio.ingest.archive_importer import import_archive
from santorio.ingest.file_parser import MAX_FILE_BYTES, parse_file
from santorio.ingest.formats.zip_archive import is_read_in_chunks, name_of
from santorio.ingest.writer import FileOutcome, outcome_of, record_import, was_imported, write_results
from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import lock_person
from santorio.storage.object_store import ObjectStore, file_sha256
from santorio.storage.parse_result import ParseResult, rejected

# A file that changed a moment ago may still be being written.
SETTLED_SECONDS = 2.0
# A commit waits for the disk; a commit for each of a thousand small files would take longer than parsing them.
FILES_PER_TRANSACTION = 50
# What browsers and copying programs call a file that is not complete yet.
UNFINISHED_SUFFIXES = (".part", ".tmp", ".crdownload", ".partial", "~")


@dataclass(frozen=True, slots=True)
class Progress:
    """Files done, of how many; a fraction within an archive."""

    done: float
    total: int


@dataclass(slots=True)
class ImportReport:
    """The outcome of every file."""

    files: list[FileOutcome] = field(default_factory=list)

    @property
    def events_new(self) -> int:
        """New events, and new versions of events."""
        return sum(file.events_new for file in self.files)

    @property
    def events_unchanged(self) -> int:
        """Events that the log had already."""
        return sum(file.events_unchanged for file in self.files)

    @property
    def rejected(self) -> int:
        """Records and files that were not ingested as they came."""
        return sum(len(file.rejected) for file in self.files)

    @property
    def accounts(self) -> set[str]:
        """Garmin accounts that the files name."""
        accounts: set[str] = set()
        for file in self.files:
            accounts |= file.accounts
        return accounts


@dataclass(frozen=True, slots=True)
class _ParsedFile:
    path: Path
    data: bytes
    """Empty where the file could not be read, or is too large to be."""
    result: ParseResult


def import_paths(
    database: Database,
    store: ObjectStore,
    person: Person,
    paths: Iterable[Path],
    *,
    progress: Callable[[Progress], None] | None = None,
    now: dt.datetime | None = None,
) -> ImportReport:
    """Import files, and all files below folders, in the order of their names. The files themselves are not moved.

    Raises
    ------
    StorageError
        If the database or the object store fails; what was committed before stays.
    """
    files: list[Path] = []
    for path in paths:
        files += walk_files(path)
    return _Importer(database, store, person, now, progress).run(files)


def import_inbox(database: Database, store: ObjectStore, settings: Settings) -> ImportReport:
    """Import the inbox: files directly in it for the person in the settings, those in `inbox/<name>/` for that person.

    A file is removed from the inbox only after it is committed and its original is in the object store.
    """
    files_by_person: dict[str, list[Path]] = {}
    for path in pending_files(settings):
        folder, *rest = path.relative_to(settings.inbox).parts
        name = folder if rest else settings.person
        files_by_person.setdefault(name, []).append(path)
    report = ImportReport()
    for name, files in sorted(files_by_person.items()):
        with database.connect() as connection:
            person = ensure_person(connection, name, settings.timezone_name)
        report.files += _Importer(database, store, person, is_inbox=True).run(files).files
    return report


def import_file(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    path: Path,
    now: dt.datetime,
    *,
    keep_original: bool = False,
    metadata: Mapping[str, object] | None = None,
) -> FileOutcome:
    """Import a file within the caller's transaction.

    Parameters
    ----------
    keep_original
        Store the file even if all of it became events.
    metadata
        Added to each of its events: what the caller knows of the file, and the file does not state.
    """
    parsed = _read_and_parse(path, person, now)
    if metadata:
        events = parsed.result.events
        parsed.result.events = [replace(event, metadata={**event.metadata, **metadata}) for event in events]
    return _store_and_write(connection, store, person, parsed, keep_original=keep_original)


@dataclass(slots=True)
class _Importer:
    """An import of one person's files."""

    database: Database
    store: ObjectStore
    person: Person
    now: dt.datetime | None = None
    progress: Callable[[Progress], None] | None = None
    is_inbox: bool = False

    def run(self, files: Sequence[Path]) -> ImportReport:
        report = ImportReport()
        now = self.now or dt.datetime.now(dt.UTC)
        with self.database.connect(autocommit=True) as connection:
            for is_archive, batch in _batches(files):
                if is_archive:
                    done = len(report.files)
                    outcomes = [self._import_archive(connection, batch[0], now, done, len(files))]
                else:
                    outcomes = self._import_batch(connection, batch, now)
                report.files += outcomes
                # After the commit: a process that is killed before finds the files in the inbox at its next start.
                if self.is_inbox:
                    for outcome in outcomes:
                        _remove_from_inbox(self.store, outcome)
                self._report(len(report.files), len(files))
        return report

    def _import_batch(
        self, connection: psycopg.Connection, paths: Sequence[Path], now: dt.datetime
    ) -> list[FileOutcome]:
        with connection.transaction():
            lock_person(connection, self.person.user_id)
            return [
                _store_and_write(connection, self.store, self.person, parsed, keep_original=self.is_inbox)
                for parsed in _parse_ahead(paths, self.person, now)
            ]

    def _import_archive(
        self, connection: psycopg.Connection, path: Path, now: dt.datetime, done: int, total: int
    ) -> FileOutcome:
        def report_fraction(fraction: float) -> None:
            self._report(done + fraction, total)

        return import_archive(connection, self.store, self.person, path, now, progress=report_fraction)

    def _report(self, done: float, total: int) -> None:
        if self.progress:
            self.progress(Progress(done, total))


def _batches(files: Sequence[Path]) -> Iterator[tuple[bool, tuple[Path, ...]]]:
    """Group files, in their order, for a transaction each; an archive stands alone."""
    for is_archive, group in itertools.groupby(files, key=_is_archive):
        for batch in itertools.batched(group, 1 if is_archive else FILES_PER_TRANSACTION):
            yield is_archive, batch


def _is_archive(path: Path) -> bool:
    try:
        # Opening a pipe would wait for its writer.
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return is_read_in_chunks(file)
    except OSError:
        # Parsing the file reports the error.
        return False


def _parse_ahead(paths: Iterable[Path], person: Person, now: dt.datetime) -> Iterator[_ParsedFile]:
    """Parse each file while the database still writes the one before; at most two are in memory."""
    with ThreadPoolExecutor(max_workers=1) as parser:
        previous: Future[_ParsedFile] | None = None
        for path in paths:
            upcoming = parser.submit(_read_and_parse, path, person, now)
            if previous is not None:
                yield previous.result()
            previous = upcoming
        if previous is not None:
            yield previous.result()


def _read_and_parse(path: Path, person: Person, now: dt.datetime) -> _ParsedFile:
    try:
        if not path.is_file():
            reason = "Not a file, or it does not exist. Check the path."
            return _ParsedFile(path, b"", rejected("unreadable", reason))
        if path.stat().st_size > MAX_FILE_BYTES:
            reason = "The file is larger than 256 MB. Import its parts one by one."
            return _ParsedFile(path, b"", rejected("too_large", reason))
        data = path.read_bytes()
    except OSError:
        reason = "The file cannot be read. Give yourself permission to read it, and import again."
        return _ParsedFile(path, b"", rejected("unreadable", reason))
    return _ParsedFile(path, data, parse_file(data, person, now, folder=path.resolve().parent.name))


def _store_and_write(
    connection: psycopg.Connection,
    store: ObjectStore,
    person: Person,
    parsed: _ParsedFile,
    *,
    keep_original: bool,
) -> FileOutcome:
    """Store the original and write the rows.

    The original is in the object store before the rows can be committed: no row ever points to a missing object.
    """
    data, result = parsed.data, parsed.result
    name = name_of(parsed.path)
    sha256 = hashlib.sha256(data).hexdigest() if data else None
    if not data and keep_original and result.rejections[0].code == "too_large":
        sha256 = store.put_file(parsed.path)
    storing: Future[str] | None = None
    # The store waits for its disk while the database works.
    with ThreadPoolExecutor(max_workers=1) as executor:
        if data and (result.keep or keep_original):
            storing = executor.submit(store.put, data)
        is_replay = was_imported(connection, person, sha256)
        written = write_results(connection, person, name, sha256, [result], is_replay=is_replay)
    if storing is not None:
        # Raises the store's error, if there was one.
        storing.result()
    events_new = written.new + written.versions
    outcome = FileOutcome(
        parsed.path,
        result.kind,
        outcome_of(result.rejections, has_events=bool(result.events), has_new=bool(events_new)),
        events_new,
        written.unchanged,
        result.rejections,
        frozenset(result.accounts),
    )
    if sha256 is not None:
        quarantine.resolve(connection, person, sha256)
        record_import(connection, person, name, sha256, outcome)
    return outcome


def _remove_from_inbox(store: ObjectStore, outcome: FileOutcome) -> None:
    """Remove a file whose bytes are in the store; a file that was replaced meanwhile, or not read, stays."""
    with contextlib.suppress(OSError):
        if outcome.path.stat().st_size == 0 or store.exists(file_sha256(outcome.path)):
            outcome.path.unlink()


def walk_files(path: Path) -> list[Path]:
    """Return the file itself, or every file below a folder; a folder that cannot be read stands for itself.

    Links to folders are not followed, so that none loops. Hidden files are skipped.
    """
    if not _is_folder(path):
        return [path]
    files: list[Path] = []
    unreadable: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=unreadable.append):
        # In place: `os.walk` enters the folders that are left, in this order.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
    return files + [Path(error.filename) for error in unreadable]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # A folder above it cannot be entered; reading the file reports that.
        return False


def pending_files(settings: Settings) -> list[Path]:
    """Return the inbox's complete files, for all people; hidden files and those being written are not ready."""
    if not settings.inbox.is_dir():
        return []
    return [path for path in walk_files(settings.inbox) if _is_settled(path)]


def _is_settled(path: Path) -> bool:
    if path.name.endswith(UNFINISHED_SUFFIXES):
        return False
    try:
        return path.is_file() and time.time() - path.stat().st_mtime >= SETTLED_SECONDS
    except OSError:
        # Removed meanwhile.
        return False
