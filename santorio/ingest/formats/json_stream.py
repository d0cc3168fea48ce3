"""JSON too large for memory: read entry by entry, and given in chunks that are JSON documents themselves."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import IO

import ijson
import orjson
from ijson.common import ObjectBuilder

from santorio.ingest.formats.garmin.payload_kinds import KINDS
from santorio.storage.parse_result import Rejection

READ_BYTES = 64 * 2**10
# As Python objects JSON takes up to 28 times its size. A day with its series is below 1 MB.
MAX_ENTRY_BYTES = 8 * 2**20
TARGET_CHUNK_BYTES = 2 * 2**20
# Nothing of Garmin's goes deeper than eight levels.
MAX_DEPTH = 100
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Keys under which an entry holds the list of the entries proper.
WRAPPERS = frozenset(kind.holds[0] for kind in KINDS if len(kind.holds) == 1)

TOO_LARGE = Rejection(
    "too_large", "An entry is larger than any that Garmin writes. It was skipped; the others were ingested."
)
NUMBER_TOO_LARGE = Rejection(
    "bad_json",
    "An entry holds a number beyond what a computer represents. It was skipped; the others were ingested.",
)
TOO_LONG = Rejection(
    "too_large",
    "An entry is larger than any that Garmin writes and never ends. It was skipped, and all after it.",
)
# Each is a row of the quarantine: a file of nothing but broken entries must not fill the memory.
MAX_REJECTIONS = 1000
TOO_MANY = Rejection(
    "bad_json",
    "A thousand entries before this one could not be read. It was skipped, and all after it. Download it again.",
)
CUT = Rejection(
    "bad_json",
    "The JSON is cut off, or holds what JSON does not have. What came before was ingested. Download it again.",
)


@dataclass(frozen=True, slots=True)
class JsonChunk:
    """Some entries: the numbers of the first and last in the file, and a JSON document of them alone."""

    first: int
    last: int
    data: bytes = field(repr=False)


class _TooLongError(ValueError):
    """A single text or number is larger than an entry may be, or it nests without end."""


def looks_like_json(head: bytes) -> bool:
    """Whether an object or an array begins here."""
    return head.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in {b"{", b"["}


def iter_chunks(file: IO[bytes]) -> Iterator[JsonChunk | Rejection]:
    """Read the entries of an array, of the list that an object wraps, or of lines; a rejection for each bad entry.

    At most one entry and one chunk are in memory. The same file gives the same chunks every time.
    """
    pending: list[bytes] = []
    number = size = rejections = 0
    wrapper: str | None = None
    for parsed in _entries(file):
        if pending and _ends_chunk(parsed, wrapper, size):
            yield _chunk(pending, number, wrapper)
            pending, size = [], 0
        number += 1
        if isinstance(parsed, Rejection):
            rejections += 1
            if rejections > MAX_REJECTIONS:
                yield replace(TOO_MANY, location=f"entry {number}")
                return
            yield replace(parsed, location=f"entry {number}")
            continue
        wrapper, entry = parsed
        pending.append(entry)
        size += len(entry)
    if pending:
        yield _chunk(pending, number, wrapper)


def _ends_chunk(parsed: tuple[str | None, bytes] | Rejection, wrapper: str | None, size: int) -> bool:
    """Whether what comes next does not belong to the chunk before it."""
    if isinstance(parsed, Rejection):
        return True
    next_wrapper, entry = parsed
    return next_wrapper != wrapper or size + len(entry) > TARGET_CHUNK_BYTES


def _chunk(entries: list[bytes], last: int, wrapper: str | None) -> JsonChunk:
    data = b"[" + b",".join(entries) + b"]"
    if wrapper is not None:
        data = b"[{" + orjson.dumps(wrapper) + b":" + data + b"}]"
    return JsonChunk(last - len(entries) + 1, last, data)


def _entries(file: IO[bytes]) -> Iterator[tuple[str | None, bytes] | Rejection]:
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, multiple_values=True)
    reader = _Reader()
    chunk = file.read(READ_BYTES).removeprefix(BYTE_ORDER_MARK)
    try:
        while chunk:
            parser.send(chunk)
            reader.take(events, len(chunk))
            del events[:]
            yield from reader.given()
            chunk = file.read(READ_BYTES)
        parser.close()
    except _TooLongError:
        yield from reader.given()
        yield TOO_LONG
    except ijson.JSONError:
        reason = CUT
        try:
            reader.take(events, 0)
        except _TooLongError:
            reason = TOO_LONG
        yield from reader.given()
        yield reason


class _Reader:
    """Puts together the parser's events: `depth` counts what is open within the entry that is being read."""

    def __init__(self) -> None:
        self.found: list[tuple[str | None, bytes] | Rejection] = []
        self.builder: ObjectBuilder | None = None
        self.outer: ObjectBuilder | None = None
        self.wrapper: str | None = None
        self.key: str | None = None
        self.depth = 0
        self.is_open = False
        self.read_bytes = self.entry_began = self.event_came = 0

    def given(self) -> Iterator[tuple[str | None, bytes] | Rejection]:
        found, self.found = self.found, []
        yield from found

    def take(self, events: list[tuple[str, object]], size: int) -> None:
        for event, value in events:
            self._take(event, value)
        self.read_bytes += size
        if events:
            self.event_came = self.read_bytes
        if self.read_bytes - self.event_came > MAX_ENTRY_BYTES:
            raise _TooLongError
        if self.depth and self.read_bytes - self.entry_began > MAX_ENTRY_BYTES:
            self._pass_over(TOO_LARGE)

    def _pass_over(self, rejection: Rejection) -> None:
        if self.builder:
            self.found.append(rejection)
        self.builder = None

    def _take(self, event: str, value: object) -> None:
        if self.depth == 0 and self._between(event):
            return
        if self.depth == 1 and self._is_wrapped(event):
            return
        self.key = str(value) if event == "map_key" else None
        if isinstance(value, Decimal):
            value = float(value)
            if math.isinf(value):
                self._pass_over(NUMBER_TOO_LARGE)
        if self.builder:
            self.builder.event(event, value)
        self.depth += event in {"start_map", "start_array"}
        self.depth -= event in {"end_map", "end_array"}
        if self.depth > MAX_DEPTH:
            raise _TooLongError
        if self.depth == 0:
            self._end()

    def _between(self, event: str) -> bool:
        """Open or close the list that holds the entries; begin an entry with anything else."""
        if event == "start_array" and not self.is_open:
            self.is_open = True
            return True
        if event == "end_array":
            if self.wrapper is not None:
                self.builder, self.outer, self.wrapper, self.depth = self.outer, None, None, 1
            self.entry_began = self.read_bytes
            return True
        self.is_open = True
        self.builder, self.entry_began = ObjectBuilder(), self.read_bytes
        return False

    def _is_wrapped(self, event: str) -> bool:
        """Begin with the entries that an entry holds in a list; what stands beside the list waits."""
        if event != "start_array" or self.key not in WRAPPERS or self.wrapper is not None or not self.builder:
            return False
        for told in (event, "end_array"):
            self.builder.event(told, None)
        self.outer, self.wrapper, self.depth = self.builder, self.key, 0
        return True

    def _end(self) -> None:
        entry = self.builder.value if self.builder else None
        if self.builder and not (
            isinstance(entry, dict)
            and len(entry) == 1
            and WRAPPERS & set(entry)
            and entry[next(iter(entry))] == []
        ):
            self.found.append((self.wrapper, _text(entry)))
        self.builder = None


def _text(entry: object) -> bytes:
    try:
        return orjson.dumps(entry)
    except TypeError:
        # A number of more than 64 bits.
        return json.dumps(entry).encode()
