"""The command `santorio`: assembles the commands and prints errors as sentences."""

import os
import sys

import typer

from santorio.cli import (
    baselines,
    connect,
    consent,
    coverage,
    demo,
    import_,
    population,
    quality,
    retention,
    rotate_key,
    run,
    serve,
    simulate,
    status,
    study,
    sync,
    token,
    trial,
    warehouse,
)
from santorio.cli.console import errors
from santorio.errors import SantorioError

app = typer.Typer(
    name="santorio",
    help="Analyses the wearable data and notes of one person, and runs their self-experiments.",
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
app.add_typer(connect.connect, name="connect")
app.add_typer(connect.disconnect, name="disconnect")
app.add_typer(retention.app, name="retention")
app.add_typer(consent.app, name="consent")
app.command("population")(population.population)
app.command("rotate-key")(rotate_key.rotate_key)
app.command("token")(token.token)
app.command("serve")(serve.serve)
app.command("up", hidden=True, deprecated=True)(serve.up)
app.add_typer(simulate.app, name="simulate")
app.add_typer(study.app, name="study")
app.add_typer(warehouse.app, name="warehouse")


def main() -> None:
    """Run the command line; a `SantorioError` is a sentence and exit code 1, never a traceback."""
    # Files of this process and its children hold health data: only their owner may read them, whoever can enter the
    # data directory.
    os.umask(0o077)
    try:
        app()
    except SantorioError as error:
        errors.print(f"[red]{error}[/red]", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
