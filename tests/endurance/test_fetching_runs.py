"""Runs of the asset that asks Garmin, as Dagster makes them: in processes, over ranges, after a refusal."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from assets.garmin_sync import PEOPLE_PER_CHUNK, garmin_account
from pipelines.resources import resources_from_environment
from santorio.ingest.garmin.account import Region
from santorio.ingest.garmin.login import LoginContext, use_token
from santorio.people import ensure_person
from santorio.settings import Settings
from santorio.simulator.files import simulate
from santorio.simulator.server import Account, Fault, GarminServer, run_server
from santorio.storage.database.engine import Database

LAST_DAY = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=30)
FIRST_DAY = LAST_DAY - dt.timedelta(days=2)
PEOPLE = PEOPLE_PER_CHUNK + 1
RANGE = {
    "dagster/asset_partition_range_start": FIRST_DAY.isoformat(),
    "dagster/asset_partition_range_end": LAST_DAY.isoformat(),
}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def fetching_in_processes() -> dg.JobDefinition:
    """The job over Dagster's multiprocess executor: every step, and so every chunk, a process of its own."""
    job = dg.define_asset_job(
        "garmin_sync", selection=[garmin_account.key], executor_def=dg.multiprocess_executor
    )
    return dg.Definitions(
        assets=[garmin_account], jobs=[job], resources=resources_from_environment()
    ).resolve_job_def("garmin_sync")


@pytest.fixture
def environment(database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTORIO_HOME", str(home))
    monkeypatch.setenv("SANTORIO_DATABASE_URL", database.url)
    monkeypatch.setenv("SANTORIO_GARMIN_REQUESTS_PER_SECOND", "10000")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    monkeypatch.syspath_prepend(Path(__file__).parent)
    # The processes of a run find this module, and ours.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.get() as made:
        yield made


def household(count: int) -> list[Account]:
    return [
        Account(
            f"person{number}@example.org",
            "correct-horse",
            simulate(days=4, seed=number, last_day=LAST_DAY, profile=5000 + number),
        )
        for number in range(count)
    ]


def connect_all(
    database: Database, home: Path, server: GarminServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANTORIO_GARMIN_URL", server.url)
    settings = Settings(home=home, garmin_url=server.url)
    for number, account in enumerate(server.accounts.values()):
        with database.connect() as connection:
            somebody = ensure_person(connection, f"person {number}", "Europe/Berlin")
        use_token(LoginContext(database, settings, somebody, Region.GLOBAL), SecretStr(server.token(account)))


def days_of_sleep(database: Database) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(
            "select name, min(day), max(day), count(*) from ops.coverage join ops.people using (user_id)"
            " where kind = 'sleep' and status in ('final', 'empty') group by name order by name"
        ).fetchall()


def materialized(instance: dg.DagsterInstance) -> dict[str, object]:
    event = instance.get_latest_materialization_event(garmin_account.key)
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_people_in_chunks_are_asked_by_processes_side_by_side_and_counted_together(
    database: Database, home: Path, environment: None, instance: dg.DagsterInstance, monkeypatch
) -> None:
    with run_server(household(PEOPLE)) as server:
        connect_all(database, home, server, monkeypatch)
        with dg.execute_job(
            dg.reconstructable(fetching_in_processes), instance=instance, tags=RANGE
        ) as result:
            assert result.success
            asked = {event.step_key for event in result.all_events if event.is_step_success}
    assert {"garmin__account.sync_people[chunk_1]", "garmin__account.sync_people[chunk_2]"} <= asked
    said = materialized(instance)
    assert (said["people done"], said["gaps_left"]) == (PEOPLE, 0)
    assert days_of_sleep(database) == [
        (f"person {number}", FIRST_DAY, LAST_DAY, 3) for number in range(PEOPLE)
    ]


def test_a_backfill_over_daily_partitions_is_one_run_that_asks_for_each_range_once(
    database: Database, home: Path, environment: None, instance: dg.DagsterInstance, monkeypatch
) -> None:
    with run_server(household(1)) as server:
        connect_all(database, home, server, monkeypatch)
        server.requests.clear()
        command = ["asset", "materialize", "-m", "pipelines.definitions", "--select", "key:garmin/account"]
        made = subprocess.run(
            [sys.executable, "-m", "dagster", *command, "--partition-range", f"{FIRST_DAY}...{LAST_DAY}"],
            env=os.environ, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr[-2000:]
        ranges = [path for _, path, _ in server.requests if "stats/steps/daily" in path]
    assert len(instance.get_runs()) == 1
    days = {FIRST_DAY + dt.timedelta(days=offset) for offset in range(3)}
    assert instance.get_materialized_partitions(garmin_account.key) == {day.isoformat() for day in days}
    assert ranges == [f"/usersummary-service/stats/steps/daily/{FIRST_DAY}/{LAST_DAY}"]
    assert days_of_sleep(database) == [("person 0", FIRST_DAY, LAST_DAY, 3)]


def test_after_a_refusal_the_run_waits_as_long_as_garmin_asked_and_then_ends_well(
    database: Database, home: Path, environment: None, instance: dg.DagsterInstance, monkeypatch
) -> None:
    seconds = 125  # longer than a sync waits by itself
    with run_server(household(1)) as server:
        connect_all(database, home, server, monkeypatch)
        server.faults.add(Fault("429", path="/wellness-service", retry_after=seconds))
        server.requests.clear()
        with dg.execute_job(
            dg.reconstructable(fetching_in_processes), instance=instance, tags=RANGE
        ) as result:
            assert result.success
            [retried] = [event for event in result.all_events if event.is_step_up_for_retry]
        refused = [number for number, (_, _, status) in enumerate(server.requests) if status == 429]
    assert seconds - 30 < retried.step_retry_data.seconds_to_wait <= seconds + 1
    assert len(refused) == 1
    assert materialized(instance)["gaps_left"] == 0
    assert days_of_sleep(database) == [("person 0", FIRST_DAY, LAST_DAY, 3)]
