"""Coverage."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import CoverageQuery
from santorio.api.resources import COVERAGE
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.days import CoverageRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/coverage", response_model=PageResponse[CoverageRead], operation_id="coverage")
def list_coverage(
    request: Request, user_id: CurrentUserId, query: Annotated[CoverageQuery, Query()]
) -> Response:
    """List the coverage ledger: what was fetched for each kind and day; gaps have the status `missing`."""
    return page_response(request, user_id, COVERAGE, query)
