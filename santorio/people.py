"""The people whose data this is."""

from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio.errors import ConfigError, NotFound

MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Person:
    """One person; `timezone` is the IANA zone of logs that state no offset."""

    user_id: UUID
    name: str
    timezone: str


def ensure_person(connection: psycopg.Connection, name: str, timezone: str) -> Person:
    """Find the person of this name, or make them. An existing person keeps their zone.

    Raises
    ------
    ConfigError
        If the name cannot be a folder's, which it becomes in the inbox.
    """
    if problem := name_problem(name):
        raise ConfigError(f"The person's name {problem}.", hint="Choose another one.")
    connection.execute(
        "insert into ops.people (name, timezone) values (%s, %s) on conflict (name) do nothing",
        [name, timezone],
    )
    return find_person(connection, name)


def name_problem(name: str) -> str | None:
    """Say why a name cannot be a folder's, which it becomes in the inbox; None if it can."""
    if not name.strip():
        return "is empty"
    if len(name) > MAX_NAME:
        return f"has more than {MAX_NAME} characters"
    if "/" in name or "\\" in name:
        return "has a slash, which separates folders"
    if name.startswith("."):
        return "starts with a dot, which hides a folder"
    if not name.isprintable() or name != name.strip():
        return "has a control character, or a space at an end"
    return None


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
