"""`santorio consent` and `santorio population`: whether results are shared, and what those who share have in common."""

import psycopg
import typer
from rich.table import Table

from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.cli.demo_summary import amount, published, when
from santorio.local_time import in_words
from santorio.metrics import label
from santorio.people import Person
from santorio.privacy.consent import FEWEST_PEOPLE, MEANING, read_consent, say
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

app = typer.Typer(
    help="Whether your results are pooled with those of other people here.", no_args_is_help=True
)
NORMAL_95 = 1.959964
SHOWN = 12


@app.command()
def show(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Say whether a person shares, and what that means."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        consent = read_consent(connection, somebody.user_id)
    if as_json:
        print_json({"person": somebody.name, "shares": consent.shares, "said_at": consent.said_at})
        return
    since = f" since {in_words(consent.said_at.date())}" if consent.said_at else ""
    stands = "are" if consent.shares else "are not"
    console.print(
        f"{somebody.name}: your results {stands} pooled with those of others here{since}.", highlight=False
    )
    console.print(MEANING, highlight=False)
    turn = "withdraw" if consent.shares else "give"
    console.print(f"To change it: [b]santorio consent {turn}[/b]", highlight=False)


@app.command()
def give(*, person: PersonOption = None) -> None:
    """Let your results be pooled with those of others here."""
    _say(person, shares=True)


@app.command()
def withdraw(*, person: PersonOption = None) -> None:
    """Let your results be pooled no more."""
    _say(person, shares=False)


def _say(name: str | None, *, shares: bool) -> None:
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, name)
        changed = say(connection, somebody, shares=shares)
    if not changed:
        console.print(f"{somebody.name}: that is how it was already.", highlight=False)
        return
    stands = "are" if shares else "are no longer"
    console.print(
        f"{somebody.name}: from the next study on ([b]santorio run[/b]) your results {stands} pooled with those of "
        "others here.",
        highlight=False,
    )
    if shares:
        console.print(MEANING, highlight=False)
        console.print("[b]santorio consent withdraw[/b] takes it back at any time.", highlight=False)


def population(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Say what people who share have in common, and what that means for your own associations and trials."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        shares = read_consent(connection, somebody.user_id).shares
        rows = [row for row in published(connection, "population", ORDER, somebody) if row["is_member"]]
        own = _own(connection, somebody)
    rows = [{**row, **own.get(_key(row), {})} for row in rows] if shares else []
    if as_json:
        print_json({"person": somebody.name, "shares": shares, "population": rows})
    elif not shares:
        console.print(
            f"{somebody.name}: who does not share is told nothing of what others share. "
            "[b]santorio consent show[/b] says what sharing means.",
            highlight=False,
        )
    elif not rows:
        console.print(
            f"Nothing is there yet that {FEWEST_PEOPLE} people who share have in common with {somebody.name}; "
            "the next study looks again.",
            highlight=False,
        )
    else:
        say_population(rows)


ORDER = "basis desc, outcome, factor"


def _key(row: dict[str, object]) -> tuple[object, ...]:
    return row["basis"], row["outcome"], row["factor"], row["lag_days"]


def _own(connection: psycopg.Connection, person: Person) -> dict[tuple[object, ...], dict[str, object]]:
    """What the person's own associations are by themselves, to stand beside what the others add."""
    return {
        ("association", row["outcome"], row["exposure"], row["lag_days"]): {
            "own_estimate": row["estimate"],
            "own_lower_95": row["lower_95"],
            "own_upper_95": row["upper_95"],
        }
        for row in published(connection, "effects", "outcome, rank", person)
    }


def say_population(rows: list[dict[str, object]]) -> None:
    """Print what is pooled: of all, how far people differ, and the person's own beside it."""
    table = Table(title="What people here who share have in common", title_justify="left")
    for heading in (
        "After",
        "one sees in",
        "people",
        "on average",
        "they differ by",
        "you alone",
        "you among them",
    ):
        table.add_column(heading, justify="left" if heading in {"After", "one sees in"} else "right")
    strongest = sorted(rows, key=lambda row: (row["basis"] != "trial", -_strength(row)))
    for row in strongest[:SHOWN]:
        spread = NORMAL_95 * float(str(row["shrunk_sd"]))
        middle = float(str(row["shrunk_estimate"]))
        table.add_row(
            _factor(row),
            f"{label(str(row['outcome']))} ({row['unit']})",
            str(row["people"]),
            _interval(row["mean"], row["lower_95"], row["upper_95"]),
            f"{float(str(row['between_sd'])):.2g}",
            _interval(row["own_estimate"], row["own_lower_95"], row["own_upper_95"])
            if "own_estimate" in row
            else "",
            _interval(middle, middle - spread, middle + spread),
        )
    console.print(table)
    if (left := len(rows) - SHOWN) > 0:
        console.print(f"{left} more are less clear; --json tells all.", highlight=False)
    console.print(
        "With 95 % intervals. “You alone” pulls what is small to nothing, as there is nobody to compare with; “you "
        "among them” is pulled towards the others instead. What is no trial is an association: what confounds one "
        "person's may confound everyone's.",
        highlight=False,
    )


def _strength(row: dict[str, object]) -> float:
    mean, lower, upper = (float(str(row[name])) for name in ("mean", "lower_95", "upper_95"))
    return abs(mean) / (upper - lower)


def _factor(row: dict[str, object]) -> str:
    if row["basis"] == "trial":
        return f"a trial of {str(row['factor']).replace('-', ' ')}"
    told = {**row, "exposure_unit": row["factor_unit"]}
    return f"{amount(told)} more {label(str(row['factor']))}, {when(row)}"


def _interval(middle: object, lower: object, upper: object) -> str:
    middle, lower, upper = (float(str(one)) for one in (middle, lower, upper))
    return f"{middle:+.2g} ({lower:+.2g} to {upper:+.2g})"
