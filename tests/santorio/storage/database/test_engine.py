"""A connection commits, rolls back, and turns the server's errors into sentences without values."""

import psycopg
import pytest
import sqlalchemy

from santorio.errors import DatabaseUnavailable, DiskFull, StorageError
from santorio.people import Person
from santorio.storage.database.copy import copy_rows
from santorio.storage.database.engine import Database, address, sqlalchemy_url, storage_errors


def count(database: Database, table: str) -> int:
    with database.connect() as connection:
        row = connection.execute(f"select count(*) from {table}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def test_what_is_written_is_there_after_the_block_and_not_after_an_error(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("create table notes (text text)")
        connection.execute("insert into notes values ('kept')")
    with pytest.raises(StorageError), database.connect() as connection:
        connection.execute("insert into notes values ('lost'); select 1 / 0")
    assert count(database, "notes") == 1


def test_a_connection_is_closed_after_its_block(database: Database) -> None:
    with database.connect() as connection:
        pass
    assert connection.closed


def test_an_error_of_the_server_names_no_value(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("create table weights (weight_kg double precision check (weight_kg < 80))")
    with pytest.raises(StorageError, match="weights") as caught, database.connect() as connection:
        connection.execute("insert into weights values (81.25)")
    assert "81.25" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_full_disk_and_a_server_that_stops_are_named() -> None:
    with pytest.raises(DiskFull), storage_errors():
        raise psycopg.errors.DiskFull
    for lost in (psycopg.errors.AdminShutdown, psycopg.errors.ConnectionFailure, psycopg.OperationalError):
        with pytest.raises(DatabaseUnavailable), storage_errors():
            raise lost


def test_a_connection_that_is_cut_off_is_named_as_such(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable), database.connect() as connection:
        connection.execute("select pg_terminate_backend(pg_backend_pid())")


def test_sqlalchemy_reaches_the_same_database_by_both_drivers(database: Database) -> None:
    with database.connect() as connection:
        expected = connection.execute("select current_database()").fetchone()
    with database.engine.connect() as alchemy:
        assert alchemy.execute(sqlalchemy.text("select current_database()")).one() == expected
    engine = sqlalchemy.create_engine(sqlalchemy_url(database.url, "psycopg2"))
    with engine.connect() as alchemy:
        assert alchemy.execute(sqlalchemy.text("select current_database()")).one() == expected
    engine.dispose()


def test_an_address_with_a_password_and_options_becomes_sqlalchemys() -> None:
    url = sqlalchemy_url("postgresql://me:p%40ss%2F@db:6543/santorio?sslmode=require", "psycopg2")
    assert (url.username, url.password, url.host, url.port) == ("me", "p@ss/", "db", 6543)
    assert (url.database, dict(url.query)) == ("santorio", {"sslmode": "require"})


def test_no_representation_shows_a_password() -> None:
    secret = "postgresql://me:hunter2@db/santorio"
    opened = Database(url=secret, dagster_url=secret, api_url=secret)
    assert "hunter2" not in f"{opened!r} {opened.sqlalchemy_url} {opened.engine!r} {address(secret)}"


def test_rows_are_copied_as_they_are(database: Database, person: Person) -> None:
    rows = [(person.user_id, "hash\t\\N\n", None), (None, "", 1.5)]
    with database.connect() as connection:
        connection.execute("create table plain (a uuid, b text, c float)")
        assert copy_rows(connection, "public.plain", ["a", "b", "c"], rows) == 2
        assert copy_rows(connection, "plain", ["b"], []) == 0
        assert connection.execute("select a, b, c from plain order by c desc").fetchall() == rows
