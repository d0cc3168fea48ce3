"""Pooling over cases against integration by brute force, and against a known truth."""

import numpy as np
import pytest
from scipy import stats

from santorio.stats.meta_analysis import pool


def test_the_pooled_effect_is_that_of_integrating_over_a_dense_grid():
    estimates, sds, spread = np.array([1.0, 2.5, -0.4]), np.array([0.5, 0.8, 0.6]), 1.5
    mu, omega = np.meshgrid(np.linspace(-20, 20, 3001), np.linspace(0.002, 15, 1500), indexing="ij")
    prior = sum(
        weight * stats.norm.pdf(mu, 0, k * spread) * stats.halfnorm.pdf(omega, 0, k * spread / 2)
        for weight, k in ((0.8, 1), (0.2, 4))
    )
    for estimate, sd in zip(estimates, sds, strict=True):
        prior = prior * stats.norm.pdf(estimate, mu, np.sqrt(sd**2 + omega**2))
    weight = prior / prior.sum()
    found = pool(estimates, sds, spread)
    assert found.mean == pytest.approx((weight * mu).sum(), abs=2e-3)
    assert found.sd == pytest.approx(np.sqrt((weight * mu**2).sum() - (weight * mu).sum() ** 2), abs=3e-3)
    assert found.below(0.5) == pytest.approx(weight[mu < 0.5].sum(), abs=5e-3)
    assert found.between_mean == pytest.approx((weight * omega).sum(), abs=3e-3)
    between = np.cumsum(weight.sum(axis=0))
    assert found.between_quantile(0.975) == pytest.approx(omega[0][np.searchsorted(between, 0.975)], rel=0.05)
    own = np.mean([estimates[0]])
    assert min(own, found.mean) < found.case_means[0] < max(own, found.mean)


def test_intervals_of_the_mean_effect_hold_it_where_cases_differ():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(400):
        truth = rng.normal()
        cases = truth + 0.5 * rng.normal(size=5)
        sds = rng.uniform(0.2, 0.6, size=5)
        found = pool(cases + sds * rng.normal(size=5), sds, 1.0)
        held.append(0.025 < found.below(truth) < 0.975)
    assert 0.92 < np.mean(held) <= 0.99


def test_cases_that_agree_pull_each_other_together_and_one_that_does_not_is_left_apart():
    alike = pool(np.array([1.0, 1.1, 0.9, 1.0]), np.full(4, 0.3), 1.0)
    apart = pool(np.array([1.0, 1.1, 0.9, -3.0]), np.full(4, 0.3), 1.0)
    assert alike.between_mean < apart.between_mean
    assert np.abs(alike.case_means - 1).max() < 0.05
    assert apart.case_means[3] < -2.5
    assert np.all(alike.case_sds < 0.3)


def test_shrinkage_and_the_prediction_for_a_further_case_are_those_of_weighted_draws_from_the_prior():
    estimates, sds, spread = np.array([1.4, 0.2, -0.3, 0.8, 0.6]), np.array([0.5, 0.3, 0.4, 0.6, 0.3]), 0.8
    rng = np.random.default_rng(6)
    mu = spread * rng.normal(size=400_000)
    omega = spread / 2 * np.abs(rng.normal(size=len(mu)))
    weight = np.exp(stats.norm.logpdf(estimates[:, None], mu, np.hypot(sds[:, None], omega)).sum(axis=0))
    weight /= weight.sum()
    found = pool(estimates, sds, spread, widths=((1.0, 1.0),), nodes=192)
    new = mu + omega * rng.normal(size=len(mu))
    assert found.mean == pytest.approx(weight @ new, abs=6e-3)
    assert found.next_sd == pytest.approx(np.sqrt(weight @ new**2 - (weight @ new) ** 2), abs=6e-3)
    assert found.between_mean == pytest.approx(weight @ omega, abs=4e-3)
    for probability in (0.025, 0.25, 0.9):
        at = found.quantile(probability, next_case=True)
        assert weight[new < at].sum() == pytest.approx(probability, abs=4e-3)
        assert found.below(at, next_case=True) == pytest.approx(probability, abs=1e-9)
    pull = omega**2 / (omega**2 + sds[:, None] ** 2)
    own = pull * estimates[:, None] + (1 - pull) * mu
    own = own + np.sqrt(pull) * sds[:, None] * rng.normal(size=own.shape)
    np.testing.assert_allclose(found.case_means, own @ weight, atol=8e-3)
    np.testing.assert_allclose(found.case_sds, np.sqrt(own**2 @ weight - (own @ weight) ** 2), atol=8e-3)


def test_the_spread_between_many_people_is_found_to_a_few_hundredths():
    rng = np.random.default_rng(2)
    truth = 0.3 + 0.2 * rng.normal(size=600)
    found = pool(truth + 0.1 * rng.normal(size=600), np.full(600, 0.1), 0.5, widths=((1.0, 1.0),), nodes=192)
    assert found.between_mean == pytest.approx(0.2, abs=0.02)
    assert found.between_quantile(0.025) < 0.2 < found.between_quantile(0.975)
    assert found.between_quantile(0.975) - found.between_quantile(0.025) < 0.05
