"""What all payload shapes share: the device, how Garmin writes instants, its words for ranges, its many nulls."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

type Payload = dict[str, Any]

# Beyond the range of a signed 32-bit integer.
DEVICE = 3_481_500_217


@dataclass(frozen=True, slots=True)
class Stamps:
    """An instant in the four forms in which Garmin writes it.

    Parameters
    ----------
    instant
        UTC epoch seconds.
    offset
        Seconds that the person's clock is ahead of UTC.
    """

    instant: int
    offset: int

    @property
    def gmt(self) -> str:
        """As `2025-06-12T22:00:00.0`: UTC, though the text has no zone."""
        return stamp(self.instant)

    @property
    def local(self) -> str:
        """The wall clock, in the same form."""
        return stamp(self.instant + self.offset)

    @property
    def gmt_ms(self) -> int:
        """Epoch milliseconds."""
        return self.instant * 1000

    @property
    def local_ms(self) -> int:
        """The wall clock as if it were UTC, in epoch milliseconds."""
        return (self.instant + self.offset) * 1000


def stamp(seconds: int, *, form: str = "%Y-%m-%dT%H:%M:%S.0") -> str:
    """Write epoch seconds as text, without a zone."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime(form)


def nulled(payload: Payload, keep: Mapping[str, Any]) -> Payload:
    """Empty a payload as Garmin does where it has no data: every key is there, and null but for `keep`."""
    return {key: keep.get(key) for key in payload}


def select(payload: Payload, keys: Iterable[str]) -> Payload:
    """Copy these keys of a payload, in this order."""
    return {key: payload[key] for key in keys}


def label_below(bounds: Iterable[tuple[float, str]], value: float, otherwise: str) -> str:
    """Return the label of the first bound that is above a value; `bounds` ascend."""
    for bound, label in bounds:
        if value < bound:
            return label
    return otherwise


def descriptors(keys: Iterable[str], *, index: str = "index", key: str = "key") -> list[Payload]:
    """Name the columns of a series, as Garmin does beside each; the names of both keys differ by payload."""
    return [{index: position, key: name} for position, name in enumerate(keys)]
