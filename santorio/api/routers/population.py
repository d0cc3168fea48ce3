"""Pooled effects."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import PopulationQuery
from santorio.api.resources import POPULATION
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.analyses import PopulationRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/population", response_model=PageResponse[PopulationRead], operation_id="population")
def list_population(
    request: Request, user_id: CurrentUserId, query: Annotated[PopulationQuery, Query()]
) -> Response:
    """List effects pooled over people who share their results: at least five, the person among them."""
    return page_response(request, user_id, POPULATION, query)
