"""The collections that the API serves, from its own registry and routers: tests of each cover a new one."""

from functools import cache
from typing import Any

from fastapi import FastAPI
from psycopg import sql

from santorio.api import resources
from santorio.api.app import ROUTERS
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.warehouse.read_model import restrict_to_person

VIEW_OF = {resource.name: resource.view.name for resource in resources.ALL}
COLLECTIONS = tuple(VIEW_OF)


@cache
def described_paths() -> dict[str, Any]:
    """Paths of the API as OpenAPI describes them; written once, for it takes a while."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return dict(app.openapi()["paths"])


def parameters(collection: str) -> frozenset[str]:
    """Names of the query parameters that a collection takes."""
    described = described_paths()[f"/v1/{collection}"]["get"]["parameters"]
    return frozenset(parameter["name"] for parameter in described if parameter["in"] == "query")


def count_rows(database: Database, person: Person, collection: str) -> int:
    """Count a person's rows in the view of a collection."""
    with database.connect() as connection:
        restrict_to_person(connection, person.user_id)
        query = sql.SQL("select count(*) from {}").format(sql.Identifier("api", VIEW_OF[collection]))
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


# Those whose items belong to days.
DATED = tuple(name for name in COLLECTIONS if {"from", "to", "order"} <= parameters(name))
