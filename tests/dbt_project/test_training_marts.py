"""What the warehouse makes of recordings, thresholds and days of training is what the library's functions say."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from santorio.analyses.training.activity_metrics import ActivityMetrics, compute_activity_metrics
from santorio.analyses.training.best_efforts import DURATIONS
from santorio.analyses.training.pipeline import compute_recordings
from santorio.people import Person, ensure_person
from santorio.storage.activity_records import Recording, write_recordings
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events
from support.training_oracle.critical_power import fit_critical_power
from support.training_oracle.heart_rate_load import banister_trimp, edwards_trimp, heart_rate_load
from support.training_oracle.load_model import (
    acute_chronic_ratio,
    exponential_mean,
    form,
    monotony,
    strain,
    weight_of_span,
    weight_of_time_constant,
)
from support.training_oracle.stress_score import training_stress_score

FIRST = dt.date(2026, 1, 1)
DAYS = 60
RIDES = [day for day in range(DAYS) if day % 3 != 1]
MODELLED = (120, 180, 240, 300, 480, 600, 720, 900, 1200)
BODY = {"max_bpm": 190.0, "resting_bpm": 50.0}


def day_of(number: int) -> str:
    return (FIRST + dt.timedelta(days=number)).isoformat()


def at_eight(number: int) -> dt.datetime:
    return dt.datetime.combine(FIRST + dt.timedelta(days=number), dt.time(8), dt.UTC)


def seconds(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Power and heart rate of a ride, of its own length and hardness."""
    random = np.random.default_rng(number)
    count = 1500 + 60 * (number % 17)
    power = np.clip(random.normal(170 + 3 * (number % 11), 40, count), 0, None).round()
    all_out = MODELLED[number % len(MODELLED)]
    power[300 : 300 + all_out] = (240 + 20_000 / all_out) + np.arange(all_out) % 3
    heart = np.clip(np.cumsum(random.normal(0, 1, count)) + 130, 90, 185).round()
    return power, heart


def figures(number: int) -> ActivityMetrics:
    power, heart = seconds(number)
    times = at_eight(number).timestamp() + np.arange(len(power))
    return compute_activity_metrics(times, power, heart, np.full(len(power), np.nan))


class Recorder:
    """Writes files with records, as the importers do."""

    def __init__(self, log: Any, database: Database) -> None:
        self.log, self.database = log, database

    def ride(
        self,
        key: str,
        start: dt.datetime,
        columns: Mapping[str, np.ndarray],
        sport: str = "cycling",
        **more: object,
    ) -> Event:
        count = len(next(iter(columns.values())))
        told = {
            "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "sport": sport, "total_timer_time_s": count,
            "total_elapsed_time_s": count, **more,
        }  # fmt: skip
        person = self.log.person
        named = Event(person.user_id, start, None, "fit.activity", "fit", key, {"sessions": [told]}, {})
        recording = Recording(
            person.user_id, hashlib.sha256(key.encode()).hexdigest(), named.event_id, "fit",
            start.timestamp() + np.arange(count), columns,
        )  # fmt: skip
        event = Event(
            person.user_id, start, None, "fit.activity", "fit", key, {"sessions": [told]},
            {"recording_id": str(recording.recording_id)},
        )  # fmt: skip
        with self.database.connect() as connection:
            write_events(connection, [event])
            write_recordings(connection, [recording])
        return event


def worn(log: Any, days: range) -> None:
    for number in days:
        day = day_of(number)
        log.garmin("daily_summary", day, {"calendarDate": day, "totalSteps": 5000, "restingHeartRate": 50})


def state(log: Any, number: int, **values: float) -> None:
    for name, value in values.items():
        log.entry("measure", f"{day_of(number)}T06:00:00+00:00", name=name, value=value)


def rider(log: Any, recorder: Recorder) -> None:
    """A woman with power and heart rate on two days of three, her threshold stated from the twentieth day on."""
    log.garmin("user_settings", day_of(0), {"userData": {"gender": "FEMALE"}}, key="settings")
    worn(log, range(DAYS + 3))
    state(log, 0, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50)
    state(log, 20, ftp_w=240)
    # What no body has is no threshold, and stops nobody's build.
    state(log, 21, ftp_w=1e-200)
    state(log, 22, max_hr_bpm=1e11)
    for number in RIDES:
        power, heart = seconds(number)
        recorder.ride(f"rider {number}", at_eight(number), {"power_w": power, "heart_rate_bpm": heart})


def runner(log: Any, recorder: Recorder) -> None:
    """Somebody without a watch by day: runs with heart rate, one of unknown load, one told by the account alone."""
    state(log, 0, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50)
    for number in (0, 5, 9):
        recorder.ride(
            f"run {number}", at_eight(number), {"heart_rate_bpm": np.full(1800, 150.0)}, sport="running"
        )
    swim = {
        "start_time": f"{day_of(7)}T08:00:00Z",
        "sport": "swimming",
        "total_timer_time_s": 1200,
        "total_elapsed_time_s": 1200,
    }
    log.fit("swim", {"sessions": [swim]})
    listed(log, 9001, at_eight(12), 1800, "running", averageHR=150, normPower=1e11, directWorkoutRpe=70)


def listed(log: Any, number: int, start: dt.datetime, length: float, sport: str, **more: object) -> None:
    moment = start.strftime("%Y-%m-%d %H:%M:%S")
    data = {
        "activityId": number, "startTimeGMT": moment, "startTimeLocal": moment, "activityType": {"typeKey": sport},
        "duration": length, "elapsedDuration": length, **more,
    }  # fmt: skip
    log.garmin("activity", start.date().isoformat(), data, key=str(number))


def doubled(log: Any, recorder: Recorder) -> None:
    """One ride that a bicycle computer, a watch and the account each tell, and another that was deleted."""
    state(log, 0, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50)
    power, heart = seconds(0)
    start = at_eight(0)
    recorder.ride("computer", start, {"power_w": power}, threshold_power_w=200.0)
    recorder.ride("watch", start + dt.timedelta(seconds=20), {"heart_rate_bpm": heart}, workout_rpe=60.0)
    listed(log, 9002, start, len(power), "cycling", averageHR=140, normPower=300)
    state(log, 1, session_rpe=8)
    gone = recorder.ride("gone", at_eight(3), {"power_w": power})
    log.delete(gone)


def drawn(log: Any, _recorder: Recorder) -> None:
    """An activity of which only the account's drawn samples are there, with lifting beside it."""
    state(log, 0, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50)
    listed(log, 9003, at_eight(0), 600, "cycling", averageHR=100)
    samples = [{"metrics": [(at_eight(0).timestamp() + second) * 1000, 150.0]} for second in range(600)]
    keys = [{"metricsIndex": 0, "key": "directTimestamp"}, {"metricsIndex": 1, "key": "directHeartRate"}]
    data = {"activityId": 9003, "metricDescriptors": keys, "activityDetailMetrics": samples}
    log.garmin("activity_samples", day_of(0), data, key="9003")
    listed(log, 9004, at_eight(1), 1800, "strength_training")
    sets = [
        {"setType": "ACTIVE", "duration": 30.0, "repetitionCount": 8, "weight": 50_000.0, "exercises": []},
        {"setType": "REST", "duration": 90.0, "repetitionCount": None, "weight": -1, "exercises": []},
        {"setType": "ACTIVE", "duration": 40.0, "repetitionCount": 10, "weight": -1.0, "exercises": []},
        {"setType": "ACTIVE", "duration": 20.0, "repetitionCount": 5, "weight": 60_000.0, "exercises": []},
    ]
    log.garmin("activity_exercise_sets", day_of(1), {"activityId": 9004, "exerciseSets": sets}, key="9004")


def cyclist(log: Any, recorder: Recorder) -> None:
    """Somebody who states thresholds where a device and the account state others, and who runs with power too."""
    state(log, 0, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50)
    power, heart = np.full(1500, 220.0), np.full(1500, 150.0)
    for number in (5, 6):
        recorder.ride(
            f"set {number}",
            at_eight(number),
            {"power_w": power, "heart_rate_bpm": heart},
            threshold_power_w=315,
        )
    state(log, 5, ftp_w=280)
    for number in (1, 8, 12):
        columns = {"power_w": power, "heart_rate_bpm": heart}
        recorder.ride(f"powered run {number}", at_eight(number), columns, sport="running")
    for number, threshold in ((0, 160), (10, 165)):
        measured = {"calendarDate": day_of(number), "heartRate": threshold}
        log.garmin(
            "lactate_threshold", day_of(number), {"speed_and_heart_rate": measured}, key=f"at {number}"
        )


def early_learner(log: Any, _recorder: Recorder) -> None:
    """Somebody whose running threshold the account knows before the person states one of all sports."""
    state(log, 9, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50)
    measured = {"calendarDate": day_of(0), "heartRate": 160}
    log.garmin("lactate_threshold", day_of(0), {"speed_and_heart_rate": measured}, key="early")
    for number, listing in ((7, 9101), (9, 9102)):
        listed(log, listing, at_eight(number), 1800, "running", averageHR=150)


def walker(log: Any, recorder: Recorder) -> None:
    """Somebody without a birthday who goes easy, and states a highest heart rate on the third day."""
    for number in (0, 3):
        recorder.ride(f"walk {number}", at_eight(number), {"heart_rate_bpm": np.full(1500, 110.0)})
    state(log, 2, max_hr_bpm=190)


def patchy(log: Any, recorder: Recorder) -> None:
    """Rides of which heart rate covers a third: one with power throughout, one with power in a third as well."""
    state(log, 0, max_hr_bpm=190, threshold_hr_bpm=170, resting_hr_bpm=50, ftp_w=250)
    power, heart = np.full(1800, 200.0), np.full(1800, 150.0)
    heart[600:] = np.nan
    recorder.ride("heart in part", at_eight(0), {"power_w": power, "heart_rate_bpm": heart})
    short = power.copy()
    short[600:] = np.nan
    recorder.ride("all in part", at_eight(1), {"power_w": short, "heart_rate_bpm": heart})


def rater(log: Any, _recorder: Recorder) -> None:
    """Rides of an evening and of the next afternoon, and ratings by the day."""
    listed(log, 9201, at_eight(0) + dt.timedelta(hours=11), 1800, "cycling")
    listed(log, 9202, at_eight(1) + dt.timedelta(hours=7, minutes=35), 1800, "cycling")
    listed(log, 9203, at_eight(4) + dt.timedelta(hours=11), 1800, "cycling")
    for number, rating in ((1, 7), (5, 9)):
        log.entry(
            "measure", f"{day_of(number)}T12:00:00+00:00", name="session_rpe", value=rating, grain="day"
        )


@pytest.fixture(scope="module")
def told(
    warehouse: Database, build: Any, pending: list[Event], log_of: Any, reader_of: Any
) -> dict[str, Any]:
    scenarios: tuple[Callable[[Any, Recorder], None], ...] = (
        rider, runner, doubled, drawn, cyclist, early_learner, walker, patchy, rater,
    )  # fmt: skip
    people: dict[str, Person] = {}
    for tell in scenarios:
        with warehouse.connect() as connection:
            people[tell.__name__] = ensure_person(connection, f"who trains as {tell.__name__}", "UTC")
        log = log_of(people[tell.__name__], pending)
        tell(log, Recorder(log, warehouse))
    with warehouse.connect() as connection:
        write_events(connection, pending)
    compute_recordings(warehouse)
    build()
    return {name: reader_of(person) for name, person in people.items()}


def test_each_load_of_a_ride_is_that_of_the_library(told: Any) -> None:
    loads = told["rider"]("marts.activity_loads", order="day")
    assert [str(one["day"]) for one in loads] == [day_of(number) for number in RIDES]
    for number, found in zip(RIDES, loads, strict=True):
        expected = figures(number)
        assert expected.hr_histogram_s is not None
        assert expected.normalized_power_w is not None
        beats = np.arange(len(expected.hr_histogram_s)) + 25
        trimp = banister_trimp(beats, expected.hr_histogram_s, sex="women", **BODY)
        assert found["trimp"] == pytest.approx(trimp)
        assert found["edwards_trimp"] == pytest.approx(
            edwards_trimp(beats, expected.hr_histogram_s, max_bpm=190)
        )
        assert found["hrtss"] == pytest.approx(heart_rate_load(trimp, threshold_bpm=170, sex="women", **BODY))
        assert found["normalized_power_w"] == pytest.approx(expected.normalized_power_w)
        assert found["tss"] == pytest.approx(
            training_stress_score(expected.power_seconds, expected.normalized_power_w, found["ftp_w"])
        )
        assert found["intensity_factor"] == pytest.approx(expected.normalized_power_w / found["ftp_w"])
        assert (found["load"], found["load_method"]) == (found["tss"], "power")
        assert found["efficiency_w_per_bpm"] == pytest.approx(expected.efficiency_w_per_bpm)
        assert found["power_decoupling_pct"] == pytest.approx(expected.power_decoupling_pct)
        assert (found["trimp_coefficients"], found["trimp_coefficients_origin"]) == ("women", "given")


def test_a_threshold_is_estimated_until_one_is_stated_and_the_row_says_so(told: Any) -> None:
    known = told["rider"]("marts.thresholds", order="first_day", where="kind = 'ftp_w' and sport = 'cycling'")
    assert [one["origin"] for one in known] == ["estimated"] * (len(known) - 1) + ["given"]
    best = 0.0
    for number in RIDES:
        if number >= 20:
            break
        twenty = figures(number).best_power_w
        assert twenty is not None
        best = max(best, 0.95 * float(twenty[DURATIONS.index(1200)] or 0))
        in_force = [one for one in known if str(one["first_day"]) <= day_of(number)][-1]
        assert in_force["value"] == pytest.approx(best)
    stated = known[-1]
    assert (stated["origin"], stated["method"], stated["value"]) == ("given", "stated by the person", 240)
    assert (str(stated["first_day"]), stated["last_day"]) == (day_of(20), None)
    used = told["rider"]("marts.activity_loads", "day::text, ftp_w, ftp_w_origin", "day")
    assert [(one["ftp_w_origin"], one["ftp_w"] == 240) for one in used] == [
        ("given", True) if number >= 20 else ("estimated", False) for number in RIDES
    ]


def test_days_add_up_as_the_library_says(told: Any) -> None:
    days = told["rider"]("marts.training_days", order="day")
    assert [str(one["day"]) for one in days] == [day_of(number) for number in range(DAYS + 3)]
    by_day = {str(one["day"]): one["load"] for one in told["rider"]("marts.activity_loads")}
    loads = [by_day.get(day_of(number), 0.0) for number in range(DAYS + 3)]
    assert [one["load"] for one in days] == pytest.approx(loads)
    ctl, atl = (exponential_mean(loads, weight_of_time_constant(span)) for span in (42, 7))
    assert [one["ctl"] for one in days] == pytest.approx(list(ctl))
    assert [one["atl"] for one in days] == pytest.approx(list(atl))
    assert days[0]["tsb"] is None
    assert [one["tsb"] for one in days[1:]] == pytest.approx(list(form(ctl, atl))[1:])
    ratio = acute_chronic_ratio(loads)
    assert [one["acwr"] for one in days[:34]] == [None] * 34
    assert [one["acwr"] for one in days[34:]] == pytest.approx(list(ratio[34:]))
    assert [one["acute_load"] for one in days] == pytest.approx(
        list(exponential_mean(loads, weight_of_span(7)))
    )
    assert [one["monotony"] for one in days[:6]] == [None] * 6
    for number in range(6, DAYS + 3):
        week = loads[number - 6 : number + 1]
        assert days[number]["monotony"] == pytest.approx(monotony(week))
        assert days[number]["strain"] == pytest.approx(strain(week))
    assert [one["history_days"] for one in days] == list(range(1, DAYS + 4))
    assert {one["unknown_days_of_42"] for one in days} == {0}


def test_critical_power_is_fitted_to_the_best_of_ninety_days(told: Any) -> None:
    models = told["rider"]("marts.power_models", order="day")
    assert [str(one["day"]) for one in models] == [day_of(number) for number in RIDES]
    best: dict[int, float] = {}
    for number, found in zip(RIDES, models, strict=True):
        efforts = figures(number).best_power_w
        assert efforts is not None
        for length in MODELLED:
            value = efforts[DURATIONS.index(length)]
            if value is not None:
                best[length] = max(best.get(length, 0), value)
        expected = fit_critical_power(MODELLED, [best.get(length) for length in MODELLED])
        assert (found["efforts"], found["reason"]) == (expected.efforts, expected.reason)
        for name in ("cp_w", "w_prime_j", "cp_error_w", "w_prime_error_j", "r_squared"):
            value = getattr(expected, name)
            assert found[name] == (value if value is None else pytest.approx(value, rel=1e-6))
    assert {one["reason"] is None for one in models} == {True, False}


def test_zones_hold_every_measured_second_once_and_the_edges_belong_to_the_zone_above(told: Any) -> None:
    number = RIDES[3]
    power, heart = seconds(number)
    zones = told["rider"](
        "marts.activity_zones", order="measured_by, zone", where=f"day = '{day_of(number)}'"
    )
    beating = [one for one in zones if one["measured_by"] == "heart rate"]
    assert [one["floor"] for one in beating] == [0, 95, 114, 133, 152, 171]
    assert [one["seconds"] for one in beating] == [
        int(((heart >= low) & (heart < high)).sum())
        for low, high in zip([0, 95, 114, 133, 152, 171], [95, 114, 133, 152, 171, 999], strict=True)
    ]
    [ftp] = {one["ftp_w"] for one in told["rider"]("marts.activity_loads", where=f"day = '{day_of(number)}'")}
    edges = [share * ftp for share in (0, 0.55, 0.75, 0.9, 1.05, 1.2, 1.5)]
    powered = [one for one in zones if one["measured_by"] == "power"]
    assert [one["zone"] for one in powered] == [1, 2, 3, 4, 5, 6, 7]
    assert [one["seconds"] for one in powered] == [
        int(((np.rint(power) >= low) & (np.rint(power) < high)).sum())
        for low, high in zip(edges, [*edges[1:], 1e9], strict=True)
    ]


def test_best_efforts_are_those_of_the_recording(told: Any) -> None:
    number = RIDES[5]
    where = f"day = '{day_of(number)}' and measure = 'power_w'"
    found = told["rider"]("marts.best_efforts", "duration_s, value", "duration_s", where)
    efforts = figures(number).best_power_w
    assert efforts is not None
    expected = {length: value for length, value in zip(DURATIONS, efforts, strict=True) if value is not None}
    assert {one["duration_s"]: one["value"] for one in found} == pytest.approx(expected)


def test_an_activity_whose_load_nobody_knows_leaves_its_day_unknown_and_the_means_as_they_were(
    told: Any,
) -> None:
    days = told["runner"]("marts.training_days", order="day")
    assert len(days) == 13
    load = days[0]["load"]
    trimp = banister_trimp([150], [1800], sex="men", **BODY)
    assert load == pytest.approx(heart_rate_load(trimp, threshold_bpm=170, sex="men", **BODY))
    # Who never wore a watch by day rested where nothing was recorded.
    assert [one["load"] for one in days] == pytest.approx(
        [load, 0, 0, 0, 0, load, 0, None, 0, load, 0, 0, load]
    )
    assert days[7]["ctl"] == days[6]["ctl"]
    assert (days[7]["unknown_activities"], days[7]["monotony"], days[7]["week_load"]) == (1, None, None)
    assert [one["unknown_days_of_42"] for one in days] == [0] * 7 + [1] * 6
    loads = {str(one["day"]): one for one in told["runner"]("marts.activity_loads")}
    assert loads[day_of(7)]["load_missing_reason"] == "neither power nor heart rate was measured"
    # A heart that nobody measured was not at rest.
    for name in ("trimp", "hrtss", "edwards_trimp"):
        assert (loads[day_of(7)][name], days[7][name]) == (None, None)
    assert (loads[day_of(0)]["load_method"], loads[day_of(0)]["trimp_coefficients_origin"]) == (
        "heart rate", "assumed",
    )  # fmt: skip


def test_what_only_the_account_tells_is_taken_at_its_mean_heart_rate_and_its_perceived_exertion(
    told: Any,
) -> None:
    [found] = told["runner"]("marts.activity_loads", where=f"day = '{day_of(12)}'")
    assert (found["load_method"], found["hr_reported_by"], found["edwards_trimp"]) == (
        "mean heart rate", "summary", None,
    )  # fmt: skip
    assert (found["rpe"], found["session_rpe"]) == (7, 7 * 30)


def test_one_ride_of_two_devices_and_the_account_is_one_load_each_measure_of_its_own_device(
    told: Any,
) -> None:
    [found] = told["doubled"]("marts.activity_loads")
    expected = figures(0)
    assert found["normalized_power_w"] == pytest.approx(expected.normalized_power_w)
    assert found["hr_seconds"] == expected.hr_seconds
    # The device says what it was set to; the account's own normalised power yields to the records.
    assert (found["ftp_w"], found["ftp_w_origin"], found["power_reported_by"]) == (200, "given", "records")
    # The watch was told 6, the log the next morning 8: the person's own word goes first.
    assert (found["rpe"], found["trimp"] is not None) == (8, True)
    [day] = told["doubled"]("marts.training_days")
    assert day["load"] == found["load"] == found["tss"]


def test_samples_that_the_account_draws_give_the_load_of_an_activity_without_a_file(told: Any) -> None:
    [found] = told["drawn"]("marts.activity_loads", where="activity_id = '9003'")
    trimp = banister_trimp([150], [600], sex="men", **BODY)
    assert found["trimp"] == pytest.approx(trimp)
    assert (found["hr_reported_by"], found["hr_seconds"], found["avg_hr_bpm"]) == ("records", 600, 150)


def test_a_workout_counts_sets_and_lifted_weight_without_pauses(told: Any) -> None:
    [found] = told["drawn"]("marts.workouts")
    assert (found["activity_id"], found["sets"], found["weighted_sets"]) == ("9004", 3, 2)
    assert (found["repetitions"], found["volume_kg"], found["heaviest_kg"]) == (23, 8 * 50 + 5 * 60, 60)
    assert (found["working_s"], found["resting_s"]) == (90, 90)


def test_a_persons_own_threshold_power_is_that_of_cycling_and_goes_before_the_devices(told: Any) -> None:
    loads = {str(one["day"]): one for one in told["cyclist"]("marts.activity_loads")}
    used = {
        number: (loads[day_of(number)]["ftp_w"], loads[day_of(number)]["ftp_w_origin"]) for number in (5, 6)
    }
    assert used == {5: (280, "given"), 6: (280, "given")}
    for number in (1, 8, 12):
        found = loads[day_of(number)]
        assert (found["ftp_w"], found["ftp_w_origin"]) == (pytest.approx(0.95 * 220), "estimated")


def test_a_persons_own_threshold_heart_rate_goes_before_the_sports_other_origins_from_its_day_on(
    told: Any,
) -> None:
    loads = told["cyclist"]("marts.activity_loads", order="day", where="sport = 'running'")
    assert [(one["threshold_hr_bpm"], one["threshold_hr_bpm_origin"]) for one in loads] == [
        (170, "given")
    ] * 3
    loads = told["early_learner"]("marts.activity_loads", order="day")
    assert [one["threshold_hr_bpm"] for one in loads] == [160, 170]


def test_an_easy_season_lowers_no_threshold_below_its_share_of_the_highest_that_is_known(told: Any) -> None:
    known = told["walker"]("marts.thresholds", where="kind = 'threshold_hr_bpm'")
    assert [(str(one["first_day"]), one["value"], one["origin"]) for one in known] == [
        (day_of(3), pytest.approx(0.85 * 190), "estimated")
    ]


def test_what_was_measured_in_part_is_no_load_of_the_whole(told: Any) -> None:
    whole, part = told["patchy"]("marts.activity_loads", order="day")
    assert (whole["load"], whole["load_method"], whole["load_missing_reason"]) == (
        whole["tss"],
        "power",
        None,
    )
    assert whole["tss"] == pytest.approx(training_stress_score(1800, whole["normalized_power_w"], 250))
    assert (part["load"], part["tss"]) == (None, None)
    assert part["load_missing_reason"] == "less than 80 % of the time was measured"
    assert part["power_seconds"] < 700
    days = told["patchy"]("marts.training_days", order="day")
    assert [one["tss"] for one in days] == [whole["tss"], None]
    for name in ("trimp", "hrtss", "edwards_trimp"):
        assert (whole[name], part[name]) == (None, None)
        assert [one[name] for one in days] == [None, None]


def test_a_rating_by_the_day_is_of_the_activity_of_that_day(told: Any) -> None:
    loads = told["rater"]("marts.activity_loads", order="day")
    assert [(str(one["day"]), one["rpe"]) for one in loads] == [
        (day_of(0), None), (day_of(1), 7), (day_of(4), None),
    ]  # fmt: skip
