"""dbt's models as assets: the marts, and behind the models the views of the API.

Two dbt assets, because the API's views read what the models publish, and the models read the marts.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from assets.checks.marts import must_be_sound
from santorio.errors import StorageError
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.warehouse import PROJECT, build_session, dbt_environment, ensure_manifest
from santorio.warehouse.dbt_errors import Discreet, failures
from santorio.warehouse.publish import make_views

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
    running = dbt.cli(command, context=context, target_path=settings.dbt_target, raise_on_error=False)
    with redirect_stdout(Discreet(sys.stdout)):
        yield from running.stream()
    if not running.is_successful():
        failed = failed_nodes(running)
        # What PostgreSQL says of a failure quotes rows: not in the error, and in no file.
        (settings.dbt_target / "run_results.json").unlink(missing_ok=True)
        raise StorageError(
            "The tables could not be made: " + ("; ".join(failed) or "dbt stopped early."),
            hint="What is shown stays as it was, and what arrived stays queued: the next run makes it.",
        )


def failed_nodes(running: DbtCliInvocation) -> list[str]:
    """Say what failed in a run of dbt; nothing where it did not come to its end."""
    try:
        return failures(running.get_artifact("run_results.json")["results"])
    except OSError:
        return []


class UpToDate:
    """Says of what was selected and not made that it is up to date, for what stands behind it waits for that.

    Each before all that reads it, as Dagster asks: so among what dbt makes, and not after it.
    """

    def __init__(self, definition: dg.AssetsDefinition, selected: AbstractSet[dg.AssetKey]) -> None:
        self.keys, self.reads = definition.keys_by_output_name, definition.asset_deps
        self.waiting = {key: name for name, key in self.keys.items() if key in selected}

    def before(self, event: object) -> Iterator[dg.Output[None]]:
        """Outputs of what dbt passed over on the way to what it made."""
        if isinstance(event, dg.Output):
            key = self.keys[event.output_name]
            self.waiting.pop(key, None)
            yield from self._settle(self.reads[key])

    def rest(self) -> Iterator[dg.Output[None]]:
        """Outputs of all that is left, when dbt has made everything that it had to."""
        yield from self._settle(list(self.waiting))

    def _settle(self, keys: Iterable[dg.AssetKey]) -> Iterator[dg.Output[None]]:
        for key in keys:
            if (name := self.waiting.pop(key, None)) is not None:
                yield from self._settle(self.reads[key])
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
    up_to_date = UpToDate(context.assets_def, context.selected_asset_keys)
    with build_session(database, is_whole=not context.is_subset) as build:
        if build.is_needed:
            with dbt_environment(database, build.environment):
                for event in _build(context, dbt, settings, build.arguments):
                    yield from up_to_date.before(event)
                    yield event
            if not context.is_subset:
                must_be_sound(database)
        else:
            context.log.info("Nothing arrived and no logic changed: everything is up to date.")
    if not context.is_subset:
        make_views(database, MANIFEST, settings.dbt_target)
    yield from up_to_date.rest()


@dbt_assets(  # type: ignore[untyped-decorator]
    manifest=MANIFEST,
    project=PROJECT_OF_DBT,
    select=API_VIEWS,
    dagster_dbt_translator=TRANSLATOR,
    name="api_views",
)
def api_views(
    context: dg.AssetExecutionContext,
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
) -> Iterator[object]:
    """Show the marts and the models' results to the read API, under row level security.

    The views read what is published as it is: they are made once, and where their logic changed.
    """
    make_views(database, MANIFEST, settings.dbt_target)
    yield from UpToDate(context.assets_def, context.selected_asset_keys).rest()
