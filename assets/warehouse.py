"""dbt's models as assets: the marts, and behind the models the views of the API.

Two dbt assets, because the API's views read what the models publish, and the models read the marts.
"""

from collections.abc import Iterator, Mapping
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
from santorio.warehouse import PROJECT, Build, building, dbt_environment, ensure_manifest

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
    context: dg.AssetExecutionContext, dbt: DbtCliResource, database: Database, settings: Settings
) -> Iterator[object]:
    """Run `dbt build` for the assets that this run selected.

    Its target folder is the home's, the same in every run: there dbt finds what it parsed before, which saves
    seconds. dbt's unit tests are about made-up rows; they are run by the project's own tests.
    """
    command = ["build", "--exclude-resource-type", "unit_test"]
    with dbt_environment(database):
        yield from dbt.cli(command, context=context, target_path=settings.dbt_target).stream()


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
    """Parse, clean and gather the log into one row a day, a night, an activity, an exposure."""
    yield from _build(context, dbt, database, settings)


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
    yield from _build(context, dbt, database, settings)
