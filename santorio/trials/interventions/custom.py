"""What a person wrote themself: levers and limits, as the log keeps them."""

from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from pydantic import ValidationError

from santorio.errors import NotFound
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import UNDATED, Event, write_events
from santorio.trials.interventions.catalog import Document, Lever, Limits

LEVER, LIMITS = "trial.lever", "trial.limits"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Own:
    """A person's own levers, which of them are refused by now, and their limits."""

    levers: tuple[Lever, ...] = ()
    refused: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def events_of(document: Document, person: Person) -> list[Event]:
    """Events of a file: a lever or limits written again are a new version."""
    events = [
        _event(person, LEVER, lever.name, lever.model_dump(mode="json", exclude={"own"}))
        for lever in document.levers
    ]
    if document.limits is not None:
        events.append(_event(person, LIMITS, "limits", document.limits.model_dump(mode="json")))
    return events


def _event(person: Person, event_type: str, key: str, data: dict[str, object]) -> Event:
    return Event(person.user_id, UNDATED, None, event_type, "trial", key, data)


def withdraw(database: Database, person: Person, name: str) -> bool:
    """Withdraw a lever that the person wrote: it is proposed no more. Whether it stood until now.

    Its name becomes the registry's again, where that has such a lever. A changed file brings it back.

    Raises
    ------
    NotFound
        If the person wrote none of this name.
    """
    with database.connect() as connection:
        written = {data.get("name") for kind, data in _newest(connection, person.user_id) if kind == LEVER}
        if name not in written:
            names = ", ".join(sorted(str(one) for one in written))
            raise NotFound(
                f"You wrote no lever called “{name}”.",
                hint=f"Yours are: {names}." if names else "You wrote none; docs/levers.md shows one.",
            )
        result = write_events(connection, [_event(person, LEVER, name, {"name": name, WITHDRAWN: True})])
    return bool(result.new + result.versions)


def read_own(connection: psycopg.Connection, person: Person) -> Own:
    """Read a person's levers and limits, the newest version of each.

    A lever that was taken once may be refused by a stricter screen today: then it is left out, and told.
    """
    levers, refused, limits = [], [], Limits()
    for event_type, data in _newest(connection, person.user_id):
        if data.get(WITHDRAWN):
            continue
        try:
            if event_type == LIMITS:
                limits = Limits.model_validate(data)
            else:
                levers.append(Lever.model_validate({**data, "own": True}))
        except ValidationError:
            refused.append(str(data.get("name", "limits")))
    return Own(tuple(levers), tuple(refused), limits)


def _newest(connection: psycopg.Connection, user_id: UUID) -> list[tuple[str, dict[str, object]]]:
    return connection.execute(
        """
        select distinct on (event_id) event_type, data from raw.events
        where user_id = %s and source = 'trial' and event_type = any(%s)
        order by event_id, ingested_at desc
        """,
        [user_id, [LEVER, LIMITS]],
    ).fetchall()
