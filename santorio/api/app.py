"""The application: routers, error handlers and middleware, assembled for one database."""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from santorio.api import docs_page
from santorio.api.conditional_requests import ConditionalResponder
from santorio.api.dependencies import Services
from santorio.api.errors import install_handlers
from santorio.api.middleware import RequestContextMiddleware
from santorio.api.rate_limit import RateLimiter
from santorio.api.repository import ApiRepository
from santorio.api.routers import (
    activities,
    baselines,
    coverage,
    days,
    effects,
    health,
    nights,
    population,
    trials,
)
from santorio.privacy.tokens import signing_key
from santorio.settings import Settings

DESCRIPTION = """\
What Santorio knows about one person: days, nights, activities, baselines, associations and trials. The API is
read-only, and the token determines whose data it reads. Values are null if nothing was measured; instants are UTC; a
day is the person's local calendar day."""
REQUESTS_PER_MINUTE = 600
ROUTERS = (
    health.health_router,
    days.router,
    nights.router,
    activities.router,
    baselines.router,
    effects.router,
    population.router,
    trials.router,
    trials.deprecated_router,
    coverage.router,
    docs_page.docs_router,
)


def create_app(
    settings: Settings, api_url: str, *, requests_per_minute: int = REQUESTS_PER_MINUTE
) -> FastAPI:
    """Build the API over a database.

    Parameters
    ----------
    settings
        Have the signing key of the tokens, or the data directory with it.
    api_url
        The database as the role `santorio_api`, which can read the schema `api` and nothing else.
    requests_per_minute
        Rate limit of a token.

    Raises
    ------
    ConfigError
        If the signing key is too short or readable by others.
    """
    app = FastAPI(
        title="Santorio",
        version=version("santorio"),
        description=DESCRIPTION,
        # `docs_page` serves /docs without scripts from other servers.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = Services(
        repository=ApiRepository(api_url),
        key=signing_key(settings),
        limiter=RateLimiter(requests_per_minute),
        responder=ConditionalResponder(),
    )
    for router in ROUTERS:
        app.include_router(router)
    app.mount(docs_page.STATIC_URL, docs_page.static_files())
    install_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(RequestContextMiddleware)  # added last: outermost
    return app
