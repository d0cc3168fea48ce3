"""`santorio coverage`: a calendar of the days with data, and the cause of each gap."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table

from santorio import local_time
from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.ingest.coverage import calendar as coverage_calendar
from santorio.ingest.coverage import gaps as ledger
from santorio.ingest.coverage.calendar import GLYPHS, LEGEND, Calendars, DayStatus, glyphs, month_rows
from santorio.ingest.coverage.settlement import settle
from santorio.rendering.calendar import RULER, MonthRow
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

MAX_GAPS = 30
STYLES = {
    DayStatus.PRESENT: "green",
    DayStatus.PROVISIONAL: "yellow",
    DayStatus.NO_DATA: "dim",
    DayStatus.UNKNOWN: "yellow",
    DayStatus.MISSING: "red",
}


def coverage(
    *,
    person: PersonOption = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only these kinds of data.")] = None,
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, YYYY-MM-DD.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show whether Garmin's data is there for each kind and day, and the cause of each gap."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        # A run settles the ledger; before a run this shows the log as it is now.
        today = local_time.today(connection, subject, dt.datetime.now(dt.UTC))
        settle(connection, subject.user_id, days=None, today=today)
        first = since.date() if since else dt.date.min
        statuses = {
            about: status
            for about, status in coverage_calendar.read_statuses(connection, subject.user_id).items()
            if about[1] >= first and (not kind or about[0] in kind)
        }
        gaps = [
            dataclasses.replace(gap, first_day=max(first, gap.first_day))
            for gap in ledger.find_gaps(connection, subject.user_id)
            if gap.last_day >= first and (not kind or gap.kind in kind)
        ]
    if as_json:
        print_json(
            {
                "person": subject.name,
                "days": [
                    {"kind": kind, "day": day, "status": status}
                    for (kind, day), status in sorted(statuses.items())
                ],
                "gaps": [
                    {**dataclasses.asdict(gap), "days": gap.days, "is_intended": gap.is_intended}
                    for gap in gaps
                ],
            }
        )
        return
    calendars = coverage_calendar.build_calendars(statuses, gaps)
    print_coverage(calendars, gaps, kind or coverage_calendar.kinds_to_show(calendars))


def print_coverage(calendars: Calendars, gaps: Sequence[ledger.CoverageGap], kinds: Sequence[str]) -> None:
    """Draw the calendar, then name the gaps by where they come from, and say what mends them."""
    rows = {kind: month_rows(calendars.get(kind, {})) for kind in kinds}
    if not any(rows.values()):
        console.print("There is no data yet: type `santorio sync` or `santorio import PATH`.")
        return
    table = Table(title="Coverage", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Kind", "Month", RULER):
        table.add_column(heading, no_wrap=True)
    for kind, of_kind in rows.items():
        for number, row in enumerate(of_kind):
            table.add_row(kind if number == 0 else "", row.name, _coloured(row))
    console.print(table)
    used = {status for of_kind in rows.values() for row in of_kind for status in row.days}
    for status, text in LEGEND.items():
        if status in used:
            console.print(f"[{STYLES[status]}]{GLYPHS[status]}[/] {text}", highlight=False)
    print_gaps(gaps)


def _coloured(row: MonthRow[DayStatus | None]) -> str:
    """Write a month as coloured glyphs."""
    parts: list[str] = []
    text, start = glyphs(row), 0
    for status, run in groupby(row.days):
        end = start + len(list(run))
        parts.append(text[start:end] if status is None else f"[{STYLES[status]}]{text[start:end]}[/]")
        start = end
    return "".join(parts)


def print_gaps(gaps: Sequence[ledger.CoverageGap]) -> None:
    """Print missing days by cause, the unintended gaps, and how to close them."""
    if not gaps:
        console.print("No gaps.")
        return
    table = Table(title="Gaps, in days of a kind", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Days", "Why"):
        table.add_column(heading)
    for reason, words in ledger.REASONS.items():
        count = sum(gap.days for gap in gaps if gap.reason == reason)
        if count:
            table.add_row(str(count), f"[b]{reason}[/b]: {words}")
    console.print(table)
    unintended = [gap for gap in gaps if not gap.is_intended]
    for gap in unintended[:MAX_GAPS]:
        span = f"{gap.first_day}" if gap.days == 1 else f"{gap.first_day} to {gap.last_day}"
        why = f"{gap.reason}: {gap.error}" if gap.error else gap.reason
        console.print(f"[red]✗[/red] {gap.kind}: {span} ({why})", highlight=False)
    if len(unintended) > MAX_GAPS:
        console.print(f"… and {len(unintended) - MAX_GAPS} more: `santorio coverage --json` has all.")
    for sentence in ledger.what_to_do(gaps):
        console.print(f"→ {sentence}", highlight=False, soft_wrap=True)
