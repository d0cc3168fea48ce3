"""What `workspace.yaml` loads: assets, checks, sensors, schedules and jobs, put together once."""

from collections.abc import Mapping

import dagster as dg

import assets
from pipelines.jobs import garmin_sync, ingest, refresh
from pipelines.progress import progress
from pipelines.resources import resources_from_environment
from sensors.ingestion import event_log_sensor, inbox_sensor
from sensors.schedules import daily_refresh_schedule, garmin_sync_schedule


def build_defs(resource_overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Assemble the code location; tests override resources by name."""
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=dg.load_asset_checks_from_package_module(assets),
        jobs=[ingest, garmin_sync, refresh],
        sensors=[inbox_sensor, event_log_sensor],
        schedules=[garmin_sync_schedule, daily_refresh_schedule],
        # The one place to name a distributed executor, which then spreads the chunks of people of a sync.
        executor=dg.in_process_executor,
        resources={**resources_from_environment(), **(resource_overrides or {})},
        loggers={"progress": progress, "console": dg.colored_console_logger},
    )


defs = build_defs()
