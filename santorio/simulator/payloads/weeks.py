"""Series that give one number a day or a week: scores, steps, stress, minutes of effort, resting heart rate.

A week of steps or stress is the seven days that end with the last day asked for, or seven days before that; a week
of effort begins on Monday.
"""

from collections.abc import Sequence
from statistics import fmean

from santorio.simulator.payloads.common import Payload
from santorio.simulator.payloads.ranges import steps
from santorio.simulator.payloads.wellness import intensity_minutes
from santorio.simulator.person import SimulatedPerson

EFFORT_GOAL = 150


def sleep_score(life: SimulatedPerson, day: int) -> Payload:
    """Make an element of `wellness-service/stats/daily/sleep/score`, of a night that was seen."""
    return {"calendarDate": life.clock.date(day).isoformat(), "value": int(life.body.sleep_score[day])}


def effort_day(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make an element of `usersummary-service/stats/im/daily`."""
    minutes = intensity_minutes(life, day, until)
    return _effort(minutes["calendarDate"], minutes["moderateMinutes"], minutes["vigorousMinutes"])


def effort_weeks(life: SimulatedPerson, first: int, last: int, until: int) -> list[Payload]:
    """Make `usersummary-service/stats/im/weekly`: every week, from Monday, that has a day of the range."""
    made = []
    for monday in range(_monday(life, first), last + 1, 7):
        week = range(max(monday, 0), min(monday + 7, life.clock.days))
        days = [effort_day(life, day, until) for day in week if life.wear.worn(day)]
        if days:
            moderate = sum(day["moderateValue"] for day in days)
            vigorous = sum(day["vigorousValue"] for day in days)
            made.append(_effort(life.clock.date(monday).isoformat(), moderate, vigorous))
    return made


def _monday(life: SimulatedPerson, day: int) -> int:
    """Return the Monday of a day's week; it may lie before the life."""
    return day - life.clock.date(day).weekday()


def step_weeks(life: SimulatedPerson, last: int, weeks: int) -> list[Payload]:
    """Make `usersummary-service/stats/steps/weekly`: of days that are over, those with the watch."""
    made = []
    for start in _starts(last, weeks):
        days = [day for day in steps(life, max(start, 0), start + 6) if day["totalSteps"] is not None]
        if days:
            total = float(sum(day["totalSteps"] for day in days))
            metres = float(sum(day["totalDistance"] for day in days))
            values = {
                "totalSteps": total,
                "averageSteps": total / len(days),
                "wellnessDataDaysCount": len(days),
                "averageDistance": metres / len(days),
                "totalDistance": metres,
            }
            made.append({"calendarDate": life.clock.date(start).isoformat(), "values": values})
    return made


def stress_weeks(life: SimulatedPerson, last: int, weeks: int) -> list[Payload]:
    """Make `usersummary-service/stats/stress/weekly`: means of days that are over."""
    made = []
    for start in _starts(last, weeks):
        week = range(max(start, 0), start + 7)
        levels = [float(life.body.stress_avg[day]) for day in week if life.wear.worn(day)]
        if levels:
            made.append({"calendarDate": life.clock.date(start).isoformat(), "value": round(fmean(levels))})
    return made


def resting_heart_rates(life: SimulatedPerson, first: str, last: str, days: Sequence[int]) -> Payload:
    """Make `userstats-service/wellness/daily` of metric 60, for the days of `days`."""
    values = []
    for day in days:
        date = life.clock.date(day).isoformat()
        values.append({"value": float(life.body.resting_hr_bpm[day]), "calendarDate": date})
    return {
        "userProfileId": life.profile,
        "statisticsStartDate": first,
        "statisticsEndDate": last,
        "allMetrics": {"metricsMap": {"WELLNESS_RESTING_HEART_RATE": values}},
        "groupedMetrics": None,
    }


def _effort(date: str, moderate: int, vigorous: int) -> Payload:
    values = {"moderateValue": moderate, "vigorousValue": vigorous}
    return {"calendarDate": date, "weeklyGoal": EFFORT_GOAL, **values}


def _starts(last: int, weeks: int) -> range:
    """Return the first day of each of the weeks that end on a day, without those that end before the life."""
    first = last - 7 * weeks + 1
    first_of_life = (last + 1) % 7 - 7
    return range(max(first, first_of_life), last + 1, 7)
