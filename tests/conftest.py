"""A real server for the whole session, a fresh migrated database for every test."""

import datetime as dt
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.storage.database.connect import DAGSTER_NAME, create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import migrate
from santorio.storage.embedded_postgres.os_user import programs
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.storage.object_store import FolderStore

TEMPLATE = "template_of_tests"
# The session's server dies with the session: what it holds need not survive a power cut.
FAST = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nmax_connections = 200\n"
# The embedded server does not bring TimescaleDB; where it was built for it by hand, everything is tested on it.
HAS_TIMESCALE = (programs().parent / "lib" / "postgresql" / "timescaledb.so").exists()
if HAS_TIMESCALE:
    FAST += "shared_preload_libraries = 'timescaledb'\ntimescaledb.telemetry_level = off\n"
    # Its workers would sit in the template that every test's database is copied from.
    FAST += "timescaledb.max_background_workers = 0\n"

for name in [name for name in os.environ if name.startswith("SANTORIO_")]:
    del os.environ[name]


@contextmanager
def short_folder() -> Iterator[Path]:
    """A new folder that PostgreSQL can use, unlike pytest's.

    Those are closed to the account that runs it when the tests run as root, and too long a path for a socket.
    """
    folder = Path(tempfile.mkdtemp(prefix="santorio-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with short_folder() as folder, embedded_server(folder / "postgres", extra_configuration=FAST) as url:
        for name in (TEMPLATE, DAGSTER_NAME):
            create_database(url, name)
        template = embedded_database(url, TEMPLATE)
        with template.connect() as connection:
            migrate(template, connection)
        template.close()
        yield url


@pytest.fixture
def database(server_url: str) -> Iterator[Database]:
    """A fresh database, migrated, empty."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name, template=TEMPLATE)
    opened = embedded_database(server_url, name)
    yield opened
    opened.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings(home=home, timezone="Europe/Berlin")


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.objects_path)


@pytest.fixture
def person(database: Database) -> Person:
    with database.connect() as connection:
        return ensure_person(connection, "me", "Europe/Berlin")


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
