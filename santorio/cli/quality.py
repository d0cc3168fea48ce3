"""`santorio quality`: the quality of each day, and what the analyses exclude and why."""

import dataclasses
import datetime as dt
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from santorio.analyses.quality.days import (
    LEGEND,
    REASONS,
    Day,
    DayQuality,
    QualityHistory,
    QualityPeriod,
    is_complete,
    read_quality,
)
from santorio.analyses.quality.page import metric_names, quality_page
from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.errors import NotFound, output_errors
from santorio.rendering.calendar import RULER, MonthRow, merge_months, rows_by_month
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

# Longer tables are cut; --json lists all.
MAX_ROWS = 30
# They differ in black and white too.
GLYPHS = {
    DayQuality.COMPLETE: "█",
    DayQuality.FLAGGED: "▓",
    DayQuality.PARTLY_EXCLUDED: "▒",
    DayQuality.NOT_WORN: "·",
    DayQuality.UNKNOWN: "?",
    DayQuality.MISSING: "✗",
}
COLOURS = {
    DayQuality.COMPLETE: "green",
    DayQuality.FLAGGED: "cyan",
    DayQuality.PARTLY_EXCLUDED: "yellow",
    DayQuality.NOT_WORN: "dim",
    DayQuality.UNKNOWN: "yellow",
    DayQuality.MISSING: "red",
}


def quality(
    *,
    person: PersonOption = None,
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, YYYY-MM-DD.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write an HTML page to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the quality of each day, what the analyses exclude, and why."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        # The marts do not exist before the first run.
        built = connection.execute("select to_regclass('marts.day_quality') is not null").fetchone()
        if built is None or not built[0]:
            raise NotFound("Nothing has been built yet.", hint="Type `santorio run` first.")
        first_day = since.date() if since else None
        history = read_quality(connection, subject.user_id, first_day)
    if html is not None:
        with output_errors(html):
            html.write_text(quality_page(subject.name, history, dt.datetime.now(dt.UTC)), encoding="utf-8")
        if not as_json:
            console.print(f"{html}: open it in a browser.", highlight=False, soft_wrap=True)
            return
    if as_json:
        print_json({"person": subject.name, "days": [_as_json(day) for day in history.days]})
        return
    print_quality(history)


def _as_json(day: Day) -> dict[str, object]:
    return {**dataclasses.asdict(day), "quality": day.quality}


def print_quality(history: QualityHistory) -> None:
    """Print the calendar, then what is excluded, what is to be reviewed, and what is missing."""
    days = {day.day: day for day in history.days}
    rows = merge_months(rows_by_month(days), is_complete)
    if not rows:
        console.print(
            "There is no data yet: type `santorio import PATH` or `santorio sync`, then `santorio run`."
        )
        return
    table = Table(title="Days", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Month", RULER):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(row.name, _glyphs(row))
    console.print(table)
    counts = history.counts
    for day_quality, text in LEGEND.items():
        if counts[day_quality]:
            glyph = _coloured(day_quality, GLYPHS[day_quality])
            console.print(f"{glyph} {counts[day_quality]:>5} {text}", highlight=False)
    print_periods("Excluded from the analyses", history.excluded)
    print_periods("To review; it counts", history.flagged)
    print_missing(history)


def _glyphs(row: MonthRow[Day]) -> str:
    """Write a month as a row of coloured glyphs; a run of days of one quality is coloured at once."""
    parts: list[str] = []
    for day_quality, run in groupby(row.days, key=_quality):
        length = len(list(run))
        if day_quality is None:
            parts.append(" " * length)
        else:
            parts.append(_coloured(day_quality, GLYPHS[day_quality] * length))
    return "".join(parts)


def _quality(day: Day | None) -> DayQuality | None:
    return day.quality if day else None


def _coloured(day_quality: DayQuality, text: str) -> str:
    return f"[{COLOURS[day_quality]}]{text}[/]"


def print_periods(title: str, periods: list[QualityPeriod]) -> None:
    """Print days and why, the newest first."""
    if not periods:
        return
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    for heading in ("Days", "What", "Why"):
        table.add_column(heading, no_wrap=heading == "Days")
    for period in periods[:MAX_ROWS]:
        table.add_row(period.span, metric_names(period.metrics), period.reason)
    console.print(table)
    if len(periods) > MAX_ROWS:
        console.print(f"… and {len(periods) - MAX_ROWS} more: `santorio quality --json` lists all.")


def print_missing(history: QualityHistory) -> None:
    """Print how many days and nights are missing, by reason."""
    if not history.missing:
        return
    table = Table(title="Missing", title_justify="left", box=None, padding=(0, 1))
    for heading in ("Days", "Nights", "Why"):
        table.add_column(heading)
    days = Counter(day.missing_reason for day in history.days)
    nights = Counter(day.night_missing_reason for day in history.days)
    for reason, explanation in REASONS.items():
        if days[reason] or nights[reason]:
            counts = (str(days[reason] or ""), str(nights[reason] or ""))
            table.add_row(*counts, f"[b]{reason}[/b]: {explanation}")
    console.print(table)
