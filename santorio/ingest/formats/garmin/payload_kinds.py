"""The kinds of Garmin Connect payloads, and the keys by which each is detected; a file's name never counts.

To add a kind, add a row here, and a staging model in dbt_project/models/staging if it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of payload.

    Parameters
    ----------
    name
        The event type is `garmin.<name>`.
    requires
        Keys that a payload of this kind has, and that distinguish it from the others.
    day
        Path of the calendar day; empty if the kind has none.
    key
        Path of the value that identifies one of several payloads of a day (the id of an activity, of a weigh-in);
        empty if there is one a day.
    list_path
        Path of a list whose elements are the payloads: of a range of days, of a day's weigh-ins.
    siblings
        Keys of further payloads of this kind beside the list (the weigh-in before the range and the one after it),
        or beside an inner list (a day's latest, which comes alone if not all were requested).
    is_log
        Whether a day may have several payloads without an identifier: then the content identifies each.
    """

    name: str
    requires: tuple[str, ...]
    day: tuple[str, ...] = ("calendarDate",)
    key: tuple[str, ...] = ()
    list_path: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    is_log: bool = False


# The first matching row wins: rows with more specific keys come first.
KINDS = (
    Kind("sleep", ("dailySleepDTO",), day=("dailySleepDTO", "calendarDate")),
    # The night without its series, from the account's export and some clients. It never replaces a complete night.
    Kind("sleep_summary", ("calendarDate", "sleepStartTimestampGMT", "deepSleepSeconds")),
    Kind("sleep_summary", ("calendarDate", "sleepStartTimestampGMT", "sleepWindowConfirmationType")),
    Kind("hrv", ("hrvSummary",), day=("hrvSummary", "calendarDate")),
    Kind("hrv_summary", ("hrvSummaries",), list_path=("hrvSummaries",)),
    Kind("heart_rate", ("heartRateValues",)),
    Kind("body_battery_events", ("event", "activityName"), day=(), key=("event", "eventStartTimeGmt")),
    Kind("stress", ("stressValuesArray",)),
    Kind("stress", ("avgStressLevel", "stressChartValueOffset")),
    Kind("respiration", ("respirationValuesArray",)),
    Kind(
        "respiration",
        ("avgWakingRespirationValue", "lowestRespirationValue", "tomorrowSleepStartTimestampGMT"),
    ),
    Kind("spo2", ("spO2HourlyAverages",)),
    Kind("spo2", ("averageSpO2", "lowestSpO2")),
    Kind("floors", ("floorValuesArray",), day=("startTimestampLocal",)),
    Kind("intensity_minutes", ("imValuesArray",)),
    Kind("body_battery", ("bodyBatteryValuesArray",), day=("date",)),
    Kind("weigh_in", ("dateWeightList",), key=("samplePk",), list_path=("dateWeightList",)),
    Kind(
        "weigh_in",
        ("dailyWeightSummaries",),
        key=("samplePk",),
        list_path=("dailyWeightSummaries", "allWeightMetrics"),
        siblings=("latestWeight", "previousDateWeight", "nextDateWeight"),
    ),
    Kind(
        "activity_detail",
        ("activityId", "summaryDTO"),
        day=("summaryDTO", "startTimeLocal"),
        key=("activityId",),
    ),
    Kind("activity_samples", ("activityId", "activityDetailMetrics"), day=(), key=("activityId",)),
    Kind("activity_splits", ("activityId", "lapDTOs"), day=(), key=("activityId",)),
    Kind("activity_exercise_sets", ("activityId", "exerciseSets"), day=(), key=("activityId",)),
    Kind("activity_weather", ("issueDate", "weatherStationDTO"), day=()),
    Kind("activity", ("activityId", "startTimeGMT"), day=("startTimeLocal",), key=("activityId",)),
    # The account's export states milliseconds and centimetres where the list states seconds and metres.
    Kind(
        "activity_export",
        ("summarizedActivitiesExport",),
        day=(),
        key=("activityId",),
        list_path=("summarizedActivitiesExport",),
    ),
    Kind("fitness_stats", ("activityId", "startLocal"), day=("startLocal",), key=("activityId",)),
    Kind("personal_record", ("id", "typeId", "prStartTimeGmt"), day=(), key=("id",)),
    # The account's export has other keys for the day than the API: stress and body battery are lists.
    Kind("daily_summary_export", ("userProfilePK", "wellnessStartTimeGmt", "calendarDate")),
    Kind("daily_summary_export", ("userProfilePK", "includesWellnessData", "calendarDate")),
    Kind("health_status", ("calendarDate", "metrics")),
    # Other kinds that only the account's export has, or has with other keys: every computation and not only the
    # day's last; dates as milliseconds; logs of what the API gives as a sum.
    Kind("hydration_log", ("calendarDate", "timestampLocal", "valueInML"), key=("uuid", "uuid"), is_log=True),
    Kind("endurance_score_export", ("overallScore", "classification", "timestamp"), is_log=True),
    Kind("hill_score_export", ("hillScoreClassificationId", "timestamp"), is_log=True),
    Kind("race_predictions_export", ("calendarDate", "raceTime5K"), is_log=True),
    Kind("max_metrics_export", ("calendarDate", "maxMet"), is_log=True),
    Kind("activity_vo2_max", ("activityId", "vo2MaxValue"), key=("activityId",)),
    Kind("acute_training_load", ("calendarDate", "dailyTrainingLoadAcute"), is_log=True),
    Kind("training_history", ("calendarDate", "trainingStatus", "fitnessLevelTrend"), is_log=True),
    Kind("acclimation", ("calendarDate", "heatAcclimationPercentage"), is_log=True),
    Kind("cycling_ability", ("calendarDate", "aerobicEndurance", "anaerobicCapacity"), is_log=True),
    Kind(
        "abnormal_heart_rate", ("calendarDate", "abnormalHrValue"), key=("abnormalHrEventGMT",), is_log=True
    ),
    Kind("health_snapshot", ("calendarDate", "summaryTypeDataList"), key=("startTimestampGMT",), is_log=True),
    Kind("fitness_age_export", ("asOfDateGmt", "currentBioAge"), day=()),
    Kind(
        "blood_pressure_export",
        ("metaData", "bloodPressure"),
        day=("metaData", "calendarDate"),
        key=("metaData", "sequence"),
        is_log=True,
    ),
    Kind(
        "biometrics",
        ("metaData", "version"),
        day=("metaData", "calendarDate"),
        key=("metaData", "sequence"),
        is_log=True,
    ),
    Kind("biometrics_profile", ("height", "weight", "activityClass"), day=()),
    Kind("biometrics_profile", ("lactateThresholdSpeed", "lactateThresholdHeartRate"), day=()),
    Kind(
        "personal_record_export",
        ("personalRecords",),
        day=(),
        key=("personalRecordId",),
        list_path=("personalRecords",),
    ),
    Kind("gear", ("gearDTOS",), day=()),
    Kind("daily_summary", ("totalSteps", "wellnessStartTimeGmt")),
    Kind("daily_summary", ("includesWellnessData",)),
    Kind("steps", ("calendarDate", "totalSteps")),
    # Built from a bare list of entries (step_intervals.py). Two parts of a day do not replace each other.
    Kind("steps_intervals", ("stepsIntervals",), key=("partStartGMT",)),
    Kind("intensity_summary", ("calendarDate", "moderateValue")),
    Kind("hydration", ("calendarDate", "valueInML")),
    Kind("training_readiness", ("calendarDate", "feedbackLong", "level"), key=("timestamp",)),
    Kind("hill_score", ("hillScoreDTOList",), list_path=("hillScoreDTOList",)),
    Kind("hill_score", ("strengthScore",)),
    Kind("endurance_score", ("overallScore", "classification")),
    Kind("race_predictions", ("time5K",)),
    Kind("training_status", ("mostRecentTrainingStatus",), day=()),
    Kind("training_status", ("weeklyTrainingStatus",), day=()),
    Kind("training_status", ("monthlyTrainingStatus",), day=()),
    Kind("user_settings", ("userData",), day=(), key=("id",)),
    Kind("max_metrics", ("userId", "generic"), day=("generic", "calendarDate")),
    Kind("fitness_age", ("fitnessAge", "chronologicalAge"), day=()),
    Kind(
        "blood_pressure",
        ("measurementSummaries", "from", "until"),
        day=("measurementTimestampLocal",),
        key=("version",),
        list_path=("measurementSummaries", "measurements"),
    ),
    Kind("power_zones", ("functionalThresholdPower", "zone1Floor"), day=(), key=("sport",)),
    Kind("heart_rate_zones", ("zone1Floor",), day=(), key=("sport",)),
    Kind("cycling_ftp", ("functionalThresholdPower", "sport"), day=(), key=("sport",)),
    Kind("lactate_threshold", ("speed_and_heart_rate",), day=()),
    Kind("device", ("deviceId", "productDisplayName"), day=(), key=("deviceId",)),
    Kind("lifestyle", ("dailyLogsReport",)),
    Kind("nutrition", ("mealDetails",), day=("mealDate",)),
    Kind("menstrual_day", ("daySummary", "dayLog"), day=()),
    Kind(
        "body_battery_events",
        ("activityType", "startTimestampGMT", "moderateIntensityMinutes"),
        key=("startTimestampGMT",),
    ),
)

# A payload of no known kind. If it has one of these keys, it is Garmin's all the same.
OTHER = Kind("other", ())
GARMIN_KEYS = (
    "userProfilePK",
    "userProfilePk",
    "userProfileId",
    "calendarDate",
    "activityId",
    "deviceId",
)


# Statistics, {calendarDate, values: {…}}: a key of `values`, and the kind of a daily and of a weekly one.
STATISTICS = {
    "restingHR": ("heart_rate_summary", "heart_rate_summary"),
    "overallStressLevel": ("stress_summary", "stress_weekly"),
    "totalSteps": ("steps_weekly", "steps_weekly"),
    "averageSteps": ("steps_weekly", "steps_weekly"),
}


def _aggregate(payload: Payload, step_days: int | None) -> Kind | None:
    """Detect kinds whose elements look the same for a day and for a week; the distance of their days decides."""
    values, is_weekly = payload.get("values"), step_days == 7
    if isinstance(values, Mapping):
        for key, (daily, weekly) in STATISTICS.items():
            if key in values:
                return Kind(weekly if is_weekly else daily, ())
    elif "value" in payload and "calendarDate" in payload and step_days is not None:
        # A date and a number, without the name of what it measures: weeks are stress, days are scores of sleep.
        name = "stress_weekly" if is_weekly else "sleep_score"
        return Kind(name, ())
    return None


def detect_kind(payload: Payload, step_days: int | None = None) -> Kind | None:
    """Detect the kind of a payload; `step_days` is the distance between the days of the list that it is from."""
    aggregate = _aggregate(payload, step_days)
    if aggregate is not None:
        return aggregate
    for kind in KINDS:
        if all(key in payload for key in kind.requires):
            # Again only the distance of the days distinguishes weeks from days.
            if kind.name == "intensity_summary" and step_days == 7:
                return Kind("intensity_weekly", ())
            return kind
    if any(key in payload for key in GARMIN_KEYS):
        return OTHER
    return None


def get_path(payload: object, path: tuple[str, ...]) -> object:
    """Follow a path of keys; None if one of them is not there."""
    for key in path:
        if not isinstance(payload, Mapping):
            return None
        payload = payload.get(key)
    return payload
