"""`santorio simulate`: simulated Garmin accounts for trying Santorio out."""

import datetime as dt
import time
from pathlib import Path
from typing import Annotated

import typer

from santorio.cli.console import console, progress_bar
from santorio.errors import ConfigError, output_errors
from santorio.simulator import Simulation, simulate

PASSWORD = "simulated"  # noqa: S105 - of accounts that exist on this machine alone
DAYS_A_YEAR = 365
FIRST_PROFILE = 81_000_000

app = typer.Typer(help="Simulate Garmin accounts, to try Santorio out.", no_args_is_help=True)


@app.command()
def serve(
    *,
    people: Annotated[int, typer.Option(min=1, max=1000, help="Number of accounts.")] = 1,
    years: Annotated[float, typer.Option(min=0.01, max=20, help="Years of data.")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one.")] = 8123,
    mfa: Annotated[bool, typer.Option("--mfa", help="Ask for a second factor; its code is 123456.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Fault to inject: KIND[@PATH][*TIMES][+AFTER], such as 429@/hrv-service*3."),
    ] = None,
) -> None:
    """Serve a simulated Garmin Connect until Ctrl-C."""
    from santorio.simulator.server import Account, parse_fault, run_server

    # In some time zone it is tomorrow already.
    last_day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    mfa_code = "123456" if mfa else None
    accounts = []
    for number in range(1, people + 1):
        simulation = _simulate_person(years, seed=number, last_day=last_day)
        accounts.append(Account(f"person{number}@example.org", PASSWORD, simulation, mfa_code=mfa_code))
    try:
        faults = [parse_fault(text) for text in fault or []]
        with run_server(accounts, port=port) as server:
            server.faults.add(*faults)
            console.print(f"A simulated Garmin Connect with {people} accounts: [b]{server.url}[/b]\n")
            console.print("In another terminal:")
            console.print(f"  export SANTORIO_GARMIN_URL={server.url}")
            console.print(
                f"  santorio connect garmin        [dim]{accounts[0].email}, password {PASSWORD}[/dim]"
            )
            console.print("  santorio sync\n\nPress Ctrl-C to stop.")
            # The simulated accounts follow the clock: later days appear while the server runs.
            while True:
                time.sleep(1)
                server.now = dt.datetime.now(dt.UTC)
    except ValueError as error:
        raise ConfigError(str(error), hint="See `santorio simulate serve --help`.") from None
    except OSError as error:
        raise ConfigError(str(error), hint="Name a free port with --port.") from error
    except KeyboardInterrupt:
        console.print("Stopped.")


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="Zip file to write.")],
    *,
    years: Annotated[float, typer.Option(min=0.01, max=20, help="Years of data.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Random seed; each simulates another person.")] = 1,
) -> None:
    """Write the account export of a simulated person in Garmin's format."""
    from santorio.simulator.account_export import write_export

    if path.exists():
        raise ConfigError(f"{path} exists already.", hint="Choose another file name.")
    # Garmin exports complete days.
    last_day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    simulation = _simulate_person(years, seed=seed, last_day=last_day)
    days = _days(years)
    with output_errors(path), progress_bar("Simulating", total=days) as bar:
        write_export(simulation, path, progress=bar.update)
    console.print(
        f"{path}: {days:,} days, {path.stat().st_size / 2**20:.1f} MB.\nNext: santorio import {path}"
    )


def _days(years: float) -> int:
    return max(2, round(years * DAYS_A_YEAR))


def _simulate_person(years: float, *, seed: int, last_day: dt.date) -> Simulation:
    return simulate(days=_days(years), seed=seed, last_day=last_day, profile=FIRST_PROFILE + seed)
