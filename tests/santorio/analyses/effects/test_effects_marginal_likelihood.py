"""What the days say as a function of ρ is what a dense covariance matrix says."""

import numpy as np
import pytest

from santorio.analyses.effects.marginal_likelihood import gather
from santorio.stats.design_matrix import background_columns


@pytest.fixture
def days():
    rng = np.random.default_rng(4)
    day = np.sort(rng.choice(90, 61, replace=False)) + 20_000
    day[40:] += 75  # a long hole
    return background_columns(day), rng.normal(size=(61, 3)), rng.normal(size=61), day


def dense(days, rho):
    background, exposures, outcome, day = days
    omega = rho ** np.abs(day[:, None] - day[None, :])
    covariance = omega + (background.values * background.prior_sd**2) @ background.values.T
    whitened = np.linalg.solve(covariance, np.column_stack([exposures, outcome]))
    return (
        exposures.T @ whitened[:, :-1],
        exposures.T @ whitened[:, -1],
        outcome @ whitened[:, -1],
        np.linalg.slogdet(covariance)[1],
    )


@pytest.mark.parametrize("rho", [-0.6123, -0.0004, 0.0, 0.31, 0.7777, 0.951, 0.991])
def test_sums_over_neighbours_and_splines_say_what_the_covariance_of_all_days_says(days, rho):
    background, exposures, outcome, _ = days
    evidence = gather(background, exposures, outcome)
    assert (evidence.days, evidence.exposures, evidence.background) == (61, 3, background.values.shape[1])
    interpolated = evidence.at(np.array([np.log((1 + rho) / (1 - rho))]))
    for value, true in zip(interpolated, dense(days, rho), strict=True):
        np.testing.assert_allclose(value[0], true, rtol=2e-6, atol=2e-6)


def test_beyond_the_table_the_last_value_stands(days):
    background, exposures, outcome, _ = days
    evidence = gather(background, exposures, outcome)
    inside, outside = (evidence.at(np.array([logit])) for logit in (8.0, 12.0))
    for one, other in zip(inside, outside, strict=True):
        np.testing.assert_array_equal(one, other)
