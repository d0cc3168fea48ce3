"""`santorio retention` says what would go, asks, and does nothing that the person did not say."""

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from santorio.cli.main import app
from santorio.errors import ConfigError
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import write_events
from support.samples import day_events

DAY = dt.date(2025, 3, 2)


@pytest.fixture
def here(database: Database, person: Person, home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """One old day of one person, in the database that the commands open."""
    monkeypatch.setenv("SANTORIO_HOME", str(home))
    monkeypatch.setenv("SANTORIO_DATABASE_URL", database.url)
    monkeypatch.setenv("SANTORIO_DAGSTER_DATABASE_URL", database.dagster_url)
    with database.connect() as connection:
        write_events(connection, day_events(person, DAY))
    return database


def output_of(*arguments: str, answer: str | None = None, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["retention", *arguments], input=answer)
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def complete_payloads(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("select count(*) from raw.events where not data ? 'thinned'").fetchone()
    assert row is not None
    return int(row[0])


def test_nothing_goes_before_the_person_said_how_long_and_then_yes(here: Database) -> None:
    assert "kept forever" in output_of("show")
    assert "Nothing to downsample." in output_of("run", "--yes")
    assert complete_payloads(here) == 7

    output = output_of("set", "--keep-days", "90")
    assert "Up to 7 payloads of 1 days (2025-03-02 to 2025-03-02)" in output
    assert "`santorio retention run` downsamples them." in output
    assert complete_payloads(here) == 7
    assert "cannot be restored" in output_of("run", answer="n\n", code=1)
    assert complete_payloads(here) == 7

    assert "Downsampled 7 payloads" in output_of("run", answer="y\n")
    assert complete_payloads(here) == 0
    assert '"due": null' in output_of("show", "--json")
    assert "Nothing to downsample." in output_of("run", "--yes")


def test_for_ever_is_said_as_well_and_a_month_is_always_kept(here: Database) -> None:
    output_of("set", "--keep-days", "90")
    assert "kept forever" in output_of("set", "--for-ever")
    assert "Nothing to downsample." in output_of("run", "--yes")
    assert complete_payloads(here) == 7
    done = CliRunner().invoke(app, ["retention", "set", "--keep-days", "7"])
    assert "30 days are always kept" in str(done.exception)


def test_without_old_samples_it_does_not_name_the_command_that_downsamples(here: Database) -> None:
    output = output_of("set", "--keep-days", "36500")
    assert "Nothing to downsample." in output
    assert "retention run" not in output


@pytest.mark.parametrize("days", ["36501", "1000000", "99999999999"])
def test_more_days_than_a_calendar_has_are_refused_in_words(here: Database, days: str) -> None:
    done = CliRunner().invoke(app, ["retention", "set", "--keep-days", days])
    assert isinstance(done.exception, ConfigError)
    assert "--forever" in str(done.exception)
    assert "kept forever" in output_of("show")
