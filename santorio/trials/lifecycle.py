"""The life of a trial: what can happen to it, in which order, and what state that leaves it in. Pure; no data access.

Everything that happens is an event of the log; the state is what the events add up to. What cannot follow is refused in
a sentence, before it is written.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from santorio.errors import DataError
from santorio.trials.interventions.catalog import Data
from santorio.trials.protocol import Protocol

State = Literal[
    "unknown", "proposed", "declined", "accepted", "running", "paused", "completed", "abandoned", "analysed"
]
OPEN: frozenset[State] = frozenset({"accepted", "running", "paused"})
LONGEST_PAUSE_DAYS = 60
Reason = Annotated[str, Field(min_length=3, max_length=400)]


class Refused(DataError):
    """Something that cannot happen to a trial as it stands."""

    code = "trial_refused"


class Happening(Data):
    """What happened to a trial on a local day."""

    trial: str
    day: dt.date


class Proposed(Happening):
    """It was proposed by a run."""

    kind: Literal["proposed"] = "proposed"
    run_id: UUID


class Accepted(Happening):
    """The person accepted it: the protocol with this hash is frozen."""

    kind: Literal["accepted"] = "accepted"
    start_day: dt.date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Declined(Happening):
    """The person does not want it; what it was planned with is kept, to tell when that has changed."""

    kind: Literal["declined"] = "declined"
    reason: Reason
    lever: str | None = None
    metric: str | None = None
    sigma: float | None = None


class Started(Happening):
    """Its first day came."""

    kind: Literal["started"] = "started"


class Adhered(Happening):
    """The person said whether a day followed its arm."""

    kind: Literal["adherence"] = "adherence"
    done: bool
    note: Annotated[str, Field(max_length=400)] | None = None


class Deviated(Happening):
    """Something was done otherwise than the protocol says."""

    kind: Literal["deviation"] = "deviation"
    what: Reason


class Paused(Happening):
    """It rests from `day` to the day before `until`: the study days that are left move."""

    kind: Literal["paused"] = "paused"
    until: dt.date
    number: int = 1


class Resumed(Happening):
    """It goes on from `day`."""

    kind: Literal["resumed"] = "resumed"
    number: int = 1


class Completed(Happening):
    """Its last study day, and the outcome of it, are past."""

    kind: Literal["completed"] = "completed"


class Abandoned(Happening):
    """The person gave it up: study days from `day` on are none."""

    kind: Literal["abandoned"] = "abandoned"
    reason: Reason


class Stopped(Happening):
    """A look that the protocol planned was decisive: the trial ended there, and is answered."""

    kind: Literal["stopped"] = "stopped"
    run_id: UUID
    decision: str
    after_days: int


class Analysed(Happening):
    """A run after its end published an answer."""

    kind: Literal["analysed"] = "analysed"
    run_id: UUID
    decision: str


Event = Annotated[
    Proposed
    | Accepted
    | Declined
    | Started
    | Adhered
    | Deviated
    | Paused
    | Resumed
    | Completed
    | Abandoned
    | Stopped
    | Analysed,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
KINDS = (
    "proposed", "accepted", "declined", "started", "adherence", "deviation", "paused", "resumed", "completed",
    "abandoned", "stopped", "analysed",
)  # fmt: skip

# From each state, what may happen and the state it leads to.
FOLLOWS: Mapping[State, Mapping[str, State]] = {
    "unknown": {"proposed": "proposed"},
    "proposed": {"proposed": "proposed", "accepted": "accepted", "declined": "declined"},
    "declined": {"proposed": "proposed", "accepted": "accepted"},
    "accepted": {"started": "running", "deviation": "accepted", "abandoned": "abandoned"},
    "running": {
        "adherence": "running",
        "deviation": "running",
        "paused": "paused",
        "completed": "completed",
        "abandoned": "abandoned",
        "stopped": "analysed",
    },
    "paused": {
        "adherence": "paused",
        "deviation": "paused",
        "resumed": "running",
        "abandoned": "abandoned",
        "stopped": "analysed",
    },
    # A look that nobody analysed in time is analysed late, after the last day too.
    "completed": {
        "adherence": "completed",
        "deviation": "completed",
        "stopped": "analysed",
        "analysed": "analysed",
    },
    # What is proposed again after its end is another trial, with a number behind its name.
    "abandoned": {"deviation": "abandoned", "analysed": "analysed"},
    "analysed": {"adherence": "analysed", "deviation": "analysed"},
}
_DOING = {
    "proposed": "proposed",
    "accepted": "accepted",
    "declined": "declined",
    "started": "started",
    "adherence": "logged",
    "deviation": "changed",
    "paused": "paused",
    "resumed": "resumed",
    "completed": "completed",
    "abandoned": "given up",
    "stopped": "ended at a look",
    "analysed": "analysed",
}
_STANDS = {
    "unknown": "was never proposed",
    "proposed": "is proposed and not accepted yet",
    "declined": "was declined",
    "accepted": "is accepted and has not begun",
    "running": "is running",
    "paused": "is paused",
    "completed": "is over and waits for its analysis",
    "abandoned": "was given up",
    "analysed": "is over and analysed",
}


@dataclass(frozen=True)
class Life:
    """Where a trial stands, and what its events said.

    Attributes
    ----------
    since : date or None
        Day of the event that brought it here.
    proposed_by : UUID or None
        Run of the newest proposal that the person acted on.
    sha256, start_day
        Of the accepted protocol.
    pauses : int
        How many there were.
    paused_from, paused_until, resumed_on : date or None
        The newest pause, and when it ended.
    adhered : Mapping[date, bool]
        What the person said of each day.
    deviations : tuple[Deviated, ...]
        What was done otherwise.
    reason : str or None
        Why it was declined or given up.
    declined : Declined or None
        The newest refusal.
    decision : str or None
        The answer.
    stopped_after : int or None
        Study days after which a planned look ended it.
    """

    trial: str
    state: State = "unknown"
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
        """Where it stands, in words."""
        if self.stopped_after is not None:
            return (
                f"The trial “{self.trial}” was ended at a planned look, after {self.stopped_after} study days, and is "
                "analysed."
            )
        return f"The trial “{self.trial}” {_STANDS[self.state]}."

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "trial": self.trial,
            "state": self.state,
            "since": self.since,
            "sha256": self.sha256,
            "start_day": self.start_day,
            "paused_until": self.paused_until if self.state == "paused" else None,
            "adhered": {day.isoformat(): done for day, done in sorted(self.adhered.items())},
            "deviations": [{"day": one.day, "what": one.what} for one in self.deviations],
            "reason": self.reason,
            "decision": self.decision,
            "stopped_after_days": self.stopped_after,
        }


def life_of(trial: str, events: Iterable[Event]) -> Life:
    """The state that a trial's events add up to, in the order in which they entered the log.

    Raises
    ------
    Refused
        If one cannot follow those before it.
    """
    life = Life(trial)
    for event in events:
        life = after(life, event)
    return life


def after(life: Life, event: Event) -> Life:
    """The state after one more event.

    Raises
    ------
    Refused
        If it cannot happen now.
    """
    follows = FOLLOWS[life.state].get(event.kind)
    if follows is None:
        raise Refused(f"It cannot be {_DOING[event.kind]} now.", hint=life.sentence)
    if isinstance(event, Adhered):
        return replace(life, adhered={**life.adhered, event.day: event.done})
    if isinstance(event, Deviated):
        return replace(life, deviations=(*life.deviations, event))
    return replace(life, state=follows, since=event.day, **_kept(life, event))


def _kept(life: Life, event: Event) -> dict[str, Any]:
    """What an event that changes the state leaves behind."""
    kept: dict[str, Any] = {}
    match event:
        case Proposed():
            kept = {"proposed_by": event.run_id}
        case Accepted():
            kept = {"sha256": event.sha256, "start_day": event.start_day}
        case Declined():
            kept = {"reason": event.reason, "declined": event}
        case Paused():
            kept = {"pauses": event.number, "paused_from": event.day, "paused_until": event.until}
        case Resumed():
            kept = {"resumed_on": event.day, "paused_until": min(event.day, life.paused_until or event.day)}
        case Abandoned():
            kept = {"reason": event.reason}
        case Stopped():
            kept = {"decision": event.decision, "stopped_after": event.after_days}
        case Analysed():
            kept = {"decision": event.decision}
    return kept


@dataclass(frozen=True)
class Answer:
    """An accepted analysis: that which ended the trial at a look, else the newest.

    Attributes
    ----------
    day : date
        Local day on which it was made.
    ended : bool
        Whether the trial had ended by then.
    stopped_after : int or None
        Study days after which it ended the trial at a planned look.
    """

    run_id: UUID
    day: dt.date
    decision: str
    ended: bool
    stopped_after: int | None = None


def due(life: Life, protocol: Protocol | None, today: dt.date, answer: Answer | None) -> list[Event]:
    """What has happened by itself: days came, and runs published.

    Parameters
    ----------
    protocol : Protocol or None
        As it stands now.
    """
    events: list[Event] = []
    while (event := _next(life, protocol, today, answer)) is not None:
        events.append(event)
        life = after(life, event)
    return events


def _next(life: Life, protocol: Protocol | None, today: dt.date, answer: Answer | None) -> Event | None:
    if protocol is None:
        return None
    trial, last = life.trial, protocol.last_day
    event: Event | None = None
    stopped = answer.stopped_after if answer else None
    if answer and stopped is not None and "stopped" in FOLLOWS[life.state]:
        event = Stopped(
            trial=trial, day=answer.day, run_id=answer.run_id, decision=answer.decision, after_days=stopped
        )
    elif life.state == "accepted" and life.start_day is not None and life.start_day <= today:
        event = Started(trial=trial, day=life.start_day)
    elif life.state == "paused" and life.paused_until is not None and life.paused_until <= today:
        event = Resumed(trial=trial, day=life.paused_until, number=life.pauses)
    elif life.state == "running" and last is not None and last + dt.timedelta(protocol.lag_days + 1) < today:
        event = Completed(trial=trial, day=last)
    elif _is_answered(life, answer):
        assert answer is not None  # noqa: S101 - it was looked at
        event = Analysed(trial=trial, day=answer.day, run_id=answer.run_id, decision=answer.decision)
    return event


def _is_answered(life: Life, answer: Answer | None) -> bool:
    if answer is None or life.since is None or answer.day < life.since:
        return False
    return life.state == "abandoned" or (life.state == "completed" and answer.ended)
