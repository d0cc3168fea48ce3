"""Payloads of every kind in shapes that nobody has seen: each element is an event or has a reason, none is dropped."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.garmin.parser import RequestContext, parse_answer
from santorio.ingest.formats.garmin.payload_kinds import KINDS, Kind
from santorio.ingest.garmin.endpoints import ENDPOINTS, Endpoint
from santorio.people import Person
from santorio.storage.parse_result import ParseResult

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
DAYS = (
    st.dates(dt.date(1990, 1, 1), dt.date(2300, 1, 1)).map(str)
    | st.integers(-(2**60), 2**60)
    | st.sampled_from(
        [
            "2026-03-01",
            "2026-03-01T07:30:00.0",
            1_754_438_400_000,
            [2026, 3, 1],
            {"date": "2026-03-01"},
            "2026-02-30",
            [2026, 13, 1],
            [],
            {"date": [1]},
            1e300,
        ]
    )
    | ANY
)


def put(payload: dict[str, object], path: tuple[str, ...], value: object) -> None:
    """Put a value where a path leads, over what is in its way."""
    for key in path[:-1]:
        inner = payload.get(key)
        payload[key] = payload = dict(inner) if isinstance(inner, Mapping) else {}
    payload[path[-1]] = value


@st.composite
def payloads(draw: st.DrawFn, kind: Kind) -> dict[str, object]:
    payload: dict[str, object] = {key: draw(ANY) for key in kind.requires}
    if kind.day:
        put(payload, kind.day, draw(DAYS))
    if kind.key and draw(st.booleans()):
        put(payload, kind.key, draw(ANY))
    if kind.list_path and draw(st.booleans()):
        put(payload, kind.list_path[:1], draw(st.lists(ANY, max_size=3)))
    return payload | draw(
        st.dictionaries(st.sampled_from(["calendarDate", "timestamp", "userProfilePK"]), DAYS, max_size=2)
    )


def accounted_for(result: ParseResult) -> None:
    assert "reader_failed" not in {rejection.code for rejection in result.rejections}
    for event in result.events:
        assert event.time.tzinfo is not None
        assert len(event.content_hash) == 32
    for rejection in result.rejections:
        assert rejection.reason
        # A kind may have a digit in its name; values have no place in a reason.
        assert not any(letter.isdigit() for letter in re.sub(r"\(\w+\)", "", rejection.reason))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_each_element_of_a_file_is_an_event_or_named(data: st.DataObject, kind: Kind) -> None:
    elements = data.draw(st.lists(payloads(kind) | ANY, min_size=1, max_size=4))
    result = parse_file(json.dumps(elements).encode(), PERSON, NOW, folder="DI-Connect-Wellness")
    accounted_for(result)
    assert result.events or result.rejections
    # Of a file of payloads, each that holds no others is one event or one reason.
    flat = [element for part in elements for element in (part if isinstance(part, list) else [part])]
    if result.kind.startswith("garmin") and result.kind != "garmin error" and not kind.list_path:
        assert len(result.events) + len(result.rejections) >= len(flat)


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    endpoint=st.sampled_from([endpoint for endpoint in ENDPOINTS if endpoint.kind != "activity_file"]),
)
def test_each_element_of_an_answer_is_an_event_or_named(data: st.DataObject, endpoint: Endpoint) -> None:
    kinds = [kind for kind in KINDS if kind.name == endpoint.kind] or [KINDS[0]]
    elements = data.draw(st.lists(st.sampled_from(kinds).flatmap(payloads) | ANY, max_size=3))
    is_wrapped = endpoint.list_key is not None and data.draw(st.booleans())
    answer = {endpoint.list_key: elements} if is_wrapped else elements
    result = parse_answer(endpoint, answer, RequestContext(dt.date(2026, 3, 1)), PERSON, NOW)
    assert len(result.events) + len(result.rejections) >= len(elements)
    assert {event.event_type for event in result.events} <= {endpoint.event_type}
    assert all(event.time.tzinfo is not None for event in result.events)
