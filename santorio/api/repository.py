"""Reading the schema `api` as its own role: one read-only transaction a request, one person's rows."""

import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import psycopg

from santorio.api.errors import ApiError, not_built
from santorio.api.pagination import SCHEMA, Collection
from santorio.api.schemas import Row
from santorio.storage.database.engine import connected

STATEMENT_SECONDS = 10
# The embedded server takes 60 connections, and Dagster and the models need theirs.
CONNECTIONS = 12
PATIENCE_SECONDS = 5


class Reader:
    """Opens transactions in which only one person's rows exist.

    Parameters
    ----------
    url
        The database, as a role that may read nothing but the schema `api`. Connections are kept, for making one takes
        longer than most questions (3 ms, with TimescaleDB 8). Nothing of one person outlives their request: who
        they are is said to the transaction alone, and after it the session forgets all that it was told.
    """

    def __init__(self, url: str) -> None:
        import sqlalchemy

        self._kept = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: connected(url),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE_SECONDS,
            # The server may have been restarted since.
            pool_pre_ping=True,
            pool_use_lifo=True,
            pool_reset_on_return=None,
        )
        sqlalchemy.event.listen(self._kept, "reset", _forget)
        weakref.finalize(self, self._kept.dispose)

    @contextmanager
    def as_person(self, user_id: uuid.UUID | None) -> Iterator[psycopg.Connection]:
        """Open a read-only transaction for one person; with None, one in which no rows are visible.

        Raises
        ------
        DatabaseUnavailable
            If the database does not answer.
        ApiError
            If too many requests are being answered already.
        """
        from sqlalchemy.exc import TimeoutError as NoneFreeError

        try:
            held = self._kept.raw_connection()
        except NoneFreeError:
            raise ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy",
                "Too many requests are being answered.",
                hint="Try again.",
                headers={"Retry-After": "2"},
            ) from None
        try:
            connection = held.driver_connection
            assert isinstance(connection, psycopg.Connection)  # noqa: S101 - the creator made it
            connection.read_only = True
            connection.execute(
                "select set_config('santorio.user_id', %s, true), set_config('timezone', 'UTC', true),"
                " set_config('statement_timeout', %s, true)",
                [str(user_id or ""), f"{STATEMENT_SECONDS}s"],
            )
            yield connection
        finally:
            held.close()

    def check(self, collections: Sequence[Collection[Row]]) -> list[str]:
        """Check that every view is there, readable, with every column that the API reads.

        Returns
        -------
        list
            The views' names.

        Raises
        ------
        ApiError
            If one is not; the details say what is missing.
        """
        with self.as_person(None) as connection:
            found = connection.execute(
                """
                select relname, array_agg(attname::text)
                from pg_class
                join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
                where relnamespace = to_regnamespace(%s) and has_table_privilege(pg_class.oid, 'select')
                group by relname
                """,
                [SCHEMA],
            ).fetchall()
        columns = dict(found)
        missing = {
            collection.view: sorted(set(collection.row.model_fields) - set(columns.get(collection.view, ())))
            for collection in collections
        }
        if any(missing.values()):
            raise not_built({"missing": {view: names for view, names in missing.items() if names}})
        return [collection.view for collection in collections]


def _forget(connection: Any, _record: Any, _state: Any) -> None:
    """End the transaction, and drop everything that the session was told."""
    connection.rollback()
    connection.autocommit = True
    connection.execute("discard all")
    connection.autocommit = False
