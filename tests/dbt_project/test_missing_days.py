"""A missing day is a row that says why; the ledger's words and the mart's are the same."""

import datetime as dt
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from santorio.ingest.coverage import gaps
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.warehouse import PROJECT
from support.scenarios import scenario

FIRST = dt.date(2026, 3, 1)
LETTERS = {"f": "final", "e": "empty", "p": "provisional", "x": "failed"}


def note(database: Database, person: Person, statuses: Mapping[str, str], *, asked: bool = True) -> None:
    """Fill the ledger from the first of March on: a letter a day; a dash is a day never asked for."""
    with database.connect() as connection:
        for kind, letters in statuses.items():
            for number, letter in enumerate(letters):
                if letter != "-":
                    connection.execute(
                        "insert into ops.coverage (user_id, kind, day, status, requested_at)"
                        " values (%s, %s, %s, %s, %s)",
                        [person.user_id, kind, FIRST + dt.timedelta(days=number), LETTERS[letter],
                         dt.datetime.now(dt.UTC) if asked else None],
                    )  # fmt: skip


def day(number: int) -> str:
    return (FIRST + dt.timedelta(days=number)).isoformat()


def reasons(rows: Any) -> dict[str, tuple[str | None, str | None]]:
    told = rows("marts.days", "day::text, missing_reason, night_missing_reason", "day")
    return {one["day"]: (one["missing_reason"], one["night_missing_reason"]) for one in told}


def walked(log: Any, number: int) -> None:
    log.garmin(
        "daily_summary",
        day(number),
        {"calendarDate": day(number), "totalSteps": 5000, "restingHeartRate": 50},
    )


def slept(log: Any, number: int) -> None:
    log.garmin(
        "sleep", day(number), {"dailySleepDTO": {"calendarDate": day(number), "sleepTimeSeconds": 27000}}
    )


@scenario
def test_every_day_is_a_row_and_a_missing_one_says_why(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    for number in (1, 9):
        walked(log, number)
        slept(log, number)
    walked(log, 8)
    slept(log, 5)
    log.entry("mood", f"{day(0)}T21:00+01:00", rating=6)
    log.entry("mood", f"{day(11)}T21:00+01:00", rating=6)
    note(warehouse, newcomer, {"daily_summary": "-fex-" + "--p" + "ff-", "sleep": "-fex-" + "f-" + "-ef-"})
    yield
    assert reasons(rows) == {
        day(0): ("before the watch", "before the watch"),
        day(1): (None, None),
        day(2): ("not worn", "not worn"),
        day(3): ("failed", "failed"),
        day(4): ("unknown", "unknown"),
        day(5): ("never fetched", None),
        day(6): ("unknown", "unknown"),
        day(7): ("provisional", "never fetched"),
        day(8): (None, "night not worn"),
        day(9): (None, None),
        day(10): ("after the watch", "after the watch"),
        day(11): ("after the watch", "after the watch"),
    }
    nothing = rows("marts.days", where=f"day = '{day(4)}'")[0]
    filled = {name for name, value in nothing.items() if value is not None}
    assert filled == {
        "user_id",
        "day",
        "utc_offset",
        "is_known",
        "missing_reason",
        "night_missing_reason",
        "as_of",
    }
    assert nothing["is_known"] is False


@scenario
def test_days_and_nights_of_an_export_say_why_they_are_missing(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    for number in (0, 1, 4):
        figures = {"calendarDate": day(number), "totalSteps": 5000, "restingHeartRate": 50}
        log.garmin("daily_summary_export", day(number), figures)
    note(warehouse, newcomer, {"daily_summary_export": "ffepf", "sleep_summary": "eeepf"}, asked=False)
    yield
    assert reasons(rows) == {
        day(0): (None, "night not worn"),
        day(1): (None, "night not worn"),
        day(2): ("not worn", "not worn"),
        day(3): ("provisional", "provisional"),
        day(4): (None, "night not worn"),
    }
    assert rows("marts.day_quality", "day::text, flag") == [{"day": day(3), "flag": "provisional"}]


@scenario
def test_somebody_without_a_watch_has_days_of_logs(log: Any, rows: Any) -> Iterator[None]:
    log.entry("weight", f"{day(0)}T08:00+01:00", weight_kg=70)
    log.entry("weight", f"{day(2)}T08:00+01:00", weight_kg=70)
    yield
    assert set(reasons(rows).values()) == {("no watch", "no watch")}
    known = rows("marts.days", "is_known", "day")
    assert [one["is_known"] for one in known] == [True, False, True]


@scenario
def test_a_mistyped_year_makes_no_decades_of_empty_days(log: Any, rows: Any) -> Iterator[None]:
    log.entry("weight", "1926-03-01T08:00+01:00", weight_kg=70)
    log.entry("weight", "2026-03-01T08:00+01:00", weight_kg=70)
    yield
    assert list(reasons(rows)) == ["1926-03-01", "2026-03-01"]


@scenario
def test_no_analysis_sees_an_empty_day(log: Any, rows: Any) -> Iterator[None]:
    for number in (0, 3):
        walked(log, number)
    yield
    assert len(rows("marts.days", "day")) == 4
    told = rows("marts.outcomes", "distinct day::text", "day::text") + rows(
        "marts.exposures", "distinct day::text", "1"
    )
    assert {one["day"] for one in told} == {day(0), day(3)}


@pytest.mark.parametrize("seed", range(4))
@scenario
def test_the_mart_says_of_every_hole_what_the_ledger_says(
    log: Any, rows: Any, warehouse: Database, newcomer: Person, seed: int
) -> Iterator[None]:
    chance = random.Random(seed)
    exported = (*gaps.EXPORTED_DAYS, *gaps.EXPORTED_NIGHTS)
    kinds = (*gaps.DAILY_KINDS, *exported, "respiration", "device")
    note(
        warehouse,
        newcomer,
        {kind: "".join(chance.choices("fexp--", k=25)) for kind in kinds},
        asked=seed % 2 == 0,
    )
    walked(log, 0)
    yield
    told = {
        (one["kind"], one["day"]): one["reason"]
        for one in rows("marts.coverage", "kind, day, reason", where="reason is not null")
    }
    with warehouse.connect() as connection:
        said = {
            (gap.kind, gap.first_day + dt.timedelta(days=number)): gap.reason
            for gap in gaps.find_gaps(connection, newcomer.user_id)
            for number in range(gap.days)
        }
    assert len(said) > 30
    # Of kinds that are not there every day, and of what is told as it is now, an empty day is a row and no hole.
    assert said == {about: reason for about, reason in told.items() if about in said}
    assert {about for about in told if about[0] in gaps.DAILY_KINDS} <= set(said)


def test_the_kinds_are_those_that_are_fetched() -> None:
    macros = (PROJECT / "macros" / "quality.sql").read_text()
    told = {
        name: re.findall(r"'(\w+)'", body)
        for name, body in re.findall(r"macro (kinds_\w+)\(\).*?return\(\[(.*?)\]\)", macros, re.DOTALL)
    }
    assert set(told["kinds_of_every_day"] + told["kinds_of_every_night"]) == set(gaps.DAILY_KINDS)
    assert tuple(told["kinds_of_every_night"]) == gaps.NIGHTS
    assert tuple(told["kinds_of_exported_days"]) == gaps.EXPORTED_DAYS
    assert tuple(told["kinds_of_exported_nights"]) == gaps.EXPORTED_NIGHTS
    by_day = {one.kind for one in ENDPOINTS if one.grain == "days"}
    assert set(told["kinds_asked_by_day"]) == by_day - set(gaps.DAILY_KINDS)


def test_the_ledger_is_read_by_day_without_an_index_of_its_own(warehouse: Database) -> None:
    # PostgreSQL 18 skips through the kinds of the primary key.
    with warehouse.connect() as connection:
        connection.execute("set local enable_seqscan = off")
        plan: list[tuple[str]] = connection.execute(
            "explain select * from ops.coverage where (user_id, day) in"
            " (select gen_random_uuid(), date '2026-03-01' + number from generate_series(1, 3) as number)"
        ).fetchall()
    assert any("Index Cond" in line and "day" in line for (line,) in plan), plan


@scenario
def test_a_watch_that_was_worn_is_never_said_to_be_missing(log: Any, warehouse: Database) -> Iterator[None]:
    walked(log, 0)
    yield
    with warehouse.connect() as connection:
        odd = connection.execute(
            "select count(*) from marts.days where missing_reason is not null and resting_hr_bpm is not null"
        ).fetchone()
    assert odd == (0,)
