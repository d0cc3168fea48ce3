"""The published copy of the marts, which the API reads: it changes in one transaction, when a build is complete."""

from collections.abc import Collection
from pathlib import Path

import orjson
import psycopg
from psycopg import sql

from santorio.storage.database.engine import Database
from santorio.warehouse.dbt_runner import RunDbt, check_results, run_dbt
from santorio.warehouse.manifest import read_views

# Everything in these schemas is built by dbt, or is a copy of what it built.
WAREHOUSE_SCHEMAS = ("staging", "intermediate", "marts", "serving", "api")
_RELATIONS = """
select nspname::text, relname::text, case relkind when 'v' then 'view' else 'table' end
from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
where nspname = any(%s) and relkind in ('r', 'p', 'v')
order by 1, 2
"""


def published_marts(manifest: Path) -> list[str]:
    """Name the marts that the API's views read, from dbt's manifest."""
    nodes = orjson.loads(manifest.read_bytes())["nodes"]
    read: set[str] = set()
    for node in nodes.values():
        if node["resource_type"] == "model" and node["fqn"][1] == "api":
            read.update(node["depends_on"]["nodes"])
    # A view may read a source as well, which is not among the nodes.
    models = [nodes[key] for key in read if key in nodes]
    return sorted(str(model["alias"]) for model in models if model["fqn"][1] == "marts")


def _are_views_current(connection: psycopg.Connection, manifest: Path) -> bool:
    """Return whether every view of the API exists, built from the current logic."""
    views, fingerprint = read_views(manifest)
    found = connection.execute(
        "select count(*), obj_description(to_regnamespace('api')) from pg_views "
        "where schemaname = 'api' and viewname = any(%s)",
        [views],
    ).fetchone()
    return found == (len(views), _comment(fingerprint))


def _comment(fingerprint: str) -> str:
    return f"Views of the read API, by the logic {fingerprint}"


def make_views(database: Database, manifest: Path, target: Path, run: RunDbt = run_dbt) -> None:
    """Make the API's views where one is missing or was made from other logic; `run` runs dbt.

    Raises
    ------
    StorageError
        If dbt cannot make them.
    """
    with database.connect() as connection:
        if _are_views_current(connection, manifest):
            return
        # A view may show a mart that was not shown before: no build would copy more of it than what changes.
        new = connection.execute(
            "select mart from unnest(%s::text[]) as mart where to_regclass('serving.' || mart) is null "
            "and to_regclass('marts.' || mart) is not null and exists (select from ops.builds)",
            [published_marts(manifest)],
        ).fetchall()
        marts = [mart for (mart,) in new]
        publish(connection, marts, whole=marts)
    check_results(run(database, ["run", "--select", "path:models/api"], target=target))
    _, fingerprint = read_views(manifest)
    with database.connect() as connection:
        connection.execute(sql.SQL("comment on schema api is {}").format(_comment(fingerprint)))


def drop_retired_relations(database: Database, manifest: Path) -> list[str]:
    """Drop tables and views of the warehouse that the project no longer has: models that were renamed or removed.

    No data is lost: their rows are rebuilt from the log under the new names. Call it after `make_views`, because an
    older view may still read an older table.

    Returns
    -------
    list of str
        What was dropped, as `schema.name`.
    """
    current = {("serving", mart) for mart in published_marts(manifest)}
    for node in orjson.loads(manifest.read_bytes())["nodes"].values():
        if node["resource_type"] == "model":
            current.add((node["schema"], node["alias"]))
    dropped = []
    with database.connect() as connection:
        found = connection.execute(_RELATIONS, [list(WAREHOUSE_SCHEMAS)]).fetchall()
        for schema, name, kind in found:
            if (schema, name) not in current:
                statement = sql.SQL("drop {} if exists {} cascade")
                connection.execute(statement.format(sql.SQL(kind), sql.Identifier(schema, name)))
                dropped.append(f"{schema}.{name}")
    return dropped


def publish(connection: psycopg.Connection, marts: Collection[str], *, whole: Collection[str]) -> int:
    """Copy what a build changed, in the caller's transaction: readers see all of it or nothing.

    Parameters
    ----------
    marts
        What to publish.
    whole
        Those that were rebuilt in full; of the others, the changed days of the changed people are copied.

    Returns
    -------
    int
        Rows that were copied.
    """
    rows = 0
    for mart in marts:
        done = connection.execute("select ops.publish_mart(%s, %s)", [mart, mart in whole]).fetchone()
        assert done is not None  # noqa: S101 - a function call always gives a row
        rows += done[0]
    return rows
