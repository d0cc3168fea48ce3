"""The asset computes each person's baselines and reports counts and pictures alone."""

import datetime as dt

import dagster as dg
import numpy as np

from assets.baselines import baselines
from santorio.database.engine import Database
from santorio.people import Person

MARTS = """
create schema if not exists marts;
create table marts.outcomes (user_id uuid, day date, metric text, value double precision, samples int,
    as_of timestamptz);
create table marts.day_quality (user_id uuid, day date, metric text, flag text, severity text, is_left_out boolean,
    reason text, as_of timestamptz);
"""


def materialize(database: Database) -> dict[str, object]:
    """Run the asset by itself and give its metadata."""
    resources = {"database": dg.ResourceDefinition.hardcoded_resource(database)}
    result = dg.materialize([baselines], resources=resources)
    [event] = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    return {name: value.value for name, value in metadata.items()}


def test_a_baseline_is_computed_once_with_a_picture(database: Database, person: Person) -> None:
    rng, first = np.random.default_rng(3), dt.date(2026, 1, 1)
    with database.connect() as connection:
        connection.execute(MARTS)
        for t in range(60):
            connection.execute(
                "insert into marts.outcomes values (%s, %s, 'steps', %s, 1, now())",
                [person.user_id, first + dt.timedelta(days=t), float(rng.normal(8000, 1500))],
            )
    told = materialize(database)
    assert (told["people"], told["accepted"], told["rejected"]) == (1, 1, 0)
    assert "plot_steps" in told
    materialize(database)
    with database.connect() as connection:
        assert connection.execute("select count(*) from insights.runs").fetchone() == (1,)
