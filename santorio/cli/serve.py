"""`santorio serve`: the API, the pipeline's UI and what runs in the background."""

import enum
import os
import sys
from typing import Annotated

import typer

from santorio.cli.console import errors


class Service(enum.StrEnum):
    """What `santorio serve` starts."""

    API = "api"
    UI = "ui"
    DAEMON = "daemon"
    BUILDER = "builder"


OnlyOption = Annotated[Service | None, typer.Option(help="Only this service, as in a container.")]


def serve(*, only: OnlyOption = None) -> None:
    """Serve the API, the pipeline's UI and its daemon until Ctrl-C."""
    command = [sys.executable, "-m", "pipelines.services"]
    if only:
        command += ["--only", only.value]
    # Replaces this process, so that Ctrl-C reaches only the process that has to stop the services.
    os.execv(sys.executable, command)  # noqa: S606


def up(*, only: OnlyOption = None) -> None:
    """Former name of `santorio serve`."""
    errors.print(
        "`santorio up` is now `santorio serve`; the next release drops the old name.", highlight=False
    )
    serve(only=only)
