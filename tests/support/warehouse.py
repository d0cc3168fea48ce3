"""Builds a warehouse as the pipeline does, makes the same log's warehouse anew beside it, and compares the two."""

import shutil
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from santorio.analyses.training.pipeline import compute_recordings
from santorio.code_version import code_version
from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.warehouse import PROJECT, Build, build_session, dbt_environment, ensure_manifest
from santorio.warehouse.publish import publish, published_marts

BUILD = ["build", "--exclude-resource-type", "unit_test"]
# What dbt parsed, by project and variables: once for this process, for every database and folder.
_PARSED: dict[tuple[Path, str], Any] = {}
# What `ensure_manifest` parses for where no database is said; nobody connects to it.
NO_DATABASE = Database("postgresql://postgres@localhost/santorio", dagster_url="", api_url=None)


@contextmanager
def database_of_its_own(server_url: str, template: str = "template_of_tests") -> Iterator[Database]:
    """A database, migrated and empty, or a copy of another one."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name, template=template)
    opened = embedded_database(server_url, name)
    try:
        yield opened
    finally:
        opened.close()
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def publish_whole(connection: psycopg.Connection) -> None:
    """Publish all marts as they are, whoever made them: after dbt was run by hand."""
    connection.execute(
        "insert into ops.builds (build_id, known_at, code_version, published_at) "
        "values (%s, clock_timestamp(), %s, clock_timestamp())",
        [uuid.uuid4(), code_version()],
    )
    there = connection.execute("select tablename::text from pg_tables where schemaname = 'marts'").fetchall()
    marts = [mart for mart in published_marts(ensure_manifest()) if (mart,) in there]
    publish(connection, marts, whole=marts)


def run_dbt(
    database: Database,
    folder: Path,
    *arguments: str,
    project: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
    variables: str = "{}",
) -> Any:
    """Run dbt in this process against a database; what it writes goes below the folder.

    A project does not change while tests run: it is parsed once, which takes as long as a small build, and what was
    parsed is moved to the database. What dbt would write of it each time nobody reads.
    """
    manifest = _parsed(project, variables, folder)
    _move(manifest, str(conninfo_to_dict(database.url)["dbname"]))
    with dbt_environment(database, environment):
        command = ["--quiet", "--no-write-json", *arguments, "--vars", variables]
        return _invoke(manifest, *command, *_places(project, folder))


def _places(project: Path, folder: Path) -> list[str]:
    here = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return [*here, "--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]


def _invoke(manifest: Any, *arguments: str) -> Any:
    # Upstream: dbt's own imports and calls are full of deprecations, which are not ours to fail on.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dbt.cli.main import dbtRunner
        from dbt_common.events.functions import reset_metadata_vars

        reset_metadata_vars()  # kept for the process, and here one process runs dbt again and again
        result = dbtRunner(manifest).invoke([*arguments])
        reset_metadata_vars()
    return result


def _parsed(project: Path, variables: str, folder: Path) -> Any:
    key = (project, variables)
    if key not in _PARSED:
        target = folder / "target"
        target.mkdir(parents=True, exist_ok=True)
        # For the same database, so that dbt reads what it parsed before, and parses what has changed since.
        shutil.copy(ensure_manifest(project).with_name("partial_parse.msgpack"), target)
        with dbt_environment(NO_DATABASE):
            result = _invoke(None, "--quiet", "parse", "--vars", variables, *_places(project, folder))
        assert result.exception is None, str(result.exception)
        _PARSED[key] = result.result
    return _PARSED[key]


def _move(manifest: Any, database: str) -> None:
    """Write the database's name over the one that was parsed: no macro of ours asks for it while dbt parses."""
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.relation_name is not None:
            node.relation_name = node.relation_name.replace(f'"{node.database}".', f'"{database}".', 1)
        node.database = database


def failures(result: Any) -> list[str]:
    """What went wrong in a run of dbt, to read in an assertion."""
    if result.exception is not None:
        return [str(result.exception)]
    return [f"{one.node.name}: {one.message}" for one in result.result if one.status in {"error", "fail"}]


class Warehouse:
    """A database and the folder in which dbt keeps what it parsed."""

    def __init__(self, database: Database, folder: Path, project: Path = PROJECT) -> None:
        self.database, self.folder, self.project = database, folder, project

    def dbt(self, *arguments: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """Run dbt in this process; what went wrong, a line each."""
        quiet = ["--log-level", "none", "--log-level-file", "none"]
        return failures(
            run_dbt(
                self.database,
                self.folder,
                *quiet,
                *arguments,
                project=self.project,
                environment=environment,
            )
        )

    def build(self, *command: str) -> Build:
        """Bring the warehouse up to date; an AssertionError tells what dbt could not do."""
        compute_recordings(self.database)
        with build_session(self.database, project=self.project) as build:
            if build.is_needed:
                failures = self.dbt(*(command or BUILD), *build.arguments, environment=build.environment)
                if failures:
                    raise AssertionError("\n".join(failures))
        return build

    def made_anew(self, server_url: str) -> dict[str, Counter[str]]:
        """Rows of all tables as a full refresh of the same log makes them, in a copy."""
        name = str(conninfo_to_dict(self.database.url)["dbname"])
        with database_of_its_own(server_url, template=name) as copy:
            other = Warehouse(copy, self.folder.with_name(f"{self.folder.name}-anew"), self.project)
            wrong = other.dbt("run", "--full-refresh", "--exclude", "path:models/api")
            assert wrong == [], "\n".join(wrong)
            return other.rows()

    def rows(self, *schemas: str) -> dict[str, Counter[str]]:
        """Rows of every table of the warehouse, or of these schemas, as text."""
        tables = "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2"
        wanted = list(schemas) or ["staging", "intermediate", "marts"]
        with self.database.connect() as connection:
            return {
                f"{schema}.{table}": Counter(
                    row
                    for (row,) in connection.execute(
                        sql.SQL("select made::text from {} as made").format(sql.Identifier(schema, table))
                    )
                )
                for schema, table in connection.execute(tables, [wanted]).fetchall()
            }


def differences(made: Mapping[str, Counter[str]], anew: Mapping[str, Counter[str]]) -> dict[str, list[str]]:
    """Rows that one has and the other has not, by table; + for those that should not be there."""
    assert made.keys() == anew.keys()
    found = {
        table: [f"+ {row}" for row in made[table] - anew[table]]
        + [f"- {row}" for row in anew[table] - made[table]]
        for table in made
    }
    return {table: rows[:4] for table, rows in found.items() if rows}
