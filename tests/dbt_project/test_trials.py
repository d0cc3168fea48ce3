"""Trials: recorded ones through the importer, planned ones from their protocol."""

import csv
import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from santorio.ingest.importer import import_paths
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from support.scenarios import scenario

# Study day, date, hour, mood. Study day 2 spans two dates.
PINGS = [
    (1, "2026-02-18", 10, 65),
    (1, "2026-02-18", 16, 60),
    (1, "2026-02-18", 22, 55),
    (2, "2026-02-19", 10, 75),
    (2, "2026-02-19", 22, 81),
    (2, "2026-02-20", 16, 90),
    (3, "2026-02-21", 10, 80),
]
CONDITION = {1: ("control", 0), 2: ("melatonin", 1), 3: ("control", 0)}
STUDY_DAY_MEANS = """
    select d.study_day, d.arm, sum(o.value * o.samples) / sum(o.samples) as mood,
           sum(o.samples)::int as samples
    from marts.trial_days d
    join marts.outcomes o
      on o.user_id = d.user_id and o.metric = 'mood' and o.day between d.first_day and d.last_day
    where d.user_id = %s
    group by d.study_day, d.arm order by d.study_day
"""


def write_study(folder: Path) -> tuple[Path, Path, Path]:
    """A study as it is published: its answers, its daily means, its schedule."""
    folder = folder / "melatonin"
    folder.mkdir()
    pings, daily, schedule = folder / "pings.csv", folder / "daily.csv", folder / "schedule.json"
    with pings.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["datetime", "date", "study_day", "mood", "melatonin", "condition"])
        for number, day, hour, mood in PINGS:
            writer.writerow(
                [f"{day} {hour}:00:00", day, number, mood, CONDITION[number][1], CONDITION[number][0]]
            )
    with daily.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "study_day", "condition", "melatonin", "mood", "n_obs"])
        for number, condition in CONDITION.items():
            answers = [(day, mood) for study_day, day, _, mood in PINGS if study_day == number]
            mean = sum(mood for _, mood in answers) / len(answers)
            writer.writerow([answers[0][0], number, *condition, mean, len(answers)])
    schedule.write_text('{"1": 0, "2": 1, "3": 0}')
    return pings, daily, schedule


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_a_study_that_comes_as_answers_and_as_daily_means_counts_once(
    build: Any, rows: Any, tmp_path: Path, order: tuple[int, ...]
) -> None:
    warehouse, newcomer = rows.database, rows.person
    files = write_study(tmp_path)
    for number in order:
        import_paths(warehouse, FolderStore(tmp_path / "objects"), newcomer, [files[number]])
    build()
    spans = rows(
        "marts.trial_days", "study_day, first_day::text, last_day::text, arm, arm_recorded", "study_day"
    )
    assert [tuple(span.values()) for span in spans] == [
        (1, "2026-02-18", "2026-02-18", "control", "control"),
        (2, "2026-02-19", "2026-02-20", "melatonin", "melatonin"),
        (3, "2026-02-21", "2026-02-21", "control", "control"),
    ]
    with warehouse.connect() as connection:
        assert connection.execute(STUDY_DAY_MEANS, [newcomer.user_id]).fetchall() == [
            (1, "control", 60.0, 3),
            (2, "melatonin", 82.0, 3),
            (3, "control", 80.0, 1),
        ]
    (trial,) = rows("marts.trials")
    assert (trial["trial"], trial["arms"], trial["outcome"]) == (
        "melatonin",
        ["control", "melatonin"],
        "mood",
    )
    assert (trial["start_day"], trial["last_day"]) == (dt.date(2026, 2, 18), dt.date(2026, 2, 21))
    assert trial["study_days"] == 3


def test_daily_means_alone_count_too(
    build: Any, warehouse: Database, newcomer: Person, rows: Any, tmp_path: Path
) -> None:
    _, daily, _ = write_study(tmp_path)
    import_paths(warehouse, FolderStore(tmp_path / "objects"), newcomer, [daily])
    build()
    found = rows("marts.outcomes", "day::text, value", "day")
    assert [tuple(one.values()) for one in found] == [
        ("2026-02-18", 60),
        ("2026-02-19", 82),
        ("2026-02-21", 80),
    ]


@scenario
def test_a_protocol_with_a_start_gives_its_days(log: Any, rows: Any) -> Iterator[None]:
    log.trial(
        "protocol",
        "magnesium",
        trial="magnesium",
        question="Does it?",
        arms=["without", "with"],
        outcome="Sleep minutes",
        secondary=["HRV rmssd ms"],
        start_day="2026-03-28",
        assignment=[0, "with", 1],
        smallest_effect=15,
        lag_days=1,
        seed=2614,
        direction="sideways",
    )
    log.entry("supplement", "2026-03-28T22:00+01:00", name="Magnesium", amount=0.4, unit="g")
    log.entry("supplement", "2026-03-30T22:00+02:00", name="magnesium", amount=400, unit="mg")
    yield
    (trial,) = rows("marts.trials")
    assert (trial["outcome"], trial["secondary"], trial["direction"]) == (
        "sleep_minutes",
        ["hrv_rmssd_ms"],
        None,
    )
    assert (trial["smallest_effect"], trial["lag_days"], trial["seed"], trial["has_protocol"]) == (
        15,
        1,
        2614,
        True,
    )
    found = rows("marts.trial_days", "first_day::text, arm, arm_recorded", "study_day")
    assert [tuple(one.values()) for one in found] == [
        ("2026-03-28", "without", "with"),
        ("2026-03-29", "with", "without"),
        ("2026-03-30", "with", "with"),
    ]


@scenario
def test_a_schedule_wins_over_the_protocol_and_one_alone_waits_for_it(log: Any, rows: Any) -> Iterator[None]:
    log.trial("schedule", "tea", trial="tea", assignment={"1": 1, "2": "no tea"})
    yield
    assert rows("marts.trials") == []
    assert rows("marts.trial_days") == []
    log.trial(
        "protocol",
        "tea",
        trial="tea",
        arms=["no tea", "tea"],
        outcome="mood",
        start_day="2026-03-01",
        assignment=[0],
    )
    yield
    found = rows("marts.trial_days", "first_day::text, arm", "study_day")
    assert [tuple(one.values()) for one in found] == [("2026-03-01", "tea"), ("2026-03-02", "no tea")]


@scenario
def test_a_recorded_study_without_a_protocol_names_its_own_arms_and_outcome(
    log: Any, rows: Any
) -> Iterator[None]:
    for number, arm in enumerate(["tea", "placebo", "tea"], start=1):
        day = f"2026-03-0{number}"
        log.trial("day", f"tea/{number}", trial="tea", study_day=number, first_day=day, last_day=day, arm=arm)
        for name in ["focus", "calm"] if number == 1 else ["focus"]:
            log.entry(
                "measure",
                f"{day}T12:00+01:00",
                name=name,
                value=5,
                grain="instant",
                trial="tea",
                study_day=number,
            )
    yield
    (trial,) = rows("marts.trials")
    assert (trial["arms"], trial["outcome"], trial["secondary"]) == (["placebo", "tea"], "focus", ["calm"])
    assert (trial["start_day"], trial["has_protocol"]) == (dt.date(2026, 3, 1), False)


@scenario
def test_the_api_shows_what_became_of_a_trial_and_of_a_proposal(log: Any, rows: Any) -> Iterator[None]:
    """Given up, paused, resumed, still to come: by what happened to it, and by its dates."""
    warehouse, person = rows.database, rows.person
    today = dt.datetime.now(dt.UTC).date()

    def day(number: int) -> str:
        return (today + dt.timedelta(days=number)).isoformat()

    def happened(trial: str, *kinds: str, **more: object) -> None:
        for number, kind in enumerate(kinds):
            log.trial(kind, f"{trial}/{kind}", trial=trial, day=day(-9 + number), **more)

    for trial, start in {"milk": -5, "honey": -5, "salt": -5, "tea": -5, "figs": 5}.items():
        log.trial(
            "protocol", trial, trial=trial, arms=["no", "yes"], outcome="mood", start_day=day(start),
            assignment=[0, 1] * 10,
        )  # fmt: skip
    happened("milk", "proposed", "accepted", "started", "abandoned", "adherence")
    happened("honey", "proposed", "accepted", "started", "paused", until=day(9))
    happened("salt", "proposed", "accepted", "started", "paused", until=day(-1))
    happened("tea", "proposed", "accepted", "started", "paused", "resumed", until=day(9))
    with warehouse.connect() as connection:
        proposals = propose_by_hand(connection, person, ["no-beer-mood", "walks-mood", "naps-mood"])
    happened("no_beer_mood", "proposed", "declined")
    happened("walks_mood", "proposed", "accepted")
    yield
    columns = "last_event, abandoned_on::text, paused_until::text"
    assert rows("marts.trial_statuses", columns, "trial", "trial < 'n'") == [
        {"last_event": "paused", "abandoned_on": None, "paused_until": day(9)},
        {"last_event": "abandoned", "abandoned_on": day(-6), "paused_until": None},
    ]  # fmt: skip

    def shown() -> dict[str, str]:
        with warehouse.connect() as connection:
            connection.execute("select set_config('santorio.user_id', %s, true)", [str(person.user_id)])
            return dict(connection.execute("select slug, status from api.trials").fetchall())

    assert shown() == {
        "milk": "abandoned", "honey": "paused", "salt": "running", "tea": "running", "figs": "scheduled",
        "no-beer-mood": "declined", "naps-mood": "proposed",
    }  # fmt: skip
    with warehouse.connect() as connection:
        # A year later it may be worth asking again.
        connection.execute(
            "update analysis.runs set created_at = now() + interval '1 year' where run_id = %s", [proposals]
        )
    assert shown()["no-beer-mood"] == "proposed"


def propose_by_hand(connection: psycopg.Connection, person: Person, names: list[str]) -> uuid.UUID:
    run_id = uuid.uuid4()
    connection.execute(
        "insert into analysis.runs (run_id, user_id, kind, target, status, fingerprint, as_of, code_version) "
        "values (%s, %s, 'proposals', 'all', 'accepted', 'f', now(), '0')",
        [run_id, person.user_id],
    )
    for rank, name in enumerate(names, start=1):
        connection.execute(
            "insert into analysis.proposals values (%s, %s, %s, %s, 'Does it?', 'x', 'mood', '[]', '{}', 1, 42, 0.8, "
            "0.1, 0.2, 'because')",
            [run_id, person.user_id, rank, name],
        )
    return run_id
