"""Responses: a page or an item with its lineage, and the health checks."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from santorio.api.schemas.base import ResourceRead


class Lineage(BaseModel):
    """Lineage of all items of a response together; each item has its own."""

    as_of: dt.datetime | None = Field(description="Newest `as_of` of the items; null without items.")
    run_ids: list[uuid.UUID] = Field(description="Runs that computed the items.")
    code_versions: list[str] = Field(description="Code that computed the items.")
    count: int = Field(description="Items in this response (count).")


class PageResponse[R: ResourceRead](BaseModel):
    """A page of a collection."""

    data: list[R] = Field(description="The items, in order.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last page."
    )
    meta: Lineage


class ItemResponse[R: ResourceRead](BaseModel):
    """One item."""

    data: R
    meta: Lineage


class Health(BaseModel):
    """The process responds."""

    status: Literal["ok"] = Field(description="Always `ok`; /ready checks whether the data can be read.")
    version: str = Field(description="Version of Santorio.")


class Ready(BaseModel):
    """The data can be read."""

    status: Literal["ready"] = Field(description="Always `ready`; a 503 otherwise.")
    views: list[str] = Field(description="Views that can be read.")


def lineage(items: Sequence[ResourceRead]) -> Lineage:
    """Summarise the lineage of items."""
    instants = [value for value in _distinct(items, "as_of") if isinstance(value, dt.datetime)]
    return Lineage.model_validate(
        {
            "as_of": max(instants, default=None),
            "run_ids": _distinct(items, "run_id"),
            "code_versions": _distinct(items, "code_version"),
            "count": len(items),
        }
    )


def _distinct(items: Sequence[ResourceRead], field: str) -> list[object]:
    """Values of a field without nulls and duplicates, in order."""
    values = [getattr(item, field, None) for item in items]
    return list(dict.fromkeys(value for value in values if value is not None))
