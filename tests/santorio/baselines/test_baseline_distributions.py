"""Mixtures as distributions, and their scores."""

import numpy as np
import pytest
from scipy.stats import norm

from santorio.baselines.model import filter_series
from santorio.baselines.predictive import from_scale, to_scale
from santorio.baselines.scoring import Scores, score, score_normal


@pytest.fixture
def expected(lived):
    day, value = lived(1, days=90)
    return filter_series(day, value).state.predict(day[-1] + np.arange(1, 4))


def test_a_quantile_is_where_the_probability_is_reached(expected):
    probability = np.array([0.001, 0.025, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(
        expected.cdf(expected.quantile(probability)), np.tile(probability, (3, 1)), atol=1e-6
    )


def test_leaving_out_nodes_that_weigh_nothing_changes_nothing_that_can_be_seen(expected):
    points = np.tile(np.linspace(48, 62, 15), (3, 1))
    np.testing.assert_allclose(expected.on(slice(None)).cdf(points), expected.cdf(points), atol=2e-3)


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
        told = score_normal(np.array([mean]), np.array([sd]), np.array([came]))
        assert told.crps[0] == pytest.approx(integral, abs=1e-4)
        assert told.below[0] == pytest.approx(norm.cdf(came, mean, sd))


def test_the_score_of_a_mixture_is_that_of_its_draws(expected):
    """CRPS is E|X - y| - E|X - X'| / 2 (Gneiting & Raftery 2007, equation 21)."""
    many = 500  # evenly drawn, so that few are enough
    draws = expected.on(slice(None)).quantile((np.arange(many) + 0.5) / many)
    came = np.array([50.0, 56.0, 70.0])
    spread = np.abs(draws[:, :, None] - draws[:, None, :]).mean(axis=(1, 2))
    by_draws = np.abs(draws - came[:, None]).mean(axis=1) - spread / 2
    told = score(expected, came)
    np.testing.assert_allclose(told.crps, by_draws, rtol=0.03, atol=0.02)
    np.testing.assert_allclose(told.below, expected.cdf(came[:, None])[:, 0], atol=2e-3)
    np.testing.assert_allclose(
        told.absolute_error, np.abs(expected.quantile(np.array([0.5]))[:, 0] - came), atol=0.02
    )


def test_the_true_distribution_scores_best():
    rng = np.random.default_rng(4)
    came = rng.normal(size=20_000)

    def mean_score(mean, sd):
        return score_normal(np.full(20_000, mean), np.full(20_000, sd), came).crps.mean()

    true = mean_score(0.0, 1.0)
    assert true < min(mean_score(0.0, 0.7), mean_score(0.0, 1.4), mean_score(0.3, 1.0))


def test_an_interval_holds_what_lies_between_its_ends():
    told = Scores(np.zeros(4), np.zeros(4), np.array([0.01, 0.026, 0.3, 0.99]))
    assert told.covers(0.95).tolist() == [False, True, True, False]
    assert told.covers(0.5).tolist() == [False, False, True, False]
