"""What a person can change about their days, and how one would test it: the registry's types, and how it is read.

The levers themselves are data: `registry/*.yaml`, and what a person writes in the same form (docs/levers.md). Nothing
here touches medication, fasting or a diagnosed condition, and nothing asks for more alcohol, caffeine or load than a
person already has: `safety` screens the registry and a person's own levers alike.
"""

import functools
import math
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from santorio.errors import DataError
from santorio.metrics import EXPOSURES, OUTCOMES, Bounds, Direction, Metric, Scale
from santorio.metrics import outcome as find_metric
from santorio.stats.effect_priors import CarryOver, carry_over_from
from santorio.trials.interventions.safety import objections

# A free measure is named as one, so that a metric misspelt is not taken for a measure that was never logged.
MEASURE = "measure_"
LONGEST_FILE = 200_000  # characters
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Text = Annotated[str, Field(min_length=3, max_length=400)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


class LeverRefused(DataError):
    """A lever or a person's limits cannot be taken as they were written."""

    code = "lever_refused"


class Data(BaseModel):
    """Typed, immutable, and without fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _known_metric(name: str) -> str:
    if name not in OUTCOMES and not re.fullmatch(rf"{MEASURE}[a-z0-9]+(_[a-z0-9]+)*", name):
        raise ValueError(
            f"“{name}” is no metric that Santorio knows. Use one of: {', '.join(OUTCOMES)}; "
            f"or a measure that you log, such as {MEASURE}focus"
        )
    return name


MetricName = Annotated[str, AfterValidator(_known_metric)]


class Outcome(Data):
    """An outcome that a lever may move.

    Attributes
    ----------
    metric : str
        A metric of `santorio.metrics`, or a measure that the person logs, with `measure_` before its name.
    lag_days : int or None
        Days from the lever's day to the outcome's; None: as the metric is defined. What is done in the evening acts on
        the next day's mood.
    smallest_effect : float or None
        Smallest effect of interest in the metric's unit, where it differs from the metric's own.
    direction : {"higher", "lower"} or None
        Which way is welcome, where the metric does not say.
    scale, bounds
        What kind of measure it is, and the lowest and highest possible value of a rating, where the metric does not
        say: a measure that the person logs is taken for a continuous one.
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
        """The metric, with what this lever states differently; `unit` is that of a free measure."""
        known = find_metric(self.series, unit)
        return Metric(
            name=known.name,
            label=known.label,
            unit=known.unit,
            lag_days=known.lag_days if self.lag_days is None else self.lag_days,
            smallest_effect=self.smallest_effect or known.smallest_effect,
            direction=known.direction or self.direction,
            scale=self.scale or known.scale,
            bounds=self.bounds if self.scale else known.bounds,
        )


class NegativeControl(Data):
    """An outcome that a lever cannot plausibly change: an "effect" on it would show a flaw of the trial.

    It must be open to what could mislead the trial (days lived otherwise, days chosen, dates that are off), and closed
    to the lever itself (Lipsitch, Tchetgen Tchetgen & Cohen 2010, doi:10.1097/EDE.0b013e3181d61eeb).

    Attributes
    ----------
    metric : str
        A metric, or a measure that the person logs, with `measure_` before its name.
    lag_days : int or None
        Days from the lever's day to the outcome's; None: as the metric is defined.
    """

    metric: MetricName
    lag_days: Annotated[int, Field(ge=0, le=7)] | None = None

    @property
    def series(self) -> str:
        """Name of its days in `marts.outcomes`."""
        return self.metric.removeprefix(MEASURE)

    @property
    def lag(self) -> int:
        """Days from the lever's day to the outcome's."""
        return find_metric(self.series).lag_days if self.lag_days is None else self.lag_days


class Habit(Data):
    """What a lever takes away: its observed association is the prior, and who has no such habit is not asked.

    `share` is the part of the usual amount that is taken away.
    """

    exposure: str
    share: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.exposure not in EXPOSURES:
            raise ValueError(
                f"“{self.exposure}” is no exposure that Santorio knows. Use one of: {', '.join(EXPOSURES)}"
            )
        return self


class Reading(Data):
    """How the data tell that a day followed its arm; exactly one of the four bounds is given.

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
    def _can_be_read(self) -> Self:
        bounds = (self.at_most, self.at_least, self.at_most_of_usual, self.earlier_by_minutes)
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError(
                "say one of at_most, at_least, at_most_of_usual and earlier_by_minutes, and only one"
            )
        marts = {"exposures": tuple(EXPOSURES), "outcomes": tuple(OUTCOMES), "nights": ("bedtime",)}
        known = marts[self.mart]
        if self.name not in known:
            raise ValueError(f"the mart {self.mart} has no “{self.name}”. Use one of: {', '.join(known)}")
        if (self.earlier_by_minutes is not None) != (self.mart == "nights"):
            raise ValueError("earlier_by_minutes goes with the mart nights, and nothing else does")
        return self


class Adherence(Data):
    """How one sees whether a day followed its arm: what is asked, and where the data tell it by themselves."""

    ask: Text
    read: Reading | None = None


class Source(Data):
    """A publication or an authority's guideline, and what it found, in our words."""

    cite: Text
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    url: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    found: Text

    @model_validator(mode="after")
    def _can_be_looked_up(self) -> Self:
        if (self.doi is None) == (self.url is None):
            raise ValueError("say its doi or its url, and only one of them")
        return self


def _named(value: object) -> object:
    """A bare name stands for the metric as it is registered."""
    if isinstance(value, list):
        return [_named(one) for one in value]
    return {"metric": value} if isinstance(value, str) else value


class Lever(Data):
    """One thing to change.

    Attributes
    ----------
    name : str
        Words joined by hyphens; it stays, for trials are recognised by it.
    change : str
        What changes, as in “does … raise my sleep?”.
    arms : tuple[str, ...]
        What a day is told to do: as usual first.
    outcomes : tuple[Outcome, ...]
        What it may move, the most plausible first.
    negative_control : NegativeControl or None
        What it cannot plausibly move, where the data have such a thing.
    onset_days, half_life_days : float
        Days until it acts nearly fully (nine tenths), and how fast it wears off.
    shortest_period_days : int
        Fewest days that an arm must last; 1 where it may change from day to day.
    adherence : Adherence
        How one sees whether it was done.
    burden : float
        What a day of the trial costs, 1 for a real effort every day.
    not_for : tuple[str, ...]
        Who must not try it.
    sources : tuple[Source, ...]
        What is known of it.
    judgement : str
        Which of these numbers are ours, and why.
    own : bool
        Whether a person wrote it.
    """

    name: Annotated[str, Field(pattern=NAME, max_length=40)]
    change: Text
    arms: Annotated[tuple[Text, ...], Field(min_length=2, max_length=4)]
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1), BeforeValidator(_named)]
    negative_control: Annotated[NegativeControl | None, BeforeValidator(_named)] = None
    habit: Habit | None = None
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
    def _fits_together(self) -> Self:
        if len({arm.casefold() for arm in self.arms}) != len(self.arms):
            raise ValueError("two arms have the same name")
        if len({one.metric for one in self.outcomes}) != len(self.outcomes):
            raise ValueError("an outcome is named twice")
        if self.negative_control and self.negative_control.metric in {one.metric for one in self.outcomes}:
            raise ValueError("negative_control names what the lever may move: name what it cannot")
        if self.shortest_period_days < math.ceil(self.onset_days):
            raise ValueError(
                "a period must last until it acts: make shortest_period_days at least onset_days"
            )
        if not self.own and not (self.sources and self.judgement):
            raise ValueError("a lever of the registry names its sources, and which numbers are our judgement")
        if problems := objections((self.name.replace("-", " "), self.change), self.arms):
            raise ValueError(problems[0])
        return self

    def carry_over(self) -> CarryOver | None:
        """Prior of λ, the share of yesterday's exposure that is still felt; None where it acts within the day.

        What acts slowly and what wears off slowly are the same to the model: the slower of the two counts. Onset is
        when nine tenths are reached, which takes log₂ 10 half-lives.
        """
        return carry_over_from(max(self.half_life_days, self.onset_days / math.log2(10)))


class Limits(Data):
    """What a person is ready to do.

    Attributes
    ----------
    longest_days : int
        Longest trial.
    weekly_burden : float
        Most that a week of a trial may cost: the sum of its days' burdens.
    periods : bool
        Whether arms may be kept for several days; False leaves only what may change from day to day.
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


class Document(Data):
    """A file of levers, of limits, or of both."""

    levers: tuple[Lever, ...] = ()
    limits: Limits | None = None


def read_document(text: str, *, own: bool = True) -> Document:
    """Read a file of levers or limits.

    Raises
    ------
    LeverRefused
        With every problem in a sentence; nothing of the file is taken then.
    """
    import yaml

    if len(text) > LONGEST_FILE:
        raise LeverRefused("The file is too long to be one of levers.", hint="Split it.")
    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    # A number of five thousand digits and the 45th of a month are ValueErrors.
    except (yaml.YAMLError, RecursionError, ValueError):
        raise LeverRefused(
            "The file is no YAML.", hint="docs/levers.md shows one; indent with spaces, not with tabs."
        ) from None
    if not isinstance(content, dict) or not set(content) & {"levers", "lever", "limits"}:
        raise LeverRefused("The file holds neither “levers” nor “limits”.", hint="docs/levers.md shows one.")
    if "lever" in content:
        content = {**content, "levers": [content.pop("lever"), *(content.get("levers") or [])]}
    levers = content.get("levers") or []
    if not isinstance(levers, list) or not all(isinstance(one, dict) for one in levers):
        raise LeverRefused("“levers” is no list of levers.", hint="Begin each with “- name: …”.")
    try:
        document = Document.model_validate({**content, "levers": [{**one, "own": own} for one in levers]})
    except ValidationError as error:
        raise LeverRefused(
            " ".join(sentences(error, [one.get("name") for one in levers])),
            hint="Correct it and import again.",
        ) from None
    names = [lever.name for lever in document.levers]
    if len(set(names)) < len(names):
        raise LeverRefused("Two levers of the file have the same name.", hint="Rename one.")
    return document


def sentences(error: ValidationError, names: Sequence[object]) -> Iterator[str]:
    """Say each problem of a file, with the lever and the field."""
    for problem in error.errors(include_url=False, include_input=False):
        place = list(problem["loc"])
        whose = ""
        if place[:1] == ["levers"] and len(place) > 1:
            number = int(place[1])
            name = names[number]
            whose = f"In the lever “{name if isinstance(name, str) else number + 1}”, "
            place = place[2:]
        field = ".".join(str(part) for part in place if part != "function-wrap")
        said = {
            "missing": "is missing",
            "extra_forbidden": "is no field that a lever has",
            "string_pattern_mismatch": "is not written as docs/levers.md shows",
        }.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        yield f"{whose}{f'“{field}” ' if field else ''}{said}."


@functools.cache
def registry() -> tuple[Lever, ...]:
    """The levers that come with Santorio, in the order of their names."""
    files = list(resources.files("santorio.trials.interventions").joinpath("definitions").iterdir())
    levers = [
        lever
        for file in files
        if file.name.endswith(".yaml")
        for lever in read_document(file.read_text(encoding="utf-8"), own=False).levers
    ]
    return tuple(sorted(levers, key=lambda lever: lever.name))
