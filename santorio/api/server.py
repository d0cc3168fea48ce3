"""Serving the API: `python -m santorio.api.server`, or an application factory for any ASGI server.

Run one process: rate limits and the times of changes are in its memory.
"""

import atexit
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict

from santorio.errors import ConfigError, SantorioError
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database

if TYPE_CHECKING:
    from fastapi import FastAPI

SHUTDOWN_TIMEOUT_SECONDS = 10


@contextmanager
def reader_url(settings: Settings) -> Iterator[str]:
    """Give the URL of the database for the API's own role.

    Without `SANTORIO_API_DATABASE_URL` the embedded server is started, or joined, as long as the context lasts.

    Raises
    ------
    SantorioError
        If there is no database, with what to do.
    """
    if settings.api_database_url is not None:
        yield _checked(settings.api_database_url.get_secret_value())
        return
    with open_database(settings) as database:
        yield database.reader_url


def _checked(url: str) -> str:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The message of libpq quotes the URL with its password.
        raise ConfigError(
            "SANTORIO_API_DATABASE_URL is not a PostgreSQL URL.",
            hint="Write it as postgresql://santorio_api:password@host:5432/santorio.",
        ) from None
    return url


def serve(settings: Settings, api_url: str) -> None:
    """Serve the API until the process is stopped."""
    import uvicorn

    from santorio.api.app import create_app

    uvicorn.run(
        create_app(settings, api_url),
        host=settings.api_host,
        port=settings.api_port,
        # The access log of uvicorn contains query strings; ours does not.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
    )


def application() -> "FastAPI":
    """Build the API from the environment: `uvicorn --factory santorio.api.server:application`."""
    from santorio.api.app import create_app

    settings = load_settings()
    resources = ExitStack()
    atexit.register(resources.close)
    return create_app(settings, resources.enter_context(reader_url(settings)))


def main() -> None:
    """Serve the API by the settings of the environment."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # uvicorn shuts down and then raises the signal again: by default that would skip the clean-up below.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = load_settings()
        with reader_url(settings) as api_url:
            serve(settings, api_url)
    except SantorioError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
