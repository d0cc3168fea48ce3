"""Nights."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import DaysQuery
from santorio.api.resources import NIGHTS
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.days import NightRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/nights", response_model=PageResponse[NightRead], operation_id="nights")
def list_nights(request: Request, user_id: CurrentUserId, query: Annotated[DaysQuery, Query()]) -> Response:
    """List nights by the day of waking: sleep stages, heart rate variability, respiration."""
    return page_response(request, user_id, NIGHTS, query)
