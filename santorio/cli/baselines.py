"""`santorio baselines`: what is expected of the day, what was odd, when a level changed."""

import datetime as dt
from typing import Annotated

import typer
from rich.table import Table

from santorio import local_time
from santorio.analyses.baselines.text import number, span
from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.cli.demo_summary import day_words, published
from santorio.errors import NotFound
from santorio.metrics import outcome
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

# What is older is in the JSON.
RECENT_DAYS = 30
Row = dict[str, object]


def baselines(
    *,
    metric: Annotated[str | None, typer.Option(help="Only this metric, such as resting_hr_bpm.")] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is usual: today's expected ranges, odd days and runs, changes of level."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        rows = published(connection, "baselines", "metric", somebody)
        today = local_time.today(connection, somebody, dt.datetime.now(dt.UTC))
    if metric is not None:
        rows = [row for row in rows if row["metric"] == metric]
    if not rows:
        what = f"of “{metric}” " if metric else ""
        raise NotFound(
            f"No baseline {what}has been computed yet.",
            hint="It takes 14 days with a value; then `santorio run`.",
        )
    if as_json:
        print_json(
            {
                "person": somebody.name,
                "today": today,
                "baselines": [{**row, "expected": expected(row, today)} for row in rows],
            }
        )
        return
    say_ranges(rows, today)
    say_unusual(rows)


def expected(row: Row, today: dt.date) -> Row | None:
    """What is expected of today: as said before it came if it is known, else of the days to come; None beyond those."""
    if row["last_day"] == today:
        return {name: row[name] for name in ("median", "lower_95", "upper_95")} | {"day": today.isoformat()}
    forecast = row["forecast"]
    assert isinstance(forecast, list)  # noqa: S101 - a column of JSON lists
    return next((day for day in forecast if day["day"] == today.isoformat()), None)


def say_ranges(rows: list[Row], today: dt.date) -> None:
    """Print what is expected of today, metric by metric, beside the newest value."""
    table = Table(title=f"What is usual, {day_words(today)}", title_justify="left")
    for heading in ("", "Expected today (95 %)", "Newest value", "Of", "Usual that day"):
        table.add_column(heading)
    for row in rows:
        unit = str(row["unit"])
        coming = expected(row, today)
        lower, upper = _ends(row)
        table.add_row(
            outcome(str(row["metric"])).label,
            span(*_ends(coming), unit) if coming else _why_nothing(row, today),
            f"{number(_float(row['last_value']), upper - lower)} {unit}",
            day_words(row["last_day"]),
            span(lower, upper, unit),
        )
    console.print(table)


def _why_nothing(row: Row, today: dt.date) -> str:
    last = row["last_day"]
    assert isinstance(last, dt.date)  # noqa: S101 - a column of dates
    return f"nothing: the newest value is {'too old' if last < today else 'of a day to come'}"


def say_unusual(rows: list[Row]) -> None:
    """Print the sentences about the newest month of each metric."""
    said = []
    for row in rows:
        last = row["last_day"]
        assert isinstance(last, dt.date)  # noqa: S101 - a column of dates
        since = (last - dt.timedelta(days=RECENT_DAYS)).isoformat()
        for kind, day in (("anomalies", "last_day"), ("changes", "day")):
            found = row[kind]
            assert isinstance(found, list)  # noqa: S101 - a column of JSON lists
            said += [str(one["sentence"]) for one in found if one[day] >= since]
    for sentence in said:
        console.print(f"  {sentence}", highlight=False, soft_wrap=True)
    if not said:
        console.print("Nothing unusual in the newest month of any metric.")


def _ends(row: Row) -> tuple[float, float]:
    return _float(row["lower_95"]), _float(row["upper_95"])


def _float(value: object) -> float:
    return float(str(value))
