"""Schemas of the responses. A field is a column of the resource's view in the schema `api`.

Numbers are null if nothing was measured. Units are part of the names; descriptions give what a name cannot.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer


def _clock_offset(offset: dt.timedelta) -> str:
    """Write an offset as +02:00."""
    sign = "-" if offset < dt.timedelta(0) else "+"
    hours, seconds = divmod(int(abs(offset).total_seconds()), 3600)
    return f"{sign}{hours:02}:{seconds // 60:02}"


def _text(value: object) -> object:
    """Accept names that are numbers: protocols are written by hand, and an arm may be called 0."""
    return value if isinstance(value, str) else str(value)


Offset = Annotated[
    dt.timedelta,
    PlainSerializer(_clock_offset, return_type=Annotated[str, Field(pattern=r"^[+-]\d{2}:\d{2}$")]),
]
OFFSET = Field(description="The person's local time minus UTC.", examples=["+02:00"])
Day = Annotated[dt.date, Field(description="The person's local calendar day.")]
Name = Annotated[str, BeforeValidator(_text)]
AsOf = Annotated[dt.datetime, Field(description="Ingestion time of the newest event that this is based on.")]
RunId = Annotated[uuid.UUID, Field(description="Run that computed this.")]
CodeVersion = Annotated[str, Field(description="Code that computed this: version and hash of the sources.")]


class ResourceRead(BaseModel):
    """An item of a resource, without the person: the token identifies them."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class DayRead(ResourceRead):
    """A local day; a missing day has nulls and the reason."""

    day: Day
    utc_offset: Offset | None = OFFSET
    steps: float | None = Field(description="Steps (count).")
    distance_m: float | None = Field(description="Distance (m).")
    floors_ascended: float | None = Field(description="Floors climbed (count, 3 m each).")
    active_kcal: float | None = Field(description="Active energy (kcal).")
    resting_hr_bpm: float | None = Field(description="Resting heart rate (beats per minute).")
    min_hr_bpm: float | None = Field(description="Lowest heart rate (beats per minute).")
    max_hr_bpm: float | None = Field(description="Highest heart rate (beats per minute).")
    stress_avg: float | None = Field(description="Mean of the measured stress levels (0-100).")
    body_battery_high: float | None = Field(description="Highest Body Battery level (0-100).")
    body_battery_low: float | None = Field(description="Lowest Body Battery level (0-100).")
    weight_kg: float | None = Field(description="Body weight (kg).")
    mood: float | None = Field(description="Mean of the day's mood ratings, on the person's own scale.")
    caffeine_mg: float | None = Field(
        description="Caffeine (mg); 0 on days without an entry between the first and the last entry."
    )
    caffeine_after_15_mg: float | None = Field(
        description="Caffeine at or after 15:00 local time (mg); zeros as for `caffeine_mg`."
    )
    alcohol_g: float | None = Field(description="Alcohol (g; a drink is 14 g); zeros as for `caffeine_mg`.")
    training_load: float | None = Field(
        description="Garmin's training load (unit of its own, derived from EPOC)."
    )
    activity_count: int | None = Field(description="Activities (count).")
    activity_minutes: float | None = Field(description="Time in activities (min).")
    is_known: bool = Field(description="Whether there is any data of the day or its night.")
    missing_reason: str | None = Field(
        description="Why there is no watch data of the day: not worn, failed, provisional, never fetched, no watch, "
        "before the watch, after the watch, unknown; null if there is data.",
        examples=["not worn"],
    )
    night_missing_reason: str | None = Field(
        description="Why there is no night for this day of waking: one of the same reasons, or `night not worn`; "
        "null if there is one."
    )
    as_of: AsOf
    run_id: RunId
    code_version: CodeVersion


class NightRead(ResourceRead):
    """A night; it belongs to the day of waking."""

    day: dt.date = Field(description="Day of waking: the night from the previous day to this one.")
    sleep_start_at: dt.datetime | None = Field(description="Time of falling asleep (UTC).")
    sleep_end_at: dt.datetime | None = Field(description="Time of waking (UTC).")
    utc_offset: Offset | None = OFFSET
    sleep_minutes: float | None = Field(description="Time asleep (min).")
    deep_sleep_minutes: float | None = Field(description="Deep sleep (min).")
    light_sleep_minutes: float | None = Field(description="Light sleep (min).")
    rem_sleep_minutes: float | None = Field(description="REM sleep (min).")
    awake_minutes: float | None = Field(description="Time awake during the night (min).")
    sleep_score: float | None = Field(description="Garmin's sleep score (0-100).")
    hrv_rmssd_ms: float | None = Field(description="Mean heart rate variability overnight, RMSSD (ms).")
    respiration_brpm: float | None = Field(
        description="Mean respiration rate during sleep (breaths per minute)."
    )
    spo2_pct: float | None = Field(description="Mean oxygen saturation during sleep (%).")
    sleep_stress: float | None = Field(description="Mean stress during sleep (0-100).")
    as_of: AsOf
    run_id: RunId
    code_version: CodeVersion


class ActivityRead(ResourceRead):
    """An activity; recordings of the same exercise are merged."""

    activity_id: str = Field(description="Garmin's activity id, or `<event>/<session>` for a FIT file.")
    source: str | None = Field(description="Preferred source of the values: garmin or fit.")
    started_at: dt.datetime = Field(description="Start (UTC).")
    utc_offset: Offset | None = OFFSET
    day: Day
    sport: str | None = Field(description="Sport, as named by the source.")
    duration_s: float | None = Field(description="Timer duration, without pauses (s).")
    distance_m: float | None = Field(description="Distance (m).")
    avg_hr_bpm: float | None = Field(description="Mean heart rate (beats per minute).")
    max_hr_bpm: float | None = Field(description="Highest heart rate (beats per minute).")
    avg_power_w: float | None = Field(description="Mean power (W).")
    normalized_power_w: float | None = Field(description="Normalised power (W).")
    energy_kcal: float | None = Field(description="Energy (kcal).")
    elevation_gain_m: float | None = Field(description="Elevation gain (m).")
    training_load: float | None = Field(
        description="Garmin's training load (unit of its own, derived from EPOC)."
    )
    recordings: int | None = Field(description="Merged recordings (count).")
    as_of: AsOf
    run_id: RunId
    code_version: CodeVersion


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
    lower_95: float = Field(description="Lower bound of the 95 % interval.")
    upper_95: float = Field(description="Upper bound of the 95 % interval.")
    lower_50: float = Field(description="Lower bound of the 50 % interval.")
    upper_50: float = Field(description="Upper bound of the 50 % interval.")
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
    lower_50: float = Field(description="Lower bound of the 50 % interval.")
    upper_50: float = Field(description="Upper bound of the 50 % interval.")
    lower_80: float = Field(description="Lower bound of the 80 % interval.")
    upper_80: float = Field(description="Upper bound of the 80 % interval.")
    lower_95: float = Field(description="Lower bound of the 95 % interval.")
    upper_95: float = Field(description="Upper bound of the 95 % interval.")


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
    lower_50: float = Field(description="Lower bound of the 50 % interval of that day.")
    upper_50: float = Field(description="Upper bound of the 50 % interval of that day.")
    lower_80: float = Field(description="Lower bound of the 80 % interval of that day.")
    upper_80: float = Field(description="Upper bound of the 80 % interval of that day.")
    lower_95: float = Field(description="Lower bound of the 95 % interval of that day.")
    upper_95: float = Field(description="Upper bound of the 95 % interval of that day.")
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


class TrialResult(BaseModel):
    """The result of one arm of a trial for one outcome, compared with the reference arm."""

    # Results are stored as JSON: fields that a later version adds must not break this one.
    model_config = ConfigDict(extra="ignore")

    outcome: str = Field(description="Outcome metric.")
    is_primary: bool = Field(description="Whether it is the primary outcome of the protocol.")
    is_negative_control: bool = Field(
        default=False,
        description="Whether it is a negative control, which no arm can affect: an effect on it casts doubt on the "
        "trial.",
    )
    arm: str = Field(description="Arm.")
    reference_arm: str = Field(description="Reference arm.")
    unit: str = Field(description="Unit of the outcome, the means, differences and intervals.")
    mean_arm: float = Field(description="Mean of the arm's days.")
    mean_reference: float = Field(description="Mean of the reference arm's days.")
    raw_difference: float = Field(description="Unadjusted difference of the means.")
    days_arm: int = Field(description="Days with data in the arm (count).")
    days_reference: int = Field(description="Days with data in the reference arm (count).")
    estimate: float = Field(description="Posterior mean of the effect.")
    sd: float = Field(description="Posterior standard deviation of the effect.")
    lower_95: float = Field(description="Lower bound of the 95 % interval.")
    upper_95: float = Field(description="Upper bound of the 95 % interval.")
    lower_50: float = Field(description="Lower bound of the 50 % interval.")
    upper_50: float = Field(description="Upper bound of the 50 % interval.")
    smallest_effect: float = Field(description="Smallest effect of interest.")
    probability_above: float = Field(
        description="Probability that the effect is above the smallest effect of interest (0-1)."
    )
    probability_within: float = Field(
        description="Probability that the effect is smaller than that in size (0-1)."
    )
    probability_below: float = Field(
        description="Probability that the effect is below minus the smallest effect of interest (0-1)."
    )
    decision: str = Field(description="Decision by the thresholds of the protocol.")
    cycles: int = Field(description="Cycles with data (count).")
    probability_repeats: float | None = Field(
        description="Probability that the effect repeats in a further cycle (0-1)."
    )
    randomisation_p: float | None = Field(description="p-value of the randomization test (0-1).")
    prior_free_estimate: float | None = Field(
        None,
        description="The estimate without its prior; null in runs before it was computed.",
    )
    prior_free_sd: float | None = Field(None, description="Standard deviation of the prior-free estimate.")
    standard_effect: float | None = Field(
        None, description="Effect of one standard deviation, in the unit of the outcome."
    )


TrialStatus = Literal[
    "scheduled",
    "running",
    "paused",
    "completed",
    "stopped_early",
    "analysed",
    "abandoned",
    "proposed",
    "declined",
]


class TrialFields(ResourceRead):
    """What trials and proposals have under either name of the resource."""

    kind: Literal["trial", "proposal"] = Field(description="A trial, or a proposed one.")
    slug: str = Field(description="Short name.")
    status: TrialStatus = Field(
        description="A trial is `scheduled`, `running`, `paused`, `completed` (not analysed yet), `analysed`, "
        "`stopped_early` (at an interim analysis) or `abandoned`; a proposal is `proposed` or `declined`."
    )
    question: str | None = Field(description="Question that the trial asks.")
    arms: list[Name] = Field(description="Names of the arms, the reference arm first.")
    outcome: str | None = Field(description="Primary outcome.")
    secondary: list[Name] | None = Field(description="Secondary outcomes.")
    start_day: dt.date | None = Field(description="First day.")
    last_day: dt.date | None = Field(description="Last day that is scheduled or recorded.")
    days_needed: int | None = Field(description="Study days (count).")
    rank: int | None = Field(description="Rank among the proposals, from 1; null for a trial.")
    why: str | None = Field(description="Why it is proposed; null for a trial.")
    assurance: float | None = Field(description="Probability of a decisive result (0-1).")
    expected_information_gain: float | None = Field(description="Expected information gain (nats).")
    value_per_day: float | None = Field(description="Expected value of information per day of burden.")
    schedule: JsonValue = Field(description="Arm of each study day.")
    seed: int | None = Field(description="Seed of the randomization.")
    decision: str | None = Field(description="Decision for the primary outcome.")
    result: list[TrialResult] | None = Field(description="Results, primary outcome first; null without any.")
    stopped_after_days: int | None = Field(
        description="Study days (count) after which an interim analysis stopped it; null if none did."
    )
    last_run_status: str | None = Field(description="Status of the newest fit: `accepted` or `rejected`.")
    last_run_reason: str | None = Field(
        description="Why the newest fit was rejected; the results are then those of an older fit."
    )
    run_id: uuid.UUID | None = Field(description="Run that computed the results or the proposal.")
    as_of: AsOf
    code_version: str | None = Field(description="Code of that run.")


class TrialRead(TrialFields):
    """A trial with its results, or a proposed trial."""

    trial_id: str = Field(description="`trial:<slug>` or `proposal:<slug>`; stable.")
    intervention: str | None = Field(description="Intervention; null for a trial.")


class ExperimentRead(TrialFields):
    """A trial under the field names of `/v1/experiments`, which is deprecated."""

    experiment_id: str = Field(validation_alias="trial_id", description="`trial_id` of `/v1/trials`.")
    lever: str | None = Field(validation_alias="intervention", description="`intervention` of `/v1/trials`.")


CoverageStatus = Literal["fetched", "empty", "failed", "provisional", "final", "missing"]


class CoverageRead(ResourceRead):
    """An entry of the coverage ledger: one kind of payload on one day, gaps included."""

    kind: str = Field(description="Kind of payload.", examples=["sleep"])
    day: Day
    status: CoverageStatus = Field(
        description="`provisional` may still change, `final` will not, `missing` was never fetched."
    )
    reason: str | None = Field(
        description="Why there is no data: not worn, night not worn, Garmin has none, missing, failed, unknown; "
        "null if there is data."
    )
    attempts: int = Field(description="Requests (count).")
    last_error: str | None = Field(description="Last error.")
    fetched_at: dt.datetime | None = Field(description="When it was last fetched.")
    as_of: dt.datetime | None = Field(description="Same as `fetched_at`.")


class Lineage(BaseModel):
    """Lineage of all items of a response together; each item has its own."""

    as_of: dt.datetime | None = Field(description="Newest `as_of` of the items; null without items.")
    run_ids: list[uuid.UUID] = Field(description="Runs that computed the items.")
    code_versions: list[str] = Field(description="Code that computed the items.")
    count: int = Field(description="Items in this response (count).")


class PageResponse[R: ResourceRead](BaseModel):
    """A page of a collection."""

    data: list[R] = Field(description="The items, in order.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last page."
    )
    meta: Lineage


class ItemResponse[R: ResourceRead](BaseModel):
    """One item."""

    data: R
    meta: Lineage


class Health(BaseModel):
    """The process responds."""

    status: Literal["ok"] = Field(description="Always `ok`; /ready checks whether the data can be read.")
    version: str = Field(description="Version of Santorio.")


class Ready(BaseModel):
    """The data can be read."""

    status: Literal["ready"] = Field(description="Always `ready`; a 503 otherwise.")
    views: list[str] = Field(description="Views that can be read.")


def lineage(items: Sequence[ResourceRead]) -> Lineage:
    """Summarise the lineage of items."""
    instants = [value for value in _distinct(items, "as_of") if isinstance(value, dt.datetime)]
    return Lineage.model_validate(
        {
            "as_of": max(instants, default=None),
            "run_ids": _distinct(items, "run_id"),
            "code_versions": _distinct(items, "code_version"),
            "count": len(items),
        }
    )


def _distinct(items: Sequence[ResourceRead], field: str) -> list[object]:
    """Values of a field without nulls and duplicates, in order."""
    values = [getattr(item, field, None) for item in items]
    return list(dict.fromkeys(value for value in values if value is not None))
