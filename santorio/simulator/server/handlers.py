"""Garmin Connect's addresses, and what each answers about a life. An answer of None is sent as 204."""

import datetime as dt
import io
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
from santorio.simulator.payloads.common import Stamps
from santorio.simulator.payloads.sleep import without_sleep
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.server.accounts import Account
from santorio.simulator.server.visibility import VisibleData

type Query = Mapping[str, str]
type Answer = Callable[[Account, VisibleData, Query], Any]
"""Answers from the account, what is known of the life, and the parameters of path and query."""

MAX_PAGE = 20


def _of_day(kind: str) -> Answer:
    """Answer with one of the day's own payloads, an object of nulls where there is none."""

    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        day = known.index(query["date"])
        return None if day is None else known.day(day).get(kind)

    return answer


def _worn(make: Callable[..., Any]) -> Answer:
    """Answer with what a maker of `payloads.wellness` tells of a day that the watch was worn."""

    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        day = known.index(query["date"])
        return make(known.life, day, known.synced(day)) if day is not None and known.is_worn(day) else None

    return answer


def _each(make: Callable[..., Any], holds: str | None = None) -> Answer:
    """Answer with an element a day of a range; a list where the maker makes several."""

    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        found: list[Any] = []
        for day in known.indices(query["first"], query["last"]):
            made = make(known, day)
            found += made if isinstance(made, list) else [] if made is None else [made]
        return {holds: found} if holds else found

    return answer


def _sleep(_account: Account, known: VisibleData, query: Query) -> Any:
    day = known.index(query["date"])
    if day is None:
        return None
    night = known.day(day).get("sleep") or without_sleep(known.life, day)
    return naps.with_naps(night, known.life, day, known.synced(day))


def _summary(known: VisibleData, day: int) -> Any:
    return known.day(day).get("daily_summary")


def _steps(known: VisibleData, day: int) -> Any:
    element = ranges.steps(known.life, day, day)
    if element and not known.is_whole(day) and known.is_worn(day):
        element[0]["totalSteps"] = known.day(day)["daily_summary"].get("totalSteps")
    return element


def _stress(known: VisibleData, day: int) -> Any:
    told = _summary(known, day) or {}
    if told.get("averageStressLevel") is None:
        return None
    names = ("high", "low", "rest", "medium")
    values = {f"{name}StressDuration": told[f"{name}StressDuration"] for name in names}
    date = known.life.clock.date(day).isoformat()
    return {"calendarDate": date, "values": {**values, "overallStressLevel": told["averageStressLevel"]}}


def _heart_rate(known: VisibleData, day: int) -> Any:
    told = _summary(known, day) or {}
    if told.get("restingHeartRate") is None:
        return None
    values = {
        "restingHR": told["restingHeartRate"],
        "wellnessMaxAvgHR": told["maxAvgHeartRate"],
        "wellnessMinAvgHR": told["minAvgHeartRate"],
    }
    return {"calendarDate": known.life.clock.date(day).isoformat(), "values": values}


def _hrv(known: VisibleData, day: int) -> Any:
    return known.day(day)["hrv"]["hrvSummary"] if known.knows_night(day) else None


def _battery(known: VisibleData, day: int) -> Any:
    return wellness.body_battery(known.life, day, known.synced(day)) if known.is_worn(day) else None


def _of_fitness(make: Callable[..., Any]) -> Callable[[VisibleData, int], Any]:
    """Tell what was worked out on the day, once the night before it is known."""
    return lambda known, day: make(known.life, day) if known.knows_night(day) else None


def _readiness(known: VisibleData, day: int) -> Any:
    made = fitness.training_readiness(known.life, day) if known.knows_night(day) else []
    latest = Stamps(known.synced(day), 0).gmt
    return [entry for entry in made if entry["timestamp"] <= latest]


def _fitness_of_day(make: Callable[..., Any]) -> Answer:
    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        day = known.index(query["date"])
        return None if day is None else _of_fitness(make)(known, day)

    return answer


def _weigh_ins(known: VisibleData, day: int) -> list[Any]:
    if not ranges.weighed(known.life, day) or known.life.nights[day].end + 600 > known.now:
        return []
    return list(ranges.weigh_ins(known.life, day)["dateWeightList"])


def _weight_range(_account: Account, known: VisibleData, query: Query) -> Any:
    summaries = []
    for day in reversed(known.indices(query["first"], query["last"])):
        entries = _weigh_ins(known, day)
        if entries:
            weights = [entry["weight"] for entry in entries]
            summaries.append(
                {
                    "summaryDate": known.life.clock.date(day).isoformat(),
                    "numOfWeightEntries": len(entries),
                    "minWeight": min(weights),
                    "maxWeight": max(weights),
                    "latestWeight": entries[-1],
                    "allWeightMetrics": entries,
                }
            )
    return {"dailyWeightSummaries": summaries, "totalAverage": None}


def _weight_day(_account: Account, known: VisibleData, query: Query) -> Any:
    day = known.index(query["date"])
    entries = [] if day is None else _weigh_ins(known, day)
    return {"startDate": query["date"], "endDate": query["date"], "dateWeightList": entries}


def _sessions(known: VisibleData, first: int, last: int) -> Iterator[tuple[int, Workout]]:
    """Sessions that are over and synced, newest first."""
    for day in range(min(last, known.today), first - 1, -1):
        for workout in reversed(known.life.workouts(day)):
            end = known.life.clock.instant(day, workout.minute) + 60 * workout.minutes
            if known.is_worn(day) and end <= known.synced(day):
                yield day, workout


def _activities(_account: Account, known: VisibleData, query: Query) -> Any:
    zero = known.life.clock.first_day
    first = (dt.date.fromisoformat(query["startDate"]) - zero).days if "startDate" in query else 0
    last = (dt.date.fromisoformat(query["endDate"]) - zero).days if "endDate" in query else known.today
    start, limit = int(query.get("start", 0)), min(int(query.get("limit", MAX_PAGE)), 1000)
    sessions = list(_sessions(known, max(first, 0), last))[start : start + limit]
    return [activities.activity(known.life, day, workout) for day, workout in sessions]


def _session(known: VisibleData, number: str) -> tuple[int, Workout, dict[str, Any]] | None:
    for day, workout in _sessions(known, 0, known.today):
        told = activities.activity(known.life, day, workout)
        if str(told["activityId"]) == number:
            return day, workout, told
    return None


def _of_activity(make: Callable[..., Any]) -> Answer:
    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        found = _session(known, query["number"])
        return NOT_FOUND if found is None else make(known.life, *found[:2])

    return answer


NOT_FOUND = object()
"""Answered with 404."""


@lru_cache(maxsize=64)
def _original(life: SimulatedPerson, day: int, workout: Workout) -> bytes:
    from santorio.simulator.payloads.fit import activity_fit

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            f"{activities.activity(life, day, workout)['activityId']}_ACTIVITY.fit",
            activity_fit(life, day, workout),
        )
    return packed.getvalue()


def _profile(account: Account, _known: VisibleData, _query: Query) -> Any:
    return {
        "id": account.profile,
        "profileId": account.profile,
        "displayName": account.display_name,
        "fullName": "Simulated Person",
        "userName": account.email,
    }


def _settings(_account: Account, known: VisibleData, _query: Query) -> Any:
    return account_payloads.user_settings(known.life, max(known.today, 0))


def _synced(make: Callable[..., Any]) -> Answer:
    """Answer with what stands as of the last sync."""
    return lambda _account, known, _query: make(known.life, known.last_sync)


def _by_hand(make: Callable[..., Any]) -> Answer:
    """Answer with what is entered on a day that has begun, watch or no watch, up to now."""

    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        day = (dt.date.fromisoformat(query["date"]) - known.life.clock.first_day).days
        return make(known.life, day, known.now) if 0 <= day <= known.today else None

    return answer


def _weeks(make: Callable[..., Any]) -> Answer:
    """Answer with so many weeks up to a day, of days that are over."""

    def answer(_account: Account, known: VisibleData, query: Query) -> Any:
        last = (dt.date.fromisoformat(query["last"]) - known.life.clock.first_day).days
        return make(known.life, min(last, known.today - 1), int(query["weeks"]))

    return answer


def _effort_weeks(_account: Account, known: VisibleData, query: Query) -> Any:
    days = known.indices(query["first"], query["last"])
    return weeks.effort_weeks(known.life, days[0], days[-1], known.last_sync) if days else []


def _resting(_account: Account, known: VisibleData, query: Query) -> Any:
    first, last = query["fromDate"], query["untilDate"]
    days = [day for day in known.indices(first, last) if _heart_rate(known, day)]
    return weeks.resting_heart_rates(known.life, first, last, days)


def _pressure(_account: Account, known: VisibleData, query: Query) -> Any:
    first, last = (dt.date.fromisoformat(query[key]) for key in ("first", "last"))
    return pressure.blood_pressure(known.life, first, last, known.now)


def _power_to_weight(_account: Account, known: VisibleData, query: Query) -> Any:
    return thresholds.power_to_weight(known.life, known.last_sync, query.get("sport", "Running"))


def _today(make: Callable[..., Any]) -> Answer:
    return lambda _account, known, _query: make(known.life, max(known.today, 0))


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
    "/usersummary-service/stats/hydration/daily/{first}/{last}": _each(
        lambda known, day: intake.hydration(known.life, day, known.now)
    ),
    "/usersummary-service/stats/im/daily/{first}/{last}": _each(
        lambda known, day: (
            weeks.effort_day(known.life, day, known.synced(day)) if known.is_worn(day) else None
        )
    ),
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
