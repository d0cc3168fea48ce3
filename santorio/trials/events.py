"""The events of a trial, as the log stores them: each happened on a local day of the person."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AliasChoices, Field, TypeAdapter

from santorio.trials.interventions.intervention import StrictModel

Reason = Annotated[str, Field(min_length=3, max_length=400)]


class TrialEvent(StrictModel):
    """Something that happened to a trial on a local day."""

    trial: str
    day: dt.date


class Proposed(TrialEvent):
    """A run proposed the trial."""

    kind: Literal["proposed"] = "proposed"
    run_id: UUID


class Accepted(TrialEvent):
    """The person accepted the proposal: the protocol with this hash is frozen."""

    kind: Literal["accepted"] = "accepted"
    start_day: dt.date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Declined(TrialEvent):
    """The person declined the proposal.

    `sigma` is the day-to-day noise that it was planned with: a much smaller one is a reason to propose it again.
    """

    kind: Literal["declined"] = "declined"
    reason: Reason
    # Logs of earlier versions call it a lever.
    intervention: str | None = Field(default=None, validation_alias=AliasChoices("intervention", "lever"))
    metric: str | None = None
    sigma: float | None = None


class Started(TrialEvent):
    """The first day came."""

    kind: Literal["started"] = "started"


class AdherenceReported(TrialEvent):
    """The person reported whether a day followed its arm."""

    kind: Literal["adherence"] = "adherence"
    done: bool
    note: Annotated[str, Field(max_length=400)] | None = None


class Deviated(TrialEvent):
    """Something differed from the protocol."""

    kind: Literal["deviation"] = "deviation"
    what: Reason


class Paused(TrialEvent):
    """A pause from `day` to the day before `until`: the remaining study days move."""

    kind: Literal["paused"] = "paused"
    until: dt.date
    number: int = 1


class Resumed(TrialEvent):
    """The trial goes on from `day`."""

    kind: Literal["resumed"] = "resumed"
    number: int = 1


class Completed(TrialEvent):
    """The last study day is over, and its outcome has arrived."""

    kind: Literal["completed"] = "completed"


class Abandoned(TrialEvent):
    """The person abandoned the trial: there are no study days from `day` on."""

    kind: Literal["abandoned"] = "abandoned"
    reason: Reason


class Stopped(TrialEvent):
    """A planned interim analysis was decisive: the trial ended there, with an answer."""

    kind: Literal["stopped"] = "stopped"
    run_id: UUID
    decision: str
    after_days: int


class Analysed(TrialEvent):
    """A run after the end of the trial published a result."""

    kind: Literal["analysed"] = "analysed"
    run_id: UUID
    decision: str


AnyTrialEvent = Annotated[
    Proposed
    | Accepted
    | Declined
    | Started
    | AdherenceReported
    | Deviated
    | Paused
    | Resumed
    | Completed
    | Abandoned
    | Stopped
    | Analysed,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[AnyTrialEvent] = TypeAdapter(AnyTrialEvent)
# The log writes each as the event type `trial.<kind>`.
KINDS = (
    "proposed",
    "accepted",
    "declined",
    "started",
    "adherence",
    "deviation",
    "paused",
    "resumed",
    "completed",
    "abandoned",
    "stopped",
    "analysed",
)
