"""Activities."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import DaysQuery
from santorio.api.resources import ACTIVITIES
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.days import ActivityRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/activities", response_model=PageResponse[ActivityRead], operation_id="activities")
def list_activities(
    request: Request, user_id: CurrentUserId, query: Annotated[DaysQuery, Query()]
) -> Response:
    """List activities, one item each even if several devices recorded it."""
    return page_response(request, user_id, ACTIVITIES, query)
