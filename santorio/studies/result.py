"""The answer to a study as plain data: what `--json` prints. Its shape is a promise; `FORMAT` changes when it does."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from santorio.metrics import Direction
from santorio.stats.decisions import Decision

FORMAT: Final = "santorio-study-answer/1"
Claim = Literal["caused", "associated"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WarningAnswer(_Part):
    """A warning that a reader of the answer must know."""

    code: str
    text: str


class Effect(_Part):
    """An effect against the reference, in the outcome's unit."""

    estimate: float = Field(
        description="Posterior mean; the median where the scale is not the outcome's own."
    )
    lower_95: float
    upper_95: float
    lower_50: float
    upper_50: float
    probability_above: float = Field(description="P(effect > δ), δ the smallest effect that matters.")
    probability_within: float = Field(description="P(|effect| ≤ δ).")
    probability_below: float = Field(description="P(effect < -δ).")
    percent: tuple[float, float, float] | None = Field(
        None,
        description="Estimate and 95 % interval in percent of the reference, where the scale is a logarithm.",
    )
    odds_ratio: tuple[float, float, float] | None = Field(
        None, description="Estimate and 95 % interval, where the scale is that of log-odds."
    )


class RandomisationTest(_Part):
    """Schedules re-drawn by the scheme that assigned the days; assumes no model of them."""

    p: float
    lower_95: float | None = Field(
        description="Effects that it does not reject; on the scale of the analysis, or in the outcome's unit where "
        "that is log-odds, or the logarithm of an expected count."
    )
    upper_95: float | None
    schedules: int
    complete: bool = Field(description="Whether these are all possible schedules, so that p is exact.")


class CycleEffect(_Part):
    """The effect in one cycle, or stretch, in the outcome's unit."""

    cycle: int
    estimate: float
    lower_95: float
    upper_95: float


class ArmRows(_Part):
    """Rows of one arm and their plain mean and standard deviation."""

    arm: str
    rows: int
    missing: int
    mean: float
    sd: float


class CaseAnswer(_Part):
    """One person's own answer."""

    case: str
    arms: list[ArmRows]
    phases: int = Field(description="Number of stretches without a change of arm.")
    effect: Effect
    pooled_effect: Effect | None = Field(
        None, description="The effect after partial pooling with other cases."
    )
    cycles: list[CycleEffect]
    probability_repeats: float | None = Field(
        description="Probability that in one more cycle the effect has the sign that it has on average."
    )
    autocorrelation: tuple[float, float, float] = Field(
        description="Correlation of a row with the next: mean, 95 % interval; on the scale of the analysis."
    )
    prior_weights: tuple[float, float] = Field(
        description="Posterior weights of the prior's usual and wide component, 0.8 and 0.2 before the data; 1 and 0 "
        "where it has one component."
    )
    carry_over: float | None = Field(description="Share of a day's exposure that carries over to the next.")
    spread: float = Field(description="Residual standard deviation of a row, on the scale of the analysis.")


class Heterogeneity(_Part):
    """The heterogeneity of the cases."""

    sd: float = Field(
        description="Posterior mean of the standard deviation of effects between cases, on the scale of the analysis."
    )
    lower_95: float
    upper_95: float
    probability_same_sign: float = Field(
        description="Probability that the effect in one more case has the sign of the mean effect."
    )


class DoseEffect(_Part):
    """The effect per unit of dose; it is taken to be linear."""

    highest: float
    reference: float
    per_unit: float
    lower_95: float
    upper_95: float


class Comparison(_Part):
    """One arm against the reference."""

    arm: str
    reference: str
    effect: Effect = Field(description="Of the one case, or the mean over cases.")
    raw_difference: float = Field(
        description="Difference of plain means; with several cases the mean of their differences."
    )
    decision: Decision
    answer: str
    randomisation: RandomisationTest | None
    cases: list[CaseAnswer]
    between: Heterogeneity | None
    dose: DoseEffect | None


class OutcomeAnswer(_Part):
    """All comparisons of one outcome."""

    column: str
    label: str
    unit: str
    kind: str
    primary: bool
    direction: Direction | None
    smallest_effect: float
    smallest_effect_from: Literal["stated", "0.3 standard deviations of the reference"]
    scale: str
    likelihood: Literal["normal", "binary", "ordinal", "count", "bounded"] = Field(
        "normal", description="Normal on the scale of the analysis, or one of its own."
    )
    summary: str
    arms: list[ArmRows]
    comparisons: list[Comparison]


class DesignAnswer(_Part):
    """The assignment of rows to arms, and the claim that it allows."""

    law: str
    randomised: bool
    claim: Claim
    said: str
    washout: int
    half_life: float | None


class DataAnswer(_Part):
    """The data that was read, and the rows that were used."""

    row: str = Field(description="Unit of a row of the analysis: a day, a test or a stretch.")
    rows_read: int
    rows: int
    cases: list[str]
    first: str
    last: str
    sha256: dict[str, str]


class StudyAnswer(_Part):
    """The answer to a study."""

    format: Literal["santorio-study-answer/1"] = FORMAT
    title: str
    question: str
    answer: str
    design: DesignAnswer
    data: DataAnswer
    outcomes: list[OutcomeAnswer]
    warnings: list[WarningAnswer]
    method: str
    study_sha256: str
    versions: dict[str, str]
