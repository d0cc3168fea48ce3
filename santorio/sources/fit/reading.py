"""Decode a FIT file: by `fitfast`, and what it refuses by the official SDK, which salvages what is whole.

Both give messages by name, values in SI units as the FIT profile scales them, times as Unix seconds.
"""

import datetime as dt
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

Message = Mapping[str | int, object]
# FIT counts seconds from the last minute of 1989, UTC.
EPOCH_OF_FIT = 631_065_600
# Days of recording every second with power stay below 30 MB; decoded, a file takes 33 times its size.
LARGEST_BYTES = 32 * 2**20
# The SDK reads about 1 MB a second; what a person waits for ends here.
SALVAGE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """Messages by name; `damage` says what was wrong with a file that had to be salvaged."""

    messages: Mapping[str, list[Message]]
    damage: str | None = None

    def all(self, name: str) -> list[Message]:
        """Messages of a name, none where there are none."""
        return self.messages.get(name, [])

    def first(self, name: str) -> Message:
        """Return the first message of a name, an empty one where there is none."""
        return next(iter(self.all(name)), {})

    @property
    def counts(self) -> dict[str, int]:
        """How many messages there are of each name."""
        return {name: len(messages) for name, messages in sorted(self.messages.items())}


def looks_like_fit(data: bytes) -> bool:
    """Whether a FIT header stands at the start: its length, and `.FIT` in bytes 8 to 12."""
    return len(data) >= 12 and data[0] in {12, 14} and data[8:12] == b".FIT"


def decode(data: bytes) -> Decoded | None:
    """Decode; None where not one message is whole."""
    import fitfast

    try:
        return Decoded(fitfast.parse(data))
    except fitfast.FitDecodeError as error:
        return salvage(data, describe(str(error)))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        # A panic in the decoder's Rust comes as a BaseException of PyO3's; it is about this file alone.
        if type(error).__name__ != "PanicException":
            raise
        return salvage(data, describe(""))


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
    renamed = {
        re.sub(r"_mesgs$", "", str(name)): [_with_unix_times(message) for message in found]
        for name, found in cast("Mapping[object, list[dict[str | int, object]]]", salvaged).items()
        if found
    }
    return Decoded(renamed, damage) if renamed else None


def _with_unix_times(message: dict[str | int, object]) -> Message:
    times = {"timestamp", "start_time", "time_created", "local_timestamp"}
    return {
        name: value + EPOCH_OF_FIT if name in times and isinstance(value, int) else value
        for name, value in message.items()
    }


def moment(value: object) -> dt.datetime | None:
    """Instant of Unix seconds; None where no watch can have written it."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    # Below 2000 a clock was never set (FIT writes seconds since power-on there).
    if not 946_684_800 <= value <= 4_102_444_800:
        return None
    return dt.datetime.fromtimestamp(value, dt.UTC)
