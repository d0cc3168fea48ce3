"""Open the database: the embedded one, or the server that the settings name; migrated, ready for use."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from santorio.database.embedded import embedded_server
from santorio.database.engine import Database, storage_errors, with_parts
from santorio.database.migrating import migrate
from santorio.errors import DatabaseUnavailable
from santorio.settings import Settings

NAME, DAGSTER_NAME, API_ROLE = "santorio", "dagster", "santorio_api"


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Open the database for as long as the context lasts.

    Raises
    ------
    StorageError
        With what to do: away, busy, full, not writable, or written by a newer Santorio.
    """
    if settings.database_url is not None:
        yield _ready(_server(settings))
        return
    with embedded_server(settings.home / "postgres") as url:
        with storage_errors():
            for name in (NAME, DAGSTER_NAME):
                create_database(url, name)
        yield _ready(embedded_database(url, NAME))


def embedded_database(url: str, name: str) -> Database:
    """URLs on the embedded server, where a role needs no password: who can open the socket is its owner."""
    return Database(
        url=with_parts(url, dbname=name),
        dagster_url=with_parts(url, dbname=DAGSTER_NAME),
        api_url=with_parts(url, dbname=name, user=API_ROLE),
    )


def _server(settings: Settings) -> Database:
    assert settings.database_url is not None  # noqa: S101 - the caller looked
    url = settings.database_url.get_secret_value()
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise DatabaseUnavailable(
            "SANTORIO_DATABASE_URL is not a PostgreSQL address.",
            hint="Write it as postgresql://user:password@host:5432/santorio.",
        ) from None
    dagster, api = settings.dagster_database_url, settings.api_database_url
    return Database(
        url=url,
        dagster_url=dagster.get_secret_value() if dagster else with_parts(url, dbname=DAGSTER_NAME),
        api_url=api.get_secret_value() if api else None,
    )


def _ready(database: Database) -> Database:
    with database.connect() as connection:
        migrate(database, connection)
    return database


def create_database(url: str, name: str, *, template: str | None = None) -> None:
    """Make a database on the server unless it is there."""
    with psycopg.connect(url, autocommit=True) as connection:
        # Two starting processes must not both create it.
        connection.execute("select pg_advisory_lock(1614)")
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            statement = sql.SQL("create database {}").format(sql.Identifier(name))
            if template:
                statement += sql.SQL(" template {}").format(sql.Identifier(template))
            connection.execute(statement)
