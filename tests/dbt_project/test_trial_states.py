"""The state of a trial that the API shows is the one that `santorio.trials.lifecycle` computes, on random histories."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events
from santorio.trials.events import (
    Abandoned,
    Accepted,
    AdherenceReported,
    AnyTrialEvent,
    Deviated,
    Paused,
    Proposed,
    Resumed,
)
from santorio.trials.files import protocol_event
from santorio.trials.lifecycle import (
    TRANSITIONS,
    TrialState,
    apply,
    pending_events,
)
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import DailyRandomization, DecisionRule
from santorio.trials.repository import load_trial_status
from support.scenarios import scenario

# One build of dbt.
pytestmark = pytest.mark.timeout(900)

HISTORIES = 150
LOOK_AFTER_DAYS = 2
COMMANDS = {"adherence", "deviation", "paused", "resumed", "abandoned"}
STATES = {"scheduled", "running", "paused", "completed", "abandoned", "stopped_early", "analysed"}


@dataclass
class History:
    """Events of a trial and the versions of its protocol, as commands on random days leave them."""

    events: list[AnyTrialEvent]
    versions: list[Protocol]
    state: TrialState

    @property
    def protocol(self) -> Protocol:
        return self.versions[-1]

    def add(self, event: AnyTrialEvent) -> None:
        self.state = apply(self.state, event)
        self.events.append(event)

    def add_pending(self, day: dt.date) -> None:
        for event in pending_events(self.state, self.protocol, day, None):
            self.add(event)

    def command(self, kind: str, day: dt.date, days: int) -> None:
        """What the command of this kind writes."""
        trial, number = self.state.trial, len(self.events)
        match kind:
            case "adherence":
                self.add(AdherenceReported(trial=trial, day=day, done=True))
            case "deviation":
                self.add(Deviated(trial=trial, day=day, what=f"deviation {number}"))
            case "paused":
                until = day + dt.timedelta(days=days)
                self.add(Paused(trial=trial, day=day, until=until, number=self.state.pauses + 1))
                self.versions.append(self.protocol.paused(day, until))
            case "resumed":
                assert self.state.paused_from is not None
                self.add(Resumed(trial=trial, day=day, number=self.state.pauses))
                self.versions.append(self.protocol.paused(self.state.paused_from, day))
            case "abandoned":
                self.add(Abandoned(trial=trial, day=day, reason="no time"))
                self.versions.append(self.protocol.ended(day))


def random_history(rng: np.random.Generator, trial: str, today: dt.date) -> History:
    cycles = int(rng.integers(3, 8))
    start = today + dt.timedelta(days=int(rng.integers(-25, 6)))
    protocol = Protocol(
        trial=trial,
        question="Does it?",
        arms=("as usual", "tea"),
        outcome="mood",
        smallest_effect=1,
        lag_days=int(rng.integers(0, 3)),
        randomization=DailyRandomization(cycle_days=2, longest_run=2),
        cycles=cycles,
        seed=1,
        assignment=("as usual", "tea") * cycles,
        decision_rule=DecisionRule(
            interim_analyses=1, interim_after_days=(LOOK_AFTER_DAYS,), interim_threshold=0.95
        ),
    ).starting(start)
    day = min(start, today) - dt.timedelta(days=1)
    history = History([], [protocol], TrialState(trial))
    history.add(Proposed(trial=trial, day=day, run_id=uuid.UUID(int=1)))
    history.add(Accepted(trial=trial, day=day, start_day=start, sha256=protocol.sha256))
    for _ in range(int(rng.integers(0, 6))):
        day += dt.timedelta(days=int(rng.integers(1, 6)))
        if day > today:
            break
        history.add_pending(day)
        allowed = sorted(COMMANDS & set(TRANSITIONS[history.state.name]))
        history.command(str(rng.choice(allowed)), day, int(rng.integers(1, 9)))
    return history


def write(connection: psycopg.Connection, person: Person, history: History) -> None:
    events = [protocol_event(version, person) for version in history.versions]
    for number, event in enumerate(history.events):
        noon = dt.datetime.combine(event.day, dt.time(12), dt.UTC)
        data = event.model_dump(mode="json", exclude_none=True)
        key = f"{event.trial}/{event.kind}/{number}"
        events.append(Event(person.user_id, noon, None, f"trial.{event.kind}", "trial", key, data))
    write_events(connection, events)


def random_diagnostics(
    rng: np.random.Generator, state: TrialState, today: dt.date
) -> dict[str, object] | None:
    """What a run could have published of a trial in this state; None for no run."""
    look = {
        "after_days": LOOK_AFTER_DAYS,
        "due_on": today.isoformat(),
        "done_on": today.isoformat(),
        "inputs": "a",
    }
    # Before its end a run decides nothing, but for an interim analysis.
    possible: list[dict[str, object] | None] = [None, {"ended": False}]
    if state.name in {"running", "paused", "completed"}:
        possible += [
            {"ended": False, "look": {**look, "decisive": False}},
            {"ended": True, "look": {**look, "decisive": True}},
        ]
    if state.name == "completed":
        possible += [{"ended": True}] * 2
    return possible[int(rng.integers(len(possible)))]


def publish(
    connection: psycopg.Connection, person: Person, trial: str, diagnostics: dict[str, object]
) -> None:
    run_id = uuid.uuid4()
    connection.execute(
        "insert into analysis.runs "
        "(run_id, user_id, kind, target, status, fingerprint, as_of, code_version, diagnostics) "
        "values (%s, %s, 'trial', %s, 'accepted', 'f', now(), '0', %s)",
        [run_id, person.user_id, trial, Jsonb(diagnostics)],
    )
    connection.execute(
        "insert into analysis.trial_results values (%s, %s, %s, 'mood', 'tea', 'as usual', 'points', 7, 6, 1, 1, 1, "
        "1, 0.5, 0, 2, 0.5, 1.5, 0.5, 0.8, 0.2, 0, 'adopt', 1, null, null, true)",
        [run_id, person.user_id, trial],
    )


@scenario
def test_the_api_shows_the_state_that_the_events_add_up_to(
    warehouse: Database, newcomer: Person
) -> Iterator[None]:
    rng = np.random.default_rng(11)
    with warehouse.connect() as connection:
        (today,) = connection.execute("select (now() at time zone 'Europe/Berlin')::date").fetchone() or ()
        for number in range(HISTORIES):
            history = random_history(rng, f"trial_{number}", today)
            write(connection, newcomer, history)
            history.add_pending(today)
            diagnostics = random_diagnostics(rng, history.state, today)
            if diagnostics is not None:
                publish(connection, newcomer, history.state.trial, diagnostics)
    yield
    with warehouse.connect() as connection:
        computed = {
            trial: load_trial_status(connection, newcomer, trial, today).state.name
            for trial in (f"trial_{number}" for number in range(HISTORIES))
        }
        connection.execute("select set_config('santorio.user_id', %s, true)", [str(newcomer.user_id)])
        shown = dict(connection.execute("select slug, status from api.trials").fetchall())
    assert set(computed.values()) == STATES
    assert shown == computed
