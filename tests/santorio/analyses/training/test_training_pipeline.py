"""Figures of recordings are computed once, computed anew when something changed, and queued for the warehouse."""

import datetime as dt
import hashlib
from typing import Any

import numpy as np
import psycopg
import pytest

from santorio.analyses.training import pipeline as training_pipeline
from santorio.analyses.training.activity_metrics import compute_activity_metrics
from santorio.analyses.training.pipeline import Report, compute_recordings
from santorio.analyses.training.records import account_records
from santorio.people import Person
from santorio.storage.activity_records import Recording, write_recordings
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events

RIDE = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
START = RIDE.timestamp()


def session(start: dt.datetime, seconds: float, **more: object) -> dict[str, object]:
    moment = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"start_time": moment, "sport": "cycling", "total_elapsed_time_s": seconds, **more}


def ride(
    person: Person, sessions: list[dict[str, object]], columns: dict[str, np.ndarray], key: str = "ride"
) -> tuple[Event, Recording]:
    count = len(next(iter(columns.values())))
    sha256 = hashlib.sha256(repr((key, count)).encode()).hexdigest()
    event = Event(person.user_id, RIDE, None, "fit.activity", "fit", key, {"sessions": sessions}, {})
    recording = Recording(person.user_id, sha256, event.event_id, "fit", START + np.arange(count), columns)
    event = Event(
        person.user_id, RIDE, None, "fit.activity", "fit", key, {"sessions": sessions},
        {"recording_id": str(recording.recording_id)},
    )  # fmt: skip
    return event, recording


def put_in(connection: psycopg.Connection, event: Event, recording: Recording) -> None:
    write_events(connection, [event])
    write_recordings(connection, [recording])
    connection.execute("delete from raw.change_queue")


def rows(connection: psycopg.Connection, columns: str) -> list[tuple[Any, ...]]:
    query = f"select {columns} from training.recordings order by recording_id, session_number"
    return connection.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    power = random.integers(100, 300, 3600).astype(np.float64)
    power[100:120] = np.nan
    return {"power_w": power, "heart_rate_bpm": random.integers(120, 160, 3600).astype(np.float64)}


def test_what_is_written_is_what_the_seconds_say(
    database: Database, person: Person, columns: dict[str, np.ndarray]
) -> None:
    event, recording = ride(person, [session(RIDE, 3600)], columns)
    with database.connect() as connection:
        put_in(connection, event, recording)
    assert compute_recordings(database) == Report(files=1, sessions=1, records=3600)
    expected = compute_activity_metrics(
        recording.times, columns["power_w"], columns["heart_rate_bpm"], np.full(3600, np.nan)
    )
    with database.connect() as connection:
        [row] = rows(
            connection,
            "event_id, user_id, started_at, seconds, power_seconds, normalized_power_w, power_histogram_s, "
            "hr_histogram_s, best_power_w, best_speed_mps",
        )
    assert row[:3] == (event.event_id, person.user_id, RIDE)
    assert row[3:] == (
        3600, expected.power_seconds, expected.normalized_power_w, expected.power_histogram_s,
        expected.hr_histogram_s, expected.best_power_w, None,
    )  # fmt: skip


def test_a_second_run_does_nothing_and_a_new_version_or_other_code_does_it_again(
    database: Database, person: Person, columns: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    event, recording = ride(person, [session(RIDE, 3600)], columns)
    with database.connect() as connection:
        put_in(connection, event, recording)
    assert compute_recordings(database).files == 1
    assert compute_recordings(database) == Report(0, 0, 0)
    corrected, _ = ride(
        person, [session(RIDE, 1800), session(RIDE + dt.timedelta(minutes=30), 1800)], columns
    )
    with database.connect() as connection:
        write_events(connection, [corrected])
    assert compute_recordings(database) == Report(files=1, sessions=2, records=3600)
    assert compute_recordings(database).files == 0
    monkeypatch.setattr(training_pipeline, "code_version", lambda: "other code")
    assert compute_recordings(database).files == 1
    with database.connect() as connection:
        assert rows(connection, "session_number, seconds, code_version") == [
            (1, 1800, "other code"), (2, 1800, "other code"),
        ]  # fmt: skip


def test_what_was_computed_is_queued_in_the_same_transaction(
    database: Database, person: Person, columns: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    event, recording = ride(person, [session(RIDE, 3600)], columns)
    with database.connect() as connection:
        put_in(connection, event, recording)

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(training_pipeline, "_queue", fail)
        with pytest.raises(RuntimeError, match="killed"):
            compute_recordings(database)
    with database.connect() as connection:
        assert rows(connection, "1") == []
    compute_recordings(database)
    with database.connect() as connection:
        assert connection.execute("select user_id, event_id from raw.change_queue").fetchall() == [
            (person.user_id, event.event_id)
        ]


def test_each_session_of_a_file_has_its_own_seconds(database: Database, person: Person) -> None:
    power = np.concatenate([np.full(600, 100.0), np.full(600, 300.0)])
    sessions = [session(RIDE, 600), session(RIDE + dt.timedelta(seconds=600), 600), {"start_time": "soon"}]
    event, recording = ride(person, sessions, {"power_w": power})
    with database.connect() as connection:
        put_in(connection, event, recording)
    compute_recordings(database)
    with database.connect() as connection:
        assert rows(connection, "session_number, avg_power_w, seconds") == [
            (1, 100, 600), (2, 300, 600), (3, None, 0),
        ]  # fmt: skip


def test_no_record_is_in_two_sessions_and_none_before_the_first_is_lost(
    database: Database, person: Person
) -> None:
    power = np.concatenate([np.full(600, 100.0), np.full(600, 300.0)])
    # The first begins late by what it says, and lasts until after the others begin, two of them at once.
    sessions = [
        session(RIDE + dt.timedelta(seconds=400), 700),
        session(RIDE + dt.timedelta(seconds=900), 300),
        session(RIDE + dt.timedelta(seconds=600), 600),
        session(RIDE + dt.timedelta(seconds=600), 200),
    ]
    event, recording = ride(person, sessions, {"power_w": power})
    with database.connect() as connection:
        put_in(connection, event, recording)
    compute_recordings(database)
    with database.connect() as connection:
        assert rows(connection, "session_number, avg_power_w, seconds") == [
            (1, 100, 600), (2, 300, 300), (3, None, 0), (4, 300, 200),
        ]  # fmt: skip


def test_speed_that_was_not_recorded_is_that_of_the_distance(database: Database, person: Person) -> None:
    distance = np.arange(100.0) * 4
    event, recording = ride(person, [session(RIDE, 100)], {"distance_m": distance})
    with database.connect() as connection:
        put_in(connection, event, recording)
    compute_recordings(database)
    with database.connect() as connection:
        assert rows(connection, "avg_speed_mps, (best_speed_mps)[2]") == [(4, 4)]


def test_samples_that_the_account_draws_are_computed_too(database: Database, person: Person) -> None:
    data = {
        "activityId": 77,
        "metricDescriptors": [
            {"metricsIndex": 1, "key": "directTimestamp"},
            {"metricsIndex": 0, "key": "directHeartRate"},
            {"metricsIndex": 2, "key": "directPower"},
            "odd",
        ],
        "activityDetailMetrics": [
            {"metrics": [140.0, (START + second) * 1000, None if second == 3 else 200.0]}
            for second in range(60)
        ]
        + [{"metrics": None}, {"metrics": [1.0]}, None],
    }
    event = Event(
        person.user_id, RIDE, None, "garmin.activity_samples", "garmin", "7/77", data, {"garmin_account": "7"}
    )
    with database.connect() as connection:
        write_events(connection, [event])
    assert compute_recordings(database).records == 60
    assert compute_recordings(database).files == 0
    with database.connect() as connection:
        assert rows(
            connection, "recording_id, is_drawn, activity_number, seconds, avg_power_w, avg_hr_bpm"
        ) == [(event.event_id, True, "77", 60, 200, 140)]
    assert len(account_records({"metricDescriptors": 3, "activityDetailMetrics": {}}).times) == 0


def test_an_instant_that_cannot_be_stops_nothing(database: Database, person: Person) -> None:
    def drawn(*times: float) -> dict[str, object]:
        return {
            "metricDescriptors": [
                {"metricsIndex": 0, "key": "directTimestamp"},
                {"metricsIndex": 1, "key": "directPower"},
            ],
            "activityDetailMetrics": [{"metrics": [time, 200.0]} for time in times],
        }

    odd = {
        "1": drawn(START * 1000, (START + 1) * 1000, START * 1_000_000, 4_000_000_000_000, -5, 0),
        "2": drawn(START * 1_000_000, (START + 1) * 1_000_000),
        "3": drawn(1e308, float(START)),
    }
    with database.connect() as connection:
        for number, data in odd.items():
            about = ("garmin.activity_samples", "garmin", f"7/{number}", data, {"garmin_account": "7"})
            write_events(connection, [Event(person.user_id, RIDE, None, *about)])
    assert compute_recordings(database).files == 3
    with database.connect() as connection:
        assert sorted(rows(connection, "seconds")) == [(0,), (1,), (2,)]


def test_a_recording_without_records_is_looked_at_once(database: Database, person: Person) -> None:
    event, recording = ride(person, [session(RIDE, 60)], {"power_w": np.zeros(0)})
    with database.connect() as connection:
        put_in(connection, event, recording)
    assert compute_recordings(database) == Report(files=1, sessions=1, records=0)
    assert compute_recordings(database).files == 0
