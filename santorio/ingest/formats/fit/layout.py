"""The layout of a FIT file: its parts, its messages and their sizes, without decoding any value.

A walk over the messages costs a tenth of decoding them. It bounds what decoding may take (a file of a few
megabytes can be crafted to fill the memory), drops repeated parts of a chained file, and separates the few
messages that summarise an activity from the thousands of records between them.
"""

import functools
import struct
from collections import Counter
from dataclasses import dataclass, field

# A day of recording every second, with a hundred fields.
MAX_VALUES = 10_000_000
MAX_MESSAGES = 2_000_000

# Messages whose headers are compared in one step.
MAX_RUN = 1024

# Global number of a record message.
RECORD = 20
# Profile.xlsx of the FIT SDK: file_id, sport, session, lap, activity, hrv, hr, field_description, developer_data_id.
SUMMARIES = frozenset({0, 12, 18, 19, 34, 78, 132, 206, 207})


class IncompleteFitError(ValueError):
    """The file ends too early, or a message in it has no definition."""


class FitTooLargeError(ValueError):
    """The file holds more messages or values than any device writes."""


@dataclass(slots=True)
class Outline:
    """What a file consists of.

    `counts` are by global message number. `summaries` are the bytes of the messages that are not records, with
    their definitions; None if they cannot be separated. `data` is the file without repeated parts.
    `has_checksum_conflict` says that two parts have the same messages but different checksums, so that one is wrong.
    """

    data: bytes
    counts: Counter[int] = field(default_factory=Counter)
    summaries: bytes | None = b""
    values: int = 0
    has_checksum_conflict: bool = False


def outline(data: bytes) -> Outline:
    """Walk over all messages of all parts of a file.

    Raises
    ------
    IncompleteFitError
        If it ends too early or uses an undefined message: nothing after that can be located.
    FitTooLargeError
        If decoding it would take more than `MAX_MESSAGES` or `MAX_VALUES`.
    """
    result = Outline(data)
    parts: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        start, end = _bounds(data, at)
        messages, part = data[start : end - 2], data[at:end]
        # Some programs repeat a part: it is kept once.
        if messages not in parts:
            _walk(data, start, end - 2, result)
            parts[messages] = part
        elif part[-2:] != parts[messages][-2:]:
            result.has_checksum_conflict = True
        at = end
    result.data = b"".join(parts.values())
    return result


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """Return where the messages of the part that begins at `at` start, and where the part ends."""
    if len(data) - at < 14 or data[at] not in {12, 14} or data[at + 8 : at + 12] != b".FIT":
        raise IncompleteFitError
    # The header states its own length, and the length of the messages; a checksum of two bytes follows them.
    start: int = at + data[at]
    end: int = start + struct.unpack_from("<I", data, at + 4)[0] + 2
    if end > len(data):
        raise IncompleteFitError
    return start, end


def _walk(data: bytes, at: int, end: int, result: Outline) -> None:
    """Add the messages of a part to the outline.

    Each message begins with a byte: a definition (bit 6) states the fields of the messages with its local number
    that follow; any other is a message of the definition with its local number.
    """
    # By local number: global number, size of a message, number of its fields, whether it is a summary.
    definitions: dict[int, tuple[int, int, int, bool]] = {}
    summaries: list[bytes] = []
    counts = result.counts
    messages, values = counts.total(), result.values
    can_split = result.summaries is not None
    while at < end:
        header = data[at]
        if header & 0xC0 == 0x40:
            number, size, fields, at_end = _definition(data, at, end)
            definitions[header & 0x0F] = (number, size, fields, number in SUMMARIES)
            if number in SUMMARIES:
                summaries.append(data[at:at_end])
            at = at_end
            messages += 1
        else:
            # A compressed header has two bits for the local number and states the time relative to the record before.
            compressed = header & 0x80
            local_number = header & 0x0F
            if compressed:
                local_number = header >> 5 & 0x03
            definition = definitions.get(local_number)
            if definition is None:
                raise IncompleteFitError
            number, size, fields, is_summary = definition
            run = _run(data, at, size, end)
            counts[number] += run
            values += run * fields
            if is_summary:
                summaries.append(data[at : at + run * size])
                # Its time is lost without the records around it.
                can_split = can_split and not compressed
            at += run * size
            messages += run
        if messages > MAX_MESSAGES or values > MAX_VALUES:
            raise FitTooLargeError
    if at != end:
        raise IncompleteFitError
    result.values = values
    if can_split and result.summaries is not None:
        result.summaries += b"".join(summaries)
    else:
        result.summaries = None


def _run(data: bytes, at: int, size: int, end: int) -> int:
    """Return how many messages with this header follow each other: records do, by the thousand."""
    header = data[at]
    if at + size >= end or data[at + size] != header:
        return 1
    headers = data[at : min(at + size * MAX_RUN, end) : size]
    return len(headers) - len(headers.lstrip(headers[:1]))


def _definition(data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Return the global number, the size of a message with its header, its number of fields, the definition's end."""
    if at + 6 > end:
        raise IncompleteFitError
    # Byte 2 is the byte order, bytes 3 and 4 the global number, byte 5 the number of fields.
    byte_order = ">H" if data[at + 2] else "<H"
    number = struct.unpack_from(byte_order, data, at + 3)[0]
    fields = data[at + 5]
    # A field is defined in three bytes, of which the second is its size.
    stop = at + 6 + 3 * fields
    size = 1 + sum(data[at + 7 : stop : 3])
    if data[at] & 0x20:
        if stop >= end:
            raise IncompleteFitError
        # Developer fields follow.
        developer_fields = data[stop]
        size += sum(data[stop + 2 : stop + 1 + 3 * developer_fields : 3])
        fields, stop = fields + developer_fields, stop + 1 + 3 * developer_fields
    if stop > end:
        raise IncompleteFitError
    return number, size, fields, stop


@functools.cache
def _checksums() -> tuple[int, ...]:
    """Return the CRC-16 of each single byte, the table from which that of any length is computed."""
    from garmin_fit_sdk.crc_calculator import CrcCalculator

    return tuple(CrcCalculator.calculate_crc(bytes([byte]), 0, 1) for byte in range(256))


def as_file(messages: bytes) -> bytes:
    """Build a FIT file from messages."""
    # The short header of 12 bytes has no checksum of its own.
    content = struct.pack("<BBHI4s", 12, 0x20, 2132, len(messages), b".FIT") + messages
    table, crc = _checksums(), 0
    for byte in content:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return content + struct.pack("<H", crc)
