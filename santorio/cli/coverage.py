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
from santorio.ingest.coverage.calendar import (
    GLYPHS,
    LEGEND,
    Calendars,
    DayStatus,
    Statuses,
    glyphs,
    month_rows,
)
from santorio.ingest.coverage.settlement import settle
from santorio.rendering.calendar import RULER, MonthRow
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

# A longer list is cut; --json has all gaps.
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
        all_statuses = coverage_calendar.read_statuses(connection, subject.user_id)
        all_gaps = ledger.find_gaps(connection, subject.user_id)
    first = since.date() if since else dt.date.min
    statuses, gaps = _select(all_statuses, all_gaps, first, kind)
    if as_json:
        print_json(_document(subject.name, statuses, gaps))
        return
    calendars = coverage_calendar.build_calendars(statuses, gaps)
    print_coverage(calendars, gaps, kind or coverage_calendar.kinds_to_show(calendars))


def _select(
    statuses: Statuses, gaps: Sequence[ledger.CoverageGap], first: dt.date, kinds: Sequence[str] | None
) -> tuple[Statuses, list[ledger.CoverageGap]]:
    """The days and gaps from `first` on, of these kinds of data, or of all kinds where none is named."""

    def is_selected(kind: str, last_day: dt.date) -> bool:
        return last_day >= first and (not kinds or kind in kinds)

    selected = {(kind, day): status for (kind, day), status in statuses.items() if is_selected(kind, day)}
    overlapping = [gap for gap in gaps if is_selected(gap.kind, gap.last_day)]
    # A gap that began before `first` is shown from there on.
    shortened = [dataclasses.replace(gap, first_day=max(first, gap.first_day)) for gap in overlapping]
    return selected, shortened


def _document(person: str, statuses: Statuses, gaps: Sequence[ledger.CoverageGap]) -> dict[str, object]:
    days = [{"kind": kind, "day": day, "status": status} for (kind, day), status in sorted(statuses.items())]
    gap_documents = []
    for gap in gaps:
        document = dataclasses.asdict(gap)
        gap_documents.append({**document, "days": gap.days, "is_intended": gap.is_intended})
    return {"person": person, "days": days, "gaps": gap_documents}


def print_coverage(calendars: Calendars, gaps: Sequence[ledger.CoverageGap], kinds: Sequence[str]) -> None:
    """Draw the calendar, then list the gaps by their cause, and what closes them."""
    rows = {kind: month_rows(calendars.get(kind, {})) for kind in kinds}
    if not any(rows.values()):
        console.print("There is no data yet: type `santorio sync` or `santorio import PATH`.")
        return
    table = Table(title="Coverage", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Kind", "Month", RULER):
        table.add_column(heading, no_wrap=True)
    shown: set[DayStatus | None] = set()
    for kind, months in rows.items():
        # The name of the kind stands in its first row only.
        name = kind
        for month in months:
            table.add_row(name, month.name, _coloured(month))
            shown.update(month.days)
            name = ""
    console.print(table)
    for status, text in LEGEND.items():
        if status in shown:
            console.print(f"[{STYLES[status]}]{GLYPHS[status]}[/] {text}", highlight=False)
    print_gaps(gaps)


def _coloured(row: MonthRow[DayStatus | None]) -> str:
    """Write a month as coloured glyphs."""
    parts: list[str] = []
    text, start = glyphs(row), 0
    for status, run in groupby(row.days):
        end = start + len(list(run))
        part = text[start:end]
        if status is not None:
            part = f"[{STYLES[status]}]{part}[/]"
        parts.append(part)
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
    for reason, explanation in ledger.REASONS.items():
        days = sum(gap.days for gap in gaps if gap.reason == reason)
        if days:
            table.add_row(str(days), f"[b]{reason}[/b]: {explanation}")
    console.print(table)
    unintended = [gap for gap in gaps if not gap.is_intended]
    for gap in unintended[:MAX_GAPS]:
        console.print(f"[red]✗[/red] {_gap_line(gap)}", highlight=False)
    if len(unintended) > MAX_GAPS:
        console.print(f"… and {len(unintended) - MAX_GAPS} more: `santorio coverage --json` has all.")
    for sentence in ledger.what_to_do(gaps):
        console.print(f"→ {sentence}", highlight=False, soft_wrap=True)


def _gap_line(gap: ledger.CoverageGap) -> str:
    days = f"{gap.first_day}"
    if gap.days > 1:
        days += f" to {gap.last_day}"
    reason = f"{gap.reason}"
    if gap.error:
        reason += f": {gap.error}"
    return f"{gap.kind}: {days} ({reason})"
