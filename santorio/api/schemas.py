"""Shapes of the answers. A field is a column of the view of the same name in the schema `api`.

Numbers are null where nothing was measured. Units are in the names; what a name cannot say is in its
description.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer


def _clock_offset(offset: dt.timedelta) -> str:
    """Write an offset as clocks do: +02:00."""
    sign = "-" if offset < dt.timedelta(0) else "+"
    hours, seconds = divmod(int(abs(offset).total_seconds()), 3600)
    return f"{sign}{hours:02}:{seconds // 60:02}"


def _name(value: object) -> object:
    """Protocols are written by hand: an arm may be called 0."""
    return value if isinstance(value, str) else str(value)


Offset = Annotated[
    dt.timedelta,
    PlainSerializer(_clock_offset, return_type=Annotated[str, Field(pattern=r"^[+-]\d{2}:\d{2}$")]),
]
OFFSET = Field(description="What the person's clock showed, minus UTC.", examples=["+02:00"])
Day = Annotated[dt.date, Field(description="The person's local calendar day.")]
Name = Annotated[str, BeforeValidator(_name)]
AsOf = Annotated[dt.datetime, Field(description="Newest entry in the log that this rests on.")]
RunId = Annotated[uuid.UUID, Field(description="Run that made this.")]
CodeVersion = Annotated[str, Field(description="Code that made this: version, and hash of its sources.")]


class Row(BaseModel):
    """A row of a view, without the person: that is the token's."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class DayRow(Row):
    """One local day; a missing one is a row of nulls that says why."""

    day: Day
    utc_offset: Offset | None = OFFSET
    steps: float | None = Field(description="Steps (count).")
    distance_m: float | None = Field(description="Distance (m).")
    floors_ascended: float | None = Field(description="Floors climbed (count, 3 m each).")
    active_kcal: float | None = Field(description="Energy spent in activity (kcal).")
    resting_hr_bpm: float | None = Field(description="Resting heart rate (beats per minute).")
    min_hr_bpm: float | None = Field(description="Lowest heart rate (beats per minute).")
    max_hr_bpm: float | None = Field(description="Highest heart rate (beats per minute).")
    stress_avg: float | None = Field(description="Mean stress over measured moments (0-100).")
    body_battery_high: float | None = Field(description="Highest body battery (0-100).")
    body_battery_low: float | None = Field(description="Lowest body battery (0-100).")
    weight_kg: float | None = Field(description="Body weight (kg).")
    mood: float | None = Field(description="Mean of the day's ratings, on the person's own scale.")
    caffeine_mg: float | None = Field(
        description="Caffeine (mg); 0 between first and last log on days without one."
    )
    caffeine_after_15_mg: float | None = Field(
        description="Caffeine at or after 15:00 by the local clock (mg); filled like `caffeine_mg`."
    )
    alcohol_g: float | None = Field(
        description="Alcohol (g; a drink is 14 g); 0 between first and last log on days without one."
    )
    training_load: float | None = Field(description="Garmin's training load (its own unit, from EPOC).")
    activity_count: int | None = Field(description="Activities (count).")
    activity_minutes: float | None = Field(description="Time in activities (min).")
    is_known: bool = Field(description="Whether anything at all is known of the day or its night.")
    missing_reason: str | None = Field(
        description="Why the watch tells nothing of the day: not worn, failed, provisional, never fetched, no watch, "
        "before the watch, after the watch, unknown; null where it does.",
        examples=["not worn"],
    )
    night_missing_reason: str | None = Field(
        description="Why there is no night for this day of waking, in the same words, or night not worn; "
        "null where there is one."
    )
    as_of: AsOf
    run_id: RunId
    code_version: CodeVersion


class NightRow(Row):
    """One night; it belongs to the day of waking."""

    day: dt.date = Field(description="Day of waking: the night from the day before to this one.")
    sleep_start_at: dt.datetime | None = Field(description="Instant of falling asleep.")
    sleep_end_at: dt.datetime | None = Field(description="Instant of waking.")
    utc_offset: Offset | None = OFFSET
    sleep_minutes: float | None = Field(description="Time asleep (min).")
    deep_sleep_minutes: float | None = Field(description="Deep sleep (min).")
    light_sleep_minutes: float | None = Field(description="Light sleep (min).")
    rem_sleep_minutes: float | None = Field(description="REM sleep (min).")
    awake_minutes: float | None = Field(description="Time awake in the night (min).")
    sleep_score: float | None = Field(description="Garmin's sleep score (0-100).")
    hrv_rmssd_ms: float | None = Field(description="Mean overnight heart-rate variability, RMSSD (ms).")
    respiration_brpm: float | None = Field(description="Mean respiration asleep (breaths per minute).")
    spo2_pct: float | None = Field(description="Mean oxygen saturation asleep (%).")
    sleep_stress: float | None = Field(description="Mean stress asleep (0-100).")
    as_of: AsOf
    run_id: RunId
    code_version: CodeVersion


class ActivityRow(Row):
    """One activity; recordings of the same exercise are merged."""

    activity_id: str = Field(
        description="Garmin's number of the activity, or `<event>/<session>` of a FIT file."
    )
    source: str | None = Field(description="Where the first-named figures come from: garmin or fit.")
    started_at: dt.datetime = Field(description="Instant of the start.")
    utc_offset: Offset | None = OFFSET
    day: Day
    sport: str | None = Field(description="Sport, in the words of its source.")
    duration_s: float | None = Field(description="Duration by the timer (s).")
    distance_m: float | None = Field(description="Distance (m).")
    avg_hr_bpm: float | None = Field(description="Mean heart rate (beats per minute).")
    max_hr_bpm: float | None = Field(description="Highest heart rate (beats per minute).")
    avg_power_w: float | None = Field(description="Mean power (W).")
    normalized_power_w: float | None = Field(description="Normalised power (W).")
    energy_kcal: float | None = Field(description="Energy (kcal).")
    elevation_gain_m: float | None = Field(description="Climb (m).")
    training_load: float | None = Field(description="Garmin's training load (its own unit, from EPOC).")
    recordings: int | None = Field(description="Recordings that were merged into this activity (count).")
    as_of: AsOf
    run_id: RunId
    code_version: CodeVersion


class EffectRow(Row):
    """What goes with what, by the newest accepted fit: an association, never a proof of cause."""

    outcome: str = Field(description="Metric that varies.", examples=["sleep_minutes"])
    exposure: str = Field(description="What it varies with.", examples=["caffeine_after_15_mg"])
    lag_days: int = Field(description="Days from the exposure's day to the outcome's.")
    exposure_unit: str = Field(description="Unit of the exposure.")
    outcome_unit: str = Field(description="Unit of the outcome, the estimate and its intervals.")
    per_amount: float = Field(description="The estimate is per this much of the exposure, in its unit.")
    estimate: float = Field(description="Posterior mean of the association, in the unit of the outcome.")
    sd: float = Field(description="Posterior standard deviation, in the unit of the outcome.")
    lower_95: float = Field(description="Lower end of the 95 % interval.")
    upper_95: float = Field(description="Upper end of the 95 % interval.")
    lower_50: float = Field(description="Lower end of the 50 % interval.")
    upper_50: float = Field(description="Upper end of the 50 % interval.")
    probability_positive: float = Field(description="Probability that the association is above zero (0-1).")
    robustness_value: float | None = Field(
        description="Share (0-1), of what is left of both exposure and outcome, that an unmeasured confounder would"
        " have to explain to bring the estimate to zero; null in runs from before it was computed."
    )
    robustness_value_95: float | None = Field(
        description="The same, to bring zero into the 95 % interval; 0 where it is in it anyway."
    )
    days: int = Field(description="Days that the fit rests on (count).")
    rank: int = Field(description="Place by strength, from 1.")
    run_id: RunId
    as_of: AsOf
    code_version: CodeVersion
    fitted_at: dt.datetime = Field(description="When the model was fitted.")


class ExpectedDay(BaseModel):
    """What is expected of one day to come."""

    model_config = ConfigDict(extra="ignore")

    day: Day
    median: float = Field(description="Median.")
    lower_50: float = Field(description="Lower end of the 50 % interval.")
    upper_50: float = Field(description="Upper end of the 50 % interval.")
    lower_80: float = Field(description="Lower end of the 80 % interval.")
    upper_80: float = Field(description="Upper end of the 80 % interval.")
    lower_95: float = Field(description="Lower end of the 95 % interval.")
    upper_95: float = Field(description="Upper end of the 95 % interval.")


class OddDays(BaseModel):
    """A day, or a run of days, that was not as expected."""

    model_config = ConfigDict(extra="ignore")

    first_day: dt.date = Field(description="First day.")
    last_day: dt.date = Field(description="Last day.")
    days: int = Field(description="Days with a value in it (count).")
    direction: Literal["above", "below"] = Field(description="Which way.")
    surprise: float = Field(description="Normal score; of a run that of its days together.")
    mean: float = Field(description="Mean value.")
    median: float = Field(description="What was expected of the first day.")
    lower: float = Field(description="Lower end of the 95 % interval of the first day.")
    upper: float = Field(description="Upper end of the 95 % interval of the first day.")
    outside: int = Field(description="Days outside that interval (count).")
    lasts: bool = Field(description="Whether its last day is the newest with a value.")
    sentence: str = Field(description="The same in a sentence.")


class LevelChange(BaseModel):
    """A level that shifted."""

    model_config = ConfigDict(extra="ignore")

    day: dt.date = Field(description="Most probable first day of the new level.")
    first_day: dt.date = Field(description="Earliest day of the 95 % interval of that day.")
    last_day: dt.date = Field(description="Latest day of it.")
    told_day: dt.date = Field(description="Day whose value made it probable enough.")
    probability: float = Field(description="Probability of a change by then (0-1).")
    before: float = Field(description="Level before.")
    after: float = Field(description="Level after.")
    shift_sd: float = Field(description="Posterior standard deviation of their difference.")
    sentence: str = Field(description="The same in a sentence.")


class BaselineRow(Row):
    """What is usual for one metric, what was not, and what comes. It says nothing of why."""

    metric: str = Field(description="Metric.", examples=["resting_hr_bpm"])
    unit: str = Field(description="Unit of the metric, and of every value here.")
    days: int = Field(description="Days with a value that it rests on (count).")
    last_day: dt.date = Field(description="Newest day with a value.")
    last_value: float = Field(description="Its value.")
    median: float = Field(description="What was expected of that day before it came: the median.")
    lower_50: float = Field(description="Lower end of the 50 % interval of that day.")
    upper_50: float = Field(description="Upper end of the 50 % interval of that day.")
    lower_80: float = Field(description="Lower end of the 80 % interval of that day.")
    upper_80: float = Field(description="Upper end of the 80 % interval of that day.")
    lower_95: float = Field(description="Lower end of the 95 % interval of that day.")
    upper_95: float = Field(description="Upper end of the 95 % interval of that day.")
    forecast: list[ExpectedDay] = Field(description="The fortnight after it.")
    anomalies: list[OddDays] = Field(description="Odd days and runs, oldest first.")
    changes: list[LevelChange] = Field(description="Changes of the level, oldest first.")
    run_id: RunId
    as_of: AsOf
    code_version: CodeVersion
    fitted_at: dt.datetime = Field(description="When it was computed.")


class PopulationRow(Row):
    """What at least five people who share have in common, the person among them."""

    basis: Literal["association", "trial"] = Field(description="Whether it is observed, or was tested.")
    outcome: str = Field(description="Metric that varies.", examples=["sleep_minutes"])
    factor: str = Field(
        description="The exposure, or the lever that was tested.", examples=["caffeine_after_15_mg"]
    )
    lag_days: int = Field(description="Days from the factor's day to the outcome's.")
    unit: str = Field(description="Unit of the outcome, and of every estimate here.")
    factor_unit: str | None = Field(description="Unit of the exposure; null for a trial.")
    per_amount: float | None = Field(
        description="Estimates are per this much of the exposure, in its unit; null for a trial."
    )
    people: int = Field(description="People in it, the person among them (count); never fewer than five.")
    mean: float = Field(description="Posterior mean of the mean over people.")
    lower_95: float = Field(description="Lower end of its 95 % interval.")
    upper_95: float = Field(description="Upper end of its 95 % interval.")
    between_sd: float = Field(description="Posterior mean of the spread between people (standard deviation).")
    between_lower_95: float = Field(description="Lower end of its 95 % interval.")
    between_upper_95: float = Field(description="Upper end of its 95 % interval.")
    shrunk_estimate: float = Field(
        description="The person's own, pulled towards the others as far as its uncertainty asks for: posterior mean."
    )
    shrunk_sd: float = Field(description="Its posterior standard deviation.")
    run_id: RunId
    as_of: AsOf
    code_version: CodeVersion
    fitted_at: dt.datetime = Field(description="When it was computed.")


class TrialResult(BaseModel):
    """What came of one arm of a trial, for one outcome, against the reference arm."""

    # Results are kept as JSON: what a later version adds must not break the answer of this one.
    model_config = ConfigDict(extra="ignore")

    outcome: str = Field(description="Metric that was compared.")
    is_primary: bool = Field(description="Whether the protocol names it as the primary outcome.")
    is_negative_control: bool = Field(
        default=False,
        description="Whether no arm can change it: an effect on it speaks against the trial, and decides nothing.",
    )
    arm: str = Field(description="Arm.")
    reference_arm: str = Field(description="Arm that it is compared with.")
    unit: str = Field(description="Unit of the outcome, its means, differences and intervals.")
    mean_arm: float = Field(description="Mean on the arm's days.")
    mean_reference: float = Field(description="Mean on the reference's days.")
    raw_difference: float = Field(description="Difference of the two means, nothing adjusted.")
    days_arm: int = Field(description="Days with data on the arm (count).")
    days_reference: int = Field(description="Days with data on the reference (count).")
    estimate: float = Field(description="Posterior mean of the effect.")
    sd: float = Field(description="Posterior standard deviation of the effect.")
    lower_95: float = Field(description="Lower end of the 95 % interval.")
    upper_95: float = Field(description="Upper end of the 95 % interval.")
    lower_50: float = Field(description="Lower end of the 50 % interval.")
    upper_50: float = Field(description="Upper end of the 50 % interval.")
    smallest_effect: float = Field(description="Smallest effect of interest.")
    probability_above: float = Field(description="Probability that the effect is above it (0-1).")
    probability_within: float = Field(description="Probability that the effect is smaller either way (0-1).")
    probability_below: float = Field(description="Probability that the effect is below minus it (0-1).")
    decision: str = Field(description="What follows, by thresholds fixed beforehand.")
    cycles: int = Field(description="Cycles that the data spans (count).")
    probability_repeats: float | None = Field(
        description="Probability that the effect repeats in a further cycle (0-1)."
    )
    randomisation_p: float | None = Field(description="p of the randomisation test (0-1).")
    prior_free_estimate: float | None = Field(
        None,
        description="The estimate with its own prior taken off; null in runs from before it was computed.",
    )
    prior_free_sd: float | None = Field(None, description="Its standard deviation.")
    standard_effect: float | None = Field(
        None, description="What an effect of one standard deviation amounts to, in the unit of the outcome."
    )


ExperimentStatus = Literal[
    "planned", "running", "paused", "finished", "analysed", "abandoned", "proposed", "declined"
]


class ExperimentRow(Row):
    """A trial with what came of it, or a proposed experiment."""

    experiment_id: str = Field(description="`trial:<slug>` or `proposal:<slug>`: stays the same.")
    kind: Literal["trial", "proposal"] = Field(description="Whether it is one, or could be one.")
    slug: str = Field(description="Short name.")
    status: ExperimentStatus = Field(
        description="A trial is `planned`, `running`, `paused`, `finished` (and not analysed yet), `analysed` or "
        "`abandoned`; a proposal is `proposed` or `declined`."
    )
    question: str | None = Field(description="What it asks.")
    arms: list[Name] = Field(description="Names of the arms, the reference first.")
    outcome: str | None = Field(description="Primary outcome.")
    secondary: list[Name] | None = Field(description="Further outcomes.")
    start_day: dt.date | None = Field(description="First day.")
    last_day: dt.date | None = Field(description="Last day that is assigned or recorded.")
    days_needed: int | None = Field(description="Study days (count).")
    rank: int | None = Field(description="Place among the proposals, from 1; null for a trial.")
    why: str | None = Field(description="Why it is proposed.")
    lever: str | None = Field(description="What is changed.")
    assurance: float | None = Field(description="Probability of a decisive answer (0-1).")
    expected_information_gain: float | None = Field(description="Expected information gain (nats).")
    value_per_day: float | None = Field(description="Expected value of the information per day of burden.")
    schedule: JsonValue = Field(description="Arm of each study day.")
    seed: int | None = Field(description="Seed of the schedule's draw.")
    decision: str | None = Field(description="What the analysis decided, for the primary outcome.")
    result: list[TrialResult] | None = Field(description="Results, the primary outcome first; null without.")
    stopped_after_days: int | None = Field(
        description="Study days (count) after which a planned look ended it; null where none did."
    )
    last_run_status: str | None = Field(description="`accepted` or `rejected`: the newest fit.")
    last_run_reason: str | None = Field(
        description="Why the newest fit was rejected; results are older then."
    )
    run_id: uuid.UUID | None = Field(description="Run that made the results or the proposal.")
    as_of: AsOf
    code_version: str | None = Field(description="Code of that run.")


class CoverageRow(Row):
    """What is known of fetching one kind of data for one day; a gap is a row too."""

    kind: str = Field(description="Kind of payload.", examples=["sleep"])
    day: Day
    status: Literal["fetched", "empty", "failed", "provisional", "final", "missing"] = Field(
        description="`provisional` may still change, `final` will not, `missing` was never fetched."
    )
    reason: str | None = Field(
        description="Why it is not there: not worn, night not worn, Garmin has none, missing, failed, unknown; "
        "null where it is."
    )
    attempts: int = Field(description="Times it was asked for (count).")
    last_error: str | None = Field(description="What went wrong last.")
    fetched_at: dt.datetime | None = Field(description="When it was fetched last.")
    as_of: dt.datetime | None = Field(description="The same instant: newest knowledge of this day and kind.")


class Lineage(BaseModel):
    """What all rows of an answer rest on, together; each row has its own."""

    as_of: dt.datetime | None = Field(description="Newest `as_of` of the rows; null without rows.")
    run_ids: list[uuid.UUID] = Field(description="Runs that made the rows.")
    code_versions: list[str] = Field(description="Code that made the rows.")
    count: int = Field(description="Rows in this answer (count).")


class Page[R: Row](BaseModel):
    """Rows in their order, and where the next ones begin."""

    data: list[R] = Field(description="The rows.")
    next_cursor: str | None = Field(
        description="Give it back as `cursor` for the next rows; null at the end."
    )
    meta: Lineage


class One[R: Row](BaseModel):
    """One row."""

    data: R
    meta: Lineage


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = Field(description="Always `ok`; whether the data can be read is at /ready.")
    version: str = Field(description="Version of Santorio.")


class Ready(BaseModel):
    """The data can be read."""

    status: Literal["ready"] = Field(description="Always `ready`; what is missing comes with a 503.")
    views: list[str] = Field(description="Views that are there, with every column.")


def lineage(rows: Sequence[Row]) -> Lineage:
    """Sum up what the rows rest on."""

    def distinct(field: str) -> list[object]:
        return list(dict.fromkeys(v for row in rows if (v := getattr(row, field, None)) is not None))

    as_of = [value for value in distinct("as_of") if isinstance(value, dt.datetime)]
    return Lineage.model_validate(
        {
            "as_of": max(as_of, default=None),
            "run_ids": distinct("run_id"),
            "code_versions": distinct("code_version"),
            "count": len(rows),
        }
    )
