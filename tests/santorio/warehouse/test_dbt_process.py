"""dbt in a process of its own says what dbt in this process says."""

import pytest

from santorio.errors import StorageError
from santorio.warehouse.dbt_process import DbtProcess
from santorio.warehouse.dbt_runner import run_dbt


@pytest.fixture(scope="module")
def process():
    with DbtProcess() as process:
        yield process


def about(results):
    return sorted((row["unique_id"], row["status"]) for row in results)


def test_results_and_events_are_those_of_dbt_in_this_process(process, built_database, tmp_path):
    arguments = ["build", "--select", "metrics", "stg_logs__caffeine"]
    events = []
    here = run_dbt(built_database, arguments, target=tmp_path / "here")
    there = process.run(built_database, arguments, target=tmp_path / "there", on_event=events.append)
    assert about(here) == about(there)
    assert {event["data"]["node_info"]["unique_id"] for event in events} == {
        row["unique_id"] for row in there
    }
    assert {event["info"]["name"] for event in events} >= {"LogSeedResult", "LogModelResult", "LogTestResult"}


def test_an_error_of_dbt_is_raised_here_and_the_process_goes_on(process, built_database, tmp_path):
    with pytest.raises(StorageError, match="nothing_of_that_name"):
        process.run(built_database, ["build", "--selector", "nothing_of_that_name"], target=tmp_path)
    assert process.run(built_database, ["run", "--select", "stg_logs__caffeine"], target=tmp_path)


def test_a_process_that_was_killed_is_an_error(built_database, tmp_path):
    with DbtProcess() as process:
        process._process.kill()
        with pytest.raises(StorageError, match="before it had answered"):
            process.run(built_database, ["run", "--select", "stg_logs__caffeine"], target=tmp_path)
