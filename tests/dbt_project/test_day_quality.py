"""What cannot be trusted is kept, flagged and left out; what is odd is flagged and counts."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from santorio.analyses.series import describe_exclusions, read_exposures, read_outcomes
from santorio.people import Person
from santorio.storage.database.engine import Database
from support.scenarios import scenario

DAY = "2026-03-02"


def summary(log: Any, day: str, *, account: str = "7", **figures: object) -> None:
    log.garmin("daily_summary", day, {"calendarDate": day, "totalSteps": 8000, **figures}, account=account)


def night(log: Any, day: str, asleep_s: int, awake_s: int, window_s: int) -> None:
    woke = dt.datetime.fromisoformat(f"{day}T06:00+00:00").timestamp() * 1000
    log.garmin("sleep", day, {"dailySleepDTO": {
        "calendarDate": day, "sleepTimeSeconds": asleep_s, "awakeSleepSeconds": awake_s,
        "sleepStartTimestampGMT": woke - window_s * 1000, "sleepEndTimestampGMT": woke,
        "sleepEndTimestampLocal": woke + 3_600_000, "deepSleepSeconds": 3600, "lightSleepSeconds": asleep_s - 3600,
    }})  # fmt: skip


def hearts(log: Any, day: str, samples: int) -> None:
    figures = {"restingHeartRate": 50, "minHeartRate": 45, "maxHeartRate": 120}
    series = [[number, 60] for number in range(samples)]
    log.garmin("heart_rate", day, {"calendarDate": day, **figures, "heartRateValues": series})


def flags_of(rows: Any, where: str = "true") -> set[tuple[str, str, bool]]:
    """Metric, flag and whether it excludes the value, of one person."""
    found = rows("marts.day_quality", "metric, flag, is_excluded", where=where)
    return {(row["metric"], row["flag"], row["is_excluded"]) for row in found}


def read(warehouse: Database, person: Person) -> Any:
    with warehouse.connect() as connection:
        return {**read_outcomes(connection, person.user_id), **read_exposures(connection, person.user_id)}


@scenario
def test_a_value_outside_physiology_is_kept_flagged_and_out_of_the_models(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    summary(log, DAY, restingHeartRate=12)
    summary(log, "2026-03-03", restingHeartRate=27)
    summary(log, "2026-03-04", restingHeartRate=50)
    log.entry("caffeine", "2026-03-04T09:00+01:00", amount_mg=20_000)
    yield
    kept = rows("marts.outcomes", "value", "day", where="metric = 'resting_hr_bpm'")
    assert [one["value"] for one in kept] == [12, 27, 50]
    assert rows("marts.days", "resting_hr_bpm", where=f"day = '{DAY}'") == [{"resting_hr_bpm": 12}]
    assert flags_of(rows) == {
        ("resting_hr_bpm", "impossible", True),
        ("resting_hr_bpm", "unlikely", False),
        ("caffeine_mg", "impossible", True),
    }
    series = read(warehouse, newcomer)
    assert series["resting_hr_bpm"].value.tolist() == [27, 50]
    assert "caffeine_mg" not in series
    assert describe_exclusions(series) == {
        "resting_hr_bpm": [
            {"day": DAY, "reason": "The value is outside what a body can have (25 to 150 bpm)."}
        ]
    }
    # Words that a run records, and that may stand in a log, hold no value of the person.
    assert not any("12" in one["reason"] for one in rows("marts.day_quality", "reason"))


@scenario
def test_a_night_that_was_measured_in_part_is_left_out_and_a_short_one_is_not(
    log: Any, rows: Any
) -> Iterator[None]:
    night(log, DAY, 27_000, 1_800, 28_800)
    night(log, "2026-03-03", 14_400, 0, 28_800)
    night(log, "2026-03-04", 5_400, 0, 5_400)
    yield
    nightly = {"sleep_minutes", "deep_sleep_minutes", "sleep_score", "hrv_rmssd_ms"}
    for day, partial in ((DAY, set()), ("2026-03-03", nightly), ("2026-03-04", set())):
        told = flags_of(rows, f"flag = 'partial night' and day = '{day}'")
        assert {metric for metric, _, left in told if left} == partial


@scenario
def test_a_day_on_which_the_watch_was_hardly_worn_is_left_out(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    for day, samples in ((DAY, 239), ("2026-03-03", 240)):
        summary(log, day, restingHeartRate=50)
        hearts(log, day, samples)
    yield
    assert flags_of(rows, "flag = 'hardly worn' and day = '2026-03-03'") == set()
    assert {metric for metric, _, left in flags_of(rows, f"flag = 'hardly worn' and day = '{DAY}'") if left} == {
        "steps", "resting_hr_bpm", "stress_avg", "body_battery_high",
    }  # fmt: skip
    assert len(read(warehouse, newcomer)["steps"].value) == 1


@scenario
def test_a_day_that_still_runs_is_not_read(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    # By a clock east of everyone's the day has not ended anywhere.
    tomorrow = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)).isoformat()
    for day in (DAY, tomorrow):
        summary(log, day, restingHeartRate=50)
    yield
    assert ("steps", "unfinished", True) in flags_of(rows, f"day = '{tomorrow}'")
    assert flags_of(rows, f"day = '{DAY}'") == set()
    assert len(read(warehouse, newcomer)["steps"].value) == 1
    assert len(read(warehouse, newcomer)["resting_hr_bpm"].value) == 2


def test_what_came_later_of_another_kind_does_not_make_an_early_summary_whole(
    build: Any, log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> None:
    summary(log, DAY, restingHeartRate=50)
    hearts(log, DAY, 600)
    build()
    assert flags_of(rows) == set()
    with warehouse.connect() as connection:
        connection.execute(
            "update raw.events set ingested_at = '2026-03-02T12:00Z'"
            " where user_id = %s and event_type = 'garmin.daily_summary'",
            [newcomer.user_id],
        )
    build("--full-refresh", "--select", "+day_quality")
    assert ("steps", "unfinished", True) in flags_of(rows)


@scenario
def test_a_day_that_an_export_tells_in_part_is_unfinished(log: Any, rows: Any) -> Iterator[None]:
    told = {
        DAY: ("2026-03-02T14:20:00.0", False),
        "2026-03-03": ("2026-03-04T00:00:00.0", True),
        "2026-03-04": ("no time", True),
    }
    for day, (until, _) in told.items():
        figures = {
            "calendarDate": day,
            "totalSteps": 3000,
            "restingHeartRate": 50,
            "wellnessEndTimeLocal": until,
        }
        log.garmin("daily_summary_export", day, figures)
    yield
    for day, (_, is_whole) in told.items():
        assert (("steps", "unfinished", True) in flags_of(rows, f"day = '{day}'")) is not is_whole


@scenario
def test_who_wears_the_watch_at_night_alone_has_a_resting_heart_rate(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    for day, window_s in ((DAY, 27_000), ("2026-03-03", 45_000)):
        summary(log, day, restingHeartRate=50)
        hearts(log, day, 230)
        night(log, day, 25_200, 1_800, window_s)
    yield
    hardly = "flag = 'hardly worn' and metric = 'resting_hr_bpm'"
    assert flags_of(rows, f"{hardly} and day = '{DAY}'") == set()
    assert flags_of(rows, f"{hardly} and day = '2026-03-03'") == {("resting_hr_bpm", "hardly worn", True)}
    assert ("steps", "hardly worn", True) in flags_of(rows, f"day = '{DAY}'")


@scenario
def test_two_watches_that_disagree_are_flagged_and_one_that_is_told_twice_counts_once(
    log: Any, rows: Any
) -> Iterator[None]:
    summary(log, DAY, restingHeartRate=50, totalSteps=5000)
    summary(log, DAY, restingHeartRate=51, totalSteps=9000, account="8")
    yield
    assert flags_of(rows) == {
        ("steps", "reports disagree", False),
        ("resting_hr_bpm", "reported twice", False),
    }
    assert [one["reason"] for one in rows("marts.day_quality", "reason", where="metric = 'steps'")] == [
        "Two watches report it differently; one of them is taken."
    ]
    assert len(rows("marts.outcomes", where="metric = 'steps'")) == 1


@scenario
def test_a_week_that_lies_elsewhere_is_flagged_and_the_next_usual_one_is_not(
    log: Any, rows: Any
) -> Iterator[None]:
    monday = dt.date(2026, 1, 5)
    for number in range(14 * 7):
        is_shifted = 12 * 7 <= number < 13 * 7
        summary(
            log, (monday + dt.timedelta(days=number)).isoformat(),
            restingHeartRate=50 + number % 5 + (12 if is_shifted else 0),
        )  # fmt: skip
    yield
    shifted = rows("marts.day_quality", "day, metric, is_excluded, reason", "day", where="flag = 'shifted'")
    assert [one["day"] for one in shifted] == [monday + dt.timedelta(days=84 + number) for number in range(7)]
    assert {(one["metric"], one["is_excluded"]) for one in shifted} == {("resting_hr_bpm", False)}
    assert "higher" in shifted[0]["reason"]


@scenario
def test_a_change_of_watch_is_told_on_its_first_day(log: Any, rows: Any) -> Iterator[None]:
    for day, device in (("2026-03-01", "111"), (DAY, "111"), ("2026-03-04", "222"), ("2026-03-05", "222")):
        status = {"calendarDate": day, "primaryTrainingDevice": True, "trainingStatus": 4}
        log.garmin(
            "training_status",
            day,
            {"mostRecentTrainingStatus": {"latestTrainingStatusData": {device: status}}},
        )
    yield
    assert rows("marts.day_quality", "day::text, metric, flag") == [
        {"day": "2026-03-04", "metric": "day", "flag": "another watch"}
    ]


@scenario
def test_a_new_field_in_a_payload_is_kept_and_changes_nothing_and_a_missing_one_is_null(
    log: Any, rows: Any, warehouse: Database, newcomer: Person
) -> Iterator[None]:
    summary(log, DAY, restingHeartRate=50, brandNewFigure={"deeply": [1, 2]})
    log.garmin("daily_summary", "2026-03-03", {"calendarDate": "2026-03-03", "restingHeartRate": 51})
    yield
    told = rows("marts.days", "steps, resting_hr_bpm, missing_reason", "day")
    assert told == [
        {"steps": 8000, "resting_hr_bpm": 50, "missing_reason": None},
        {"steps": None, "resting_hr_bpm": 51, "missing_reason": None},
    ]
    with warehouse.connect() as connection:
        kept = connection.execute(
            "select data -> 'brandNewFigure' from raw.events where user_id = %s and data ? 'brandNewFigure'",
            [newcomer.user_id],
        ).fetchall()
    assert kept == [({"deeply": [1, 2]},)]


@scenario
def test_the_body_of_a_day_is_the_mean_of_its_readings(log: Any, rows: Any) -> Iterator[None]:
    for hour, kilograms in ((7, 70.0), (21, 71.0)):
        log.entry("weight", f"{DAY}T{hour:02}:00+01:00", weight_kg=kilograms)
    for minute, systolic in ((0, 120), (30, 130)):
        log.garmin("blood_pressure", DAY, {
            "measurementTimestampGMT": f"{DAY}T08:{minute:02}:00.0", "systolic": systolic, "diastolic": 80, "pulse": 60,
        }, key=f"{DAY}/{minute}")  # fmt: skip
    summary(log, DAY, restingHeartRate=49)
    yield
    (body,) = rows("marts.body_days")
    assert (body["weight_kg"], body["weigh_ins"], body["systolic_mmhg"], body["blood_pressure_readings"]) == (
        70.5, 2, 125, 2,
    )  # fmt: skip
    assert (body["diastolic_mmhg"], body["resting_hr_bpm"], body["body_fat_pct"]) == (80, 49, None)
