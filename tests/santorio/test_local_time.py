"""A day is what the person's clock and calendar showed, through changes of the clock and travel."""

# ruff: noqa: DTZ001 - what a clock on the wall shows has no zone

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from santorio.local_time import day_bounds, local_day, night_day, offset_between, today, zone_offset
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events

ZONES = st.sampled_from([
    "Europe/Berlin", "America/New_York", "Pacific/Apia", "Pacific/Kiritimati", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/Sao_Paulo", "UTC", "Pacific/Chatham", "America/St_Johns", "America/Havana",
    "Asia/Beirut", "Africa/Casablanca", "Etc/GMT+12",
])  # fmt: skip
# From 2012 on: Samoa and Tokelau left out a whole day at the end of 2011.
DAYS = st.dates(dt.date(2012, 1, 2), dt.date(2037, 12, 30))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: dt.timedelta(minutes=15 * quarters))
INSTANTS = st.datetimes(
    dt.datetime(2000, 1, 2), dt.datetime(2037, 12, 30), timezones=st.just(dt.UTC)
)  # fmt: skip


@given(INSTANTS, OFFSETS)
def test_a_local_day_is_the_date_on_the_wall(instant: dt.datetime, offset: dt.timedelta) -> None:
    wall = instant.astimezone(dt.timezone(offset))
    assert local_day(instant, offset) == wall.date()


@given(INSTANTS, OFFSETS, ZONES)
def test_the_zone_in_which_an_instant_is_written_does_not_move_its_day(
    instant: dt.datetime, offset: dt.timedelta, zone: str
) -> None:
    assert local_day(instant.astimezone(ZoneInfo(zone)), offset) == local_day(instant, offset)


@given(DAYS, ZONES)
def test_every_day_begins_where_the_one_before_ends(day: dt.date, zone: str) -> None:
    assert day_bounds(day, zone)[1] == day_bounds(day + dt.timedelta(days=1), zone)[0]


@given(DAYS, ZONES, st.data())
def test_every_instant_of_a_day_falls_on_it(day: dt.date, zone: str, data: st.DataObject) -> None:
    first, end = day_bounds(day, zone)
    last = (end - first) // dt.timedelta(microseconds=1) - 1
    instant = first + dt.timedelta(microseconds=data.draw(st.integers(0, last)))
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert local_day(instant, offset) == day


@given(DAYS, ZONES)
def test_a_day_has_from_23_to_25_hours(day: dt.date, zone: str) -> None:
    first, end = day_bounds(day, zone)
    assert dt.timedelta(hours=23) <= end - first <= dt.timedelta(hours=25)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (dt.date(2026, 3, 29), "Europe/Berlin", 23),
        (dt.date(2026, 10, 25), "Europe/Berlin", 25),
        (dt.date(2026, 10, 24), "Europe/Berlin", 24),
        (dt.date(2026, 10, 4), "Australia/Lord_Howe", 23.5),
        # Midnight itself does not occur here: the day begins at one o'clock.
        (dt.date(2018, 11, 4), "America/Sao_Paulo", 23),
        # Here midnight occurs twice: the day begins with the first.
        (dt.date(2026, 11, 1), "America/Havana", 25),
        # A day that was left out, when Samoa went over the date line.
        (dt.date(2011, 12, 30), "Pacific/Apia", 0),
        (dt.date(2011, 12, 31), "Pacific/Apia", 24),
    ],
)
def test_days_on_which_the_clock_changes_are_shorter_or_longer(day: dt.date, zone: str, hours: float) -> None:
    first, end = day_bounds(day, zone)
    assert end - first == dt.timedelta(hours=hours)


@given(INSTANTS, OFFSETS)
def test_the_offset_comes_back_from_the_two_readings_of_one_instant(
    instant: dt.datetime, offset: dt.timedelta
) -> None:
    gmt = instant.replace(tzinfo=None)
    to_the_second = (gmt + offset).replace(microsecond=0)
    assert offset_between(to_the_second, gmt) == offset
    assert offset_between(to_the_second.replace(second=0), gmt) == offset


@given(INSTANTS, OFFSETS, st.integers(62, 900 - 62))
def test_readings_of_two_instants_state_no_offset(
    instant: dt.datetime, offset: dt.timedelta, apart: int
) -> None:
    gmt = instant.replace(tzinfo=None)
    assert offset_between(gmt + offset + dt.timedelta(seconds=apart), gmt) is None


@pytest.mark.parametrize("hours", [-13, -12.25, 14.25, 15, 24, 24 * 365])
def test_two_readings_that_no_zone_explains_state_no_offset(hours: float) -> None:
    gmt = dt.datetime(2026, 1, 1)
    assert offset_between(gmt + dt.timedelta(hours=hours), gmt) is None


def test_a_wall_time_that_occurs_twice_is_the_first_and_one_that_never_occurs_is_before_the_change() -> None:
    assert zone_offset(dt.datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == dt.timedelta(hours=2)
    assert zone_offset(dt.datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == dt.timedelta(hours=1)


def test_a_night_belongs_to_the_day_of_waking() -> None:
    woke = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)  # half past noon, next day, in Auckland
    assert night_day(woke, dt.timedelta(hours=13)) == dt.date(2026, 3, 2)
    assert night_day(woke, dt.timedelta(hours=-5)) == dt.date(2026, 3, 1)


def test_a_day_flown_east_is_short_and_one_flown_west_is_long() -> None:
    berlin, tokyo = dt.timedelta(hours=1), dt.timedelta(hours=9)
    left = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
    before_midnight = dt.datetime(2026, 1, 10, 14, 59, tzinfo=dt.UTC)
    assert local_day(left, berlin) == dt.date(2026, 1, 10)
    assert local_day(before_midnight, tokyo) == dt.date(2026, 1, 10)
    assert local_day(before_midnight + dt.timedelta(minutes=1), tokyo) == dt.date(2026, 1, 11)
    assert local_day(before_midnight + dt.timedelta(hours=8), berlin) == dt.date(2026, 1, 10)


# Half past eight in the evening in Berlin, where the person of these tests lives.
EVENING = dt.datetime(2026, 1, 10, 19, 30, tzinfo=dt.UTC)


def told(person: Person, time: dt.datetime, offset: dt.timedelta | None, kind: str = "heart_rate") -> Event:
    return Event(
        person.user_id, time, offset, f"garmin.{kind}", "garmin", f"7/{time.date()}", {"restingHeartRate": 50}
    )


def test_today_is_the_day_at_home_where_no_watch_said_otherwise(database: Database, person: Person) -> None:
    with database.connect() as connection:
        assert today(connection, person, EVENING) == dt.date(2026, 1, 10)
        assert today(connection, person, EVENING + dt.timedelta(hours=4)) == dt.date(2026, 1, 11)
        write_events(connection, [told(person, EVENING - dt.timedelta(hours=9), None)])
        assert today(connection, person, EVENING) == dt.date(2026, 1, 10)


def test_east_of_home_today_has_begun_when_the_watch_says_so(database: Database, person: Person) -> None:
    in_tokyo = told(person, dt.datetime(2026, 1, 9, 15, tzinfo=dt.UTC), dt.timedelta(hours=9))
    home_before = told(person, dt.datetime(2026, 1, 6, 23, tzinfo=dt.UTC), dt.timedelta(hours=1))
    with database.connect() as connection:
        write_events(connection, [in_tokyo, home_before])
        assert today(connection, person, EVENING) == dt.date(2026, 1, 11)
        back_home = told(person, EVENING - dt.timedelta(hours=2), dt.timedelta(hours=1), "sleep")
        write_events(connection, [back_home])
        assert today(connection, person, EVENING) == dt.date(2026, 1, 10)


def test_west_of_home_today_is_not_late(database: Database, person: Person) -> None:
    in_honolulu = told(person, EVENING - dt.timedelta(hours=9), dt.timedelta(hours=-10))
    with database.connect() as connection:
        write_events(connection, [in_honolulu])
        assert today(connection, person, EVENING + dt.timedelta(hours=4)) == dt.date(2026, 1, 11)


def test_a_clock_of_long_ago_or_of_somebody_else_says_nothing_of_today(
    database: Database, person: Person
) -> None:
    stranger = Person(uuid.UUID(int=9), "stranger", "Asia/Tokyo")
    nine = dt.timedelta(hours=9)
    with database.connect() as connection:
        write_events(
            connection, [told(person, EVENING - dt.timedelta(days=40), nine), told(stranger, EVENING, nine)]
        )
        assert today(connection, person, EVENING) == dt.date(2026, 1, 10)
