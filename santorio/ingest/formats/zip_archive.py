"""Zip archives, read member by member: never unpacked whole, zips within zips too, and never trusted.

Large JSON, within an archive or by itself, is read piece by piece in the same way.
"""

import errno
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO

from santorio.ingest.formats import json_stream
from santorio.ingest.formats.json_stream import looks_like_json
from santorio.storage.parse_result import Rejection

# Garmin names the files of an export after the account's email; what is said of a file is said without it.
EMAIL = re.compile(r"[^\s/@]{1,64}@[^\s/@_]{1,255}")
# A member is read into memory, and held as objects, JSON takes up to 28 times its size; larger JSON is read in pieces.
MAX_MEMBER_BYTES = 32 * 2**20
# JSON of numbers shrinks to a fortieth, an empty recording to a hundredth; a bomb to a thousandth.
MAX_COMPRESSION_RATIO = 200
# In all an archive may unpack to this, or to this many times its own size.
MIN_ALLOWANCE_BYTES = 2 * 2**30
ALLOWANCE_RATIO = 100
MAX_MEMBERS = 200_000
MAX_JSON_BYTES = 2**30
HEAD_BYTES = 64
MAX_DEPTH = 2
MAX_NAME_LENGTH = 200
ENCRYPTED = 0x1
ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its path (through inner archives, by slashes) and its content."""

    path: str
    data: bytes = field(repr=False)

    @property
    def folder(self) -> str | None:
        """Name of the folder that it lies in."""
        return PurePosixPath(self.path).parent.name or None


@dataclass(frozen=True, slots=True)
class SkippedMember:
    """One file of an archive that was left out, and why."""

    path: str
    rejection: Rejection


class Allowance:
    """What an archive may still unpack to."""

    def __init__(self, archive_bytes: int) -> None:
        self.bytes = max(MIN_ALLOWANCE_BYTES, ALLOWANCE_RATIO * archive_bytes)
        self.members = MAX_MEMBERS

    def take(self, size: int) -> bool:
        """Take a member's size off; say whether it was still allowed."""
        self.bytes -= size
        self.members -= 1
        return self.bytes >= 0 and self.members >= 0


def is_read_in_chunks(file: IO[bytes]) -> bool:
    """Whether a file is a zip, or JSON too large to be held; it is left at its beginning."""
    head, size = file.read(HEAD_BYTES), file.seek(0, 2)
    file.seek(0)
    return looks_like_zip(head) or (MAX_MEMBER_BYTES < size <= MAX_JSON_BYTES and looks_like_json(head))


def looks_like_zip(head: bytes) -> bool:
    """Whether a zip's first entry stands at the start."""
    return head[:4] == ZIP


def contains(file: IO[bytes], mark: str) -> bool:
    """Whether a path in the archive holds this text; False where its list of files cannot be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(mark in name for name in archive.namelist())
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError):
        return False


def without_email(name: str) -> str:
    """Return a file's name as it may be told: in place of an email it says `account`."""
    return EMAIL.sub("account", name)


def name_of(path: Path) -> str:
    """Return the name under which the database knows a file: a name on disk need not be UTF-8, a text there must."""
    return without_email(os.fsencode(path.name).decode(errors="replace"))


def iter_members(file: IO[bytes], *, skip: int = 0, name: str = "") -> Iterator[Member | SkippedMember]:
    """Read an archive's files in order; the first `skip` are passed over without being read.

    Directories are no files. Every other entry gives a member or says why not; one of large JSON gives several.
    What is no zip but large JSON itself, called `name`, gives its pieces alone.
    """
    allowance = Allowance(file.seek(0, 2))
    file.seek(0)
    walker = _Walk(allowance, skip)
    is_zip = looks_like_zip(file.read(4))
    file.seek(0)
    yield from (
        walker.archive(file, "", 0) if is_zip or not name else walker.json_chunks(file, without_email(name))
    )


class _Walk:
    def __init__(self, allowance: Allowance, skip: int) -> None:
        self.allowance = allowance
        self.skip = skip

    def archive(self, file: IO[bytes], prefix: str, depth: int) -> Iterator[Member | SkippedMember]:
        try:
            with zipfile.ZipFile(file) as archive:
                for entry in archive.infolist():
                    if entry.is_dir():
                        continue
                    # What is refused is not unpacked: it takes nothing off.
                    refusal = refused_entry(entry)
                    if not self.allowance.take(0 if refusal else entry.file_size):
                        yield from self._leave(prefix + without_email(entry.filename), TOO_MUCH)
                        return
                    yield from self._entry(archive, entry, refusal, prefix, depth)
        except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError) as error:
            # A list of files that points before the file's beginning; any other is the disk's, and passes.
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            yield from self._leave(prefix.rstrip("/"), DAMAGED)

    def _entry(
        self,
        archive: zipfile.ZipFile,
        entry: zipfile.ZipInfo,
        refusal: Rejection | None,
        prefix: str,
        depth: int,
    ) -> Iterator[Member | SkippedMember]:
        path = prefix + without_email(entry.filename)
        is_inner = refusal is None and _is_inner(archive, entry)
        if is_inner and depth + 1 >= MAX_DEPTH:
            refusal = TOO_DEEP
        if refusal is not None:
            yield from self._leave(path, refusal)
        elif is_inner:
            yield from self._inner(archive, entry, path, depth)
        elif entry.file_size > MAX_MEMBER_BYTES:
            yield from self._large(archive, entry, path)
        elif not self._skips():
            yield self._read(archive, entry, path)

    def _skips(self) -> bool:
        """Count a part; say whether it was done before."""
        self.skip -= 1
        return self.skip >= 0

    def _large(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str
    ) -> Iterator[Member | SkippedMember]:
        try:
            if looks_like_json(_head(archive, entry, HEAD_BYTES)):
                with archive.open(entry) as content:
                    yield from self.json_chunks(content, path)
                return
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            yield from self._leave(path, UNREADABLE)
            return
        yield from self._leave(path, TOO_LARGE)

    def json_chunks(self, file: IO[bytes], path: str) -> Iterator[Member | SkippedMember]:
        """Give large JSON in pieces, each a part of its own."""
        for piece in json_stream.iter_chunks(file):
            if self._skips():
                continue
            if isinstance(piece, Rejection):
                yield SkippedMember(
                    f"{path[:MAX_NAME_LENGTH]}, {piece.location}", replace(piece, location=None)
                )
            else:
                yield Member(f"{path} (entries {piece.first} to {piece.last})", piece.data)

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> Member | SkippedMember:
        try:
            with archive.open(entry) as content:
                return Member(path, content.read(MAX_MEMBER_BYTES + 1))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            return _left(path, UNREADABLE)

    def _inner(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, depth: int
    ) -> Iterator[Member | SkippedMember]:
        """Lay an archive within an archive on the disk for a while: its list of files stands at its end."""
        with tempfile.TemporaryFile() as copy:
            try:
                with archive.open(entry) as content:
                    shutil.copyfileobj(content, copy, 2**20)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
                yield from self._leave(path, UNREADABLE)
                return
            yield from self.archive(copy, f"{path}/", depth + 1)

    def _leave(self, path: str, rejection: Rejection) -> Iterator[SkippedMember]:
        if not self._skips():
            yield _left(path, rejection)


def _left(path: str, rejection: Rejection) -> SkippedMember:
    return SkippedMember(path[:MAX_NAME_LENGTH], rejection)


def _is_inner(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        return looks_like_zip(_head(archive, entry, 4))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return False  # reading it whole says why not


def _head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int) -> bytes:
    with archive.open(entry) as content:
        return content.read(size)


def refused_entry(entry: zipfile.ZipInfo) -> Rejection | None:
    """Say why an entry is not even opened: its name leads elsewhere, it is locked, or packed like a bomb."""
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0] or "\x00" in entry.orig_filename:
        return UNSAFE_NAME
    if entry.flag_bits & ENCRYPTED:
        return LOCKED
    if entry.file_size > MAX_COMPRESSION_RATIO * max(entry.compress_size, 1024):
        return BOMB
    return None


TOO_MUCH = Rejection(
    "too_large", "The rest of the zip was left out: it unpacks to far more than its size. Unpack it yourself."
)
TOO_LARGE = Rejection(
    "too_large",
    "A file in the zip is larger than 32 MB, and no JSON: no device and no export writes that. It was left out.",
)
TOO_DEEP = Rejection("nested_zip", "A zip lies in a zip in a zip. Unpack it once and import what comes out.")
BOMB = Rejection(
    "too_large",
    "A file in the zip is packed like a zip bomb. Unpack it yourself if you trust it, and import what comes out.",
)
UNSAFE_NAME = Rejection(
    "unsafe_name",
    "A file in the zip has a name that leads out of its folder. It was left out; pack it again.",
)
LOCKED = Rejection(
    "locked", "A file in the zip has a password. Unpack it yourself and import what comes out."
)
UNREADABLE = Rejection("bad_zip", "A file in the zip cannot be unpacked. Download the zip again.")
DAMAGED = Rejection("bad_zip", "The zip is damaged. Download it again.")
