"""Databases of the tests: one server for all workers of a run, and templates that every test's database is copied from.

A copy takes a tenth of a second; the migrations take seconds, and the first build of the warehouse many. So each
template is made once a run, by the first worker that needs it, and the others wait for that.
"""

import fcntl
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import migrate

# Migrated, empty.
TEMPLATE = "template_of_tests"
# Migrated, every table and view of the warehouse built, without a row.
BUILT_TEMPLATE = "template_of_builds"


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Exclude the run's other workers for as long as the context lasts."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_template(server_url: str, folder: Path, name: str, fill: Callable[[Database], None]) -> None:
    """Make a template once a run: a database that is there was filled before the lock was given back."""
    with file_lock(folder / f"{name}.lock"):
        if name == TEMPLATE:
            is_new = create_database(server_url, name)
        else:
            is_new = create_database(server_url, name, template=TEMPLATE)
        if not is_new:
            return
        template = embedded_database(server_url, name)
        try:
            fill(template)
        except BaseException:
            template.close()
            drop_database(server_url, name)
            raise
        template.close()


def migrate_template(template: Database) -> None:
    with template.connect() as connection:
        migrate(template, connection)


def build_template(template: Database) -> None:
    """Build the whole warehouse and the API's views over an empty log, as the pipeline does."""
    from santorio.warehouse import ensure_manifest
    from santorio.warehouse.publish import make_views
    from support.warehouse import TABLES, Warehouse

    with tempfile.TemporaryDirectory() as folder:
        Warehouse(template, Path(folder)).build(*TABLES)
        make_views(template, ensure_manifest(), Path(folder))


@contextmanager
def database_of_its_own(server_url: str, template: str = TEMPLATE) -> Iterator[Database]:
    """A copy of a template, or of another database to which nobody is connected; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name, template=template)
    opened = embedded_database(server_url, name)
    try:
        yield opened
    finally:
        opened.close()
        drop_database(server_url, name)


def drop_database(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
