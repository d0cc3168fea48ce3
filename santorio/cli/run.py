"""`santorio run`, `santorio up`, `santorio token`.

Run and up are programs of the composition root, started as processes: the library imports no
orchestrator, and the orchestrator's memory goes when its process ends.
"""

import enum
import json
import os
import subprocess
import sys
from typing import Annotated

import typer

from santorio.cli.console import JsonOption, PersonOption, console, errors, print_json, reading_person
from santorio.privacy.tokens import mint_token
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database


class Service(enum.StrEnum):
    """What `santorio up` serves."""

    API = "api"
    UI = "ui"
    DAEMON = "daemon"
    BUILDER = "builder"


def run_pipeline(*, force: bool = False) -> dict[str, object]:
    """Run one pass in a process of its own; its progress goes to standard error.

    Returns
    -------
    dict
        The pass's report (`pipelines.run.RunReport`).
    """
    command = [sys.executable, "-m", "pipelines.run", *(["--force"] if force else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    try:
        report: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise typer.Exit(done.returncode or 1) from None
    return report


def run(
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Study everything again, also without news.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take in the inbox and study what is new: days, effects, trials, the next proposal."""
    report = run_pipeline(force=force)
    if as_json:
        print_json(report)
    else:
        say_report(report)
    if report["outcome"] == "failed":
        raise typer.Exit(1)


def say_report(report: dict[str, object]) -> None:
    """Say in words what a pass did."""
    if report["outcome"] == "up to date":
        console.print(f"Nothing new since the last run. [dim]{report['seconds']} s[/dim]")
    elif report["outcome"] == "done":
        console.print(f"Done in {report['seconds']} s.")
    for warning in _list(report["warnings"]):
        console.print(f"[yellow]![/yellow] {warning}")
    for failure in _list(report["failures"]):
        errors.print(f"[red]✗ {failure['step']}[/red]: {failure['error']}", highlight=False)
        errors.print("What came before it is kept; the next run goes on from here.")


def _list(value: object) -> list[dict[str, str]]:
    assert isinstance(value, list)  # noqa: S101 - the report is our own
    return value


def up(
    *,
    only: Annotated[Service | None, typer.Option(help="One of them alone, as in a container.")] = None,
) -> None:
    """Serve the pipeline's UI, its daemon and the API until Ctrl-C."""
    # In this process's place: Ctrl-C reaches the one that has to stop the services, and no other.
    chosen = ["--only", only.value] if only else []
    os.execv(sys.executable, [sys.executable, "-m", "pipelines.services", *chosen])  # noqa: S606


def token(
    *,
    person: PersonOption = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long the token is valid.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Mint a token for the API: it reads one person's data and nothing else."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        minted = mint_token(settings, somebody, days=days)
    if as_json:
        print_json({"token": minted, "person": somebody.name, "days": days})
    else:
        typer.echo(minted)
