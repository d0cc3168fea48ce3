"""Real views, built by dbt once a run, over marts of two people filled by hand."""

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.types.json import Jsonb

from santorio.api.app import create_app
from santorio.people import Person, ensure_person
from santorio.privacy.tokens import mint_token
from santorio.settings import Settings
from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database
from support.warehouse import publish_whole

KEY = "a key of tests, long enough for HMAC with SHA-256"
AS_OF = dt.datetime(2026, 6, 1, 6, 30, tzinfo=dt.UTC)
FIRST_DAY = dt.date(2026, 3, 1)
DAYS = 45
EFFECTS = [
    ("sleep_minutes", "caffeine_after_15_mg", -12.5),
    ("hrv_rmssd_ms", "alcohol_g", -4.25),
    ("mood", "x", 0.1),
]
RESULT = {
    "outcome": "sleep_minutes", "arm": "magnesium", "reference_arm": "none", "unit": "min", "mean_arm": 421.0,
    "mean_reference": 420.0, "raw_difference": 1.0, "days_arm": 35, "days_reference": 35, "estimate": 0.75,
    "sd": 2.0, "lower_95": -3.25, "upper_95": 4.75, "lower_50": -0.6, "upper_50": 2.1, "smallest_effect": 10.0,
    "probability_above": 0.01, "probability_within": 0.98, "probability_below": 0.01,
    "decision": "no difference that matters", "cycles": 5, "probability_repeats": None, "randomisation_p": 0.8,
    "is_primary": True,
}  # fmt: skip
METRICS = ("hrv_rmssd_ms", "resting_hr_bpm")
EXPECTED = {
    "day": "2026-03-02", "median": 54.0, "lower_50": 53.0, "upper_50": 55.0, "lower_80": 52.0, "upper_80": 56.0,
    "lower_95": 51.0, "upper_95": 57.0,
}  # fmt: skip
ODD = {
    "first_day": "2026-02-25", "last_day": "2026-03-01", "days": 4, "direction": "above", "surprise": 4.0, "mean": 59.0,
    "median": 54.0, "lower": 52.0, "upper": 57.0, "outside": 4, "lasts": True, "sentence": "It is above its range.",
}  # fmt: skip
CHANGED = {
    "day": "2026-02-01", "first_day": "2026-01-30", "last_day": "2026-02-03", "told_day": "2026-02-09",
    "probability": 0.97, "before": 58.0, "after": 54.0, "shift_sd": 0.5, "sentence": "It has a new level.",
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """A database with two people's published data; the other's values are the first one's plus 1000."""

    database: Database
    one: Person
    other: Person


@pytest.fixture(scope="session")
def published(server_url: str, built_template: str) -> Iterator[World]:
    name = f"api_{os.getpid()}"
    create_database(server_url, name, template=built_template)
    database = embedded_database(server_url, name)
    with database.connect() as connection:
        people = [ensure_person(connection, name, "Europe/Berlin") for name in ("one", "other")]
        for person, more in zip(people, (0, 1000), strict=True):
            write_days(connection, person, more)
            write_insights(connection, person, more)
        publish_whole(connection)
    yield World(database, *people)
    database.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def insert(connection: psycopg.Connection, table: str, row: Mapping[str, object]) -> None:
    values = [Jsonb(value) if isinstance(value, list | dict) else value for value in row.values()]
    connection.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        values,
    )


def write_days(connection: psycopg.Connection, person: Person, more: int) -> None:
    berlin = dt.timedelta(hours=1)
    for number in range(DAYS):
        day = FIRST_DAY + dt.timedelta(days=number)
        start = dt.datetime.combine(day, dt.time(17), dt.UTC)
        shared = {"user_id": person.user_id, "day": day, "as_of": AS_OF, "utc_offset": berlin}
        insert(
            connection, "marts.days", {**shared, "steps": more + number, "weight_kg": None, "is_known": True}
        )
        insert(connection, "marts.nights", {**shared, "sleep_minutes": more + 400 + number})
        for which in ("a", "b"):  # two that started in the same second
            activity = {"activity_id": f"{number:03}{which}", "source": "fit", "started_at": start}
            insert(
                connection,
                "marts.activities",
                {**shared, **activity, "duration_s": more + 60, "recordings": 1},
            )
        is_gap = number == 7
        ledger = {
            "user_id": person.user_id,
            "kind": "sleep",
            "day": day,
            "status": "missing" if is_gap else "final",
            "reason": "missing" if is_gap else None,
            "attempts": 0 if is_gap else 1,
            "fetched_at": None if is_gap else AS_OF,
            "as_of": None if is_gap else AS_OF,
        }
        insert(connection, "marts.coverage", ledger)


def write_insights(connection: psycopg.Connection, person: Person, more: int) -> None:
    runs = {kind: uuid.uuid4() for kind in ("effects", "trial", "proposals", "baselines", "population")}
    for kind, run_id in runs.items():
        run = {
            "run_id": run_id,
            "user_id": person.user_id,
            "kind": kind,
            "status": "accepted",
            "fingerprint": "f",
        }
        target = "magnesium" if kind == "trial" else kind
        insert(
            connection,
            "analysis.runs",
            {**run, "target": target, "as_of": AS_OF, "code_version": "0.1.0+c0ffee00"},
        )
    for rank, (outcome, exposure, estimate) in enumerate(EFFECTS, start=1):
        numbers = dict.fromkeys(("sd", "lower_95", "upper_95", "lower_50", "upper_50", "per_amount"), 1.0)
        insert(
            connection,
            "analysis.effects",
            {
                "run_id": runs["effects"], "user_id": person.user_id, "outcome": outcome, "exposure": exposure,
                "lag_days": 1, "exposure_unit": "mg", "outcome_unit": "min", **numbers, "estimate": more + estimate,
                "probability_positive": 0.01, "days": 170, "rank": rank,
                # The last one was published before these were computed.
                "robustness_value": 0.31 if rank < 3 else None, "robustness_value_95": 0.2 if rank < 3 else None,
            },
        )  # fmt: skip
    for metric in METRICS:
        ends = {"lower": 53.0, "upper": 55.0}
        numbers = {f"{end}_{share}": more + at for end, at in ends.items() for share in (50, 80, 95)}
        insert(
            connection,
            "analysis.baselines",
            {
                "run_id": runs["baselines"], "user_id": person.user_id, "metric": metric, "unit": "bpm", "days": 45,
                "last_day": FIRST_DAY, "last_value": more + 52.0, "median": more + 54.0, **numbers,
                "forecast": [EXPECTED], "anomalies": [ODD], "changes": [CHANGED],
            },
        )  # fmt: skip
    for basis, factor, people, is_member in (
        ("trial", "screens", 5, True), ("association", "alcohol_g", 7, True), ("trial", "humming", 9, False),
    ):  # fmt: skip
        names = ("lower_95", "upper_95", "between_sd", "between_lower_95", "between_upper_95")
        insert(
            connection,
            "analysis.population",
            {
                "run_id": runs["population"], "user_id": person.user_id, "basis": basis, "factor": factor,
                "outcome": "sleep_minutes", "lag_days": 1, "unit": "min", "people": people, "is_member": is_member,
                **dict.fromkeys(names, 1.0), "mean": more + 12.0, "others": people if not is_member else None,
                **dict.fromkeys(("shrunk_estimate", "shrunk_sd"), 11.0 if is_member else None),
                **dict.fromkeys(("expected_mean", "expected_sd"), None if is_member else 9.0),
            },
        )  # fmt: skip
    trial = {
        "user_id": person.user_id, "trial": "magnesium", "question": "Does magnesium change sleep_minutes?",
        "arms": ["none", "magnesium"], "outcome": "sleep_minutes", "secondary": ["mood"], "start_day": FIRST_DAY,
        "last_day": FIRST_DAY, "study_days": 1, "has_protocol": True, "as_of": AS_OF,
    }  # fmt: skip
    insert(connection, "marts.trials", trial)
    day = {"trial": "magnesium", "study_day": 1, "first_day": FIRST_DAY, "last_day": FIRST_DAY, "arm": "none"}
    insert(connection, "marts.trial_days", {"user_id": person.user_id, **day, "as_of": AS_OF})
    result = {"run_id": runs["trial"], "user_id": person.user_id, "trial": "magnesium", **RESULT}
    insert(connection, "analysis.trial_results", result | {"estimate": more + 0.75})
    for rank, slug in ((1, "no_late_caffeine"), (2, "dry_month")):
        insert(
            connection,
            "analysis.proposals",
            {
                "run_id": runs["proposals"], "user_id": person.user_id, "rank": rank, "slug": slug,
                "question": "Does it?", "intervention": "caffeine", "outcome": "sleep_minutes",
                "arms": ["usual", "none"],
                "schedule": [{"day": 1, "arm": "usual"}], "seed": 7, "days_needed": 42, "assurance": 0.8,
                "expected_information_gain": 1.5, "value_per_day": 0.02, "why": "It may matter.",
            },
        )  # fmt: skip


@pytest.fixture
def api_settings(home: Path) -> Settings:
    return Settings(home=home, jwt_secret=KEY)


@pytest.fixture
def client_of(published: World, api_settings: Settings) -> Iterator[Callable[..., TestClient]]:
    """Make a client that sends a person's token; without a person, none."""
    app = create_app(api_settings, published.database.reader_url)

    def made(person: Person | None) -> TestClient:
        headers = {} if person is None else {"Authorization": f"Bearer {mint_token(api_settings, person)}"}
        return TestClient(app, headers=headers)

    return made


@pytest.fixture
def client(published: World, client_of: Callable[..., TestClient]) -> TestClient:
    return client_of(published.one)
