"""Decode a FIT file: with `fitfast`, or, if that rejects it, with the official SDK, which salvages valid messages.

Both give messages by name, values in SI units as the FIT profile scales them, times as Unix seconds.
"""

import datetime as dt
import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from santorio.ingest.formats.fit.layout import RECORD, IncompleteFitError, Outline, as_file, outline

Column = npt.NDArray[np.float64]
Message = Mapping[str | int, object]
# FIT counts seconds from 1989-12-31T00:00:00Z.
EPOCH_OF_FIT = 631_065_600
# Before 2000 a clock was never set (FIT writes seconds since power-on there); after 2100 it is broken.
EARLIEST, LATEST = 946_684_800, 4_102_444_800
# Days of recording every second with power stay below 30 MB; decoded, a file takes 33 times its size.
MAX_FILE_BYTES = 32 * 2**20
# The SDK reads about 1 MB a second, so a file of the maximum size is read almost to its end.
SALVAGE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded file.

    `messages` are by name, without the records. `records` are columns by the profile's names. `damage` describes
    what was wrong with a file that had to be salvaged; None for a valid file.
    """

    messages: Mapping[str, list[Message]]
    records: Mapping[str, Column]
    counts: Mapping[str, int]
    damage: str | None = None

    def all(self, name: str) -> list[Message]:
        """Return the messages of a name."""
        return self.messages.get(name, [])

    def first(self, name: str) -> Message:
        """Return the first message of a name; an empty message if there is none."""
        return next(iter(self.all(name)), {})


def looks_like_fit(data: bytes) -> bool:
    """Whether the data begins with a FIT header: its length, and `.FIT` in bytes 8 to 12."""
    return len(data) >= 12 and data[0] in {12, 14} and data[8:12] == b".FIT"


def decode(data: bytes) -> Decoded | None:
    """Decode a file; None if it has no valid message.

    Raises
    ------
    FitTooLargeError
        If it holds more than any device writes.
    """
    import fitfast

    try:
        return _decode_valid(outline(data))
    except IncompleteFitError:
        return salvage(data, _damage(data))
    except fitfast.FitDecodeError as error:
        return salvage(data, describe_damage(str(error)))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        # PyO3 raises a panic in the decoder's Rust code as a BaseException. It concerns this file alone.
        if type(error).__name__ != "PanicException":
            raise
        return salvage(data, describe_damage(""))


def _decode_valid(layout: Outline) -> Decoded | None:
    """Decode records as columns, and message by message only the summaries: that takes a third of the time."""
    import fitfast

    counts = {message_name(number): count for number, count in sorted(layout.counts.items())}
    if not counts:
        return None
    damage: str | None = None
    if layout.has_checksum_conflict:
        damage = describe_damage("checksum")
    if not layout.counts[RECORD]:
        return Decoded(fitfast.parse(layout.data), {}, counts, damage)
    # Records first: this verifies the checksums of the complete file.
    records = fitfast.records(layout.data)
    if layout.summaries is None:
        messages = fitfast.parse(layout.data)
        messages.pop("record", None)
    else:
        messages = fitfast.parse(as_file(layout.summaries))
    return Decoded(messages, records, counts, damage)


def _damage(data: bytes) -> str:
    """Describe what is wrong with a file whose messages cannot all be located."""
    import fitfast

    try:
        fitfast.count(data)
    except fitfast.FitDecodeError as error:
        return describe_damage(str(error))
    except BaseException as error:
        # A panic, as in `decode`.
        if type(error).__name__ != "PanicException":
            raise
    return describe_damage("")


@functools.cache
def message_name(number: int) -> str:
    """Return a message's name in the profile, `unknown_<number>` for an undocumented message."""
    from garmin_fit_sdk import Profile

    definition = Profile["messages"].get(number)
    if definition is None:
        return f"unknown_{number}"
    return str(definition["messages_key"]).removesuffix("_mesgs")


def describe_damage(error: str) -> str:
    """Describe a decoder's error for a person, to whom its byte positions are of no use."""
    if "checksum" in error:
        return "its checksum is wrong, so parts of it may have been changed in transfer"
    if "EOF" in error:
        return "it ends too early"
    if "message definition" in error:
        return "it uses a message that it does not define"
    if "not a FIT file" in error:
        return "the data after its first part is not FIT"
    return "it violates the FIT format"


def salvage(data: bytes, damage: str) -> Decoded | None:
    """Decode up to the point that the official SDK reaches; None if there is no valid message before it."""
    from garmin_fit_sdk import Decoder, Stream

    deadline = time.monotonic() + SALVAGE_SECONDS

    def stop_at_deadline(_number: int, _message: dict[str, Any]) -> None:
        # The SDK returns what it has read when a listener raises.
        if time.monotonic() > deadline:
            raise TimeoutError

    decoder = Decoder(Stream.from_byte_array(bytearray(data)))
    salvaged, errors = decoder.read(
        enable_crc_check=False,
        convert_datetimes_to_dates=False,
        merge_heart_rates=False,
        mesg_listener=stop_at_deadline,
    )
    if time.monotonic() > deadline and errors:
        damage = "reading it takes too long"
    by_name = _by_message_name(cast("Mapping[object, list[dict[str | int, object]]]", salvaged))
    if not by_name:
        return None
    counts = {name: len(messages) for name, messages in sorted(by_name.items())}
    columns = columns_of(by_name.pop("record", []), by_name.get("field_description", []))
    decoded: dict[str, list[Message]] = {}
    for name, messages in by_name.items():
        decoded[name] = [_with_unix_times(message) for message in messages]
    return Decoded(decoded, columns, counts, damage)


def _by_message_name(
    salvaged: Mapping[object, list[dict[str | int, object]]],
) -> dict[str, list[dict[str | int, object]]]:
    """Rename the SDK's keys (`record_mesgs`, and the bare number of an undocumented message) as `fitfast` does."""
    by_name: dict[str, list[dict[str | int, object]]] = {}
    for key, messages in salvaged.items():
        name = str(key).removesuffix("_mesgs")
        if name.isdigit():
            name = f"unknown_{name}"
        if messages:
            by_name[name] = messages
    return by_name


# The SDK gives two values of `left_right_balance` by their names in the profile: the bit that says that the value
# is the right side's, and the mask of the value itself.
NAMED_BALANCES: Mapping[str, object] = {"right": 128, "mask": 127}
TIMES = frozenset({"timestamp", "start_time", "time_created", "local_timestamp", "stress_level_time"})


def _with_unix_times(message: dict[str | int, object]) -> Message:
    converted = dict(message)
    for name in TIMES & message.keys():
        value = message[name]
        if isinstance(value, int):
            converted[name] = value + EPOCH_OF_FIT
    return converted


def columns_of(
    records: Sequence[Mapping[str | int, object]], descriptions: Sequence[Mapping[str | int, object]]
) -> dict[str, Column]:
    """Put the SDK's messages into columns as `fitfast.records` does: numbers only, Unix times, degrees."""
    developer_names: dict[object, str] = {}
    for description in descriptions:
        name = description.get("field_name")
        # In a damaged file a name may be a list.
        if isinstance(name, str):
            developer_names[description.get("key")] = name
    columns: dict[str, Column] = {}
    for row, record in enumerate(records):
        for label, value in _record_values(record, developer_names):
            if label not in columns:
                columns[label] = np.full(len(records), np.nan)
            columns[label][row] = value
    for label in columns.keys() & TIMES:
        columns[label] += EPOCH_OF_FIT
    # Positions are in semicircles: 2^31 of them are 180 degrees.
    for label in columns.keys() & {"position_lat", "position_long"}:
        columns[label] *= 180 / 2**31
    return columns


def _record_values(
    record: Mapping[str | int, object], developer_names: Mapping[object, str]
) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a record by column; the profile's own fields last, so that they win over an app's."""
    fields: list[tuple[str | int | None, object]] = []
    developer_fields = record.get("developer_fields")
    if isinstance(developer_fields, Mapping):
        # Undescribed fields are dropped below: without a name they cannot be distinguished.
        fields += [(developer_names.get(key), value) for key, value in developer_fields.items()]
    fields += record.items()
    for name, value in fields:
        number = value
        if isinstance(value, str):
            number = NAMED_BALANCES.get(value)
        if name is None or isinstance(number, bool) or not isinstance(number, int | float):
            continue
        # An undocumented field has a number instead of a name.
        label = f"unknown_{name}" if isinstance(name, int) else name
        yield label, number


def to_instant(value: object) -> dt.datetime | None:
    """Convert Unix seconds; None for a value that no watch can have written."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not EARLIEST <= value <= LATEST:
        return None
    return dt.datetime.fromtimestamp(value, dt.UTC)
