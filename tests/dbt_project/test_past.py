"""Every mart as it would have been at a past instant: newer versions and deletions are not known yet."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from santorio.errors import ConfigError, DatabaseBusy
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, lock_session
from santorio.warehouse.as_of import build_past

STATE = "select model, mode, built_fingerprint, built_at from ops.models order by model"


def slept(score: int) -> dict[str, object]:
    return {
        "dailySleepDTO": {"calendarDate": "2026-03-02", "sleepTimeSeconds": 60 * score, "sleepScores": {}}
    }


def now(warehouse: Database) -> dt.datetime:
    with warehouse.connect() as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    return row[0]


def test_what_was_known_then_is_built_beside_what_is_known_now_and_by_one_at_a_time(
    build: Any, warehouse: Database, log: Any, rows: Any, dbt_folder: Path
) -> None:
    log.garmin("sleep", "2026-03-02", slept(400))
    log.entry("mood", "2026-03-02T21:00+01:00", rating=7)
    log.entry("weight", "2026-03-02T07:00+01:00", weight_kg=70)
    coffee = log.entry("caffeine", "2026-03-02T09:00+01:00", amount_mg=100)
    build()
    then = now(warehouse)
    log.garmin("sleep", "2026-03-02", slept(300))
    log.delete(coffee)
    log.garmin(
        "sleep", "2026-03-03", {"dailySleepDTO": {"calendarDate": "2026-03-03", "sleepTimeSeconds": 60}}
    )
    build()
    with warehouse.connect() as connection:
        before = connection.execute(STATE).fetchall()
    seen: list[tuple[int, int]] = []
    refused: list[object] = []

    def meanwhile(done: int, models: int) -> None:
        seen.append((done, models))
        if not refused:
            with pytest.raises(DatabaseBusy) as found:
                build_past(warehouse, dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dbt_folder)
            refused.append(found)

    counts = build_past(warehouse, then, dbt_folder, progress=meanwhile)

    assert rows("past_marts.nights", "day::text, sleep_minutes") == [
        {"day": "2026-03-02", "sleep_minutes": 400}
    ]
    assert [row["value"] for row in rows("past_marts.exposures", "value", order="value desc")] == [
        100,
        0,
    ]
    assert rows("marts.nights", "day::text, sleep_minutes") == [
        {"day": "2026-03-02", "sleep_minutes": 300},
        {"day": "2026-03-03", "sleep_minutes": 1},
    ]
    assert rows("marts.exposures") == []
    assert counts["nights"] >= 1
    assert seen[-1][0] == seen[-1][1]
    assert refused
    # Where a model fails, a file of logs or of results would quote the rows that it failed on.
    written = {path.name for path in (dbt_folder / "past").rglob("*") if path.is_file()}
    assert not written & {"dbt.log", "run_results.json"}
    with warehouse.connect() as connection:
        assert (
            connection.execute(STATE).fetchall() == before
        )  # the next build of today's owes nothing to this one
        said = connection.execute("select obj_description('past_marts'::regnamespace)").fetchone()
    assert said == (f"As known at {then.astimezone(dt.UTC).isoformat()}",)


@pytest.mark.slow
def test_what_is_known_now_is_what_the_marts_of_today_tell(
    build: Any, warehouse: Database, log: Any, rows: Any, dbt_folder: Path
) -> None:
    log.garmin("sleep", "2026-03-02", slept(400))
    log.entry("mood", "2026-03-02T21:00+01:00", rating=7)
    build()
    log.garmin("sleep", "2026-03-02", slept(300))
    build()
    build_past(warehouse, now(warehouse), dbt_folder)
    with warehouse.connect() as connection:
        marts = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
    assert len(marts) > 15
    whole = {mart: f"{mart}::text" for (mart,) in marts}
    assert {
        mart
        for mart, order in whole.items()
        if rows(f"past_marts.{mart}", order=order) != rows(f"marts.{mart}", order=order)
    } == set()


@pytest.fixture
def former(warehouse: Database) -> Iterator[Database]:
    """A warehouse in which somebody built the past before."""
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists past_marts")
        connection.execute("create table past_marts.of_an_earlier_build ()")
    yield warehouse
    with warehouse.connect() as connection:
        connection.execute("drop schema if exists past_marts cascade")


def is_there(database: Database) -> bool:
    with database.connect() as connection:
        found = connection.execute("select to_regclass('past_marts.of_an_earlier_build')").fetchone()
    assert found is not None
    return found[0] is not None


@pytest.mark.parametrize(
    "at",
    [
        "2026-03-01T12:00",
        "2999-01-01T00:00+00:00",
        "0001-01-01T00:00+14:00",
        "0001-01-01T00:00+00:00",
        "9999-12-31T23:59-14:00",
    ],
)
def test_an_instant_that_no_log_can_have_is_refused_before_anything_is_dropped(
    former: Database, dbt_folder: Path, at: str
) -> None:
    with pytest.raises(ConfigError):
        build_past(former, dt.datetime.fromisoformat(at), dbt_folder)
    assert is_there(former)


def test_two_builds_of_the_past_do_not_mix(former: Database, dbt_folder: Path) -> None:
    with former.connect() as other:
        lock_session(other, Lock.BUILD_AS_OF)
        with pytest.raises(DatabaseBusy):
            build_past(former, now(former), dbt_folder)
    assert is_there(former)
