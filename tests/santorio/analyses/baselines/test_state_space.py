"""The filter against brute force, and what it promises: robust, without a look into the future, in any unit."""

import numpy as np
import pytest
from scipy.stats import t as student

from santorio.analyses.baselines.hyperparameters import DEFAULT, Configuration
from santorio.analyses.baselines.state_space import filter_series, filter_together, first_state, weekday

DRIFT, SWING, PERSISTENCE, WEEKDAY = 0.1, 1.2, 0.7, 0.3
ONE = Configuration(
    drift_sd=(DRIFT,), swings=((SWING, PERSISTENCE),), weekday_sd=(WEEKDAY,), powers=(1.0,),
    outlier_probability=1e-12, memory=1.0,
)  # fmt: skip


def brute_force(day, value, ahead):
    """The next day from the joint normal-inverse-gamma distribution of all days, by linear algebra."""
    state = first_state(day, value, ONE)
    centre, variance, degrees = state.mean[0, 0, 0], state.variance[0, 0], state.degrees[0]
    every = np.append(day, ahead)
    apart = np.abs(every[:, None] - every)
    since = np.minimum(every[:, None], every) - day[0]
    same = weekday(every)[:, None] == weekday(every)
    joint = (
        ONE.level_sd**2 + DRIFT**2 * since + SWING**2 * PERSISTENCE**apart + WEEKDAY**2 * (same - 1 / 7)
        + np.eye(len(every))
    )  # fmt: skip
    inverse = np.linalg.inv(joint[:-1, :-1])
    error = value - centre
    weights = inverse @ joint[:-1, -1]
    scale = (degrees * variance + error @ inverse @ error) / (degrees + len(day))
    spread = np.sqrt(scale * (joint[-1, -1] - weights @ joint[:-1, -1]))
    return student(df=degrees + len(day), loc=centre + weights @ error, scale=spread)


@pytest.mark.parametrize("ahead", [1, 3, 12])
def test_one_node_without_outliers_is_the_exact_posterior_over_gaps(lived, ahead):
    day, value = lived(1, days=40, missing=0.2)
    exact = brute_force(day, value, day[-1] + ahead)
    predicted = filter_series(day, value, ONE).state.predict(day[-1:] + ahead)
    points = np.linspace(48, 62, 9)
    np.testing.assert_allclose(predicted.cdf(points[None])[0], exact.cdf(points), atol=1e-6)


def test_nodes_are_weighted_by_their_evidence():
    """What two nodes weigh against each other is the ratio of the densities they gave to the days."""
    rng = np.random.default_rng(2)
    day, value = np.arange(20_000, 20_030), 55 + rng.normal(size=30)
    two = Configuration(
        drift_sd=(0.01, 0.5), swings=((0.0, 0.0),), weekday_sd=(0.1,), powers=(1.0,),
        outlier_probability=1e-12, memory=1.0,
    )  # fmt: skip
    evidence = []
    for drift in two.drift_sd:
        alone = Configuration(
            drift_sd=(drift,), swings=((0.0, 0.0),), weekday_sd=(0.1,), powers=(1.0,),
            outlier_probability=1e-12, memory=1.0,
        )  # fmt: skip
        ahead = filter_series(day, value, alone).ahead
        spread = ahead.noise_sd[:, 0] * np.sqrt(ahead.state_variance[:, 0] + 1)
        density = student.logpdf(value[two.warm_up :], ahead.degrees, ahead.location[:, 0], spread)
        evidence.append(density.sum())
    weight = filter_series(day, value, two).state.weight[0]
    assert np.log(weight[1] / weight[0]) == pytest.approx(evidence[1] - evidence[0], abs=1e-6)


def test_what_comes_later_changes_nothing_that_was_expected_before(lived):
    day, value = lived(3, days=120)
    changed = value.copy()
    changed[80:] += 30
    before, after = filter_series(day, value).ahead, filter_series(day, changed).ahead
    rows = slice(0, 80 - DEFAULT.warm_up + 1)
    points = np.tile(np.linspace(45, 65, 5), (rows.stop, 1))
    np.testing.assert_array_equal(before.of(rows).cdf(points), after.of(rows).cdf(points))


@pytest.mark.parametrize(("scale", "shift"), [(1000.0, 0.0), (0.001, 0.0), (1.0, 500.0)])
def test_a_unit_changes_nothing(lived, scale, shift):
    # On the logarithm's scale a shift is something else: there only the unit is asked.
    powers = (1.0,) if shift else (1.0, 0.0)
    configuration = Configuration(powers=powers)
    day, value = lived(4, days=100)
    probability = np.array([0.025, 0.5, 0.975])
    predicted = filter_series(day, value, configuration).state.predict(day[-1:] + 1).quantile(probability)
    moved = filter_series(day, shift + scale * value, configuration).state.predict(day[-1:] + 1)
    np.testing.assert_allclose(moved.quantile(probability), shift + scale * predicted, rtol=1e-6)


def test_a_wild_day_hardly_moves_the_level(lived):
    day, value = lived(5, days=100)
    wild = value.copy()
    wild[-1] += 25
    median = [
        filter_series(day, values).state.predict(day[-1:] + 1).quantile(np.array([0.5]))[0, 0]
        for values in (value, wild)
    ]
    assert abs(median[1] - median[0]) < 1.5
    assert filter_series(day, wild).outlier[-1] > 0.99


def test_a_slip_of_the_finger_widens_the_days_after_it_by_less_than_half(lived):
    day, value = lived(15, days=100)
    slip = value.copy()
    slip[-1] *= 10
    width = [
        np.diff(filter_series(day, values).state.predict(day[-1:] + 1).quantile(np.array([0.025, 0.975])))[
            0, 0
        ]
        for values in (value, slip)
    ]
    assert width[1] < 1.5 * width[0]


def test_a_level_that_moved_is_followed(lived):
    day, value = lived(6, days=150)
    value[100:] += 10
    predicted = filter_series(day, value).state.predict(day[-1:] + 1).quantile(np.array([0.025, 0.975]))[0]
    assert predicted[0] > 58
    assert predicted[1] < 74


def test_weekdays_are_learnt():
    rng = np.random.default_rng(7)
    day = np.arange(20_000, 20_200)
    value = 100 + rng.normal(size=200) + 6.0 * (weekday(day) == 5)
    ahead = filter_series(day, value).state.predict(np.arange(20_200, 20_207))
    median = ahead.quantile(np.array([0.5]))[:, 0]
    saturday = weekday(np.arange(20_200, 20_207)) == 5
    assert median[saturday][0] - median[~saturday].mean() == pytest.approx(6.0, abs=1.2)


def test_the_first_of_january_1970_was_a_thursday():
    assert weekday(np.array([0, 1, 3, 4])).tolist() == [3, 4, 6, 0]


def test_where_the_spread_grows_with_the_level_the_logarithm_wins_and_no_range_goes_below_zero():
    rng = np.random.default_rng(8)
    day, value = np.arange(20_000, 20_200), np.exp(rng.normal(3, 0.8, 200))
    state = filter_series(day, value).state
    assert state.weight[0, state.nodes.power == 0].sum() > 0.99
    assert state.predict(day[-1:] + 1).quantile(np.array([0.001]))[0, 0] > 0


def test_a_metric_that_may_be_negative_is_never_taken_for_one_with_a_logarithm():
    rng = np.random.default_rng(9)
    day, value = np.arange(20_000, 20_060), rng.normal(size=60)
    value[:7] = np.abs(value[:7])
    state = filter_series(day, value).state
    assert state.weight[0, state.nodes.power == 0].sum() == 0


def test_what_is_expected_holds_what_comes_as_often_as_it_says(lived):
    held = []
    for seed in range(24):
        day, value = lived(100 + seed, days=120, phi=(0.0, 0.4, 0.8)[seed % 3], missing=0.1)
        filtered = filter_series(day, value)
        below = filtered.ahead.below(filtered.value)[14:]
        held.append([(np.abs(below - 0.5) <= coverage / 2).mean() for coverage in (0.5, 0.8, 0.95)])
    assert np.mean(held, axis=0) == pytest.approx(np.array([0.5, 0.8, 0.95]), abs=0.03)


def test_the_range_gets_wider_the_longer_nothing_is_known(lived):
    day, value = lived(10, days=100)
    predicted = filter_series(day, value).state.predict(day[-1] + np.array([1, 8, 29]))
    width = np.diff(predicted.quantile(np.array([0.025, 0.975])), axis=1)[:, 0]
    assert width[0] < width[1] < width[2]


def test_series_side_by_side_are_what_each_is_alone(lived):
    several = [lived(11, days=60, missing=0.2), lived(12, days=90), lived(13, days=30)]
    for (day, value), together in zip(several, filter_together(several), strict=True):
        alone = filter_series(day, value)
        np.testing.assert_array_equal(together.day, alone.day)
        for name in ("weight", "location", "state_variance", "noise_sd", "degrees"):
            np.testing.assert_allclose(getattr(together.ahead, name), getattr(alone.ahead, name), rtol=1e-12)
        ahead = day[-1] + np.arange(1, 4)
        np.testing.assert_allclose(
            together.state.predict(ahead).location, alone.state.predict(ahead).location, rtol=1e-12
        )


def test_of_what_is_never_negative_no_range_goes_below_zero_and_of_what_may_be_it_does():
    rng = np.random.default_rng(14)
    day, value = np.arange(20_000, 20_060), np.maximum(rng.normal(0, 1, 60), 0.0)
    low = filter_series(day, value).state.predict(day[-1:] + 1).quantile(np.array([0.025]))[0, 0]
    assert low == 0.0
    value[30] = -0.1
    low = filter_series(day, value).state.predict(day[-1:] + 1).quantile(np.array([0.025]))[0, 0]
    assert low < -0.2


@pytest.mark.parametrize("wild", [1e3, 1e9])
def test_one_value_for_months_and_then_a_wild_one_leaves_numbers(wild):
    """All that is divided by the spread of a day has to stay finite where days hardly have one."""
    day, value = np.arange(20_000, 20_400), np.full(400, 7.0)
    value[:8] = (7, 7, 7, 8, 7, 6, 7, 7)
    value[390] = wild
    predicted = filter_series(day, value).state.predict(day[-1] + np.arange(1, 8))
    ends = predicted.quantile(np.array([0.025, 0.5, 0.975]))
    assert np.isfinite(ends).all()
    assert (ends[:, 0] < ends[:, 2]).all()
    assert ends[-1, 1] == pytest.approx(7.0, abs=0.5)
