"""A refresh is due for what the last one that succeeded did not process, also where an earlier version ran that."""

import datetime as dt

import dagster as dg
import pytest

from santorio.storage.change_queue import read_log_state
from santorio.storage.event_log import Event, write_events
from sensors.refresh_due import due_refresh, last_refresh
from sensors.run_tags import RANGE_END, RANGE_START, WATERMARK


@dg.job
def refresh() -> None:
    """Stand in for the job of that name."""


@dg.job
def study() -> None:
    """Stand in for the job of version 0.1."""


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def ran(instance, job, tags, status=dg.DagsterRunStatus.SUCCESS) -> None:
    instance.create_run_for_job(job, tags=tags, status=status)


def test_the_daily_refresh_of_a_few_days_does_not_hide_events_from_before_it(instance):
    ran(instance, refresh, {WATERMARK: "7@2026-03-01"})
    ran(instance, refresh, {})
    assert last_refresh(instance).watermark == "7@2026-03-01"


def test_before_the_first_refresh_there_is_none(instance):
    assert last_refresh(instance) is None


def test_a_refresh_of_the_version_before_counts_until_there_is_one_of_this(instance):
    ran(instance, study, {WATERMARK: "7@2026-03-01/2026-03-02/0.1.0"})
    assert last_refresh(instance).log_watermark == "7@2026-03-01"
    ran(instance, refresh, {WATERMARK: "8@2026-03-03"})
    assert last_refresh(instance).log_watermark == "8@2026-03-03"


def write_day(database, person, day: dt.date) -> None:
    moment = dt.datetime.combine(day, dt.time(), dt.UTC)
    event = Event(
        person.user_id, moment, dt.timedelta(0), "garmin.steps", "garmin", f"-/{day}", {}, {"day": str(day)}
    )
    with database.connect() as connection:
        write_events(connection, [event])


def ingested_long_ago(database) -> str:
    """Let everything have been ingested and built two hours ago; the watermark of that."""
    with database.connect() as connection:
        connection.execute("update raw.events set ingested_at = ingested_at - interval '2 hours'")
        connection.execute("delete from raw.change_queue")
        return read_log_state(connection).watermark


@pytest.mark.parametrize("job", [refresh, study])
def test_only_the_days_ingested_since_the_last_refresh_are_due(instance, database, person, job):
    write_day(database, person, dt.date(2026, 3, 1))
    ran(instance, job, {WATERMARK: ingested_long_ago(database)})
    with database.connect() as connection:
        assert not due_refresh(instance, connection).has_changes
    write_day(database, person, dt.date(2026, 4, 1))
    with database.connect() as connection:
        due = due_refresh(instance, connection)
        tags = due.tags(connection)
    assert due.has_changes
    assert (tags[RANGE_START], tags[RANGE_END]) == ("2026-04-01", "2026-04-01")


def test_the_days_of_a_refresh_that_failed_are_due_again(instance, database, person):
    write_day(database, person, dt.date(2026, 3, 1))
    ran(instance, refresh, {WATERMARK: ingested_long_ago(database)}, dg.DagsterRunStatus.FAILURE)
    with database.connect() as connection:
        due = due_refresh(instance, connection)
        tags = due.tags(connection)
    assert due.has_changes
    assert (tags[RANGE_START], tags[RANGE_END]) == ("2026-03-01", "2026-03-01")


def test_a_change_that_is_no_event_is_due_and_has_a_key_of_its_own(instance, database, person):
    write_day(database, person, dt.date(2026, 3, 1))
    ran(instance, refresh, {WATERMARK: ingested_long_ago(database)})
    with database.connect() as connection:
        before = due_refresh(instance, connection)
        connection.execute(
            "update ops.people set timezone = 'Asia/Tokyo' where user_id = %s", [person.user_id]
        )
        after = due_refresh(instance, connection)
    assert (before.has_changes, after.has_changes) == (False, True)
    assert before.key != after.key


def test_an_empty_log_needs_no_refresh(instance, database):
    with database.connect() as connection:
        assert not due_refresh(instance, connection).has_changes
