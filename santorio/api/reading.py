"""How the API reads: as a role that can read nothing but its views, for one person, in a read-only transaction."""

import base64
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from santorio.database.engine import storage_errors
from santorio.errors import DataError

STATEMENT_SECONDS = 10


class BadCursor(DataError):
    """The cursor is none that this list gave."""

    code = "bad_cursor"


@dataclass(frozen=True, slots=True)
class View:
    """A view of the schema `api`: its name, the columns that order it and name a row, the column of the day."""

    name: str
    key: tuple[str, ...]
    day: str | None = None


@contextmanager
def reading(api_url: str, user_id: UUID | None) -> Iterator[psycopg.Connection[dict[str, object]]]:
    """Open a read-only transaction that sees the rows of this person, and without one no row."""
    with storage_errors(), psycopg.connect(api_url, row_factory=dict_row) as connection:
        connection.read_only = True
        connection.execute(
            "select set_config('santorio.user_id', %s, true), set_config('statement_timeout', %s, true)",
            [str(user_id) if user_id else "", f"{STATEMENT_SECONDS}s"],
        )
        yield connection


def read_page(
    connection: psycopg.Connection[dict[str, object]],
    view: View,
    *,
    limit: int,
    cursor: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    equal: Mapping[str, str] | None = None,
) -> tuple[list[dict[str, object]], str | None]:
    """Read rows after the cursor in the view's order, and the cursor of the next ones (None at the end).

    Raises
    ------
    BadCursor
        If the cursor is none that this view gave.
    """
    conditions: list[sql.Composable] = []
    values: list[object] = []
    key = sql.SQL(", ").join(map(sql.Identifier, view.key))
    if cursor:
        after = decode_cursor(cursor, view)
        # The cursor holds text; an unknown-typed literal takes its column's type.
        marks = sql.SQL(", ").join(sql.SQL("{}").format(sql.Literal(value)) for value in after)
        conditions.append(sql.SQL("({}) > ({})").format(key, marks))
    for comparison, bound in ((">=", first), ("<=", last)):
        if bound is not None and view.day:
            conditions.append(sql.SQL(f"{{}} {comparison} %s").format(sql.Identifier(view.day)))  # type: ignore[arg-type]
            values.append(bound)
    for column, wanted in (equal or {}).items():
        conditions.append(sql.SQL("{} = %s").format(sql.Identifier(column)))
        values.append(wanted)
    query = sql.SQL("select * from api.{} where {} order by {} limit {}").format(
        sql.Identifier(view.name),
        sql.SQL(" and ").join(conditions) if conditions else sql.SQL("true"),
        key,
        sql.Literal(limit + 1),
    )
    try:
        rows = connection.execute(query, values).fetchall()
    except psycopg.errors.DataException:
        raise BadCursor("The cursor is not of this list.", hint="Start again without it.") from None
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(rows[limit - 1], view)


def encode_cursor(row: Mapping[str, object], view: View) -> str:
    """Name a row's place in its list."""
    document = orjson.dumps([view.name, *(str(row[column]) for column in view.key)])
    return base64.urlsafe_b64encode(document).decode().rstrip("=")


def decode_cursor(cursor: str, view: View) -> Sequence[str]:
    """Read a place back.

    Raises
    ------
    BadCursor
        If it is none of this view.
    """
    try:
        document = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        document = None
    if (
        not isinstance(document, list)
        or len(document) != len(view.key) + 1
        or document[0] != view.name
        or not all(isinstance(part, str) and "\x00" not in part for part in document)
    ):
        raise BadCursor("The cursor is not of this list.", hint="Start again without it.")
    return document[1:]


def newest(rows: Sequence[Mapping[str, object]]) -> dt.datetime | None:
    """When the newest data of these rows arrived."""
    moments = [moment for row in rows for name in ("as_of", "fetched_at") if isinstance(moment := row.get(name), dt.datetime)]
    return max(moments, default=None)
