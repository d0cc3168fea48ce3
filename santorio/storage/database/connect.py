"""Open the database: the embedded one, or the server that the settings name; migrated, ready for use."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from santorio.errors import ConfigError, DatabaseUnavailable
from santorio.settings import Settings
from santorio.storage.database.engine import Database, connected, storage_errors
from santorio.storage.database.locks import Lock, lock_session
from santorio.storage.database.migrate import migrate
from santorio.storage.embedded_postgres.server import embedded_server

NAME, DAGSTER_NAME, API_ROLE = "santorio", "dagster", "santorio_api"


@contextmanager
def open_database(settings: Settings, *, migrated: bool = True) -> Iterator[Database]:
    """Open the database for as long as the context lasts; databases and schemas that are missing are created.

    Parameters
    ----------
    settings
        Name the server; without one the data directory's embedded server is started, or joined if it is running.
    migrated
        False leaves the schema as it is: to look at a database that cannot be migrated.

    Raises
    ------
    StorageError
        If the database is unavailable, busy, full, not writable, or written by a newer Santorio; with what to do.
    ConfigError
        If a URL is not valid, or the login may not create what is missing.
    """
    if settings.database_url is not None:
        with _ready(_server(settings), migrated=migrated) as database:
            yield database
        return
    with (
        embedded_server(settings.home / "postgres") as url,
        _ready(embedded_database(url, NAME), migrated=migrated) as database,
    ):
        yield database


def embedded_database(url: str, name: str) -> Database:
    """Return the URLs on the embedded server. No role needs a password: only the owner can open the socket."""
    return Database(
        url=make_conninfo(url, dbname=name),
        dagster_url=make_conninfo(url, dbname=DAGSTER_NAME),
        api_url=make_conninfo(url, dbname=name, user=API_ROLE),
    )


def _server(settings: Settings) -> Database:
    assert settings.database_url is not None  # noqa: S101 - the caller has checked it
    url = _checked_url("SANTORIO_DATABASE_URL", settings.database_url)
    dagster_url = make_conninfo(url, dbname=DAGSTER_NAME)
    if settings.dagster_database_url:
        dagster_url = _checked_url("SANTORIO_DAGSTER_DATABASE_URL", settings.dagster_database_url)
    api_url: str | None = None
    if settings.api_database_url:
        api_url = _checked_url("SANTORIO_API_DATABASE_URL", settings.api_database_url)
    return Database(url, dagster_url, api_url)


def _checked_url(setting: str, url: SecretStr) -> str:
    try:
        conninfo_to_dict(url.get_secret_value())
    except psycopg.ProgrammingError:
        # libpq's own message quotes the URL, with its password.
        raise ConfigError(
            f"{setting} is not a PostgreSQL address.",
            hint="Write it as postgresql://user:password@host:5432/santorio.",
        ) from None
    return url.get_secret_value()


@contextmanager
def _ready(database: Database, *, migrated: bool) -> Iterator[Database]:
    with storage_errors():
        for url in (database.url, database.dagster_url):
            ensure_database(url)
    if migrated:
        with database.connect() as connection:
            migrate(database, connection)
    try:
        yield database
    finally:
        database.close()


def ensure_database(url: str) -> None:
    """Create the database that a URL names, if the server does not have it."""
    try:
        connected(url).close()
    except DatabaseUnavailable as refusal:
        # libpq gives a refused connection no SQLSTATE: only the catalogue shows whether the database is missing or
        # the login was refused.
        name = str(conninfo_to_dict(url).get("dbname") or "")
        if not name:
            raise
        _create_missing(make_conninfo(url, dbname="postgres"), name, refusal)
        connected(url).close()


def _create_missing(server_url: str, name: str, refusal: DatabaseUnavailable) -> None:
    try:
        create_database(server_url, name)
    except DatabaseUnavailable:
        raise refusal from None
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigError(
            f"The database “{name}” does not exist, and the login may not create it.",
            hint=f'Have an administrator run: create database "{name}" owner <your login>.',
        ) from None


def create_database(url: str, name: str, *, template: str | None = None) -> bool:
    """Create a database on the server and return True; return False if it exists."""
    with connected(url, autocommit=True) as connection:
        # Two starting processes must not both create it.
        lock_session(connection, Lock.CREATE_DATABASE)
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is not None:
            return False
        statement = sql.SQL("create database {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" template {}").format(sql.Identifier(template))
        connection.execute(statement)
        return True
