"""Steps of every quarter of an hour: one payload a day, on the right day, with the offset of the wall clock."""

import datetime as dt
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio import local_time
from santorio.ingest.formats.garmin.parser import RequestContext, parse, parse_answer
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.people import Person
from santorio.storage.event_log import Event

NOW = dt.datetime(2026, 12, 31, tzinfo=dt.UTC)
STEPS = next(endpoint for endpoint in ENDPOINTS if endpoint.kind == "steps_intervals")
QUARTER = dt.timedelta(minutes=15)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
)


def person(zone: str = "Europe/Berlin") -> Person:
    return Person(uuid.UUID(int=1), "me", zone)


def quarters(first: dt.datetime, until: dt.datetime) -> list[dict[str, object]]:
    """Entries as Garmin gives them, between two instants (UTC, naive)."""
    starts = [first + number * QUARTER for number in range((until - first) // QUARTER)]
    return [
        {
            "startGMT": f"{start.isoformat()}.0",
            "endGMT": f"{(start + QUARTER).isoformat()}.0",
            "steps": number,
            "primaryActivityLevel": "active",
        }
        for number, start in enumerate(starts)
    ]


def day_of(zone: str, day: dt.date) -> list[dict[str, object]]:
    first, until = local_time.day_bounds(day, zone)
    return quarters(first.replace(tzinfo=None), until.replace(tzinfo=None))


def imported(document: object, zone: str = "Europe/Berlin") -> list[Event]:
    parsed = parse(document, person(zone), NOW)
    assert parsed is not None
    assert parsed.rejections == []
    return parsed.events


def fetched(document: object, day: dt.date, zone: str = "Europe/Berlin") -> Event:
    parsed = parse_answer(STEPS, document, RequestContext(day=day), person(zone), NOW)
    assert parsed.rejections == []
    (event,) = parsed.events
    return event


@settings(deadline=None)  # a busy machine is no failure
@given(zone=st.sampled_from(ZONES), day=st.dates(dt.date(2019, 1, 1), dt.date(2026, 11, 1)))
def test_a_day_at_home_is_one_event_with_the_offset_of_its_midnight(zone: str, day: dt.date) -> None:
    entries = day_of(zone, day)
    (event,) = imported(entries, zone)
    assert event.metadata["day"] == day.isoformat()
    assert event.utc_offset == local_time.zone_offset(dt.datetime.combine(day, dt.time()), zone)
    assert event.time == local_time.day_bounds(day, zone)[0]
    assert event.data["stepsIntervals"] == entries
    assert fetched(entries, day, zone).event_id == event.event_id
    assert fetched(entries, day, zone).content_hash == event.content_hash


@settings(deadline=None)  # a busy machine is no failure
@given(
    hours=st.integers(-11, 14),
    home=st.sampled_from(ZONES),
    day=st.dates(dt.date(2019, 1, 1), dt.date(2026, 11, 1)),
)
def test_a_day_abroad_that_was_asked_for_has_the_offset_of_the_place(
    hours: int, home: str, day: dt.date
) -> None:
    midnight = dt.datetime.combine(day, dt.time()) - dt.timedelta(hours=hours)
    event = fetched(quarters(midnight, midnight + dt.timedelta(days=1)), day, home)
    assert (event.metadata["day"], event.utc_offset) == (day.isoformat(), dt.timedelta(hours=hours))


def test_a_file_of_a_day_abroad_belongs_to_the_nearest_midnight() -> None:
    tokyo = day_of("Asia/Tokyo", dt.date(2026, 3, 4))
    (event,) = imported(tokyo, "Europe/Berlin")
    assert (event.metadata["day"], event.utc_offset) == ("2026-03-04", dt.timedelta(hours=9))


def test_the_day_so_far_is_the_same_event_as_the_whole_day_later() -> None:
    day = dt.date(2026, 3, 4)
    complete = day_of("Europe/Berlin", day)
    so_far = fetched(complete[:40], day)
    assert so_far.event_id == fetched(complete, day).event_id
    assert so_far.utc_offset == dt.timedelta(hours=1)
    assert imported(complete[:40])[0].event_id == so_far.event_id


def test_the_start_of_a_day_abroad_that_is_not_whole_states_no_offset() -> None:
    day = dt.date(2026, 3, 4)
    assert fetched(day_of("Asia/Tokyo", day)[:40], day).utc_offset is None


def test_two_parts_of_a_day_do_not_replace_each_other() -> None:
    complete = day_of("Europe/Berlin", dt.date(2026, 3, 4))
    morning, evening = imported(complete[30:40]), imported(complete[70:80])
    assert {event.metadata["day"] for event in (*morning, *evening)} == {"2026-03-04"}
    assert morning[0].event_id != evening[0].event_id


def test_days_in_one_list_and_in_a_list_of_lists_are_the_same_events() -> None:
    pages = [day_of("Europe/Berlin", dt.date(2026, 3, 28) + dt.timedelta(days=number)) for number in range(3)]
    flat, nested = imported([entry for page in pages for entry in page]), imported(pages)
    assert [event.metadata["day"] for event in nested] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    assert [event.content_hash for event in flat] == [event.content_hash for event in nested]
    # the clock goes forward on the 29th
    assert [event.data["endTimestampGMT"] for event in nested] == [
        "2026-03-28T23:00:00.0",
        "2026-03-29T22:00:00.0",
        "2026-03-30T22:00:00.0",
    ]
    assert [len(list(event.data["stepsIntervals"])) for event in nested] == [96, 92, 96]  # type: ignore[call-overload]


def test_an_entry_that_comes_twice_is_one_and_one_that_says_otherwise_is_kept() -> None:
    first, second, *_ = day_of("Europe/Berlin", dt.date(2026, 3, 4))
    (event,) = imported([first, second, first, {**second, "steps": 999}])
    assert event.data["stepsIntervals"] == [first, second, {**second, "steps": 999}]


@pytest.mark.parametrize("start", ["never", None, 7, "9999-12-31T23:59:59.0", "0001-01-01T00:00:00.0"])
def test_an_entry_without_a_time_is_refused_and_costs_the_others_nothing(start: object) -> None:
    entries = day_of("Europe/Berlin", dt.date(2026, 3, 4))
    broken = {"startGMT": start, "endGMT": "2026-03-04T00:00:00.0", "steps": 5}
    parsed = parse([*entries, broken], person(), NOW)
    assert parsed is not None
    assert [event.event_type for event in parsed.events] == ["garmin.steps_intervals"]
    assert [(rejection.code, rejection.status) for rejection in parsed.rejections] == [
        ("unrecognised", "open")
    ]
