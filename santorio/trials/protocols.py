"""A trial's protocol: what is asked, how days are assigned, and by what the answer is judged, before the first day.

A protocol is data with one canonical text and one hash. Accepted, it never changes: what changes afterwards is another
version in the log, and is told as a deviation (`registration`).

Canonical text
--------------
UTF-8 JSON after RFC 8785: names sorted, no spaces. Fields that say nothing (null) are left out. A decimal has at most
six significant digits, is written as the shortest text that reads back as the same double, and without a point where it
is whole (15, not 15.0): there is one way to write a number. The hash is the SHA-256 of that text.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, ValidationError, model_validator

from santorio.events import canonical_json
from santorio.metrics import OUTCOMES, Direction
from santorio.trials.columns import EFFECT_SD, IntArray
from santorio.trials.decisions import DECISIVE
from santorio.trials.levers import MEASURE, Adherence, Data, Weekday
from santorio.trials.priors import CarryOver, EffectPrior
from santorio.trials.searching import study_days

FORMAT: Literal["santorio-protocol-1"] = "santorio-protocol-1"
SIGNIFICANT_DIGITS = 6
STOPPING = (
    "It ends after its last study day, when the outcome of that day has arrived. "
    "Looking earlier decides nothing."
)
EPOCH = dt.date(1970, 1, 1)


def _significant(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


Decimal = Annotated[float, AfterValidator(_significant)]


class DailyLaw(Data):
    """As many days of every arm in each cycle, no run longer than `longest_run`, uniform over such schedules."""

    kind: Literal["daily"] = "daily"
    cycle_days: Annotated[int, Field(ge=2, le=28)]
    longest_run: Annotated[int, Field(ge=1, le=28)]


class PeriodsLaw(Data):
    """Every arm once in each cycle, in random order, each for `period_days`."""

    kind: Literal["periods"] = "periods"
    period_days: Annotated[int, Field(ge=1, le=365)]


Law = Annotated[DailyLaw | PeriodsLaw, Field(discriminator="kind")]


class Fading(Data):
    """λ ~ Beta(alpha, beta): the share of yesterday's exposure that is still felt."""

    alpha: Annotated[Decimal, Field(gt=0)]
    beta: Annotated[Decimal, Field(gt=0)]


class Component(Data):
    """One part of the mixture that an effect has before the data, in units of σ, and what it rests on."""

    weight: Annotated[Decimal, Field(gt=0, le=1)]
    mean: Decimal
    sd: Annotated[Decimal, Field(gt=0)]
    rests_on: Literal["association", "trial", "population", "weak"] | None = None


class Model(Data):
    """The model that judges: its likelihood and the priors that differ from trial to trial (docs/method.md)."""

    likelihood: Literal["normal"] = "normal"
    carry_over: Fading | None = None
    effect_prior: Annotated[tuple[Component, ...], Field(min_length=1, max_length=4)] = (
        Component(weight=1, mean=0, sd=EFFECT_SD),
    )

    @classmethod
    def of(cls, carry_over: CarryOver | None, prior: EffectPrior, rests_on: Sequence[str] = ()) -> "Model":
        """The model with these priors, and what each part of the effects' prior rests on, where that is to be said."""
        named: Sequence[str | None] = rests_on or [None] * prior.components
        parts = zip(prior.weights, prior.means, prior.sds, named, strict=True)
        return cls(
            carry_over=Fading(alpha=carry_over.alpha, beta=carry_over.beta) if carry_over else None,
            effect_prior=tuple(
                Component.model_validate({"weight": w, "mean": m, "sd": s, "rests_on": on})
                for w, m, s, on in parts
            ),
        )

    def fading(self) -> CarryOver | None:
        """Prior of λ, as the engines take it; None where it acts within the day."""
        return CarryOver(self.carry_over.alpha, self.carry_over.beta) if self.carry_over else None

    def prior(self) -> EffectPrior:
        """Prior of every arm's effect, as the engines take it."""
        total = sum(one.weight for one in self.effect_prior)
        return EffectPrior(
            tuple(one.weight / total for one in self.effect_prior),
            tuple(one.mean for one in self.effect_prior),
            tuple(one.sd for one in self.effect_prior),
        )


class Deciding(Data):
    """One probability must reach `threshold`; how often that was looked at before the end."""

    threshold: Annotated[Decimal, Field(gt=0.5, lt=1)] = DECISIVE
    interim_looks: Literal[0] = 0


class Planning(Data):
    """On what the length rests: the person's own noise, and the chance of an answer."""

    sigma: Annotated[Decimal, Field(gt=0)]
    rho: Annotated[Decimal, Field(gt=-1, lt=1)]
    assurance: Annotated[Decimal, Field(ge=0, le=1)]


class Protocol(Data):
    """All that decides how a trial is run and judged.

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
        Weekdays that are no study days.
    assignment : tuple[str or None, ...]
        Arm of each day from `start_day`; None is no study day. In a proposal, of each study day.
    washout_days : int
        Study days at the start of every period that are lived but not judged.
    """

    format: Literal["santorio-protocol-1"] = FORMAT
    trial: Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=80)]
    question: Annotated[str, Field(min_length=3, max_length=400)]
    lever: str | None = None
    arms: Annotated[tuple[str, ...], Field(min_length=2, max_length=20)]
    outcome: str
    secondary: tuple[str, ...] = ()
    direction: Direction | None = None
    smallest_effect: Annotated[Decimal, Field(gt=0)]
    lag_days: Annotated[int, Field(ge=0, le=30)]
    start_day: dt.date | None = None
    not_on: tuple[Weekday, ...] = ()
    law: Law
    period_days: Annotated[int, Field(ge=1, le=365)] | None = None
    washout_days: Annotated[int, Field(ge=0, le=364)] = 0
    cycles: Annotated[int, Field(ge=1, le=365)]
    seed: Annotated[int, Field(ge=0, lt=2**53)]
    assignment: tuple[str | None, ...]
    model: Model = Model()
    deciding: Deciding = Deciding()
    stopping: str = STOPPING
    adherence: Adherence | None = None
    planning: Planning | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("two arms have the same name")
        if strangers := set(self.assignment) - {*self.arms, None}:
            raise ValueError(
                f"the assignment has an arm that “arms” does not name: {min(map(str, strangers))}"
            )
        if self.law.kind == "periods" and self.period_days != self.law.period_days:
            raise ValueError("period_days is not that of the law")
        if self.washout_days and self.washout_days >= (self.period_days or 0):
            raise ValueError("washout_days leaves no day of a period")
        return self

    def canonical(self) -> bytes:
        """The one text of this protocol."""
        return canonical_json(_plain(self.model_dump(mode="json", exclude_none=True) | self._days()))

    def document(self) -> dict[str, object]:
        """The same as plain data, as it is imported and kept."""
        plain = _plain(self.model_dump(mode="json", exclude_none=True) | self._days())
        assert isinstance(plain, dict)  # noqa: S101 - it was one
        return plain

    def _days(self) -> dict[str, object]:
        # exclude_none is for fields: in the assignment None is a day that is no study day.
        return {"assignment": list(self.assignment)}

    @property
    def sha256(self) -> str:
        """Hash of the canonical text, in hexadecimal digits."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @property
    def drawn(self) -> tuple[str, ...]:
        """Arms of the study days alone, in their order."""
        return tuple(arm for arm in self.assignment if arm is not None)

    @property
    def last_day(self) -> dt.date | None:
        """Date of the last study day; None in a proposal."""
        if self.start_day is None or not self.drawn:
            return None
        last = max(place for place, arm in enumerate(self.assignment) if arm is not None)
        return self.start_day + dt.timedelta(days=last)

    def arm_of(self, day: dt.date) -> str | None:
        """Arm of a date; None where it is no study day."""
        place = (day - self.start_day).days if self.start_day else -1
        return self.assignment[place] if 0 <= place < len(self.assignment) else None

    def starting(self, day: dt.date) -> "Protocol":
        """Lay this proposal on the calendar from `day` on; the first study day is the first allowed one."""
        placed = lay_out(self.drawn, day, self.not_on)
        return self.model_copy(update={"start_day": day, "assignment": placed})

    def paused(self, first: dt.date, until: dt.date) -> "Protocol":
        """The same study days in the same order, none of them from `first` to the day before `until`."""
        assert self.start_day is not None  # noqa: S101 - only what has started is paused
        place = max((first - self.start_day).days, 0)
        before, after = self.assignment[:place], [arm for arm in self.assignment[place:] if arm is not None]
        rest = lay_out(after, until, self.not_on)
        gap: tuple[None, ...] = (None,) * (until - max(first, self.start_day)).days
        return self.model_copy(update={"assignment": (*before, *gap, *rest)})

    def ended(self, day: dt.date) -> "Protocol":
        """The same study days before `day`, and none after."""
        assert self.start_day is not None  # noqa: S101 - only what has started is given up
        return self.model_copy(update={"assignment": self.assignment[: max((day - self.start_day).days, 0)]})


def lay_out(drawn: Sequence[str], first: dt.date, not_on: Sequence[Weekday]) -> tuple[str | None, ...]:
    """Put study days on the calendar from `first` on: the arm of each day, None on excluded weekdays."""
    start = (first - EPOCH).days
    days: IntArray = study_days(start, len(drawn), not_on)
    placed: list[str | None] = [None] * (int(days[-1]) - start + 1 if len(days) else 0)
    for arm, place in zip(drawn, np.asarray(days) - start, strict=True):
        placed[int(place)] = arm
    return tuple(placed)


def protocol_of(stored: Mapping[str, object]) -> Protocol | None:
    """The protocol that an event of the log holds; None where it is of the untyped kind, as people write by hand.

    The log keeps a measure's name as the marts have it, without what marks it.
    """
    if stored.get("format") != FORMAT:
        return None
    secondary = stored.get("secondary")
    named = {
        "outcome": _marked(stored.get("outcome")),
        "secondary": [_marked(one) for one in secondary] if isinstance(secondary, list) else [],
    }
    try:
        return Protocol.model_validate({**stored, **named})
    except ValidationError:
        return None


def _marked(name: object) -> str:
    text = str(name)
    return text if text in OUTCOMES or text.startswith(MEASURE) else f"{MEASURE}{text}"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
