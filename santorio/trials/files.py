"""Trials as files: a protocol, a bare schedule, or a study that was recorded as a table."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santorio.people import Person
from santorio.storage.event_log import Event
from santorio.storage.parse_result import ParseResult, rejected
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_validation import slug, validate_protocol


@dataclass(frozen=True, slots=True)
class RecordedTrial:
    """A recorded study: its name is its arm's, `arms` the reference first."""

    trial: str
    arms: tuple[str, str]
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A row of a recorded study: its number, its date, the arm of that day, whether it is for the whole day."""

    number: int
    day: dt.date
    arm: str
    grain: str


def detect_recorded_trial(
    header: Sequence[str], rows: Sequence[Mapping[str, str]], columns: Sequence[str]
) -> RecordedTrial | None:
    """Find a study in a table: `study_day`, `condition`, and a 0/1 column named like one of the conditions."""
    if "study_day" not in header or "condition" not in header:
        return None
    conditions = sorted({row["condition"].strip() for row in rows if row.get("condition", "").strip()})
    if len(conditions) != 2:
        return None
    for column in columns:
        cells = {row.get(column, "").strip() for row in rows}
        if column in map(str.lower, conditions) and cells <= {"0", "1", "0.0", "1.0", ""}:
            arm = next(name for name in conditions if name.lower() == column)
            reference = next(name for name in conditions if name != arm)
            outcomes = tuple(name for name in columns if name != column)
            return RecordedTrial(slug(arm), (reference, arm), outcomes) if outcomes else None
    return None


def events_of_recorded_trial(
    study: RecordedTrial, days: Sequence[RecordedDay], grain: str, person: Person
) -> list[Event]:
    """The protocol that the table implies, and each study day with the dates it spans.

    A table of answers and one of their daily means tell of the same days, the second with less: the grain is
    part of the key, so that neither replaces the other.
    """
    if not days:
        return []
    start = min(entry.day for entry in days)
    protocol = {
        "trial": study.trial,
        "question": f"Does {study.arms[1]} change {study.outcomes[0]}?",
        "arms": list(study.arms),
        "outcome": study.outcomes[0],
        "secondary": list(study.outcomes[1:]),
        "start_day": start.isoformat(),
    }
    events = [_event(person, "trial.protocol", study.trial, start, protocol)]
    for number in sorted({entry.number for entry in days}):
        entries = [entry for entry in days if entry.number == number]
        first, last = min(entry.day for entry in entries), max(entry.day for entry in entries)
        day = {
            "trial": study.trial, "study_day": number, "arm": entries[0].arm,
            "first_day": first.isoformat(), "last_day": last.isoformat(),
        }  # fmt: skip
        events.append(_event(person, "trial.day", f"{study.trial}/{number}/{grain}", first, day))
    return events


def protocol_event(protocol: Protocol, person: Person) -> Event:
    """Event of a protocol that was accepted here: the same as that of its document, imported as a file."""
    assert protocol.start_day is not None  # noqa: S101 - only a proposal has no first day
    return _event(person, "trial.protocol", protocol.trial, protocol.start_day, protocol.logged())


def parse(document: object, person: Person, folder: str | None) -> ParseResult | None:
    """Read a protocol or a schedule; None where it is neither.

    A bare schedule, `{"1": 0, "2": 1, …}`, does not say which trial it is of: the folder it lies in does.
    """
    if not isinstance(document, Mapping):
        return None
    if "trial" in document and "arms" in document:
        return _protocol(document, person)
    assignment = document.get("assignment", document)
    if not is_schedule(assignment):
        return None
    name = document.get("trial", folder)
    if not isinstance(name, str) or not slug(name):
        return rejected(
            "nameless_schedule",
            'This schedule does not say which trial it is of. Add "trial": "its name", with the days under '
            '"assignment", or put it into a folder of that name.',
            kind="trial schedule",
        )  # fmt: skip
    content = {"trial": slug(name), "assignment": dict(assignment)}
    return ParseResult(
        "trial schedule", [_event(person, "trial.schedule", slug(name), dt.date(2000, 1, 1), content)]
    )


def is_schedule(value: object) -> bool:
    """Whether this maps study days (whole numbers from 1) to arms (names, or numbers from 0)."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(re.fullmatch(r"[1-9]\d{0,4}", str(key)) for key in value)
        and all(
            isinstance(arm, str) or (isinstance(arm, int) and not isinstance(arm, bool) and 0 <= arm < 20)
            for arm in value.values()
        )
    )


def _protocol(document: Mapping[str, object], person: Person) -> ParseResult:
    content, rejections = validate_protocol(document, dt.datetime.now(dt.UTC))
    if content is None:
        return ParseResult("trial protocol", rejections=rejections, keep=True)
    start = dt.date.fromisoformat(str(content["start_day"]))
    event = _event(person, "trial.protocol", str(content["trial"]), start, content)
    return ParseResult("trial protocol", [event], rejections, keep=bool(rejections))


def _event(person: Person, event_type: str, key: str, day: dt.date, data: Mapping[str, object]) -> Event:
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return Event(person.user_id, noon, None, event_type, "trial", key, data)
