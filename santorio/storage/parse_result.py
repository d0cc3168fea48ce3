"""What reading a file gives: events, and what could not be taken, each with a reason."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from santorio.storage.activity_records import Recording
from santorio.storage.event_log import Event

Status = Literal["open", "salvaged", "ignored"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that was not taken in as it came.

    `reason` says what the person can do, and quotes no value; `location` says where in the file; `status` is
    `open` (waits for a fix), `salvaged` (mended, and taken in) or `ignored` (there was nothing in it).
    """

    code: str
    reason: str
    location: str | None = None
    status: Status = "open"


@dataclass(slots=True)
class ParseResult:
    """One file, read. `keep` asks for the original to be kept: it is binary, or something in it was refused."""

    kind: str
    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    keep: bool = False


def rejected(
    code: str,
    reason: str,
    *,
    location: str | None = None,
    kind: str = "not recognised",
    status: Status = "open",
) -> ParseResult:
    """A file that gave nothing."""
    return ParseResult(kind=kind, rejections=[Rejection(code, reason, location, status)], keep=True)


# Clocks run up to 14 hours ahead of UTC; a day more forgives a watch that is set wrongly.
AHEAD = dt.timedelta(hours=26)


def is_future(moment: dt.datetime, now: dt.datetime) -> bool:
    """Whether nobody on Earth can have lived this moment yet."""
    return moment > now + AHEAD
