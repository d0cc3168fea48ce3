"""What the API answers with: the shapes of its rows, with units. Field names equal the columns of the schema `api`."""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """A row of a view."""

    model_config = ConfigDict(extra="ignore")


class Day(Row):
    """One local calendar day."""

    day: dt.date = Field(description="The person's local calendar day.")
    utc_offset: dt.timedelta | None = Field(None, description="What the clock showed beyond UTC.")
    steps: float | None = None
    distance_m: float | None = Field(None, description="Metres walked and run.")
    floors_ascended: float | None = None
    active_kcal: float | None = Field(None, description="Energy spent in activity, kcal.")
    resting_hr_bpm: float | None = Field(None, description="Resting heart rate, beats a minute.")
    min_hr_bpm: float | None = None
    max_hr_bpm: float | None = None
    stress_avg: float | None = Field(None, description="Mean of Garmin's stress where it was measured, 0 to 100.")
    body_battery_high: float | None = None
    body_battery_low: float | None = None
    weight_kg: float | None = Field(None, description="First weight of the day, kg.")
    mood: float | None = Field(None, description="Mean of the day's ratings, on the person's own scale.")
    caffeine_mg: float | None = None
    caffeine_after_15_mg: float | None = Field(None, description="Caffeine after 15:00 local time, mg.")
    alcohol_g: float | None = Field(None, description="Alcohol, g (a drink holds 14).")
    training_load: float | None = Field(None, description="Garmin's load of the day's activities, summed.")
    activity_count: int | None = None
    activity_minutes: float | None = None
    as_of: dt.datetime | None = Field(None, description="When the newest of its data arrived.")


class Night(Row):
    """One night; it belongs to the day of waking."""

    day: dt.date = Field(description="The local day of waking.")
    sleep_start_at: dt.datetime | None = None
    sleep_end_at: dt.datetime | None = None
    utc_offset: dt.timedelta | None = None
    sleep_minutes: float | None = None
    deep_sleep_minutes: float | None = None
    light_sleep_minutes: float | None = None
    rem_sleep_minutes: float | None = None
    awake_minutes: float | None = None
    sleep_score: float | None = None
    hrv_rmssd_ms: float | None = Field(None, description="Overnight heart rate variability (RMSSD), ms.")
    respiration_brpm: float | None = Field(None, description="Breaths a minute.")
    spo2_pct: float | None = None
    sleep_stress: float | None = None
    as_of: dt.datetime | None = None


class Activity(Row):
    """One activity, merged from all sources that recorded it."""

    activity_id: str
    source: str | None = Field(None, description="Where its figures are from: garmin or fit.")
    started_at: dt.datetime
    utc_offset: dt.timedelta | None = None
    day: dt.date
    sport: str | None = None
    duration_s: float | None = None
    distance_m: float | None = None
    avg_hr_bpm: float | None = None
    max_hr_bpm: float | None = None
    avg_power_w: float | None = None
    normalized_power_w: float | None = None
    energy_kcal: float | None = None
    elevation_gain_m: float | None = None
    training_load: float | None = None
    as_of: dt.datetime | None = None


class Effect(Row):
    """An association of an outcome with an exposure before it. Not a cause: only an experiment can tell."""

    outcome: str
    exposure: str
    lag_days: int = Field(description="Days from the exposure to the outcome.")
    exposure_unit: str
    outcome_unit: str
    per_amount: float = Field(description="The estimate is for this much more of the exposure.")
    estimate: float = Field(description="Posterior mean, in the outcome's unit.")
    sd: float
    lower_95: float
    upper_95: float
    lower_50: float
    upper_50: float
    probability_positive: float
    days: int = Field(description="Days that the fit saw.")
    rank: int
    run_id: UUID
    as_of: dt.datetime = Field(description="What the fit knew.")
    code_version: str
    fitted_at: dt.datetime


class Experiment(Row):
    """A trial, or an experiment proposed."""

    experiment_id: str = Field(description="Such as trial:magnesium or proposal:earlier-caffeine.")
    kind: Literal["trial", "proposal"]
    status: str = Field(description="proposed, unscheduled, planned, running, finished or analysed.")
    question: str | None = None
    arms: list[Any]
    outcome: str | None = None
    start_day: dt.date | None = None
    last_day: dt.date | None = None
    days_needed: int | None = None
    rank: int | None = None
    why: str | None = None
    assurance: float | None = Field(None, description="Chance of a decisive answer, before any data.")
    schedule: Any = Field(None, description="The arm of each day.")
    result: list[dict[str, Any]] | None = Field(None, description="A row an outcome and arm, primary first.")
    run_id: UUID | None = None
    as_of: dt.datetime | None = None
    code_version: str | None = None


class CoverageDay(Row):
    """Whether Garmin's data of a kind and day is there."""

    kind: str
    day: dt.date
    status: Literal["fetched", "empty", "failed", "provisional", "final"]
    attempts: int
    fetched_at: dt.datetime


class Meta(BaseModel):
    """About an answer."""

    as_of: dt.datetime | None = Field(None, description="When the newest data in this answer arrived.")
    count: int = Field(description="Rows in this answer.")


class Page[R: Row](BaseModel):
    """Rows, and where to go on."""

    data: list[R]
    next_cursor: str | None = Field(None, description="Give it back as `cursor` for the next rows; null at the end.")
    meta: Meta


class One[R: Row](BaseModel):
    """One row."""

    data: R
    meta: Meta


class ErrorBody(BaseModel):
    """What went wrong, and what to do."""

    code: str
    message: str
    details: dict[str, Any]
    request_id: str


class ErrorAnswer(BaseModel):
    """Every error has this shape."""

    error: ErrorBody


class Health(BaseModel):
    """The process answers; `ready` also says that its database does."""

    status: Literal["ok"]
