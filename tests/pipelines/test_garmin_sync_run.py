"""The asset that asks Garmin: people in chunks, one person's trouble nobody else's, counts in its metadata."""

import datetime as dt

import dagster as dg
import pytest
from pydantic import SecretStr

from assets.garmin_sync import PEOPLE_PER_CHUNK, garmin_account, options_for, sync_chunk
from pipelines.definitions import defs
from santorio.ingest.garmin import circuit_breaker
from santorio.ingest.garmin.account import Region
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.ingest.garmin.login import LoginContext, use_token
from santorio.people import all_people, ensure_person
from santorio.settings import Settings
from santorio.simulator.server import Fault, run_server
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from support.process_kill import LAST_DAY, past_account, without_files

WINDOW = (LAST_DAY - dt.timedelta(days=1), LAST_DAY)


def run(database: Database, settings: Settings) -> dg.ExecuteInProcessResult:
    job = dg.define_asset_job(
        "garmin_sync", selection=[garmin_account.key], executor_def=dg.in_process_executor
    )
    definitions = dg.Definitions(
        assets=[garmin_account], jobs=[job],
        resources={
            "database": database, "settings": settings, "object_store": FolderStore(settings.objects_path),
        },
    )  # fmt: skip
    tags = {
        "dagster/asset_partition_range_start": WINDOW[0].isoformat(),
        "dagster/asset_partition_range_end": WINDOW[1].isoformat(),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def("garmin_sync").execute_in_process(
            instance=instance,
            tags=tags,
            raise_on_error=False,
        )


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """What is said of the asset; of each partition of a run it is the same."""
    made = next(event for event in result.all_events if event.is_step_materialization)
    said = made.step_materialization_data.materialization.metadata
    return {name: value.value for name, value in said.items() if not name.startswith("dagster")}


@pytest.fixture
def fast(settings: Settings) -> Settings:
    return settings.model_copy(update={"garmin_requests_per_second": 10_000.0})


def connect(database: Database, settings: Settings, name: str, token: str) -> None:
    with database.connect() as connection:
        somebody = ensure_person(connection, name, "Europe/Berlin")
    use_token(LoginContext(database, settings, somebody, Region.GLOBAL), SecretStr(token))


def test_nobody_connected_costs_nothing_and_fails_nothing(database: Database, fast: Settings) -> None:
    with database.connect() as connection:
        ensure_person(connection, "without account", "UTC")
    result = run(database, fast)
    assert result.success
    assert metadata(result) == {"requests": 0, "events_new": 0, "days_settled": 0, "gaps_left": 0}


def test_a_run_that_reaches_today_is_about_each_persons_own_today() -> None:
    first, last = WINDOW
    assert options_for(WINDOW, today=last).until is None
    assert options_for(WINDOW, today=last + dt.timedelta(days=1)).until == last
    assert options_for(WINDOW, today=last).since == first


def test_a_run_asks_for_its_days_and_says_in_counts_what_came(database: Database, fast: Settings) -> None:
    account = past_account()
    with run_server([account]) as server:
        without_files(server)
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(account))
        result = run(database, fast)
        assert result.success
        said = metadata(result)
    assert said["people done"] == 1
    assert said["requests"] > 30
    assert said["events_new"] > 50
    assert said["days_settled"] >= 2 * 25
    assert said["gaps_left"] == 0
    with database.connect() as connection:
        days = connection.execute(
            "select min(day), max(day) from ops.coverage where kind = 'sleep'"
        ).fetchone()
    assert days == WINDOW


def test_a_login_that_ended_is_said_and_fails_nothing(database: Database, fast: Settings) -> None:
    account = past_account()
    with run_server([account]) as server:
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(account))
        server.tokens.revoke(account)
        result = run(database, fast)
        assert result.success
        assert metadata(result)["people needs login"] == 1


def ask_during(database: Database, settings: Settings, pause: dt.timedelta) -> None:
    """Ask for the only person in one step of a run, while Garmin wants a pause."""
    with database.connect(autocommit=True) as connection:
        circuit_breaker.open_circuit(connection, pause)
        chunk = [str(person.user_id) for person in all_people(connection)]
    context = dg.build_op_context(
        partition_key_range=dg.PartitionKeyRange(WINDOW[0].isoformat(), WINDOW[1].isoformat())
    )
    sync_chunk(context, chunk, database, FolderStore(settings.objects_path), settings)


def test_a_short_pause_of_garmins_is_waited_for_to_its_end_and_costs_no_request(
    database: Database, fast: Settings
) -> None:
    with run_server([past_account()]) as server:
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(*server.accounts.values()))
        server.requests.clear()
        with pytest.raises(dg.RetryRequested) as again:
            ask_during(database, fast, dt.timedelta(minutes=5))
        assert server.requests == []
    assert 290 < again.value.seconds_to_wait <= 301


def test_a_long_pause_of_garmins_fails_the_chunk_at_once_and_says_what_is_missing(
    database: Database, fast: Settings
) -> None:
    with run_server([past_account()]) as server:
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(*server.accounts.values()))
        server.requests.clear()
        with pytest.raises(dg.Failure) as failed:
            ask_during(database, fast, dt.timedelta(hours=1))
        assert server.requests == []
    assert failed.value.allow_retries is False
    said = {name: value.value for name, value in failed.value.metadata.items()}
    assert said["people rate limited"] == 1
    assert said["gaps_left/sleep"] == said["gaps_left/steps"] == 2
    of_days = [one for one in ENDPOINTS if one.is_default and one.grain == "days"]
    assert said["gaps_left"] == 2 * len(of_days)


def test_holes_are_counted_by_kind_and_are_gone_with_the_next_run(database: Database, fast: Settings) -> None:
    with run_server([past_account()]) as server:
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(*server.accounts.values()))
        server.faults.add(Fault("schema", path="/wellness-service/wellness/dailySleepData", times=None))
        server.faults.add(Fault("schema", path="/usersummary-service/stats/steps", times=None))
        said = metadata(run(database, fast))
        assert said["gaps_left"] == 4
        assert (said["gaps_left/sleep"], said["gaps_left/steps"]) == (2, 2)
        server.faults.clear()
        said = metadata(run(database, fast))
    assert said["gaps_left"] == 0
    assert not [name for name in said if name.startswith("gaps_left/")]


def test_the_asset_is_partitioned_by_day_filled_back_in_one_run_and_has_a_freshness_policy() -> None:
    spec = garmin_account.get_asset_spec(garmin_account.key)
    assert isinstance(garmin_account.partitions_def, dg.DailyPartitionsDefinition)
    assert garmin_account.backfill_policy == dg.BackfillPolicy.single_run()
    assert spec.freshness_policy == dg.FreshnessPolicy.time_window(
        fail_window=dt.timedelta(hours=48), warn_window=dt.timedelta(hours=12)
    )
    # Attached where Dagster's daemon looks: in the code location that is served.
    assert defs.resolve_asset_graph().get(garmin_account.key).freshness_policy == spec.freshness_policy
    assert PEOPLE_PER_CHUNK > 1
