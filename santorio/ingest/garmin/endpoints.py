"""The kinds that are fetched from a Garmin account, one row each.

To add a kind, add a row here, one in `payload_kinds.py` that detects its response, and a staging model.

Naps come within `sleep`, the load balance within `training_status`, body composition within `weigh_in`.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Grain = Literal["days", "account", "activity"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of data that Garmin Connect gives.

    Parameters
    ----------
    kind
        Name in the coverage ledger and in `payload_kinds.py`.
    method
        Method of the `garminconnect` client.
    arguments
        What it is called with: `{first}`, `{last}` (a range's days), `{activity}` (an activity's number), or as is.
    grain
        `days`: about calendar days; `account`: the current state, requested once a day; `activity`: one activity.
    span_days
        The most days that a call returns; 1 where it is about a single day.
    final_after_days
        Age in days from which an answer that no longer changes is final.
    is_default
        Whether it is fetched without being requested by name.
    is_shape_known
        Whether a response that `payload_kinds.py` does not detect is rejected. Of a few kinds no real response was
        seen: theirs are kept unchanged.
    list_key
        Key of the list in the response, if only the path states what is in it.
    """

    kind: str
    method: str
    arguments: tuple[str, ...] = ("{first}",)
    grain: Grain = "days"
    span_days: int = 1
    final_after_days: int = 2
    is_default: bool = True
    is_shape_known: bool = True
    list_key: str | None = None

    @property
    def event_type(self) -> str:
        """Type of its events."""
        return f"garmin.{self.kind}"

    def filled(self, first: dt.date, last: dt.date, activity: int | None) -> tuple[str, ...]:
        """Return the arguments of a call."""
        return tuple(text.format(first=first, last=last, activity=activity) for text in self.arguments)


RANGE = ("{first}", "{last}")
# Garmin rejects longer ranges of most daily series; those that its web app shows by year may span a year.
MONTH, YEAR = 28, 365

ENDPOINTS = (
    # Many days a call. The daily summary comes first: a change in it shows that a watch synced an old day late.
    Endpoint("daily_summary", "get_daily_summaries", RANGE, span_days=MONTH, list_key="data"),
    Endpoint("steps", "get_daily_steps", RANGE, span_days=MONTH),
    Endpoint("heart_rate_summary", "get_daily_heart_rate_stats", RANGE, span_days=MONTH),
    Endpoint("stress_summary", "get_daily_stress_stats", RANGE, span_days=MONTH),
    Endpoint("hrv_summary", "get_hrv_data_range", RANGE, span_days=MONTH),
    Endpoint("body_battery", "get_body_battery", RANGE, span_days=MONTH),
    Endpoint("training_readiness", "get_training_readiness_range", RANGE, span_days=MONTH),
    Endpoint("max_metrics", "get_max_metrics_range", RANGE, span_days=MONTH),
    Endpoint("hydration", "get_daily_hydration_stats", RANGE, span_days=MONTH),
    Endpoint("blood_pressure", "get_blood_pressure", RANGE, span_days=MONTH),
    Endpoint("activity", "get_activities_by_date", RANGE, span_days=MONTH),
    Endpoint("weigh_in", "get_weigh_ins", RANGE, span_days=YEAR),
    Endpoint("hill_score", "get_hill_score", RANGE, span_days=YEAR),
    Endpoint("race_predictions", "get_race_predictions", (*RANGE, "daily"), span_days=YEAR),
    # One day a call: what holds the series within the day.
    Endpoint("sleep", "get_sleep_data"),
    Endpoint("hrv", "get_hrv_data"),
    Endpoint("heart_rate", "get_heart_rates"),
    Endpoint("stress", "get_stress_data"),
    Endpoint("respiration", "get_respiration_data"),
    Endpoint("spo2", "get_spo2_data"),
    Endpoint("steps_intervals", "get_steps_data"),
    Endpoint("floors", "get_floors"),
    Endpoint("intensity_minutes", "get_intensity_minutes_data"),
    Endpoint("body_battery_events", "get_body_battery_events"),
    Endpoint("training_status", "get_training_status"),
    Endpoint("endurance_score", "get_endurance_score"),
    Endpoint("lifestyle", "get_lifestyle_logging_data", is_shape_known=False),
    Endpoint("nutrition", "get_nutrition_daily_food_log", is_shape_known=False),
    # The most private of all: fetched only if requested by name.
    Endpoint("menstrual_day", "get_menstrual_data_for_date", is_default=False, is_shape_known=False),
    # How things stand now; Garmin keeps no history of it.
    Endpoint("user_settings", "get_user_profile", (), grain="account"),
    Endpoint("device", "get_devices", (), grain="account", is_shape_known=False),
    Endpoint("personal_record", "get_personal_record", (), grain="account"),
    Endpoint("heart_rate_zones", "get_heart_rate_zones", (), grain="account"),
    Endpoint("power_zones", "get_power_zones", (), grain="account", is_shape_known=False),
    Endpoint("lactate_threshold", "get_lactate_threshold", (), grain="account", is_shape_known=False),
    Endpoint("cycling_ftp", "get_cycling_ftp", (), grain="account", is_shape_known=False),
    Endpoint("fitness_age", "get_fitnessage_data", grain="account", is_shape_known=False),
    Endpoint("activity_detail", "get_activity", ("{activity}",), grain="activity"),
    Endpoint("activity_samples", "get_activity_details", ("{activity}",), grain="activity"),
    Endpoint("activity_splits", "get_activity_splits", ("{activity}",), grain="activity"),
    Endpoint(
        "activity_weather", "get_activity_weather", ("{activity}",), grain="activity", is_shape_known=False
    ),
    Endpoint(
        "activity_exercise_sets",
        "get_activity_exercise_sets",
        ("{activity}",),
        grain="activity",
        is_shape_known=False,
    ),
    Endpoint("activity_file", "download_activity", ("{activity}",), grain="activity"),
)

BY_KIND = {endpoint.kind: endpoint for endpoint in ENDPOINTS}
