"""What `santorio quality` shows: a calendar, what is excluded, what is to be reviewed, what is missing."""

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from santorio.analyses.quality.days import Day, Flag, QualityHistory
from santorio.cli.main import app
from santorio.cli.quality import MAX_ROWS, print_quality
from santorio.errors import NotWritable
from santorio.people import Person
from santorio.storage.database.engine import Database

FIRST = dt.date(2026, 2, 1)
HARDLY = "Hardly worn."


def at(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def flag(number: int, metric: str, *, excluded: bool = True) -> Flag:
    return Flag(at(number), metric, "hardly worn", "warning", excluded, HARDLY)


def printed_lines(capsys: pytest.CaptureFixture[str], days: list[Day]) -> list[str]:
    print_quality(QualityHistory(days))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_days_stand_below_a_ruler_and_each_exclusion_has_its_reason(capsys):
    days = [Day(at(number), None, None) for number in range(28)]
    days[2] = Day(at(2), "not worn", "not worn")
    days[4] = Day(at(4), None, "failed", (flag(4, "steps"), flag(4, "stress_avg")))
    days[6] = Day(at(6), "failed", "failed")
    days[8] = Day(at(8), None, None, (flag(8, "weight_kg", excluded=False),))
    lines = printed_lines(capsys, days)
    [row] = [line for line in lines if "2026-02 " in line]
    [ruler] = [line for line in lines if "Month" in line]
    assert row[ruler.index("1   5") :] == "██·█▒█✗█▓" + "█" * 19
    text = " ".join(" ".join(lines).split())
    assert "Excluded from the analyses Days What Why 2026-02-05 steps, stress Hardly worn." in text
    assert "To review; it counts Days What Why 2026-02-09 weight Hardly worn." in text
    assert "1 1 not worn: the watch was off" in text
    assert "1 2 failed: requested, and Garmin failed" in text


def test_of_many_stretches_the_newest_are_shown_and_the_rest_counted(capsys):
    days = [Day(at(2 * number), None, None, (flag(2 * number, "steps"),)) for number in range(MAX_ROWS + 4)]
    assert "… and 4 more: `santorio quality --json` lists all." in printed_lines(capsys, days)


def test_without_data_it_says_what_to_type(capsys):
    assert "santorio import PATH" in " ".join(printed_lines(capsys, []))


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("nowhere/days.html", "cannot be written: its folder is not there. Make the folder"),
        ("", "is a folder. Name a file in it."),
    ],
)
def test_a_page_that_cannot_be_written_there_is_refused_in_words(
    database: Database, person: Person, home: Path, tmp_path: Path, monkeypatch, named: str, says: str
) -> None:
    monkeypatch.setenv("SANTORIO_HOME", str(home))
    monkeypatch.setenv("SANTORIO_DATABASE_URL", database.url)
    monkeypatch.setenv("SANTORIO_DAGSTER_DATABASE_URL", database.dagster_url)
    with database.connect() as connection:
        connection.execute(
            "create table marts.days (user_id uuid, day date, missing_reason text, night_missing_reason text)"
        )
        connection.execute(
            "create table marts.day_quality (user_id uuid, day date, metric text, flag text, severity text,"
            " is_excluded boolean, reason text)"
        )
    done = CliRunner().invoke(app, ["quality", "--html", str(tmp_path / named)])
    assert isinstance(done.exception, NotWritable)
    assert says in str(done.exception)
