"""`santorio baselines`: expected ranges of the day, anomalies and level changes."""

import datetime as dt
from typing import Annotated

import typer
from rich.table import Table

from santorio import local_time
from santorio.analyses.baselines.text import number as format_number
from santorio.analyses.baselines.text import span
from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.cli.formats import Row, format_day, number
from santorio.errors import NotFound
from santorio.metrics import outcome
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.warehouse import read_model
from santorio.warehouse.read_model import Filter

# Older anomalies and changes are in the JSON.
RECENT_DAYS = 30


def baselines(
    *,
    metric: Annotated[str | None, typer.Option(help="Only this metric, such as resting_hr_bpm.")] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the expected ranges of today, anomalies and level changes."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        filters = [Filter("metric", "=", metric)] if metric else []
        rows = read_model.person_rows(connection, read_model.BASELINES, subject.user_id, filters)
        today = local_time.today(connection, subject, dt.datetime.now(dt.UTC))
    if not rows:
        what = f"of “{metric}” " if metric else ""
        raise NotFound(
            f"No baseline {what}has been computed yet.",
            hint="It needs 14 days with a value; then type `santorio run`.",
        )
    if as_json:
        documents = [{**row, "expected": expected(row, today)} for row in rows]
        print_json({"person": subject.name, "today": today, "baselines": documents})
        return
    print_ranges(rows, today)
    print_unusual(rows)


def expected(row: Row, today: dt.date) -> Row | None:
    """The prediction of today: the one made before its value was known, or the forecast; None beyond the forecast."""
    if row["last_day"] == today:
        # Its value is known, so that the forecast begins tomorrow.
        bounds = {name: row[name] for name in ("median", "lower_95", "upper_95")}
        return {**bounds, "day": today.isoformat()}
    forecast = row["forecast"]
    assert isinstance(forecast, list)  # noqa: S101 - a column of JSON lists
    for day in forecast:
        if day["day"] == today.isoformat():
            return dict(day)
    return None


def print_ranges(rows: list[Row], today: dt.date) -> None:
    """Print the expected range of today and the newest value of each metric."""
    table = Table(title=f"Usual ranges, {format_day(today)}", title_justify="left")
    for heading in ("", "Expected today (95 %)", "Newest value", "Day", "Expected that day"):
        table.add_column(heading)
    for row in rows:
        unit = str(row["unit"])
        lower, upper = _bounds(row)
        table.add_row(
            outcome(str(row["metric"])).label,
            _expected_text(row, today),
            f"{format_number(number(row['last_value']), upper - lower)} {unit}",
            format_day(row["last_day"]),
            span(lower, upper, unit),
        )
    console.print(table)


def _expected_text(row: Row, today: dt.date) -> str:
    prediction = expected(row, today)
    if prediction is None:
        return _explain_missing(row, today)
    return span(*_bounds(prediction), str(row["unit"]))


def _explain_missing(row: Row, today: dt.date) -> str:
    last = row["last_day"]
    assert isinstance(last, dt.date)  # noqa: S101 - a column of dates
    if last < today:
        return "none: the newest value is too old"
    return "none: the newest value is in the future"


def print_unusual(rows: list[Row]) -> None:
    """Print the anomalies and level changes of each metric's last 30 days."""
    sentences: list[str] = []
    for row in rows:
        last = row["last_day"]
        assert isinstance(last, dt.date)  # noqa: S101 - a column of dates
        # ISO dates sort as text.
        since = (last - dt.timedelta(days=RECENT_DAYS)).isoformat()
        for kind, day in (("anomalies", "last_day"), ("changes", "day")):
            events = row[kind]
            assert isinstance(events, list)  # noqa: S101 - a column of JSON lists
            sentences += [str(event["sentence"]) for event in events if event[day] >= since]
    for sentence in sentences:
        console.print(f"  {sentence}", highlight=False, soft_wrap=True)
    if not sentences:
        console.print("No anomalies in the last 30 days of any metric.")


def _bounds(row: Row) -> tuple[float, float]:
    return number(row["lower_95"]), number(row["upper_95"])
