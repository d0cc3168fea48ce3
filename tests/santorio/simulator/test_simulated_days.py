"""The payloads of a simulated day agree with each other, and with the calendar."""

import datetime as dt
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from santorio.simulator import Simulation, Truth, simulate
from santorio.simulator.intraday import STRESS_EVERY

LAST_DAY = dt.date(2025, 11, 20)
HOUR = 3_600_000


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(last_day=LAST_DAY)


@pytest.fixture(scope="module")
def files(simulation: Simulation) -> dict[str, bytes]:
    return dict(simulation.files())


@pytest.fixture(scope="module")
def newest(files: dict[str, bytes]) -> dict[str, Any]:
    """Payloads by kind and day, as they stand after the late ones have come."""
    return {
        path.split("/")[1].removesuffix(".json"): json.loads(content)
        for path, content in files.items()
        if path.startswith(("garmin/", "late/"))
    }


def of_kind(newest: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        name.removeprefix(f"{kind}_"): payload
        for name, payload in newest.items()
        if name.startswith(f"{kind}_20")
    }


def with_data(newest: dict[str, Any], kind: str, key: str) -> dict[str, Any]:
    return {day: payload for day, payload in of_kind(newest, kind).items() if payload[key] is not None}


def nights(newest: dict[str, Any]) -> dict[str, Any]:
    return {day: night for day, night in of_kind(newest, "sleep").items() if night["dailySleepDTO"]["id"]}


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def seconds(level: dict[str, Any]) -> int:
    return int((instant(level["endGMT"]) - instant(level["startGMT"])).total_seconds())


def test_the_stages_of_a_night_add_up_to_its_totals(newest: dict[str, Any]) -> None:
    for night in nights(newest).values():
        summary = night["dailySleepDTO"]
        totals: Counter[float] = Counter()
        for level in night["sleepLevels"]:
            totals[level["activityLevel"]] += seconds(level)

        names = ("deepSleepSeconds", "lightSleepSeconds", "remSleepSeconds", "awakeSleepSeconds")
        assert [totals[stage] for stage in range(4)] == [summary[name] for name in names]
        assert summary["sleepTimeSeconds"] == sum(summary[name] for name in names[:3])
        lasted = summary["sleepEndTimestampGMT"] - summary["sleepStartTimestampGMT"]
        assert lasted == 1000 * sum(totals.values())


def test_the_stages_of_a_night_follow_one_another_without_a_hole(newest: dict[str, Any]) -> None:
    for night in nights(newest).values():
        assert all(first["endGMT"] == then["startGMT"] for first, then in pairwise(night["sleepLevels"]))


def test_a_night_belongs_to_the_day_of_waking_by_the_persons_own_clock(newest: dict[str, Any]) -> None:
    for day, night in nights(newest).items():
        wakes = dt.datetime.fromtimestamp(night["dailySleepDTO"]["sleepEndTimestampLocal"] / 1000, dt.UTC)

        assert wakes.date().isoformat() == day == night["dailySleepDTO"]["calendarDate"]
        assert 5 <= wakes.hour < 10


def test_the_readings_of_a_night_average_to_its_heart_rate_variability(newest: dict[str, Any]) -> None:
    for day, payload in of_kind(newest, "hrv").items():
        readings = [reading["hrvValue"] for reading in payload["hrvReadings"]]

        assert round(sum(readings) / len(readings)) == payload["hrvSummary"]["lastNightAvg"]
        assert max(readings) == payload["hrvSummary"]["lastNight5MinHigh"]
        assert payload["hrvSummary"]["calendarDate"] == day
        assert day in nights(newest)


def test_average_stress_is_over_what_was_measured(newest: dict[str, Any]) -> None:
    shares = []
    for day, payload in with_data(newest, "stress", "avgStressLevel").items():
        values = [value for _, value in payload["stressValuesArray"]]
        measured = [value for value in values if value >= 0]
        shares.append(1 - len(measured) / len(values))

        assert payload["avgStressLevel"] == round(sum(measured) / len(measured))
        assert payload["maxStressLevel"] == max(measured)
        summary = newest[f"daily_summary_{day}"]
        assert summary["averageStressLevel"] == payload["avgStressLevel"]
        assert summary["uncategorizedStressDuration"] == STRESS_EVERY * values.count(-1)
        assert summary["activityStressDuration"] == STRESS_EVERY * values.count(-2)
        assert summary["totalStressDuration"] == STRESS_EVERY * len(values)
    assert 0.25 < sum(shares) / len(shares) < 0.4


def test_body_battery_is_the_same_in_the_summary_and_in_the_samples(newest: dict[str, Any]) -> None:
    statuses: Counter[str | None] = Counter()
    for day, payload in with_data(newest, "stress", "avgStressLevel").items():
        rows = payload["bodyBatteryValuesArray"]
        levels = [level for _, status, level, _ in rows if status is not None]
        statuses.update(status for _, status, _, _ in rows)
        summary = newest[f"daily_summary_{day}"]

        assert all((status is None) == (level is None) for _, status, level, _ in rows)
        assert summary["bodyBatteryHighestValue"] == max(levels) == summary["bodyBatteryAtWakeTime"]
        assert summary["bodyBatteryLowestValue"] == min(levels)
        assert summary["bodyBatteryMostRecentValue"] == levels[-1]
        charged, drained = summary["bodyBatteryChargedValue"], summary["bodyBatteryDrainedValue"]
        assert levels[0] + charged - drained == levels[-1]
    assert set(statuses) == {"MEASURED", "RESET", None}


def test_resting_heart_rate_is_one_number_in_all_payloads_of_a_day(newest: dict[str, Any]) -> None:
    for day, payload in with_data(newest, "heart_rate", "restingHeartRate").items():
        summary = newest[f"daily_summary_{day}"]
        assert payload["restingHeartRate"] == summary["restingHeartRate"]
        if day in nights(newest):
            assert newest[f"sleep_{day}"]["restingHeartRate"] == payload["restingHeartRate"]


def test_heart_rate_has_holes_and_nulls_and_its_extremes_are_the_summarys(newest: dict[str, Any]) -> None:
    holes = 0
    for day, payload in with_data(newest, "heart_rate", "restingHeartRate").items():
        values = payload["heartRateValues"]
        beats = [bpm for _, bpm in values if bpm is not None]
        steps = [then[0] - first[0] for first, then in pairwise(values)]
        holes += sum(step > 120_000 for step in steps)
        summary = newest[f"daily_summary_{day}"]

        assert min(steps) == 120_000
        assert len(beats) < len(values)
        assert payload["minHeartRate"] == min(beats) == summary["minHeartRate"]
        assert payload["maxHeartRate"] == max(beats) == summary["maxHeartRate"]
    assert holes > 50


def test_payloads_report_what_the_body_did(newest: dict[str, Any], simulation: Simulation) -> None:
    body, clock = simulation.life.body, simulation.life.clock
    nights_compared = 0
    for day in range(clock.days):
        date = clock.date(day).isoformat()
        if date in nights(newest):
            nights_compared += 1
            night = newest[f"sleep_{date}"]["dailySleepDTO"]
            assert night["sleepTimeSeconds"] == 60 * body.sleep_minutes[day]
            assert night["deepSleepSeconds"] == 60 * body.deep_sleep_minutes[day]
            assert night["sleepScores"]["overall"]["value"] == body.sleep_score[day]
            assert newest[f"hrv_{date}"]["hrvSummary"]["lastNightAvg"] == body.hrv_rmssd_ms[day]
        if date in with_data(newest, "daily_summary", "totalSteps"):
            summary = newest[f"daily_summary_{date}"]
            assert summary["restingHeartRate"] == body.resting_hr_bpm[day]
            assert summary["bodyBatteryHighestValue"] == body.body_battery_high[day]
            assert summary["averageStressLevel"] == pytest.approx(body.stress_avg[day], abs=1.0)
    assert nights_compared == len(nights(newest)) > 150


def test_steps_agree_between_the_range_and_the_day(newest: dict[str, Any]) -> None:
    counted = {
        row["calendarDate"]: row["totalSteps"]
        for name in newest
        if name.startswith("steps_")
        for row in newest[name]
    }

    assert {
        day: summary["totalSteps"] for day, summary in of_kind(newest, "daily_summary").items()
    } == counted


def test_every_kind_is_missing_now_and_then_but_not_often(newest: dict[str, Any]) -> None:
    days = 180
    summaries = of_kind(newest, "daily_summary")

    assert 1 <= days - len(summaries) <= 12
    assert 1 <= sum(summary["includesWellnessData"] is False for summary in summaries.values()) <= 12
    assert 3 <= days - len(nights(newest)) <= 25


def test_a_day_of_travel_is_longer_or_shorter_and_one_of_changing_clocks_too(newest: dict[str, Any]) -> None:
    lengths: Counter[float] = Counter()
    for summary in with_data(newest, "daily_summary", "wellnessStartTimeGmt").values():
        lasts = (
            instant(summary["wellnessEndTimeGmt"]) - instant(summary["wellnessStartTimeGmt"])
        ).total_seconds()
        lengths[lasts / 3600] += 1
        assert summary["durationInMilliseconds"] == lasts * 1000
        assert (
            instant(summary["wellnessStartTimeLocal"]).hour
            == instant(summary["wellnessEndTimeLocal"]).hour
            == 0
        )

    assert lengths == {24.0: lengths[24.0], 25.0: 1, 30.0: 1, 18.0: 1}


def test_in_spring_a_day_has_23_hours() -> None:
    clock = simulate(days=10, last_day=dt.date(2026, 4, 2)).life.clock
    lengths = {clock.date(day): (clock.bounds(day)[1] - clock.bounds(day)[0]) / 3600 for day in range(10)}

    assert lengths[dt.date(2026, 3, 29)] == 23
    assert sorted(lengths.values())[1:] == [24] * 9


def test_offsets_are_those_of_berlin_and_of_new_york_during_the_trip(newest: dict[str, Any]) -> None:
    offsets: Counter[tuple[str, int]] = Counter()
    for day, night in nights(newest).items():
        summary = night["dailySleepDTO"]
        hours = (summary["sleepEndTimestampLocal"] - summary["sleepEndTimestampGMT"]) // HOUR
        offsets["summer" if day < "2025-10-26" else "winter", hours] += 1

    assert set(offsets) == {("summer", 2), ("summer", -4), ("winter", 1)}
    assert 5 <= offsets["summer", -4] <= 7


def test_a_late_day_is_first_partial_and_then_whole(files: dict[str, bytes], simulation: Simulation) -> None:
    late = sorted(path.split("/")[1] for path in files if path.startswith("late/daily_summary"))

    assert 6 <= len(late) <= 8
    assert f"daily_summary_{LAST_DAY}.json" in late
    for name in late:
        partial, complete = json.loads(files[f"garmin/{name}"]), json.loads(files[f"late/{name}"])
        assert partial["totalSteps"] < complete["totalSteps"]
        assert partial["durationInMilliseconds"] < complete["durationInMilliseconds"]
        night = json.loads(files[f"garmin/{name.replace('daily_summary', 'sleep')}"])
        assert night["dailySleepDTO"]["sleepTimeSeconds"] is None


def test_an_activitys_load_is_recorded_once_on_the_day_of_its_local_clock(
    files: dict[str, bytes], newest: dict[str, Any], simulation: Simulation
) -> None:
    listed = [activity for path in files if "activities_" in path for activity in json.loads(files[path])]
    loads: Counter[str] = Counter()
    for activity in listed:
        day = activity["startTimeLocal"][:10]
        loads[day] += activity["activityTrainingLoad"]
        assert activity["maxHR"] == newest[f"daily_summary_{day}"]["maxHeartRate"]
    lived = zip(range(180), simulation.life.habits.training_load()[1:].tolist(), strict=True)
    expected = {simulation.life.clock.date(day).isoformat(): load for day, load in lived if load}

    assert loads == pytest.approx(expected)
    assert len({activity["activityId"] for activity in listed}) == len(listed) > 60


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others() -> None:
    first, second = (dict(simulate(days=45, seed=3, last_day=LAST_DAY).files()) for _ in range(2))
    other = dict(simulate(days=45, seed=4, last_day=LAST_DAY).files())

    assert first == second
    assert first["logs/by_hand.csv"] != other["logs/by_hand.csv"]


def test_writing_puts_the_files_into_the_folder_and_the_truth_beside_it(tmp_path: Path) -> None:
    simulation = simulate(days=45, last_day=LAST_DAY)
    truth = simulation.write(tmp_path / "files")

    written = {
        path.relative_to(tmp_path / "files").as_posix(): path.read_bytes()
        for path in (tmp_path / "files").rglob("*.*")
    }
    assert written == dict(simulation.files())
    assert Truth.read(tmp_path / "truth.json") == truth == simulation.truth


def test_a_life_of_one_day_is_refused() -> None:
    with pytest.raises(ValueError, match="2 days or more; 1 were requested"):
        simulate(days=1, last_day=LAST_DAY)
