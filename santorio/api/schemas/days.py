"""Days, nights, activities and coverage."""

import datetime as dt
from typing import Literal

from pydantic import Field

from santorio.api.schemas.base import OFFSET, AsOf, CodeVersion, Day, Offset, ResourceRead, RunId


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
