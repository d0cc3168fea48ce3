"""The asset computes each person's baselines and reports counts and pictures alone."""

import datetime as dt
from collections.abc import Iterable

import dagster as dg
import numpy as np

from assets.analyses import baselines
from santorio.people import Person
from santorio.settings import Settings
from santorio.storage.database.engine import Database

MARTS = """
create schema if not exists marts;
create table if not exists marts.outcomes (user_id uuid, day date, metric text, value double precision, samples int,
    as_of timestamptz);
create table if not exists marts.day_quality (user_id uuid, day date, metric text, flag text, severity text,
    is_excluded boolean, reason text, as_of timestamptz);
"""


def materialize(database: Database) -> dict[str, object]:
    """Run the asset by itself and give its metadata."""
    resources = {"database": database, "settings": Settings()}
    result = dg.materialize([baselines], resources=resources)
    [event] = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    return {name: value.value for name, value in metadata.items()}


def write(database: Database, person: Person, metric: str, days: Iterable[int]) -> None:
    """Write a value around 8000 for each of the days of 2026, counted from New Year."""
    rng, first = np.random.default_rng(3), dt.date(2026, 1, 1)
    rows = [
        (person.user_id, first + dt.timedelta(days=day), metric, float(rng.normal(8000, 1500)))
        for day in days
    ]
    with database.connect() as connection:
        connection.execute(MARTS)
        connection.cursor().executemany("insert into marts.outcomes values (%s, %s, %s, %s, 1, now())", rows)


def test_a_baseline_is_computed_once_with_a_picture(database: Database, person: Person) -> None:
    write(database, person, "steps", range(60))
    told = materialize(database)
    assert (told["people"], told["accepted"], told["rejected"]) == (1, 1, 0)
    assert "plot_steps" in told
    materialize(database)
    with database.connect() as connection:
        assert connection.execute("select count(*) from analysis.runs").fetchone() == (1,)


def test_metrics_of_which_hardly_a_day_is_known_stop_no_other(database: Database, person: Person) -> None:
    """Days a month apart, a hole of a year, no known day at all, one day: beside a metric like any other."""
    write(database, person, "steps", range(60))
    write(database, person, "weight_kg", range(-600, 60, 30))
    write(database, person, "mood", [*range(-460, -400), *range(10)])
    write(database, person, "stress_avg", [5])
    with database.connect() as connection:
        connection.execute(
            "insert into marts.outcomes values (%s, '2026-01-01', 'sleep_score', null, 1, now())",
            [person.user_id],
        )
    told = materialize(database)
    assert (told["accepted"], told["rejected"]) == (3, 0)
