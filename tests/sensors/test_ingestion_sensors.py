"""A new file and a new event each start what depends on them, once."""

import datetime as dt
import os
import time

import dagster as dg
import pytest

from pipelines.definitions import defs
from santorio.storage.event_log import Event, write_events
from sensors.ingestion import MAX_ATTEMPTS, event_log_sensor, inbox_sensor
from sensors.run_tags import RANGE_END, RANGE_START, window_tags


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@dg.job
def ingest() -> None:
    """Stand in for the job of that name."""


def context(instance, cursor: str | None = None, **resources: object) -> dg.SensorEvaluationContext:
    return dg.build_sensor_context(
        instance=instance, cursor=cursor, resources=resources, repository_def=defs.get_repository_def()
    )


def drop(settings, name: str, content: str = "{}") -> None:
    settings.inbox.mkdir(exist_ok=True)
    path = settings.inbox / name
    path.write_text(content)
    os.utime(path, (time.time() - 60, time.time() - 60))


def test_an_empty_inbox_asks_for_nothing_and_says_where_to_drop_files(instance, settings):
    skipped = inbox_sensor(context(instance, settings=settings))
    assert isinstance(skipped, dg.SkipReason)
    assert str(settings.inbox) in (skipped.skip_message or "")


def test_a_new_file_asks_for_a_run_and_the_same_listing_for_the_same(instance, settings):
    drop(settings, "one.json")
    first, again = (inbox_sensor(context(instance, settings=settings)) for _ in range(2))
    assert first.run_key == again.run_key
    drop(settings, "two.json")
    assert inbox_sensor(context(instance, settings=settings)).run_key != first.run_key


def test_files_whose_run_failed_ask_again_but_not_for_ever(instance, settings):
    drop(settings, "one.json")
    keys = []
    while isinstance(request := inbox_sensor(context(instance, settings=settings)), dg.RunRequest):
        keys.append(request.run_key)
        instance.create_run_for_job(ingest, tags=request.tags, status=dg.DagsterRunStatus.FAILURE)
    assert len(keys) == len(set(keys)) == MAX_ATTEMPTS


def payload(person, day: dt.date) -> Event:
    moment = dt.datetime.combine(day, dt.time(), dt.UTC)
    return Event(person.user_id, moment, dt.timedelta(0), "garmin.steps", "garmin", f"-/{day}",
                 {"totalSteps": 1, "calendarDate": str(day)}, {"day": str(day)})  # fmt: skip


def test_new_events_request_one_refresh_over_their_days(instance, database, person):
    with database.connect() as connection:
        write_events(connection, [payload(person, dt.date(2026, 3, day)) for day in (2, 5)])
    result = event_log_sensor(context(instance, database=database))
    (request,) = result.run_requests
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2026-03-02", "2026-03-05")
    assert isinstance(event_log_sensor(context(instance, result.cursor, database=database)), dg.SkipReason)


def test_a_window_stays_within_the_partitions_that_exist():
    today = dt.date(2026, 3, 10)
    assert dict(window_tags((dt.date(1999, 1, 1), dt.date(2030, 1, 1)), today=today)) == {
        RANGE_START: "2008-01-01", RANGE_END: "2026-03-10",
    }  # fmt: skip
    assert dict(window_tags(None, today=today)) == {RANGE_START: "2026-03-10", RANGE_END: "2026-03-10"}
