"""A trial's protocol: the question, how days are assigned, and how the answer is judged, before the first day.

A protocol is data with one canonical text and one hash. Once accepted, it never changes: a later change is another
version in the log, and is reported as a deviation (`preregistration`).

Canonical text
--------------
UTF-8 JSON after RFC 8785: names sorted, no spaces. Fields that are null are omitted. A decimal has at most six
significant digits, is written as the shortest text that reads back as the same double, and without a point where it is
an integer (15, not 15.0): there is one way to write a number. The hash is the SHA-256 of that text.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from santorio.metrics import OUTCOMES, Direction
from santorio.stats.decisions import INTERIM_THRESHOLD
from santorio.storage.event_log import canonical_json
from santorio.trials.interventions.intervention import (
    MEASURE,
    Adherence,
    NegativeControl,
    StrictModel,
    Weekday,
)
from santorio.trials.protocol_design import DecisionRule, Planning, Randomization
from santorio.trials.protocol_format import (
    FORMAT,
    FORMATS,
    Format,
    integers_without_point,
    with_current_names,
    with_format_1_names,
)
from santorio.trials.protocol_model import Decimal, Model
from santorio.trials.study_calendar import schedule_on_calendar, spread_interim_days

STOPPING = (
    "It ends after its last study day, when the outcome of that day has arrived. "
    "Looking earlier decides nothing."
)
STOPPING_WITH_INTERIM = (
    "It ends after its last study day, when the outcome of that day has arrived; or before, at an interim analysis "
    "that is planned here, if the study days up to it alone decide on every arm. Looking at any other time decides "
    "nothing."
)
# A day is complete once it is over everywhere that the person may be and its data were fetched: the second day after.
OUTCOME_COMPLETE_DAYS = 2


class Protocol(StrictModel):
    """The protocol of a trial: everything that decides how it is run and judged.

    Attributes
    ----------
    trial : str
        Its name, words joined by underscores.
    arms : tuple[str, ...]
        The reference first.
    outcome, secondary
        Metrics, or measures with `measure_` before their names.
    smallest_effect : float
        δ in the outcome's unit.
    lag_days : int
        Days from a study day to its outcome's day.
    start_day : date or None
        First day; None in a proposal, where study days are not on the calendar yet.
    not_on : tuple[str, ...]
        Weekdays without study days.
    assignment : tuple[str or None, ...]
        Arm of each day from `start_day`; None where it is not a study day. In a proposal, of each study day.
    washout_days : int
        Study days at the start of every period whose outcomes are not analysed.
    negative_control : NegativeControl or None
        An outcome that no arm can change: an effect on it would show a flaw of the trial. It decides nothing.
    """

    format: Format = FORMAT
    trial: Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=80)]
    question: Annotated[str, Field(min_length=3, max_length=400)]
    intervention: str | None = None
    arms: Annotated[tuple[str, ...], Field(min_length=2, max_length=20)]
    outcome: str
    secondary: tuple[str, ...] = ()
    negative_control: NegativeControl | None = None
    direction: Direction | None = None
    smallest_effect: Annotated[Decimal, Field(gt=0)]
    lag_days: Annotated[int, Field(ge=0, le=30)]
    start_day: dt.date | None = None
    not_on: tuple[Weekday, ...] = ()
    randomization: Randomization
    period_days: Annotated[int, Field(ge=1, le=365)] | None = None
    washout_days: Annotated[int, Field(ge=0, le=364)] = 0
    cycles: Annotated[int, Field(ge=1, le=365)]
    seed: Annotated[int, Field(ge=0, lt=2**53)]
    assignment: tuple[str | None, ...]
    model: Model = Model()
    decision_rule: DecisionRule = DecisionRule()
    stopping: str = STOPPING
    adherence: Adherence | None = None
    planning: Planning | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_format_1(cls, stated: Any) -> Any:
        """Rename the fields of format 1."""
        if not isinstance(stated, Mapping) or stated.get("format") != "santorio-protocol-1":
            return stated
        return with_current_names(stated)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        self._check_arms()
        self._check_days()
        self._check_outcomes()
        return self

    def _check_arms(self) -> None:
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("two arms have the same name")
        if unnamed := set(self.assignment) - {*self.arms, None}:
            raise ValueError(f"the assignment has an arm that “arms” does not name: {min(map(str, unnamed))}")

    def _check_days(self) -> None:
        scheme, interim_days = self.randomization, self.decision_rule.interim_days
        if scheme.kind == "periods" and self.period_days != scheme.period_days:
            raise ValueError("period_days is not that of the randomization")
        if self.washout_days and self.washout_days >= (self.period_days or 0):
            raise ValueError("washout_days leaves no day of a period")
        if interim_days and interim_days[-1] >= self.planned_days:
            raise ValueError("interim_after_days must lie before the last study day")

    def _check_outcomes(self) -> None:
        other_outcomes = set(self.secondary)
        if self.negative_control:
            if self.negative_control.metric in {self.outcome, *self.secondary}:
                raise ValueError("negative_control is an outcome that the trial asks for")
            other_outcomes.add(self.negative_control.metric)
        modelled = {likelihood.metric for likelihood in self.model.other_outcomes or ()}
        if unknown := modelled - other_outcomes:
            raise ValueError(
                f"model.other_outcomes names {min(unknown)}, which is not an outcome of the trial"
            )

    def canonical(self) -> bytes:
        """The canonical text, of which the hash is computed."""
        return canonical_json(self.document())

    def document(self) -> dict[str, object]:
        """Plain data, as it is imported and stored, in the format in which it was frozen."""
        fields = self.model_dump(mode="json", exclude_none=True)
        # exclude_none is for fields: in the assignment, None is a day that is not a study day.
        fields["assignment"] = list(self.assignment)
        if self.format == "santorio-protocol-1":
            fields = with_format_1_names(fields)
        return {name: integers_without_point(value) for name, value in fields.items()}

    def logged(self) -> dict[str, object]:
        """The document as the log stores it, measures without their prefix. `parse_protocol` reads it back."""
        document = self.document()
        document["outcome"] = self.outcome.removeprefix(MEASURE)
        document["secondary"] = [name.removeprefix(MEASURE) for name in self.secondary]
        return document

    @property
    def sha256(self) -> str:
        """Hash of the canonical text, in hexadecimal digits."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @property
    def drawn(self) -> tuple[str, ...]:
        """Arm of each study day, in their order."""
        return tuple(arm for arm in self.assignment if arm is not None)

    @property
    def planned_days(self) -> int:
        """Number of study days that the randomization draws, even if the trial was paused or abandoned since."""
        scheme = self.randomization
        if scheme.kind == "daily":
            return self.cycles * scheme.cycle_days
        return self.cycles * scheme.period_days * len(self.arms)

    @property
    def last_day(self) -> dt.date | None:
        """Date of the last study day; None in a proposal."""
        return self.day_of(len(self.drawn))

    def day_of(self, number: int) -> dt.date | None:
        """Date of the study day of this number, counted from 1; None in a proposal, and where there is no such day."""
        offsets = [offset for offset, arm in enumerate(self.assignment) if arm is not None]
        if self.start_day is None or not 1 <= number <= len(offsets):
            return None
        return self.start_day + dt.timedelta(days=offsets[number - 1])

    def outcome_arrives_on(self, day: dt.date) -> dt.date:
        """First day on which the outcome of a study day, `lag_days` later, is complete."""
        return day + dt.timedelta(days=self.lag_days + OUTCOME_COMPLETE_DAYS)

    def arm_of(self, day: dt.date) -> str | None:
        """Arm of a date; None where it is not a study day."""
        if self.start_day is None:
            return None
        offset = (day - self.start_day).days
        if 0 <= offset < len(self.assignment):
            return self.assignment[offset]
        return None

    def with_interim_analyses(self, count: int) -> "Protocol":
        """The same proposal with planned interim analyses, spread over the weeks that allow one.

        Raises
        ------
        ValueError
            If the trial is too short for this number.
        """
        if not count:
            return self
        days = spread_interim_days(len(self.drawn), count)
        rule = DecisionRule(
            threshold=self.decision_rule.threshold,
            interim_analyses=count,
            interim_after_days=days,
            interim_threshold=INTERIM_THRESHOLD,
        )
        return self.model_copy(update={"decision_rule": rule, "stopping": STOPPING_WITH_INTERIM})

    def starting(self, day: dt.date) -> "Protocol":
        """The same proposal on the calendar from `day` on; the first study day is the first allowed day."""
        assignment = schedule_on_calendar(self.drawn, day, self.not_on)
        return self.model_copy(update={"start_day": day, "assignment": assignment})

    def paused(self, first: dt.date, until: dt.date) -> "Protocol":
        """The same study days in the same order, none of them from `first` to the day before `until`."""
        assert self.start_day is not None  # noqa: S101 - a proposal cannot be paused
        offset = max((first - self.start_day).days, 0)
        before = self.assignment[:offset]
        remaining = [arm for arm in self.assignment[offset:] if arm is not None]
        after = schedule_on_calendar(remaining, until, self.not_on)
        # Where the pause begins before the trial does, the study days begin at its end.
        gap: tuple[None, ...] = (None,) * (until - max(first, self.start_day)).days
        return self.model_copy(update={"assignment": (*before, *gap, *after)})

    def ended(self, day: dt.date) -> "Protocol":
        """The same study days before `day`, and none after."""
        assert self.start_day is not None  # noqa: S101 - a proposal cannot be abandoned
        days_before = max((day - self.start_day).days, 0)
        return self.model_copy(update={"assignment": self.assignment[:days_before]})


def parse_protocol(stored: Mapping[str, object]) -> Protocol | None:
    """Parse the protocol of an event of the log; None where it is untyped, as people write them by hand.

    The log stores the name of a measure without its prefix, as the marts have it.
    """
    if stored.get("format") not in FORMATS:
        return None
    secondary = stored.get("secondary")
    if not isinstance(secondary, list):
        secondary = []
    names = {
        "outcome": _with_prefix(stored.get("outcome")),
        "secondary": [_with_prefix(name) for name in secondary],
    }
    try:
        return Protocol.model_validate({**stored, **names})
    except ValidationError:
        return None


def _with_prefix(name: object) -> str:
    """The name of an outcome as a protocol has it: a measure with its prefix."""
    text = str(name)
    if text in OUTCOMES or text.startswith(MEASURE):
        return text
    return f"{MEASURE}{text}"
