"""What the commands share: options, output for people and as JSON, progress bars, the person."""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from santorio.errors import NotFound
from santorio.people import Person, all_people
from santorio.settings import Settings

console = Console()
# Progress and errors: standard output has the answer only, with --json one document.
errors = Console(stderr=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PersonOption = Annotated[str | None, typer.Option("--person", "-p", help="Name of the person.")]


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


class ProgressBar:
    """One task on a bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def update(self, completed: float, total: float | None, description: str | None = None) -> None:
        """Show how many units are completed, and optionally what is being done now."""
        self._progress.update(self._task, completed=completed, total=total, description=description)


@contextmanager
def progress_bar(description: str, *, total: int | None = None) -> Iterator[ProgressBar]:
    """Show a bar on standard error; it disappears when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        yield ProgressBar(progress, progress.add_task(description, total=total))


def resolve_person(connection: psycopg.Connection, settings: Settings, name: str | None) -> Person:
    """Find the person by name, else by the settings, else the only one there is.

    Raises
    ------
    NotFound
        If there is no such person, or if there are several and no name is given.
    """
    people = {person.name: person for person in all_people(connection)}
    if not people:
        raise NotFound("There is no data yet.", hint="Type `santorio demo` or `santorio import PATH` first.")
    wanted = name or settings.person
    if wanted in people:
        return people[wanted]
    # A single person need not be named, whatever the settings are.
    if name is None and len(people) == 1:
        return next(iter(people.values()))
    names = ", ".join(sorted(people))
    raise NotFound(f"There is no person called “{wanted}”.", hint=f"Name one with --person: {names}.")
