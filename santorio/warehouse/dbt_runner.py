"""dbt in this process: the parsed project stays in memory, so that a second run starts in tenths of a second.

A process that imports dbt and parses the project for itself spends three seconds of processor time before its first
model. Here the manifest that `ensure_manifest` keeps is loaded once and handed to every run.
"""

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from santorio.errors import StorageError
from santorio.storage.database.engine import Database
from santorio.warehouse.dbt import PROJECT, dbt_environment, ensure_manifest, project_fingerprint
from santorio.warehouse.dbt_errors import failures, redact_values

# The project's unit tests are about made-up rows: a build of real data leaves them out.
BUILD = ("build", "--exclude-resource-type", "unit_test")

type DbtEvent = Mapping[str, Any]
# `run_dbt`, or the same in a process of its own.
type RunDbt = Callable[..., list[dict[str, Any]]]

# dbt keeps its adapter, its events and its flags in globals: one run at a time in a process.
_LOCK = threading.Lock()
# The manifest in memory, by project and fingerprint.
_MANIFESTS: dict[tuple[Path, str], Any] = {}


def run_dbt(
    database: Database,
    arguments: Sequence[str],
    *,
    target: Path,
    project: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[DbtEvent], None] | None = None,
) -> list[dict[str, Any]]:
    """Run a dbt command in this process.

    Parameters
    ----------
    database
        Where the models are.
    arguments
        Command and options, such as `["build", "--select", "days"]`.
    target
        Folder in which dbt writes the SQL that it compiles. No log and no results are written: where a model fails,
        they quote the rows it failed on.
    project
        The dbt project.
    environment
        Variables for the macros (`Build.environment`).
    on_event
        Called with each event of dbt's structured log, from dbt's threads.

    Returns
    -------
    list of dict
        One a node: `unique_id`, `status`, `message`, `execution_time` (s).

    Raises
    ------
    StorageError
        If dbt could not run; a node that failed is a row of the result (see `check_results`).
    """
    options = ["--log-level", "none", "--log-level-file", "none", "--no-write-json"]
    paths = [
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
        "--target-path",
        str(target),
        "--log-path",
        str(target),
    ]
    with _LOCK:
        manifest = _manifest(project)
        _use_database(manifest, str(conninfo_to_dict(database.url)["dbname"]))
        with dbt_environment(database, environment):
            result = _invoke(manifest, [*options, *arguments, *paths], on_event)
    if result.exception is not None:
        raise StorageError(f"dbt stopped: {redact_values(str(result.exception))}")
    return [
        {
            "unique_id": node.node.unique_id,
            "status": str(node.status),
            "message": node.message,
            "execution_time": node.execution_time,
        }
        for node in result.result
    ]


def check_results(results: Sequence[Mapping[str, Any]]) -> None:
    """Raise unless every node succeeded.

    Raises
    ------
    StorageError
        Names the nodes that failed and why, without values.
    """
    if failed := failures(results):
        raise StorageError(
            "The tables could not be built: " + "; ".join(failed),
            hint="The API shows the previous build, and what arrived stays queued for the next run.",
        )


def load_dbt() -> None:
    """Import dbt and load the manifest, so that the next `run_dbt` starts at once."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dbt.adapters.postgres
        import dbt.cli.main  # noqa: F401

        _manifest(PROJECT)


def _manifest(project: Path) -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    path = ensure_manifest(project)
    key = (project, project_fingerprint(project))
    if key not in _MANIFESTS:
        # What dbt's partial parsing reads: the manifest that `dbt parse` would return, in a third of the time.
        parsed = path.with_name("partial_parse.msgpack").read_bytes()
        manifest: Any = Manifest.from_msgpack(parsed, decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
        _MANIFESTS[key] = manifest
    return _MANIFESTS[key]


def _use_database(manifest: Any, database: str) -> None:
    """Replace the database's name that the project was parsed for: no macro here asks for it while dbt parses."""
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.relation_name is not None:
            node.relation_name = node.relation_name.replace(f'"{node.database}".', f'"{database}".', 1)
        node.database = database


def _invoke(manifest: Any, arguments: list[str], on_event: Callable[[DbtEvent], None] | None) -> Any:
    # dbt's imports and calls are full of deprecations, which are not ours to fail on.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dbt.cli.main import dbtRunner
        from dbt_common.events.functions import msg_to_dict, reset_metadata_vars

        def pass_on(message: Any) -> None:
            if on_event is not None and message.info.name in _RESULTS:
                on_event(msg_to_dict(message))

        reset_metadata_vars()  # dbt reads the DBT_ENV_CUSTOM_ENV_ variables once a process
        try:
            return dbtRunner(manifest, callbacks=[pass_on]).invoke(arguments)
        finally:
            reset_metadata_vars()


_RESULTS = frozenset({"LogSeedResult", "LogModelResult", "LogTestResult"})
