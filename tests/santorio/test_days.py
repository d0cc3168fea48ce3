"""A day is what the person's clock and calendar showed, through changes of the clock and travel."""

# ruff: noqa: DTZ001 - what a clock on the wall shows has no zone

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from santorio.days import day_bounds, local_day, night_day, offset_between, zone_offset

ZONES = st.sampled_from([
    "Europe/Berlin", "America/New_York", "Pacific/Apia", "Pacific/Kiritimati", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/Sao_Paulo", "UTC",
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
    truncated = (gmt + offset).replace(microsecond=0)
    assert offset_between(truncated, gmt) == offset


@pytest.mark.parametrize("hours", [-13, 15, 24, 24 * 365])
def test_two_readings_that_no_zone_explains_state_no_offset(hours: int) -> None:
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
