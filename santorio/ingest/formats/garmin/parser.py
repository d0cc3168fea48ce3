"""Garmin Connect's JSON becomes events: one a payload and day, unchanged, with the offset it states.

Garmin's "no data" is null, [], {} or an object full of nulls. Which clock a payload shows is in `clocks.py`.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
NAMING = {*ACCOUNT_KEYS, "id", "deviceId"}
MOMENTS = (
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
ERROR = "Garmin answered with an error instead of data. Export or fetch it again."
NOTHING = "Garmin had nothing for these days; there is nothing to take in."
CHANGED = "Garmin's answer has a shape that is not known. The original is kept; a newer Santorio may read it."


class ExpectedPayload(Protocol):
    """What the caller knows of a payload before it is read; the rows of Garmin's table of endpoints fit."""

    @property
    def kind(self) -> str:
        """Name of the kind that was requested."""

    @property
    def is_shape_known(self) -> bool:
        """Whether a payload of another shape is rejected."""

    @property
    def holds(self) -> str | None:
        """Key of the list that wraps the payloads, if any."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What was asked for: names what an answer is about where the answer does not say it itself."""

    day: dt.date | None = None
    item: str | None = None


NO_CONTEXT = RequestContext()


def parse(
    document: object, person: Person, now: dt.datetime, *, is_garmin: bool = False
) -> ParseResult | None:
    """Turn a JSON document into events; None where it is none of Garmin's.

    Where it is known to be (`is_garmin`), payloads of unknown kinds are kept as they come.
    """
    if isinstance(document, Mapping):
        if is_error(document):
            return rejected("garmin_error", ERROR, kind="garmin error")
        payloads: Sequence[object] = [document]
        step = None
    elif isinstance(document, Sequence) and not isinstance(document, str):
        # Pages that were gathered into one file make a list of lists.
        pages = [
            merge_step_intervals(part, person) if isinstance(part, list) else [part] for part in document
        ]
        payloads = merge_step_intervals([one for page in pages for one in page], person)
        step = _step_days(payloads)
    else:
        return None
    unknown = OTHER if is_garmin else None
    if not any(isinstance(one, Mapping) and (unknown or detect_kind(one, step)) for one in payloads):
        return None
    return _parse_all(payloads, step, unknown, person, now)


def parse_answer(
    endpoint: ExpectedPayload, answer: object, asked: RequestContext, person: Person, now: dt.datetime
) -> ParseResult:
    """Turn the answer of one call into events of its kind; what is not of that kind is refused, never guessed."""
    payloads = merge_step_intervals(_unwrapped(endpoint, answer), person, asked.day)
    step = _step_days(payloads)
    parsed = ParseResult(kind=f"garmin {endpoint.kind.replace('_', ' ')}")
    for number, payload in enumerate(payloads, start=1):
        place = f"element {number}" if len(payloads) > 1 else None
        kind = _kind_of(endpoint, payload, step)
        if kind is not None and isinstance(payload, Mapping):
            _add(parsed, kind, payload, place, person, now, asked)
        elif has_no_measurements(payload):
            parsed.rejections.append(Rejection("no_data", NOTHING, place, "ignored"))
        else:
            parsed.rejections.append(Rejection("changed_schema", CHANGED, place))
    return parsed


def _unwrapped(endpoint: ExpectedPayload, answer: object) -> Sequence[object]:
    if endpoint.holds is not None and isinstance(answer, Mapping) and endpoint.holds in answer:
        answer = answer[endpoint.holds]
    if answer is None or answer == {}:
        return []
    return answer if isinstance(answer, list) else [answer]


def _kind_of(endpoint: ExpectedPayload, payload: object, step: int | None) -> Kind | None:
    if not isinstance(payload, Mapping) or is_error(payload):
        return None
    found = detect_kind(payload, step)
    if found is not None and found.name == endpoint.kind:
        return found
    if endpoint.is_shape_known or not (found is None or found is OTHER):
        return None
    return next(kind for kind in KINDS if kind.name == endpoint.kind)


def is_error(payload: Payload) -> bool:
    """Whether Garmin answered with an error; recorded answers keep it beside the data."""
    message = payload.get("message")
    return (
        ("error" in payload and message is not None)
        or "httpStatusCode" in payload
        or (isinstance(message, str) and message.startswith("HTTP ") and "calendarDate" not in payload)
    )


def _parse_all(
    payloads: Sequence[object], step: int | None, unknown: Kind | None, person: Person, now: dt.datetime
) -> ParseResult:
    parsed = ParseResult(kind="garmin")
    names: set[str] = set()
    for number, payload in enumerate(payloads, start=1):
        place = f"element {number}" if len(payloads) > 1 else None
        if isinstance(payload, Mapping) and is_error(payload):
            parsed.rejections.append(Rejection("garmin_error", ERROR, place))
            continue
        kind = (detect_kind(payload, step) or unknown) if isinstance(payload, Mapping) else None
        if kind in {None, OTHER} and _is_blank(payload):
            parsed.rejections.append(Rejection("no_data", NOTHING, place, "ignored"))
            continue
        if kind is None or not isinstance(payload, Mapping):
            reason = "An element is no payload that Garmin Connect gives. Export or fetch it again."
            parsed.rejections.append(Rejection("unrecognised", reason, place))
            continue
        names.add(kind.name)
        _add(parsed, kind, payload, place, person, now)
    parsed.kind = f"garmin {' '.join(sorted(names)).replace('_', ' ')}".strip()
    parsed.keep = bool(parsed.rejections)
    return parsed


def _add(
    parsed: ParseResult,
    kind: Kind,
    payload: Payload,
    place: str | None,
    person: Person,
    now: dt.datetime,
    asked: RequestContext = NO_CONTEXT,
) -> None:
    account = _account(payload)
    count = 0
    for number, part in enumerate(_parts(kind, payload), start=1):
        count += 1
        where = place or (f"entry {number}" if kind.holds else None)
        made = event_of(kind, part, _account(part) or account, person, now, asked)
        if isinstance(made, Rejection):
            parsed.rejections.append(Rejection(made.code, made.reason, where, made.status))
        else:
            parsed.events.append(made)
            if made.metadata["garmin_account"] is not None:
                parsed.accounts.add(str(made.metadata["garmin_account"]))
    if kind.holds and count == 0:
        parsed.rejections.append(Rejection("no_data", NOTHING, place, "ignored"))


def _parts(kind: Kind, payload: Payload) -> Iterator[object]:
    """Give the payloads inside a payload, each once, also where a list stands within a list."""
    if not kind.holds:
        yield payload
        return
    told: set[str] = set()
    for part in _held(kind, payload):
        name = get_path(part, kind.key) if kind.key else None
        if name is not None and str(name) in told:
            continue
        told.add(str(name))
        yield part


def _held(kind: Kind, payload: Payload) -> Iterator[object]:
    """Give what stands in the lists first: what stands beside them says less of the same (no change of weight)."""
    outer = _elements(payload.get(kind.holds[0]))
    if len(kind.holds) == 1:
        yield from outer
    else:
        for entry in outer:
            yield from _elements(get_path(entry, kind.holds[1:]))
    for holder in (*outer, payload):
        for name in kind.beside:
            # A neighbour that does not exist is an object full of nulls.
            if get_path(holder, (name, *kind.key)) is not None:
                yield get_path(holder, (name,))


def _elements(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def event_of(
    kind: Kind,
    payload: object,
    account: str | None,
    person: Person,
    now: dt.datetime,
    asked: RequestContext = NO_CONTEXT,
) -> Event | Rejection:
    """Make the event of one payload, or say why not."""
    if not isinstance(payload, Mapping):
        return Rejection("unrecognised", "An entry is no object. Export or fetch it again.")
    day = calendar_day(get_path(payload, kind.day)) if kind.day else None
    # Of kinds that we only keep, some have no day of their own.
    if kind.day and day is None and asked.day is None and kind.name != "other":
        if has_no_measurements(payload):
            return Rejection("no_data", NOTHING, status="ignored")
        return Rejection(
            "no_day", f"A payload ({kind.name}) states no calendar day. Export or fetch it again."
        )
    offset, start = stated_clock(payload)
    if start is None and day is not None:
        start, _ = local_time.day_bounds(day, person.timezone)
    day = day or asked.day
    moment = start or _moment(payload) or _start_of(day, person) or UNDATED
    if is_future(moment, now):
        if has_no_measurements(payload):
            return Rejection("no_data", NOTHING, status="ignored")
        return Rejection("future", "A payload is about a day that has not come. Check the watch's date.")
    return Event(
        user_id=person.user_id,
        time=moment,
        utc_offset=offset,
        event_type=f"garmin.{kind.name}",
        source="garmin",
        natural_key=_natural_key(kind, payload, account, day, asked),
        data=payload,
        metadata={
            "garmin_account": account,
            "day": day.isoformat() if day else None,
            **({"item": asked.item} if asked.item is not None else {}),
            **({"shape": sorted(payload)[:50]} if kind.name == "other" else {}),
        },
    )


def _start_of(day: dt.date | None, person: Person) -> dt.datetime | None:
    return None if day is None else local_time.day_bounds(day, person.timezone)[0]


def _natural_key(
    kind: Kind, payload: Payload, account: str | None, day: dt.date | None, asked: RequestContext
) -> str:
    own = get_path(payload, kind.key) if kind.key else None
    if own is not None or asked.item is not None:
        return f"{account or '-'}/{asked.item if own is None else own}"
    if day is not None and kind.name != "other" and not kind.is_log:
        return f"{account or '-'}/{day.isoformat()}"
    # Nothing names it: the same content is the same thing.
    return f"{account or '-'}/{hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]}"


def _moment(payload: Payload) -> dt.datetime | None:
    for key in MOMENTS:
        if (found := instant(payload.get(key))) is not None:
            return found.replace(tzinfo=dt.UTC)
    return None


def _account(payload: object) -> str | None:
    for part in (payload, *(get_path(payload, (name,)) for name in NESTED)):
        for key in ACCOUNT_KEYS:
            value = get_path(part, (key,))
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return None


def _step_days(document: Sequence[object]) -> int | None:
    """Return the least distance in days between neighbours of a list; None where there are no two days.

    The least: a list of days has holes, and seven days without one would look like a list of weeks.
    """
    found = [day for element in document if (day := calendar_day(get_path(element, ("calendarDate",))))]
    steps = [abs((after - before).days) for before, after in pairwise(found) if after != before]
    return min(steps, default=None)


def _is_blank(payload: object) -> bool:
    """Whether it says no more than whose and when: the account's export fills days without data with such."""
    if isinstance(payload, Mapping):
        return all(key in {*NAMING, "calendarDate"} or _is_blank(value) for key, value in payload.items())
    if isinstance(payload, list):
        return all(map(_is_blank, payload))
    return payload is None or isinstance(payload, bool)


def has_no_measurements(payload: object) -> bool:
    """Whether there is no number in it but those that say whose it is: Garmin's answer for an empty day."""
    if isinstance(payload, Mapping):
        return all(key in NAMING or has_no_measurements(value) for key, value in payload.items())
    if isinstance(payload, list):
        return all(map(has_no_measurements, payload))
    return isinstance(payload, bool) or not isinstance(payload, int | float)
