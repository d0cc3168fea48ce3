"""Connections to the database: psycopg 3 for COPY and queries, SQLAlchemy for pandas and Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from santorio.errors import ConfigError, DatabaseUnavailable, DiskFull, StorageError

if TYPE_CHECKING:
    import sqlalchemy

CONNECT_SECONDS = 10
UNAVAILABLE_HINT = (
    "Is the server running, and is SANTORIO_DATABASE_URL right? Without that setting Santorio starts its own."
)


@dataclass(frozen=True)
class Database:
    """URLs of Santorio's database, of Dagster's, and of Santorio's as the API's role. None of them is ever printed."""

    url: str = field(repr=False)
    dagster_url: str = field(repr=False)
    api_url: str | None = field(repr=False, default=None)

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        """Open a connection; commits at the end, rolls back on an error, closes in any case.

        Raises
        ------
        StorageError
            If the server is unavailable or its disk is full; with what to do.
        """
        with storage_errors(), connected(self.url, autocommit=autocommit) as connection:
            yield connection

    @cached_property
    def engine(self) -> "sqlalchemy.Engine":
        """SQLAlchemy's engine, over psycopg 3; created on first use, because its import takes 0.3 s."""
        import sqlalchemy

        return sqlalchemy.create_engine(self.sqlalchemy_url, hide_parameters=True)

    @property
    def sqlalchemy_url(self) -> "sqlalchemy.URL":
        """SQLAlchemy's URL of our database."""
        return sqlalchemy_url(self.url, "psycopg")

    @property
    def dagster_sqlalchemy_url(self) -> str:
        """URL for dagster-postgres, whose NOTIFY needs psycopg2."""
        return sqlalchemy_url(self.dagster_url, "psycopg2").render_as_string(hide_password=False)

    def close(self) -> None:
        """Close the engine's idle connections, if there is an engine."""
        # The property itself would create one.
        engine = self.__dict__.get("engine")
        if engine is not None:
            engine.dispose()

    @property
    def reader_url(self) -> str:
        """URL as the role that reads only the schema `api`.

        Raises
        ------
        ConfigError
            If a server is used and its URL for this role is not set.
        """
        if self.api_url is None:
            raise ConfigError(
                "The API has no database role of its own.",
                hint="Set SANTORIO_API_DATABASE_URL to the server's URL with the user santorio_api.",
            )
        return self.api_url


def sqlalchemy_url(url: str, driver: str) -> "sqlalchemy.URL":
    """Turn a libpq URL into SQLAlchemy's, sockets and options included."""
    import sqlalchemy

    parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    user, password = parts.pop("user", None), parts.pop("password", None)
    host, database = parts.pop("host", None), parts.pop("dbname", None)
    port: int | None = None
    if port_text := parts.pop("port", None):
        port = int(port_text)
    # What has no place in SQLAlchemy's URL goes into its query, and so does the folder of a socket.
    query: dict[str, str] = {}
    if host is not None and host.startswith("/"):
        query["host"] = host
        host = None
    return sqlalchemy.URL.create(
        f"postgresql+{driver}",
        username=user,
        password=password or None,
        host=host,
        port=port,
        database=database,
        query={**query, **parts},
    )


def connected(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Connect to a server.

    Raises
    ------
    DatabaseUnavailable
        If it does not answer, or refuses the login; the message has the address without its password.
    """
    try:
        return psycopg.connect(url, autocommit=autocommit, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"The database {address(url)} does not answer, or refuses the login.", hint=UNAVAILABLE_HINT
        ) from error


def address(url: str) -> str:
    """Return name and host of a database, nothing secret."""
    parts = conninfo_to_dict(url)
    return f"“{parts.get('dbname')}” at {parts.get('host') or 'localhost'}"


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translate the server's errors into messages without values: PostgreSQL's details quote complete rows."""
    try:
        yield
    except pg.DiskFull as error:
        raise DiskFull(
            "The database's disk is full.", hint="Free some space and run it again: nothing is lost."
        ) from error
    except (pg.ConnectionException, pg.ConnectionFailure, pg.AdminShutdown, pg.CannotConnectNow) as error:
        raise _unavailable() from error
    except psycopg.OperationalError as error:
        if error.sqlstate is None:
            raise _unavailable() from error
        raise StorageError(f"The database refused: {error.sqlstate}.") from None
    except psycopg.DatabaseError as error:
        # `diag.message_primary` names columns and constraints; the detail has the row and is not used.
        raise StorageError(f"The database refused: {error.diag.message_primary or error.sqlstate}.") from None


def _unavailable() -> DatabaseUnavailable:
    return DatabaseUnavailable("The connection to the database was lost.", hint=UNAVAILABLE_HINT)
