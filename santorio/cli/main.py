"""The command `santorio`: assembles the commands and turns errors into sentences."""

import os
import sys

import typer

from santorio.cli import (
    accounts,
    baselines,
    consent,
    coverage,
    demo,
    import_,
    quality,
    retention,
    run,
    simulate,
    status,
    study,
    sync,
    trial,
    warehouse,
)
from santorio.cli.console import errors
from santorio.errors import SantorioError

app = typer.Typer(
    name="santorio",
    help="Studies one person, for that person: wearable data and notes in, honest answers out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("import")(import_.import_files)
app.command("sync")(sync.sync)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("coverage")(coverage.coverage)
app.command("quality")(quality.quality)
app.command("baselines")(baselines.baselines)
app.add_typer(trial.app, name="trial")
app.add_typer(accounts.connect, name="connect")
app.add_typer(accounts.disconnect, name="disconnect")
app.add_typer(retention.app, name="retention")
app.add_typer(consent.app, name="consent")
app.command("population")(consent.population)
app.command("rotate-key")(accounts.rotate_key)
app.command("token")(run.token)
app.command("up")(run.up)
app.add_typer(simulate.app, name="simulate")
app.add_typer(study.app, name="study")
app.add_typer(warehouse.app, name="warehouse")


def main() -> None:
    """Run the command line; an error of ours is a sentence and exit code 1, never a traceback."""
    # What this and its children write is health data: for its owner alone, also below a home that others may enter.
    os.umask(0o077)
    try:
        app()
    except SantorioError as error:
        errors.print(f"[red]{error}[/red]", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
