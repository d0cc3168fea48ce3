"""Local days."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import DaysQuery
from santorio.api.resources import DAYS
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.days import DayRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/days", response_model=PageResponse[DayRead], operation_id="days")
def list_days(request: Request, user_id: CurrentUserId, query: Annotated[DaysQuery, Query()]) -> Response:
    """List local days: steps, heart rate, stress, weight, mood, intake, training."""
    return page_response(request, user_id, DAYS, query)
