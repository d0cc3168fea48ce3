"""`santorio retention`: how long intraday samples are kept, and downsampling of older ones."""

import datetime as dt
from typing import Annotated

import typer

from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.errors import ConfigError
from santorio.settings import load_settings
from santorio.storage import retention
from santorio.storage.database.connect import open_database

app = typer.Typer(help="How long intraday samples are kept.", no_args_is_help=True)

KEPT = "Days, nights, metrics, five-minute rollups and activity files are kept."


@app.command()
def show(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Show how long samples are kept, and what `santorio retention run` would downsample."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        keep = retention.keep_samples_days(connection, subject)
        due = retention.due(connection, subject, dt.datetime.now(dt.UTC))
    if as_json:
        print_json({"person": subject.name, "keep_samples_days": keep, "due": due})
        return
    console.print(f"{subject.name}: {_format_period(keep)}", highlight=False)
    if keep is not None:
        console.print(_format_due(due), highlight=False)


@app.command("set")
def set_(
    *,
    keep_days: Annotated[
        int | None, typer.Option("--keep-days", help="Keep the samples of the last N days.")
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", "--for-ever", help="Keep all samples.")] = False,
    person: PersonOption = None,
) -> None:
    """Set how long samples are kept; only `santorio retention run` deletes any."""
    # Neither option, or both.
    if forever == (keep_days is not None):
        raise ConfigError("Give either --keep-days or --forever.")
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        retention.set_keep_samples_days(connection, subject, keep_days)
        due = retention.due(connection, subject, dt.datetime.now(dt.UTC))
    console.print(f"{subject.name}: {_format_period(keep_days)}", highlight=False)
    if keep_days is not None:
        console.print(_format_due(due), highlight=False)
        if due is not None:
            console.print("`santorio retention run` downsamples them.", highlight=False)


@app.command()
def run(
    *,
    person: PersonOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Downsample older samples, after a confirmation."""
    settings = load_settings()
    now = dt.datetime.now(dt.UTC)
    with open_database(settings) as database:
        with database.connect() as connection:
            subject = resolve_person(connection, settings, person)
            keep = retention.keep_samples_days(connection, subject)
            due = retention.due(connection, subject, now)
        if due is not None and not yes:
            console.print(f"{subject.name}: {_format_period(keep)} {_format_due(due)}", highlight=False)
            console.print(f"The samples cannot be restored. {KEPT}", highlight=False)
            typer.confirm("Downsample them?", abort=True)
        # Each step is a transaction: after an interruption the next run continues.
        done = retention.Downsampled()
        for step in retention.downsample(database, subject, now):
            done += step
    if as_json:
        print_json({"person": subject.name, "keep_samples_days": keep, "thinned": done})
        return
    if due is None:
        console.print(f"{subject.name}: {_format_period(keep)} {_format_due(due)}", highlight=False)
        return
    console.print(
        f"Downsampled {done.payloads:,} payloads: {done.samples:,} samples, {done.bytes / 1e6:,.1f} MB.",
        highlight=False,
    )
    unchanged = due.payloads - done.payloads
    if unchanged:
        console.print(
            f"{unchanged:,} payloads are unchanged: they have no samples, or an unknown format.",
            highlight=False,
        )
    console.print("The next `santorio run` removes the samples from the marts.", highlight=False)


def _format_period(keep: int | None) -> str:
    if keep is None:
        return "intraday samples are kept forever."
    return f"intraday samples are kept for {keep} days."


def _format_due(due: retention.Due | None) -> str:
    if due is None:
        return "Nothing to downsample."
    span = f"{due.first_day} to {due.last_day}"
    return f"Up to {due.payloads:,} payloads of {due.days:,} days ({span}) can be downsampled."
