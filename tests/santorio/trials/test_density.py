"""The hand-written density and its gradient."""

import numpy as np
import pytest
from scipy import stats

from santorio.trials.columns import gaps
from santorio.trials.density import density_and_gradient

DAY = np.array([1, 2, 3, 6, 7, 14, 15, 16])


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    return rng.normal(size=3), 0.4, 1.7, rng.normal(size=(8, 3)), rng.normal(size=8), gaps(DAY)


def test_it_is_the_density_of_a_dense_ar1(case):
    coefficient, rho, variance, columns, outcome, _ = case
    covariance = variance * rho ** np.abs(DAY[:, None] - DAY[None, :]).astype(float)
    mean = np.sqrt(variance) * columns @ coefficient
    wanted = stats.multivariate_normal(mean, covariance).logpdf(outcome) + 4 * np.log(2 * np.pi)
    assert density_and_gradient(*case)[0] == pytest.approx(wanted)


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.4, 0.93])
def test_the_gradient_is_that_of_finite_differences(case, rho):
    coefficient, _, variance, *data = case
    _, by_coefficient, by_rho, by_variance = density_and_gradient(coefficient, rho, variance, *data)

    def at(shift):
        return density_and_gradient(coefficient + shift[:3], rho + shift[3], variance + shift[4], *data)[0]

    step = 1e-6
    numeric = [(at(step * unit) - at(-step * unit)) / (2 * step) for unit in np.eye(5)]
    assert [*by_coefficient, by_rho, by_variance] == pytest.approx(numeric, abs=1e-5)
