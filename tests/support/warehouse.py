"""Builds a warehouse as the pipeline does, makes the same log's warehouse anew beside it, and compares the two."""

import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from santorio.analyses.training.pipeline import compute_recordings
from santorio.code_version import code_version
from santorio.storage.database.engine import Database
from santorio.warehouse import PROJECT, Build, build_session, dbt_runner, ensure_manifest
from santorio.warehouse.dbt_errors import failures
from santorio.warehouse.dbt_runner import BUILD
from santorio.warehouse.publish import publish, published_marts
from support.databases import database_of_its_own

# All that `dbt build` makes, without the tests.
TABLES = ("build", "--resource-type", "model", "--resource-type", "seed")


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
) -> list[dict[str, Any]]:
    """Run dbt in this process against a database, as the pipeline does; what it compiles goes below the folder."""
    return dbt_runner.run_dbt(
        database,
        [*arguments, "--vars", variables],
        target=folder / "target",
        project=project,
        environment=environment,
    )


class Warehouse:
    """A database and the folder in which dbt keeps what it parsed."""

    def __init__(self, database: Database, folder: Path, project: Path = PROJECT) -> None:
        self.database, self.folder, self.project = database, folder, project

    def dbt(self, *arguments: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """Run dbt in this process; what went wrong, a line each."""
        results = run_dbt(
            self.database, self.folder, *arguments, project=self.project, environment=environment
        )
        return failures(results)

    def build(self, *command: str) -> Build:
        """Bring the warehouse up to date; an AssertionError tells what dbt could not do."""
        compute_recordings(self.database)
        with build_session(self.database, project=self.project) as build:
            if build.selected:
                failed = self.dbt(*(command or BUILD), *build.arguments, environment=build.environment)
                if failed:
                    raise AssertionError("\n".join(failed))
        return build

    def made_anew(self, server_url: str) -> dict[str, Counter[str]]:
        """Rows of all tables as a full refresh of the same log makes them, in a copy."""
        name = str(conninfo_to_dict(self.database.url)["dbname"])
        with database_of_its_own(server_url, template=name) as copy:
            other = Warehouse(copy, self.folder.with_name(f"{self.folder.name}-anew"), self.project)
            wrong = other.dbt(*TABLES, "--full-refresh", "--exclude", "path:models/api")
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
