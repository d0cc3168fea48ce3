"""How a FIT file is built: its parts, its messages and their sizes, without a look at what they say.

A walk over the messages costs a tenth of decoding them. It bounds what decoding may take (a file of a few
megabytes can be made to fill the memory), drops parts of a chain that come twice, and takes the few messages
that sum up an activity out of the thousands of records between them.
"""

import functools
import struct
from collections import Counter
from dataclasses import dataclass, field

# A day of recording every second, with a hundred fields.
MAX_VALUES = 10_000_000
MAX_MESSAGES = 2_000_000

# Messages that are looked at together.
MAX_RUN = 1024

RECORD = 20
# Profile.xlsx of the FIT SDK: file_id, sport, session, lap, activity, hrv, hr, field_description, developer_data_id.
SUMMARIES = frozenset({0, 12, 18, 19, 34, 78, 132, 206, 207})


class NotWhole(ValueError):
    """The file breaks off, or a message in it has no definition."""


class TooMuch(ValueError):
    """More messages or values than any device writes."""


@dataclass(slots=True)
class Outline:
    """What a file is made of.

    `counts` are by global message number; `summaries` are the bytes of the messages that are no records, with
    their definitions; `data` is the file without what a chain repeats; `differs` says that a part repeats the
    messages of another under a checksum of its own, one of which must be wrong.
    """

    data: bytes
    counts: Counter[int] = field(default_factory=Counter)
    summaries: bytes | None = b""
    values: int = 0
    differs: bool = False


def outline(data: bytes) -> Outline:
    """Walk over all messages of all parts of a file.

    Raises
    ------
    NotWhole
        If it ends too early or uses a message that is not defined: what comes then cannot be told.
    TooMuch
        If decoding it would take more than `MAX_MESSAGES` or `MAX_VALUES`.
    """
    found = Outline(data)
    parts: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        start, end = _bounds(data, at)
        messages, part = data[start : end - 2], data[at:end]
        if messages not in parts:
            _walk(data, start, end - 2, found)
            parts[messages] = part
        elif part[-2:] != parts[messages][-2:]:
            found.differs = True
        at = end
    found.data = b"".join(parts.values())
    return found


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """Where the messages of the part at this place begin, and where the part ends."""
    if len(data) - at < 14 or data[at] not in {12, 14} or data[at + 8 : at + 12] != b".FIT":
        raise NotWhole
    start: int = at + data[at]
    end: int = start + struct.unpack_from("<I", data, at + 4)[0] + 2
    if end > len(data):
        raise NotWhole
    return start, end


def _walk(data: bytes, at: int, end: int, found: Outline) -> None:
    # Global number, size of a message, number of its fields, whether it is a summary: by local number.
    known: dict[int, tuple[int, int, int, bool]] = {}
    kept: list[bytes] = []
    counts = found.counts
    messages, values = counts.total(), found.values
    can_split = found.summaries is not None
    while at < end:
        header = data[at]
        if header & 0xC0 == 0x40:
            number, size, fields, at_end = _definition(data, at, end)
            known[header & 0x0F] = (number, size, fields, number in SUMMARIES)
            if number in SUMMARIES:
                kept.append(data[at:at_end])
            at = at_end
            messages += 1
        else:
            # A compressed header states the time as seconds after the record before.
            compressed = header & 0x80
            definition = known.get(header >> 5 & 0x03 if compressed else header & 0x0F)
            if definition is None:
                raise NotWhole
            number, size, fields, is_summary = definition
            run = _run(data, at, size, end)
            counts[number] += run
            values += run * fields
            if is_summary:
                kept.append(data[at : at + run * size])
                can_split = can_split and not compressed
            at += run * size
            messages += run
        if messages > MAX_MESSAGES or values > MAX_VALUES:
            raise TooMuch
    if at != end:
        raise NotWhole
    found.values = values
    found.summaries = found.summaries + b"".join(kept) if can_split and found.summaries is not None else None


def _run(data: bytes, at: int, size: int, end: int) -> int:
    """How many messages with this header follow each other; records do, by the thousand."""
    header = data[at]
    if at + size >= end or data[at + size] != header:
        return 1
    headers = data[at : min(at + size * MAX_RUN, end) : size]
    return len(headers) - len(headers.lstrip(headers[:1]))


def _definition(data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Return the global number, the size of a message with its header, its fields, and where the definition ends."""
    if at + 6 > end:
        raise NotWhole
    number = struct.unpack_from(">H" if data[at + 2] else "<H", data, at + 3)[0]
    fields = data[at + 5]
    stop = at + 6 + 3 * fields
    size = 1 + sum(data[at + 7 : stop : 3])
    if data[at] & 0x20:
        if stop >= end:
            raise NotWhole
        own = data[stop]
        size += sum(data[stop + 2 : stop + 1 + 3 * own : 3])
        fields, stop = fields + own, stop + 1 + 3 * own
    if stop > end:
        raise NotWhole
    return number, size, fields, stop


@functools.cache
def _checksums() -> tuple[int, ...]:
    """Checksum of each byte, from which that of any length follows."""
    from garmin_fit_sdk.crc_calculator import CrcCalculator

    return tuple(CrcCalculator.calculate_crc(bytes([byte]), 0, 1) for byte in range(256))


def as_file(messages: bytes) -> bytes:
    """Make a FIT file of messages."""
    # The short header, which has no checksum of its own.
    whole = struct.pack("<BBHI4s", 12, 0x20, 2132, len(messages), b".FIT") + messages
    table, crc = _checksums(), 0
    for byte in whole:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return whole + struct.pack("<H", crc)
