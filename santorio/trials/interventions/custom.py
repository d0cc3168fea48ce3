"""A person's own interventions and limits, as events of the log."""

from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from pydantic import ValidationError

from santorio.errors import NotFound
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import UNDATED, Event, write_events
from santorio.trials.interventions.catalog import InterventionFile
from santorio.trials.interventions.intervention import Intervention, Limits

INTERVENTION, LIMITS = "trial.intervention", "trial.limits"
# The type under which earlier versions logged an intervention; its name carries on in the new type.
OLD_INTERVENTION = "trial.lever"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class CustomInterventions:
    """A person's own interventions and limits.

    Attributes
    ----------
    interventions : tuple[Intervention, ...]
        The valid ones that were not withdrawn.
    refused : tuple[str, ...]
        Names of those that were imported and are not valid any more.
    limits : Limits
        The trials that the person is ready for.
    """

    interventions: tuple[Intervention, ...] = ()
    refused: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def events_of(document: InterventionFile, person: Person) -> list[Event]:
    """Events of a file: an intervention or limits written again are a new version."""
    events = []
    for intervention in document.interventions:
        fields = intervention.model_dump(mode="json", exclude={"own"})
        events.append(_event(person, INTERVENTION, intervention.name, fields))
    if document.limits is not None:
        events.append(_event(person, LIMITS, "limits", document.limits.model_dump(mode="json")))
    return events


def _event(person: Person, event_type: str, key: str, data: dict[str, object]) -> Event:
    return Event(person.user_id, UNDATED, None, event_type, "trial", key, data)


def withdraw(database: Database, person: Person, name: str) -> bool:
    """Withdraw an intervention that the person wrote: it is no longer proposed.

    A built-in intervention of the same name is proposed again. A changed file brings the withdrawn one back.

    Returns
    -------
    bool
        Whether it was in use until now.

    Raises
    ------
    NotFound
        If the person wrote no intervention of this name.
    """
    with database.connect() as connection:
        events = _newest(connection, person.user_id)
        written = {data.get("name") for event_type, data in events if event_type != LIMITS}
        if name not in written:
            hint = "You wrote none; docs/interventions.md shows one."
            if written:
                hint = f"Yours are: {', '.join(sorted(map(str, written)))}."
            raise NotFound(f"You wrote no intervention called “{name}”.", hint=hint)
        withdrawal = _event(person, INTERVENTION, name, {"name": name, WITHDRAWN: True})
        result = write_events(connection, [withdrawal])
    return bool(result.new + result.versions)


def load_custom_interventions(connection: psycopg.Connection, person: Person) -> CustomInterventions:
    """Read a person's interventions and limits, the newest version of each.

    A stricter safety screen may refuse an intervention that was imported earlier: it is excluded, and its name is
    reported in `refused`.
    """
    interventions, refused, limits = [], [], Limits()
    for event_type, data in _newest(connection, person.user_id):
        if data.get(WITHDRAWN):
            continue
        try:
            if event_type == LIMITS:
                limits = Limits.model_validate(data)
            else:
                interventions.append(Intervention.model_validate({**data, "own": True}))
        except ValidationError:
            refused.append(str(data.get("name", "limits")))
    return CustomInterventions(tuple(interventions), tuple(refused), limits)


def _newest(connection: psycopg.Connection, user_id: UUID) -> list[tuple[str, dict[str, object]]]:
    return connection.execute(
        """
        select distinct on (key) case event_type when %(old)s then %(new)s else event_type end as type, data
        from raw.events,
             lateral (select case event_type when %(limits)s then '' else data ->> 'name' end) as identity (key)
        where user_id = %(user_id)s and source = 'trial' and event_type = any(%(types)s)
        order by key, ingested_at desc
        """,
        {
            "user_id": user_id,
            "old": OLD_INTERVENTION,
            "new": INTERVENTION,
            "limits": LIMITS,
            "types": [INTERVENTION, OLD_INTERVENTION, LIMITS],
        },
    ).fetchall()
