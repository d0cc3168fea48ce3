"""Zip archives, read member by member: never unpacked to disk, zips within zips too, and never trusted.

Large JSON, within an archive or by itself, is read in chunks in the same way.
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

# Garmin names the files of an export after the account's email, which must not reach a log or the database.
EMAIL = re.compile(r"[^\s/@]{1,64}@[^\s/@_]{1,255}")
# A member is read into memory. As Python objects JSON takes up to 28 times its size: larger JSON is read in chunks.
MAX_MEMBER_BYTES = 32 * 2**20
# JSON of numbers compresses 40-fold, an empty recording 100-fold; a zip bomb 1000-fold.
MAX_COMPRESSION_RATIO = 200
# In total an archive may unpack to this, or to this many times its own size.
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
    """One file of an archive; its path leads through inner archives, by slashes."""

    path: str
    data: bytes = field(repr=False)

    @property
    def folder(self) -> str | None:
        """Name of the folder that it lies in."""
        return PurePosixPath(self.path).parent.name or None


@dataclass(frozen=True, slots=True)
class SkippedMember:
    """One file of an archive that was skipped, and why."""

    path: str
    rejection: Rejection


class Allowance:
    """How much an archive may still unpack to."""

    def __init__(self, archive_bytes: int) -> None:
        self.bytes = max(MIN_ALLOWANCE_BYTES, ALLOWANCE_RATIO * archive_bytes)
        self.members = MAX_MEMBERS

    def take(self, size: int) -> bool:
        """Deduct a member's size; returns whether it was still allowed."""
        self.bytes -= size
        self.members -= 1
        return self.bytes >= 0 and self.members >= 0


def is_read_in_chunks(file: IO[bytes]) -> bool:
    """Whether a file is a zip, or JSON too large for memory. Leaves the file at its beginning."""
    head, size = file.read(HEAD_BYTES), file.seek(0, 2)
    file.seek(0)
    return looks_like_zip(head) or (MAX_MEMBER_BYTES < size <= MAX_JSON_BYTES and looks_like_json(head))


def looks_like_zip(head: bytes) -> bool:
    """Whether a zip's first entry stands at the start."""
    return head[:4] == ZIP


def contains(file: IO[bytes], mark: str) -> bool:
    """Whether a path in the archive contains this text; False where its directory cannot be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(mark in name for name in archive.namelist())
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError):
        return False


def without_email(name: str) -> str:
    """Return a file's name with `account` in place of an email."""
    return EMAIL.sub("account", name)


def name_of(path: Path) -> str:
    """Return a file's name for the database: a name on disk need not be UTF-8, a text there must."""
    return without_email(os.fsencode(path.name).decode(errors="replace"))


def iter_members(file: IO[bytes], *, skip: int = 0, name: str = "") -> Iterator[Member | SkippedMember]:
    """Read an archive's files in order.

    Every entry but directories gives a member, or a skipped member with the reason; large JSON gives several.

    Parameters
    ----------
    file
        A zip, or with `name` large JSON by itself.
    skip
        How many members to pass over without reading them.
    name
        Path of the members where the file is JSON.
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
                    # A rejected entry is not unpacked: it takes nothing from the allowance.
                    rejection = entry_rejection(entry)
                    if not self.allowance.take(0 if rejection else entry.file_size):
                        yield from self._skip_member(prefix + without_email(entry.filename), TOO_MUCH)
                        return
                    yield from self._entry(archive, entry, rejection, prefix, depth)
        except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError) as error:
            # EINVAL: the directory points before the beginning of the file. Any other OSError is the disk's.
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            yield from self._skip_member(prefix.rstrip("/"), DAMAGED)

    def _entry(
        self,
        archive: zipfile.ZipFile,
        entry: zipfile.ZipInfo,
        rejection: Rejection | None,
        prefix: str,
        depth: int,
    ) -> Iterator[Member | SkippedMember]:
        path = prefix + without_email(entry.filename)
        is_inner = rejection is None and _is_inner(archive, entry)
        if is_inner and depth + 1 >= MAX_DEPTH:
            rejection = TOO_DEEP
        if rejection is not None:
            yield from self._skip_member(path, rejection)
        elif is_inner:
            yield from self._inner(archive, entry, path, depth)
        elif entry.file_size > MAX_MEMBER_BYTES:
            yield from self._large(archive, entry, path)
        elif not self._skips():
            yield self._read(archive, entry, path)

    def _skips(self) -> bool:
        """Count a member; returns whether it was done before."""
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
            yield from self._skip_member(path, UNREADABLE)
            return
        yield from self._skip_member(path, TOO_LARGE)

    def json_chunks(self, file: IO[bytes], path: str) -> Iterator[Member | SkippedMember]:
        """Read large JSON in chunks, each a member of its own."""
        for chunk in json_stream.iter_chunks(file):
            if self._skips():
                continue
            if isinstance(chunk, Rejection):
                yield SkippedMember(
                    f"{path[:MAX_NAME_LENGTH]}, {chunk.location}", replace(chunk, location=None)
                )
            else:
                yield Member(f"{path} (entries {chunk.first} to {chunk.last})", chunk.data)

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> Member | SkippedMember:
        try:
            with archive.open(entry) as content:
                return Member(path, content.read(MAX_MEMBER_BYTES + 1))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            return _skipped(path, UNREADABLE)

    def _inner(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, depth: int
    ) -> Iterator[Member | SkippedMember]:
        """Copy an archive within an archive to a temporary file: its directory stands at its end."""
        with tempfile.TemporaryFile() as copy:
            try:
                with archive.open(entry) as content:
                    shutil.copyfileobj(content, copy, 2**20)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
                yield from self._skip_member(path, UNREADABLE)
                return
            yield from self.archive(copy, f"{path}/", depth + 1)

    def _skip_member(self, path: str, rejection: Rejection) -> Iterator[SkippedMember]:
        if not self._skips():
            yield _skipped(path, rejection)


def _skipped(path: str, rejection: Rejection) -> SkippedMember:
    return SkippedMember(path[:MAX_NAME_LENGTH], rejection)


def _is_inner(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        return looks_like_zip(_head(archive, entry, 4))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return False  # reading it says what is wrong


def _head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int) -> bytes:
    with archive.open(entry) as content:
        return content.read(size)


def entry_rejection(entry: zipfile.ZipInfo) -> Rejection | None:
    """Return why an entry is not even opened: an unsafe name, a password, or the ratio of a zip bomb."""
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0] or "\x00" in entry.orig_filename:
        return UNSAFE_NAME
    if entry.flag_bits & ENCRYPTED:
        return LOCKED
    if entry.file_size > MAX_COMPRESSION_RATIO * max(entry.compress_size, 1024):
        return BOMB
    return None


TOO_MUCH = Rejection(
    "too_large", "The rest of the zip was skipped: it unpacks to far more than its size. Unpack it yourself."
)
TOO_LARGE = Rejection(
    "too_large",
    "A file in the zip is larger than 32 MB and not JSON: no device and no export writes that. It was skipped.",
)
TOO_DEEP = Rejection(
    "nested_zip", "A zip within a zip within a zip. Unpack it once and import what comes out."
)
BOMB = Rejection(
    "too_large",
    "A file in the zip is packed like a zip bomb. Unpack it yourself if you trust it, and import what comes out.",
)
UNSAFE_NAME = Rejection(
    "unsafe_name",
    "A file in the zip has a name that leads out of its folder. It was skipped; pack it again.",
)
LOCKED = Rejection(
    "locked", "A file in the zip has a password. Unpack it yourself and import what comes out."
)
UNREADABLE = Rejection("bad_zip", "A file in the zip cannot be unpacked. Download the zip again.")
DAMAGED = Rejection("bad_zip", "The zip is damaged. Download it again.")
