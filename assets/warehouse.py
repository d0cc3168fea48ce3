"""dbt's models as assets: the marts, and behind the models the views of the API.

Two dbt assets, because the API's views read what the analyses publish, and the analyses read the marts.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.warehouse import PROJECT, Build, build_session, ensure_manifest
from santorio.warehouse.dbt_process import DbtProcess
from santorio.warehouse.dbt_runner import BUILD, DbtEvent, RunDbt, check_results, run_dbt
from santorio.warehouse.publish import drop_retired_relations, make_views

MANIFEST: Path = ensure_manifest()
PROJECT_OF_DBT = DbtProject(project_dir=PROJECT)


class LayerTranslator(DagsterDbtTranslator):  # type: ignore[misc]
    """Groups models by their layer (staging, intermediate, marts, api); their lineage begins at what writes the log."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Let what reads `raw.events` depend on the assets that write it, which the source's meta names."""
        spec: dg.AssetSpec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("source"):
            return spec
        writers: list[dg.AssetKey] = []
        written = set()
        for parent in manifest["parent_map"].get(unique_id, []):
            source = manifest["sources"].get(parent)
            keys = source["meta"].get("written_by") if source else None
            if keys:
                writers += [dg.AssetKey(key) for key in keys]
                written.add(super().get_asset_spec(manifest, parent, project).key)
        deps = [dep for dep in spec.deps if dep.asset_key not in written]
        linked: dg.AssetSpec = spec.replace_attributes(deps=[*deps, *writers])
        return linked

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Name of the folder below `models/`."""
        return str(dbt_resource_props["fqn"][1])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's description alone, without its SQL."""
        return str(dbt_resource_props["description"])


TRANSLATOR = LayerTranslator()
API_VIEWS = "path:models/api"


def _build(
    context: dg.AssetExecutionContext, database: Database, settings: Settings, build: Build, run: RunDbt
) -> Iterator[object]:
    """Run `dbt build` in a thread, and give Dagster's events as dbt's nodes end.

    dbt's unit tests are about made-up rows: they are run by the project's own tests.

    Raises
    ------
    StorageError
        If a model or a test failed.
    """
    if not (context.is_subset or build.selected):
        return
    selection = ["--select", *_selected_models(context)] if context.is_subset else build.arguments
    ended: SimpleQueue[DbtEvent | None] = SimpleQueue()
    with ThreadPoolExecutor(1, "dbt") as pool:
        running = pool.submit(
            run,
            database,
            [*BUILD, *selection],
            target=settings.dbt_target,
            environment=build.environment,
            on_event=ended.put,
        )
        running.add_done_callback(lambda _: ended.put(None))
        while (event := ended.get()) is not None:
            message = DbtCoreCliEventMessage(raw_event=dict(event), event_history_metadata={})
            yield from message.to_default_asset_events(
                manifest=MANIFEST, dagster_dbt_translator=TRANSLATOR, context=context, project=PROJECT_OF_DBT
            )
        check_results(running.result())


def _selected_models(context: dg.AssetExecutionContext) -> list[str]:
    """Names of the models that a run of a part of the assets selected."""
    return sorted(key.path[-1] for key in context.selected_asset_keys)


class SkippedOutputs:
    """Outputs of models that were selected and not built, because they are up to date.

    What depends on them waits for these. Dagster wants each before what reads it, so they are yielded among what dbt
    builds, and not at the end.
    """

    def __init__(self, definition: dg.AssetsDefinition, selected: AbstractSet[dg.AssetKey]) -> None:
        self.keys, self.reads = definition.keys_by_output_name, definition.asset_deps
        self.pending = {key: name for name, key in self.keys.items() if key in selected}

    def upstream_of(self, event: object) -> Iterator[dg.Output[None]]:
        """Outputs of what dbt skipped on the way to what it built."""
        if isinstance(event, dg.Output):
            key = self.keys[event.output_name]
            self.pending.pop(key, None)
            yield from self._settle(self.reads[key])

    def remaining(self) -> Iterator[dg.Output[None]]:
        """All other outputs, when dbt has built everything that it had to."""
        yield from self._settle(list(self.pending))

    def _settle(self, keys: Iterable[dg.AssetKey]) -> Iterator[dg.Output[None]]:
        for key in keys:
            if (name := self.pending.pop(key, None)) is not None:
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
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
) -> Iterator[object]:
    """Parse and clean the log, and build one row per day, night, activity and exposure.

    Rebuilt are the rows that changes concern, and models whose logic changed.
    """
    skipped = SkippedOutputs(context.assets_def, context.selected_asset_keys)
    run: RunDbt = run_dbt
    with ExitStack() as stack:
        with build_session(database, is_whole=not context.is_subset) as build:
            if build.is_full:
                # Beside it the models are compiled. What arrived is built sooner here, without dbt's start.
                run = stack.enter_context(DbtProcess()).run
            if build.has_changes:
                for event in _build(context, database, settings, build, run):
                    yield from skipped.upstream_of(event)
                    yield event
            else:
                context.log.info("No changes, and no new logic: everything is up to date.")
        if not context.is_subset:
            make_views(database, MANIFEST, settings.dbt_target, run)
    if not context.is_subset and (dropped := drop_retired_relations(database, MANIFEST)):
        context.log.info("Dropped what the project no longer has: %s", ", ".join(dropped))
    yield from skipped.remaining()


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
    """Views of the read API on the marts and the analyses, under row level security.

    The views read the serving tables: they are created once, and again where their logic changed.
    """
    make_views(database, MANIFEST, settings.dbt_target)
    yield from SkippedOutputs(context.assets_def, context.selected_asset_keys).remaining()
