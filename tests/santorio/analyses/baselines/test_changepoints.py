"""Changes of a level: the posterior by brute force, detections, and false alarms."""

import numpy as np
import pytest
from scipy.linalg import block_diag

from santorio.analyses.baselines import changepoints
from santorio.analyses.baselines.changepoints import MIN_AFTER, detect_changepoints
from santorio.analyses.baselines.state_space import weekday


def test_the_posterior_is_that_of_the_joint_distribution(lived):
    """Each candidate's evidence from the full covariance of all days, none of it whitened or summed from the left."""
    day, value = lived(1, days=45, phi=0.6, missing=0.15)
    value[25:] += 2.5
    standard = (value - value.mean()) / value.std()
    rho, log_prior = changepoints._rho()
    base = np.column_stack([np.ones(len(day)), changepoints._contrasts()[weekday(day)]])
    rows = np.arange(changepoints.MIN_BEFORE, len(day) - MIN_AFTER + 1)
    prior = np.diag(1 / changepoints.PRECISION)

    def log_evidence(columns, spread):
        total = []
        for r, log_weight in zip(rho, log_prior, strict=True):
            joint = r ** np.abs(day[:, None] - day) + columns @ spread @ columns.T
            _, log_determinant = np.linalg.slogdet(joint)
            square = standard @ np.linalg.solve(joint, standard)
            shape = changepoints.SHAPE + len(day) / 2
            total.append(
                log_weight - 0.5 * log_determinant - shape * np.log(changepoints.RATE + 0.5 * square)
            )
        return np.logaddexp.reduce(total)

    none = log_evidence(base, prior)
    with_shift = block_diag(prior, changepoints.SHIFT_SD**2)
    by_row = []
    for row in rows:
        step = np.arange(len(day)) >= row
        by_row.append(log_evidence(np.column_stack([base, step]), with_shift))
    odds = changepoints.CHANGES_PER_YEAR / 365 * np.exp(np.array(by_row) - none).sum()
    posterior = changepoints._Search(day, standard).at(0, len(day) - 1)
    assert posterior.row.tolist() == rows.tolist()
    expected = np.exp(by_row - np.logaddexp.reduce(by_row))
    np.testing.assert_allclose(posterior.row_probability, expected, rtol=1e-6)
    assert posterior.probability == pytest.approx(odds / (1 + odds), rel=1e-6)


def test_a_window_is_what_its_own_days_say(lived):
    day, value = lived(2, days=80)
    standard = (value - value.mean()) / value.std()
    part = changepoints._Search(day, standard).at(20, 70)
    alone = changepoints._Search(day[20:71], standard[20:71]).at(0, 50)
    assert part.probability == pytest.approx(alone.probability, rel=1e-8)
    np.testing.assert_allclose(part.after, alone.after, rtol=1e-8)


def test_a_shift_is_found_with_its_day_and_its_levels(lived):
    day, value = lived(3, days=200, phi=0.4)
    value[120:] -= 6
    (change,) = detect_changepoints(day, value)
    assert change.first_day <= day[120] <= change.last_day
    assert abs(change.day - day[120]) <= 3
    assert change.detected_on < day[120] + 21
    assert change.after - change.before == pytest.approx(-6, abs=3 * change.shift_sd)
    assert change.shift_sd < 2
    assert change.probability >= changepoints.ALARM


def test_two_shifts_are_two_changes(lived):
    day, value = lived(4, days=300, phi=0.3)
    value[100:200] += 7
    first, second = detect_changepoints(day, value)
    assert abs(first.day - day[100]) <= 3
    assert abs(second.day - day[200]) <= 3
    assert first.after > first.before
    assert second.after < second.before


def test_what_comes_later_takes_nothing_back(lived):
    day, value = lived(5, days=200, phi=0.4)
    value[100:] += 6
    (change,) = detect_changepoints(day, value)
    until = int(np.searchsorted(day, change.detected_on))
    assert detect_changepoints(day[:until], value[:until]) == []
    assert detect_changepoints(day[: until + 1], value[: until + 1]) == [change]


def test_a_unit_changes_nothing(lived):
    day, value = lived(6, days=150)
    value[80:] += 7
    (change,) = detect_changepoints(day, value)
    (converted,) = detect_changepoints(day, 300 - 60 * value)
    assert (change.day, change.detected_on) == (converted.day, converted.detected_on)
    assert converted.after == pytest.approx(300 - 60 * change.after)


def test_too_few_days_or_no_spread_have_no_change():
    day = np.arange(20_000, 20_060)
    assert detect_changepoints(day[:15], np.arange(15.0)) == []
    assert detect_changepoints(day, np.full(60, 7.0)) == []


def test_a_day_a_month_or_a_hole_of_a_year_leaves_too_few_days_for_a_change_and_breaks_nothing():
    rng = np.random.default_rng(7)
    assert detect_changepoints(20_000 + 30 * np.arange(40), rng.normal(size=40)) == []
    with_hole = np.concatenate([np.arange(20_000, 20_060), np.arange(20_500, 20_510)])
    assert detect_changepoints(with_hole, rng.normal(size=70)) == []


def test_after_a_month_of_equal_values_a_change_is_found():
    day = np.arange(20_000, 20_080)
    value = np.full(80, 7.0)
    value[40:] = 9.0 + np.random.default_rng(8).normal(size=40) / 10
    (change,) = detect_changepoints(day, value)
    assert change.day == day[40]
    assert (change.before, change.after) == (pytest.approx(7.0, abs=0.2), pytest.approx(9.0, abs=0.2))


def test_a_later_change_is_detected_later(lived):
    day, value = lived(9, days=200, phi=0.3)
    value[60:] += 5
    value[75:] += 9
    first, second = detect_changepoints(day, value)
    assert first.detected_on < second.detected_on
    assert abs(first.day - day[60]) <= 2
    assert abs(second.day - day[75]) <= 2


def test_where_nothing_changes_hardly_anything_is_reported(lived):
    """Eighteen years of days that resemble each other: at most one alarm in five years."""
    alarms = [
        len(detect_changepoints(*lived(300 + seed, phi=(0.0, 0.4, 0.7)[seed % 3], missing=0.1)))
        for seed in range(18)
    ]
    assert sum(alarms) <= 4
