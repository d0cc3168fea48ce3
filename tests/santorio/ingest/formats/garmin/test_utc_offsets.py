"""Every payload is dated and timed by the clock that it shows, wherever the person flew."""

import datetime as dt
import random
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.formats.garmin.parser import parse
from santorio.ingest.formats.garmin.utc_offsets import stated_clock
from santorio.people import Person
from santorio.storage.event_log import Event
from support.timezones import Traveller, day_payloads, ms, night_payloads, text, travel

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
travellers = st.builds(travel, st.randoms(use_true_random=False))


def events(who: Traveller, document: object) -> list[Event]:
    parsed = parse(document, Person(uuid.UUID(int=1), "me", who.home), NOW)
    assert parsed is not None
    assert parsed.rejections == []
    return parsed.events


@settings(deadline=None)  # a busy machine is no failure
@given(travellers)
def test_a_night_is_dated_by_waking_and_timed_by_the_watch_on_the_wrist(who: Traveller) -> None:
    for day, payloads in night_payloads(who).items():
        night = who.nights_by_day[day]
        for payload in payloads[:2]:
            (event,) = events(who, payload)
            assert event.metadata["day"] == str(day)
            assert event.time == night.start
            assert event.utc_offset == who.offset(night.start)
            assert (event.time + event.utc_offset).replace(tzinfo=None) == who.wall(night.start)


@settings(deadline=None)  # a busy machine is no failure
@given(travellers)
def test_every_date_that_the_watch_showed_is_one_event_a_kind_also_when_told_twice(who: Traveller) -> None:
    payloads_by_day = day_payloads(who)
    made = [
        event
        for day in payloads_by_day.values()
        for payload in (*day, *day)
        for event in events(who, payload)
    ]
    assert len({event.event_id for event in made}) == 2 * len(payloads_by_day) == len(made) / 2
    for kind in ("garmin.daily_summary", "garmin.heart_rate"):
        assert {
            dt.date.fromisoformat(str(event.metadata["day"])) for event in made if event.event_type == kind
        } == set(payloads_by_day)
    for event in made:
        first = who.instants_by_day[dt.date.fromisoformat(str(event.metadata["day"]))][0]
        assert (event.time, event.utc_offset) == (first, who.offset(first))


@settings(deadline=None)  # a busy machine is no failure
@given(travellers)
def test_every_row_of_a_days_readiness_is_an_event_of_that_day_whatever_the_date_in_gmt(
    who: Traveller,
) -> None:
    for day, (_, _, *rows) in night_payloads(who).items():
        made = events(who, rows)
        assert len({event.event_id for event in made}) == len(rows)
        assert {event.metadata["day"] for event in made} == {str(day)}
        assert [event.time for event in made] == sorted({event.time for event in made}, reverse=True)
        assert all((event.time + (event.utc_offset or dt.timedelta())).date() == day for event in made)


def test_lives_that_are_drawn_hold_what_is_hard() -> None:
    lives = [travel(random.Random(seed)) for seed in range(60)]
    offsets = {who.offset(night.start) for who in lives for night in who.nights}
    quarters = {dt.timedelta(hours=hours) for hours in (-12, 5.75, 13, 14, -3.5)}
    assert quarters <= offsets
    nights = [(who, night) for who in lives for night in who.nights]
    assert {who.offset(night.end) - who.offset(night.start) for who, night in nights} >= {
        dt.timedelta(hours=-1),
        dt.timedelta(),
        dt.timedelta(hours=1),
    }
    assert any(who.wall(night.start).date() == who.wall(night.end).date() for who, night in nights)
    assert any(who.home != who.legs[0][1].key for who in lives)
    rows = [
        (day, row) for who in lives for day, payloads in night_payloads(who).items() for row in payloads[2:]
    ]
    assert any(row["timestamp"][:10] > str(day) for day, row in rows)
    assert any(row["timestamp"][:10] < str(day) for day, row in rows)
    assert any(len(who.nights_by_day) < len(who.nights) for who in lives)


GMT = dt.datetime(2025, 7, 8, 3, 50, 19)  # noqa: DTZ001 - naive, as Garmin writes it
LOCAL = GMT - dt.timedelta(hours=6)
SIX_BEHIND = (dt.timedelta(hours=-6), GMT.replace(tzinfo=dt.UTC))


@pytest.mark.parametrize(
    "payload",
    [
        {"startTimestampLocal": text(LOCAL), "startTimestampGMT": text(GMT)},
        {"wellnessStartTimeLocal": text(LOCAL), "wellnessStartTimeGmt": text(GMT)},
        {"dailySleepDTO": {"sleepStartTimestampLocal": ms(LOCAL), "sleepStartTimestampGMT": ms(GMT)}},
        {"summaryDTO": {"startTimeLocal": text(LOCAL), "startTimeGMT": text(GMT)}},
        {"startTimeLocal": "2025-07-07 21:50:19", "startTimeGMT": "2025-07-08 03:50:19"},
        {"startTimeLocal": float(ms(LOCAL)), "startTimeGmt": float(ms(GMT))},
        {"measurementTimestampLocal": text(LOCAL), "measurementTimestampGMT": text(GMT)},
        {"prStartTimeLocal": ms(LOCAL), "prStartTimeGmt": ms(GMT)},
        {"date": ms(LOCAL), "timestampGMT": ms(GMT)},
        {"timestampLocal": text(LOCAL), "timestamp": text(GMT)},
        {"event": {"eventStartTimeGmt": text(GMT), "timezoneOffset": -21_600_000}, "activityName": None},
    ],
)
def test_a_clock_is_read_wherever_garmin_writes_it_twice(payload: dict[str, object]) -> None:
    assert stated_clock(payload) == SIX_BEHIND


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"calendarDate": "2025-07-07"},
        # A date is no instant: its distance from one is no offset.
        {"date": "2025-07-07", "timestampGMT": "2025-07-07T07:00:00.0"},
        {"startTimestampLocal": None, "startTimestampGMT": None},
        {"startTimestampLocal": text(LOCAL), "startTimestampGMT": "soon"},
        {"eventStartTimeGmt": None, "timezoneOffset": -21_600_000},
        {"timestampLocal": True, "timestamp": True},
    ],
)
def test_no_clock_is_made_up(payload: dict[str, object]) -> None:
    assert stated_clock(payload) == (None, None)


@pytest.mark.parametrize("ahead", [float("nan"), float("inf"), "x", None, True, 10**40, 400_000])
def test_an_offset_that_no_zone_has_leaves_the_instant(ahead: object) -> None:
    payload = {"eventStartTimeGmt": text(GMT), "timezoneOffset": ahead}
    assert stated_clock(payload) == (None, GMT.replace(tzinfo=dt.UTC))


def test_two_readings_of_different_instants_state_the_first_instant_and_the_offset_of_the_next_pair() -> None:
    payload = {
        "startTimestampLocal": "2025-07-07T20:00:00.0",
        "startTimestampGMT": text(GMT),
        "timestampLocal": text(LOCAL + dt.timedelta(hours=2)),
        "timestamp": text(GMT + dt.timedelta(hours=2)),
    }
    assert stated_clock(payload) == SIX_BEHIND


def test_a_record_is_timed_by_itself_and_takes_the_clock_of_its_activity() -> None:
    record = {
        "id": 5,
        "typeId": 11,
        "prStartTimeGmt": ms(GMT) + 3_000_000,
        "prStartTimeLocal": None,
        "activityStartDateTimeInGMT": ms(GMT),
        "activityStartDateTimeLocal": ms(LOCAL),
    }
    parsed = parse([record], Person(uuid.UUID(int=1), "me", "Europe/Berlin"), NOW)
    assert parsed is not None
    (event,) = parsed.events
    assert event.time == GMT.replace(tzinfo=dt.UTC) + dt.timedelta(minutes=50)
    assert event.utc_offset == dt.timedelta(hours=-6)
