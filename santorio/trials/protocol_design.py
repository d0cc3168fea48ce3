"""The parts of a protocol that plan its days: randomization, decision rule, and what the length rests on."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.trials.interventions.intervention import StrictModel
from santorio.trials.protocol_model import Decimal


class DailyRandomization(StrictModel):
    """As many days of every arm in each cycle, no run longer than `longest_run`, uniform over such schedules."""

    kind: Literal["daily"] = "daily"
    cycle_days: Annotated[int, Field(ge=2, le=28)]
    longest_run: Annotated[int, Field(ge=1, le=28)]


class BlockRandomization(StrictModel):
    """Every arm once in each cycle, in random order, each for `period_days`."""

    kind: Literal["periods"] = "periods"
    period_days: Annotated[int, Field(ge=1, le=365)]


Randomization = Annotated[DailyRandomization | BlockRandomization, Field(discriminator="kind")]


class DecisionRule(StrictModel):
    """The threshold that one probability must reach, at the end and at interim analyses, and when those are done.

    Attributes
    ----------
    threshold : float
        At the end.
    interim_analyses : int
        Number of planned interim analyses.
    interim_after_days : tuple[int, ...] or None
        Study days after which there is one, ascending; None without any, so that the canonical text of a protocol
        without interim analyses does not mention them.
    interim_threshold : float or None
        At an interim analysis; None without any.
    """

    threshold: Annotated[Decimal, Field(gt=0.5, lt=1)] = DECISION_THRESHOLD
    interim_analyses: Annotated[int, Field(ge=0, le=50)] = 0
    interim_after_days: Annotated[tuple[int, ...], Field(min_length=1)] | None = None
    interim_threshold: Annotated[Decimal, Field(gt=0.5, lt=1)] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        days = self.interim_days
        if len(days) != self.interim_analyses:
            raise ValueError("interim_after_days must have as many entries as interim_analyses counts")
        if bool(days) != (self.interim_threshold is not None):
            raise ValueError("interim_threshold is given exactly when interim analyses are planned")
        if days and (days[0] < 1 or list(days) != sorted(set(days))):
            raise ValueError("interim_after_days must be increasing numbers of study days")
        return self

    @property
    def interim_days(self) -> tuple[int, ...]:
        """Study days after which there is an interim analysis; empty without any."""
        return self.interim_after_days or ()


class Planning(StrictModel):
    """What the length rests on: the person's own noise, and the probability of an answer."""

    sigma: Annotated[Decimal, Field(gt=0)]
    rho: Annotated[Decimal, Field(gt=-1, lt=1)]
    assurance: Annotated[Decimal, Field(ge=0, le=1)]
