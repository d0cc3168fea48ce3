"""The application: routes, errors, middleware, put together for one database."""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from santorio.api.conditional_requests import Freshness
from santorio.api.dependencies import Services
from santorio.api.docs_page import router as documentation
from santorio.api.errors import install_handlers
from santorio.api.middleware import AroundEveryRequest
from santorio.api.rate_limit import RateLimiter
from santorio.api.repository import Reader
from santorio.api.routers.read import probes, v1
from santorio.privacy.tokens import signing_key
from santorio.settings import Settings

DESCRIPTION = """\
What Santorio knows of one person: their days, nights and activities, what seems to go with what, and
their experiments. It only reads. Whose data is read is said by the token. Rows are null where nothing was
measured; instants are UTC; a day is the person's local calendar day."""
REQUESTS_PER_MINUTE = 600


def create_app(
    settings: Settings, api_url: str, *, requests_per_minute: int = REQUESTS_PER_MINUTE
) -> FastAPI:
    """Build the API over a database.

    Parameters
    ----------
    settings
        Hold the key of the tokens, or the home in which it lies.
    api_url
        The database as the role `santorio_api`, which reads the schema `api` and nothing else.
    requests_per_minute
        How many requests a token may make.

    Raises
    ------
    ConfigError
        If the key of the tokens is too short or readable by others.
    """
    app = FastAPI(
        title="Santorio",
        version=version("santorio"),
        description=DESCRIPTION,
        # FastAPI's own page loads scripts from a public server: no place to type a token of health data.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = Services(
        reader=Reader(api_url),
        key=signing_key(settings),
        limiter=RateLimiter(requests_per_minute),
        freshness=Freshness(),
    )
    for router in (probes, v1, documentation):
        app.include_router(router)
    install_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(AroundEveryRequest)  # added last: outermost
    return app
