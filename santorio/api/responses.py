"""What the endpoints have in common: documented responses and headers, pages and items as JSON."""

import uuid
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from santorio.api.dependencies import reject_duplicate_params, services
from santorio.api.errors import ErrorResponse
from santorio.api.pagination import Resource, read_page
from santorio.api.params import PageQuery
from santorio.api.schemas.base import ResourceRead
from santorio.api.schemas.responses import ItemResponse, PageResponse, lineage


def _header(description: str, kind: str = "string", *, deprecated: bool = False) -> dict[str, Any]:
    header: dict[str, Any] = {"description": description, "schema": {"type": kind}}
    return header | {"deprecated": True} if deprecated else header


REQUEST_HEADERS = {"X-Request-ID": _header("Id of the request: the client's own, or one that was created.")}
RATE_LIMIT_HEADERS = {
    **REQUEST_HEADERS,
    "RateLimit-Policy": _header("The limit: `q` requests in `w` seconds."),
    "RateLimit": _header("`r` requests are left; the oldest stops counting in `t` seconds."),
    "X-Rate-Limit-Limit": _header("`q` of RateLimit-Policy.", "integer", deprecated=True),
    "X-Rate-Limit-Remaining": _header("`r` of RateLimit.", "integer", deprecated=True),
    "X-Rate-Limit-Reset": _header("`t` of RateLimit.", "integer", deprecated=True),
}
CACHE_HEADERS = {
    **RATE_LIMIT_HEADERS,
    "ETag": _header("Version of the response; send it as If-None-Match."),
    "Last-Modified": _header("When the response was first sent; send it as If-Modified-Since."),
}


def failure(description: str, headers: dict[str, Any] = RATE_LIMIT_HEADERS) -> dict[str, Any]:
    """Document an error response."""
    return {"model": ErrorResponse, "description": description, "headers": headers}


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Success.", "headers": CACHE_HEADERS},
    304: {"description": "Not modified.", "headers": CACHE_HEADERS},
    400: failure("The cursor belongs to another resource or order."),
    401: failure("The token is missing, invalid or expired."),
    403: failure("The token's scope does not allow this."),
    422: failure("A parameter is invalid; the details name it."),
    429: failure("Too many requests; see Retry-After."),
    500: failure("Internal error.", REQUEST_HEADERS),
    503: failure("The database is unavailable, or the data is not ready."),
}


def resource_router(**options: Any) -> APIRouter:
    """Create the router of a resource."""
    return APIRouter(
        prefix="/v1",
        tags=["data"],
        responses=RESPONSES,
        dependencies=[Depends(reject_duplicate_params)],
        **options,
    )


def page_response[R: ResourceRead](
    request: Request, user_id: uuid.UUID, resource: Resource[R], query: PageQuery
) -> Response:
    """Read a page and send it, unless the client has it."""
    with services(request).repository.transaction_for(user_id) as connection:
        items, next_cursor = read_page(
            connection,
            resource,
            query.filters,
            cursor=query.cursor,
            limit=query.limit,
            descending=query.descending,
        )
    schema = PageResponse[resource.schema]  # type: ignore[name-defined]
    page = schema(data=items, next_cursor=next_cursor, meta=lineage(items))
    return services(request).responder.respond(request, str(user_id), page.model_dump_json().encode())


def item_response(request: Request, user_id: uuid.UUID, item: ResourceRead) -> Response:
    """Send one item, unless the client has it."""
    response = ItemResponse[type(item)](data=item, meta=lineage([item]))  # type: ignore[misc, operator]
    return services(request).responder.respond(request, str(user_id), response.model_dump_json().encode())
