"""The command `santorio`: assembles the commands and turns errors into sentences."""

import os
import sys

import typer

from santorio.cli import (
    connecting,
    covering,
    demonstrating,
    expecting,
    importing,
    judging,
    reading,
    retaining,
    running,
    sharing,
    simulating,
    studying,
    syncing,
    trialling,
    warehousing,
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
app.command("demo")(demonstrating.demo)
app.command("import")(importing.import_files)
app.command("sync")(syncing.sync)
app.command("run")(running.run)
app.command("status")(reading.status)
app.command("coverage")(covering.coverage)
app.command("quality")(judging.quality)
app.command("baselines")(expecting.baselines)
for command in (
    trialling.accept, trialling.decline, trialling.today, trialling.log, trialling.pause, trialling.resume,
    trialling.abandon, trialling.deviation, trialling.report, trialling.withdraw,
):  # fmt: skip
    reading.trials.command()(command)
app.add_typer(reading.trials, name="trial")
app.add_typer(connecting.connect, name="connect")
app.add_typer(connecting.disconnect, name="disconnect")
app.add_typer(retaining.app, name="retention")
app.add_typer(sharing.app, name="consent")
app.command("population")(sharing.population)
app.command("rotate-key")(connecting.rotate_key)
app.command("token")(running.token)
app.command("up")(running.up)
app.add_typer(simulating.app, name="simulate")
app.add_typer(studying.app, name="study")
app.add_typer(warehousing.app, name="warehouse")


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
