"""Associations, baselines and what is pooled over people."""

import datetime as dt
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from santorio.api.schemas.base import (
    AsOf,
    CodeVersion,
    Day,
    Lower50,
    Lower80,
    Lower95,
    ResourceRead,
    RunId,
    Upper50,
    Upper80,
    Upper95,
)


class EffectRead(ResourceRead):
    """An association of an exposure and an outcome, from the newest accepted fit; it does not prove cause."""

    outcome: str = Field(description="Outcome metric.", examples=["sleep_minutes"])
    exposure: str = Field(description="Exposure.", examples=["caffeine_after_15_mg"])
    lag_days: int = Field(description="Days from the exposure's day to the outcome's.")
    exposure_unit: str = Field(description="Unit of the exposure.")
    outcome_unit: str = Field(description="Unit of the outcome, the estimate and the intervals.")
    per_amount: float = Field(description="Amount of the exposure that the estimate refers to.")
    estimate: float = Field(description="Posterior mean of the association, in the unit of the outcome.")
    sd: float = Field(description="Posterior standard deviation, in the unit of the outcome.")
    lower_95: Lower95
    upper_95: Upper95
    lower_50: Lower50
    upper_50: Upper50
    probability_positive: float = Field(description="Probability that the association is above zero (0-1).")
    robustness_value: float | None = Field(
        description="Share (0-1) of the residual variance of both exposure and outcome that an unmeasured confounder "
        "would have to explain to reduce the estimate to zero; null in runs before it was computed."
    )
    robustness_value_95: float | None = Field(
        description="The same for the 95 % interval to include zero; 0 if it does already."
    )
    days: int = Field(description="Days in the fit (count).")
    rank: int = Field(description="Rank by strength, from 1.")
    run_id: RunId
    as_of: AsOf
    code_version: CodeVersion
    fitted_at: dt.datetime = Field(description="When the model was fitted.")


class ForecastDay(BaseModel):
    """The forecast of a day."""

    model_config = ConfigDict(extra="ignore")

    day: Day
    median: float = Field(description="Median.")
    lower_50: Lower50
    upper_50: Upper50
    lower_80: Lower80
    upper_80: Upper80
    lower_95: Lower95
    upper_95: Upper95


class Anomaly(BaseModel):
    """A day, or a run of days, outside the usual range."""

    model_config = ConfigDict(extra="ignore")

    first_day: dt.date = Field(description="First day.")
    last_day: dt.date = Field(description="Last day.")
    days: int = Field(description="Days with a value (count).")
    direction: Literal["above", "below"] = Field(description="Direction of the deviation.")
    surprise: float = Field(description="Normal score of the day, or of all days of the run together.")
    mean: float = Field(description="Mean value.")
    median: float = Field(description="Median expected for the first day.")
    lower: float = Field(description="Lower bound of the 95 % interval of the first day.")
    upper: float = Field(description="Upper bound of the 95 % interval of the first day.")
    outside: int = Field(description="Days outside that interval (count).")
    lasts: bool = Field(description="Whether it is ongoing: its last day is the newest with a value.")
    sentence: str = Field(description="Summary in one sentence.")


class LevelChange(BaseModel):
    """A change of the level."""

    model_config = ConfigDict(extra="ignore")

    day: dt.date = Field(description="Most probable first day of the new level.")
    first_day: dt.date = Field(description="First day of the 95 % interval of that day.")
    last_day: dt.date = Field(description="Last day of that interval.")
    detected_on: dt.date = Field(
        validation_alias=AliasChoices("detected_on", "told_day"),
        description="Day whose value made the change probable enough to report.",
    )
    probability: float = Field(description="Probability of a change by that day (0-1).")
    before: float = Field(description="Level before.")
    after: float = Field(description="Level after.")
    shift_sd: float = Field(description="Posterior standard deviation of the difference of the levels.")
    sentence: str = Field(description="Summary in one sentence.")


class BaselineRead(ResourceRead):
    """The usual range of a metric, its anomalies and its forecast; without causes."""

    metric: str = Field(description="Metric.", examples=["resting_hr_bpm"])
    unit: str = Field(description="Unit of the metric, and of every value here.")
    days: int = Field(description="Days with a value (count).")
    last_day: dt.date = Field(description="Newest day with a value.")
    last_value: float = Field(description="Value of that day.")
    median: float = Field(
        description="Median of the prediction of that day, made before its value was known."
    )
    lower_50: Lower50
    upper_50: Upper50
    lower_80: Lower80
    upper_80: Upper80
    lower_95: Lower95
    upper_95: Upper95
    forecast: list[ForecastDay] = Field(description="Forecast of the following fourteen days.")
    anomalies: list[Anomaly] = Field(description="Anomalies, oldest first.")
    changes: list[LevelChange] = Field(description="Level changes, oldest first.")
    run_id: RunId
    as_of: AsOf
    code_version: CodeVersion
    fitted_at: dt.datetime = Field(description="When it was computed.")


class PopulationRead(ResourceRead):
    """An effect pooled over at least five people who share their results, the person among them."""

    basis: Literal["association", "trial"] = Field(
        description="Whether the effects are observed associations or results of trials."
    )
    outcome: str = Field(description="Outcome metric.", examples=["sleep_minutes"])
    factor: str = Field(
        description="The exposure, or the intervention of the trials.", examples=["caffeine_after_15_mg"]
    )
    lag_days: int = Field(description="Days from the factor's day to the outcome's.")
    unit: str = Field(description="Unit of the outcome and of every estimate.")
    factor_unit: str | None = Field(description="Unit of the exposure; null for trials.")
    per_amount: float | None = Field(
        description="Amount of the exposure that the estimates refer to; null for trials."
    )
    people: int = Field(description="People, the person among them (count); at least five.")
    mean: float = Field(description="Posterior mean of the average effect.")
    lower_95: float = Field(description="Lower bound of its 95 % interval.")
    upper_95: float = Field(description="Upper bound of its 95 % interval.")
    between_sd: float = Field(description="Posterior mean of the standard deviation between people.")
    between_lower_95: float = Field(description="Lower bound of its 95 % interval.")
    between_upper_95: float = Field(description="Upper bound of its 95 % interval.")
    shrunk_estimate: float = Field(
        description="Posterior mean of the person's own effect, shrunk towards the average."
    )
    shrunk_sd: float = Field(description="Its posterior standard deviation.")
    run_id: RunId
    as_of: AsOf
    code_version: CodeVersion
    fitted_at: dt.datetime = Field(description="When it was computed.")
