"""The log keeps each version once, the newest wins, and nothing that it cannot keep gets in."""

import datetime as dt
import json
import threading
import uuid

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from santorio.errors import RejectedRecord
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, WriteResult, canonical_json, write_events

# Hypothesis runs a test's body many times on one database: each example takes a person of its own.
SHARED_DATABASE = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def event(user_id: uuid.UUID, value: object, key: str = "k", **changes: object) -> Event:
    fields: dict[str, object] = {
        "user_id": user_id, "time": dt.datetime(2026, 3, 1, 7, tzinfo=dt.UTC),
        "utc_offset": dt.timedelta(hours=1), "event_type": "measure", "source": "log",
        "natural_key": key, "data": {"name": "energy", "value": value},
    }  # fmt: skip
    return Event(**{**fields, **changes})  # type: ignore[arg-type]


def written(database: Database, *batch: Event, is_replay: bool = False) -> WriteResult:
    with database.connect() as connection:
        return write_events(connection, batch, is_replay=is_replay)


def newest(database: Database, user_id: uuid.UUID) -> dict[uuid.UUID, object]:
    with database.connect() as connection:
        rows = connection.execute(
            """
            select distinct on (event_id) event_id, data -> 'value' from raw.events
            where user_id = %s order by event_id, ingested_at desc
            """,
            [user_id],
        ).fetchall()
    return dict(rows)


def versions(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("select count(*) from raw.events").fetchone()
    assert row is not None
    return int(row[0])


def test_the_same_event_twice_is_stored_once(database: Database, person: Person) -> None:
    assert written(database, event(person.user_id, 1)) == WriteResult(new=1)
    assert written(database, event(person.user_id, 1)) == WriteResult(unchanged=1)
    assert versions(database) == 1


def test_everything_about_an_event_comes_back(database: Database, person: Person) -> None:
    data = {"text": "Grüße 🏃", "path": "C:\\u0000", "deep": [{"x": None}, 1.5, True]}
    original = event(person.user_id, 0, data=data, metadata={"device": "watch"}, confidence=0.5)
    written(database, original)
    with database.connect() as connection:
        row = connection.execute(
            """
            select event_id, content_hash, user_id, time, utc_offset, event_type, source, data, metadata,
            confidence from raw.events
            """
        ).fetchone()
    assert row == (
        original.event_id, original.content_hash, person.user_id, original.time, original.utc_offset,
        "measure", "log", data, {"device": "watch"}, 0.5,
    )  # fmt: skip


def test_changed_content_is_a_new_version_and_wins(database: Database, person: Person) -> None:
    one = event(person.user_id, 1)
    written(database, one)
    assert written(database, event(person.user_id, 2)) == WriteResult(versions=1)
    assert newest(database, person.user_id) == {one.event_id: 2}
    assert versions(database) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"utc_offset": dt.timedelta(hours=2)},
        {"utc_offset": None},
        {"time": dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)},
    ],
)
def test_time_and_offset_are_content(database: Database, person: Person, change: dict[str, object]) -> None:
    written(database, event(person.user_id, 1))
    assert written(database, event(person.user_id, 1, **change)) == WriteResult(versions=1)


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"file": "b.json"}},
        {"confidence": 0.9},
        {"data": {"value": 1, "name": "energy"}},
        {"time": dt.datetime(2026, 3, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=1)))},
    ],
)
def test_what_is_about_the_content_or_only_written_otherwise_makes_no_version(
    database: Database, person: Person, change: dict[str, object]
) -> None:
    written(database, event(person.user_id, 1))
    assert written(database, event(person.user_id, 1, **change)) == WriteResult(unchanged=1)


def test_a_content_that_comes_back_wins_again_and_is_then_unchanged(
    database: Database, person: Person
) -> None:
    one = event(person.user_id, 1)
    for value in (1, 2, 1):
        written(database, event(person.user_id, value))
    assert (newest(database, person.user_id), versions(database)) == ({one.event_id: 1}, 3)
    assert written(database, one) == WriteResult(unchanged=1)
    assert written(database, event(person.user_id, 2)) == WriteResult(versions=1)
    assert newest(database, person.user_id) == {one.event_id: 2}


def test_within_a_batch_the_last_version_wins(database: Database, person: Person) -> None:
    batch = [event(person.user_id, value) for value in (1, 2, 1, 2)]
    assert written(database, *batch) == WriteResult(new=1, versions=3)
    assert newest(database, person.user_id) == {batch[0].event_id: 2}


def test_a_replay_brings_no_replaced_version_back_but_fills_what_is_missing(
    database: Database, person: Person
) -> None:
    one, two = event(person.user_id, 1), event(person.user_id, 2)
    written(database, one, two)
    assert written(database, one, event(person.user_id, 5, key="other"), is_replay=True) == WriteResult(
        new=1, unchanged=1
    )
    assert newest(database, person.user_id)[one.event_id] == 2


@SHARED_DATABASE
@given(
    batches=st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2)), max_size=6), max_size=5)
)
def test_whatever_comes_in_whatever_batches_the_last_content_wins_and_again_changes_nothing(
    database: Database, batches: list[list[tuple[str, int]]]
) -> None:
    with database.connect() as connection:
        user_id = ensure_person(connection, str(uuid.uuid4()), "UTC").user_id
    expected: dict[uuid.UUID, object] = {}
    changes = 0
    for batch in batches:
        events = [event(user_id, value, key) for key, value in batch]
        before = changes
        for one, (_, value) in zip(events, batch, strict=True):
            changes += expected.get(one.event_id) != value
            expected[one.event_id] = value
        result = written(database, *events)
        assert result.new + result.versions == changes - before
        assert newest(database, user_id) == expected
    last = {key: value for batch in batches for key, value in batch}
    again = [event(user_id, value, key) for key, value in last.items()]
    assert written(database, *again) == WriteResult(unchanged=len(again))


def test_ingestion_times_rise_in_the_order_of_the_batch_and_beyond_every_earlier_one(
    database: Database, person: Person
) -> None:
    with database.connect() as connection:
        write_events(connection, [event(person.user_id, 0, key="first")])
        # As if the machine's clock had been an hour ahead and was then set right.
        connection.execute("update raw.events set ingested_at = now() + interval '1 hour'")
    written(database, *(event(person.user_id, number, key=f"k{number}") for number in range(50)))
    with database.connect() as connection:
        rows = connection.execute("select data -> 'value' from raw.events order by ingested_at").fetchall()
        distinct = connection.execute("select count(distinct ingested_at) from raw.events").fetchone()
    assert [row[0] for row in rows] == [0, *range(50)]
    assert distinct == (51,)


def test_a_batch_is_written_whole_or_not_at_all(database: Database, person: Person) -> None:
    batch = [event(person.user_id, 1), event(person.user_id, "\x00", key="other")]
    with pytest.raises(RejectedRecord):
        written(database, *batch)
    assert versions(database) == 0
    with database.connect() as connection:
        write_events(connection, batch[:1])
        connection.rollback()
    assert versions(database) == 0


def test_two_batches_fit_into_one_transaction(database: Database, person: Person) -> None:
    with database.connect() as connection:
        first = write_events(connection, [event(person.user_id, 1)])
        second = write_events(connection, [event(person.user_id, 1), event(person.user_id, 2, key="b")])
    assert (first, second) == (WriteResult(new=1), WriteResult(new=1, unchanged=1))


def test_an_empty_batch_is_nothing(database: Database) -> None:
    assert written(database) == WriteResult()


def test_people_do_not_share_events(database: Database, person: Person) -> None:
    with database.connect() as connection:
        other = ensure_person(connection, "other", "UTC")
    assert written(database, event(person.user_id, 1), event(other.user_id, 1)) == WriteResult(new=2)


def test_writers_at_the_same_time_store_everything_once(database: Database, person: Person) -> None:
    batch = [event(person.user_id, number, key=f"k{number}") for number in range(100)]
    results: list[WriteResult] = []
    threads = [threading.Thread(target=lambda: results.append(written(database, *batch))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results, WriteResult()) == WriteResult(new=100, unchanged=300)
    assert versions(database) == 100


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "a\x00b", {"k\x00": 1}, "\ud800", 2**70, {1: 2}, {1, 2}, b"x"]
)
def test_what_the_database_cannot_keep_is_a_rejected_record(person: Person, value: object) -> None:
    with pytest.raises(RejectedRecord):
        _ = event(person.user_id, [None, {"deep": value}]).content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"time": dt.datetime(2026, 3, 1)},  # noqa: DTZ001
        {"confidence": float("nan")},
        {"confidence": 1.1},
        {"natural_key": "a\x00"},
        {"metadata": {"note": "\x00"}},
        {"metadata": {"content_sha256": "00"}},
    ],
)
def test_a_record_is_rejected_for_what_stands_beside_its_data_too(
    person: Person, change: dict[str, object]
) -> None:
    with pytest.raises(RejectedRecord):
        _ = event(person.user_id, 1, **change).content_hash


def test_a_rejection_and_a_representation_say_no_value(person: Person) -> None:
    bad = event(person.user_id, {"weight_kg": 81.25, "note": "\x00"}, key="81.25", confidence=0.8125)
    with pytest.raises(RejectedRecord) as caught:
        _ = bad.content_hash
    said = f"{caught.value} {bad!r}"
    assert not any(secret in said for secret in ("81.25", "0.8125", "weight_kg"))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
JSON = st.recursive(
    # jsonb keeps a float above 2^53 by its shortest digits, as a whole number: no measurement is that large.
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=15,
)


@given(JSON)
def test_canonical_json_says_the_same_whatever_the_order_of_keys(value: object) -> None:
    document = canonical_json(value)
    assert json.loads(document) == value
    assert canonical_json(_backwards(value)) == document


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(item) for item in value] if isinstance(value, list) else value


@SHARED_DATABASE
@given(value=JSON)
def test_postgresql_keeps_every_json_as_it_is(database: Database, person: Person, value: object) -> None:
    written(database, event(person.user_id, value, key="json"))
    (kept,) = newest(database, person.user_id).values()
    assert kept == value


def test_in_the_hour_that_the_clock_repeats_the_newest_version_still_wins(
    database: Database, person: Person
) -> None:
    """A server of one's own may tell times by a wall clock, which shows an hour of autumn twice."""
    first, last = event(person.user_id, 1), event(person.user_id, 2)
    with database.connect() as connection:
        connection.execute("set timezone = 'Europe/Berlin'")
        write_events(connection, [first])
        connection.execute("update raw.events set ingested_at = '2027-10-31 00:59Z'")  # 02:59 of summer
        write_events(connection, [event(person.user_id, 3, key="other")])
        connection.execute(
            "update raw.events set ingested_at = '2027-10-31 01:30Z' where event_id <> %s", [first.event_id]
        )  # 02:30 of winter
        write_events(connection, [last])
    assert newest(database, person.user_id)[first.event_id] == 2


def test_what_cannot_be_kept_leaves_nothing_of_the_batch_also_as_a_later_version(
    database: Database, person: Person
) -> None:
    with database.connect() as connection:
        with pytest.raises(RejectedRecord):
            write_events(connection, [event(person.user_id, 1), event(person.user_id, float("nan"))])
        assert connection.execute("select count(*) from raw.events").fetchone() == (0,)
