"""Access to the read model as the API's own role: one read-only transaction a request, one person's rows."""

import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import psycopg

from santorio.api.errors import ApiError, data_not_ready
from santorio.api.pagination import Resource
from santorio.storage.database.engine import connected
from santorio.warehouse.read_model import missing_columns, restrict_to_person

STATEMENT_TIMEOUT_SECONDS = 10
# The embedded server takes 60 connections; Dagster and the models need theirs.
POOL_SIZE = 12
POOL_TIMEOUT_SECONDS = 5


class ApiRepository:
    """Opens transactions in which only one person's rows are visible.

    Connections are pooled, because opening one takes longer than most queries (3 ms, with TimescaleDB 8 ms). No state
    of a person outlives their request: the user id is local to the transaction, and the session is reset after it.

    Parameters
    ----------
    url
        The database, as a role that can read the schema `api` and nothing else.
    """

    def __init__(self, url: str) -> None:
        import sqlalchemy

        self._pool = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: connected(url),
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            # The server may have been restarted since the connection was opened.
            pool_pre_ping=True,
            pool_use_lifo=True,
            pool_reset_on_return=None,
        )
        sqlalchemy.event.listen(self._pool, "reset", _reset_session)
        weakref.finalize(self, self._pool.dispose)

    @contextmanager
    def transaction_for(self, user_id: uuid.UUID | None) -> Iterator[psycopg.Connection]:
        """Open a read-only transaction that sees one person's rows; with None, no rows.

        Raises
        ------
        DatabaseUnavailable
            If the database does not respond.
        ApiError
            If no connection becomes free in time.
        """
        from sqlalchemy.exc import TimeoutError as PoolTimeoutError

        try:
            pooled = self._pool.raw_connection()
        except PoolTimeoutError:
            raise ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy",
                "Too many concurrent requests.",
                hint="Try again.",
                headers={"Retry-After": "2"},
            ) from None
        try:
            connection = pooled.driver_connection
            assert isinstance(connection, psycopg.Connection)  # noqa: S101 - opened by `creator`
            connection.read_only = True
            restrict_to_person(
                connection, user_id, timezone="UTC", statement_timeout=f"{STATEMENT_TIMEOUT_SECONDS}s"
            )
            yield connection
        finally:
            pooled.close()

    def check(self, resources: Sequence[Resource[Any]]) -> list[str]:
        """Check that every view exists and that every column of the schemas is readable.

        Returns
        -------
        list
            Names of the views.

        Raises
        ------
        ApiError
            503 with the missing columns by view in its details.
        """
        required = {resource.view.name: set(resource.columns) for resource in resources}
        with self.transaction_for(None) as connection:
            missing = missing_columns(connection, required)
        if missing:
            raise data_not_ready({"missing": missing})
        return list(required)


def _reset_session(connection: Any, _record: Any, _state: Any) -> None:
    """End the transaction and discard the session's settings, temporary tables and prepared statements."""
    connection.rollback()
    connection.autocommit = True
    connection.execute("discard all")
    connection.autocommit = False
