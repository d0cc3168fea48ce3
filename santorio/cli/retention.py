"""`santorio retention`: how long samples within the day are kept, and thinning those that are older."""

import datetime as dt
from typing import Annotated

import typer

from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.errors import ConfigError
from santorio.settings import load_settings
from santorio.storage import retention
from santorio.storage.database.connect import open_database

app = typer.Typer(help="How long samples within the day are kept.", no_args_is_help=True)

STAYS = "Days, nights, figures and rollups of five minutes stay; so do files of activities."


@app.command()
def show(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Say how long samples are kept, and what `santorio retention run` would look at."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        keep = retention.keep_samples_days(connection, somebody)
        due = retention.due(connection, somebody, dt.datetime.now(dt.UTC))
    if as_json:
        print_json({"person": somebody.name, "keep_samples_days": keep, "due": due})
        return
    console.print(f"{somebody.name}: {_wanted(keep)}", highlight=False)
    if keep is not None:
        console.print(_says(due), highlight=False)


@app.command("set")
def set_(
    *,
    keep_days: Annotated[
        int | None, typer.Option("--keep-days", help="Keep samples of the newest so many days.")
    ] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="Keep all.")] = False,
    person: PersonOption = None,
) -> None:
    """Say how long samples are to be kept; nothing is thinned before `santorio retention run`."""
    if for_ever == (keep_days is not None):
        raise ConfigError("Say either --keep-days or --for-ever.")
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        retention.set_keep_samples_days(connection, somebody, keep_days)
        due = retention.due(connection, somebody, dt.datetime.now(dt.UTC))
    console.print(f"{somebody.name}: {_wanted(keep_days)}", highlight=False)
    if keep_days is not None:
        does_it = "" if due is None else " `santorio retention run` does it."
        console.print(f"{_says(due)}{does_it}", highlight=False)


@app.command()
def run(
    *,
    person: PersonOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Thin what is older than the person wants, after asking."""
    settings = load_settings()
    now = dt.datetime.now(dt.UTC)
    with open_database(settings) as database:
        with database.connect() as connection:
            somebody = reading_person(connection, settings, person)
            keep = retention.keep_samples_days(connection, somebody)
            due = retention.due(connection, somebody, now)
        if due is not None and not yes:
            console.print(f"{somebody.name}: {_wanted(keep)} {_says(due)}", highlight=False)
            console.print(f"The samples cannot be had back from here. {STAYS}", highlight=False)
            typer.confirm("Thin them?", abort=True)
        done = retention.Thinned()
        for step in retention.thin(database, somebody, now):
            done += step
    if as_json:
        print_json({"person": somebody.name, "keep_samples_days": keep, "thinned": done})
        return
    if due is None:
        console.print(f"{somebody.name}: {_wanted(keep)} {_says(due)}", highlight=False)
        return
    console.print(
        f"Thinned {done.payloads:,} payloads: {done.samples:,} samples, {done.bytes / 1e6:,.1f} MB.",
        highlight=False,
    )
    if left := due.payloads - done.payloads:
        console.print(
            f"{left:,} payloads are left as they are: there is no sample in them, or a shape that is not known.",
            highlight=False,
        )
    console.print("The next `santorio run` takes the samples out of the marts.", highlight=False)


def _wanted(keep: int | None) -> str:
    if keep is None:
        return "samples within the day are kept for ever."
    return f"samples within the day are kept for {keep} days."


def _says(due: retention.Due | None) -> str:
    if due is None:
        return "Nothing is to be thinned."
    span = f"{due.first_day} to {due.last_day}"
    return f"Up to {due.payloads:,} payloads of {due.days:,} days ({span}) are to be thinned."
