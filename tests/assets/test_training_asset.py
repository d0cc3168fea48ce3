"""The asset computes what is new and reports counts alone."""

import datetime as dt

import dagster as dg
import numpy as np

from assets.training import training_recordings
from santorio.analyses.training.pipeline import code_version
from santorio.people import Person
from santorio.storage.activity_records import Recording, recording_id, write_recordings
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events

RIDE = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def materialize(database: Database) -> dict[str, object]:
    """Run the asset by itself and give its metadata."""
    resources = {"database": dg.ResourceDefinition.hardcoded_resource(database)}
    result = dg.materialize([training_recordings], resources=resources)
    [event] = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    return {name: value.value for name, value in metadata.items()}


def test_a_ride_is_computed_once_and_only_counts_are_told(database: Database, person: Person) -> None:
    named = {"recording_id": str(recording_id(person.user_id, "ab"))}
    event = Event(person.user_id, RIDE, None, "fit.activity", "fit", "ride", {"sessions": []}, named)
    columns = {"power_w": np.full(60, 200.0)}
    times = RIDE.timestamp() + np.arange(60)
    with database.connect() as connection:
        write_events(connection, [event])
        write_recordings(connection, [Recording(person.user_id, "ab", event.event_id, "fit", times, columns)])
    counts = {"files": 1, "sessions": 1, "records": 60, "code_version": code_version()}
    assert materialize(database) == counts
    assert materialize(database) == {**counts, "files": 0, "sessions": 0, "records": 0}
