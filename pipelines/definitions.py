"""What `workspace.yaml` loads: assets, checks, sensors, schedules and jobs, put together once."""

from collections.abc import Mapping

import dagster as dg

import assets
from pipelines.jobs import study, sync, take_in
from pipelines.progress import progress
from pipelines.resources import resources_from_environment
from sensors.ingestion import inbox, new_events
from sensors.schedules import every_four_hours, every_morning


def build_defs(resource_overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Assemble the code location; tests override resources by name."""
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=dg.load_asset_checks_from_package_module(assets),
        jobs=[take_in, sync, study],
        sensors=[inbox, new_events],
        schedules=[every_four_hours, every_morning],
        # The one place to name a distributed executor, which then spreads the chunks of people of a sync.
        executor=dg.in_process_executor,
        resources={**resources_from_environment(), **(resource_overrides or {})},
        loggers={"progress": progress, "console": dg.colored_console_logger},
    )


defs = build_defs()
