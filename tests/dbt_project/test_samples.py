"""Samples within the day and their rollups: each once, on the local day, and the same with TimescaleDB and without."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from santorio.ingest.formats.garmin.parser import parse
from santorio.people import Person, ensure_person
from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event
from support.samples import MART_COLUMNS, Marts, day_events, need_timescaledb
from support.timezones import day_payloads, travel

TEMPLATE = "template_of_tests"
DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
KATHMANDU = dt.timedelta(hours=5, minutes=45)


@pytest.fixture(scope="module")
def two_ways(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Marts, Marts]]:
    """The same person and events twice: built as a server without TimescaleDB does it, and as this server does."""
    made = []
    for timescale in (False, True):
        name = f"samples_{uuid.uuid4().hex[:8]}"
        create_database(server_url, name, template=TEMPLATE)
        made.append(
            Marts(embedded_database(server_url, name), tmp_path_factory.mktemp("dbt"), timescale=timescale)
        )
    yield made[0], made[1]
    for marts in made:
        marts.database.close()
        with psycopg.connect(server_url, autocommit=True) as connection:
            name = marts.database.url.split("dbname=")[1].split()[0]
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def people(marts: Marts) -> list[Person]:
    """Three people with the same ids in both databases."""
    with marts.database.connect() as connection:
        for number, zone in enumerate(("Europe/Berlin", "Asia/Kathmandu", "America/New_York")):
            connection.execute(
                "insert into ops.people (user_id, name, timezone) values (%s, %s, %s) on conflict do nothing",
                [uuid.UUID(int=number + 1), f"person {number}", zone],
            )
        return [ensure_person(connection, f"person {number}", "UTC") for number in range(3)]


def life(marts: Marts) -> list[Event]:
    """Days at home, beside UTC's hours, of two watches, and of somebody who flies about."""
    here, there, flying = people(marts)
    events = [event for n in range(3) for event in day_events(here, DAY + n * dt.timedelta(days=1))]
    events += [
        event for n in range(3) for event in day_events(there, DAY + n * dt.timedelta(days=1), KATHMANDU)
    ]
    # A second watch, which tells the same instants otherwise.
    events += day_events(there, DAY, KATHMANDU, account="8", beat=70)
    # Years ago: its chunk is compressed at once.
    events += day_events(here, dt.date(2021, 3, 2))
    for of_day in day_payloads(travel(random.Random(3))).values():
        for payload in of_day:
            parsed = parse(payload, flying, NOW)
            assert parsed is not None
            events += parsed.events
    return events


def equal_instants(both: tuple[Marts, Marts]) -> None:
    """Let versions have entered at the same instants in both databases, so that `as_of` can be compared."""
    plain, other = both
    known = plain.rows("select event_id, content_hash, ingested_at from raw.events")
    with other.database.connect() as connection:
        connection.cursor().executemany(
            "update raw.events set ingested_at = %s where event_id = %s and content_hash = %s",
            [(at, event_id, content_hash) for event_id, content_hash, at in known],
        )


def assert_both_tell_the_same(both: tuple[Marts, Marts]) -> None:
    for name in MART_COLUMNS:
        plain, other = (marts.mart(name) for marts in both)
        assert len(plain) > 1000
        assert other == plain


def test_both_ways_tell_the_same_row_for_row_also_of_what_changes_in_compressed_chunks(
    two_ways: tuple[Marts, Marts],
) -> None:
    need_timescaledb(two_ways[1].database)
    for marts in two_ways:
        marts.write(*life(marts))
    equal_instants(two_ways)
    for marts in two_ways:
        marts.build()
    assert_both_tell_the_same(two_ways)

    compressed = two_ways[1].rows(
        "select count(*) from timescaledb_information.chunks where hypertable_schema = 'intraday' and is_compressed"
    )
    assert compressed[0][0] > 1
    here, there, _ = people(two_ways[0])
    old, gone = dt.date(2021, 3, 2), day_events(there, DAY, KATHMANDU, kinds=["heart_rate"])[0]
    tombstone = Event(there.user_id, NOW, None, "deleted", "log", "gone", {"event_id": str(gone.event_id)})
    for marts in two_ways:
        marts.write(
            *day_events(here, old, beat=61),
            *day_events(there, DAY, KATHMANDU, beat=62, account="9"),
            tombstone,
        )
    equal_instants(two_ways)
    for marts in two_ways:
        marts.build()
    assert_both_tell_the_same(two_ways)
    beats = two_ways[1].rows(
        "select min(min) from marts.samples_5min where user_id = %s and day = %s and measure = 'heart_rate_bpm'",
        here.user_id, old,
    )  # fmt: skip
    assert beats == [(61,)]


def test_what_a_killed_build_owes_is_made_good_by_the_next(two_ways: tuple[Marts, Marts]) -> None:
    marts = two_ways[1]
    need_timescaledb(marts.database)
    here, *_ = people(marts)
    day = dt.date(2024, 5, 5)
    marts.write(*day_events(here, day))
    marts.build()
    # As if it had been killed after the commit of the samples.
    marts.write(*day_events(here, day, beat=80))
    with marts.database.connect(autocommit=True) as connection:
        connection.execute("alter procedure intraday.refresh() rename to refresh_later")
        connection.execute("create procedure intraday.refresh() language sql as 'select 1'")
    marts.build()
    beats = "select min(min) from marts.samples_5min where day = %s and measure = 'heart_rate_bpm'"
    assert marts.rows(beats, day) == [(50,)]
    with marts.database.connect(autocommit=True) as connection:
        connection.execute("drop procedure intraday.refresh()")
        connection.execute("alter procedure intraday.refresh_later() rename to refresh")
    marts.build()
    assert marts.rows(beats, day) == [(80,)]
    assert marts.rows("select count(*) from intraday.owed") == [(0,)]


def test_a_day_that_did_not_change_is_not_aggregated_again(two_ways: tuple[Marts, Marts]) -> None:
    marts = two_ways[1]
    need_timescaledb(marts.database)
    here, *_ = people(marts)
    marts.write(*day_events(here, dt.date(2025, 1, 1)), *day_events(here, dt.date(2025, 6, 1)))
    marts.build()
    with marts.database.connect(autocommit=True) as connection:
        connection.execute("alter procedure intraday.refresh() rename to refresh_later")
        connection.execute("create procedure intraday.refresh() language sql as 'select 1'")
    marts.write(*day_events(here, dt.date(2025, 6, 1), beat=66))
    marts.build()
    owed = marts.rows("select first_at at time zone 'UTC', last_at at time zone 'UTC' from intraday.owed")
    with marts.database.connect(autocommit=True) as connection:
        connection.execute("drop procedure intraday.refresh()")
        connection.execute("alter procedure intraday.refresh_later() rename to refresh")
    # From the evening's first heart-rate variability to the day's last sample.
    assert owed == [
        (dt.datetime.fromisoformat("2025-05-31T21:30"), dt.datetime.fromisoformat("2025-06-01T22:58"))
    ]


def test_each_instant_is_there_once_and_the_newest_payload_tells_it(
    tmp_path: Path, database: Database
) -> None:
    marts = Marts(database, tmp_path, timescale=True)
    here, *_ = people(marts)
    marts.write(*day_events(here, DAY, account="8", beat=70), *day_events(here, DAY))
    marts.build()
    doubled = "select 1 from marts.samples group by user_id, measure, measured_at having count(*) > 1"
    assert marts.rows(doubled) == []
    beats = marts.rows("select min(value) from marts.samples where measure = 'heart_rate_bpm'")
    assert beats == [(50,)]


def test_the_hours_of_a_local_day_add_up_to_its_steps_where_midnight_is_within_an_hour(
    tmp_path: Path, database: Database
) -> None:
    marts = Marts(database, tmp_path, timescale=True)
    _, there, _ = people(marts)
    marts.write(
        *(event for n in range(3) for event in day_events(there, DAY + n * dt.timedelta(days=1), KATHMANDU))
    )
    marts.build()
    a_day = sum(n * 17 % 400 for n in range(96))
    for width in ("5min", "hourly"):
        told = marts.rows(
            f"select day, sum(sum), sum(samples) from marts.samples_{width} where measure = 'steps' "
            "group by day order by day"
        )
        assert told == [(DAY + n * dt.timedelta(days=1), a_day, 96) for n in range(3)]
    shared = marts.rows(
        "select bucket_at at time zone 'UTC', array_agg(samples order by day) from marts.samples_hourly "
        "where measure = 'steps' group by 1 having count(*) > 1 order by 1"
    )
    # At 18:15 UTC it is midnight in Kathmandu.
    assert shared == [(dt.datetime.fromisoformat(f"2026-03-0{2 + n}T18:00"), [1, 3]) for n in range(2)]


def test_the_views_of_the_api_get_the_rollups_of_the_sessions_person_and_no_others(
    tmp_path: Path, database: Database
) -> None:
    marts = Marts(database, tmp_path, timescale=True)
    here, there, _ = people(marts)
    marts.write(*day_events(here, DAY), *day_events(there, DAY, KATHMANDU))
    marts.build()
    with database.connect() as connection:
        # As dbt publishes a view.
        connection.execute(
            "create view api.hours with (security_barrier) as select * from marts.retained_samples_hourly;"
            "alter view api.hours owner to santorio_view_owner; grant select on api.hours to santorio_api"
        )
    with psycopg.connect(database.reader_url) as reader:
        assert reader.execute("select count(*) from api.hours").fetchone() == (0,)
        for person in (here, there):
            reader.execute("select set_config('santorio.user_id', %s, true)", [str(person.user_id)])
            assert reader.execute("select distinct user_id from api.hours").fetchall() == [(person.user_id,)]


@pytest.mark.parametrize("role", ["santorio_api", "santorio_view_owner"])
def test_the_roles_of_the_read_side_reach_nobody_s_samples_but_by_the_guarded_views(
    tmp_path: Path, database: Database, role: str
) -> None:
    marts = Marts(database, tmp_path, timescale=True)
    here, *_ = people(marts)
    marts.write(*day_events(here, DAY))
    marts.build()
    with database.connect() as connection:
        readable = connection.execute(
            "select format('%%I.%%I', nspname, relname) "
            "from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "where relkind in ('r', 'v', 'm') and has_table_privilege(%s, pg_class.oid, 'select') "
            "and has_schema_privilege(%s, pg_namespace.oid, 'usage') "
            "and (relname like '%%sample%%' or relname like '%%hyper%%chunk' or nspname in ('intraday', 'raw'))",
            [role, role],
        ).fetchall()
        connection.execute("grant santorio_view_owner to current_user")
        guarded = [("marts.retained_samples_5min",), ("marts.retained_samples_hourly",)]
        assert sorted(readable) == (guarded if role == "santorio_view_owner" else [])
        if role == "santorio_view_owner":
            connection.execute("set role santorio_view_owner")
            assert connection.execute("select count(*) from marts.retained_samples_hourly").fetchone() == (0,)
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("select * from marts.samples_hourly")
            connection.rollback()


def test_a_view_of_samples_keeps_what_stands_on_it(tmp_path: Path, database: Database) -> None:
    marts = Marts(database, tmp_path, timescale=True)
    here, *_ = people(marts)
    marts.write(*day_events(here, DAY))
    marts.build()
    with database.connect() as connection:
        connection.execute("create view api.hours as select user_id from marts.retained_samples_hourly")
    marts.build()
    assert marts.rows("select to_regclass('api.hours') is not null") == [(True,)]
