"""A trial's protocol: what is asked, how days are assigned, and by what the answer is judged, before the first day.

A protocol is data with one canonical text and one hash. Accepted, it never changes: what changes afterwards is another
version in the log, and is told as a deviation (`preregistration`).

Canonical text
--------------
UTF-8 JSON after RFC 8785: names sorted, no spaces. Fields that say nothing (null) are left out. A decimal has at most
six significant digits, is written as the shortest text that reads back as the same double, and without a point where it
is whole (15, not 15.0): there is one way to write a number. The hash is the SHA-256 of that text.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

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
from santorio.trials.interventions.intervention import (
    MEASURE,
    WEEKDAYS,
    Adherence,
    MetricName,
    NegativeControl,
    StrictModel,
    Weekday,
)

Format = Literal["santorio-protocol-1", "santorio-protocol-2"]
FORMAT: Format = "santorio-protocol-2"
FORMATS: tuple[Format, ...] = ("santorio-protocol-1", FORMAT)
# What format 1 calls the fields whose names format 2 changed. A protocol keeps the format that it was frozen in, and
# with it the text that its hash is of.
_FORMAT_1_NAMES = {"intervention": "lever", "randomization": "law", "decision_rule": "deciding"}
_FORMAT_1_RULE_NAMES = {
    "interim_analyses": "interim_looks",
    "interim_after_days": "looks_after_days",
    "interim_threshold": "threshold_at_looks",
}
SIGNIFICANT_DIGITS = 6
STOPPING = (
    "It ends after its last study day, when the outcome of that day has arrived. "
    "Looking earlier decides nothing."
)
STOPPING_WITH_INTERIM = (
    "It ends after its last study day, when the outcome of that day has arrived; or before, at an interim analysis "
    "that is planned here, if the study days up to it alone decide on every arm. Looking at any other time decides "
    "nothing."
)
# What was simulated (docs/method.md): no interim analysis in the first four weeks, at most one a week, none in the last
# week.
FIRST_INTERIM_DAYS = 28
INTERIM_INTERVAL_DAYS = 7
# A day is complete once it is over everywhere that the person may be and its data were fetched: the second day after.
OUTCOME_COMPLETE_DAYS = 2
EPOCH = dt.date(1970, 1, 1)


def _significant(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


Decimal = Annotated[float, AfterValidator(_significant)]


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


class CarryOverPrior(StrictModel):
    """λ ~ Beta(alpha, beta): the share of yesterday's exposure that is still felt."""

    alpha: Annotated[Decimal, Field(gt=0)]
    beta: Annotated[Decimal, Field(gt=0)]


class MixtureComponent(StrictModel):
    """One part of the mixture that an effect has before the data, in units of σ, and what it rests on."""

    weight: Annotated[Decimal, Field(gt=0, le=1)]
    mean: Decimal
    sd: Annotated[Decimal, Field(gt=0)]
    rests_on: Literal["association", "trial", "population", "weak"] | None = None


class OutcomeLikelihood(StrictModel):
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

    carry_over: CarryOverPrior | None = None
    effect_prior: Annotated[tuple[MixtureComponent, ...], Field(min_length=1, max_length=4)] = (
        MixtureComponent(weight=1, mean=0, sd=EFFECT_SD),
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
            carry_over=CarryOverPrior(alpha=carry_over.alpha, beta=carry_over.beta) if carry_over else None,
            effect_prior=tuple(
                MixtureComponent.model_validate({"weight": w, "mean": m, "sd": s, "rests_on": on})
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


class DecisionRule(StrictModel):
    """What one probability must reach, at the end and at a planned look, and how often it is looked at before the end.

    Attributes
    ----------
    threshold : float
        At the end.
    interim_analyses : int
        Number of planned interim analyses.
    interim_after_days : tuple[int, ...] or None
        Study days after which there is one, ascending; None without any, so that the text of a protocol without
        interim analyses does not mention them.
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
    """On what the length rests: the person's own noise, and the chance of an answer."""

    sigma: Annotated[Decimal, Field(gt=0)]
    rho: Annotated[Decimal, Field(gt=-1, lt=1)]
    assurance: Annotated[Decimal, Field(ge=0, le=1)]


class Protocol(StrictModel):
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
        """Give the fields of format 1 the names that they have now."""
        if not isinstance(stated, Mapping) or stated.get("format") != "santorio-protocol-1":
            return stated
        return with_current_names(stated)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("two arms have the same name")
        if strangers := set(self.assignment) - {*self.arms, None}:
            raise ValueError(
                f"the assignment has an arm that “arms” does not name: {min(map(str, strangers))}"
            )
        scheme = self.randomization
        if scheme.kind == "periods" and self.period_days != scheme.period_days:
            raise ValueError("period_days is not that of the randomization")
        if self.washout_days and self.washout_days >= (self.period_days or 0):
            raise ValueError("washout_days leaves no day of a period")
        interim_days = self.decision_rule.interim_days
        if interim_days and interim_days[-1] >= self.planned_days:
            raise ValueError("interim_after_days must lie before the last study day")
        if self.negative_control and self.negative_control.metric in (self.outcome, *self.secondary):
            raise ValueError("negative_control is an outcome that the trial asks for")
        judged_beside = {*self.secondary, *([self.negative_control.metric] if self.negative_control else [])}
        if unknown := {named.metric for named in self.model.other_outcomes or ()} - judged_beside:
            raise ValueError(f"model.other_outcomes names what is not judged: {min(unknown)}")
        return self

    def canonical(self) -> bytes:
        """The one text of this protocol."""
        return canonical_json(self.document())

    def document(self) -> dict[str, object]:
        """The same as plain data, as it is imported and kept: in the format that it was frozen in."""
        fields = self.model_dump(mode="json", exclude_none=True)
        # exclude_none is for fields: in the assignment None is a day that is no study day.
        fields["assignment"] = list(self.assignment)
        if self.format == "santorio-protocol-1":
            fields["decision_rule"] = _rename(fields["decision_rule"], _FORMAT_1_RULE_NAMES)
            fields = _rename(fields, _FORMAT_1_NAMES)
        return {name: _whole_as_int(value) for name, value in fields.items()}

    def logged(self) -> dict[str, object]:
        """The document as the log keeps it, measures without their prefix. `parse_protocol` reads it back."""
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
        """Arms of the study days alone, in their order."""
        return tuple(arm for arm in self.assignment if arm is not None)

    @property
    def planned_days(self) -> int:
        """Study days that its randomization draws, whether the trial was paused or abandoned since."""
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
        places = [place for place, arm in enumerate(self.assignment) if arm is not None]
        if self.start_day is None or not 1 <= number <= len(places):
            return None
        return self.start_day + dt.timedelta(days=places[number - 1])

    def outcome_arrives_on(self, day: dt.date) -> dt.date:
        """First day on which the outcome of a study day is complete: it is `lag_days` later."""
        return day + dt.timedelta(days=self.lag_days + OUTCOME_COMPLETE_DAYS)

    def arm_of(self, day: dt.date) -> str | None:
        """Arm of a date; None where it is no study day."""
        place = (day - self.start_day).days if self.start_day else -1
        return self.assignment[place] if 0 <= place < len(self.assignment) else None

    def with_interim_analyses(self, count: int) -> "Protocol":
        """The same proposal with planned looks, spread over the weeks in which one may look.

        Raises
        ------
        ValueError
            If the trial is too short for so many.
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
        """Lay this proposal on the calendar from `day` on; the first study day is the first allowed one."""
        placed = schedule_on_calendar(self.drawn, day, self.not_on)
        return self.model_copy(update={"start_day": day, "assignment": placed})

    def paused(self, first: dt.date, until: dt.date) -> "Protocol":
        """The same study days in the same order, none of them from `first` to the day before `until`."""
        assert self.start_day is not None  # noqa: S101 - only what has started is paused
        place = max((first - self.start_day).days, 0)
        before, after = self.assignment[:place], [arm for arm in self.assignment[place:] if arm is not None]
        rest = schedule_on_calendar(after, until, self.not_on)
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


def allowed_interim_days(study_days: int) -> tuple[int, ...]:
    """Study days after which one may look: every week from the fourth on, but for the last."""
    return tuple(range(FIRST_INTERIM_DAYS, study_days - INTERIM_INTERVAL_DAYS + 1, INTERIM_INTERVAL_DAYS))


def spread_interim_days(study_days: int, count: int) -> tuple[int, ...]:
    """Spread looks evenly over the days on which one may look: of 70 study days, two are after 35 and 49.

    Raises
    ------
    ValueError
        If there are not so many such days.
    """
    allowed = allowed_interim_days(study_days)
    if not 0 <= count <= len(allowed):
        msg = f"there are {len(allowed)} days to look after"
        raise ValueError(msg)
    return tuple(allowed[-(-place * len(allowed) // (count + 1)) - 1] for place in range(1, count + 1))


def schedule_on_calendar(
    drawn: Sequence[str], first: dt.date, not_on: Sequence[Weekday]
) -> tuple[str | None, ...]:
    """Put study days on the calendar from `first` on: the arm of each day, None on excluded weekdays."""
    start = (first - EPOCH).days
    days: IntArray = study_days(start, len(drawn), not_on)
    placed: list[str | None] = [None] * (int(days[-1]) - start + 1 if len(days) else 0)
    for arm, place in zip(drawn, np.asarray(days) - start, strict=True):
        placed[int(place)] = arm
    return tuple(placed)


def parse_protocol(stored: Mapping[str, object]) -> Protocol | None:
    """The protocol in an event of the log; None where it is untyped, as people write them by hand.

    The log keeps a measure's name as the marts have it, without its prefix.
    """
    if stored.get("format") not in FORMATS:
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


def with_current_names(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a protocol, those of format 1 under the names that they have now."""
    fields = _rename(stated, {old: new for new, old in _FORMAT_1_NAMES.items()})
    rule = fields.get("decision_rule")
    if isinstance(rule, Mapping):
        fields["decision_rule"] = _rename(rule, {old: new for new, old in _FORMAT_1_RULE_NAMES.items()})
    return fields


def _rename(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}


def _whole_as_int(value: object) -> object:
    """A number of the canonical text has no decimal point where it is whole."""
    if isinstance(value, dict):
        return {str(name): _whole_as_int(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_as_int(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
