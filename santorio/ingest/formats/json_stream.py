"""Parse JSON that is too large for memory entry by entry, in chunks that are JSON documents themselves."""

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
# Python objects take up to 28 times the size of the JSON. A day with its series is below 1 MB.
MAX_ENTRY_BYTES = 8 * 2**20
TARGET_CHUNK_BYTES = 2 * 2**20
# Garmin's JSON is at most eight levels deep.
MAX_DEPTH = 100
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Keys of the list that an entry may wrap around the actual entries.
WRAPPERS = frozenset(kind.list_path[0] for kind in KINDS if len(kind.list_path) == 1)

TOO_LARGE = Rejection(
    "too_large", "An entry is larger than any that Garmin writes. It was skipped; the others were ingested."
)
NUMBER_TOO_LARGE = Rejection(
    "bad_json",
    "An entry holds a number too large for a computer. It was skipped; the others were ingested.",
)
TOO_LONG = Rejection(
    "too_large",
    "An entry is larger than any that Garmin writes and never ends. It and everything after it were skipped. "
    "Download the file again.",
)
# Each rejection is a row of the quarantine and is held in memory: a file of broken entries must not fill either.
MAX_REJECTIONS = 1000
TOO_MANY = Rejection(
    "bad_json",
    "A thousand entries before this one could not be parsed. It and everything after it were skipped. "
    "Download the file again.",
)
TRUNCATED = Rejection(
    "bad_json",
    "The JSON is cut off or invalid from here on. The entries before were ingested. Download the file again.",
)

# An entry as JSON, and the key of the list that wraps it, if any.
type _Entry = tuple[str | None, bytes]


@dataclass(frozen=True, slots=True)
class JsonChunk:
    """Consecutive entries: the numbers of the first and the last in the file, and a JSON document of them alone."""

    first: int
    last: int
    data: bytes = field(repr=False)


class _TooLongError(ValueError):
    """A single text or number is larger than `MAX_ENTRY_BYTES`, or an entry is nested deeper than `MAX_DEPTH`."""


def looks_like_json(head: bytes) -> bool:
    """Whether the data begins with an object or an array."""
    return head.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in {b"{", b"["}


def iter_chunks(file: IO[bytes]) -> Iterator[JsonChunk | Rejection]:
    """Parse the entries of an array, of the list that an object wraps, or of JSON lines; reject each bad entry.

    At most one entry and one chunk are in memory. The same file always gives the same chunks: an interrupted
    import resumes by their number.
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


def _ends_chunk(parsed: _Entry | Rejection, wrapper: str | None, size: int) -> bool:
    """Whether the next entry does not belong to the current chunk, of these bytes and under this wrapper."""
    if isinstance(parsed, Rejection):
        return True
    next_wrapper, entry = parsed
    return next_wrapper != wrapper or size + len(entry) > TARGET_CHUNK_BYTES


def _chunk(entries: list[bytes], last: int, wrapper: str | None) -> JsonChunk:
    data = b"[" + b",".join(entries) + b"]"
    if wrapper is not None:
        data = b"[{" + orjson.dumps(wrapper) + b":" + data + b"}]"
    return JsonChunk(last - len(entries) + 1, last, data)


def _entries(file: IO[bytes]) -> Iterator[_Entry | Rejection]:
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, multiple_values=True)
    assembler = _EntryAssembler()
    data = file.read(READ_BYTES).removeprefix(BYTE_ORDER_MARK)
    try:
        while data:
            parser.send(data)
            assembler.add(events, len(data))
            del events[:]
            yield from assembler.completed()
            data = file.read(READ_BYTES)
        parser.close()
    except _TooLongError:
        yield from assembler.completed()
        yield TOO_LONG
    except ijson.JSONError:
        rejection = TRUNCATED
        # The events before the error are valid.
        try:
            assembler.add(events, 0)
        except _TooLongError:
            rejection = TOO_LONG
        yield from assembler.completed()
        yield rejection


class _EntryAssembler:
    """Assembles entries from the parser's events.

    `depth` counts the objects and arrays that are open within the current entry. `builder` is None while an entry
    is skipped. While the entries of a wrapped list are read, `outer` is the builder of the object around it.
    """

    def __init__(self) -> None:
        self.results: list[_Entry | Rejection] = []
        self.builder: ObjectBuilder | None = None
        self.outer: ObjectBuilder | None = None
        self.wrapper: str | None = None
        self.key: str | None = None
        self.depth = 0
        self.is_open = False
        self.read_bytes = self.entry_start = self.last_event = 0

    def completed(self) -> Iterator[_Entry | Rejection]:
        results, self.results = self.results, []
        yield from results

    def add(self, events: list[tuple[str, object]], size: int) -> None:
        """Process the events of so many bytes."""
        for event, value in events:
            self._add_event(event, value)
        self.read_bytes += size
        if events:
            self.last_event = self.read_bytes
        # A single text or number gives no event before its end.
        if self.read_bytes - self.last_event > MAX_ENTRY_BYTES:
            raise _TooLongError
        if self.depth and self.read_bytes - self.entry_start > MAX_ENTRY_BYTES:
            self._skip_entry(TOO_LARGE)

    def _skip_entry(self, rejection: Rejection) -> None:
        if self.builder:
            self.results.append(rejection)
        self.builder = None

    def _add_event(self, event: str, value: object) -> None:
        if self.depth == 0 and self._handle_between_entries(event):
            return
        if self.depth == 1 and self._enter_wrapped_list(event):
            return
        self.key = str(value) if event == "map_key" else None
        if isinstance(value, Decimal):
            value = float(value)
            if math.isinf(value):
                self._skip_entry(NUMBER_TOO_LARGE)
        if self.builder:
            self.builder.event(event, value)
        self.depth += event in {"start_map", "start_array"}
        self.depth -= event in {"end_map", "end_array"}
        if self.depth > MAX_DEPTH:
            raise _TooLongError
        if self.depth == 0:
            self._end_entry()

    def _handle_between_entries(self, event: str) -> bool:
        """Open or close the list of the entries, and return True; for any other event start an entry."""
        if event == "start_array" and not self.is_open:
            self.is_open = True
            return True
        if event == "end_array":
            # The end of a wrapped list: the object around it continues.
            if self.wrapper is not None:
                self.builder, self.outer, self.wrapper, self.depth = self.outer, None, None, 1
            self.entry_start = self.read_bytes
            return True
        self.is_open = True
        self.builder, self.entry_start = ObjectBuilder(), self.read_bytes
        return False

    def _enter_wrapped_list(self, event: str) -> bool:
        """If an entry wraps a list of entries here, read these first; the entry itself continues after them."""
        if event != "start_array" or self.key not in WRAPPERS or self.wrapper is not None or not self.builder:
            return False
        # In the entry around it the list is empty.
        self.builder.event("start_array", None)
        self.builder.event("end_array", None)
        self.outer, self.wrapper, self.depth = self.builder, self.key, 0
        return True

    def _end_entry(self) -> None:
        if self.builder and not _is_empty_wrapper(self.builder.value):
            self.results.append((self.wrapper, _to_json(self.builder.value)))
        self.builder = None


def _is_empty_wrapper(entry: object) -> bool:
    """Whether nothing but the wrapped list is in an object: its entries were returned already."""
    if not isinstance(entry, dict) or len(entry) != 1:
        return False
    ((key, value),) = entry.items()
    return key in WRAPPERS and value == []


def _to_json(entry: object) -> bytes:
    try:
        return orjson.dumps(entry)
    except TypeError:
        # orjson accepts no integer of more than 64 bits.
        return json.dumps(entry).encode()
