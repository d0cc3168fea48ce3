"""What the API reads changes at once, and only where a build touched it."""

import uuid
from typing import Any

import psycopg
import pytest

from santorio.errors import StorageError
from santorio.people import ensure_person
from santorio.storage.database.engine import Database
from santorio.warehouse import ensure_manifest
from santorio.warehouse.publish import drop_retired_relations, publish

MART = """
create table marts.sips (
  user_id uuid not null, day date not null, sips int, primary key (user_id, day)
);
comment on column marts.sips.sips is 'Sips (count).';
"""


def fill(connection: psycopg.Connection, user_id: uuid.UUID, sips: dict[str, int]) -> None:
    connection.execute("delete from marts.sips where user_id = %s", [user_id])
    for day, count in sips.items():
        connection.execute("insert into marts.sips values (%s, %s, %s)", [user_id, day, count])


def shown(database: Database, user_id: uuid.UUID) -> dict[str, int]:
    with database.connect() as connection:
        rows = connection.execute(
            "select day::text, sips from serving.sips where user_id = %s order by day", [user_id]
        ).fetchall()
    return dict(rows)


@pytest.fixture
def people(database: Database) -> tuple[uuid.UUID, uuid.UUID]:
    with database.connect() as connection:
        connection.execute(MART)
        one, other = (ensure_person(connection, name, "UTC").user_id for name in ("one", "other"))
        for user_id in (one, other):
            fill(connection, user_id, {"2026-03-01": 1, "2026-03-02": 2})
        publish(connection, ["sips"], whole=["sips"])
    return one, other


def test_changed_days_alone_are_copied_and_gone_ones_go(database: Database, people: Any) -> None:
    one, other = people
    with database.connect() as connection:
        fill(connection, one, {"2026-03-02": 20, "2026-03-03": 30})  # the first is gone, and not touched
        fill(connection, other, {"2026-03-01": 10})  # the second is gone, and touched
        for user_id, day in ((one, "2026-03-02"), (one, "2026-03-03"), (other, "2026-03-02")):
            connection.execute("insert into ops.changed_days values (%s, %s)", [user_id, day])
        assert publish(connection, ["sips"], whole=[]) == 2
    assert shown(database, one) == {"2026-03-01": 1, "2026-03-02": 20, "2026-03-03": 30}
    assert shown(database, other) == {"2026-03-01": 1}


def test_a_publishing_that_stops_shows_nothing_of_itself(database: Database, people: Any) -> None:
    one, _ = people
    with database.connect() as connection:
        fill(connection, one, {"2026-03-01": 100})
    with pytest.raises(StorageError), database.connect() as connection:
        publish(connection, ["sips", "nothing_of_that_name"], whole=["sips"])
    assert shown(database, one) == {"2026-03-01": 1, "2026-03-02": 2}


def test_a_mart_of_a_new_shape_is_copied_as_a_whole_and_guarded(database: Database, people: Any) -> None:
    one, other = people
    with database.connect() as connection:
        connection.execute("alter table marts.sips add column cups int")
        publish(connection, ["sips"], whole=[])
    assert shown(database, one) == shown(database, other) == {"2026-03-01": 1, "2026-03-02": 2}
    with database.connect() as connection:
        connection.execute("grant usage on schema serving to santorio_view_owner")
        connection.execute("set local role santorio_view_owner")
        connection.execute("select set_config('santorio.user_id', %s, true)", [str(one)])
        assert connection.execute("select distinct user_id from serving.sips").fetchall() == [(one,)]
        assert connection.execute("select col_description('serving.sips'::regclass, 3)").fetchone() == (
            "Sips (count).",
        )


# As a version before had them: a mart under another name, its copy, and a view of the API on that copy.
RETIRED = """
create table marts.old_mart (user_id uuid, day date);
create table serving.old_mart (user_id uuid, day date);
create view staging.stg_old as select * from marts.old_mart;
create view api.old_mart as select * from serving.old_mart;
create table marts.days (user_id uuid, day date);
create table serving.days (user_id uuid, day date);
create view staging.stg_garmin__sleep_stages as select * from marts.days;
create table ops.notes (note text);
"""


def test_tables_and_views_that_the_project_no_longer_has_are_dropped(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(RETIRED)
    dropped = drop_retired_relations(database, ensure_manifest())
    assert dropped == ["api.old_mart", "marts.old_mart", "serving.old_mart", "staging.stg_old"]
    assert drop_retired_relations(database, ensure_manifest()) == []
    with database.connect() as connection:
        left = connection.execute(
            "select schemaname || '.' || tablename from pg_tables where tablename in ('old_mart', 'days', 'notes') "
            "union select schemaname || '.' || viewname from pg_views where viewname in "
            "('stg_old', 'old_mart', 'stg_garmin__sleep_stages') order by 1"
        ).fetchall()
    current = ["marts.days", "ops.notes", "serving.days", "staging.stg_garmin__sleep_stages"]
    assert [name for (name,) in left] == current
