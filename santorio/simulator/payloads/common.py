"""The payload shapes' common ground: who the account is, how Garmin writes instants, and its many nulls."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

type Payload = dict[str, Any]

DEVICE = 3_481_500_217


@dataclass(frozen=True, slots=True)
class Stamps:
    """An instant as the four ways in which Garmin writes it."""

    instant: int
    offset: int

    @property
    def gmt(self) -> str:
        """As `2025-06-12T22:00:00.0`, in UTC, without saying so."""
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
