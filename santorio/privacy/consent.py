"""Whether a person lets their results be pooled with those of others here: their word, an event of the log."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio.people import Person
from santorio.storage.event_log import UNDATED, Event, write_events

SOURCE, EVENT_TYPE = "consent", "consent.pooling"
# Of fewer people nothing is pooled, shown or used: with four others in it, a mean hides whose result is which.
MIN_PEOPLE = 5
MEANING = f"""\
Of each pair of habit and measurement, and of each finished trial, the estimate and its spread enter what people here \
have in common; no day, no note and nothing else of yours does.
Nobody else is shown your own results. What is pooled is told, and used, only where at least {MIN_PEOPLE} people \
are in it, and only to those who share theirs too. Who compares it before and after somebody came or left could still \
guess at theirs.
It holds from the next study on, and so does withdrawing it. What was worked out before, and what is frozen in a \
protocol that somebody has accepted, stays."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a person shares, and since when that is their word; who never said anything does not."""

    shares: bool = False
    said_at: dt.datetime | None = None


def say(connection: psycopg.Connection, person: Person, *, shares: bool) -> bool:
    """Write down what a person says; whether that changed anything."""
    if read_consent(connection, person.user_id).shares == shares:
        return False
    event = Event(person.user_id, UNDATED, None, EVENT_TYPE, SOURCE, "pooling", {"shares": shares})
    write_events(connection, [event])
    return True


def read_consent(connection: psycopg.Connection, user_id: UUID) -> Consent:
    """Read a person's newest word."""
    row = connection.execute(
        """
        select data -> 'shares' = 'true', ingested_at from raw.events
        where user_id = %s and source = %s and event_type = %s order by ingested_at desc limit 1
        """,
        [user_id, SOURCE, EVENT_TYPE],
    ).fetchone()
    return Consent(*row) if row else Consent()


def sharing(connection: psycopg.Connection) -> list[UUID]:
    """Everyone whose newest word is that they share."""
    rows = connection.execute(
        """
        select user_id from (
          select distinct on (user_id) user_id, data -> 'shares' = 'true' as shares from raw.events
          where source = %s and event_type = %s order by user_id, ingested_at desc
        ) as newest
        where shares order by user_id
        """,
        [SOURCE, EVENT_TYPE],
    ).fetchall()
    return [user_id for (user_id,) in rows]
