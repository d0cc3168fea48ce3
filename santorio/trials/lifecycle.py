"""The life cycle of a trial: its states, and the events that lead from one to another. Pure; no data access.

Every event is in the log; `replay` computes the state from them. A command that the state does not allow raises
InvalidCommand before anything is written. `api_trials.sql` computes the same state for the API, where no Python runs;
a test compares the two on random histories.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeGuard
from uuid import UUID

from santorio.errors import DataError
from santorio.trials.events import (
    Abandoned,
    Accepted,
    AdherenceReported,
    Analysed,
    AnyTrialEvent,
    Completed,
    Declined,
    Deviated,
    Paused,
    Proposed,
    Resumed,
    Started,
    Stopped,
)
from santorio.trials.protocol import Protocol

StateName = Literal[
    "unknown",
    "proposed",
    "declined",
    "scheduled",
    "running",
    "paused",
    "completed",
    "abandoned",
    "stopped_early",
    "analysed",
]
# Accepted, and not over.
OPEN: frozenset[StateName] = frozenset({"scheduled", "running", "paused"})
MAX_PAUSE_DAYS = 60


class InvalidCommand(DataError):
    """A command that the state of the trial does not allow."""

    code = "invalid_trial_command"


# From each state, the events that may follow and the state that each leads to.
TRANSITIONS: Mapping[StateName, Mapping[str, StateName]] = {
    "unknown": {"proposed": "proposed"},
    "proposed": {"proposed": "proposed", "accepted": "scheduled", "declined": "declined"},
    "declined": {"proposed": "proposed", "accepted": "scheduled"},
    "scheduled": {"started": "running", "deviation": "scheduled", "abandoned": "abandoned"},
    "running": {
        "adherence": "running",
        "deviation": "running",
        "paused": "paused",
        "completed": "completed",
        "abandoned": "abandoned",
        "stopped": "stopped_early",
    },
    "paused": {
        "adherence": "paused",
        "deviation": "paused",
        "resumed": "running",
        "abandoned": "abandoned",
        "stopped": "stopped_early",
    },
    # An interim analysis that was due is done late, even after the last day.
    "completed": {
        "adherence": "completed",
        "deviation": "completed",
        "stopped": "stopped_early",
        "analysed": "analysed",
    },
    # What was lived is analysed, but decides nothing. The next proposal of the same question is another trial, with a
    # number behind its name.
    "abandoned": {"deviation": "abandoned", "analysed": "abandoned"},
    "stopped_early": {"adherence": "stopped_early", "deviation": "stopped_early"},
    "analysed": {"adherence": "analysed", "deviation": "analysed"},
}
_PARTICIPLES = {
    "proposed": "proposed",
    "accepted": "accepted",
    "declined": "declined",
    "started": "started",
    "adherence": "logged",
    "deviation": "changed",
    "paused": "paused",
    "resumed": "resumed",
    "completed": "completed",
    "abandoned": "abandoned",
    "stopped": "stopped early",
    "analysed": "analysed",
}
_SENTENCES: Mapping[StateName, str] = {
    "unknown": "was never proposed",
    "proposed": "is proposed and not accepted yet",
    "declined": "was declined",
    "scheduled": "is accepted and has not started",
    "running": "is running",
    "paused": "is paused",
    "completed": "is completed and waits for its analysis",
    "abandoned": "was abandoned",
    "stopped_early": "was stopped early at a planned interim analysis",
    "analysed": "is completed and analysed",
}


@dataclass(frozen=True)
class TrialState:
    """The state of a trial, and what its events reported.

    Attributes
    ----------
    name : StateName
        One word for the state.
    since : date or None
        Day of the event that led to this state.
    proposed_by : UUID or None
        Run of the newest proposal that the person acted on.
    sha256, start_day
        Of the accepted protocol.
    pauses : int
        Number of pauses.
    paused_from, paused_until, resumed_on : date or None
        The newest pause, and when it ended.
    adhered : Mapping[date, bool]
        What the person reported of each day.
    deviations : tuple[Deviated, ...]
        What differed from the protocol.
    reason : str or None
        Why the person declined or abandoned it.
    declined : Declined or None
        The newest refusal.
    decision : str or None
        The answer.
    stopped_after : int or None
        Study days after which an interim analysis stopped it.
    """

    trial: str
    name: StateName = "unknown"
    since: dt.date | None = None
    proposed_by: UUID | None = None
    sha256: str | None = None
    start_day: dt.date | None = None
    pauses: int = 0
    paused_from: dt.date | None = None
    paused_until: dt.date | None = None
    resumed_on: dt.date | None = None
    adhered: Mapping[dt.date, bool] = field(default_factory=dict)
    deviations: tuple[Deviated, ...] = ()
    reason: str | None = None
    declined: Declined | None = None
    decision: str | None = None
    stopped_after: int | None = None

    @property
    def sentence(self) -> str:
        """The state in a sentence."""
        sentence = f"The trial “{self.trial}” {_SENTENCES[self.name]}"
        if self.stopped_after is not None:
            sentence += f", after {self.stopped_after} study days"
        return f"{sentence}."

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        # The day until which it was paused last is kept after the pause.
        paused_until = self.paused_until if self.name == "paused" else None
        return {
            "trial": self.trial,
            "state": self.name,
            "since": self.since,
            "sha256": self.sha256,
            "start_day": self.start_day,
            "paused_until": paused_until,
            "adhered": {day.isoformat(): done for day, done in sorted(self.adhered.items())},
            "deviations": [{"day": deviation.day, "what": deviation.what} for deviation in self.deviations],
            "reason": self.reason,
            "decision": self.decision,
            "stopped_after_days": self.stopped_after,
        }


def replay(trial: str, events: Iterable[AnyTrialEvent]) -> TrialState:
    """Compute the state that a trial's events add up to, in the order in which they entered the log.

    Raises
    ------
    InvalidCommand
        If an event cannot follow those before it.
    """
    state = TrialState(trial)
    for event in events:
        state = apply(state, event)
    return state


def apply(state: TrialState, event: AnyTrialEvent) -> TrialState:
    """Compute the state after one more event.

    Raises
    ------
    InvalidCommand
        If the event cannot happen in this state.
    """
    name = TRANSITIONS[state.name].get(event.kind)
    if name is None:
        raise InvalidCommand(f"It cannot be {_PARTICIPLES[event.kind]} now.", hint=state.sentence)
    match event:
        case AdherenceReported():
            return replace(state, adhered={**state.adhered, event.day: event.done})
        case Deviated():
            return replace(state, deviations=(*state.deviations, event))
        case Analysed() if name == state.name:
            # An abandoned trial stays abandoned, since the same day, when its days are analysed.
            return replace(state, decision=event.decision)
    return replace(state, name=name, since=event.day, **_details(state, event))


def _details(state: TrialState, event: AnyTrialEvent) -> dict[str, Any]:
    """The fields of the state that an event sets, beside its name and day."""
    details: dict[str, Any] = {}
    match event:
        case Proposed():
            details = {"proposed_by": event.run_id}
        case Accepted():
            details = {"sha256": event.sha256, "start_day": event.start_day}
        case Declined():
            details = {"reason": event.reason, "declined": event}
        case Paused():
            details = {"pauses": event.number, "paused_from": event.day, "paused_until": event.until}
        case Resumed():
            # A pause may end before the day that was planned.
            ended_on = min(event.day, state.paused_until or event.day)
            details = {"resumed_on": event.day, "paused_until": ended_on}
        case Abandoned():
            details = {"reason": event.reason}
        case Stopped():
            details = {"decision": event.decision, "stopped_after": event.after_days}
        case Analysed():
            details = {"decision": event.decision}
    return details


@dataclass(frozen=True)
class AcceptedAnalysis:
    """The accepted analysis that counts: the interim analysis that stopped the trial, else the newest one.

    Attributes
    ----------
    day : date
        Local day on which it was made.
    ended : bool
        Whether the trial had ended by then.
    stopped_after : int or None
        Study days after which it stopped the trial at a planned interim analysis.
    """

    run_id: UUID
    day: dt.date
    decision: str
    ended: bool
    stopped_after: int | None = None


def pending_events(
    state: TrialState, protocol: Protocol | None, today: dt.date, analysis: AcceptedAnalysis | None
) -> list[AnyTrialEvent]:
    """Events that happened without a command and are not in the log yet: days that came, runs that published.

    Parameters
    ----------
    protocol : Protocol or None
        The newest version.
    """
    events: list[AnyTrialEvent] = []
    if protocol is None:
        # Nothing happens by itself before a trial is accepted.
        return events
    # One event may lead to the next: a trial that was not opened for weeks started, and was completed.
    while (event := _next_event(state, protocol, today, analysis)) is not None:
        events.append(event)
        state = apply(state, event)
    return events


def _next_event(
    state: TrialState, protocol: Protocol, today: dt.date, analysis: AcceptedAnalysis | None
) -> AnyTrialEvent | None:
    """The event that follows from the date and the newest analysis; None where there is none."""
    trial, last_day = state.trial, protocol.last_day
    stopped_after = analysis.stopped_after if analysis else None
    # An early stop comes first: after it the trial is neither resumed nor completed.
    if analysis and stopped_after is not None and "stopped" in TRANSITIONS[state.name]:
        return Stopped(
            trial=trial,
            day=analysis.day,
            run_id=analysis.run_id,
            decision=analysis.decision,
            after_days=stopped_after,
        )
    if state.name == "scheduled" and _has_come(state.start_day, today):
        return Started(trial=trial, day=state.start_day)
    if state.name == "paused" and _has_come(state.paused_until, today):
        return Resumed(trial=trial, day=state.paused_until, number=state.pauses)
    if state.name == "running" and last_day is not None and protocol.outcome_arrives_on(last_day) <= today:
        return Completed(trial=trial, day=last_day)
    if analysis and _is_result(analysis, state):
        return Analysed(trial=trial, day=analysis.day, run_id=analysis.run_id, decision=analysis.decision)
    return None


def _has_come(day: dt.date | None, today: dt.date) -> TypeGuard[dt.date]:
    return day is not None and day <= today


def _is_result(analysis: AcceptedAnalysis, state: TrialState) -> bool:
    """Whether an analysis is the first one after the trial ended."""
    if state.since is None or analysis.day < state.since:
        return False
    if state.name == "abandoned":
        return state.decision is None
    return state.name == "completed" and analysis.ended
