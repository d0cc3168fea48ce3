"""Consent to pooling: whether a person shares their results with others of this installation, as events of the log."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio.people import Person
from santorio.storage.event_log import UNDATED, Event, write_events

SOURCE, EVENT_TYPE = "consent", "consent.pooling"
# With fewer people nothing is pooled or shown: a mean of five does not reveal whose result is which.
MIN_PEOPLE = 5
MEANING = f"""\
Sharing pools your estimate, and its standard deviation, for each pair of habit and measurement and for each finished \
trial with those of other people here. Your days, notes and other data are not pooled.
Your own results are not shown to others. Pooled results are shown and used only if at least {MIN_PEOPLE} people \
contribute, and only to those who share theirs. Someone who compares them before and after a person joins or leaves \
could still guess that person's results.
Sharing starts with the next analysis, and so does withdrawing. Results that were computed before stay, and so do the \
priors in protocols that were accepted."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a person shares their results, and since when. Without any event they do not."""

    shares: bool = False
    decided_at: dt.datetime | None = None


def record_consent(connection: psycopg.Connection, person: Person, *, shares: bool) -> bool:
    """Record a person's decision; return whether it changed."""
    if read_consent(connection, person.user_id).shares == shares:
        return False
    event = Event(person.user_id, UNDATED, None, EVENT_TYPE, SOURCE, "pooling", {"shares": shares})
    write_events(connection, [event])
    return True


def read_consent(connection: psycopg.Connection, user_id: UUID) -> Consent:
    """Read a person's newest decision."""
    row = connection.execute(
        """
        select data -> 'shares' = 'true', ingested_at from raw.events
        where user_id = %s and source = %s and event_type = %s order by ingested_at desc limit 1
        """,
        [user_id, SOURCE, EVENT_TYPE],
    ).fetchone()
    return Consent(*row) if row else Consent()


def people_who_share(connection: psycopg.Connection) -> list[UUID]:
    """Return the people whose newest decision is to share."""
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
