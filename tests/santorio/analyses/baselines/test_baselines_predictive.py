"""Mixtures as distributions, and their scores."""

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from santorio.analyses.baselines.predictive import Predictive, from_scale, to_scale
from santorio.analyses.baselines.scores import Scores, score, score_normal
from santorio.analyses.baselines.state_space import filter_series


@pytest.fixture
def expected(lived):
    day, value = lived(1, days=90)
    return filter_series(day, value).state.predict(day[-1] + np.arange(1, 4))


def test_a_quantile_is_where_the_probability_is_reached(expected):
    probability = np.array([0.001, 0.025, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(
        expected.cdf(expected.quantile(probability)), np.tile(probability, (3, 1)), atol=1e-6
    )


def test_a_mixture_is_the_sum_of_its_components_though_negligible_nodes_are_excluded(expected):
    points = np.linspace(48, 62, 15)
    probabilities = np.zeros((3, 15))
    for share, noise in ((0.98, 1.0), (0.02, 9.0)):
        spread = expected.noise_sd * np.sqrt(expected.state_variance + noise)
        on_scale = np.where(expected.power[:, None] == 1, points, np.log(points))
        part = student.cdf(
            on_scale, expected.degrees[:, None, None], expected.location[:, :, None], spread[:, :, None]
        )
        probabilities += share * (expected.weight[:, :, None] * part).sum(axis=1)
    np.testing.assert_allclose(expected.cdf(np.tile(points, (3, 1))), probabilities, atol=1e-4)


def test_a_quantile_is_found_where_hardly_any_density_is():
    """Half of the days at ten, half at a thousand: between them nothing lies, and the median is anywhere there."""
    two = Predictive(
        weight=np.array([[0.5, 0.5]]), location=np.array([[10.0, 1000.0]]), state_variance=np.zeros((1, 2)),
        noise_sd=np.array([[1e-3, 1e-3]]), degrees=np.array([30.0]), power=np.ones(2), outlier_probability=0.0,
        outlier_scale=3.0, nearest_to_zero=0.1,
    )  # fmt: skip
    low, middle, high = two.quantile(np.array([0.25, 0.5, 0.75]))[0]
    assert low == pytest.approx(10.0)
    assert 10.0 < middle < 1000.0
    assert high == pytest.approx(1000.0)


def test_a_scale_and_back_is_the_same_value():
    power = np.array([1.0, 0.0])
    on_scale, _ = to_scale(np.array(40.0), power, 0.1)
    np.testing.assert_allclose(from_scale(on_scale, power), 40.0)


def test_the_slope_of_a_scale_is_its_derivative():
    power = np.array([1.0, 0.0])
    step = 1e-6
    (above, slope), (below, _) = (to_scale(np.array(3.0 + side * step), power, 0.1) for side in (1, -1))
    np.testing.assert_allclose((above - below) / (2 * step), np.exp(slope), rtol=1e-5)


def test_the_score_of_a_normal_distribution_is_what_the_integral_says():
    at = np.linspace(-20, 20, 400_001)
    for mean, sd, came in ((0.0, 1.0, 0.3), (1.0, 2.0, -3.0)):
        integral = np.trapezoid((norm.cdf(at, mean, sd) - (at >= came)) ** 2, at)
        scores = score_normal(np.array([mean]), np.array([sd]), np.array([came]))
        assert scores.crps[0] == pytest.approx(integral, abs=1e-4)
        assert scores.below[0] == pytest.approx(norm.cdf(came, mean, sd))


def test_the_score_of_a_mixture_is_that_of_its_draws(expected):
    """CRPS is E|X - y| - E|X - X'| / 2 (Gneiting & Raftery 2007, equation 21)."""
    count = 500  # evenly drawn, so that few are enough
    draws = expected.quantile((np.arange(count) + 0.5) / count)
    came = np.array([50.0, 56.0, 70.0])
    spread = np.abs(draws[:, :, None] - draws[:, None, :]).mean(axis=(1, 2))
    by_draws = np.abs(draws - came[:, None]).mean(axis=1) - spread / 2
    scores = score(expected, came)
    np.testing.assert_allclose(scores.crps, by_draws, rtol=0.03, atol=0.02)
    np.testing.assert_allclose(scores.below, expected.cdf(came[:, None])[:, 0], atol=2e-3)
    np.testing.assert_allclose(
        scores.absolute_error, np.abs(expected.quantile(np.array([0.5]))[:, 0] - came), atol=0.02
    )


def test_the_true_distribution_scores_best():
    rng = np.random.default_rng(4)
    came = rng.normal(size=20_000)

    def mean_score(mean, sd):
        return score_normal(np.full(20_000, mean), np.full(20_000, sd), came).crps.mean()

    true = mean_score(0.0, 1.0)
    assert true < min(mean_score(0.0, 0.7), mean_score(0.0, 1.4), mean_score(0.3, 1.0))


def test_an_interval_holds_what_lies_between_its_ends():
    scores = Scores(np.zeros(4), np.zeros(4), np.array([0.01, 0.026, 0.3, 0.99]))
    assert scores.covers(0.95).tolist() == [False, True, True, False]
    assert scores.covers(0.5).tolist() == [False, False, True, False]
