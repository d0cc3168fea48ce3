"""The asset that asks Garmin: people in chunks, one person's trouble nobody else's, counts in its metadata."""

import datetime as dt

import dagster as dg
import pytest
from killing import LAST_DAY, past_account, without_files
from pydantic import SecretStr

from assets.fetching import PEOPLE_IN_A_CHUNK, ask_garmin, garmin_account
from santorio.database.engine import Database
from santorio.objects import FolderStore
from santorio.people import all_people, ensure_person
from santorio.settings import Settings
from santorio.sources.garmin import breaker
from santorio.sources.garmin.account import Region
from santorio.sources.garmin.login import Door, use_token
from santorio.sources.simulator.server import serving

WINDOW = (LAST_DAY - dt.timedelta(days=1), LAST_DAY)


def run(database: Database, settings: Settings) -> dg.ExecuteInProcessResult:
    job = dg.define_asset_job("sync", selection=[garmin_account.key], executor_def=dg.in_process_executor)
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
        return definitions.resolve_job_def("sync").execute_in_process(
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
    use_token(Door(database, settings, somebody, Region.GLOBAL), SecretStr(token))


def test_nobody_connected_costs_nothing_and_fails_nothing(database: Database, fast: Settings) -> None:
    with database.connect() as connection:
        ensure_person(connection, "without account", "UTC")
    result = run(database, fast)
    assert result.success
    assert metadata(result) == {"requests": 0, "events_new": 0, "days_settled": 0, "holes_left": 0}


def test_a_run_asks_for_its_days_and_says_in_counts_what_came(database: Database, fast: Settings) -> None:
    account = past_account()
    with serving([account]) as server:
        without_files(server)
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(account))
        result = run(database, fast)
        assert result.success
        said = metadata(result)
    assert said["people done"] == 1
    assert said["requests"] > 30
    assert said["events_new"] > 100
    assert said["days_settled"] >= 2 * 25
    assert said["holes_left"] == 0
    with database.connect() as connection:
        days = connection.execute(
            "select min(day), max(day) from ops.coverage where kind = 'sleep'"
        ).fetchone()
    assert days == WINDOW


def test_a_login_that_ended_is_said_and_fails_nothing(database: Database, fast: Settings) -> None:
    account = past_account()
    with serving([account]) as server:
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(account))
        server.tokens.revoke(account)
        result = run(database, fast)
        assert result.success
        assert metadata(result)["people needs login"] == 1


def test_while_nothing_may_be_asked_a_chunk_fails_without_a_request_and_is_tried_again(
    database: Database, fast: Settings
) -> None:
    account = past_account()
    with serving([account]) as server:
        fast = fast.model_copy(update={"garmin_url": server.url})
        connect(database, fast, "me", server.token(account))
        with database.connect(autocommit=True) as connection:
            breaker.trip(connection, dt.timedelta(hours=1))
            chunk = [str(person.user_id) for person in all_people(connection)]
        server.requests.clear()
        context = dg.build_op_context(
            partition_key_range=dg.PartitionKeyRange(WINDOW[0].isoformat(), WINDOW[1].isoformat())
        )
        with pytest.raises(dg.Failure) as failed:
            ask_garmin(context, chunk, database, FolderStore(fast.objects_path), fast)
        assert server.requests == []
    assert failed.value.metadata["why"].value == "rate_limited"
    assert (ask_garmin.retry_policy.max_retries, ask_garmin.retry_policy.backoff) == (
        2,
        dg.Backoff.EXPONENTIAL,
    )


def test_the_asset_is_partitioned_by_day_filled_back_in_one_run_and_has_a_freshness_policy() -> None:
    spec = garmin_account.get_asset_spec(garmin_account.key)
    assert isinstance(garmin_account.partitions_def, dg.DailyPartitionsDefinition)
    assert garmin_account.backfill_policy == dg.BackfillPolicy.single_run()
    assert spec.freshness_policy is not None
    assert PEOPLE_IN_A_CHUNK > 1
