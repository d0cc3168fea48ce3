"""`santorio quality`: which days can be trusted, and what the analyses leave out and why."""

import dataclasses
import datetime as dt
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from santorio.analyses.quality.days import (
    LEGEND,
    REASONS,
    Day,
    Quality,
    Stretch,
    Trust,
    joined,
    months,
    read_quality,
)
from santorio.analyses.quality.page import names, page
from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.errors import NotFound, output_errors
from santorio.ingest.coverage.calendar import RULER
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

MOST_ROWS = 30
STYLES = {
    Trust.WHOLE: "green",
    Trust.NOTED: "cyan",
    Trust.PARTLY: "yellow",
    Trust.NOT_WORN: "dim",
    Trust.UNKNOWN: "yellow",
    Trust.MISSING: "red",
}


def quality(
    *,
    person: PersonOption = None,
    since: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page to this file, to look at or to print.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show which days can be trusted, what the analyses leave out, and why."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        built = connection.execute("select to_regclass('marts.day_quality') is not null").fetchone()
        if built is None or not built[0]:
            raise NotFound("Nothing is built yet.", hint="Type `santorio run` first.")
        found = read_quality(connection, somebody.user_id, since.date() if since else None)
    if html is not None:
        with output_errors(html):
            html.write_text(page(somebody.name, found, dt.datetime.now(dt.UTC)), encoding="utf-8")
        if not as_json:
            console.print(f"{html}: open it in a browser.", highlight=False, soft_wrap=True)
            return
    if as_json:
        print_json({"person": somebody.name, "days": [_as_json(day) for day in found.days]})
        return
    say_quality(found)


def _as_json(day: Day) -> dict[str, object]:
    return {**dataclasses.asdict(day), "trust": day.trust.name.lower()}


def say_quality(found: Quality) -> None:
    """Draw the calendar, then name what is left out, what is to be looked at, and what is missing."""
    rows = joined(months(found.days))
    if not rows:
        console.print("No day is there yet: `santorio import PATH` or `santorio sync`, then `santorio run`.")
        return
    table = Table(title="Days", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Month", RULER):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(row.name, coloured(row.signs))
    console.print(table)
    counts = found.trust
    for trust, words in LEGEND.items():
        if counts[trust]:
            console.print(f"{coloured(trust)} {counts[trust]:>5} {words}", highlight=False)
    say_stretches("Left out by the analyses", found.left_out)
    say_stretches("To look at; it counts", found.noted)
    say_missing(found)


def coloured(signs: str) -> str:
    """Colour a row of signs."""
    runs = [(sign, "".join(run)) for sign, run in groupby(signs)]
    return "".join(run if sign == " " else f"[{STYLES[Trust(sign)]}]{run}[/]" for sign, run in runs)


def say_stretches(title: str, found: list[Stretch]) -> None:
    """Name days and why, the newest first."""
    if not found:
        return
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    for heading in ("Days", "What", "Why"):
        table.add_column(heading, no_wrap=heading == "Days")
    for one in found[:MOST_ROWS]:
        span = f"{one.first_day}" if one.days == 1 else f"{one.first_day} to {one.last_day}"
        table.add_row(span, names(one.metrics), one.reason)
    console.print(table)
    if len(found) > MOST_ROWS:
        console.print(f"… and {len(found) - MOST_ROWS} more: `santorio quality --json` has all.")


def say_missing(found: Quality) -> None:
    """Say how many days and nights are missing for which reason."""
    missing = found.missing
    if not missing:
        return
    table = Table(title="Missing", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Days", "Nights", "Why"):
        table.add_column(heading)
    for reason, words in REASONS.items():
        days, nights = (
            sum(one.missing_reason == reason for one in found.days),
            sum(one.night_missing_reason == reason for one in found.days),
        )
        if days or nights:
            table.add_row(str(days or ""), str(nights or ""), f"[b]{reason}[/b]: {words}")
    console.print(table)
