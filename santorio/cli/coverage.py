"""`santorio coverage`: which days are there, as a calendar, and what every hole comes from."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table

from santorio import local_time
from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.ingest.coverage import calendar as coverage_calendar
from santorio.ingest.coverage import gaps as ledger
from santorio.ingest.coverage.calendar import LEGEND, RULER, Sign, Signs
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

MOST_HOLES = 30
STYLES = {
    Sign.THERE: "green",
    Sign.PROVISIONAL: "yellow",
    Sign.INTENDED: "dim",
    Sign.UNKNOWN: "yellow",
    Sign.UNINTENDED: "red",
}


def coverage(
    *,
    person: PersonOption = None,
    kind: Annotated[list[str] | None, typer.Option(help="These kinds alone.")] = None,
    since: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show, per kind and day, whether Garmin's data is there, and what every hole comes from."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        # The ledger is settled by a run; whoever asks before one sees the log as it is now.
        today = local_time.today(connection, somebody, dt.datetime.now(dt.UTC))
        ledger.settle(connection, somebody.user_id, days=None, today=today)
        first = since.date() if since else dt.date.min
        statuses = {
            about: status
            for about, status in coverage_calendar.statuses(connection, somebody.user_id).items()
            if about[1] >= first and (not kind or about[0] in kind)
        }
        holes = [
            dataclasses.replace(hole, first_day=max(first, hole.first_day))
            for hole in ledger.holes(connection, somebody.user_id)
            if hole.last_day >= first and (not kind or hole.kind in kind)
        ]
    if as_json:
        print_json(
            {
                "person": somebody.name,
                "days": [
                    {"kind": kind, "day": day, "status": status}
                    for (kind, day), status in sorted(statuses.items())
                ],
                "holes": [
                    {**dataclasses.asdict(hole), "days": hole.days, "is_intended": hole.is_intended}
                    for hole in holes
                ],
            }
        )
        return
    calendars = coverage_calendar.signs(statuses, holes)
    say_coverage(calendars, holes, kind or coverage_calendar.kinds_to_show(calendars))


def say_coverage(calendars: Signs, holes: Sequence[ledger.Hole], kinds: Sequence[str]) -> None:
    """Draw the calendar, then name the holes by where they come from, and say what mends them."""
    rows = coverage_calendar.months(calendars, kinds)
    if not rows:
        console.print("No such day is there yet: `santorio sync` or `santorio import PATH` brings them.")
        return
    table = Table(title="Coverage", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Kind", "Month", RULER):
        table.add_column(heading, no_wrap=True)
    for kind, group in groupby(rows, key=lambda row: row.kind):
        for number, row in enumerate(group):
            table.add_row(kind if number == 0 else "", row.name, coloured(row.signs))
    console.print(table)
    used = {sign for row in rows for sign in row.signs}
    for sign, words in LEGEND.items():
        if sign in used:
            console.print(f"{coloured(sign)} {words}", highlight=False)
    say_holes(holes)


def coloured(signs: str) -> str:
    """Colour a row of signs."""
    runs = [(sign, "".join(run)) for sign, run in groupby(signs)]
    return "".join(f"[{STYLES[Sign(sign)]}]{run}[/]" if sign in STYLES else run for sign, run in runs)


def say_holes(holes: Sequence[ledger.Hole]) -> None:
    """Say how many days are missing for which reason, name those that nobody meant, and what mends them."""
    if not holes:
        console.print("No holes.")
        return
    table = Table(title="Holes, in days of a kind", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Days", "Why"):
        table.add_column(heading)
    for reason, words in ledger.REASONS.items():
        count = sum(hole.days for hole in holes if hole.reason == reason)
        if count:
            table.add_row(str(count), f"[b]{reason}[/b]: {words}")
    console.print(table)
    unintended = [hole for hole in holes if not hole.is_intended]
    for hole in unintended[:MOST_HOLES]:
        span = f"{hole.first_day}" if hole.days == 1 else f"{hole.first_day} to {hole.last_day}"
        why = f"{hole.reason}: {hole.error}" if hole.error else hole.reason
        console.print(f"[red]✗[/red] {hole.kind}: {span} ({why})", highlight=False)
    if len(unintended) > MOST_HOLES:
        console.print(f"… and {len(unintended) - MOST_HOLES} more: `santorio coverage --json` has all.")
    for sentence in ledger.what_to_do(holes):
        console.print(f"→ {sentence}", highlight=False, soft_wrap=True)
