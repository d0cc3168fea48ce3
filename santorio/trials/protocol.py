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

from santorio.arrays import IntArray
from santorio.metrics import OUTCOMES, Bounds, Direction
from santorio.stats.decisions import DECISION_THRESHOLD, INTERIM_THRESHOLD
from santorio.stats.design_matrix import EFFECT_SD
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.likelihood_choice import LikelihoodChoice
from santorio.stats.outcome_types import Family
from santorio.storage.event_log import canonical_json
from santorio.trials.interventions.catalog import (
    MEASURE,
    WEEKDAYS,
    Adherence,
    Data,
    MetricName,
    NegativeControl,
    Weekday,
)

FORMAT: Literal["santorio-protocol-1"] = "santorio-protocol-1"
SIGNIFICANT_DIGITS = 6
STOPPING = (
    "It ends after its last study day, when the outcome of that day has arrived. "
    "Looking earlier decides nothing."
)
STOPPING_AT_LOOK = (
    "It ends after its last study day, when the outcome of that day has arrived; or before, at a look that is planned "
    "here, if the study days up to that look alone decide on every arm. Looking at any other time decides nothing."
)
# What was simulated (docs/method.md): no look before four weeks, at most one a week, none in the last week.
FIRST_LOOK_DAYS = 28
BETWEEN_LOOKS_DAYS = 7
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


class OutcomeLikelihood(Data):
    """The likelihood of an outcome, as it is chosen before the first day.

    Attributes
    ----------
    likelihood : str
        Normal, or one of `santorio.stats.outcome_types`.
    bounds : tuple of float or None
        Lowest and highest possible value of a bounded outcome; None otherwise, so that the text of a protocol with a
        normal likelihood says nothing of them.
    """

    likelihood: Literal["normal", "binary", "ordinal", "count", "bounded"] = "normal"
    bounds: tuple[Decimal, Decimal] | None = None

    @model_validator(mode="after")
    def _has_its_bounds(self) -> Self:
        if (self.bounds is not None) != (self.likelihood == "bounded"):
            raise ValueError("bounds go with the likelihood “bounded”")
        if self.bounds and self.bounds[0] >= self.bounds[1]:
            raise ValueError("bounds are the lowest value, then the highest")
        return self

    @classmethod
    def chosen(cls, choice: LikelihoodChoice, bounds: Bounds | None) -> Self:
        """The likelihood that was chosen."""
        return cls(
            likelihood=choice.family or "normal", bounds=bounds if choice.family == "bounded" else None
        )

    @property
    def family(self) -> Family | None:
        """As the models know it; None for the normal one."""
        return None if self.likelihood == "normal" else self.likelihood


NORMAL = OutcomeLikelihood()


class NamedLikelihood(OutcomeLikelihood):
    """The likelihood of an outcome beside the primary one."""

    metric: MetricName


class Model(OutcomeLikelihood):
    """The model that judges: likelihoods, and the priors that differ from trial to trial (docs/method.md).

    Attributes
    ----------
    other_outcomes : tuple[NamedLikelihood, ...] or None
        Of secondary outcomes and the negative control; those that it does not name have the normal likelihood.
    """

    carry_over: Fading | None = None
    effect_prior: Annotated[tuple[Component, ...], Field(min_length=1, max_length=4)] = (
        Component(weight=1, mean=0, sd=EFFECT_SD),
    )
    other_outcomes: Annotated[tuple[NamedLikelihood, ...], Field(min_length=1)] | None = None

    @classmethod
    def of(
        cls,
        carry_over: CarryOver | None,
        prior: EffectPrior,
        rests_on: Sequence[str] = (),
        likelihood: OutcomeLikelihood | None = None,
        other_outcomes: Sequence[NamedLikelihood] = (),
    ) -> "Model":
        """The model with these priors, and what each part of the effects' prior rests on, where that is to be said."""
        stated = likelihood or OutcomeLikelihood()
        named: Sequence[str | None] = rests_on or [None] * prior.components
        parts = zip(prior.weights, prior.means, prior.sds, named, strict=True)
        return cls(
            likelihood=stated.likelihood,
            bounds=stated.bounds,
            other_outcomes=tuple(other_outcomes) or None,
            carry_over=Fading(alpha=carry_over.alpha, beta=carry_over.beta) if carry_over else None,
            effect_prior=tuple(
                Component.model_validate({"weight": w, "mean": m, "sd": s, "rests_on": on})
                for w, m, s, on in parts
            ),
        )

    def likelihood_of(self, series: str, *, primary: bool) -> OutcomeLikelihood:
        """Likelihood of an outcome, by its name in the marts."""
        if primary:
            return OutcomeLikelihood(likelihood=self.likelihood, bounds=self.bounds)
        named = {one.metric.removeprefix(MEASURE): one for one in self.other_outcomes or ()}
        return named.get(series, OutcomeLikelihood())

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
    """What one probability must reach, at the end and at a planned look, and how often it is looked at before the end.

    Attributes
    ----------
    threshold : float
        At the end.
    interim_looks : int
        Number of planned looks.
    looks_after_days : tuple[int, ...] or None
        Study days after which there is a look, ascending; None without any, so that the text of a protocol without
        looks says nothing of them.
    threshold_at_looks : float or None
        At a look; None without any.
    """

    threshold: Annotated[Decimal, Field(gt=0.5, lt=1)] = DECISION_THRESHOLD
    interim_looks: Annotated[int, Field(ge=0, le=50)] = 0
    looks_after_days: Annotated[tuple[int, ...], Field(min_length=1)] | None = None
    threshold_at_looks: Annotated[Decimal, Field(gt=0.5, lt=1)] | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        days = self.looks
        if len(days) != self.interim_looks:
            raise ValueError("looks_after_days does not name as many looks as interim_looks counts")
        if bool(days) != (self.threshold_at_looks is not None):
            raise ValueError("threshold_at_looks goes with planned looks")
        if days and (days[0] < 1 or list(days) != sorted(set(days))):
            raise ValueError("looks_after_days are increasing numbers of study days")
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """Study days after which there is a look; empty without any."""
        return self.looks_after_days or ()


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
    negative_control : NegativeControl or None
        An outcome that no arm can change: an effect on it would show a flaw of the trial. It decides nothing.
    """

    format: Literal["santorio-protocol-1"] = FORMAT
    trial: Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=80)]
    question: Annotated[str, Field(min_length=3, max_length=400)]
    lever: str | None = None
    arms: Annotated[tuple[str, ...], Field(min_length=2, max_length=20)]
    outcome: str
    secondary: tuple[str, ...] = ()
    negative_control: NegativeControl | None = None
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
        if self.deciding.looks and self.deciding.looks[-1] >= self.planned_days:
            raise ValueError("looks_after_days has a look that is not before the last study day")
        if self.negative_control and self.negative_control.metric in (self.outcome, *self.secondary):
            raise ValueError("negative_control is an outcome that the trial asks for")
        judged_beside = {*self.secondary, *([self.negative_control.metric] if self.negative_control else [])}
        if unknown := {named.metric for named in self.model.other_outcomes or ()} - judged_beside:
            raise ValueError(f"model.other_outcomes names what is not judged: {min(unknown)}")
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
    def planned_days(self) -> int:
        """Study days that its law draws; what is paused moves them, and what is given up is planned all the same."""
        each = self.law.cycle_days if self.law.kind == "daily" else self.law.period_days * len(self.arms)
        return self.cycles * each

    @property
    def last_day(self) -> dt.date | None:
        """Date of the last study day; None in a proposal."""
        return self.day_of(len(self.drawn))

    def day_of(self, number: int) -> dt.date | None:
        """Date of the study day of this number, counted from 1; None in a proposal, and where there is no such day."""
        places = [place for place, arm in enumerate(self.assignment) if arm is not None]
        if self.start_day is None or not 1 <= number <= len(places):
            return None
        return self.start_day + dt.timedelta(days=places[number - 1])

    def arm_of(self, day: dt.date) -> str | None:
        """Arm of a date; None where it is no study day."""
        place = (day - self.start_day).days if self.start_day else -1
        return self.assignment[place] if 0 <= place < len(self.assignment) else None

    def with_looks(self, count: int) -> "Protocol":
        """The same proposal with planned looks, spread over the weeks in which one may look.

        Raises
        ------
        ValueError
            If the trial is too short for so many.
        """
        if not count:
            return self
        days = look_days(len(self.drawn), count)
        deciding = Deciding(
            threshold=self.deciding.threshold,
            interim_looks=count,
            looks_after_days=days,
            threshold_at_looks=INTERIM_THRESHOLD,
        )
        return self.model_copy(update={"deciding": deciding, "stopping": STOPPING_AT_LOOK})

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


def study_days(first: int, count: int, not_on: Sequence[Weekday]) -> IntArray:
    """The first `count` days from `first` on (days since 1970-01-01) that fall on no excluded weekday."""
    excluded = [WEEKDAYS.index(day) for day in not_on]
    # Two weeks more than whole weeks without the excluded days need.
    days = first + np.arange(count * 7 // (7 - len(set(excluded))) + 14)
    allowed = days[~np.isin((days + 3) % 7, excluded)]
    return np.asarray(allowed[:count], dtype=np.int64)


def allowed_looks(study_days: int) -> tuple[int, ...]:
    """Study days after which one may look: every week from the fourth on, but for the last."""
    return tuple(range(FIRST_LOOK_DAYS, study_days - BETWEEN_LOOKS_DAYS + 1, BETWEEN_LOOKS_DAYS))


def look_days(study_days: int, count: int) -> tuple[int, ...]:
    """Spread looks evenly over the days on which one may look: of 70 study days, two are after 35 and 49.

    Raises
    ------
    ValueError
        If there are not so many such days.
    """
    allowed = allowed_looks(study_days)
    if not 0 <= count <= len(allowed):
        msg = f"there are {len(allowed)} days to look after"
        raise ValueError(msg)
    return tuple(allowed[-(-place * len(allowed) // (count + 1)) - 1] for place in range(1, count + 1))


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
