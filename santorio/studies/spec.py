"""The study file: the schema of STUDY.yaml, and the messages for files that violate it. No data is read here."""

import difflib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from santorio.errors import ConfigError
from santorio.metrics import Direction

Kind = Literal["continuous", "rating", "count", "binary", "ordinal"]
SchemeName = Literal["days", "periods", "counterbalanced", "alternating", "phases", "unknown"]
Unit = Literal["auto", "day", "stretch", "test"]
DOCUMENTED_IN = "docs/studies.md describes the format."
MAX_PROBLEMS = 5
# How YAML writes that a key has no value.
_EMPTY = {"", "null", "~"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: object) -> list[object]:
    """Accept a single value where a list of them is possible."""
    if isinstance(value, list):
        return value
    return [value]


def _as_file(value: object) -> object:
    """Accept a path alone where a file has options too."""
    if isinstance(value, str):
        return {"file": value}
    return value


def _as_files(value: object) -> list[object]:
    return [_as_file(file) for file in _as_list(value)]


class DataFile(_Part):
    """One CSV file: a case of its own, or all of them."""

    file: str
    case: str | None = Field(None, description="The case of all rows, where no column states it.")
    rename: dict[str, str] = Field(
        {}, description="Columns that have another name in this file: its name -> the study's."
    )
    delimiter: str | None = Field(None, description="Detected if not stated.")
    encoding: str | None = Field(None, description="Detected if not stated.")
    decimal: Literal[".", ","] | None = Field(None, description="Detected if not stated.")


class ColumnNames(_Part):
    """The columns of the data by their meaning."""

    day: str | None = Field(None, description="Dates, or plain numbers such as the number of a test.")
    time: str | None = Field(None, description="Instants of several readings a day.")
    arm: str | None = None
    dose: str | None = Field(None, description="Numbers; 0 is the reference.")
    cycle: str | None = Field(None, description="Cycle, block or phase.")
    case: str | None = Field(None, description="Person, where one file holds several.")

    @model_validator(mode="after")
    def _one_of_each(self) -> "ColumnNames":
        if (self.day is None) == (self.time is None):
            raise ValueError("needs either day or time, and not both")
        if self.arm is not None and self.dose is not None:
            raise ValueError("takes arm or dose, not both")
        return self


class OutcomeColumn(_Part):
    """An outcome: its column, its label, and its smallest effect that matters."""

    column: str
    label: str | None = None
    unit: str = ""
    kind: Kind = "continuous"
    bounds: tuple[float, float] | None = Field(None, description="Lowest and highest possible rating.")
    levels: tuple[str, ...] = Field((), description="Levels of an ordinal outcome, lowest first.")
    positive: str | None = Field(None, description="The word that counts as yes in a binary outcome.")
    direction: Direction | None = Field(None, description="Which direction is better; no default.")
    smallest_effect: Annotated[float | str | None, Field(union_mode="left_to_right")] = None
    summary: Literal["auto", "mean", "median", "geometric mean", "sum"] = "auto"
    scale: Literal["auto", "natural", "log"] = "auto"

    @property
    def name(self) -> str:
        """Its label, or else its column."""
        return self.label or self.column

    @property
    def smallest_percent(self) -> float | None:
        """The smallest effect as a percentage of the reference's level, where it was stated so."""
        if not isinstance(self.smallest_effect, str):
            return None
        return float(self.smallest_effect.rstrip("% "))

    @field_validator("smallest_effect")
    @classmethod
    def _positive_effect(cls, value: float | str | None) -> float | str | None:
        number = value
        if isinstance(value, str):
            if not value.endswith("%"):
                raise ValueError("is a number in the outcome's unit, or a percentage such as “10 %”")
            number = float(value.rstrip("% "))
        if isinstance(number, float) and not 0 < number < float("inf"):
            raise ValueError("must be above 0: direction: has the sign")
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "OutcomeColumn":
        if self.bounds is not None and self.bounds[0] >= self.bounds[1]:
            raise ValueError("has bounds that are not lowest first")
        if self.kind == "rating" and self.bounds is None:
            raise ValueError("is a rating and needs its bounds, such as [0, 10]")
        if self.levels and self.kind != "ordinal":
            raise ValueError("has levels, which only kind: ordinal takes")
        if self.positive is not None and self.kind != "binary":
            raise ValueError("has positive:, which only kind: binary takes")
        return self


class Design(_Part):
    """The assignment of days to arms. It decides whether an effect may be called causal.

    Study files of earlier releases say `law`, `longest_run` and `fewest_per_phase`; they are read as well.
    """

    scheme: SchemeName = Field("unknown", validation_alias=AliasChoices("scheme", "law"))
    randomised: bool | None = Field(
        None, description="Whether days were randomised; each scheme has its default."
    )
    period: int | None = Field(None, ge=1, description="Days, or tests, of a period.")
    block: int | None = Field(None, ge=2, description="Days, or tests, of a block with a balance of its own.")
    max_run: int | None = Field(
        None,
        ge=1,
        validation_alias=AliasChoices("max_run", "longest_run"),
        description="At most this many rows of one arm in a row.",
    )
    min_per_phase: int | None = Field(
        None,
        ge=1,
        validation_alias=AliasChoices("min_per_phase", "fewest_per_phase"),
        description="With phases whose starts were drawn: the fewest rows that a phase may have.",
    )

    @property
    def is_randomised(self) -> bool:
        """Whether days were randomised."""
        # A claim of cause needs a scheme: it is what the randomisation test re-draws.
        if self.scheme == "unknown":
            return False
        if self.randomised is not None:
            return self.randomised
        return self.scheme in {"days", "periods"}

    @model_validator(mode="after")
    def _complete(self) -> "Design":
        if self.scheme == "periods" and self.period is None:
            raise ValueError("with scheme: periods needs period, their length")
        if self.scheme == "phases" and self.randomised and self.min_per_phase is None:
            raise ValueError("with phases whose starts were drawn needs min_per_phase")
        if self.scheme in {"alternating", "unknown"} and self.randomised:
            raise ValueError(
                f"cannot be randomised with scheme: {self.scheme}; state the scheme that was used"
            )
        return self


class ScheduleFile(_Part):
    """A file with the arm of each day."""

    file: str
    day: str | None = None
    arm: str | None = None


class ReportText(_Part):
    """Texts that a report by CENT 2015 needs and only the person can write."""

    abstract: str | None = None
    background: str | None = None
    participant: str | None = None
    setting: str | None = None
    intervention: str | None = None
    blinding: str | None = None
    harms: str | None = None
    interpretation: str | None = None
    limitations: str | None = None
    generalisability: str | None = None
    registration: str | None = None
    protocol: str | None = None
    funding: str | None = None
    ethics: str | None = None
    decided_before: str | None = Field(None, description="What was decided before the first day.")
    decided_after: str | None = Field(None, description="What was decided once data was seen.")


class Study(_Part):
    """A study: its question, its design, and its data."""

    title: str
    question: str | None = None
    data: Annotated[tuple[DataFile, ...], BeforeValidator(_as_files), Field(min_length=1)]
    columns: ColumnNames
    outcomes: Annotated[tuple[OutcomeColumn, ...], BeforeValidator(_as_list), Field(min_length=1)]
    arms: dict[str, str] = Field({}, description="Value in the data -> name.")
    reference: str | None = Field(None, description="The arm that the others are compared with.")
    dose_unit: str = ""
    dose_name: str = Field("dose", description="What is dosed.")
    schedule: Annotated[
        ScheduleFile | None,
        BeforeValidator(_as_file),
    ] = None
    design: Design = Design()
    analyse_by: Unit = "auto"
    row: str | None = Field(
        None, description="What a row is called, such as session; else day, test or stretch."
    )
    day_starts: str = Field("00:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    date_format: str | None = None
    missing: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    washout: int = Field(0, ge=0, description="Days, or tests, excluded after each change of arm.")
    half_life: float | None = Field(None, gt=0, description="Days, or tests, after which half is still felt.")
    report: ReportText = ReportText()

    @model_validator(mode="after")
    def _has_arms(self) -> "Study":
        if self.columns.arm is None and self.columns.dose is None and self.schedule is None:
            raise ValueError(
                "needs columns: arm or dose, or a schedule file: nothing states the arm of each day"
            )
        if self.schedule is not None and self.columns.dose is not None:
            raise ValueError("takes a schedule file with arms only, not with dose")
        names = [outcome.column for outcome in self.outcomes]
        if len(set(names)) < len(names):
            raise ValueError("names the same outcome twice")
        return self


def read_study(path: Path) -> Study:
    """Read a study file.

    Raises
    ------
    ConfigError
        If it does not exist, is not YAML, or violates the schema; the message states what is allowed.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise ConfigError(f"There is no study file {path}.", hint=DOCUMENTED_IN) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8.", hint="Save it as UTF-8.") from error
    document = _load(path, text)
    if not isinstance(document, Mapping):
        raise ConfigError(
            f"{path} does not describe a study: it needs title, data, columns and outcomes.",
            hint=DOCUMENTED_IN,
        )
    try:
        return Study.model_validate(_without_empty(document))
    except ValidationError as error:
        problems = error.errors(include_url=False)[:MAX_PROBLEMS]
        messages = dict.fromkeys(_message(problem) for problem in problems)
        raise ConfigError(f"{path.name}: {'; '.join(messages)}.", hint=DOCUMENTED_IN) from error


def _load(path: Path, text: str) -> object:
    import yaml

    class Loader(yaml.BaseLoader):
        """Loads every scalar as text, so that an arm may be called no, on or 1."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            # YAML itself would take the last of two equal keys, and drop the other in silence.
            keys = Counter(key.value for key, _ in node.value if isinstance(key.value, str))
            duplicates = sorted(key for key, count in keys.items() if count > 1)
            if duplicates:
                raise ConfigError(
                    f"{path.name}: the key “{duplicates[0]}” appears twice in one mapping.",
                    hint=DOCUMENTED_IN,
                )
            mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
            return mapping

    try:
        # BaseLoader builds text, lists and mappings only, never other objects.
        return yaml.load(text, Loader=Loader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = ""
        if mark is not None:
            where = f" in line {mark.line + 1}"
        raise ConfigError(f"{path.name} is not valid YAML{where}.", hint=DOCUMENTED_IN) from error


def _without_empty(value: object) -> object:
    """Drop keys without a value."""
    if isinstance(value, Mapping):
        stated = {}
        for key, item in value.items():
            kept = _without_empty(item)
            if kept is not None:
                stated[str(key)] = kept
        return stated
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if isinstance(value, str) and value.strip().lower() in _EMPTY:
        return None
    return value


def _message(error: Any) -> str:
    """Describe the problem of a key in terms of the study file."""
    path = [str(part) for part in error["loc"]]
    # Pydantic names its validators within the path.
    where = ".".join(part for part in path if not part.startswith("function-"))
    if error["type"] == "extra_forbidden":
        possible = _keys_at(path[:-1])
        text = f"“{where}” is not a key of a study"
        for similar in difflib.get_close_matches(path[-1], possible, n=1):
            text += f" (did you mean “{similar}”?)"
        return f"{text}; possible there are {', '.join(possible)}"
    if error["type"] == "missing":
        return f"“{where}” is missing"
    if error["type"] == "literal_error":
        expected = str(error["ctx"]["expected"]).replace("'", "")
        return f"“{where}” must be {expected}"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    message = message[:1].lower() + message[1:]
    # Messages of the validators above are predicates of their key.
    if error["type"] == "value_error" and where:
        return f"“{where}” {message}"
    return f"“{where or 'the study'}”: {message}"


def _keys_at(path: list[str]) -> list[str]:
    """Keys that are possible below a path."""
    parts: dict[str, type[_Part]] = {
        "data": DataFile,
        "columns": ColumnNames,
        "outcomes": OutcomeColumn,
        "design": Design,
        "schedule": ScheduleFile,
        "report": ReportText,
    }
    model = Study if not path else parts.get(path[0], Study)
    return list(model.model_fields)
