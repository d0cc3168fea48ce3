"""Health checks: without a token, for load balancers and containers."""

from importlib.metadata import version

from fastapi import APIRouter, Request

from santorio.api import resources
from santorio.api.dependencies import services
from santorio.api.responses import REQUEST_HEADERS, failure
from santorio.api.schemas.responses import Health, Ready

health_router = APIRouter(tags=["health"])


@health_router.get("/health", operation_id="health")
async def health() -> Health:
    """Check that the process responds."""
    return Health(status="ok", version=version("santorio"))


@health_router.get(
    "/ready",
    operation_id="ready",
    responses={503: failure("Not ready; the details name what is missing.", REQUEST_HEADERS)},
)
def ready(request: Request) -> Ready:
    """Check that the data can be read: the database responds, and every view has every column."""
    return Ready(status="ready", views=services(request).repository.check(resources.ALL))
