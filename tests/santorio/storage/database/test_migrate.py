"""The schema is the newest, its roles read what they may, and rows of others stay out of sight."""

import datetime as dt
import runpy
import uuid

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import SCRIPTS, head, migrate, revisions
from santorio.trials.service import accept


def test_the_revision_read_from_the_names_is_alembics_head() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == head()
    assert {script.revision for script in scripts.walk_revisions()} == revisions()


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.connect() as connection:
        migrate(database, connection)
        assert connection.execute("select version_num from ops.schema_version").fetchall() == [(head(),)]


def test_the_large_tables_are_hypertables_where_the_server_has_loaded_timescale_and_plain_elsewhere(
    database: Database,
) -> None:
    with database.connect() as connection:
        row = connection.execute("show shared_preload_libraries").fetchone()
        assert row is not None
        if row[0] != "timescaledb":
            assert connection.execute("select extname from pg_extension").fetchall() == [("plpgsql",)]
            return
        tables = connection.execute(
            "select hypertable_schema || '.' || hypertable_name from timescaledb_information.hypertables order by 1"
        ).fetchall()
        sizes = connection.execute(
            "select hypertable_name, time_interval from timescaledb_information.dimensions "
            "where hypertable_schema in ('raw', 'intraday') order by 1"
        ).fetchall()
        rollups = connection.execute(
            "select view_schema || '.' || view_name, compression_enabled, materialized_only "
            "from timescaledb_information.continuous_aggregates order by 1"
        ).fetchall()
    assert tables == [("intraday.samples",), ("raw.activity_records",), ("raw.events",)]
    days = {"activity_records": 90, "events": 365, "samples": 30}
    assert {name: size.total_seconds() / 86_400 for name, size in sizes} == days
    assert rollups == [("intraday.samples_5min", True, True), ("intraday.samples_hourly", True, True)]


def test_protocols_that_a_run_of_an_earlier_version_proposed_can_still_be_accepted(
    database: Database, person: Person
) -> None:
    """Such a run kept them in its diagnostics, under the names that fields had then."""
    protocol = {
        "format": "santorio-protocol-1", "trial": "humming_focus", "question": "Does it?", "lever": "humming",
        "arms": ["as usual", "humming"], "outcome": "measure_focus", "smallest_effect": 1, "lag_days": 0,
        "law": {"kind": "daily", "cycle_days": 2, "longest_run": 2}, "cycles": 1, "seed": 7,
        "assignment": ["as usual", "humming"], "deciding": {"threshold": 0.8, "interim_looks": 0},
    }  # fmt: skip
    with database.connect() as connection:
        connection.execute("drop table analysis.proposed_protocols")
        connection.execute(
            """
            insert into analysis.runs
              (run_id, user_id, kind, target, status, fingerprint, as_of, code_version, diagnostics)
            values (%s, %s, 'proposals', 'all', 'accepted', 'f', now(), '1', %s)
            """,
            [uuid.uuid4(), person.user_id, Jsonb({"proposed": 1, "protocols": {"humming-focus": protocol}})],
        )
        migration = runpy.run_path(str(SCRIPTS / "versions" / "0018_proposed_protocols.py"))
        connection.execute(migration["TABLE"])
        connection.execute(migration["COPY"])
        assert connection.execute("select diagnostics from analysis.runs").fetchall() == [({"proposed": 1},)]
    accepted = accept(
        database, person, "humming-focus", start=dt.date(2026, 12, 7), today=dt.date(2026, 12, 1)
    )
    frozen = accepted.status.frozen
    assert frozen is not None
    assert (frozen.intervention, frozen.randomization.kind) == ("humming", "daily")
    assert frozen.document() == protocol | {
        "start_day": "2026-12-07", "secondary": [], "not_on": [], "washout_days": 0,
        "model": frozen.document()["model"], "stopping": frozen.stopping,
    }  # fmt: skip


@pytest.fixture
def two_people(database: Database, person: Person) -> tuple[Person, Person]:
    """Each with one run and one covered day."""
    with database.connect() as connection:
        people = (person, ensure_person(connection, "other", "UTC"))
        for one in people:
            connection.execute(
                """
                insert into analysis.runs
                  (run_id, user_id, kind, target, status, fingerprint, as_of, code_version)
                values (%s, %s, 'effects', 'all', 'accepted', 'f', now(), '1')
                """,
                [uuid.uuid4(), one.user_id],
            )
            connection.execute(
                """
                insert into ops.coverage (user_id, kind, day, status)
                values (%s, 'sleep', '2026-03-01', 'final')
                """,
                [one.user_id],
            )
        # As dbt does it: a view for the API belongs to santorio_view_owner.
        connection.execute(
            """
            create view api.runs as select user_id from analysis.runs;
            create view api.covered as select user_id from ops.coverage;
            alter view api.runs owner to santorio_view_owner;
            alter view api.covered owner to santorio_view_owner;
            grant select on api.runs, api.covered to santorio_api;
            """
        )
    return people


def seen(database: Database, user: object) -> list[tuple[object, ...]]:
    with psycopg.connect(database.reader_url) as reader:
        reader.execute("select set_config('santorio.user_id', %s, true)", [str(user)])
        return reader.execute(
            "select user_id from api.runs union all select user_id from api.covered"
        ).fetchall()


def test_the_api_sees_the_rows_of_the_person_that_is_set(
    database: Database, two_people: tuple[Person, Person]
) -> None:
    for one in two_people:
        assert seen(database, one.user_id) == [(one.user_id,)] * 2
    assert seen(database, uuid.uuid4()) == []


def test_without_a_person_the_api_sees_nothing_also_after_a_transaction_that_had_one(
    database: Database, two_people: tuple[Person, Person]
) -> None:
    with psycopg.connect(database.reader_url) as reader:
        assert reader.execute("select user_id from api.runs").fetchall() == []
        reader.execute("select set_config('santorio.user_id', %s, true)", [str(two_people[0].user_id)])
        reader.commit()
        assert reader.execute("select user_id from api.runs").fetchall() == []


@pytest.mark.parametrize(
    "table", ["raw.events", "ops.people", "ops.coverage", "ops.garmin_accounts", "analysis.runs"]
)
def test_the_api_reads_no_table(database: Database, table: str) -> None:
    statement = sql.SQL("select from {}").format(sql.Identifier(*table.split(".")))
    with psycopg.connect(database.reader_url) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


@pytest.mark.parametrize(
    "statement",
    ["create table api.mine (a int)", "create schema mine", "delete from api.runs", "set role postgres"],
)
def test_the_api_writes_nothing(
    database: Database, two_people: tuple[Person, Person], statement: str
) -> None:
    refusals = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    with psycopg.connect(database.reader_url) as reader:
        # Its transactions are read-only by default; the permissions hold without that too.
        with pytest.raises(refusals):
            reader.execute(statement)  # type: ignore[arg-type]
        reader.rollback()
        reader.execute("set transaction read write")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)  # type: ignore[arg-type]


def test_the_owner_of_the_views_cannot_log_in(server_url: str) -> None:
    with psycopg.connect(server_url) as connection:
        row = connection.execute(
            "select rolcanlogin from pg_roles where rolname = 'santorio_view_owner'"
        ).fetchone()
    assert row == (False,)


def test_a_login_without_rights_migrates_where_an_administrator_made_the_roles(server_url: str) -> None:
    from psycopg.conninfo import make_conninfo

    from santorio.settings import Settings
    from santorio.storage.database.connect import open_database

    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("create role keeper login")
        connection.execute("grant santorio_view_owner to keeper")
        connection.execute("create database kept owner keeper")
    url = make_conninfo(server_url, user="keeper", dbname="kept")
    settings = Settings.model_validate(
        {"database_url": url, "dagster_database_url": make_conninfo(server_url, dbname="kept")}
    )
    with open_database(settings) as database, database.connect() as connection:
        assert ensure_person(connection, "me", "UTC").name == "me"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("drop database kept with (force)")
        connection.execute("drop role keeper")
