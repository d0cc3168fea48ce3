"""Densities of outcomes that are no Gaussian measurements, and their gradients."""

import numpy as np
import pytest
from scipy import special, stats

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK
from santorio.stats.kernels.latent import latent_density, latent_path
from santorio.stats.kernels.likelihoods import bounded, count, ordinal
from santorio.stats.outcome_types import BINARY, BOUNDED, COUNT, ORDINAL
from santorio.stats.regression_terms import regression

DAY = np.array([1, 2, 3, 6, 7, 14, 15, 16]) + 20000
DESIGN = TrialDesign(
    DAY,
    arm=np.array([0, 1, 1, 0, 1, 0, 0, 1]),
    cycle=np.array([0, 0, 0, 0, 1, 1, 1, 1]),
    known=np.array([1, 1, 0, 1, 1, 1, 1, 1], dtype=bool),
    arms=2,
)
WIDTH, DAYS = 18, 9
CUTS = np.array([-1.0, 0.3, 0.9, 2.0])
OUTCOMES = {
    BINARY: (np.array([0.0, 1, 1, 0, 0, 1, 1]), 2),
    ORDINAL: (np.array([0.0, 1, 4, 2, 3, 4, 0]), 5),
    COUNT: (np.array([0.0, 3, 17, 2, 4, 1, 0]), 2),
    BOUNDED: (np.array([0.0, 0.2, 1.0, 0.7, 0.01, 1.0, 0.5]), 2),
}


@pytest.fixture
def parameters():
    rng = np.random.default_rng(4)
    noise = np.array([0.5, 0.8, 0.4, 3.0, 1.7])
    return rng.normal(size=WIDTH), rng.normal(size=DAYS), rng.normal(size=4), noise


def density(parameters, family):
    outcome, levels = OUTCOMES[family]
    one = regression(DESIGN, None, WEAK)
    data = one.data(WIDTH)
    layout = np.array([*one.layout, family, levels])
    link = np.array([0.3, -1.2, 0.5, 0.1, 0.6])
    return latent_density(*parameters, data["columns"], outcome, data["schedule"], layout, link)


@pytest.mark.parametrize("family", OUTCOMES)
def test_the_gradient_is_that_of_finite_differences(parameters, family):
    found = np.concatenate(density(parameters, family)[1:])
    sizes = np.cumsum([len(part) for part in parameters])

    def at(shift):
        parts = np.split(shift, sizes[:-1])
        return density([one + move for one, move in zip(parameters, parts, strict=True)], family)[0]

    step = 1e-6
    numeric = np.array([(at(step * unit) - at(-step * unit)) / (2 * step) for unit in np.eye(sizes[-1])])
    assert found == pytest.approx(numeric, abs=2e-5)
    # ρ, the path's spread and λ act under every likelihood.
    assert np.abs(found[sizes[2] : sizes[2] + 3]).min() > 1e-4


def test_a_path_has_the_covariance_of_an_ar1_over_gaps():
    gap = np.array([1.0, 1, 3, 1, 7])
    basis = np.column_stack([latent_path(unit, 0.6, gap) for unit in np.eye(5)])
    day = np.cumsum(gap)
    assert basis @ basis.T == pytest.approx(0.6 ** np.abs(day[:, None] - day[None, :]))


def test_probabilities_of_all_levels_sum_to_one():
    for eta in (-5.0, 0.2, 7.0):
        total = sum(np.exp(ordinal(eta, float(k), 5, CUTS, np.zeros(4))[0]) for k in range(5))
        assert total == pytest.approx(1.0)
        below = np.exp(ordinal(eta, 0.0, 5, CUTS, np.zeros(4))[0]) + np.exp(
            ordinal(eta, 1.0, 5, CUTS, np.zeros(4))[0]
        )
        assert below == pytest.approx(special.expit(CUTS[1] - eta))


def test_counts_are_negative_binomial():
    for outcome in (0, 3, 250):
        mean = np.exp(1.3)
        wanted = stats.nbinom(2.5, 2.5 / (2.5 + mean)).logpmf(outcome)
        assert count(1.3, float(outcome), 2.5)[0] == pytest.approx(wanted)


def test_a_bounded_outcome_has_all_its_probability_on_the_ends_and_between_them():
    cuts = np.array([-2.0, 2.5])
    share = np.linspace(1e-6, 1 - 1e-6, 20001)
    inside = np.trapezoid([np.exp(bounded(0.4, y, 6.0, cuts, np.zeros(2))[0]) for y in share], share)
    ends = sum(np.exp(bounded(0.4, y, 6.0, cuts, np.zeros(2))[0]) for y in (0.0, 1.0))
    assert inside + ends == pytest.approx(1.0, abs=1e-4)
    assert ends == pytest.approx(special.expit(-2.0 - 0.4) + special.expit(0.4 - 2.5))
