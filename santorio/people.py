"""The people whose data this is."""

from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio.errors import NotFound


@dataclass(frozen=True, slots=True)
class Person:
    """One person; `timezone` is the IANA zone of logs that state no offset."""

    user_id: UUID
    name: str
    timezone: str


def ensure_person(connection: psycopg.Connection, name: str, timezone: str) -> Person:
    """Find the person of this name, or make them. An existing person keeps their zone."""
    connection.execute(
        "insert into ops.people (name, timezone) values (%s, %s) on conflict (name) do nothing",
        [name, timezone],
    )
    return find_person(connection, name)


def find_person(connection: psycopg.Connection, name: str) -> Person:
    """Find the person of this name.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = connection.execute(
        "select user_id, name, timezone from ops.people where name = %s", [name]
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no person called “{name}”.", hint="`santorio status` names them.")
    return Person(*row)


def all_people(connection: psycopg.Connection) -> list[Person]:
    """Everyone, the eldest entry first."""
    rows = connection.execute(
        "select user_id, name, timezone from ops.people order by created_at, name"
    ).fetchall()
    return [Person(*row) for row in rows]
