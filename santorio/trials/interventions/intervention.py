"""The definition of an intervention: the change, its outcomes, how it is tested, and a person's limits.

Interventions are data: the built-in ones (`catalog`) and a person's own (`custom`) are written in the same form, which
docs/interventions.md describes. None involves medication, fasting or a diagnosed condition, and none asks for more
alcohol, caffeine or training load than a person already has: `safety` screens all of them.
"""

import math
import re
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from santorio.metrics import EXPOSURES, OUTCOMES, Bounds, Direction, Metric, Scale
from santorio.metrics import outcome as find_metric
from santorio.stats.effect_priors import CarryOver, carry_over_from
from santorio.trials.interventions.safety import objections

# Marks a measure of the person's own, so that a misspelt metric is not taken for a measure that was never logged.
MEASURE = "measure_"
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Text = Annotated[str, Field(min_length=3, max_length=400)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class StrictModel(BaseModel):
    """Typed and immutable; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _check_metric(name: str) -> str:
    if name not in OUTCOMES and not re.fullmatch(rf"{MEASURE}[a-z0-9]+(_[a-z0-9]+)*", name):
        raise ValueError(
            f"“{name}” is not a metric of Santorio's. Use one of: {', '.join(OUTCOMES)}; "
            f"or a measure that you log, such as {MEASURE}focus"
        )
    return name


MetricName = Annotated[str, AfterValidator(_check_metric)]


class Outcome(StrictModel):
    """An outcome that an intervention may affect.

    Attributes
    ----------
    metric : str
        A metric of `santorio.metrics`, or a measure that the person logs, with `measure_` before its name.
    lag_days : int or None
        Days from the intervention's day to the outcome's; None: as the metric is defined. What is done in the evening
        acts on the next day's mood.
    smallest_effect : float or None
        Smallest effect of interest in the metric's unit, where it differs from the metric's own.
    direction : {"higher", "lower"} or None
        The better direction, where the metric does not define it.
    scale, bounds
        The kind of measure, and the lowest and highest possible value of a rating, where the metric does not define
        them: a measure that the person logs counts as continuous.
    """

    metric: MetricName
    lag_days: Annotated[int, Field(ge=0, le=7)] | None = None
    smallest_effect: Annotated[float, Field(gt=0)] | None = None
    direction: Direction | None = None
    scale: Scale | None = None
    bounds: Bounds | None = None

    @model_validator(mode="after")
    def _has_its_bounds(self) -> Self:
        if (self.bounds is not None) != (self.scale == "bounded"):
            raise ValueError("“bounds” go with “scale: bounded”")
        if self.bounds and self.bounds[0] >= self.bounds[1]:
            raise ValueError("“bounds” are the lowest value, then the highest")
        return self

    @property
    def series(self) -> str:
        """Name of its days in `marts.outcomes`."""
        return self.metric.removeprefix(MEASURE)

    def registered(self, unit: str = "") -> Metric:
        """The metric, with what this intervention overrides; `unit` is that of a measure of the person's own."""
        metric = find_metric(self.series, unit)
        lag_days = metric.lag_days if self.lag_days is None else self.lag_days
        # A scale comes with its bounds: those of the metric belong to the metric's own scale.
        scale, bounds = metric.scale, metric.bounds
        if self.scale:
            scale, bounds = self.scale, self.bounds
        return Metric(
            name=metric.name,
            label=metric.label,
            unit=metric.unit,
            lag_days=lag_days,
            smallest_effect=self.smallest_effect or metric.smallest_effect,
            direction=metric.direction or self.direction,
            scale=scale,
            bounds=bounds,
        )


class NegativeControl(StrictModel):
    """An outcome that an intervention cannot plausibly affect: an "effect" on it reveals a flaw of the trial.

    It must be open to what could bias the trial (days that differ otherwise, selected days, shifted dates), and closed
    to the intervention itself (Lipsitch, Tchetgen Tchetgen & Cohen 2010, doi:10.1097/EDE.0b013e3181d61eeb).

    Attributes
    ----------
    metric : str
        A metric, or a measure that the person logs, with `measure_` before its name.
    lag_days : int or None
        Days from the intervention's day to the outcome's; None: as the metric is defined.
    """

    metric: MetricName
    lag_days: Annotated[int, Field(ge=0, le=7)] | None = None

    @property
    def series(self) -> str:
        """Name of its days in `marts.outcomes`."""
        return self.metric.removeprefix(MEASURE)

    @property
    def lag(self) -> int:
        """Days from the intervention's day to the outcome's."""
        if self.lag_days is None:
            return find_metric(self.series).lag_days
        return self.lag_days


class HabitExposure(StrictModel):
    """A habit that an intervention reduces: its observed association informs the prior.

    The intervention is proposed only to people who have the habit. `share` is the part of the usual amount that is
    taken away.
    """

    exposure: str
    share: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _is_an_exposure(self) -> Self:
        if self.exposure not in EXPOSURES:
            raise ValueError(
                f"“{self.exposure}” is not an exposure of Santorio's. Use one of: {', '.join(EXPOSURES)}"
            )
        return self


class AdherenceSource(StrictModel):
    """How the data show that a day followed its arm; exactly one of the four bounds is given.

    Attributes
    ----------
    mart, name
        `exposures` and `outcomes` with the name of a series; `nights` with `bedtime`, in minutes.
    at_most, at_least : float or None
        The day's amount.
    at_most_of_usual : float or None
        The day's amount as a share of the person's median before the trial.
    earlier_by_minutes : float or None
        How much earlier than the person's median before the trial.
    """

    mart: Literal["exposures", "outcomes", "nights"]
    name: str
    at_most: float | None = None
    at_least: float | None = None
    at_most_of_usual: Annotated[float, Field(gt=0, le=1)] | None = None
    earlier_by_minutes: Annotated[float, Field(gt=0, le=180)] | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        bounds = (self.at_most, self.at_least, self.at_most_of_usual, self.earlier_by_minutes)
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError("give exactly one of at_most, at_least, at_most_of_usual and earlier_by_minutes")
        marts = {"exposures": tuple(EXPOSURES), "outcomes": tuple(OUTCOMES), "nights": ("bedtime",)}
        series = marts[self.mart]
        if self.name not in series:
            raise ValueError(f"the mart {self.mart} has no “{self.name}”. Use one of: {', '.join(series)}")
        if (self.earlier_by_minutes is not None) != (self.mart == "nights"):
            raise ValueError("earlier_by_minutes goes with the mart nights, and the other bounds do not")
        return self


class Adherence(StrictModel):
    """Evidence that a day followed its arm: the question for the person, and the data that answer it."""

    ask: Text
    read: AdherenceSource | None = None


class Source(StrictModel):
    """A publication or a guideline, and a summary of its finding."""

    cite: Text
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    url: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    found: Text

    @model_validator(mode="after")
    def _can_be_looked_up(self) -> Self:
        if (self.doi is None) == (self.url is None):
            raise ValueError("give either doi or url")
        return self


def _expand_metric_names(value: object) -> object:
    """A bare name stands for the metric as it is defined."""
    if isinstance(value, list):
        return [_expand_metric_names(item) for item in value]
    if isinstance(value, str):
        return {"metric": value}
    return value


class Intervention(StrictModel):
    """One change to test.

    Attributes
    ----------
    name : str
        Words joined by hyphens. It never changes: trials refer to it.
    change : str
        What changes, as in “Does … raise my sleep?”.
    arms : tuple[str, ...]
        What to do on a day of each arm; the reference, as usual, first.
    outcomes : tuple[Outcome, ...]
        What it may affect, the most plausible first.
    negative_control : NegativeControl or None
        What it cannot plausibly affect, where the data have such an outcome.
    onset_days, half_life_days : float
        Days until it reaches nine tenths of its effect, and how fast the effect wears off.
    shortest_period_days : int
        Minimum days that an arm must last; 1 where it may change from day to day.
    adherence : Adherence
        Evidence that it was done.
    burden : float
        Effort of a day of the trial, from 0 to 1; 1 is a real effort every day.
    not_for : tuple[str, ...]
        People who must not try it.
    sources : tuple[Source, ...]
        Published evidence.
    judgement : str
        The numbers that are a judgement and have no source, with the reasons.
    own : bool
        Whether a person wrote it for themself.
    """

    name: Annotated[str, Field(pattern=NAME, max_length=40)]
    change: Text
    arms: Annotated[tuple[Text, ...], Field(min_length=2, max_length=4)]
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1), BeforeValidator(_expand_metric_names)]
    negative_control: Annotated[NegativeControl | None, BeforeValidator(_expand_metric_names)] = None
    habit: HabitExposure | None = None
    onset_days: Annotated[float, Field(ge=0, le=28)] = 0.0
    half_life_days: Annotated[float, Field(ge=0, le=28)]
    shortest_period_days: Annotated[int, Field(ge=1, le=28)] = 1
    adherence: Adherence
    burden: Annotated[float, Field(gt=0, le=1)]
    not_for: tuple[Text, ...] = ()
    sources: tuple[Source, ...] = ()
    judgement: Text | None = None
    own: bool = False

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        metrics = {outcome.metric for outcome in self.outcomes}
        if len({arm.casefold() for arm in self.arms}) != len(self.arms):
            raise ValueError("two arms have the same name")
        if len(metrics) != len(self.outcomes):
            raise ValueError("an outcome is named twice")
        if self.negative_control and self.negative_control.metric in metrics:
            raise ValueError(
                "negative_control is an outcome that the intervention may affect: name one that it cannot"
            )
        if self.shortest_period_days < math.ceil(self.onset_days):
            raise ValueError(
                "a period must last until it acts: make shortest_period_days at least onset_days"
            )
        if not self.own and not (self.sources and self.judgement):
            raise ValueError(
                "a built-in intervention names its sources, and which of its numbers are a judgement"
            )
        if problems := objections((self.name.replace("-", " "), self.change), self.arms):
            raise ValueError(problems[0])
        return self

    def carry_over(self) -> CarryOver | None:
        """Prior of λ, the share of yesterday's exposure that is still effective; None where it acts within the day.

        A slow onset and a slow decay are the same to the model: the slower of the two counts. Onset is the time to nine
        tenths of the effect, which takes log₂ 10 half-lives.
        """
        onset_half_life = self.onset_days / math.log2(10)
        return carry_over_from(max(self.half_life_days, onset_half_life))


class Limits(StrictModel):
    """The trials that a person is ready for.

    Attributes
    ----------
    longest_days : int
        Longest trial.
    weekly_burden : float
        Maximum burden of a week: the sum over its days.
    periods : bool
        Whether an arm may last several days; False allows only what may change from day to day.
    not_on : tuple[str, ...]
        Weekdays that are never part of a trial.
    """

    longest_days: Annotated[int, Field(ge=14, le=365)] = 84
    weekly_burden: Annotated[float, Field(gt=0, le=7)] = 7.0
    periods: bool = True
    not_on: Annotated[tuple[Weekday, ...], Field(max_length=5)] = ()

    @property
    def days_a_week(self) -> int:
        """Days of a week that are part of a trial."""
        return 7 - len(set(self.not_on))
