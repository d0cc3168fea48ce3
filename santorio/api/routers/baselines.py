"""Baselines."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import BaselinesQuery
from santorio.api.resources import BASELINES
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.analyses import BaselineRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/baselines", response_model=PageResponse[BaselineRead], operation_id="baselines")
def list_baselines(
    request: Request, user_id: CurrentUserId, query: Annotated[BaselinesQuery, Query()]
) -> Response:
    """List for each metric its usual range, anomalies, level changes and forecast."""
    return page_response(request, user_id, BASELINES, query)
