"""People who fly about while clocks change find every night and every sample on the day that their watch showed."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from santorio.ingest.formats.garmin.parser import parse
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event
from support.timezones import QUARTER, Traveller, day_payloads, ms, night_payloads, text, travel

SEEDS = range(24)
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def travellers(warehouse: Database, pending: list[Event], build: Any) -> dict[int, tuple[Person, Traveller]]:
    """Two dozen lives, read as files are and built by dbt, the nights twice."""
    people = {}
    for seed in SEEDS:
        who = travel(random.Random(seed))
        with warehouse.connect() as connection:
            person = ensure_person(connection, f"traveller {uuid.uuid4().hex[:8]}", who.home)
        people[seed] = (person, who)
        for payload in documents(who):
            parsed = parse(payload, person, NOW)
            assert parsed is not None
            assert parsed.rejections == []
            pending.extend(parsed.events)
    build(
        "--select",
        "+nights",
        "+days",
        "+stg_garmin__samples",
        "+stg_garmin__naps",
        "+stg_garmin__training_readiness",
    )
    return people


def documents(who: Traveller) -> Iterator[object]:
    nights = [payload for of_day in night_payloads(who).values() for payload in of_day]
    yield from nights
    yield from (payload for of_day in day_payloads(who).values() for payload in of_day)
    yield from nights


def read(database: Database, person: Person, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(query, {"who": person.user_id}).fetchall()


@pytest.mark.parametrize("seed", SEEDS)
def test_no_night_is_lost_or_doubled_and_each_is_on_the_date_of_waking(
    warehouse: Database, travellers: dict[int, tuple[Person, Traveller]], seed: int
) -> None:
    person, who = travellers[seed]
    rows = read(
        warehouse, person,
        "select day, sleep_start_at, sleep_end_at, utc_offset, hrv_rmssd_ms from marts.nights "
        "where user_id = %(who)s order by day",
    )  # fmt: skip
    assert rows == [
        (day, night.start, night.end, who.offset(night.end), 60)
        for day, night in sorted(who.nights_by_day.items())
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_days_are_the_dates_that_the_watch_showed_with_the_steps_of_as_many_hours(
    warehouse: Database, travellers: dict[int, tuple[Person, Traveller]], seed: int
) -> None:
    person, who = travellers[seed]
    rows = read(
        warehouse,
        person,
        "select day, utc_offset, steps from marts.days where user_id = %(who)s order by day",
    )
    assert rows == [
        (day, who.offset(at[0]), 100 * len(at)) for day, at in sorted(who.instants_by_day.items())
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_sample_is_there_once_on_its_date(
    warehouse: Database, travellers: dict[int, tuple[Person, Traveller]], seed: int
) -> None:
    person, who = travellers[seed]
    rows = read(
        warehouse, person,
        "select day, measured_at, local_at, value from staging.stg_garmin__samples "
        "where user_id = %(who)s and measure = 'heart_rate_bpm' order by measured_at",
    )  # fmt: skip
    assert [row[:2] for row in rows] == sorted(
        ((day, at) for day, ats in who.instants_by_day.items() for at in ats), key=lambda one: one[1]
    )
    for day, at, local_at, beat in rows:
        ats = who.instants_by_day[day]
        # Of a day within which the clock changed, only the person's zone can tell when; else the first clock goes on.
        first, last = ats[0], ats[-1]
        ends = {first: who.wall(first), last + QUARTER: who.wall(last) + QUARTER}
        if all(at_home(who, end) == wall for end, wall in ends.items()):
            assert local_at == at_home(who, at)
        else:
            assert local_at == at.replace(tzinfo=None) + who.offset(first)
        if len({who.offset(one) for one in ats}) == 1:
            assert local_at.hour == beat - 50


def at_home(who: Traveller, at: dt.datetime) -> dt.datetime:
    """What the wall clock shows in the zone that the person's settings name."""
    return at.astimezone(ZoneInfo(who.home)).replace(tzinfo=None)


@pytest.mark.parametrize("seed", SEEDS)
def test_naps_and_readiness_are_on_the_date_that_the_watch_showed(
    warehouse: Database, travellers: dict[int, tuple[Person, Traveller]], seed: int
) -> None:
    person, who = travellers[seed]
    naps = read(
        warehouse, person,
        "select nap_start_at, day, utc_offset from staging.stg_garmin__naps where user_id = %(who)s order by 1",
    )  # fmt: skip
    told = [nap for nap in who.naps if who.wall(nap.start).date() in who.nights_by_day]
    assert naps == [(nap.start, who.wall(nap.start).date(), who.offset(nap.start)) for nap in told]
    readiness = read(
        warehouse, person,
        "select day, count(*), max(reported_at) from staging.stg_garmin__training_readiness "
        "where user_id = %(who)s group by day order by day",
    )  # fmt: skip
    rows = {day: payloads[2:] for day, payloads in sorted(night_payloads(who).items())}
    assert readiness == [
        (day, len(of_day), dt.datetime.fromisoformat(of_day[0]["timestamp"]).replace(tzinfo=dt.UTC))
        for day, of_day in rows.items()
    ]


def test_a_record_and_an_event_are_on_the_day_of_the_clock_that_they_state(
    newcomer: Person, pending: list[Event], build: Any, rows: Any
) -> None:
    """Half past two in the night in GMT, and so at home; the evening before where the person ran."""
    late, ahead_ms = dt.datetime(2025, 6, 15, 2, 30, tzinfo=dt.UTC), -7 * 3_600_000
    wall = late.replace(tzinfo=None) + dt.timedelta(milliseconds=ahead_ms)
    record = {
        "id": 5, "typeId": 3, "value": 1200.0, "activityId": 77, "prStartTimeGmt": ms(late), "prStartTimeLocal": None,
        "activityStartDateTimeInGMT": ms(late), "activityStartDateTimeLocal": ms(wall),
    }  # fmt: skip
    told = {"eventType": "ACTIVITY", "eventStartTimeGmt": text(late), "timezoneOffset": ahead_ms}
    odd = told | {"eventStartTimeGmt": text(late + dt.timedelta(hours=9)), "timezoneOffset": 1e12}
    for payload in (
        [record],
        [{"event": told, "activityName": "Run"}, {"event": odd, "activityName": "Run"}],
    ):
        parsed = parse(payload, newcomer, NOW)
        assert parsed is not None
        pending.extend(parsed.events)
    build("--select", "+stg_garmin__personal_records", "+stg_garmin__body_battery_events")
    assert [row["day"] for row in rows("staging.stg_garmin__personal_records")] == [wall.date()]
    events = rows("staging.stg_garmin__body_battery_events", "started_at, day, utc_offset")
    assert [(row["day"], row["utc_offset"]) for row in events] == [
        (wall.date(), dt.timedelta(hours=-7)),
        # No zone is years ahead: the clock at home stands in.
        (late.date(), dt.timedelta(hours=2)),
    ]


def test_a_nap_that_states_no_clock_has_that_of_waking(log: Any, build: Any, rows: Any) -> None:
    odd = [1e12, -1e12, 100_000, "60", None]
    days = [dt.date(2026, 3, 2 + number) for number in range(len(odd))]
    for day, offset in zip(days, odd, strict=True):
        woke = dt.datetime(day.year, day.month, day.day, 6, tzinfo=dt.UTC)
        nap = {"napStartTimestampGMT": f"{day}T23:10:00", "napTimeSec": 1800, "napStartTimeOffset": offset}
        night = {
            "calendarDate": str(day), "sleepTimeSeconds": 27000, "sleepEndTimestampGMT": ms(woke),
            "sleepEndTimestampLocal": ms(woke + dt.timedelta(hours=-4)), "dailyNapDTOS": [nap],
        }  # fmt: skip
        log.garmin("sleep", str(day), {"dailySleepDTO": night})
    build("--select", "+stg_garmin__naps")
    naps = rows("staging.stg_garmin__naps", "day, utc_offset, nap_minutes", "day")
    assert [tuple(nap.values()) for nap in naps] == [(day, dt.timedelta(hours=-4), 30) for day in days]
