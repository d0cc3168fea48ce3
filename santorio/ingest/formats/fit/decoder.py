"""Decode a FIT file: by `fitfast`, and what it refuses by the official SDK, which salvages what is whole.

Both give messages by name, values in SI units as the FIT profile scales them, times as Unix seconds.
"""

import datetime as dt
import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from santorio.ingest.formats.fit.layout import RECORD, NotWhole, Outline, as_file, outline

Column = npt.NDArray[np.float64]
Message = Mapping[str | int, object]
# FIT counts seconds from the last minute of 1989, UTC.
EPOCH_OF_FIT = 631_065_600
# Before 2000 a clock was never set (FIT writes seconds since power-on there); after 2100 it is broken.
EARLIEST, LATEST = 946_684_800, 4_102_444_800
# Days of recording every second with power stay below 30 MB; decoded, a file takes 33 times its size.
MAX_FILE_BYTES = 32 * 2**20
# The SDK reads about 1 MB a second; what a person waits for ends here.
SALVAGE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a file says.

    `messages` are by name, without the records; `records` are in columns by the profile's names; `damage` says
    what was wrong with a file that had to be salvaged.
    """

    messages: Mapping[str, list[Message]]
    records: Mapping[str, Column]
    counts: Mapping[str, int]
    damage: str | None = None

    def all(self, name: str) -> list[Message]:
        """Messages of a name, none where there are none."""
        return self.messages.get(name, [])

    def first(self, name: str) -> Message:
        """Return the first message of a name, an empty one where there is none."""
        return next(iter(self.all(name)), {})


def looks_like_fit(data: bytes) -> bool:
    """Whether a FIT header stands at the start: its length, and `.FIT` in bytes 8 to 12."""
    return len(data) >= 12 and data[0] in {12, 14} and data[8:12] == b".FIT"


def decode(data: bytes) -> Decoded | None:
    """Decode; None where not one message is whole.

    Raises
    ------
    TooMuch
        If there is more in it than any device writes.
    """
    import fitfast

    try:
        return _decode_whole(outline(data))
    except NotWhole:
        return salvage(data, _damage(data))
    except fitfast.FitDecodeError as error:
        return salvage(data, describe(str(error)))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        # A panic in the decoder's Rust comes as a BaseException of PyO3's; it is about this file alone.
        if type(error).__name__ != "PanicException":
            raise
        return salvage(data, describe(""))


def _decode_whole(found: Outline) -> Decoded | None:
    """Decode records into columns, and only the messages that sum them up one by one: it takes a third of the time.

    The records are decoded first: that checks the whole file's sums.
    """
    import fitfast

    counts = {name_of(number): count for number, count in sorted(found.counts.items())}
    if not counts:
        return None
    damage = describe("checksum") if found.differs else None
    if not found.counts[RECORD]:
        return Decoded(fitfast.parse(found.data), {}, counts, damage)
    records = fitfast.records(found.data)
    if found.summaries is None:
        messages = fitfast.parse(found.data)
        messages.pop("record", None)
    else:
        messages = fitfast.parse(as_file(found.summaries))
    return Decoded(messages, records, counts, damage)


def _damage(data: bytes) -> str:
    """Say what is wrong with a file whose messages cannot all be told apart."""
    import fitfast

    try:
        fitfast.count(data)
    except fitfast.FitDecodeError as error:
        return describe(str(error))
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
    return describe("")


@functools.cache
def name_of(number: int) -> str:
    """Name of a message in the profile, `unknown_<number>` for an undocumented one."""
    from garmin_fit_sdk import Profile

    known = Profile["messages"].get(number)
    return str(known["messages_key"]).removesuffix("_mesgs") if known else f"unknown_{number}"


def describe(error: str) -> str:
    """Say what is wrong with a file in words; numbers of the decoder are of no use to a person."""
    if "checksum" in error:
        return "its checksum is wrong, so some of it may have been changed on the way"
    if "EOF" in error:
        return "it ends too early"
    if "message definition" in error:
        return "a message in it is nowhere defined"
    if "not a FIT file" in error:
        return "what follows its first part is no FIT"
    return "it does not keep to the FIT format"


def salvage(data: bytes, damage: str) -> Decoded | None:
    """Read as far as the official SDK gets."""
    from garmin_fit_sdk import Decoder, Stream

    deadline = time.monotonic() + SALVAGE_SECONDS

    def stop_in_time(_number: int, _message: dict[str, Any]) -> None:
        # The SDK keeps what it has read when a listener raises.
        if time.monotonic() > deadline:
            raise TimeoutError

    decoder = Decoder(Stream.from_byte_array(bytearray(data)))
    salvaged, errors = decoder.read(
        enable_crc_check=False,
        convert_datetimes_to_dates=False,
        merge_heart_rates=False,
        mesg_listener=stop_in_time,
    )
    if time.monotonic() > deadline and errors:
        damage = "reading it takes too long"
    messages = {
        # The SDK calls an undocumented message by its number alone.
        f"unknown_{name}" if (name := str(key).removesuffix("_mesgs")).isdigit() else name: found
        for key, found in cast("Mapping[object, list[dict[str | int, object]]]", salvaged).items()
        if found
    }
    if not messages:
        return None
    counts = {name: len(found) for name, found in sorted(messages.items())}
    columns = columns_of(messages.pop("record", []), messages.get("field_description", []))
    whole = {name: [_with_unix_times(message) for message in found] for name, found in messages.items()}
    return Decoded(whole, columns, counts, damage)


# Two values of `left_right_balance` have a name in the profile: all weight on the right, and what masks the rest.
NAMED_BALANCES: Mapping[str, object] = {"right": 128, "mask": 127}
TIMES = frozenset({"timestamp", "start_time", "time_created", "local_timestamp", "stress_level_time"})


def _with_unix_times(message: dict[str | int, object]) -> Message:
    return {
        name: value + EPOCH_OF_FIT if name in TIMES and isinstance(value, int) else value
        for name, value in message.items()
    }


def columns_of(
    records: Sequence[Mapping[str | int, object]], descriptions: Sequence[Mapping[str | int, object]]
) -> dict[str, Column]:
    """Put the SDK's messages into columns as `fitfast.records` does: numbers alone, Unix times, degrees."""
    # In a damaged file a name may be a list.
    named = {one.get("key"): name for one in descriptions if isinstance(name := one.get("field_name"), str)}
    columns: dict[str, Column] = {}
    for row, record in enumerate(records):
        own = record.get("developer_fields")
        extra = {named.get(key): value for key, value in own.items()} if isinstance(own, Mapping) else {}
        for name, told in (*extra.items(), *record.items()):
            value = NAMED_BALANCES.get(told, told) if isinstance(told, str) else told
            if name is None or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            label = f"unknown_{name}" if isinstance(name, int) else str(name)
            if label not in columns:
                columns[label] = np.full(len(records), np.nan)
            columns[label][row] = value
    for name in columns.keys() & TIMES:
        columns[name] += EPOCH_OF_FIT
    for name in columns.keys() & {"position_lat", "position_long"}:
        columns[name] *= 180 / 2**31
    return columns


def moment(value: object) -> dt.datetime | None:
    """Instant of Unix seconds; None where no watch can have written it."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not EARLIEST <= value <= LATEST:
        return None
    return dt.datetime.fromtimestamp(value, dt.UTC)
