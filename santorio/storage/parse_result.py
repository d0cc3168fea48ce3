"""The result of parsing a file: events, and a rejection with its reason for each part that was rejected or repaired."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from santorio.errors import RejectedRecord
from santorio.storage.activity_records import Recording
from santorio.storage.event_log import Event

Status = Literal["open", "salvaged", "ignored"]
# Clocks run up to 14 hours ahead of UTC; half a day more forgives a watch that is set wrongly.
MAX_AHEAD = dt.timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A part of a file that was rejected or repaired.

    Parameters
    ----------
    code
        Stable identifier, for programs.
    reason
        Sentence for the person, with what to do about it. It quotes no value.
    location
        Where in the file; None for all of it.
    status
        `open` (waits for a fix), `salvaged` (repaired and ingested) or `ignored` (nothing to ingest).
    """

    code: str
    reason: str
    location: str | None = None
    status: Status = "open"


@dataclass(slots=True)
class ParseResult:
    """A parsed file.

    Parameters
    ----------
    kind
        The file's kind in a word or two, for the table of an import.
    keep
        Whether the original goes to the object store: it is binary, or something in it was rejected.
    """

    kind: str
    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    keep: bool = False

    def add(self, part: "ParseResult") -> None:
        """Add the result of a part of the file."""
        self.events += part.events
        self.rejections += part.rejections
        self.recordings += part.recordings
        self.accounts |= part.accounts

    def add_event(self, parsed: Event | Rejection) -> None:
        """Add the result of an entry."""
        if isinstance(parsed, Rejection):
            self.rejections.append(parsed)
        else:
            self.events.append(parsed)


def rejected(
    code: str,
    reason: str,
    *,
    location: str | None = None,
    kind: str = "not recognised",
    status: Status = "open",
) -> ParseResult:
    """Return the result of a file without any event."""
    return ParseResult(kind=kind, rejections=[Rejection(code, reason, location, status)], keep=True)


def reject_unstorable(result: ParseResult) -> None:
    """Turn events that the log cannot store (a NUL in a text, for example) into rejections."""
    storable: list[Event] = []
    for event in result.events:
        try:
            _ = (event.document, event.content_hash)
        except RejectedRecord as error:
            result.rejections.append(Rejection(error.code, str(error), event.event_type))
            result.keep = True
        else:
            storable.append(event)
    result.events = storable


def is_future(instant: dt.datetime, now: dt.datetime) -> bool:
    """Whether no clock on Earth can show this instant yet."""
    return instant > now + MAX_AHEAD
