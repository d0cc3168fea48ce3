"""Opening gives a migrated database, embedded or on a server, and quickly where it runs already."""

import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from santorio.errors import ConfigError, DatabaseUnavailable, NewerSchema
from santorio.settings import Settings
from santorio.storage.database.connect import create_database, ensure_database, open_database
from santorio.storage.database.engine import Database


def served(url: str, name: str, **more: str) -> Settings:
    return Settings.model_validate({"database_url": make_conninfo(url, dbname=name), **more})


def names(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database").fetchall()}


def test_a_new_home_gets_both_databases_and_the_schema(home: Path) -> None:
    with open_database(Settings(home=home)) as database:
        assert {"santorio", "dagster"} <= names(database.url)
        with database.connect() as connection:
            assert connection.execute("select count(*) from raw.events").fetchone() == (0,)
        with psycopg.connect(database.reader_url) as reader:
            assert reader.execute("select current_user").fetchone() == ("santorio_api",)


def test_opening_a_running_home_takes_less_than_half_a_second(home: Path) -> None:
    with open_database(Settings(home=home)):
        began = time.perf_counter()
        with open_database(Settings(home=home)):
            pass
        assert time.perf_counter() - began < 0.5


def test_several_processes_opening_a_new_database_at_once_migrate_it_once(server_url: str) -> None:
    name = "opened_at_once"
    failures: list[Exception] = []

    def work() -> None:
        try:
            with open_database(served(server_url, name)) as database, database.connect() as connection:
                connection.execute("select from raw.events")
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    dropped(server_url, name)


def dropped(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_a_server_gets_the_databases_it_lacks(server_url: str) -> None:
    settings = served(
        server_url, "mine", dagster_database_url=make_conninfo(server_url, dbname="its dagster")
    )
    with open_database(settings) as database:
        assert {"mine", "its dagster"} <= names(server_url)
        assert conninfo_to_dict(database.dagster_url)["dbname"] == "its dagster"
    for name in ("mine", "its dagster"):
        dropped(server_url, name)


def test_on_a_server_the_api_needs_a_login_of_its_own(database: Database) -> None:
    settings = Settings(database_url=SecretStr(database.url))
    with open_database(settings) as opened, pytest.raises(ConfigError, match="SANTORIO_API_DATABASE_URL"):
        _ = opened.reader_url


def test_a_newer_schema_is_left_alone(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("update ops.schema_version set version_num = '9999'")
    with (
        pytest.raises(NewerSchema, match="9999"),
        open_database(Settings(database_url=SecretStr(database.url))),
    ):
        pass
    with (
        open_database(Settings(database_url=SecretStr(database.url)), migrated=False) as opened,
        opened.connect() as connection,
    ):
        assert connection.execute("select version_num from ops.schema_version").fetchone() == ("9999",)


@pytest.mark.parametrize("url", ["mysql://me:hunter2@db/x", "postgresql://me:hunter2@[db/x", "hunter2"])
def test_an_address_that_is_none_is_refused_and_its_password_not_shown(url: str) -> None:
    with (
        pytest.raises(ConfigError, match="SANTORIO_DATABASE_URL") as caught,
        open_database(Settings(database_url=SecretStr(url))),
    ):
        pass
    assert "hunter2" not in whole_story(caught.value)


def test_a_server_that_is_away_is_named_and_its_password_not_shown() -> None:
    url = SecretStr("postgresql://me:hunter2@127.0.0.1:1/santorio")
    with (
        pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1") as caught,
        open_database(Settings(database_url=url)),
    ):
        pass
    assert "hunter2" not in whole_story(caught.value)


def whole_story(error: BaseException | None) -> str:
    """What a traceback would say, causes included."""
    return "" if error is None else f"{error!r} {error} {whole_story(error.__cause__)}"


def test_a_login_that_may_make_no_database_is_told_what_to_ask_for(server_url: str) -> None:
    with psycopg.connect(server_url) as connection:
        connection.execute("create role visitor login")
    url = make_conninfo(server_url, user="visitor", dbname="not there")
    with pytest.raises(ConfigError, match='create database "not there"'):
        ensure_database(url)
    with psycopg.connect(server_url) as connection:
        connection.execute("drop role visitor")


def test_making_a_database_twice_makes_it_once(server_url: str) -> None:
    assert create_database(server_url, "made twice")
    assert not create_database(server_url, "made twice")
    dropped(server_url, "made twice")
