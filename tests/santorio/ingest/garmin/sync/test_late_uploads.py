"""A watch that syncs late: Garmin's server learns of old days, the next sync notices, and the marts show it."""

import datetime as dt
from pathlib import Path

import pytest

from santorio.storage.database.engine import Database
from support.warehouse import TABLES, failures, run_dbt

FEW = ("daily_summary", "sleep", "heart_rate", "stress", "respiration")
OF_A_DAY = ("sleep", "heart_rate", "stress", "respiration")
SINCE = dt.date(2026, 3, 15)
TODAY = dt.date(2026, 3, 20)


def build(database: Database, folder: Path) -> None:
    """Bring the mart of nights up to date."""
    assert failures(run_dbt(database, folder, *TABLES, "--select", "+nights")) == []


def at(day: dt.date, hour: int) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), dt.UTC)


def heart_rates(home, day: dt.date) -> list[int]:
    """How many samples each version of a day has, the oldest version first."""
    return [
        count
        for (count,) in home.rows(
            "select case jsonb_typeof(data -> 'heartRateValues') when 'array'"
            " then jsonb_array_length(data -> 'heartRateValues') else 0 end from raw.events"
            " where event_type = 'garmin.heart_rate' and metadata ->> 'day' = %s order by ingested_at",
            day.isoformat(),
        )
    ]


def test_a_settled_day_that_the_watch_syncs_whole_later_is_noticed_by_its_summary(my_home) -> None:
    life = my_home.account.simulation.life
    # A day of which the watch uploaded half, and the rest two days later.
    index = max(day for day in life.wear.synced_until if day < life.clock.days - 5)
    late = life.clock.date(index)
    my_home.server.now = at(late + dt.timedelta(days=2), 5)
    my_home.sync(since=late, kinds=FEW)
    my_home.sync(kinds=FEW)
    assert {my_home.ledger(kind)[late] for kind in OF_A_DAY} <= {"final", "empty"}
    [half] = heart_rates(my_home, late)
    my_home.server.now = at(late + dt.timedelta(days=5), 20)
    my_home.sync(kinds=FEW)
    assert heart_rates(my_home, late) == [half, len(life.trace(index).heart_rate_at)]
    my_home.sync(kinds=FEW)
    assert {kind: my_home.ledger(kind)[late] for kind in OF_A_DAY} == {
        **dict.fromkeys(OF_A_DAY, "final"),
        "sleep": "final" if life.wear.night_seen(index) else "empty",
    }
    assert len(heart_rates(my_home, late)) == 2


SILENT = [dt.date(2026, 3, 17), dt.date(2026, 3, 18)]


def sync_while_the_watch_is_silent(home) -> None:
    """Sync twice while nothing was uploaded since the 16th at noon: the days after it settle as empty."""
    home.server.silent_since[home.account.display_name] = at(dt.date(2026, 3, 16), 12)
    home.sync(since=SINCE, kinds=FEW)
    home.sync(kinds=FEW)
    assert {home.ledger(kind)[day] for kind in OF_A_DAY for day in SILENT} == {"empty"}


def test_days_that_a_silent_watch_brings_all_at_once_are_fetched_with_the_next_sync(my_home) -> None:
    sync_while_the_watch_is_silent(my_home)
    my_home.server.silent_since.clear()
    my_home.sync(kinds=FEW)
    life = my_home.account.simulation.life
    for day in SILENT:
        complete = len(life.trace((day - life.clock.first_day).days).heart_rate_at)
        assert heart_rates(my_home, day) == [0, complete]
    assert {my_home.ledger("heart_rate")[day] for day in SILENT} == {"provisional"}
    my_home.sync(kinds=FEW)
    assert {my_home.ledger("heart_rate")[day] for day in SILENT} == {"final"}


@pytest.mark.slow
def test_days_that_a_silent_watch_brings_all_at_once_reach_the_marts(my_home, tmp_path) -> None:
    sync_while_the_watch_is_silent(my_home)
    build(my_home.database, tmp_path)
    nights = "select day from marts.nights where sleep_minutes is not null order by day"
    before = {day for (day,) in my_home.rows(nights)}
    assert max(before) <= dt.date(2026, 3, 16)
    my_home.server.silent_since.clear()
    my_home.sync(kinds=FEW)
    build(my_home.database, tmp_path)
    life = my_home.account.simulation.life
    seen = {
        life.clock.date(index)
        for index in range(life.clock.days)
        if life.wear.night_seen(index) and SINCE <= life.clock.date(index) < TODAY
    }
    # Of the last day the watch has uploaded half: its night comes later.
    assert {day for (day,) in my_home.rows(nights)} == seen
    assert len(seen - before) >= 3


def test_old_days_that_garmin_put_away_are_asked_back_once_and_come_whole(my_home) -> None:
    put_away = [TODAY - dt.timedelta(days=days) for days in range(12, 8, -1)]
    my_home.server.archived_before = TODAY - dt.timedelta(days=8)
    my_home.sync(since=put_away[0], kinds=FEW)
    reloads = [path for method, path, _ in my_home.server.requests if method == "POST" and "epoch" in path]
    life = my_home.account.simulation.life
    worn = [day for day in put_away if life.wear.worn((day - life.clock.first_day).days)]
    assert sorted(path.rsplit("/", 1)[-1] for path in reloads) == [day.isoformat() for day in worn]
    assert {my_home.ledger("heart_rate")[day] for day in worn} == {"provisional"}
    assert [heart_rates(my_home, day) for day in worn] == [[0]] * len(worn)
    [report] = my_home.sync(kinds=FEW)
    assert report.calls_left == 0
    assert not [path for method, path, _ in my_home.server.requests if method == "POST"]
    for day in worn:
        archived, complete = heart_rates(my_home, day)
        assert (archived, complete > 500) == (0, True)
    my_home.sync(kinds=FEW)
    assert {my_home.ledger(kind)[day] for kind in OF_A_DAY for day in worn} == {"final"}


def test_what_garmin_does_not_bring_back_is_final_as_it_is_and_not_asked_for_again(my_home) -> None:
    day = TODAY - dt.timedelta(days=10)
    my_home.server.archived_before = TODAY - dt.timedelta(days=8)
    for _ in range(3):
        my_home.sync(since=day, until=day, kinds=("heart_rate",))
        my_home.server.reloaded.clear()  # Garmin accepted the request, and did not reload
    assert my_home.ledger("heart_rate") == {day: "final"}
    assert heart_rates(my_home, day) == [0]
    assert my_home.rows("select count(*) from ops.garmin_reloads where requested_at is not null") == [(1,)]
    [report] = my_home.sync(since=day, until=day, kinds=("heart_rate",))
    assert report.calls == 0
