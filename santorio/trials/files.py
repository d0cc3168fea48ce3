"""Trials as files: a protocol, a bare schedule, or a trial that was recorded as a table."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santorio.people import Person
from santorio.storage.event_log import Event
from santorio.storage.parse_result import ParseResult, rejected
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_validation import MAX_ARMS, slug, validate_protocol

# A bare schedule has no date: its days are numbers, and its protocol has the first day.
SCHEDULE_DAY = dt.date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class RecordedTrial:
    """A recorded trial, named after its arm; `arms` has the reference first."""

    trial: str
    arms: tuple[str, str]
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A row of a recorded trial: study day, date, arm, and the grain of the table."""

    number: int
    day: dt.date
    arm: str
    grain: str


def detect_recorded_trial(
    header: Sequence[str], rows: Sequence[Mapping[str, str]], columns: Sequence[str]
) -> RecordedTrial | None:
    """Detect a trial in a table: `study_day`, `condition`, and a 0/1 column named like one of the conditions."""
    if "study_day" not in header or "condition" not in header:
        return None
    conditions = sorted({row.get("condition", "").strip() for row in rows} - {""})
    if len(conditions) != 2:
        return None
    first, second = conditions
    for column in columns:
        if column not in {first.lower(), second.lower()} or not _is_indicator(column, rows):
            continue
        # The column is named after what was tried; the other condition is the reference.
        arm, reference = (first, second) if first.lower() == column else (second, first)
        outcomes = tuple(name for name in columns if name != column)
        return RecordedTrial(slug(arm), (reference, arm), outcomes) if outcomes else None
    return None


def _is_indicator(column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether a column has nothing but zeros, ones and empty cells."""
    cells = {row.get(column, "").strip() for row in rows}
    return cells <= {"0", "1", "0.0", "1.0", ""}


def events_of_recorded_trial(
    trial: RecordedTrial, days: Sequence[RecordedDay], grain: str, person: Person
) -> list[Event]:
    """The protocol that the table implies, and each study day with the dates that it spans.

    A table of answers and a table of their daily means describe the same days. The grain is part of the key, so that
    neither replaces the other.
    """
    if not days:
        return []
    start = min(row.day for row in days)
    # The table does not state the smallest effect and the lag: those of the metric apply.
    protocol = {
        "trial": trial.trial,
        "question": f"Does {trial.arms[1]} change {trial.outcomes[0]}?",
        "arms": list(trial.arms),
        "outcome": trial.outcomes[0],
        "secondary": list(trial.outcomes[1:]),
        "start_day": start.isoformat(),
    }
    events = [_event(person, "trial.protocol", trial.trial, start, protocol)]
    # A study day may have several rows: answers at several times, which may span two dates.
    rows_by_number: dict[int, list[RecordedDay]] = {}
    for row in days:
        rows_by_number.setdefault(row.number, []).append(row)
    for number, rows in sorted(rows_by_number.items()):
        dates = [row.day for row in rows]
        day = {
            "trial": trial.trial,
            "study_day": number,
            "arm": rows[0].arm,
            "first_day": min(dates).isoformat(),
            "last_day": max(dates).isoformat(),
        }
        events.append(_event(person, "trial.day", f"{trial.trial}/{number}/{grain}", min(dates), day))
    return events


def protocol_event(protocol: Protocol, person: Person) -> Event:
    """The event of an accepted protocol: the same as that of its document, imported as a file."""
    assert protocol.start_day is not None  # noqa: S101 - only a proposal has no first day
    return _event(person, "trial.protocol", protocol.trial, protocol.start_day, protocol.logged())


def parse(document: object, person: Person, folder: str | None) -> ParseResult | None:
    """Parse a protocol or a schedule; None where the document is neither.

    A bare schedule, `{"1": 0, "2": 1, …}`, does not name its trial: the name of its folder does.
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
            'This schedule does not name its trial. Add "trial": "its name", with the days under "assignment", or put '
            "it into a folder of that name.",
            kind="trial schedule",
        )
    content = {"trial": slug(name), "assignment": dict(assignment)}
    event = _event(person, "trial.schedule", slug(name), SCHEDULE_DAY, content)
    return ParseResult("trial schedule", [event])


def is_schedule(value: object) -> bool:
    """Whether this maps study days (integers from 1) to arms (names, or numbers from 0)."""
    if not isinstance(value, Mapping) or not value:
        return False
    if not all(re.fullmatch(r"[1-9]\d{0,4}", str(day)) for day in value):
        return False
    return all(_is_arm(arm) for arm in value.values())


def _is_arm(value: object) -> bool:
    # True and False are ints too.
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 <= value < MAX_ARMS
    return isinstance(value, str)


def _protocol(document: Mapping[str, object], person: Person) -> ParseResult:
    content, rejections = validate_protocol(document, dt.datetime.now(dt.UTC))
    if content is None:
        return ParseResult("trial protocol", rejections=rejections, keep=True)
    start = dt.date.fromisoformat(str(content["start_day"]))
    event = _event(person, "trial.protocol", str(content["trial"]), start, content)
    return ParseResult("trial protocol", [event], rejections, keep=bool(rejections))


def _event(person: Person, event_type: str, key: str, day: dt.date, data: Mapping[str, object]) -> Event:
    # An event about a day has its noon, and no offset.
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return Event(person.user_id, noon, None, event_type, "trial", key, data)
