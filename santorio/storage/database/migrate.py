"""Alembic migrations for everything that dbt does not manage: the log, the ledger, the models' tables, the roles."""

from pathlib import Path

import psycopg

from santorio.errors import ConfigError, NewerSchema
from santorio.storage.database.engine import Database, address
from santorio.storage.database.locks import Lock, lock_session, unlock_session

SCRIPTS = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the newest revision of this code."""
    return max(revisions())


def revisions() -> set[str]:
    """Return every revision of this code, from the names of its scripts: importing Alembic takes half a second."""
    return {path.stem[:4] for path in (SCRIPTS / "versions").glob("[0-9]*.py")}


def revision(connection: psycopg.Connection) -> str | None:
    """Return the revision of the database, None if it was never migrated."""
    if connection.execute("select to_regclass('ops.schema_version')").fetchone() == (None,):
        return None
    row = connection.execute("select version_num from ops.schema_version").fetchone()
    return row[0] if row else None


def migrate(database: Database, connection: psycopg.Connection) -> None:
    """Bring the database to this code's revision; one process does it, others wait.

    Raises
    ------
    NewerSchema
        If a newer Santorio wrote the database.
    """
    current = revision(connection)
    if current == head():
        return
    if current is not None and current not in revisions():
        raise NewerSchema(
            f"The data was written by a newer Santorio (its schema is {current}, this one knows {head()}).",
            hint="Update Santorio; your data is untouched.",
        )
    lock_session(connection, Lock.MIGRATE)
    try:
        # Read again: another process may have migrated while this one waited.
        if revision(connection) != head():
            _upgrade(database)
    finally:
        unlock_session(connection, Lock.MIGRATE)


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    configuration = Config()
    configuration.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["engine"] = database.engine
    try:
        command.upgrade(configuration, "head")
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise ConfigError(
                f"The login of {address(database.url)} may not set up the schema.",
                hint=(
                    "Have an administrator run: create role santorio_view_owner; create role santorio_api login; "
                    "grant santorio_view_owner to <your login>; alter database … owner to <your login>. "
                    "Where a role santorio_view exists from an earlier version, rename it instead: "
                    "alter role santorio_view rename to santorio_view_owner."
                ),
            ) from error
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
