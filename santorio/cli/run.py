"""`santorio run`: one run of the pipeline.

The pipeline is a program of the composition root, started as a process: the library imports no orchestrator, and the
orchestrator's memory is freed when its process ends.
"""

import json
import subprocess
import sys
from typing import Annotated

import typer

from santorio.cli.console import JsonOption, console, errors, print_json


def run_pipeline(*, force: bool = False) -> dict[str, object]:
    """Run the pipeline in a process of its own; its progress goes to standard error.

    Returns
    -------
    dict
        The report (`pipelines.run.RunReport`).
    """
    command = [sys.executable, "-m", "pipelines.run"]
    if force:
        command.append("--force")
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    # The last line is the report. Without one the process has written to standard error why it could not run.
    try:
        report: dict[str, object] = json.loads(process.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise typer.Exit(process.returncode or 1) from None
    return report


def run(
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Analyse everything again, even without new data.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Import the inbox, build the marts and update the analyses, trials and proposals."""
    report = run_pipeline(force=force)
    if as_json:
        print_json(report)
    else:
        print_report(report)
    if report["outcome"] == "failed":
        raise typer.Exit(1)


def print_report(report: dict[str, object]) -> None:
    """Print what the run did."""
    if report["outcome"] == "up to date":
        console.print(f"Nothing new since the last run. [dim]{report['seconds']} s[/dim]")
    elif report["outcome"] == "done":
        console.print(f"Done in {report['seconds']} s.")
    for warning in _list(report["warnings"]):
        console.print(f"[yellow]![/yellow] {warning}")
    for failure in _list(report["failures"]):
        errors.print(f"[red]✗ {failure['step']}[/red]: {failure['error']}", highlight=False)
        errors.print("Completed steps are kept; the next run continues from here.")


def _list(value: object) -> list[dict[str, str]]:
    assert isinstance(value, list)  # noqa: S101 - the report is our own
    return value
