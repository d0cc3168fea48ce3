"""dbt's models as assets: the marts, and behind the models the views of the API.

Two dbt assets, because the API's views read what the models publish, and the models read the marts.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from santorio.database.engine import Database
from santorio.settings import Settings
from santorio.warehouse import PROJECT, building, dbt_environment, ensure_manifest

MANIFEST: Path = ensure_manifest()
PROJECT_OF_DBT = DbtProject(project_dir=PROJECT)


class ByLayer(DagsterDbtTranslator):  # type: ignore[misc]
    """Groups models by their layer (staging, intermediate, marts, api) and describes them in words."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Name of the folder below `models/`."""
        return str(dbt_resource_props["fqn"][1])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Words of the model alone: its SQL is for who reads the code."""
        return str(dbt_resource_props["description"])


TRANSLATOR = ByLayer()
API_VIEWS = "path:models/api"


def _build(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    settings: Settings,
    arguments: Sequence[str] = (),
) -> Iterator[object]:
    """Run `dbt build` for the assets that this run selected.

    Its target folder is the home's, the same in every run: there dbt finds what it parsed before, which saves
    seconds. dbt's unit tests are about made-up rows; they are run by the project's own tests. Its log of every
    statement is left out: to write it takes longer than to run them.
    """
    command = ["--log-level-file", "none", "build", "--exclude-resource-type", "unit_test", *arguments]
    yield from dbt.cli(command, context=context, target_path=settings.dbt_target).stream()


def _up_to_date(context: dg.AssetExecutionContext, made: set[str]) -> Iterator[dg.Output[None]]:
    """Say of what was selected and not made that it is up to date: what stands behind it waits for that."""
    for name, key in context.assets_def.keys_by_output_name.items():
        if key in context.selected_asset_keys and name not in made:
            yield dg.Output(None, output_name=name, metadata={"state": "up to date"})


@dbt_assets(  # type: ignore[untyped-decorator]
    manifest=MANIFEST,
    project=PROJECT_OF_DBT,
    exclude=API_VIEWS,
    dagster_dbt_translator=TRANSLATOR,
    name="marts",
)
def marts(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
) -> Iterator[object]:
    """Parse, clean and gather the log into one row a day, a night, an activity, an exposure.

    Made again is what arrivals touch, and what is of other logic than what made it.
    """
    made: set[str] = set()
    with building(database, is_whole=not context.is_subset) as build:
        if build.is_needed:
            with dbt_environment(database, build.environment):
                for event in _build(context, dbt, settings, build.arguments):
                    if isinstance(event, dg.Output):
                        made.add(event.output_name)
                    yield event
        else:
            context.log.info("Nothing arrived and no logic changed: everything is up to date.")
    yield from _up_to_date(context, made)


@dbt_assets(  # type: ignore[untyped-decorator]
    manifest=MANIFEST,
    project=PROJECT_OF_DBT,
    select=API_VIEWS,
    dagster_dbt_translator=TRANSLATOR,
    name="api_views",
)
def api_views(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
) -> Iterator[object]:
    """Publish the marts and the models' results to the read API, under row level security."""
    with dbt_environment(database):
        yield from _build(context, dbt, settings)
