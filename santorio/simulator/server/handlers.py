"""Garmin Connect's paths and the handler of each. A handler's result of None is sent as 204."""

import datetime as dt
import io
import itertools
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from santorio.simulator.behaviour import Workout
from santorio.simulator.payloads import (
    account as account_payloads,
)
from santorio.simulator.payloads import (
    activities,
    cycle,
    fitness,
    impacts,
    intake,
    lifestyle,
    naps,
    pressure,
    ranges,
    sessions,
    thresholds,
    weeks,
    wellness,
)
from santorio.simulator.payloads.common import Stamps, select
from santorio.simulator.payloads.sleep import without_sleep
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.server.accounts import Account
from santorio.simulator.server.visibility import VisibleData

type Query = Mapping[str, str]
type Answer = Callable[[Account, VisibleData, Query], Any]
"""A handler: its arguments are the account, the data that Garmin has by now, and the parameters of path and query."""

MAX_PAGE = 20


def _of_day(kind: str) -> Answer:
    """Answer with the payload of this kind of a day."""

    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        day = data.index(query["date"])
        return None if day is None else data.day(day).get(kind)

    return answer


def _worn(make: Callable[..., Any]) -> Answer:
    """Answer with the payload that a function of `payloads` makes of a day on which the watch was worn."""

    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        day = data.index(query["date"])
        if day is None or not data.is_worn(day):
            return None
        return make(data.life, day, data.synced(day))

    return answer


def _each(make: Callable[..., Any], list_key: str | None = None) -> Answer:
    """Answer with the elements of each day of a range, in a list or under this key."""

    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        elements: list[Any] = []
        for day in data.indices(query["first"], query["last"]):
            made = make(data, day)
            if isinstance(made, list):
                elements += made
            elif made is not None:
                elements.append(made)
        return {list_key: elements} if list_key else elements

    return answer


def _sleep(_account: Account, data: VisibleData, query: Query) -> Any:
    day = data.index(query["date"])
    if day is None:
        return None
    night = data.day(day).get("sleep") or without_sleep(data.life, day)
    return naps.with_naps(night, data.life, day, data.synced(day))


def _summary(data: VisibleData, day: int) -> Any:
    return data.day(day).get("daily_summary")


def _steps(data: VisibleData, day: int) -> Any:
    element = ranges.steps(data.life, day, day)
    if element and not data.is_whole(day) and data.is_worn(day):
        element[0]["totalSteps"] = data.day(day)["daily_summary"].get("totalSteps")
    return element


def _stress(data: VisibleData, day: int) -> Any:
    summary = _summary(data, day) or {}
    if summary.get("averageStressLevel") is None:
        return None
    keys = ("highStressDuration", "lowStressDuration", "restStressDuration", "mediumStressDuration")
    values = select(summary, keys)
    values["overallStressLevel"] = summary["averageStressLevel"]
    return {"calendarDate": data.life.clock.date(day).isoformat(), "values": values}


def _heart_rate(data: VisibleData, day: int) -> Any:
    summary = _summary(data, day) or {}
    if summary.get("restingHeartRate") is None:
        return None
    values = {
        "restingHR": summary["restingHeartRate"],
        "wellnessMaxAvgHR": summary["maxAvgHeartRate"],
        "wellnessMinAvgHR": summary["minAvgHeartRate"],
    }
    return {"calendarDate": data.life.clock.date(day).isoformat(), "values": values}


def _hrv(data: VisibleData, day: int) -> Any:
    if not data.knows_night(day):
        return None
    return data.day(day)["hrv"]["hrvSummary"]


def _battery(data: VisibleData, day: int) -> Any:
    if not data.is_worn(day):
        return None
    return wellness.body_battery(data.life, day, data.synced(day))


def _effort_day(data: VisibleData, day: int) -> Any:
    if not data.is_worn(day):
        return None
    return weeks.effort_day(data.life, day, data.synced(day))


def _hydration(data: VisibleData, day: int) -> Any:
    return intake.hydration(data.life, day, data.now)


def _of_fitness(make: Callable[..., Any]) -> Callable[[VisibleData, int], Any]:
    """Make a payload that Garmin computes in the morning, once it has the night before."""

    def element(data: VisibleData, day: int) -> Any:
        if not data.knows_night(day):
            return None
        return make(data.life, day)

    return element


def _readiness(data: VisibleData, day: int) -> Any:
    if not data.knows_night(day):
        return []
    latest = Stamps(data.synced(day), 0).gmt
    entries = fitness.training_readiness(data.life, day)
    return [entry for entry in entries if entry["timestamp"] <= latest]


def _fitness_of_day(make: Callable[..., Any]) -> Answer:
    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        day = data.index(query["date"])
        return None if day is None else _of_fitness(make)(data, day)

    return answer


def _weigh_ins(data: VisibleData, day: int) -> list[Any]:
    if not ranges.weighed(data.life, day) or data.life.nights[day].end + 600 > data.now:
        return []
    return list(ranges.weigh_ins(data.life, day)["dateWeightList"])


def _weight_range(_account: Account, data: VisibleData, query: Query) -> Any:
    summaries = []
    for day in reversed(data.indices(query["first"], query["last"])):
        entries = _weigh_ins(data, day)
        if entries:
            summaries.append(_weight_summary(data.life.clock.date(day), entries))
    return {"dailyWeightSummaries": summaries, "totalAverage": None}


def _weight_summary(date: dt.date, entries: list[Any]) -> dict[str, Any]:
    weights = [entry["weight"] for entry in entries]
    return {
        "summaryDate": date.isoformat(),
        "numOfWeightEntries": len(entries),
        "minWeight": min(weights),
        "maxWeight": max(weights),
        "latestWeight": entries[-1],
        "allWeightMetrics": entries,
    }


def _weight_day(_account: Account, data: VisibleData, query: Query) -> Any:
    day = data.index(query["date"])
    entries: list[Any] = []
    if day is not None:
        entries = _weigh_ins(data, day)
    return {"startDate": query["date"], "endDate": query["date"], "dateWeightList": entries}


def _sessions(data: VisibleData, first: int, last: int) -> Iterator[tuple[int, Workout]]:
    """Sessions that are over and synced, newest first."""
    for day in range(min(last, data.today), first - 1, -1):
        for workout in reversed(data.life.workouts(day)):
            is_over = data.life.workout_end(day, workout) <= data.synced(day)
            if data.is_worn(day) and is_over:
                yield day, workout


def _activities(_account: Account, data: VisibleData, query: Query) -> Any:
    first, last = 0, data.today
    if "startDate" in query:
        first = max(_day_number(data, query["startDate"]), 0)
    if "endDate" in query:
        last = _day_number(data, query["endDate"])
    start = int(query.get("start", 0))
    # At most 1,000 a page, whatever was requested.
    limit = min(int(query.get("limit", MAX_PAGE)), 1000)
    page = itertools.islice(_sessions(data, first, last), start, start + limit)
    return [activities.activity(data.life, day, workout) for day, workout in page]


def _day_number(data: VisibleData, date: str) -> int:
    """Return a date as a day of the life, counted from 0; it may lie outside the life."""
    return (dt.date.fromisoformat(date) - data.life.clock.first_day).days


def _session(data: VisibleData, number: str) -> tuple[int, Workout] | None:
    for day, workout in _sessions(data, 0, data.today):
        activity = activities.activity(data.life, day, workout)
        if str(activity["activityId"]) == number:
            return day, workout
    return None


def _of_activity(make: Callable[..., Any]) -> Answer:
    """Answer with the payload that a function of `payloads` makes of one activity."""

    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        session = _session(data, query["number"])
        if session is None:
            return NOT_FOUND
        day, workout = session
        return make(data.life, day, workout)

    return answer


NOT_FOUND = object()
"""A handler's result that is sent as 404."""


@lru_cache(maxsize=64)
def _original(life: SimulatedPerson, day: int, workout: Workout) -> bytes:
    from santorio.simulator.payloads.fit import activity_fit

    number = activities.activity(life, day, workout)["activityId"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{number}_ACTIVITY.fit", activity_fit(life, day, workout))
    return packed.getvalue()


def _profile(account: Account, _data: VisibleData, _query: Query) -> Any:
    return {
        "id": account.profile,
        "profileId": account.profile,
        "displayName": account.display_name,
        "fullName": "Simulated Person",
        "userName": account.email,
    }


def _settings(_account: Account, data: VisibleData, _query: Query) -> Any:
    return account_payloads.user_settings(data.life, max(data.today, 0))


def _synced(make: Callable[..., Any]) -> Answer:
    """Answer with the state as of the last sync."""
    return lambda _account, data, _query: make(data.life, data.last_sync)


def _by_hand(make: Callable[..., Any]) -> Answer:
    """Answer with manual entries of a day up to now, whether or not the watch was worn."""

    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        day = _day_number(data, query["date"])
        if not 0 <= day <= data.today:
            return None
        return make(data.life, day, data.now)

    return answer


def _weeks(make: Callable[..., Any]) -> Answer:
    """Answer with N weeks up to a day, of days that are over."""

    def answer(_account: Account, data: VisibleData, query: Query) -> Any:
        last = _day_number(data, query["last"])
        return make(data.life, min(last, data.today - 1), int(query["weeks"]))

    return answer


def _effort_weeks(_account: Account, data: VisibleData, query: Query) -> Any:
    days = data.indices(query["first"], query["last"])
    if not days:
        return []
    return weeks.effort_weeks(data.life, days[0], days[-1], data.last_sync)


def _resting(_account: Account, data: VisibleData, query: Query) -> Any:
    first, last = query["fromDate"], query["untilDate"]
    days = [day for day in data.indices(first, last) if _heart_rate(data, day)]
    return weeks.resting_heart_rates(data.life, first, last, days)


def _pressure(_account: Account, data: VisibleData, query: Query) -> Any:
    first, last = dt.date.fromisoformat(query["first"]), dt.date.fromisoformat(query["last"])
    return pressure.blood_pressure(data.life, first, last, data.now)


def _power_to_weight(_account: Account, data: VisibleData, query: Query) -> Any:
    return thresholds.power_to_weight(data.life, data.last_sync, query.get("sport", "Running"))


def _today(make: Callable[..., Any]) -> Answer:
    return lambda _account, data, _query: make(data.life, max(data.today, 0))


ANSWERS: dict[str, Answer] = {
    "/userprofile-service/socialProfile": _profile,
    "/userprofile-service/userprofile/user-settings": _settings,
    "/userprofile-service/userprofile/settings": _settings,
    "/userprofile-service/userprofile/personal-information/{name}": _settings,
    "/usersummary-service/usersummary/daily/{name}": _of_day("daily_summary"),
    "/usersummary-service/v2/dailysummaries": _each(_summary, "data"),
    "/usersummary-service/stats/steps/daily/{first}/{last}": _each(_steps),
    "/usersummary-service/stats/heartRate/daily/{first}/{last}": _each(_heart_rate),
    "/usersummary-service/stats/stress/daily/{first}/{last}": _each(_stress),
    "/usersummary-service/stats/hydration/daily/{first}/{last}": _each(_hydration),
    "/usersummary-service/stats/im/daily/{first}/{last}": _each(_effort_day),
    "/usersummary-service/stats/im/weekly/{first}/{last}": _effort_weeks,
    "/usersummary-service/stats/steps/weekly/{last}/{weeks}": _weeks(weeks.step_weeks),
    "/usersummary-service/stats/stress/weekly/{last}/{weeks}": _weeks(weeks.stress_weeks),
    "/userstats-service/wellness/daily/{name}": _resting,
    "/wellness-service/stats/daily/sleep/score/{first}/{last}": _each(_of_fitness(weeks.sleep_score)),
    "/wellness-service/wellness/dailySleepData/{name}": _sleep,
    "/sleep-service/sleep/dailySleepData": _sleep,
    "/wellness-service/wellness/dailyHeartRate/{name}": _of_day("heart_rate"),
    "/wellness-service/wellness/dailyStress/{date}": _of_day("stress"),
    "/wellness-service/wellness/daily/respiration/{date}": _worn(wellness.respiration),
    "/wellness-service/wellness/daily/spo2/{date}": _worn(wellness.spo2),
    "/wellness-service/wellness/daily/im/{date}": _worn(wellness.intensity_minutes),
    "/wellness-service/wellness/floorsChartData/daily/{date}": _worn(wellness.floors),
    "/wellness-service/wellness/dailySummaryChart/{name}": _worn(wellness.steps_by_quarter),
    "/wellness-service/wellness/bodyBattery/reports/daily": _each(_battery),
    "/wellness-service/wellness/bodyBattery/events/{date}": _worn(impacts.battery_impacts),
    "/sleep-service/sleep/naps/{date}": _worn(naps.naps),
    "/usersummary-service/usersummary/hydration/daily/{date}": _by_hand(intake.hydration_day),
    "/hrv-service/hrv/daily/{first}/{last}": _each(_hrv, "hrvSummaries"),
    "/hrv-service/hrv/{date}": _of_day("hrv"),
    "/metrics-service/metrics/trainingreadiness/{first}/{last}": _each(_readiness),
    "/metrics-service/metrics/maxmet/daily/{first}/{last}": _each(_of_fitness(fitness.max_metrics)),
    "/metrics-service/metrics/hillscore/stats": _each(_of_fitness(fitness.hill_score), "hillScoreDTOList"),
    "/metrics-service/metrics/racepredictions/daily/{name}": _each(_of_fitness(fitness.race_predictions)),
    "/metrics-service/metrics/endurancescore": _fitness_of_day(fitness.endurance_score),
    "/metrics-service/metrics/trainingstatus/aggregated/{date}": _fitness_of_day(fitness.training_status),
    "/weight-service/weight/range/{first}/{last}": _weight_range,
    "/weight-service/weight/dayview/{date}": _weight_day,
    "/bloodpressure-service/bloodpressure/range/{first}/{last}": _pressure,
    "/biometric-service/heartRateZones": _today(fitness.heart_rate_zones),
    "/biometric-service/powerZones/sports/all": _synced(thresholds.power_zones),
    "/biometric-service/biometric/latestLactateThreshold": _synced(thresholds.lactate_threshold),
    "/biometric-service/biometric/powerToWeight/latest/{date}": _power_to_weight,
    "/biometric-service/biometric/latestFunctionalThresholdPower/{sport}": _synced(thresholds.cycling_ftp),
    "/fitnessage-service/fitnessage/{date}": _fitness_of_day(thresholds.fitness_age),
    "/personalrecord-service/personalrecord/prs/{name}": _today(fitness.personal_records),
    "/lifestylelogging-service/dailyLog/{date}": _by_hand(lifestyle.lifestyle_log),
    "/nutrition-service/food/logs/{date}": _by_hand(intake.food_log),
    "/periodichealth-service/menstrualcycle/dayview/{date}": _by_hand(
        lambda life, day, _until: cycle.menstrual_day(life, day)
    ),
    "/device-service/deviceregistration/devices": _synced(account_payloads.devices),
    "/device-service/deviceservice/mylastused": _synced(account_payloads.last_used),
    "/activitylist-service/activities/search/activities": _activities,
    "/activity-service/activity/{number}": _of_activity(sessions.detail),
    "/activity-service/activity/{number}/details": _of_activity(sessions.samples),
    "/activity-service/activity/{number}/splits": _of_activity(sessions.splits),
    "/activity-service/activity/{number}/hrTimeInZones": _of_activity(sessions.heart_rate_in_zones),
    "/activity-service/activity/{number}/weather": _of_activity(sessions.weather),
    "/activity-service/activity/{number}/exerciseSets": _of_activity(sessions.exercise_sets),
    "/download-service/files/activity/{number}": _of_activity(_original),
}
ALIASES = {
    "calendarDate": "date",
    "startDate": "first",
    "endDate": "last",
    "fromCalendarDate": "first",
    "toCalendarDate": "last",
}
"""The same parameter under Garmin's many names, and ours."""
