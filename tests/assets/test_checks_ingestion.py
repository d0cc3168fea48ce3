"""The check on Garmin's days: a hole that nobody meant is a warning that says what to do; no name is in it."""

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from assets.checks.ingestion import coverage_complete
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database

FIRST = dt.date(2026, 3, 1)


def note(database: Database, person: Person, kind: str, statuses: str) -> None:
    """Fill the ledger from the first of March on: a letter a day; a dash is a day never asked for."""
    names = {"f": "final", "e": "empty", "p": "provisional", "x": "failed"}
    with database.connect() as connection:
        for number, letter in enumerate(statuses):
            if letter != "-":
                connection.execute(
                    "insert into ops.coverage (user_id, kind, day, status, last_error) values (%s, %s, %s, %s, %s)",
                    [
                        person.user_id,
                        kind,
                        FIRST + dt.timedelta(days=number),
                        names[letter],
                        "http_503" if letter == "x" else None,
                    ],
                )


@pytest.fixture
def second(database: Database) -> Person:
    with database.connect() as connection:
        return ensure_person(connection, "somebody else", "Asia/Tokyo")


def checked(database: Database) -> tuple[dg.AssetCheckResult, dict[str, Any]]:
    result = coverage_complete(database)
    assert isinstance(result, dg.AssetCheckResult)
    return result, {name: value.value for name, value in result.metadata.items()}


def test_holes_that_are_meant_pass_and_stand_in_the_calendar(database: Database, person: Person) -> None:
    note(database, person, "daily_summary", "ffeffp")
    note(database, person, "sleep", "ffeefp")
    result, told = checked(database)
    assert result.passed
    assert result.description == "Every day that should be there is."
    assert told["days_that_should_be_there"] == 0
    assert told["calendar"].splitlines()[-6:-1] == [
        "daily_summary  1   5    10   15   20   25   30 ",
        "2026-03        ██·██▒" + 25 * " ",
        "",
        "sleep          1   5    10   15   20   25   30 ",
        "2026-03        ██··█▒" + 25 * " ",
    ]


def test_a_hole_that_nobody_meant_warns_and_says_what_to_type(
    database: Database, person: Person, second: Person
) -> None:
    note(database, person, "daily_summary", "ffffff")
    note(database, person, "heart_rate", "f--xff")
    note(database, second, "daily_summary", "fffff")
    note(database, second, "heart_rate", "fffff")
    result, told = checked(database)
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert told["days_that_should_be_there"] == 3
    assert result.description == (
        "2 days of a kind were never fetched: "
        "`santorio sync --since 2026-03-02 --until 2026-03-03 --kinds heart_rate`, or import the account's export. "
        "1 day of a kind failed (http_503): `santorio sync` requests them again."
    )
    # Of two people the worst day shows.
    assert "█✗✗✗" in told["calendar"]
    gaps = [record.data for record in result.metadata["gaps"].records]
    assert [(gap["first_day"], gap["days"], gap["reason"], gap["error"]) for gap in gaps] == [
        ("2026-03-04", 1, "failed", "http_503"), ("2026-03-02", 2, "missing", ""),
    ]  # fmt: skip


def test_nobody_is_named(database: Database, person: Person, second: Person) -> None:
    note(database, second, "daily_summary", "f-f")
    note(database, second, "sleep", "fff")
    result, _ = checked(database)
    assert not result.passed
    assert second.name not in repr(result)
    assert str(second.user_id) not in repr(result)


def test_before_anything_is_there_the_check_passes(database: Database) -> None:
    result, told = checked(database)
    assert result.passed
    assert told["calendar"] == "Nothing is there yet."
