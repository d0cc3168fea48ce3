"""Trials and proposals, with their results."""

import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from santorio.api.schemas.base import AsOf, Lower50, Lower95, Name, ResourceRead, Upper50, Upper95


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
    lower_95: Lower95
    upper_95: Upper95
    lower_50: Lower50
    upper_50: Upper50
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
