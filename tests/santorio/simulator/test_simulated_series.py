"""Series with a number a day or a week agree with the days that they summarise; naps overlap with nothing."""

import datetime as dt

import pytest

from santorio.simulator import simulate
from santorio.simulator.payloads import naps, weeks
from santorio.simulator.payloads.day import whole_day
from santorio.simulator.payloads.ranges import steps
from santorio.simulator.person import SimulatedPerson

AFTER = 4_000_000_000


@pytest.fixture(scope="module")
def life() -> SimulatedPerson:
    return simulate(days=200, seed=8, last_day=dt.date(2026, 3, 31)).life


def test_steps_of_weeks_are_those_of_their_days(life) -> None:
    series = weeks.step_weeks(life, 199, 52)
    assert len(series) == 29
    assert series[-1]["calendarDate"] == "2026-03-25"
    days = [day["totalSteps"] or 0 for day in steps(life, 0, 199)]
    assert sum(week["values"]["totalSteps"] for week in series) == sum(days)
    first = series[0]["values"]
    assert first["wellnessDataDaysCount"] <= 200 - 28 * 7
    assert first["averageSteps"] * first["wellnessDataDaysCount"] == pytest.approx(first["totalSteps"])


def test_a_few_weeks_end_with_the_day_asked_for(life) -> None:
    series = weeks.stress_weeks(life, 100, 3)
    dates = [dt.date.fromisoformat(week["calendarDate"]) for week in series]
    assert dates == [life.clock.date(day) for day in (80, 87, 94)]


def test_stress_of_a_week_is_the_mean_of_its_days(life) -> None:
    mean = weeks.stress_weeks(life, 199, 1)[0]["value"]
    days = [
        whole_day(life, day).get("daily_summary", {}).get("averageStressLevel") for day in range(193, 200)
    ]
    measured = [day for day in days if day is not None]
    assert mean == pytest.approx(sum(measured) / len(measured), abs=1)


def test_a_week_of_effort_is_that_of_its_daily_summaries(life) -> None:
    series = weeks.effort_weeks(life, 60, 60, AFTER)
    assert len(series) == 1
    monday = dt.date.fromisoformat(series[0]["calendarDate"])
    assert monday.weekday() == 0
    start = (monday - life.clock.first_day).days
    summaries = [whole_day(life, day).get("daily_summary", {}) for day in range(start, start + 7)]
    for ours, theirs in (
        ("moderateValue", "moderateIntensityMinutes"),
        ("vigorousValue", "vigorousIntensityMinutes"),
    ):
        assert series[0][ours] == sum(day.get(theirs) or 0 for day in summaries)


def test_a_sleep_score_is_that_of_the_night(life) -> None:
    day = next(day for day in range(30, 60) if life.wear.night_seen(day))
    night = whole_day(life, day)["sleep"]["dailySleepDTO"]
    assert weeks.sleep_score(life, day) == {
        "calendarDate": night["calendarDate"],
        "value": night["sleepScores"]["overall"]["value"],
    }


def test_a_nap_is_before_training_after_waking_and_within_its_day(life) -> None:
    count = 0
    for day in range(200):
        for nap in naps.naps(life, day, AFTER):
            count += 1
            start, end = (
                dt.datetime.fromisoformat(nap[f"nap{side}TimestampGMT"]).replace(tzinfo=dt.UTC).timestamp()
                for side in ("Start", "End")
            )
            assert end - start == nap["napTimeSec"]
            assert life.nights[day].end < start < end < life.clock.bounds(day)[1]
            sessions = [
                (at, at + 60 * workout.minutes)
                for workout in life.workouts(day)
                for at in [life.clock.instant(day, workout.minute)]
            ]
            pauses = [
                tuple(life.clock.instant(day, minute) for minute in pause) for pause in life.wear.pauses[day]
            ]
            assert all(end <= begins or start >= ends for begins, ends in sessions + pauses)
            assert nap["napStartTimeOffset"] * 60 == life.clock.offset(int(start))
            assert naps.naps(life, day, int(end) - 1) == []
    assert 10 < count < 40


def test_naps_lie_beside_the_night_and_leave_it_as_it_is(life) -> None:
    for day in range(200):
        night = whole_day(life, day).get("sleep")
        if night is None:
            continue
        with_naps = naps.with_naps(night, life, day, AFTER)
        of_day = naps.naps(life, day, AFTER)
        if not of_day:
            assert with_naps == night
            continue
        assert with_naps["dailySleepDTO"].pop("dailyNapDTOS") == of_day
        assert with_naps["dailySleepDTO"].pop("napTimeSeconds") == of_day[0]["napTimeSec"]
        assert with_naps["dailySleepDTO"].items() <= night["dailySleepDTO"].items()
        assert "dailyNapDTOS" not in night["dailySleepDTO"]
