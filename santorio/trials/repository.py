"""Queries about a person's trials: what the log, the marts and the published runs hold of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from santorio import local_time as local
from santorio.people import Person
from santorio.trials.analysis.interim import NO_INTERIM_ANALYSES, InterimAnalyses, load_interim_analyses
from santorio.trials.events import EVENT, KINDS, AnyTrialEvent
from santorio.trials.lifecycle import (
    OPEN,
    AcceptedAnalysis,
    TrialState,
    apply,
    pending_events,
    replay,
)
from santorio.trials.preregistration import (
    Preregistration,
    load_protocol_history,
    reconstruct_preregistration,
)
from santorio.trials.protocol import Protocol, parse_protocol
from santorio.trials.protocol_validation import slug

_TYPES = [f"trial.{kind}" for kind in KINDS]


@dataclass(frozen=True)
class TrialStatus:
    """A trial as it stands today.

    Attributes
    ----------
    state : TrialState
        Including the events that are pending.
    protocol : Protocol or None
        The newest version; None before the trial was accepted.
    frozen : Protocol or None
        The version that was accepted.
    pending : tuple
        Events that happened without a command and are not in the log yet.
    interim : InterimAnalyses
        The published interim analyses.
    """

    trial: str
    state: TrialState
    protocol: Protocol | None
    frozen: Protocol | None
    pending: tuple[AnyTrialEvent, ...] = ()
    interim: InterimAnalyses = NO_INTERIM_ANALYSES

    @property
    def remaining_interim_days(self) -> tuple[int, ...]:
        """Study days of the planned interim analyses that were not done; none once the trial is over."""
        if self.frozen is None or self.state.name not in OPEN:
            return ()
        planned = self.frozen.decision_rule.interim_days
        return tuple(days for days in planned if days > self.interim.last_after_days)


@dataclass(frozen=True)
class Proposal:
    """A proposal of the newest run, and the local day on which it was made."""

    protocol: Protocol
    run_id: UUID
    day: dt.date


def load_trial_status(
    connection: psycopg.Connection, person: Person, name: str, today: dt.date
) -> TrialStatus:
    """Load a trial as it stands today. Nothing is written."""
    trial = slug(name)
    versions = load_protocol_versions(connection, person, trial)
    state = replay(trial, load_trial_events(connection, person, trial))
    protocol = versions[-1] if versions else None
    # The person accepted a protocol by its hash; later versions are changes of it.
    frozen = next((version for version in versions if version.sha256 == state.sha256), None)
    interim = NO_INTERIM_ANALYSES
    has_interim_analyses = any(version.decision_rule.interim_days for version in versions)
    if has_interim_analyses:
        interim = load_interim_analyses(connection, person, trial)
    # What happened without a command is computed and shown; the next command writes it to the log.
    analysis = _stopping_analysis(interim) or load_accepted_analysis(connection, person, trial)
    pending = pending_events(state, protocol, today, analysis)
    for event in pending:
        state = apply(state, event)
    if protocol is not None and state.name == "stopped_early" and state.since is not None:
        # The days after the interim analysis that stopped it are not study days.
        protocol = protocol.ended(state.since)
    return TrialStatus(trial, state, protocol, frozen, tuple(pending), interim)


def load_trial_statuses(connection: psycopg.Connection, person: Person, today: dt.date) -> list[TrialStatus]:
    """Load the status of every trial that has an event."""
    names = load_trial_names(connection, person)
    return [load_trial_status(connection, person, name, today) for name in names]


def _stopping_analysis(interim: InterimAnalyses) -> AcceptedAnalysis | None:
    """The interim analysis that stopped the trial; later fits of the same days do not decide again."""
    stop = interim.stop
    if stop is None:
        return None
    decision = stop.results[0].decision
    return AcceptedAnalysis(stop.run_id, stop.day, decision, ended=True, stopped_after=stop.after_days)


def load_proposal(connection: psycopg.Connection, person: Person, trial: str) -> Proposal | None:
    """Load what the newest run proposes under a trial's name; None where it does not propose it."""
    row = connection.execute(
        """
        with newest as (
          select run_id, created_at from analysis.runs
          where user_id = %s and kind = 'proposals' and status = 'accepted' order by created_at desc limit 1
        )
        select run_id, created_at, protocol from newest join analysis.proposed_protocols using (run_id)
        where trial = %s
        """,
        [person.user_id, trial],
    ).fetchone()
    if row is None:
        return None
    run_id, created_at, stored = row
    protocol = parse_protocol(stored)
    if protocol is None:
        return None
    return Proposal(protocol, run_id, _local_day(created_at, person))


def load_protocol_versions(connection: psycopg.Connection, person: Person, trial: str) -> list[Protocol]:
    """Load every version of a trial's typed protocol, in the order of arrival."""
    rows = connection.execute(
        """
        select data from raw.events
        where user_id = %s and source = 'trial' and event_type = 'trial.protocol' and data ->> 'trial' = %s
        order by ingested_at
        """,
        [person.user_id, trial],
    ).fetchall()
    protocols = [parse_protocol(stored) for (stored,) in rows]
    return [protocol for protocol in protocols if protocol is not None]


def load_trial_events(connection: psycopg.Connection, person: Person, trial: str) -> list[AnyTrialEvent]:
    """Load the events of a trial, in the order in which they entered the log."""
    rows = connection.execute(
        """
        select data from raw.events
        where user_id = %s and source = 'trial' and event_type = any(%s) and data ->> 'trial' = %s
        order by ingested_at
        """,
        [person.user_id, _TYPES, trial],
    ).fetchall()
    return [EVENT.validate_python(stored) for (stored,) in rows]


def load_trial_names(connection: psycopg.Connection, person: Person) -> list[str]:
    """Names of the trials that have an event."""
    rows = connection.execute(
        """
        select distinct data ->> 'trial' from raw.events
        where user_id = %s and source = 'trial' and event_type = any(%s) order by 1
        """,
        [person.user_id, _TYPES],
    ).fetchall()
    return [str(name) for (name,) in rows]


def load_accepted_analysis(
    connection: psycopg.Connection, person: Person, trial: str
) -> AcceptedAnalysis | None:
    """Load the newest accepted analysis of a trial."""
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
    return AcceptedAnalysis(run_id, _local_day(created_at, person), str(decision), ended)


def load_unanswered_trials(connection: psycopg.Connection, person: Person) -> list[dict[str, object]]:
    """Load the trials without a published result, with the reason why the newest attempt was rejected, if any."""
    if not _is_built(connection, "marts.trials"):
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select trial, outcome, start_day, last_day, study_days,
                   (select reason from analysis.runs run
                    where run.user_id = trials.user_id and run.kind = 'trial' and run.target = trials.trial
                    order by created_at desc limit 1) as reason
            from marts.trials trials
            where user_id = %s and not exists (
              select from analysis.runs run where run.user_id = trials.user_id and run.kind = 'trial'
                and run.target = trials.trial and run.status = 'accepted')
            order by trial
            """,
            [person.user_id],
        ).fetchall()


def load_preregistration(
    connection: psycopg.Connection, person: Person, trial: str
) -> Preregistration | None:
    """Load when a trial's protocol was recorded and changed; None where its days are not in the marts."""
    if not _is_built(connection, "marts.trial_days"):
        return None
    days = connection.execute(
        "select first_day from marts.trial_days where user_id = %s and trial = %s", [person.user_id, trial]
    ).fetchall()
    if not days:
        return None
    versions = load_protocol_history(connection, person).get(trial, [])
    return reconstruct_preregistration(versions, [day for (day,) in days])


def _is_built(connection: psycopg.Connection, table: str) -> bool:
    """Whether a mart exists: none exists before the first run."""
    return connection.execute("select to_regclass(%s)", [table]).fetchone() != (None,)


def _local_day(instant: dt.datetime, person: Person) -> dt.date:
    naive = instant.astimezone(dt.UTC).replace(tzinfo=None)
    return local.local_day(instant, local.zone_offset(naive, person.timezone))
