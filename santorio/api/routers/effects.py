"""Effects."""

from typing import Annotated

from fastapi import Query, Request, Response

from santorio.api.dependencies import CurrentUserId
from santorio.api.params import EffectsQuery
from santorio.api.resources import EFFECTS
from santorio.api.responses import page_response, resource_router
from santorio.api.schemas.analyses import EffectRead
from santorio.api.schemas.responses import PageResponse

router = resource_router()


@router.get("/effects", response_model=PageResponse[EffectRead], operation_id="effects")
def list_effects(
    request: Request, user_id: CurrentUserId, query: Annotated[EffectsQuery, Query()]
) -> Response:
    """List associations of exposures and outcomes, strongest first; association does not prove cause."""
    return page_response(request, user_id, EFFECTS, query)
