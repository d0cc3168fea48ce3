"""An analysis that adjusts for weekday and trend finds the stated effects, and none where none is."""

import csv
import datetime as dt
import io
import json
from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy import stats

from santorio.simulator import Simulation, simulate
from santorio.simulator.physiology import EXPOSURES, OUTCOMES
from santorio.simulator.trial import ARMS

LAST_DAY = dt.date(2025, 11, 20)
SEEDS = range(40)


@pytest.fixture(scope="module")
def lives() -> list[Simulation]:
    return [simulate(seed=seed, last_day=LAST_DAY) for seed in SEEDS]


def exposures(simulation: Simulation, lag: int) -> np.ndarray:
    """Columns of exposure per stated amount, for each day of the life, taken `lag` days before."""
    life = simulation.life
    habits = life.habits
    late = habits.caffeine_after_15_mg()
    columns = {
        "caffeine_after_15_mg": late,
        "caffeine_mg": habits.caffeine_mg() - late,  # 100 mg more with the late caffeine as it is
        "alcohol_g": habits.alcohol_g(),
        "training_load": habits.training_load(),
        "supplement_magnesium": np.concatenate(([0.0], taken(simulation))),
    }
    shifted = {name: column[1 - lag : len(column) - lag] for name, column in columns.items()}
    return np.column_stack([shifted[name] / EXPOSURES[name] for name in EXPOSURES])


def taken(simulation: Simulation) -> np.ndarray:
    life = simulation.life
    dose = np.zeros(life.clock.days)
    assert life.trial is not None
    dose[life.trial.start : life.trial.start + len(life.trial.taken_mg)] = life.trial.taken_mg
    return dose


def seen(simulation: Simulation, outcome: str) -> np.ndarray:
    """The outcome as the watch or the person recorded it: not-a-number where it did not."""
    life = simulation.life
    at_night = {"sleep_minutes", "deep_sleep_minutes", "sleep_score", "hrv_rmssd_ms"}
    saw = life.wear.night_seen if outcome in at_night else life.wear.worn
    values = np.asarray(getattr(life.body, outcome), dtype=float)
    return np.where([saw(day) for day in range(life.clock.days)], values, np.nan)


def least_squares(
    simulation: Simulation, outcome: str, lag: int, *, weekdays: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors of the exposures' effects, with weekday and a cubic trend beside them."""
    clock = simulation.life.clock
    day = np.linspace(-1.0, 1.0, clock.days)
    of_week = np.array([clock.date(index).weekday() for index in range(clock.days)])
    nuisance = [day**power for power in range(4)]
    if weekdays:
        nuisance += [(of_week == number).astype(float) for number in range(6)]
    design = np.column_stack([exposures(simulation, lag), *nuisance])
    y = seen(simulation, outcome)
    kept = ~np.isnan(y)
    design, y = design[kept], y[kept]
    inverse = np.linalg.inv(design.T @ design)
    estimate = inverse @ design.T @ y
    residual = y - design @ estimate
    sd = np.sqrt(residual @ residual / (len(y) - design.shape[1]) * np.diag(inverse))
    count = len(EXPOSURES)
    return estimate[:count], sd[:count]


def truths(simulation: Simulation, outcome: str) -> np.ndarray:
    return np.array([simulation.truth.effect(exposure, outcome).value for exposure in EXPOSURES])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_intervals_of_95_percent_cover_the_truth_at_about_their_rate(
    lives: list[Simulation], outcome: str
) -> None:
    lag = lives[0].truth.effect("alcohol_g", outcome).lag_days
    covered, surplus = [], []
    for simulation in lives:
        estimate, sd = least_squares(simulation, outcome, lag)
        covered.append(np.abs(estimate - truths(simulation, outcome)) < 1.97 * sd)
        surplus.append(estimate - truths(simulation, outcome))

    # 200 intervals. Plain least squares is a little rash where noise lasts from day to day: 90 % suffice.
    assert np.mean(covered) > 0.9
    bias = np.mean(surplus, axis=0) / (np.std(surplus, axis=0) / np.sqrt(len(lives)))
    assert np.abs(bias).max() < 3.6


@pytest.mark.parametrize(
    ("exposure", "outcome", "value"),
    [
        ("caffeine_after_15_mg", "sleep_minutes", -18.0),
        ("alcohol_g", "hrv_rmssd_ms", -7.0),
        ("training_load", "resting_hr_bpm", 1.2),
    ],
)
def test_a_known_effect_shows_in_180_days(
    lives: list[Simulation], exposure: str, outcome: str, value: float
) -> None:
    position = list(EXPOSURES).index(exposure)
    fits = [least_squares(simulation, outcome, 1) for simulation in lives]

    assert lives[0].truth.effect(exposure, outcome).value == value
    assert np.mean([abs(estimate[position]) > 1.97 * sd[position] for estimate, sd in fits]) >= 0.95
    assert np.median([estimate[position] for estimate, _ in fits]) == pytest.approx(value, rel=0.12)


def test_who_forgets_the_weekday_thinks_that_alcohol_lengthens_sleep(lives: list[Simulation]) -> None:
    position = list(EXPOSURES).index("alcohol_g")
    naive = [
        least_squares(simulation, "sleep_minutes", 1, weekdays=False)[0][position] for simulation in lives
    ]
    adjusted = [least_squares(simulation, "sleep_minutes", 1)[0][position] for simulation in lives]

    assert np.mean(naive) > 4.0
    assert abs(np.mean(adjusted)) < 1.2


def test_the_wrong_day_shows_no_effect_of_caffeine(lives: list[Simulation]) -> None:
    same_day = [least_squares(simulation, "sleep_minutes", 0)[0][0] for simulation in lives]

    assert abs(np.mean(same_day)) < 2.5


def test_yesterdays_noise_is_in_todays(lives: list[Simulation]) -> None:
    resemblance = []
    for simulation in lives:
        hrv = simulation.life.body.hrv_rmssd_ms + 0.5 * simulation.life.habits.alcohol_g()[:-1]
        resemblance.append(np.corrcoef(hrv[1:], hrv[:-1])[0, 1])

    assert 0.35 < np.mean(resemblance) < 0.6


def test_the_trial_gives_each_arm_once_a_cycle_and_keeps_its_protocol(lives: list[Simulation]) -> None:
    for simulation in lives:
        protocol = (
            json.loads(dict(simulation.files())["trials/magnesium.json"]) if simulation is lives[0] else None
        )
        trial = simulation.life.trial
        assert trial is not None
        cycles = np.array(trial.assignment).reshape(14, 4)
        assert all(sorted(cycle) == sorted(ARMS * 2) and cycle[0] == cycle[1] for cycle in cycles)
        if protocol:
            assert protocol["assignment"] == list(trial.assignment)
            assert protocol["arms"] == ["no magnesium", "magnesium"]
            assert (protocol["period_days"], protocol["cycles"], protocol["lag_days"]) == (2, 14, 1)
            start = dt.date.fromisoformat(protocol["start_day"])
            assert LAST_DAY - start == dt.timedelta(days=65)
    starts = {simulation.life.trial.assignment for simulation in lives if simulation.life.trial}
    assert len(starts) == len(lives)


def test_magnesium_is_taken_on_about_95_percent_of_its_days(lives: list[Simulation]) -> None:
    kept, slipped = [], []
    for simulation in lives:
        trial = simulation.life.trial
        assert trial is not None
        on = np.array(trial.assignment) == "magnesium"
        kept.append(np.mean(trial.taken_mg[on] > 0))
        slipped.append(np.mean(trial.taken_mg[~on] > 0))

    assert 0.93 < np.mean(kept) < 0.97
    assert 0.0 < np.mean(slipped) < 0.04


def test_the_trial_finds_nothing_more_often_than_chance_would(lives: list[Simulation]) -> None:
    significant = []
    for simulation in lives:
        trial = simulation.life.trial
        assert trial is not None
        nights = slice(trial.start + 1, trial.start + 57)  # an evening's magnesium acts on the night after
        sleep = seen(simulation, "sleep_minutes")[nights]
        on = (np.array(trial.assignment) == "magnesium") & ~np.isnan(sleep)
        off = (np.array(trial.assignment) != "magnesium") & ~np.isnan(sleep)
        significant.append(stats.ttest_ind(sleep[on], sleep[off]).pvalue < 0.05)
    assert simulation.truth.trials[0].value == 0.0
    assert np.sum(significant) <= 7  # of 40; at a rate of 5 % this is exceeded once in 1400


def test_what_is_written_down_is_what_was_taken() -> None:
    simulation = simulate(last_day=LAST_DAY)
    files = dict(simulation.files())
    rows = list(csv.DictReader(io.StringIO(files["logs/by_hand.csv"].decode())))
    late: Counter[str] = Counter()
    alcohol: Counter[str] = Counter()
    for row in rows:
        time = dt.datetime.fromisoformat(row["time"])
        if row["kind"] == "caffeine" and time.hour >= 15:
            late[time.date().isoformat()] += float(row["value"])
        if row["kind"] == "alcohol":
            alcohol[time.date().isoformat()] += float(row["value"]) * (14 if row["unit"] == "drinks" else 1)
    life = simulation.life
    times = [dt.datetime.fromisoformat(row["time"]) for row in rows]

    assert times == sorted(times)
    assert {row["kind"] for row in rows} == {"caffeine", "alcohol", "weight"}
    for day in range(180):
        date = life.clock.date(day).isoformat()
        assert late[date] == life.habits.caffeine_after_15_mg()[day + 1]
        assert alcohol[date] == life.habits.alcohol_g()[day + 1]


def test_mood_and_magnesium_are_lines_of_json_in_order_of_day() -> None:
    simulation = simulate(last_day=LAST_DAY)
    entries = [json.loads(line) for line in dict(simulation.files())["logs/by_hand.jsonl"].splitlines()]
    kinds: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for entry in entries:
        kinds[entry["kind"]].append(entry)

    assert 150 < len(kinds["mood"]) < 180
    assert {1 <= float(str(entry["value"])) <= 10 for entry in kinds["mood"]} == {True}
    assert {(entry["name"], entry["value"], entry["unit"]) for entry in kinds["supplement"]} == {
        ("magnesium", 300.0, "mg")
    }
    assert len(kinds["supplement"]) == int((taken(simulation) > 0).sum())
    days = [str(entry["time"])[:10] for entry in entries]
    assert days == sorted(days)
