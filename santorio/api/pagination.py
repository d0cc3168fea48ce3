"""Pages of a resource by keyset: a page begins after the last row's key, whatever was added in between.

A cursor is that key in base64. It grants nothing: row level security applies whatever a cursor contains.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import psycopg
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from santorio.api.errors import ApiError
from santorio.api.schemas.base import ResourceRead
from santorio.warehouse.read_model import Filter, View, select_rows

MAX_CURSOR_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Resource[R: ResourceRead]:
    """A collection of the API: its name, its view, the schema of its items, and the types of the view's sort key."""

    name: str
    view: View
    schema: type[R]
    key_types: tuple[TypeAdapter[Any], ...]

    @property
    def columns(self) -> list[str]:
        """Columns of the view that the schema's fields are read from."""
        fields = self.schema.model_fields.items()
        return [str(field.validation_alias or name) for name, field in fields]


def read_page[R: ResourceRead](
    connection: psycopg.Connection,
    resource: Resource[R],
    filters: Sequence[Filter],
    *,
    cursor: str | None,
    limit: int,
    descending: bool = False,
) -> tuple[list[R], str | None]:
    """Read the page after a cursor.

    Returns
    -------
    tuple
        At most `limit` items, and the cursor of the next page; None on the last page.

    Raises
    ------
    ApiError
        If the cursor does not belong to this resource and order.
    """
    after = None if cursor is None else decode_cursor(cursor, resource, descending=descending)
    rows = select_rows(
        connection,
        resource.view,
        resource.columns,
        filters,
        after=after,
        limit=limit + 1,  # one more tells whether there is a next page
        descending=descending,
    )
    page = rows[:limit]
    has_next = len(rows) > limit
    next_cursor = encode_cursor(page[-1], resource, descending=descending) if has_next else None
    return [resource.schema.model_validate(row) for row in page], next_cursor


def read_one[R: ResourceRead](
    connection: psycopg.Connection, resource: Resource[R], condition: Filter
) -> R | None:
    """Read the first item by key that meets a condition."""
    items, _ = read_page(connection, resource, [condition], cursor=None, limit=1)
    return items[0] if items else None


def encode_cursor[R: ResourceRead](
    row: Mapping[str, object], resource: Resource[R], *, descending: bool
) -> str:
    """Write the cursor that points behind a row of the view."""
    key = [part.null_as if row[part.column] is None else row[part.column] for part in resource.view.key]
    content = to_jsonable_python([resource.name, descending, *key])
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor[R: ResourceRead](cursor: str, resource: Resource[R], *, descending: bool) -> list[object]:
    """Read the key in a cursor.

    Raises
    ------
    ApiError
        If `encode_cursor` did not write it for this resource and order.
    """
    padding = "=" * (-len(cursor) % 4)
    try:
        content = json.loads(base64.b64decode(cursor + padding, altchars=b"-_", validate=True))
        name, is_descending, *key = content
        if any("\0" in str(value) for value in key):
            raise ValueError("PostgreSQL text cannot contain NUL")
        values = [kind.validate_python(v) for kind, v in zip(resource.key_types, key, strict=True)]
    except (ValueError, TypeError, RecursionError):
        raise _invalid_cursor() from None
    if (name, is_descending) != (resource.name, descending):
        raise _invalid_cursor()
    return values


def _invalid_cursor() -> ApiError:
    return ApiError(
        HTTPStatus.BAD_REQUEST,
        "invalid_cursor",
        "The cursor does not belong to this resource and order.",
        hint="Send `next_cursor` unchanged and with the same `order`, or leave it out for the first page.",
    )
