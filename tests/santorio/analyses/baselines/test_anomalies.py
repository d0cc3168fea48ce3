"""Odd days and odd runs: found where they are, and no more often than said where they are not."""

import numpy as np
import pytest

from santorio.analyses.baselines.anomalies import (
    DAY_THRESHOLD,
    MAX_DAY_SCORE,
    MAX_RUN,
    MIN_RUN,
    RUN_THRESHOLD,
    detect_anomalies,
    normal_scores,
    runs,
)  # fmt: skip
from santorio.analyses.baselines.state_space import filter_series

SKIP = 21


def anomalies_of(day, value, **more):
    return detect_anomalies(filter_series(day, value), skip=SKIP, **more)


def test_a_wild_day_is_found_with_what_was_expected_of_it(lived):
    day, value = lived(1, days=120)
    value[90] += 14
    wild = next(anomaly for anomaly in anomalies_of(day, value) if anomaly.first_day == day[90])
    assert (wild.days, wild.direction, wild.last_day, wild.outside) == (1, "above", day[90], 1)
    assert wild.mean == value[90]
    assert wild.lower < wild.median < wild.upper < value[90]
    assert wild.surprise > DAY_THRESHOLD


def test_a_few_mildly_odd_days_are_one_run_although_none_of_them_is_odd_alone():
    rng = np.random.default_rng(2)
    day = np.arange(20_000, 20_150)
    value = 55 + rng.normal(size=150)
    value[120:126] = 53.0
    (run,) = [anomaly for anomaly in anomalies_of(day, value) if anomaly.last_day >= day[120]]
    assert (run.direction, run.days >= 5) == ("below", True)
    assert day[118] <= run.first_day <= day[121]
    assert day[124] <= run.last_day <= day[126]
    assert np.abs(normal_scores(filter_series(day, value))).max() < DAY_THRESHOLD + 1


def test_what_lasts_is_held_against_what_was_usual_before_it_although_the_level_follows(lived):
    day, value = lived(8, days=120, phi=0.4)
    value[90:96] += 12
    (run,) = [anomaly for anomaly in anomalies_of(day, value) if anomaly.first_day >= day[90]]
    assert (run.first_day, run.last_day, run.days, run.outside) == (day[90], day[95], 6, 6)
    assert normal_scores(filter_series(day, value))[95 - 7] < DAY_THRESHOLD


def test_one_wild_day_makes_no_run(lived):
    score = np.zeros(60)
    score[30] = 8.0
    assert runs(np.arange(60), score) == []


def test_a_run_takes_in_the_odd_days_within_it(lived):
    day, value = lived(9, days=120, phi=0.0)
    value[90:95] += (5, 9, 5, 9, 5)
    (run,) = [anomaly for anomaly in anomalies_of(day, value) if anomaly.last_day >= day[88]]
    assert (run.first_day, run.last_day, run.direction) == (day[90], day[94], "above")


def test_days_with_a_hole_of_a_week_between_them_are_no_run():
    score = np.zeros(40)
    score[20:24] = 2.4
    assert (20, 23) in [span[:2] for span in runs(np.arange(40), score)]
    assert runs(np.concatenate([np.arange(22), np.arange(30, 48)]), score) == []


def test_a_difference_too_small_to_matter_is_not_reported(lived):
    day, value = lived(3, days=120)
    value[90] += 14
    assert [
        anomaly for anomaly in anomalies_of(day, value, smallest=30.0) if anomaly.first_day == day[90]
    ] == []


def test_nothing_is_odd_before_enough_is_known(lived):
    day, value = lived(4, days=60)
    value[10] += 30
    assert [anomaly for anomaly in anomalies_of(day, value) if anomaly.first_day <= day[SKIP]] == []


def test_by_chance_days_and_runs_are_as_rare_as_the_thresholds_say():
    """Independent normal noise, 400 years: less than half a false alarm a year each."""
    from scipy.special import ndtr

    assert 365 * 2 * ndtr(-DAY_THRESHOLD) == pytest.approx(0.5, abs=0.02)
    rng = np.random.default_rng(5)
    years = 400
    ends = [[end for _, end, _ in runs(np.arange(365), rng.normal(size=365))] for _ in range(years)]
    alarms = sum(1 + int((np.diff(rows) > MAX_RUN).sum()) for rows in ends if rows)
    assert alarms / years == pytest.approx(0.4, abs=0.12)
    assert MAX_DAY_SCORE * np.sqrt(MIN_RUN) > RUN_THRESHOLD
    assert MAX_RUN == 14


def test_on_days_that_resemble_each_other_there_is_no_more_than_one_false_alarm_a_year_or_two(lived):
    """AR(1) of 0, 0.4 and 0.7 with weekdays, a tenth of the days missing: the model has to learn all of it."""
    alarms = [
        len(anomalies_of(*lived(200 + seed, days=365 + SKIP, phi=(0.0, 0.4, 0.7)[seed % 3], missing=0.1)))
        for seed in range(18)
    ]
    assert np.mean(alarms) < 1.8
