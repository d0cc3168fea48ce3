"""What the commands share: the person, the two ways to speak (for people, as JSON), how errors are said."""

import dataclasses
import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console

from santorio.errors import NotFound
from santorio.people import Person, all_people
from santorio.settings import Settings

console = Console()
errors = Console(stderr=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
PersonOption = Annotated[str | None, typer.Option("--person", "-p", help="Whose data, by name.")]


def print_json(value: object) -> None:
    """Print one JSON document to standard output."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID | Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def reading_person(connection: psycopg.Connection, settings: Settings, name: str | None) -> Person:
    """Whose data is read: the one named, else the one of the settings, else the only one there is.

    Raises
    ------
    NotFound
        If there is no such person, or several and none is named.
    """
    people = {person.name: person for person in all_people(connection)}
    if not people:
        raise NotFound("There is no data yet.", hint="Type `santorio demo` or `santorio import PATH` first.")
    wanted = name or settings.person
    if wanted in people:
        return people[wanted]
    if name is None and len(people) == 1:
        return next(iter(people.values()))
    raise NotFound(
        f"There is no person called “{wanted}”.", hint=f"Name one with --person: {', '.join(sorted(people))}."
    )
