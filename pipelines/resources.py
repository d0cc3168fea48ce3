"""The library's own objects, built from the environment. Tests pass their own instead."""

from collections.abc import Iterator

import dagster as dg

from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.object_store import ObjectStore, open_object_store


@dg.resource(description="Settings from the environment.")
def settings(_context: dg.InitResourceContext) -> Settings:
    """Read the environment when a run starts, not when the code is imported."""
    return load_settings()


@dg.resource(description="The database; the embedded server is started where none is named.")
def database(_context: dg.InitResourceContext) -> Iterator[Database]:
    """Open the database for as long as the run lasts."""
    with open_database(load_settings()) as opened:
        yield opened


@dg.resource(description="Originals by their hash: a folder or S3.")
def object_store(_context: dg.InitResourceContext) -> ObjectStore:
    """Open the object store."""
    return open_object_store(load_settings())


def resources_from_environment() -> dict[str, object]:
    """Every resource that the assets and sensors ask for, by the name of their parameter."""
    return {
        "settings": settings,
        "database": database,
        "object_store": object_store,
    }
