"""People who fly about while clocks change find every night and every sample on the day that their watch showed."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from travelling import QUARTER, Traveller, day_payloads, night_payloads, travel

from santorio.database.engine import Database
from santorio.events import Event
from santorio.people import Person, ensure_person
from santorio.sources.garmin.payloads import parse

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
        "stg_garmin__samples",
        "stg_garmin__naps",
        "stg_garmin__training_readiness",
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
    # Of a day within which the clock changed, only the person's zone can tell when.
    for day, _, local_at, beat in rows:
        first, *_, last = who.instants_by_day[day]
        assert local_at.hour == beat - 50 or who.offset(first) != who.offset(last + QUARTER)


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
        "select day, count(*), max(told_at) from staging.stg_garmin__training_readiness "
        "where user_id = %(who)s group by day order by day",
    )  # fmt: skip
    rows = {day: payloads[2:] for day, payloads in sorted(night_payloads(who).items())}
    assert readiness == [
        (day, len(of_day), dt.datetime.fromisoformat(of_day[0]["timestamp"]).replace(tzinfo=dt.UTC))
        for day, of_day in rows.items()
    ]
