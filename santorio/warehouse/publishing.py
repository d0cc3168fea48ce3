"""The published copy of the marts: what the API reads changes at once, when a build has made all of it."""

import json
import os
import subprocess
import uuid
from collections.abc import Collection
from pathlib import Path

import psycopg

from santorio.database.engine import Database
from santorio.errors import StorageError
from santorio.versions import code_version
from santorio.warehouse.project import DBT, PROJECT, dbt_variables


def published_marts(manifest: Path) -> list[str]:
    """Name the marts that the API's views read, from dbt's manifest."""
    nodes = json.loads(manifest.read_bytes())["nodes"]
    read = {
        parent
        for node in nodes.values()
        if node["resource_type"] == "model" and node["fqn"][1] == "api"
        for parent in node["depends_on"]["nodes"]
    }
    return sorted(
        str(nodes[key]["alias"]) for key in read if key in nodes and nodes[key]["fqn"][1] == "marts"
    )


def make_missing_views(database: Database, manifest: Path, target: Path) -> None:
    """Make the API's views again where one went with the old shape of what it reads: not only after the fits.

    Raises
    ------
    StorageError
        If dbt cannot make them.
    """
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    views = [node["alias"] for node in nodes if node["resource_type"] == "model" and node["fqn"][1] == "api"]
    with database.connect() as connection:
        there = connection.execute(
            "select count(*) from pg_views where schemaname = 'api' and viewname = any(%s)", [views]
        ).fetchone()
        is_published = connection.execute("select exists (select from ops.builds)").fetchone()
    if there == (len(views),) or is_published != (True,):
        return
    done = subprocess.run(
        [str(DBT), "--quiet", "--log-level-file", "none", "run", "--select", "path:models/api",
         "--project-dir", str(PROJECT), "--target-path", str(target)],
        env={**os.environ, **dbt_variables(database.url)},
        capture_output=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StorageError("The API's views could not be made.", hint="The next run tries again.")


def publish(connection: psycopg.Connection, marts: Collection[str], *, whole: Collection[str]) -> int:
    """Copy what a build changed, in the caller's transaction: readers see all of it or nothing.

    Parameters
    ----------
    marts
        What to publish.
    whole
        Those that were made anew from the first row to the last; of the others the touched people's days are
        copied.

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


def publish_whole(connection: psycopg.Connection, manifest: Path) -> None:
    """Publish all marts as they are, whoever made them: after dbt was run by hand."""
    connection.execute(
        "insert into ops.builds (build_id, known_at, code_version, published_at) "
        "values (%s, clock_timestamp(), %s, clock_timestamp())",
        [uuid.uuid4(), code_version()],
    )
    marts = published_marts(manifest)
    publish(connection, marts, whole=marts)
