"""What the log and the published runs hold of a person's trials: proposals, protocols, events, answers."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import psycopg

from santorio import local_time as local
from santorio.people import Person
from santorio.trials.analysis.interim import NO_LOOKS, Looks, read_looks
from santorio.trials.lifecycle import EVENT, KINDS, OPEN, Answer, Event, Life, after, due, life_of
from santorio.trials.protocol import Protocol, protocol_of
from santorio.trials.protocol_validation import slug

_TYPES = [f"trial.{kind}" for kind in KINDS]


@dataclass(frozen=True)
class Standing:
    """Where a trial stands.

    Attributes
    ----------
    life : Life
        With what has happened by itself until today.
    protocol : Protocol or None
        As it stands now; None before it was accepted.
    frozen : Protocol or None
        As it was accepted.
    pending : tuple
        What has happened by itself and is not in the log yet.
    looks : Looks
        What was published of its planned looks.
    """

    trial: str
    life: Life
    protocol: Protocol | None
    frozen: Protocol | None
    pending: tuple[Event, ...] = ()
    looks: Looks = NO_LOOKS

    @property
    def looks_to_come(self) -> tuple[int, ...]:
        """Planned looks that were not done, as numbers of study days; none once the trial is over."""
        planned = self.frozen.deciding.looks if self.frozen and self.life.state in OPEN else ()
        newest = max((one.after_days for one in self.looks.done), default=0)
        return tuple(days for days in planned if days > newest)


@dataclass(frozen=True)
class Proposal:
    """A proposal that stands, and when it was made."""

    protocol: Protocol
    run_id: UUID
    day: dt.date


def read_standing(connection: psycopg.Connection, person: Person, name: str, today: dt.date) -> Standing:
    """Read where a trial stands today. Nothing is written."""
    trial = slug(name)
    versions = read_protocols(connection, person, trial)
    life = life_of(trial, read_events(connection, person, trial))
    protocol = versions[-1] if versions else None
    frozen = next((one for one in versions if one.sha256 == life.sha256), None)
    looks = read_looks(connection, person, trial) if any(one.deciding.looks for one in versions) else NO_LOOKS
    answer = _stopped(looks) or read_answer(connection, person, trial)
    pending = due(life, protocol, today, answer)
    for event in pending:
        life = after(life, event)
    if protocol is not None and life.stopped_after is not None and life.since is not None:
        protocol = protocol.ended(life.since)  # nobody is asked for the days that were left
    return Standing(trial, life, protocol, frozen, tuple(pending), looks)


def _stopped(looks: Looks) -> Answer | None:
    """The answer of the look that ended the trial; later fits of it decide nothing anew."""
    stop = looks.stop
    if stop is None:
        return None
    return Answer(stop.run_id, stop.day, stop.found[0].decision, ended=True, stopped_after=stop.after_days)


def read_standings(connection: psycopg.Connection, person: Person, today: dt.date) -> list[Standing]:
    """Read where every trial stands that anything was done with."""
    return [read_standing(connection, person, name, today) for name in read_trial_names(connection, person)]


def read_proposal(connection: psycopg.Connection, person: Person, trial: str) -> Proposal | None:
    """Read what the newest run proposes under a trial's name; None where it does not."""
    row = connection.execute(
        """
        select run_id, created_at, diagnostics -> 'protocols' from analysis.runs
        where user_id = %s and kind = 'proposals' and status = 'accepted' order by created_at desc limit 1
        """,
        [person.user_id],
    ).fetchone()
    for stored in (row[2] or {}).values() if row else ():
        protocol = protocol_of(stored)
        if row and protocol is not None and protocol.trial == trial:
            return Proposal(protocol, row[0], _local_day(row[1], person))
    return None


def read_protocols(connection: psycopg.Connection, person: Person, trial: str) -> list[Protocol]:
    """Read every version of a trial's typed protocol, in the order of arrival."""
    rows = connection.execute(
        """
        select data from raw.events
        where user_id = %s and source = 'trial' and event_type = 'trial.protocol' and data ->> 'trial' = %s
        order by ingested_at
        """,
        [person.user_id, trial],
    ).fetchall()
    return [protocol for (stored,) in rows if (protocol := protocol_of(stored)) is not None]


def read_events(connection: psycopg.Connection, person: Person, trial: str) -> list[Event]:
    """Read what happened to a trial, in the order in which it entered the log."""
    rows = connection.execute(
        """
        select data from raw.events
        where user_id = %s and source = 'trial' and event_type = any(%s) and data ->> 'trial' = %s
        order by ingested_at
        """,
        [person.user_id, _TYPES, trial],
    ).fetchall()
    return [EVENT.validate_python(stored) for (stored,) in rows]


def read_trial_names(connection: psycopg.Connection, person: Person) -> list[str]:
    """Names of the trials that anything was done with."""
    rows = connection.execute(
        """
        select distinct data ->> 'trial' from raw.events
        where user_id = %s and source = 'trial' and event_type = any(%s) order by 1
        """,
        [person.user_id, _TYPES],
    ).fetchall()
    return [str(name) for (name,) in rows]


def read_answer(connection: psycopg.Connection, person: Person, trial: str) -> Answer | None:
    """Read the newest accepted analysis of a trial."""
    row = connection.execute(
        """
        select run_id, created_at, diagnostics,
               (select decision from analysis.trial_results result
                where result.run_id = run.run_id and is_primary order by arm limit 1)
        from analysis.runs run
        where user_id = %s and kind = 'trial' and target = %s and status = 'accepted'
        order by created_at desc limit 1
        """,
        [person.user_id, trial],
    ).fetchone()
    if row is None or row[3] is None:
        return None
    run_id, created_at, diagnostics, decision = row
    ended = isinstance(diagnostics, Mapping) and diagnostics.get("ended") is True
    return Answer(run_id, _local_day(created_at, person), str(decision), ended)


def _local_day(moment: dt.datetime, person: Person) -> dt.date:
    naive = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return local.local_day(moment, local.zone_offset(naive, person.timezone))
