"""Commands on a trial: each writes events to the log in one transaction, and is idempotent.

A command that the state of the trial does not allow writes nothing. The protocol and the event that accepts it are
written together. Commands of one person run one after another, so that two at once cannot both be the first.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from pydantic import ValidationError

from santorio.errors import NotFound
from santorio.people import Person
from santorio.rendering.text import join_words, percent, plural
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import lock_person
from santorio.storage.event_log import Event as LogEvent
from santorio.storage.event_log import write_events
from santorio.trials import files as trial_files
from santorio.trials.events import (
    Abandoned,
    Accepted,
    AdherenceReported,
    AnyTrialEvent,
    Declined,
    Deviated,
    Paused,
    Proposed,
    Resumed,
    TrialEvent,
)
from santorio.trials.interventions.intervention import MEASURE, WEEKDAYS
from santorio.trials.lifecycle import MAX_PAUSE_DAYS, OPEN, InvalidCommand, apply
from santorio.trials.protocol import Protocol, parse_protocol
from santorio.trials.protocol_validation import slug
from santorio.trials.repository import (
    Proposal,
    TrialStatus,
    load_proposal,
    load_trial_status,
    load_trial_statuses,
)
from santorio.trials.study_calendar import FIRST_INTERIM_DAYS, allowed_interim_days

MAX_DAYS_UNTIL_START = 365


@dataclass(frozen=True)
class CommandResult:
    """The result of a command: a message for the person, the status of the trial now, and whether anything changed."""

    message: str
    status: TrialStatus
    changed: bool


@contextmanager
def _transaction(database: Database, person: Person) -> Iterator[psycopg.Connection]:
    """A transaction that is the only writer for this person: it acquires the lock of `write_events` before it reads."""
    with database.connect() as connection:
        lock_person(connection, person.user_id)
        yield connection


def accept(
    database: Database,
    person: Person,
    name: str,
    *,
    start: dt.date | None,
    today: dt.date,
    interim: int | None = None,
) -> CommandResult:
    """Accept a proposal: its protocol is scheduled on the calendar, frozen and logged.

    Parameters
    ----------
    start : date, optional
        First day; by default tomorrow. Where the person excluded its weekday, the next allowed day.
    interim : int, optional
        Number of interim analyses, at which the trial may stop early; by default none.

    Raises
    ------
    NotFound
        If nothing of this name is proposed.
    InvalidCommand
        If it was accepted for another day, the day is in the past, or another trial of the same outcome runs then and
        one of the two is not randomised by day.
    """
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        if status.frozen is not None:
            return _accept_again(status, status.frozen, start, interim)
        proposal = _require_proposal(connection, person, name)
        day = _next_allowed(start or today + dt.timedelta(days=1), proposal.protocol)
        if not today <= day <= today + dt.timedelta(days=MAX_DAYS_UNTIL_START):
            raise InvalidCommand(
                "A protocol is a promise about days to come.",
                hint="Choose a first day from today on, within a year.",
            )
        protocol = _with_interim_analyses(proposal.protocol, interim or 0).starting(day)
        notes = _concurrent_trial_notes(load_trial_statuses(connection, person, today), protocol)
        events: list[AnyTrialEvent] = [
            Proposed(trial=status.trial, day=proposal.day, run_id=proposal.run_id),
            Accepted(trial=status.trial, day=today, start_day=day, sha256=protocol.sha256),
        ]
        _write(connection, person, status, events, protocol)
        message = " ".join([_accepted_message(protocol, "is accepted"), *notes])
        return CommandResult(message, load_trial_status(connection, person, name, today), changed=True)


def _accept_again(
    status: TrialStatus, frozen: Protocol, start: dt.date | None, interim: int | None
) -> CommandResult:
    """The same command typed twice changes nothing; other terms than those that are frozen are an error."""
    if status.state.name not in OPEN:
        return CommandResult(status.state.sentence, status, changed=False)
    planned = len(frozen.decision_rule.interim_days)
    same_start = start is None or _next_allowed(start, frozen) == frozen.start_day
    if same_start and interim in (None, planned):
        return CommandResult(_accepted_message(frozen, "was accepted before"), status, changed=False)
    raise InvalidCommand(
        f"It was accepted with {frozen.start_day} as its first day and {_interim_count(planned)}, and its protocol is "
        "frozen.",
        hint=f"Abandon it first: `santorio trial abandon {status.trial} --reason …`.",
    )


def _with_interim_analyses(protocol: Protocol, count: int) -> Protocol:
    allowed = len(allowed_interim_days(len(protocol.drawn)))
    if 0 <= count <= allowed:
        return protocol.with_interim_analyses(count)
    limit, hint = "none can be planned", "Accept it without --interim."
    if allowed:
        limit, hint = f"at most {_interim_count(allowed)} can be planned", "Choose fewer."
    days = plural(len(protocol.drawn), "study day")
    raise InvalidCommand(
        f"An interim analysis needs at least {FIRST_INTERIM_DAYS} study days before it and a week to the next one and "
        f"to the end: in {days} {limit}.",
        hint=hint,
    )


def _interim_count(count: int) -> str:
    if count == 1:
        return "1 interim analysis"
    return f"{count} interim analyses"


def _next_allowed(day: dt.date, protocol: Protocol) -> dt.date:
    while WEEKDAYS[day.weekday()] in protocol.not_on:
        day += dt.timedelta(days=1)
    return day


def _concurrent_trial_notes(statuses: Sequence[TrialStatus], protocol: Protocol) -> list[str]:
    """Sentences about the trials that run at the same time, and what that means for their answers.

    Where both trials randomise every day, the effect of one is noise to the other. Where one of them keeps an arm for a
    period, the arms of the two may coincide by chance.

    Raises
    ------
    InvalidCommand
        If both ask for the same outcome and are not both randomised by day.
    """
    notes = []
    for status in statuses:
        other = status.protocol
        if status.state.name not in OPEN or other is None or not _overlap(other, protocol):
            continue
        both_daily = other.randomization.kind == protocol.randomization.kind == "daily"
        if other.outcome == protocol.outcome and not both_daily:
            raise InvalidCommand(
                f"The trial “{status.trial}” has the same outcome until {other.last_day}: the effects of the two could "
                "not be separated.",
                hint=f"Start after it with --start, or abandon it: `santorio trial abandon {status.trial} --reason …`.",
            )
        if both_daily:
            meaning = "Both randomise every day, so that neither biases the other; each adds noise."
        else:
            meaning = "The effect of one may show in the other: start after it with --start if you can."
        notes.append(f"Note that the trial “{status.trial}” runs until {other.last_day}. {meaning}")
    return notes


def _overlap(first: Protocol, second: Protocol) -> bool:
    if first.start_day is None or second.start_day is None:
        return False
    if first.last_day is None or second.last_day is None:
        return False
    return first.start_day <= second.last_day and second.start_day <= first.last_day


def _accepted_message(protocol: Protocol, verb: str) -> str:
    return (
        f"The trial “{protocol.trial}” {verb}: {len(protocol.drawn)} study days from {protocol.start_day} to "
        f"{protocol.last_day}.{_interim_message(protocol)} Its protocol is frozen, SHA-256 {protocol.sha256}."
    )


def _interim_message(protocol: Protocol) -> str:
    rule = protocol.decision_rule
    if not rule.interim_days:
        return ""
    analyses = "an interim analysis" if len(rule.interim_days) == 1 else "interim analyses"
    days = join_words([str(days) for days in rule.interim_days])
    return (
        f" It may stop early, at {analyses} after {days} study days, if one probability reaches "
        f"{percent(rule.interim_threshold or 0.0)} there."
    )


def decline(database: Database, person: Person, name: str, *, reason: str, today: dt.date) -> CommandResult:
    """Decline a proposal; the intervention is not proposed again without a reason."""
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        state = status.state
        if state.name not in {"unknown", "proposed", "declined"}:
            raise InvalidCommand("It cannot be declined now.", hint=state.sentence)
        proposal = load_proposal(connection, person, status.trial)
        # A newer run may propose it again, and that proposal can be declined too.
        is_same_proposal = proposal is None or proposal.run_id == state.proposed_by
        if state.name == "declined" and is_same_proposal:
            return CommandResult(f"It was declined before: {state.reason}", status, changed=False)
        proposal = proposal or _require_proposal(connection, person, name)
        planning = proposal.protocol.planning
        declined = _validated(
            Declined,
            trial=status.trial,
            day=today,
            reason=reason,
            intervention=proposal.protocol.intervention,
            metric=proposal.protocol.outcome.removeprefix(MEASURE),
            sigma=planning.sigma if planning else None,
        )
        proposed = Proposed(trial=status.trial, day=proposal.day, run_id=proposal.run_id)
        _write(connection, person, status, [proposed, declined])
        return CommandResult(
            "It is declined, and is not proposed again for a year unless your days become much steadier.",
            load_trial_status(connection, person, name, today),
            changed=True,
        )


def log_day(
    database: Database,
    person: Person,
    name: str,
    *,
    done: bool,
    today: dt.date,
    day: dt.date | None = None,
    note: str | None = None,
) -> CommandResult:
    """Log whether a day, by default today, followed its arm; the newest report of a day counts."""
    day = day or today
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        protocol = _require_protocol(status)
        if day > today:
            raise InvalidCommand("That day has not come yet.", hint="Log it when it is over.")
        arm = protocol.arm_of(day)
        if arm is None:
            raise InvalidCommand(
                f"{day} is not a study day of this trial.", hint=f"`santorio trial show {name}` lists them."
            )
        event = _validated(AdherenceReported, trial=status.trial, day=day, done=done, note=note)
        changed = _write(connection, person, status, [event])
        adherence = "done" if done else "not done"
        message = f"{day}, “{arm}”: {adherence}."
        return CommandResult(message, load_trial_status(connection, person, name, today), changed=changed)


def pause(database: Database, person: Person, name: str, *, days: int, today: dt.date) -> CommandResult:
    """Pause a trial from today on: the remaining study days move behind the pause."""
    if not 1 <= days <= MAX_PAUSE_DAYS:
        raise InvalidCommand(
            f"A pause lasts 1 to {MAX_PAUSE_DAYS} days.",
            hint="A longer one is another trial: abandon this one.",
        )
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        state = status.state
        if state.name == "paused":
            return CommandResult(f"It is paused until {state.paused_until}.", status, changed=False)
        first = today
        if today in state.adhered:
            # A day that was logged stays a study day.
            first += dt.timedelta(days=1)
        until = first + dt.timedelta(days=days)
        event = Paused(trial=status.trial, day=first, until=until, number=state.pauses + 1)
        # Raises where the state does not allow a pause, before the schedule is changed.
        apply(state, event)
        _write(connection, person, status, [event], _require_protocol(status).paused(first, until))
        return CommandResult(
            f"It is paused; it resumes by itself on {until}, or when you resume it.",
            load_trial_status(connection, person, name, today),
            changed=True,
        )


def resume(database: Database, person: Person, name: str, *, today: dt.date) -> CommandResult:
    """Resume a paused trial today, with the remaining study days."""
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        state = status.state
        if state.name == "running" and state.resumed_on is not None:
            return CommandResult(f"It was resumed on {state.resumed_on}.", status, changed=False)
        # A pause may begin tomorrow, where today was logged.
        first = max(state.paused_from or today, today)
        event = Resumed(trial=status.trial, day=first, number=state.pauses)
        apply(state, event)
        assert state.paused_from is not None  # noqa: S101 - a paused trial has a first day of the pause
        _write(
            connection, person, status, [event], _require_protocol(status).paused(state.paused_from, first)
        )
        return CommandResult(
            f"It resumes on {first}.", load_trial_status(connection, person, name, today), changed=True
        )


def abandon(database: Database, person: Person, name: str, *, reason: str, today: dt.date) -> CommandResult:
    """Abandon a trial: today and later days are not study days. The days before are analysed, and decide nothing."""
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        if status.state.name == "abandoned":
            return CommandResult(f"It was abandoned on {status.state.since}.", status, changed=False)
        event = _validated(Abandoned, trial=status.trial, day=today, reason=reason)
        apply(status.state, event)
        _write(connection, person, status, [event], _require_protocol(status).ended(today))
        return CommandResult(
            "It is abandoned. Its days so far stay, and no decision is made from them.",
            load_trial_status(connection, person, name, today),
            changed=True,
        )


def record_deviation(
    database: Database, person: Person, name: str, *, what: str, today: dt.date
) -> CommandResult:
    """Record that something differed from the protocol; the report states it."""
    with _transaction(database, person) as connection:
        status = load_trial_status(connection, person, name, today)
        event = _validated(Deviated, trial=status.trial, day=today, what=what)
        changed = _write(connection, person, status, [event])
        return CommandResult(
            "The deviation is recorded.", load_trial_status(connection, person, name, today), changed=changed
        )


def _validated[Kind: TrialEvent](kind: type[Kind], **fields: object) -> Kind:
    """An event of what a person typed."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        field = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        raise InvalidCommand(
            f"Your “{field}” is too short or too long.", hint="Write 3 to 400 characters."
        ) from None


def _require_proposal(connection: psycopg.Connection, person: Person, name: str) -> Proposal:
    proposal = load_proposal(connection, person, slug(name))
    if proposal is None:
        raise NotFound(
            f"Nothing called “{name}” is proposed.", hint="`santorio trial list` names the proposals."
        )
    return proposal


def _require_protocol(status: TrialStatus) -> Protocol:
    if status.protocol is None or status.state.sha256 is None:
        raise InvalidCommand(
            f"The trial “{status.trial}” was not accepted here.",
            hint="`santorio trial list` names the proposals.",
        )
    return status.protocol


def _write(
    connection: psycopg.Connection,
    person: Person,
    status: TrialStatus,
    new: Sequence[AnyTrialEvent],
    protocol: Protocol | None = None,
) -> bool:
    """Write the pending events, then the new ones; whether the log changed."""
    # Before anything is written: an event that the state does not allow raises.
    state = status.state
    for event in new:
        state = apply(state, event)
    log_events = [_log_event(person, event) for event in (*status.pending, *new)]
    if protocol is not None:
        version = trial_files.protocol_event(protocol, person)
        assert parse_protocol(version.data) == protocol  # noqa: S101 - the hash is of the protocol in the log
        log_events = [version, *log_events]
    result = write_events(connection, log_events)
    return bool(result.new + result.versions)


def _log_event(person: Person, event: AnyTrialEvent) -> LogEvent:
    """The event for the log. The same event of the same day again is a new version of it."""
    noon = dt.datetime.combine(event.day, dt.time(12), dt.UTC)
    key = f"{event.trial}/{event.kind}/{event.day}"
    data = event.model_dump(mode="json", exclude_none=True)
    if isinstance(event, Deviated):
        key += f"/{event.what}"
    if isinstance(event, Paused | Resumed):
        # A person may pause, resume and pause again on one day.
        key += f"/{event.number}"
    return LogEvent(person.user_id, noon, None, f"trial.{event.kind}", "trial", key, data)
