"""What a person has thinned is gone, and nothing else: a full refresh gives the same days, nights and rollups."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, WriteResult, write_events
from santorio.storage.retention import Downsampled, downsample, due, keep_samples_days, set_keep_samples_days
from support.samples import Marts, day_events, ms, need_timescaledb, stated

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 2)
NEWEST_THINNED, OLDEST_KEPT = dt.date(2026, 5, 2), dt.date(2026, 5, 3)
ONE, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
# All that is made of the series, and of what else is in the same payloads.
ROLLUPS = ("marts.samples_5min", "marts.samples_hourly")
TABLES = (
    *ROLLUPS, "marts.days", "marts.nights", "marts.wellness_days",
    "staging.stg_garmin__heart_rates", "staging.stg_garmin__stress_days", "staging.stg_garmin__respiration_days",
    "staging.stg_garmin__hrv_nights", "staging.stg_garmin__spo2_days",
)  # fmt: skip


@pytest.fixture(params=["plain", "timescale"])
def marts(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Marts:
    if request.param == "timescale":
        need_timescaledb(database)
    return Marts(database, tmp_path, timescale=request.param == "timescale")


@pytest.fixture
def other(database: Database) -> Person:
    with database.connect() as connection:
        return ensure_person(connection, "other", "Europe/Berlin")


def life(person: Person) -> list[Event]:
    """Old days (of two watches; with a correction; of summer time's clock), and the days around the age."""
    events = [event for n in range(3) for event in day_events(person, DAY + n * ONE)]
    events += day_events(person, DAY, account="8", beat=71)
    events += day_events(person, DAY + ONE, beat=58, kinds=["heart_rate", "respiration"])
    for day in (NEWEST_THINNED, OLDEST_KEPT, dt.date(2026, 5, 30)):
        events += day_events(person, day, 2 * HOUR)
    # What the models take from a series where Garmin states no figure of its own.
    bare = {
        **stated(DAY + 5 * ONE, HOUR),
        "heartRateValues": [[ms(NOW) - 7_500_000_000, 61], [ms(NOW) - 7_499_000_000, 66]],
    }
    night = {
        "dailySleepDTO": {
            "calendarDate": DAY.isoformat(), "sleepTimeSeconds": 28_800, "deepSleepSeconds": 5_000,
            "sleepStartTimestampGMT": ms(NOW) - 7_900_000_000, "sleepEndTimestampGMT": ms(NOW) - 7_870_000_000,
            "sleepStartTimestampLocal": ms(NOW) - 7_896_400_000, "sleepEndTimestampLocal": ms(NOW) - 7_866_400_000,
        }
    }  # fmt: skip
    return [*events, garmin(person, "heart_rate", DAY + 5 * ONE, bare), garmin(person, "sleep", DAY, night)]


def garmin(person: Person, kind: str, day: dt.date, data: Mapping[str, object], key: str = "") -> Event:
    start = dt.datetime.combine(day, dt.time(), dt.UTC) - HOUR
    about = (f"garmin.{kind}", "garmin", f"7/{key or day}")
    return Event(person.user_id, start, HOUR, *about, data, {"garmin_account": "7", "day": day.isoformat()})


def keep(database: Database, person: Person, days: int | None = 30) -> None:
    with database.connect() as connection:
        set_keep_samples_days(connection, person, days)


def thinned(database: Database, person: Person) -> Downsampled:
    return sum(downsample(database, person, NOW), Downsampled())


def everything(marts: Marts) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(marts.rows(f"select * from {table}"), key=str) for table in TABLES}


def rollups(marts: Marts) -> list[list[tuple[Any, ...]]]:
    return [sorted(marts.rows(f"select * from {table}"), key=str) for table in ROLLUPS]


def samples(marts: Marts) -> list[tuple[Any, ...]]:
    return marts.rows("select * from marts.samples order by user_id, measure, measured_at, day")


@pytest.mark.slow
def test_after_thinning_a_full_refresh_gives_the_same_but_for_samples_that_are_older(
    marts: Marts, database: Database, person: Person, other: Person
) -> None:
    marts.selected += [f"+{table.split('.')[1]}" for table in TABLES]
    marts.write(*life(person), *life(other))
    marts.build()
    before, all_samples = everything(marts), samples(marts)
    assert all(before[table] for table in TABLES)

    keep(database, person)
    done = thinned(database, person)
    gone = [row for row in all_samples if row[0] == person.user_id and row[1] <= NEWEST_THINNED]
    assert done.payloads > 20
    # Of the second watch, and of corrected versions, more were thinned than were told.
    assert done.samples > len(gone) > 5000

    marts.build("--full-refresh")
    for table, rows in everything(marts).items():
        assert rows == before[table], table
    assert samples(marts) == [row for row in all_samples if row not in set(gone)]

    assert thinned(database, person) == Downsampled()


def test_what_is_fetched_again_does_not_come_back_and_what_changed_is_taken(
    marts: Marts, database: Database, person: Person
) -> None:
    marts.write(*life(person))
    keep(database, person)
    thinned(database, person)
    marts.build()
    before = rollups(marts)
    with database.connect() as connection:
        again = write_events(connection, day_events(person, DAY + 2 * ONE))
    assert again == WriteResult(unchanged=7)
    marts.build()
    assert rollups(marts) == before
    assert {row[1] for row in samples(marts)} == {OLDEST_KEPT, dt.date(2026, 5, 30)}

    corrected = day_events(person, DAY + 2 * ONE, beat=90, kinds=["heart_rate"])
    with database.connect() as connection:
        assert write_events(connection, corrected) == WriteResult(versions=1)
    marts.build()
    lowest = "select min(min), sum(samples) from marts.samples_hourly where day = %s and measure = 'heart_rate_bpm'"
    assert marts.rows(lowest, DAY + 2 * ONE) == [(90, 654)]
    taken = rollups(marts)

    # And it is thinned in its turn.
    assert thinned(database, person).payloads == 1
    marts.build("--full-refresh")
    assert rollups(marts) == taken


def test_of_a_bucket_that_is_told_again_by_another_payload_the_later_counts(
    marts: Marts, database: Database, person: Person
) -> None:
    marts.write(*day_events(person, DAY))
    keep(database, person)
    thinned(database, person)
    marts.write(*day_events(person, DAY, account="8", beat=80))
    marts.build()
    before = rollups(marts)
    a_day = sum(n * 17 % 400 for n in range(96))
    steps = "select sum(sum) from marts.samples_hourly where day = %s and measure = 'steps'"
    assert marts.rows(steps, DAY) == [(a_day,)]
    assert thinned(database, person).payloads == 7
    marts.build("--full-refresh")
    assert marts.rows(steps, DAY) == [(a_day,)]
    assert rollups(marts) == before


def test_nothing_is_thinned_unless_the_person_said_so_and_nobody_elses(
    database: Database, person: Person, other: Person
) -> None:
    with database.connect() as connection:
        write_events(connection, [*life(person), *life(other)])
        assert keep_samples_days(connection, person) is None
        assert due(connection, person, NOW) is None
    log = "select * from raw.events where user_id = %s order by event_id, ingested_at"
    with database.connect() as connection:
        before = connection.execute(log, [other.user_id]).fetchall()
    assert thinned(database, person) == Downsampled()
    keep(database, person)
    assert thinned(database, person).payloads > 0
    with database.connect() as connection:
        assert connection.execute(log, [other.user_id]).fetchall() == before
    keep(database, person, None)
    assert thinned(database, person) == Downsampled()


def test_what_is_not_understood_is_left_as_it_is_and_what_tells_the_same_day_with_it(
    database: Database, person: Person
) -> None:
    odd = {**stated(DAY, HOUR), "heartRateValues": [[ms(NOW), 61], {"at": ms(NOW), "value": 66}]}
    elsewhere = {**stated(DAY + 9 * ONE, HOUR), "heartRateValues": [[ms(NOW), 61]]}
    with database.connect() as connection:
        write_events(
            connection,
            [
                garmin(person, "heart_rate", DAY, odd, "odd"),
                *day_events(person, DAY, kinds=["heart_rate", "stress"]),
                # It was asked for of one day and says another.
                garmin(person, "heart_rate", DAY + ONE, elsewhere),
            ],
        )
    keep(database, person)
    assert thinned(database, person).payloads == 1
    with database.connect() as connection:
        left = connection.execute(
            "select event_type from raw.events where not data ? 'thinned' order by event_id"
        ).fetchall()
    assert left == [("garmin.heart_rate",)] * 3


def test_a_killed_thinning_has_done_whole_months_and_is_gone_on_with(
    database: Database, person: Person
) -> None:
    with database.connect() as connection:
        write_events(connection, [*day_events(person, dt.date(2025, 1, 5)), *day_events(person, DAY)])
    keep(database, person)
    steps = downsample(database, person, NOW)
    assert next(steps).payloads == 7
    steps.close()
    audit = (
        "select first_day, last_day, payloads, samples > 0, bytes > 0, keep_samples_days "
        "from ops.downsampling_runs order by 1"
    )
    done = (dt.date(2025, 1, 5), dt.date(2025, 2, 1), 7, True, True, 30)
    with database.connect() as connection:
        assert connection.execute(audit).fetchall() == [done]
    assert thinned(database, person).payloads == 7
    with database.connect() as connection:
        assert len(connection.execute(audit).fetchall()) == 2


def test_thinning_keeps_hash_and_instants_and_tells_the_next_build_of_it(
    database: Database, person: Person
) -> None:
    columns = "event_id, content_hash, user_id, time, utc_offset, event_type, source, confidence, ingested_at"
    with database.connect() as connection:
        write_events(connection, day_events(person, DAY))
        before = connection.execute(f"select {columns} from raw.events order by event_id").fetchall()  # type: ignore[arg-type]
        connection.execute("delete from raw.change_queue")
    keep(database, person)
    thinned(database, person)
    with database.connect() as connection:
        after = connection.execute(f"select {columns} from raw.events order by event_id").fetchall()  # type: ignore[arg-type]
        arrived = connection.execute("select event_id from raw.change_queue order by event_id").fetchall()
        empty = connection.execute("select bool_or(ops.is_empty_payload(data)) from raw.events").fetchone()
    assert after == before
    assert arrived == [row[:1] for row in before]
    # To the ledger a thinned day is a day with data.
    assert empty == (False,)


def test_a_build_of_what_arrived_gives_what_a_full_one_gives_thinned_days_too(
    marts: Marts, database: Database, person: Person, other: Person
) -> None:
    # So much else that what is touched is the smaller part.
    beside = [event for n in range(40) for event in day_events(other, DAY + n * ONE)]
    marts.write(*life(person), *beside)
    assert marts.build_planned()["int_samples__by_day"] == "full"
    keep(database, person)
    thinned(database, person)
    gone = day_events(other, DAY, kinds=["steps_intervals"])[0]
    tombstone = Event(other.user_id, NOW, None, "deleted", "log", "gone", {"event_id": str(gone.event_id)})
    marts.write(
        *day_events(person, DAY, beat=77, kinds=["stress", "heart_rate"]),
        *day_events(other, DAY, beat=44),
        tombstone,
    )
    modes = marts.build_planned()
    assert {
        modes[name] for name in ("int_samples__by_day", "int_sample_rollups__by_day", "samples_5min")
    } == {"incremental"}
    touched = [*rollups(marts), samples(marts)]
    marts.selected = ["int_samples__by_day+", "int_sample_rollups__by_day+"]
    marts.build("--full-refresh")
    assert [*rollups(marts), samples(marts)] == touched
    assert {row[1] for row in samples(marts) if row[0] == person.user_id} == {
        DAY,
        OLDEST_KEPT,
        dt.date(2026, 5, 30),
    }


@pytest.mark.parametrize(("wanted", "payloads"), [(None, 7), (100, 7), (60, 14)])
def test_who_wants_more_kept_while_it_runs_keeps_what_was_not_reached(
    database: Database, person: Person, wanted: int | None, payloads: int
) -> None:
    with database.connect() as connection:
        for day in (DAY - 60 * ONE, DAY, OLDEST_KEPT - 20 * ONE):
            write_events(connection, day_events(person, day))
    keep(database, person)
    steps = downsample(database, person, NOW)
    assert next(steps).payloads == 7
    keep(database, person, wanted)
    assert 7 + sum(steps, Downsampled()).payloads == payloads
    with database.connect() as connection:
        whole = connection.execute("select count(*) from raw.events where not data ? 'thinned'").fetchone()
    assert whole == (21 - payloads,)
