"""Read zip archives member by member, those within a zip too. They are never unpacked to disk and never trusted.

Large JSON, in an archive or by itself, is read in chunks, each of which is a member.
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
# A member is read into memory, where JSON takes up to 28 times its size. Larger JSON is read in chunks.
MAX_MEMBER_BYTES = 32 * 2**20
# JSON of numbers compresses 40-fold, an empty recording 100-fold; a zip bomb 1000-fold.
MAX_COMPRESSION_RATIO = 200
# In total an archive may unpack to this size, or to this multiple of its own size, whichever is larger.
MIN_ALLOWANCE_BYTES = 2 * 2**30
ALLOWANCE_RATIO = 100
MAX_MEMBERS = 200_000
MAX_JSON_BYTES = 2**30
HEAD_BYTES = 64
MAX_DEPTH = 2
MAX_NAME_LENGTH = 200
ENCRYPTED_FLAG = 0x1
ZIP_SIGNATURE = b"PK\x03\x04"
# What unpacking a damaged or unsupported member raises.
UNPACKING_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)
# What reading the directory of an archive raises.
DIRECTORY_ERRORS = (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive. Its path includes the archives within the archive, separated by slashes."""

    path: str
    data: bytes = field(repr=False)

    @property
    def folder(self) -> str | None:
        """Name of the folder that contains it."""
        return PurePosixPath(self.path).parent.name or None


@dataclass(frozen=True, slots=True)
class SkippedMember:
    """A file of an archive that was skipped, and the reason."""

    path: str
    rejection: Rejection


class Allowance:
    """How much an archive may still unpack to."""

    def __init__(self, archive_bytes: int) -> None:
        self.bytes = max(MIN_ALLOWANCE_BYTES, ALLOWANCE_RATIO * archive_bytes)
        self.members = MAX_MEMBERS

    def take(self, size: int) -> bool:
        """Deduct a member's size; returns whether the member is still allowed."""
        self.bytes -= size
        self.members -= 1
        return self.bytes >= 0 and self.members >= 0


def is_read_in_chunks(file: IO[bytes]) -> bool:
    """Whether a file is a zip, or JSON too large for memory. The file is left at its beginning."""
    head, size = file.read(HEAD_BYTES), file.seek(0, 2)
    file.seek(0)
    return looks_like_zip(head) or (MAX_MEMBER_BYTES < size <= MAX_JSON_BYTES and looks_like_json(head))


def looks_like_zip(head: bytes) -> bool:
    """Whether the data begins with a zip's first entry."""
    return head[:4] == ZIP_SIGNATURE


def contains(file: IO[bytes], text: str) -> bool:
    """Whether a path in the archive contains this text; False if its directory cannot be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(text in name for name in archive.namelist())
    except DIRECTORY_ERRORS:
        return False


def without_email(name: str) -> str:
    """Replace an email in a file's name by `account`."""
    return EMAIL.sub("account", name)


def name_of(path: Path) -> str:
    """Return a file's name for the database, which accepts UTF-8 only; a name on disk may be any bytes."""
    return without_email(os.fsencode(path.name).decode(errors="replace"))


def iter_members(file: IO[bytes], *, skip: int = 0, name: str = "") -> Iterator[Member | SkippedMember]:
    """Read the files of an archive in order.

    Every entry except directories gives a member, or a skipped member with the reason; large JSON gives several.

    Parameters
    ----------
    file
        A zip, or with `name` large JSON by itself.
    skip
        Number of members to skip without reading them: an interrupted import resumes after them.
    name
        Path of the members if the file is JSON.
    """
    allowance = Allowance(file.seek(0, 2))
    file.seek(0)
    reader = _MemberReader(allowance, skip)
    is_zip = looks_like_zip(file.read(4))
    file.seek(0)
    if is_zip or not name:
        yield from reader.archive(file, "", 0)
    else:
        yield from reader.json_chunks(file, without_email(name))


class _MemberReader:
    """A pass over an archive: its remaining allowance, and how many members it still has to skip."""

    def __init__(self, allowance: Allowance, skip: int) -> None:
        self.allowance = allowance
        self.skip = skip

    def archive(self, file: IO[bytes], prefix: str, depth: int) -> Iterator[Member | SkippedMember]:
        try:
            with zipfile.ZipFile(file) as archive:
                for entry in archive.infolist():
                    if entry.is_dir():
                        continue
                    rejection = entry_rejection(entry)
                    # A rejected entry is not unpacked: it takes nothing of the allowance.
                    unpacked_bytes = 0 if rejection else entry.file_size
                    if not self.allowance.take(unpacked_bytes):
                        yield from self._skip_member(prefix + without_email(entry.filename), TOO_MUCH)
                        return
                    yield from self._entry(archive, entry, rejection, prefix, depth)
        except DIRECTORY_ERRORS as error:
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
        elif not self._is_skipped():
            yield self._read(archive, entry, path)

    def _is_skipped(self) -> bool:
        """Count a member; returns whether an earlier import has finished it."""
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
        except UNPACKING_ERRORS:
            yield from self._skip_member(path, UNREADABLE)
            return
        yield from self._skip_member(path, TOO_LARGE)

    def json_chunks(self, file: IO[bytes], path: str) -> Iterator[Member | SkippedMember]:
        """Read large JSON in chunks, each a member of its own."""
        for chunk in json_stream.iter_chunks(file):
            if self._is_skipped():
                continue
            if isinstance(chunk, Rejection):
                location = f"{path[:MAX_NAME_LENGTH]}, {chunk.location}"
                yield SkippedMember(location, replace(chunk, location=None))
            else:
                yield Member(f"{path} (entries {chunk.first} to {chunk.last})", chunk.data)

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> Member | SkippedMember:
        try:
            with archive.open(entry) as content:
                return Member(path, content.read(MAX_MEMBER_BYTES + 1))
        except UNPACKING_ERRORS:
            return _skipped(path, UNREADABLE)

    def _inner(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, depth: int
    ) -> Iterator[Member | SkippedMember]:
        """Copy an archive within an archive to a temporary file: its directory is at its end."""
        with tempfile.TemporaryFile() as copy:
            try:
                with archive.open(entry) as content:
                    shutil.copyfileobj(content, copy, 2**20)
            except UNPACKING_ERRORS:
                yield from self._skip_member(path, UNREADABLE)
                return
            yield from self.archive(copy, f"{path}/", depth + 1)

    def _skip_member(self, path: str, rejection: Rejection) -> Iterator[SkippedMember]:
        if not self._is_skipped():
            yield _skipped(path, rejection)


def _skipped(path: str, rejection: Rejection) -> SkippedMember:
    return SkippedMember(path[:MAX_NAME_LENGTH], rejection)


def _is_inner(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        return looks_like_zip(_head(archive, entry, 4))
    except UNPACKING_ERRORS:
        # Reading the member reports what is wrong.
        return False


def _head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int) -> bytes:
    with archive.open(entry) as content:
        return content.read(size)


def entry_rejection(entry: zipfile.ZipInfo) -> Rejection | None:
    """Return why an entry is not opened: an unsafe name, a password, or the compression ratio of a zip bomb."""
    parts = entry.filename.replace("\\", "/").split("/")
    # A way up, an absolute path, a drive of Windows, or a name that Python cuts at the NUL.
    if ".." in parts or parts[0] == "" or ":" in parts[0] or "\x00" in entry.orig_filename:
        return UNSAFE_NAME
    if entry.flag_bits & ENCRYPTED_FLAG:
        return LOCKED
    if entry.file_size > MAX_COMPRESSION_RATIO * max(entry.compress_size, 1024):
        return BOMB
    return None


TOO_MUCH = Rejection(
    "too_large",
    "The rest of the zip was skipped: it unpacks to far more than its size. Unpack it and import the files.",
)
TOO_LARGE = Rejection(
    "too_large",
    "A file in the zip is larger than 32 MB and not JSON: no device and no export writes that. It was skipped.",
)
TOO_DEEP = Rejection(
    "nested_zip",
    "A zip within a zip within a zip was skipped. Unpack the outer zip and import the inner ones.",
)
BOMB = Rejection(
    "too_large",
    "A file in the zip is compressed like a zip bomb. If you trust it, unpack the zip and import the file.",
)
UNSAFE_NAME = Rejection(
    "unsafe_name",
    "A file in the zip has a name outside the zip's folder. It was skipped; rename it and zip it again.",
)
LOCKED = Rejection(
    "locked", "A file in the zip is protected by a password. Unpack the zip and import the file."
)
UNREADABLE = Rejection("bad_zip", "A file in the zip cannot be unpacked. Download the zip again.")
DAMAGED = Rejection("bad_zip", "The zip is damaged. Download it again.")
