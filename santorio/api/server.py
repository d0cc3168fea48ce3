"""Serving the API: `python -m santorio.api.server`, or an application factory for any ASGI server.

One process serves: rate limits and what changed when are in its memory.
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

BACKLOG_SECONDS = 10


@contextmanager
def reader_url(settings: Settings) -> Iterator[str]:
    """Find the database as the API's own role.

    Where a URL for that role is set, that is all the API knows of the database. Otherwise the embedded server
    is started, or joined, for as long as the context lasts.

    Raises
    ------
    SantorioError
        If there is none, with what to do.
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
        # libpq's own message quotes the URL, password and all.
        raise ConfigError(
            "SANTORIO_API_DATABASE_URL is not a PostgreSQL address.",
            hint="Write it as postgresql://santorio_api:password@host:5432/santorio.",
        ) from None
    return url


def serve(settings: Settings, api_url: str) -> None:
    """Serve the API until the process is told to stop."""
    import uvicorn

    from santorio.api.app import create_app

    uvicorn.run(
        create_app(settings, api_url),
        host=settings.api_host,
        port=settings.api_port,
        # Its access log writes query strings; ours does not.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=BACKLOG_SECONDS,
    )


def application() -> "FastAPI":
    """Build the API from the environment: `uvicorn --factory santorio.api.server:application`."""
    from santorio.api.app import create_app

    settings = load_settings()
    held = ExitStack()
    atexit.register(held.close)
    return create_app(settings, held.enter_context(reader_url(settings)))


def main() -> None:
    """Serve the API as the settings say."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # uvicorn ends in order and then raises the signal again: by default that would skip what is below.
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
