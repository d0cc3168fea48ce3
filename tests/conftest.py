"""A real server for the whole run, a fresh migrated database for every test."""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.storage.database.connect import DAGSTER_NAME, create_database
from santorio.storage.database.engine import Database
from santorio.storage.embedded_postgres.os_user import programs
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.storage.object_store import FolderStore
from support.databases import (
    BUILT_TEMPLATE,
    TEMPLATE,
    build_template,
    database_of_its_own,
    make_template,
    migrate_template,
)
from support.scheduler import SampledTogether

# The session's server dies with the session: what it holds need not survive a power cut.
FAST = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nmax_connections = 400\n"
# The embedded server does not bring TimescaleDB; where it was built for it by hand, everything is tested on it.
HAS_TIMESCALE = (programs().parent / "lib" / "postgresql" / "timescaledb.so").exists()
if HAS_TIMESCALE:
    FAST += "shared_preload_libraries = 'timescaledb'\ntimescaledb.telemetry_level = off\n"
    # Its workers would sit in the template that every test's database is copied from.
    FAST += "timescaledb.max_background_workers = 0\n"

for name in [name for name in os.environ if name.startswith("SANTORIO_")]:
    del os.environ[name]

SERVER_FOLDER = "TESTS_SERVER_FOLDER"


@contextmanager
def short_folder() -> Iterator[Path]:
    """A new folder that PostgreSQL can use, unlike pytest's.

    Those are closed to the account that runs it when the tests run as root, and too long a path for a socket.
    """
    folder = Path(tempfile.mkdtemp(prefix="santorio-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Name the folder of the run's server, before workers start: they inherit the environment."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="santorio-")
        os.environ[SERVER_FOLDER] = folder
        # The workers are gone by then, and with the last of them the server.
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SampledTogether | None:
    return SampledTogether(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def server_folder() -> Path:
    return Path(os.environ[SERVER_FOLDER])


@pytest.fixture(scope="session")
def server_url(server_folder: Path) -> Iterator[str]:
    """The server of this run, which all workers share; the last one that leaves stops it."""
    with embedded_server(server_folder / "postgres", extra_configuration=FAST) as url:
        make_template(url, server_folder, TEMPLATE, migrate_template)
        create_database(url, DAGSTER_NAME)
        yield url


@pytest.fixture(scope="session")
def built_template(server_url: str, server_folder: Path) -> str:
    """Name of a template in which the warehouse is built, without a row."""
    make_template(server_url, server_folder, BUILT_TEMPLATE, build_template)
    return BUILT_TEMPLATE


@pytest.fixture
def database(server_url: str) -> Iterator[Database]:
    """A fresh database, migrated, empty."""
    with database_of_its_own(server_url) as database:
        yield database


@pytest.fixture
def built_database(server_url: str, built_template: str) -> Iterator[Database]:
    """A fresh database in which the warehouse is built, without a row."""
    with database_of_its_own(server_url, built_template) as database:
        yield database


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
