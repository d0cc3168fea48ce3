"""Serve the API: `python -m santorio.api.server`. The access log has no query, no token, no value."""

import logging
import sys

from rich.console import Console

from santorio.api.app import create_app
from santorio.database.opening import open_database
from santorio.errors import SantorioError
from santorio.settings import Settings, load_settings


class WithoutQuery(logging.Filter):
    """Cuts the query off the path in uvicorn's access log: it can hold dates that are nobody's business."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without what follows the question mark."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, version, status = record.args
            record.args = (client, method, str(path).partition("?")[0], version, status)
        return True


def serve(settings: Settings, api_url: str) -> None:
    """Serve until interrupted."""
    import uvicorn

    logging.getLogger("uvicorn.access").addFilter(WithoutQuery())
    app = create_app(settings, api_url)
    uvicorn.run(app, host=settings.api_host, port=settings.api_port, server_header=False, log_level="info")


def main() -> None:
    """Open the database and serve."""
    try:
        settings = load_settings()
        with open_database(settings) as database:
            serve(settings, database.reader_url)
    except SantorioError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)


if __name__ == "__main__":
    main()
