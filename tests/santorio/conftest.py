"""A warehouse of a few tables, for what reads the marts: filled by hand, without dbt."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from santorio.people import Person
from santorio.storage.database.engine import Database

TABLES = """
create schema if not exists marts;
create table marts.outcomes (user_id uuid, day date, metric text, value double precision, samples int,
    as_of timestamptz);
create table marts.exposures (user_id uuid, day date, exposure text, value double precision, unit text,
    as_of timestamptz);
create table marts.day_quality (user_id uuid, day date, metric text, flag text, severity text, is_excluded boolean,
    reason text, as_of timestamptz);
create table marts.trials (user_id uuid, trial text, question text, arms jsonb, outcome text, secondary jsonb,
    direction text, smallest_effect double precision, lag_days int, start_day date, last_day date, study_days int,
    period_days int, washout_days int, cycles int, seed bigint, as_of timestamptz);
create table marts.trial_days (user_id uuid, trial text, study_day int, first_day date, last_day date, arm text,
    arm_recorded text, as_of timestamptz);
"""


class Marts:
    """The tables that models read, for one person."""

    first_day = dt.date(2026, 1, 5)
    as_of = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)

    def __init__(self, database: Database, person: Person) -> None:
        self.database, self.person = database, person
        with database.connect() as connection:
            connection.execute(TABLES)

    def day(self, number: int) -> dt.date:
        return self.first_day + dt.timedelta(days=number)

    def write(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        columns = list(rows[0])
        names = ", ".join(["user_id", "as_of", *columns])
        holes = ", ".join(["%s"] * (len(columns) + 2))
        with self.database.connect() as connection, connection.cursor() as cursor:
            cursor.executemany(
                f"insert into marts.{table} ({names}) values ({holes})",
                [[self.person.user_id, self.as_of, *(row[c] for c in columns)] for row in rows],
            )

    def outcome(self, metric: str, values: np.ndarray) -> None:
        rows = [{"day": self.day(t), "metric": metric, "value": float(v), "samples": 1}
                for t, v in enumerate(values) if np.isfinite(v)]  # fmt: skip
        self.write("outcomes", rows)

    def exposure(self, name: str, values: np.ndarray, unit: str) -> None:
        rows = [{"day": self.day(t), "exposure": name, "value": float(v), "unit": unit}
                for t, v in enumerate(values) if np.isfinite(v)]  # fmt: skip
        self.write("exposures", rows)

    def trial(self, name: str, arms: Sequence[str], assignment: Sequence[int], **protocol: object) -> None:
        stated = {"question": "", "outcome": "sleep_minutes", "secondary": [], "direction": "higher",
                  "smallest_effect": None, "lag_days": None, "period_days": None, "washout_days": 0}  # fmt: skip
        stated |= protocol
        stated |= {
            "trial": name,
            "arms": json.dumps(list(arms)),
            "secondary": json.dumps(stated["secondary"]),
        }
        self.write("trials", [stated])
        days = [{"trial": name, "study_day": t + 1, "first_day": self.day(t), "last_day": self.day(t), "arm": arms[arm]}
                for t, arm in enumerate(assignment)]  # fmt: skip
        self.write("trial_days", days)


@pytest.fixture
def marts(database: Database, person: Person) -> Marts:
    return Marts(database, person)


@pytest.fixture
def autoregressive():
    """Draws of a stationary AR(1) of unit variance, shape (days, outcomes)."""

    def draw(rng: np.random.Generator, days: int, phi: float, outcomes: int = 1) -> np.ndarray:
        noise = rng.normal(size=(days, outcomes))
        for t in range(1, days):
            noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
        return noise

    return draw
