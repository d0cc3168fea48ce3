"""How the database is reached: psycopg 3 for COPY and queries, SQLAlchemy for pandas and Alembic."""

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
    """URLs of our database, of Dagster's, and of ours as the API's role. None of them is ever printed."""

    url: str = field(repr=False)
    dagster_url: str = field(repr=False)
    api_url: str | None = field(repr=False, default=None)

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        """Open a connection; commits at the end, rolls back on an error, closes in any case.

        Raises
        ------
        StorageError
            With what to do, where the server is away or its disk is full.
        """
        with storage_errors(), connected(self.url, autocommit=autocommit) as connection:
            yield connection

    @cached_property
    def engine(self) -> "sqlalchemy.Engine":
        """SQLAlchemy's engine, over psycopg 3; made when it is first needed, for its import takes 0.3 s."""
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
        """Close the engine's idle connections, if it was ever made."""
        if (engine := self.__dict__.get("engine")) is not None:
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
    host = parts.pop("host", None)
    socket = host is not None and host.startswith("/")
    query = {**({"host": host} if socket and host else {})}
    known = {key: parts.pop(key, None) for key in ("user", "password", "port", "dbname")}
    return sqlalchemy.URL.create(
        f"postgresql+{driver}",
        username=known["user"],
        password=known["password"] or None,
        host=None if socket else host,
        port=int(known["port"]) if known["port"] else None,
        database=known["dbname"],
        query={**query, **parts},
    )


def connected(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Connect to a server.

    Raises
    ------
    DatabaseUnavailable
        If none answers, or it refuses the login; the address is said without its password.
    """
    try:
        return psycopg.connect(url, autocommit=autocommit, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"The database {address(url)} does not answer, or refuses the login.", hint=UNAVAILABLE_HINT
        ) from error


def address(url: str) -> str:
    """Say where a database is, and nothing that is secret."""
    parts = conninfo_to_dict(url)
    return f"“{parts.get('dbname')}” at {parts.get('host') or 'localhost'}"


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the server's errors into sentences without values: PostgreSQL's details quote whole rows."""
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
        # `diag.message_primary` names columns and constraints; the detail, with the row, stays out.
        raise StorageError(f"The database refused: {error.diag.message_primary or error.sqlstate}.") from None


def _unavailable() -> DatabaseUnavailable:
    return DatabaseUnavailable("The database went away.", hint=UNAVAILABLE_HINT)
