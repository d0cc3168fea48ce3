"""Pages of a view, by keyset: the next page begins after the last row's key, whatever came in between.

A cursor is that key, in base64. It opens nothing: row level security holds whatever it says.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from santorio.api.errors import ApiError
from santorio.api.schemas import Row

SCHEMA = "api"
CURSOR_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Key:
    """A column that rows are ordered by; `null_as` stands for null, which has no place in an order."""

    column: str
    kind: TypeAdapter[Any]
    null_as: int | None = None

    @property
    def expression(self) -> sql.Composable:
        """The column in SQL."""
        column = sql.Identifier(self.column)
        if self.null_as is None:
            return column
        return sql.SQL("coalesce({}, {})").format(column, sql.Literal(self.null_as))

    def of(self, row: Row) -> object:
        """Return the column's value in a row."""
        value: object = getattr(row, self.column)
        return self.null_as if value is None else value


@dataclass(frozen=True, slots=True)
class Collection[R: Row]:
    """A view of the schema `api`, the shape of its rows, and the unique key they are ordered by."""

    view: str
    row: type[R]
    key: tuple[Key, ...]

    def select(self) -> sql.Composed:
        """Select the row's columns and no others."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.row.model_fields))
        return sql.SQL("select {} from {}").format(columns, sql.Identifier(SCHEMA, self.view))


@dataclass(frozen=True, slots=True)
class Filter:
    """A comparison that rows must meet; `operator` is ours, never the caller's."""

    column: str
    operator: str
    value: object

    @property
    def condition(self) -> sql.Composed:
        """The comparison in SQL."""
        return sql.SQL("{} {} %s").format(sql.Identifier(self.column), sql.SQL(self.operator))


def read_page[R: Row](
    connection: psycopg.Connection,
    collection: Collection[R],
    filters: Sequence[Filter],
    *,
    cursor: str | None,
    limit: int,
    descending: bool = False,
) -> tuple[list[R], str | None]:
    """Read the rows after a cursor.

    Returns
    -------
    tuple
        Up to `limit` rows, and the cursor of what follows them; None at the end.

    Raises
    ------
    ApiError
        If the cursor is none of this collection and order.
    """
    conditions: list[sql.Composable] = [part.condition for part in filters]
    values = [part.value for part in filters]
    key = sql.SQL(", ").join(part.expression for part in collection.key)
    if cursor is not None:
        after = decode(cursor, collection, descending=descending)
        conditions.append(
            sql.SQL("({}) {} ({})").format(
                key, sql.SQL("<" if descending else ">"), sql.SQL(", ").join(sql.Placeholder() * len(after))
            )
        )
        values += after
    order = sql.SQL(", ").join(
        sql.SQL("{} {}").format(part.expression, sql.SQL("desc" if descending else "asc"))
        for part in collection.key
    )
    query = sql.SQL("{} where {} order by {} limit %s").format(
        collection.select(), sql.SQL(" and ").join(conditions or [sql.SQL("true")]), order
    )
    found = _rows(connection, collection, query, [*values, limit + 1])
    rows = found[:limit]
    return rows, encode(rows[-1], collection, descending=descending) if len(found) > limit else None


def read_one[R: Row](connection: psycopg.Connection, collection: Collection[R], wanted: Filter) -> R | None:
    """Read the one row that meets a condition, the first by key where several do."""
    rows, _ = read_page(connection, collection, [wanted], cursor=None, limit=1)
    return rows[0] if rows else None


def _rows[R: Row](
    connection: psycopg.Connection, collection: Collection[R], query: sql.Composed, values: Sequence[object]
) -> list[R]:
    found = connection.cursor(row_factory=dict_row).execute(query, values).fetchall()
    return [collection.row.model_validate(row) for row in found]


def encode[R: Row](row: R, collection: Collection[R], *, descending: bool) -> str:
    """Write the cursor that stands after a row."""
    content = [collection.view, descending, *(part.of(row) for part in collection.key)]
    text = json.dumps(to_jsonable_python(content), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode[R: Row](cursor: str, collection: Collection[R], *, descending: bool) -> list[object]:
    """Read a cursor's key.

    Raises
    ------
    ApiError
        If it is not one that `encode` wrote for this collection and order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place, key = _split(json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)))
        values = [part.kind.validate_python(value) for part, value in zip(collection.key, key, strict=True)]
    except (ValueError, TypeError, RecursionError):
        place, values = None, []
    if place != (collection.view, descending):
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "invalid_cursor",
            "This cursor belongs to no page of this address.",
            hint="Give back `next_cursor` as it came, with the same `order`, or none to begin again.",
        )
    return values


def _split(content: list[object]) -> tuple[tuple[object, object], list[object]]:
    """Split a cursor's content into where it belongs, the view and its order, and the key."""
    view, descending, *key = content
    if any("\0" in str(value) for value in key):
        raise ValueError("PostgreSQL has no NUL in its text")
    return (view, descending), key
