"""Turn Garmin Connect's JSON into events: one for each payload, unchanged, with the UTC offset that it states.

Garmin's "no data" is null, [], {} or an object full of nulls.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import orjson

from santorio import local_time
from santorio.ingest.formats.garmin.payload_kinds import KINDS, OTHER, Kind, Payload, detect_kind, get_path
from santorio.ingest.formats.garmin.step_intervals import merge_step_intervals
from santorio.ingest.formats.garmin.timestamps import calendar_day, instant
from santorio.ingest.formats.garmin.utc_offsets import NESTED, stated_clock
from santorio.people import Person
from santorio.storage.event_log import UNDATED, Event
from santorio.storage.parse_result import ParseResult, Rejection, is_future, rejected

ACCOUNT_KEYS = ("userProfilePK", "userProfilePk", "userProfileId", "ownerId", "userId")
# Numbers that identify something: they are not measurements.
IDENTIFIERS = {*ACCOUNT_KEYS, "id", "deviceId"}
# Keys of a payload's instant in GMT if it does not state its local time, in the order of preference.
TIMESTAMP_KEYS = (
    "timestamp",
    "startTimestampGMT",
    "startGMT",
    "prStartTimeGmt",
    "beginTimestamp",
    "createTimeStamp",
    "prStartTimeGMT",
    "createdDate",
    "asOfDateGmt",
    "timestampGmt",
)
ERROR = "Garmin returned an error instead of data. Export or fetch it again."
NO_DATA = "Garmin has no data for these days. There is nothing to ingest."
CHANGED = "Garmin's response has an unknown structure. The original is kept; a newer Santorio may be able to read it."
NOT_A_PAYLOAD = "An element is not a payload of Garmin Connect. Export or fetch it again."
NOT_AN_OBJECT = "An entry is not an object. Export or fetch it again."
FUTURE = "A payload is dated in the future. Check the watch's date."


class ExpectedPayload(Protocol):
    """What is expected of a response; `garmin.endpoints.Endpoint` is one."""

    @property
    def kind(self) -> str:
        """Name of the kind that was requested."""

    @property
    def is_shape_known(self) -> bool:
        """Whether a payload of another shape is rejected."""

    @property
    def list_key(self) -> str | None:
        """Key of the list of payloads, if the response wraps it in an object."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The day and the item that were requested, for responses that do not state them."""

    day: dt.date | None = None
    item: str | None = None


NO_CONTEXT = RequestContext()


def parse(
    document: object, person: Person, now: dt.datetime, *, is_garmin: bool = False
) -> ParseResult | None:
    """Turn a JSON document into events; None if it is not Garmin's.

    If it is certain to be (`is_garmin`), payloads of unknown kinds are kept unchanged.
    """
    if isinstance(document, Mapping):
        if is_error(document):
            return rejected("garmin_error", ERROR, kind="garmin error")
        payloads: Sequence[object] = [document]
        step = None
    elif isinstance(document, Sequence) and not isinstance(document, str):
        payloads = merge_step_intervals(_flatten_pages(document, person), person)
        step = _step_days(payloads)
    else:
        return None
    fallback = OTHER if is_garmin else None
    if not any(_payload_kind(payload, step, fallback) for payload in payloads):
        return None
    return _parse_all(payloads, step, fallback, person, now)


def _flatten_pages(document: Sequence[object], person: Person) -> list[object]:
    """Return all payloads of a list, or of a list of lists: pages that were collected in one file."""
    payloads: list[object] = []
    for element in document:
        if isinstance(element, list):
            payloads += merge_step_intervals(element, person)
        else:
            payloads.append(element)
    return payloads


def _payload_kind(payload: object, step: int | None, fallback: Kind | None) -> Kind | None:
    if not isinstance(payload, Mapping):
        return None
    return detect_kind(payload, step) or fallback


def parse_answer(
    endpoint: ExpectedPayload, answer: object, context: RequestContext, person: Person, now: dt.datetime
) -> ParseResult:
    """Turn the response to one call into events of its kind; payloads of other kinds are rejected, never guessed."""
    payloads = merge_step_intervals(_unwrapped(endpoint, answer), person, context.day)
    step = _step_days(payloads)
    result = ParseResult(kind=f"garmin {endpoint.kind.replace('_', ' ')}")
    for number, payload in enumerate(payloads, start=1):
        location = _location(number, len(payloads))
        kind = _expected_kind(endpoint, payload, step)
        if kind is not None and isinstance(payload, Mapping):
            _add(result, kind, payload, location, person, now, context)
        elif has_no_measurements(payload):
            result.rejections.append(Rejection("no_data", NO_DATA, location, "ignored"))
        else:
            result.rejections.append(Rejection("changed_schema", CHANGED, location))
    return result


def _location(number: int, count: int) -> str | None:
    """Name an element of a list; a payload that stands alone needs no location."""
    return f"element {number}" if count > 1 else None


def _unwrapped(endpoint: ExpectedPayload, answer: object) -> Sequence[object]:
    """Return the payloads of a response: its list, the list in an object, or itself."""
    if endpoint.list_key is not None and isinstance(answer, Mapping) and endpoint.list_key in answer:
        answer = answer[endpoint.list_key]
    if answer is None or answer == {}:
        return []
    return answer if isinstance(answer, list) else [answer]


def _expected_kind(endpoint: ExpectedPayload, payload: object, step: int | None) -> Kind | None:
    """Return the kind of a payload if it is the endpoint's; None for any other."""
    if not isinstance(payload, Mapping) or is_error(payload):
        return None
    detected = detect_kind(payload, step)
    if detected is not None and detected.name == endpoint.kind:
        return detected
    is_unknown = detected is None or detected is OTHER
    if endpoint.is_shape_known or not is_unknown:
        return None
    # Of this endpoint no real response was seen: an unknown shape is taken for what was requested.
    return next(kind for kind in KINDS if kind.name == endpoint.kind)


def is_error(payload: Payload) -> bool:
    """Whether Garmin returned an error. Recorded responses keep it beside the data."""
    message = payload.get("message")
    if "httpStatusCode" in payload:
        return True
    if "error" in payload and message is not None:
        return True
    return isinstance(message, str) and message.startswith("HTTP ") and "calendarDate" not in payload


def _parse_all(
    payloads: Sequence[object], step: int | None, fallback: Kind | None, person: Person, now: dt.datetime
) -> ParseResult:
    result = ParseResult(kind="garmin")
    names: set[str] = set()
    for number, payload in enumerate(payloads, start=1):
        location = _location(number, len(payloads))
        if isinstance(payload, Mapping) and is_error(payload):
            result.rejections.append(Rejection("garmin_error", ERROR, location))
            continue
        kind = _payload_kind(payload, step, fallback)
        if kind in {None, OTHER} and _is_blank(payload):
            result.rejections.append(Rejection("no_data", NO_DATA, location, "ignored"))
        elif kind is None or not isinstance(payload, Mapping):
            result.rejections.append(Rejection("unrecognised", NOT_A_PAYLOAD, location))
        else:
            names.add(kind.name)
            _add(result, kind, payload, location, person, now)
    result.kind = f"garmin {' '.join(sorted(names)).replace('_', ' ')}".strip()
    result.keep = bool(result.rejections)
    return result


def _add(
    result: ParseResult,
    kind: Kind,
    payload: Payload,
    location: str | None,
    person: Person,
    now: dt.datetime,
    context: RequestContext = NO_CONTEXT,
) -> None:
    """Add the events of a payload: of itself, or of each that it lists."""
    account = _account(payload)
    parts = list(_parts(kind, payload))
    for number, part in enumerate(parts, start=1):
        part_location = location
        if location is None and kind.list_path:
            part_location = f"entry {number}"
        # An element of a list rarely names the account; the object around the list does.
        event = event_of(kind, part, _account(part) or account, person, now, context)
        if isinstance(event, Rejection):
            result.rejections.append(replace(event, location=part_location))
            continue
        result.events.append(event)
        if event.metadata["garmin_account"] is not None:
            result.accounts.add(str(event.metadata["garmin_account"]))
    if kind.list_path and not parts:
        result.rejections.append(Rejection("no_data", NO_DATA, location, "ignored"))


def _parts(kind: Kind, payload: Payload) -> Iterator[object]:
    """Yield the payloads that a payload consists of, each once."""
    if not kind.list_path:
        yield payload
        return
    seen: set[str] = set()
    for part in _listed(kind, payload):
        identifier = _identifier(kind, part)
        if identifier is not None and str(identifier) in seen:
            continue
        seen.add(str(identifier))
        yield part


def _identifier(kind: Kind, payload: object) -> object:
    """Return what identifies a payload among those of its kind and day; None if its kind has no such key."""
    if not kind.key:
        return None
    return get_path(payload, kind.key)


def _listed(kind: Kind, payload: Payload) -> Iterator[object]:
    """Yield the elements of the lists, then the siblings: those have less of the same (no change of weight)."""
    outer = _elements(payload.get(kind.list_path[0]))
    if len(kind.list_path) == 1:
        yield from outer
    else:
        for entry in outer:
            yield from _elements(get_path(entry, kind.list_path[1:]))
    for parent in (*outer, payload):
        for name in kind.siblings:
            # A sibling that does not exist is an object full of nulls.
            if get_path(parent, (name, *kind.key)) is not None:
                yield get_path(parent, (name,))


def _elements(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def event_of(
    kind: Kind,
    payload: object,
    account: str | None,
    person: Person,
    now: dt.datetime,
    context: RequestContext = NO_CONTEXT,
) -> Event | Rejection:
    """Build the event of one payload, or reject it.

    Its time is the first of these that is known: the instant that the payload states, the start of its day, another
    timestamp, the start of the requested day.
    """
    if not isinstance(payload, Mapping):
        return Rejection("unrecognised", NOT_AN_OBJECT)
    stated_day = None
    if kind.day:
        stated_day = calendar_day(get_path(payload, kind.day))
    day = stated_day or context.day
    # A payload of an unknown kind need not have a day.
    if kind.day and day is None and kind.name != "other":
        if has_no_measurements(payload):
            return Rejection("no_data", NO_DATA, status="ignored")
        reason = f"A payload ({kind.name}) states no calendar day. Export or fetch it again."
        return Rejection("no_day", reason)
    offset, start = stated_clock(payload)
    time = start or _start_of(stated_day, person) or _timestamp(payload) or _start_of(day, person) or UNDATED
    if is_future(time, now):
        # Garmin answers for a day to come with an empty payload: that is not a wrong clock.
        if has_no_measurements(payload):
            return Rejection("no_data", NO_DATA, status="ignored")
        return Rejection("future", FUTURE)
    metadata: dict[str, object] = {"garmin_account": account, "day": None}
    if day is not None:
        metadata["day"] = day.isoformat()
    if context.item is not None:
        metadata["item"] = context.item
    if kind.name == "other":
        metadata["shape"] = sorted(payload)[:50]
    return Event(
        user_id=person.user_id,
        time=time,
        utc_offset=offset,
        event_type=f"garmin.{kind.name}",
        source="garmin",
        natural_key=f"{account or '-'}/{_name_in_account(kind, payload, day, context)}",
        data=payload,
        metadata=metadata,
    )


def _start_of(day: dt.date | None, person: Person) -> dt.datetime | None:
    if day is None:
        return None
    start, _ = local_time.day_bounds(day, person.timezone)
    return start


def _name_in_account(kind: Kind, payload: Payload, day: dt.date | None, context: RequestContext) -> object:
    """Identify a payload among those of its kind: by its key, the requested item, its day, or its content."""
    identifier = _identifier(kind, payload)
    if identifier is not None:
        return identifier
    if context.item is not None:
        return context.item
    if day is not None and kind.name != "other" and not kind.is_log:
        return day.isoformat()
    return hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def _timestamp(payload: Payload) -> dt.datetime | None:
    for key in TIMESTAMP_KEYS:
        time = instant(payload.get(key))
        if time is not None:
            return time.replace(tzinfo=dt.UTC)
    return None


def _account(payload: object) -> str | None:
    """Return the number of the account that a payload names, itself or in a nested object."""
    for path in ((), *((name,) for name in NESTED)):
        for key in ACCOUNT_KEYS:
            value = get_path(payload, (*path, key))
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return None


def _step_days(document: Sequence[object]) -> int | None:
    """Return the smallest distance in days between neighbours of a list; None if there are no two days.

    The smallest, because a list of days has gaps, and a gap of a week would look like a list of weeks.
    """
    stated = [calendar_day(get_path(element, ("calendarDate",))) for element in document]
    days = [day for day in stated if day is not None]
    steps = [abs((after - before).days) for before, after in pairwise(days) if after != before]
    return min(steps, default=None)


def _is_blank(payload: object) -> bool:
    """Whether it states no more than account and day: the account's export has such entries for empty days."""
    if isinstance(payload, Mapping):
        values = [value for key, value in payload.items() if key not in IDENTIFIERS and key != "calendarDate"]
        return all(map(_is_blank, values))
    if isinstance(payload, list):
        return all(map(_is_blank, payload))
    return payload is None or isinstance(payload, bool)


def has_no_measurements(payload: object) -> bool:
    """Whether all numbers in it are identifiers: so Garmin answers for an empty day."""
    if isinstance(payload, Mapping):
        values = [value for key, value in payload.items() if key not in IDENTIFIERS]
        return all(map(has_no_measurements, values))
    if isinstance(payload, list):
        return all(map(has_no_measurements, payload))
    return isinstance(payload, bool) or not isinstance(payload, int | float)
