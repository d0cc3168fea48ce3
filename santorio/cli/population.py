"""`santorio population`: effects pooled over the people here who share their results."""

import psycopg
from rich.table import Table

from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.cli.formats import Row, format_amount, format_lag, number
from santorio.metrics import label
from santorio.people import Person
from santorio.privacy.consent import MIN_PEOPLE, read_consent
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.warehouse import read_model

# The 97.5 % quantile of the standard normal distribution.
NORMAL_95 = 1.959964
MAX_ROWS = 12
HEADINGS = (
    "Exposure or trial",
    "Outcome",
    "People",
    "Average",
    "SD between people",
    "You alone",
    "You, pooled",
)


def population(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Show effects pooled over people who share their results, and what they mean for your own."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        shares = read_consent(connection, subject.user_id).shares
        pooled = read_model.person_rows(connection, read_model.POPULATION, subject.user_id)
        own = _own_effects(connection, subject)
    rows: list[Row] = []
    # People who do not share their results do not see those of the others.
    if shares:
        trials_first = sorted(pooled, key=lambda row: row["basis"] != "trial")
        rows = [{**row, **own.get(_key(row), {})} for row in trials_first]
    if as_json:
        print_json({"person": subject.name, "shares": shares, "population": rows})
    elif not shares:
        console.print(
            f"{subject.name}: pooled effects are shown only to people who share their results. "
            "[b]santorio consent show[/b] explains what sharing means.",
            highlight=False,
        )
    elif not rows:
        console.print(
            f"There is no effect yet that {subject.name} has in common with enough people who share "
            f"({MIN_PEOPLE} in all); each run checks again.",
            highlight=False,
        )
    else:
        print_population(rows)


def _key(row: Row) -> tuple[object, ...]:
    return row["basis"], row["outcome"], row["factor"], row["lag_days"]


def _own_effects(connection: psycopg.Connection, person: Person) -> dict[tuple[object, ...], Row]:
    """The person's own associations without pooling, by the key of the pooled effect."""
    effects: dict[tuple[object, ...], Row] = {}
    for row in read_model.person_rows(connection, read_model.EFFECTS, person.user_id):
        key = ("association", row["outcome"], row["exposure"], row["lag_days"])
        effects[key] = {
            "own_estimate": row["estimate"],
            "own_lower_95": row["lower_95"],
            "own_upper_95": row["upper_95"],
        }
    return effects


def print_population(rows: list[Row]) -> None:
    """Print the pooled effects, the variation between people and the person's own effects."""
    table = Table(title="Effects over people who share their results", title_justify="left")
    for heading in HEADINGS[:2]:
        table.add_column(heading)
    for heading in HEADINGS[2:]:
        table.add_column(heading, justify="right")
    # A trial is worth more than an association, then the effects that are farthest from zero for their uncertainty.
    strongest = sorted(rows, key=lambda row: (row["basis"] != "trial", -_strength(row)))
    for row in strongest[:MAX_ROWS]:
        margin = NORMAL_95 * number(row["shrunk_sd"])
        pooled = number(row["shrunk_estimate"])
        own = ""
        if "own_estimate" in row:
            own = _format_interval(row["own_estimate"], row["own_lower_95"], row["own_upper_95"])
        table.add_row(
            _format_factor(row),
            f"{label(str(row['outcome']))} ({row['unit']})",
            str(row["people"]),
            _format_interval(row["mean"], row["lower_95"], row["upper_95"]),
            f"{number(row['between_sd']):.2g}",
            own,
            _format_interval(pooled, pooled - margin, pooled + margin),
        )
    console.print(table)
    hidden = len(rows) - MAX_ROWS
    if hidden > 0:
        console.print(f"{hidden} weaker effects are not shown; --json has all.", highlight=False)
    console.print(
        "With 95 % intervals. “You alone” is shrunk towards zero, “You, pooled” towards the average of the others. "
        "Effects without a trial are associations: what confounds them for one person may confound them for everybody.",
        highlight=False,
    )


def _strength(row: Row) -> float:
    return abs(number(row["mean"])) / (number(row["upper_95"]) - number(row["lower_95"]))


def _format_factor(row: Row) -> str:
    factor = str(row["factor"])
    if row["basis"] == "trial":
        return f"a trial of {factor.replace('-', ' ')}"
    amount = format_amount(row["per_amount"], row["factor_unit"])
    return f"{amount} more {label(factor)}, {format_lag(row)}"


def _format_interval(middle: object, lower: object, upper: object) -> str:
    return f"{number(middle):+.2g} ({number(lower):+.2g} to {number(upper):+.2g})"
