"""The code location holds together: lineage from raw to api, jobs, sensors, partitions."""

import dagster as dg
import pytest

from pipelines.definitions import defs


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


def key(path: str) -> dg.AssetKey:
    return dg.AssetKey(path.split("/"))


def ancestors(graph, asset: dg.AssetKey) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    waiting = [asset]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


@pytest.mark.parametrize(
    ("view", "origins"),
    [
        ("api/days", {"inbox/garmin_files", "garmin/payloads", "inbox/logs"}),
        ("api/nights", {"garmin/payloads"}),
        ("api/activities", {"garmin/payloads", "inbox/fit_files"}),
        ("api/effects", {"analysis/effects", "marts/outcomes", "marts/exposures", "garmin/payloads"}),
        ("api/baselines", {"analysis/baselines", "marts/outcomes", "marts/day_quality", "garmin/payloads"}),
        ("api/population", {"analysis/population", "analysis/effects", "analysis/trials", "garmin/payloads"}),
        ("api/trials", {"analysis/trials", "analysis/proposals", "marts/trials", "inbox/trials"}),
    ],
)
def test_lineage_runs_from_what_came_in_to_what_the_api_shows(graph, view, origins):
    assert {key(origin) for origin in origins} <= ancestors(graph, key(view))


def test_every_asset_that_is_asked_for_is_one_that_we_make(graph):
    external = {asset.to_user_string() for asset in graph.external_asset_keys}
    # Written beside the assets by the library: who there is, the ledger, each fit's record, what thinning kept.
    assert external == {"ops/people", "ops/coverage", "analysis/runs", "raw/retained_rollups"}


def test_garmin_days_are_partitioned_by_day_and_filled_back_in_one_run(graph):
    payloads = graph.get(key("garmin/payloads"))
    assert isinstance(payloads.partitions_def, dg.DailyPartitionsDefinition)
    assert payloads.backfill_policy == dg.BackfillPolicy.single_run()


def test_the_three_jobs_hold_every_asset_between_them(graph):
    held = [
        defs.resolve_job_def(name).asset_layer.selected_asset_keys
        for name in ("ingest", "garmin_sync", "refresh")
    ]
    assert set().union(*held) == set(graph.materializable_asset_keys)
    assert sum(map(len, held)) == len(set().union(*held))


def test_sensors_and_schedules_run_without_being_switched_on():
    assert {sensor.name: sensor.default_status for sensor in defs.sensors} == {
        "inbox_sensor": dg.DefaultSensorStatus.RUNNING, "event_log_sensor": dg.DefaultSensorStatus.RUNNING,
    }  # fmt: skip
    assert {schedule.name: schedule.default_status for schedule in defs.schedules} == {
        "garmin_sync_schedule": dg.DefaultScheduleStatus.RUNNING,
        "daily_refresh_schedule": dg.DefaultScheduleStatus.RUNNING,
    }  # fmt: skip


def test_checks_guard_the_boundary_and_the_models(graph):
    names = {check.name for check in graph.asset_check_keys}
    assert {"payloads_plausible", "logs_plausible", "nights_one_to_one",
            "effects_converged", "trials_converged"} <= names  # fmt: skip
