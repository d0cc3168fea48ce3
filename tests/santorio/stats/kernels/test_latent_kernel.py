"""Densities of outcomes that are no Gaussian measurements, and their gradients."""

import numpy as np
import pytest
from scipy import special, stats

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK
from santorio.stats.kernels.gaussian import effective_exposure, explained
from santorio.stats.kernels.latent import (
    draw_path,
    filter_path,
    latent_density,
    middle_of_level,
)
from santorio.stats.kernels.likelihoods import bounded, count, cut_points, day_density, ordinal
from santorio.stats.outcome_types import BINARY, BOUNDED, COUNT, ORDINAL
from santorio.stats.regression_terms import regression

DAY = np.array([1, 2, 3, 6, 7, 14, 15, 16]) + 20000
DESIGN = TrialDesign(
    DAY,
    arm=np.array([0, 1, 1, 0, 1, 0, 0, 1]),
    cycle=np.array([0, 0, 0, 0, 1, 1, 1, 1]),
    observed=np.array([1, 1, 0, 1, 1, 1, 1, 1], dtype=bool),
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


WORKING = np.column_stack([np.linspace(-2, 3, 7), np.linspace(0.1, 1.5, 7)])


@pytest.fixture
def parameters():
    rng = np.random.default_rng(4)
    noise = np.array([0.5, 0.8, 0.4, 3.0, 1.7])
    return rng.normal(size=WIDTH), rng.normal(size=DAYS), rng.normal(size=4), noise


def density(parameters, family, working=WORKING):
    outcome, levels = OUTCOMES[family]
    terms = regression(DESIGN, None, WEAK)
    data = terms.data(WIDTH)
    layout = np.array([*terms.layout, family, levels])
    link = np.array([0.3, -1.2, 0.5, 0.1, 0.6])
    return latent_density(*parameters, data["columns"], outcome, data["schedule"], layout, link, working)


@pytest.mark.parametrize("family", OUTCOMES)
def test_the_gradient_is_that_of_finite_differences(parameters, family):
    found = np.concatenate(density(parameters, family)[1:])
    sizes = np.cumsum([len(part) for part in parameters])

    def at(shift):
        parts = np.split(shift, sizes[:-1])
        return density([parameter + move for parameter, move in zip(parameters, parts, strict=True)], family)[
            0
        ]

    step = 1e-6
    numeric = np.array([(at(step * unit) - at(-step * unit)) / (2 * step) for unit in np.eye(sizes[-1])])
    assert found == pytest.approx(numeric, abs=2e-5)
    # ρ, the path's spread and λ act under every likelihood.
    assert np.abs(found[sizes[2] : sizes[2] + 3]).min() > 1e-4


GAP_DAYS = np.array([1.0, 1, 3, 1, 7, 1, 1])
RHO, PATH_SD = 0.6, 0.8


def steps(gap_days):
    return np.concatenate([[0.0], RHO ** gap_days[1:]])


def path_of(standard, residual, weight):
    step = steps(GAP_DAYS)
    *moments, evidence = filter_path(step, PATH_SD, residual, weight)
    return draw_path(standard, step, *moments), evidence


def affine_path(residual, weight):
    """Mean and square root of the covariance of a path that standard normals draw."""
    mean = path_of(np.zeros(7), residual, weight)[0]
    root = np.column_stack([path_of(unit, residual, weight)[0] - mean for unit in np.eye(7)])
    return mean, root


def ar1_covariance():
    day = np.cumsum(GAP_DAYS)
    return RHO ** np.abs(day[:, None] - day[None, :])


def test_a_path_without_observations_has_the_covariance_of_an_ar1_over_gaps():
    mean, root = affine_path(np.ones(7), np.zeros(7))
    assert mean == pytest.approx(np.zeros(7))
    assert root @ root.T == pytest.approx(ar1_covariance())


def test_a_path_is_drawn_from_its_posterior_given_normal_observations():
    residual, weight = WORKING.T
    observed = PATH_SD**2 * ar1_covariance() + np.diag(1 / weight)
    gain = PATH_SD * ar1_covariance() @ np.linalg.inv(observed)
    mean, root = affine_path(residual, weight)
    assert mean == pytest.approx(gain @ residual)
    assert root @ root.T == pytest.approx(ar1_covariance() - PATH_SD * gain @ ar1_covariance())
    dense = stats.multivariate_normal(cov=observed).logpdf(residual)
    constant = stats.norm(scale=1 / np.sqrt(weight)).logpdf(0.0).sum()
    assert path_of(np.zeros(7), residual, weight)[1] == pytest.approx(dense - constant)


@pytest.mark.parametrize("family", OUTCOMES)
@pytest.mark.parametrize("working", [WORKING, np.zeros((7, 2))])
def test_the_density_of_a_path_is_that_of_dense_algebra_whatever_it_is_centred_on(
    parameters, family, working
):
    coefficient, _, standard_cuts, noise = parameters
    noise[[0, 1]] = RHO, PATH_SD
    outcome, levels = OUTCOMES[family]
    link, terms = np.array([0.3, -1.2, 0.5, 0.1, 0.6]), regression(DESIGN, None, WEAK)
    schedule = terms.data(WIDTH)["schedule"]
    exposure = effective_exposure(schedule, noise[2], 1)[0]
    observed = np.flatnonzero(DESIGN.observed)
    without_path = np.array(
        [
            explained(coefficient, terms.columns.values[row], exposure[t], int(DESIGN.cycle[t]), terms.layout)
            for row, t in enumerate(observed)
        ]
    )
    cuts = noise[4] * cut_points(standard_cuts, link[1:])
    residual = working[:, 0] - without_path
    if family == ORDINAL:
        residual += [middle_of_level(int(level), levels, cuts) for level in outcome]
    path = np.random.default_rng(8).normal(size=7)
    predictor = link[0] + without_path + PATH_SD * path
    days = [
        day_density(family, eta, value, levels, noise[3], cuts, np.zeros(4))[0]
        for eta, value in zip(predictor, outcome, strict=True)
    ]
    step = steps(np.diff(DESIGN.day[observed], prepend=0.0))
    *moments, _ = filter_path(step, PATH_SD, residual, working[:, 1])
    mean = draw_path(np.zeros(7), step, *moments)
    root = np.column_stack([draw_path(unit, step, *moments) - mean for unit in np.eye(7)])
    standard = np.linalg.solve(root, path - mean)
    day = DESIGN.day[observed]
    covariance = RHO ** np.abs(day[:, None] - day[None, :])
    dense = stats.multivariate_normal(cov=covariance).logpdf(path) + sum(days)
    value = density((coefficient, np.append(standard, [0.0, 0.0]), standard_cuts, noise), family, working)[0]
    found = value + stats.norm.logpdf(standard).sum() - np.linalg.slogdet(root)[1]
    assert found == pytest.approx(dense)


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
