"""The log keeps each version once, and the newest wins."""

import datetime as dt

import pytest

from santorio.database.engine import Database
from santorio.errors import RejectedRecord
from santorio.events import Event, WriteResult, write_events
from santorio.people import Person


def event(person: Person, value: object, key: str = "k", **changes: object) -> Event:
    fields = {
        "user_id": person.user_id, "time": dt.datetime(2026, 3, 1, 7, tzinfo=dt.UTC),
        "utc_offset": dt.timedelta(hours=1), "event_type": "measure", "source": "log",
        "natural_key": key, "data": {"name": "energy", "value": value},
    }  # fmt: skip
    return Event(**{**fields, **changes})


def written(database: Database, *batch: Event) -> WriteResult:
    with database.connect() as connection:
        return write_events(connection, batch)


def newest(database: Database) -> list[object]:
    with database.connect() as connection:
        rows = connection.execute(
            "select distinct on (event_id) data -> 'value' from raw.events order by event_id, ingested_at desc"
        )
        return [row[0] for row in rows]


def versions(database: Database) -> int:
    with database.connect() as connection:
        return connection.execute("select count(*) from raw.events").fetchone()[0]


def test_the_same_event_twice_is_stored_once(database, person):
    assert written(database, event(person, 1)) == WriteResult(new=1)
    assert written(database, event(person, 1)) == WriteResult(unchanged=1)
    assert versions(database) == 1


def test_changed_content_is_a_new_version_and_wins(database, person):
    written(database, event(person, 1))
    assert written(database, event(person, 2)) == WriteResult(versions=1)
    assert (newest(database), versions(database)) == ([2], 2)


def test_a_content_that_comes_back_wins_again_and_is_then_unchanged(database, person):
    for value in (1, 2, 1):
        written(database, event(person, value))
    assert (newest(database), versions(database)) == ([1], 3)
    assert written(database, event(person, 1)) == WriteResult(unchanged=1)
    assert written(database, event(person, 2)) == WriteResult(versions=1)
    assert newest(database) == [2]


def test_within_a_batch_the_last_version_wins(database, person):
    assert written(database, *(event(person, value) for value in (1, 2, 1, 2))) == WriteResult(new=1, versions=3)
    assert newest(database) == [2]


def test_a_batch_with_an_event_that_cannot_be_kept_writes_nothing(database, person):
    with pytest.raises(RejectedRecord):
        written(database, event(person, 1), event(person, "\x00", key="other"))
    assert versions(database) == 0


def test_the_offset_is_part_of_the_content(database, person):
    written(database, event(person, 1))
    moved = event(person, 1, utc_offset=dt.timedelta(hours=2))
    assert written(database, moved) == WriteResult(versions=1)


def test_people_do_not_share_events(database, person):
    from santorio.people import ensure_person

    with database.connect() as connection:
        other = ensure_person(connection, "other", "UTC")
    assert written(database, event(person, 1), event(other, 1)) == WriteResult(new=2)
