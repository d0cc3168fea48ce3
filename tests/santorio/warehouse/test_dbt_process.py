"""dbt in a process of its own says what dbt in this process says."""

import pytest

from santorio.errors import StorageError
from santorio.warehouse.dbt_process import run_dbt_process
from santorio.warehouse.dbt_runner import run_dbt


def about(results):
    return sorted((row["unique_id"], row["status"]) for row in results)


def test_results_and_events_are_those_of_dbt_in_this_process(built_database, tmp_path):
    arguments = ["build", "--select", "metrics", "stg_logs__caffeine"]
    events = []
    here = run_dbt(built_database, arguments, target=tmp_path / "here")
    there = run_dbt_process(built_database, arguments, target=tmp_path / "there", on_event=events.append)
    assert about(here) == about(there)
    assert {event["data"]["node_info"]["unique_id"] for event in events} == {
        row["unique_id"] for row in there
    }
    assert {event["info"]["name"] for event in events} >= {"LogSeedResult", "LogModelResult", "LogTestResult"}


def test_an_error_of_dbt_is_raised_here(built_database, tmp_path):
    with pytest.raises(StorageError, match="nothing_of_that_name"):
        run_dbt_process(
            built_database, ["build", "--select", "a", "--selector", "nothing_of_that_name"], target=tmp_path
        )
