"""Conducting a trial: what a person does with it becomes events of the log, each step in one transaction, idempotent.

Nothing is written that `lifecycle` refuses, and nothing halfway: the protocol and the event that accepts it enter
together.
Writers of one person wait for each other, so that two commands at once cannot both be first.
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
from santorio.storage.event_log import Event as LogEvent
from santorio.storage.event_log import write_events
from santorio.trials import files as trial_files
from santorio.trials import lifecycle
from santorio.trials.interventions.catalog import WEEKDAYS
from santorio.trials.lifecycle import LONGEST_PAUSE_DAYS, OPEN, Refused, after
from santorio.trials.protocol import FIRST_LOOK_DAYS, Protocol, allowed_looks, protocol_of
from santorio.trials.protocol_validation import slug
from santorio.trials.repository import Proposal, Standing, read_proposal, read_standing, read_standings

FURTHEST_START_DAYS = 365


@dataclass(frozen=True)
class Step:
    """What a step did: whether anything changed, in a sentence, and where the trial stands now."""

    said: str
    standing: Standing
    changed: bool


@contextmanager
def _turn(database: Database, person: Person) -> Iterator[psycopg.Connection]:
    """A transaction in which nobody else writes for this person: the lock of `write_events`, taken before reading."""
    with database.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1614))", [str(person.user_id)])
        yield connection


def accept(
    database: Database,
    person: Person,
    name: str,
    *,
    start: dt.date | None,
    today: dt.date,
    looks: int | None = None,
) -> Step:
    """Accept a proposal: its protocol is laid on the calendar, frozen, and written as an imported one is.

    Parameters
    ----------
    start : date, optional
        First day; tomorrow without it. A first day that the person excluded moves on to the next allowed one.
    looks : int, optional
        Planned looks, at which the trial may end before its last day; none without it.

    Raises
    ------
    NotFound
        If no such thing is proposed.
    Refused
        If it was accepted for another day, the day lies behind, or another trial of the same outcome runs then and one
        of the two is not randomised by day.
    """
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        frozen = standing.frozen
        if frozen is not None:
            if standing.life.state not in OPEN:
                return Step(standing.life.sentence, standing, changed=False)
            planned = len(frozen.deciding.looks)
            if (start is None or _allowed(start, frozen) == frozen.start_day) and looks in (None, planned):
                return Step(_accepted(frozen, "was accepted before"), standing, changed=False)
            raise Refused(
                f"It was accepted with {frozen.start_day} as its first day and {plural(planned, 'planned look')}, and "
                "its protocol is frozen.",
                hint=f"Give it up first: `santorio trial abandon {name} --reason …`.",
            )
        proposal = _proposal(connection, person, name)
        day = _allowed(start or today + dt.timedelta(days=1), proposal.protocol)
        if not today <= day <= today + dt.timedelta(days=FURTHEST_START_DAYS):
            raise Refused(
                "A protocol is a promise about days to come.",
                hint="Choose a first day from today on, within a year.",
            )
        protocol = _with_looks(proposal.protocol, looks or 0).starting(day)
        beside = _beside(read_standings(connection, person, today), protocol)
        happened: list[lifecycle.Event] = [
            lifecycle.Proposed(trial=standing.trial, day=proposal.day, run_id=proposal.run_id),
            lifecycle.Accepted(trial=standing.trial, day=today, start_day=day, sha256=protocol.sha256),
        ]
        _write(connection, person, standing, happened, protocol)
        return Step(
            " ".join([_accepted(protocol, "is accepted"), *beside]),
            read_standing(connection, person, name, today),
            changed=True,
        )


def _with_looks(protocol: Protocol, count: int) -> Protocol:
    allowed = len(allowed_looks(len(protocol.drawn)))
    if 0 <= count <= allowed:
        return protocol.with_looks(count)
    days = plural(len(protocol.drawn), "study day")
    raise Refused(
        f"A look has at least {FIRST_LOOK_DAYS} study days behind it and a week before it and after it: in {days} "
        + (f"at most {plural(allowed, 'look')} can be planned." if allowed else "none can be planned."),
        hint="Choose fewer." if allowed else "Accept it without --looks.",
    )


def _allowed(day: dt.date, protocol: Protocol) -> dt.date:
    while WEEKDAYS[day.weekday()] in protocol.not_on:
        day += dt.timedelta(days=1)
    return day


def _beside(standings: Sequence[Standing], protocol: Protocol) -> list[str]:
    """Say which trials run at the same time, and what that means for their answers.

    Days are one another's background: where both trials draw every day anew, what one adds to the other is noise. Where
    one of them keeps an arm for a period, the other's arms may fall together with it by chance.

    Raises
    ------
    Refused
        If they ask for the same outcome and are not both randomised by day.
    """
    told = []
    for one in standings:
        other = one.protocol
        if one.life.state not in OPEN or other is None or not _overlap(other, protocol):
            continue
        daily = other.law.kind == protocol.law.kind == "daily"
        if other.outcome == protocol.outcome and not daily:
            raise Refused(
                f"The trial “{one.trial}” asks for the same outcome until {other.last_day}: nobody could tell which of "
                "the two did what.",
                hint=f"Begin after it with --start, or give it up: `santorio trial abandon {one.trial} --reason …`.",
            )
        told.append(
            f"Mind that the trial “{one.trial}” runs until {other.last_day}. "
            + (
                "Both draw every day anew, so that neither misleads the other; each adds noise."
                if daily
                else "What one does may show in the other: begin after it with --start if you can."
            )
        )
    return told


def _overlap(one: Protocol, other: Protocol) -> bool:
    if one.start_day is None or other.start_day is None or one.last_day is None or other.last_day is None:
        return False
    return one.start_day <= other.last_day and other.start_day <= one.last_day


def _accepted(protocol: Protocol, did: str) -> str:
    return (
        f"The trial “{protocol.trial}” {did}: {len(protocol.drawn)} study days from {protocol.start_day} to "
        f"{protocol.last_day}.{_planned_looks(protocol)} Its protocol is frozen, SHA-256 {protocol.sha256}."
    )


def _planned_looks(protocol: Protocol) -> str:
    looks = protocol.deciding.looks
    if not looks:
        return ""
    days = join_words([str(one) for one in looks])
    return (
        f" It may end before, at {'a look' if len(looks) == 1 else 'looks'} after {days} study days, if one "
        f"probability reaches {percent(protocol.deciding.threshold_at_looks or 0.0)} there."
    )


def decline(database: Database, person: Person, name: str, *, reason: str, today: dt.date) -> Step:
    """Decline a proposal; the lever is not proposed again without a reason."""
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        if standing.life.state not in {"unknown", "proposed", "declined"}:
            raise Refused("It cannot be declined now.", hint=standing.life.sentence)
        proposal = read_proposal(connection, person, standing.trial)
        known = proposal is None or proposal.run_id == standing.life.proposed_by
        if standing.life.state == "declined" and known:
            return Step(f"It was declined before: {standing.life.reason}", standing, changed=False)
        proposal = proposal or _proposal(connection, person, name)
        planning = proposal.protocol.planning
        happened: list[lifecycle.Event] = [
            lifecycle.Proposed(trial=standing.trial, day=proposal.day, run_id=proposal.run_id),
            _made(
                lifecycle.Declined,
                trial=standing.trial,
                day=today,
                reason=reason,
                lever=proposal.protocol.lever,
                metric=proposal.protocol.outcome.removeprefix("measure_"),
                sigma=planning.sigma if planning else None,
            ),
        ]
        _write(connection, person, standing, happened)
        return Step(
            "It is declined, and is not proposed again for a year unless your days become much steadier.",
            read_standing(connection, person, name, today),
            changed=True,
        )


def log_day(
    database: Database,
    person: Person,
    name: str,
    *,
    done: bool,
    day: dt.date,
    note: str | None,
    today: dt.date,
) -> Step:
    """Note whether a day followed its arm; said again, the newest word counts."""
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        protocol = _protocol(standing)
        if day > today:
            raise Refused("That day has not come yet.", hint="Log it when it is over.")
        arm = protocol.arm_of(day)
        if arm is None:
            raise Refused(
                f"{day} is no study day of this trial.", hint=f"`santorio trial show {name}` lists them."
            )
        event = _made(lifecycle.Adhered, trial=standing.trial, day=day, done=done, note=note)
        changed = _write(connection, person, standing, [event])
        said = f"{day}, “{arm}”: {'done' if done else 'not done'}."
        return Step(said, read_standing(connection, person, name, today), changed=changed)


def pause(database: Database, person: Person, name: str, *, days: int, today: dt.date) -> Step:
    """Let a trial rest from today on: the study days that are left move behind the pause."""
    if not 1 <= days <= LONGEST_PAUSE_DAYS:
        raise Refused(
            f"A pause lasts 1 to {LONGEST_PAUSE_DAYS} days.",
            hint="A longer one is another trial: abandon this one.",
        )
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        if standing.life.state == "paused":
            return Step(f"It is paused until {standing.life.paused_until}.", standing, changed=False)
        # A day that was lived and logged stays a study day.
        first = today + dt.timedelta(days=1) if today in standing.life.adhered else today
        until = first + dt.timedelta(days=days)
        event = lifecycle.Paused(
            trial=standing.trial, day=first, until=until, number=standing.life.pauses + 1
        )
        after(standing.life, event)  # refused before the schedule is touched
        _write(connection, person, standing, [event], _protocol(standing).paused(first, until))
        return Step(
            f"It is paused; it goes on by itself on {until}, or when you resume it.",
            read_standing(connection, person, name, today),
            changed=True,
        )


def resume(database: Database, person: Person, name: str, *, today: dt.date) -> Step:
    """Go on today with the study days that are left."""
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        life = standing.life
        if life.state == "running" and life.resumed_on is not None:
            return Step(f"It goes on since {life.resumed_on}.", standing, changed=False)
        first = max(life.paused_from or today, today)
        event = lifecycle.Resumed(trial=standing.trial, day=first, number=life.pauses)
        after(life, event)
        assert life.paused_from is not None  # noqa: S101 - a paused trial knows since when
        _write(connection, person, standing, [event], _protocol(standing).paused(life.paused_from, first))
        return Step(f"It goes on on {first}.", read_standing(connection, person, name, today), changed=True)


def abandon(database: Database, person: Person, name: str, *, reason: str, today: dt.date) -> Step:
    """Give a trial up: today and what would follow are no study days. What was lived is still analysed, undecided."""
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        if standing.life.state == "abandoned":
            return Step(f"It was given up on {standing.life.since}.", standing, changed=False)
        event = _made(lifecycle.Abandoned, trial=standing.trial, day=today, reason=reason)
        after(standing.life, event)
        _write(connection, person, standing, [event], _protocol(standing).ended(today))
        return Step(
            "It is given up. Its days so far stay, and no decision is made from them.",
            read_standing(connection, person, name, today),
            changed=True,
        )


def deviate(database: Database, person: Person, name: str, *, what: str, today: dt.date) -> Step:
    """Note that something was done otherwise than the protocol says: the report tells it."""
    with _turn(database, person) as connection:
        standing = read_standing(connection, person, name, today)
        event = _made(lifecycle.Deviated, trial=standing.trial, day=today, what=what)
        changed = _write(connection, person, standing, [event])
        return Step("It is noted.", read_standing(connection, person, name, today), changed=changed)


def _made[Made: lifecycle.Happening](kind: type[Made], **stated: object) -> Made:
    """An event of what a person typed."""
    try:
        return kind.model_validate(stated)
    except ValidationError as error:
        field = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        raise Refused(
            f"What you gave as “{field}” is too short or too long.", hint="Write 3 to 400 characters."
        ) from None


def _proposal(connection: psycopg.Connection, person: Person, name: str) -> Proposal:
    proposal = read_proposal(connection, person, slug(name))
    if proposal is None:
        raise NotFound(f"Nothing called “{name}” is proposed.", hint="`santorio trial list` names what is.")
    return proposal


def _protocol(standing: Standing) -> Protocol:
    if standing.protocol is None or standing.life.sha256 is None:
        raise Refused(
            f"The trial “{standing.trial}” was not accepted here.",
            hint="`santorio trial list` names what is proposed.",
        )
    return standing.protocol


def _write(
    connection: psycopg.Connection,
    person: Person,
    standing: Standing,
    happened: Sequence[lifecycle.Event],
    protocol: Protocol | None = None,
) -> bool:
    """Write what happened by itself until now, then this; whether anything was new."""
    life = standing.life
    for event in happened:
        life = after(life, event)
    events = [_log_event(person, event) for event in (*standing.pending, *happened)]
    if protocol is not None:
        parsed = trial_files.parse(protocol.document(), person, None)
        assert parsed is not None and not parsed.rejections  # noqa: S101, PT018 - typed: it is none that is refused
        assert protocol_of(parsed.events[0].data) == protocol  # noqa: S101 - what is kept has the hash that is shown
        events = [*parsed.events, *events]
    result = write_events(connection, events)
    return bool(result.new + result.versions)


def _log_event(person: Person, event: lifecycle.Event) -> LogEvent:
    """The event as the log keeps it. Said of the same day again, it is another version of the same event."""
    noon = dt.datetime.combine(event.day, dt.time(12), dt.UTC)
    key = f"{event.trial}/{event.kind}/{event.day}"
    data = event.model_dump(mode="json", exclude_none=True)
    if isinstance(event, lifecycle.Deviated):
        key += f"/{event.what}"
    if isinstance(event, lifecycle.Paused | lifecycle.Resumed):
        key += f"/{event.number}"  # one may pause, go on and pause on one day
    return LogEvent(person.user_id, noon, None, f"trial.{event.kind}", "trial", key, data)
