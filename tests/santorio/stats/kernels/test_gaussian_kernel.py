"""The hand-written densities and their gradients."""

import numpy as np
import pytest
from scipy import special, stats

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK
from santorio.stats.kernels.gaussian import days_density, effects_prior, mixture_density
from santorio.stats.kernels.special import digamma
from santorio.stats.regression_terms import regression

DAY = np.array([1, 2, 3, 6, 7, 14, 15, 16, 17, 20]) + 20000
DESIGN = TrialDesign(
    DAY,
    arm=np.array([0, 1, 2, 2, 1, 0, 0, 2, 1, 0]),
    cycle=np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]),
    observed=np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 1], dtype=bool),
    arms=3,
)
WIDTH = 20


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    terms = regression(DESIGN, None, WEAK)
    assert len(terms.shift) < WIDTH
    data = {**terms.data(WIDTH), "layout": terms.layout}
    return rng.normal(size=WIDTH), rng.normal(size=int(DESIGN.observed.sum())), data


def density(case, noise, *, heavy=0):
    coefficient, outcome, data = case
    layout = np.append(data["layout"], heavy)
    return days_density(
        coefficient, np.asarray(noise, dtype=float), data["columns"], outcome, data["schedule"], layout
    )


@pytest.mark.parametrize("carry_over", [0.0, 0.4, 0.9])
def test_it_is_the_density_of_a_dense_ar1_around_the_linear_predictor(case, carry_over):
    coefficient, outcome, _ = case
    columns = DESIGN.columns(carry_over)
    day = DAY[DESIGN.observed].astype(float)
    covariance = 1.7 * 0.4 ** np.abs(day[:, None] - day[None, :])
    mean = np.sqrt(1.7) * columns.values @ coefficient[: columns.values.shape[1]]
    wanted = stats.multivariate_normal(mean, covariance).logpdf(outcome) + len(day) / 2 * np.log(2 * np.pi)
    assert density(case, [0.4, 1.7, carry_over, 5.0])[0] == pytest.approx(wanted)


@pytest.mark.parametrize("degrees", [2.5, 7.0])
def test_heavy_tails_are_those_of_student(case, degrees):
    coefficient, outcome, _ = case
    columns = DESIGN.columns(0.3)
    residual = outcome / np.sqrt(1.7) - columns.values @ coefficient[: columns.values.shape[1]]
    step = 0.4 ** np.diff(DAY[DESIGN.observed]).astype(float)
    wanted = stats.t(degrees).logpdf(residual[0]) - len(outcome) / 2 * np.log(1.7)
    scale = np.sqrt(1 - step**2)
    wanted += stats.t(degrees, step * residual[:-1], scale).logpdf(residual[1:]).sum()
    found = density(case, [0.4, 1.7, 0.3, degrees], heavy=1)[0]
    assert found == pytest.approx(wanted + len(outcome) / 2 * np.log(2 * np.pi))


@pytest.mark.parametrize("heavy", [0, 1])
@pytest.mark.parametrize(("rho", "carry_over"), [(-0.5, 0.3), (0.0, 0.5), (0.4, 0.8), (0.93, 0.05)])
def test_the_gradient_is_that_of_finite_differences(case, rho, carry_over, heavy):
    coefficient, outcome, data = case
    noise = np.array([rho, 1.7, carry_over, 4.0])
    _, by_coefficient, by_noise = density(case, noise, heavy=heavy)

    def at(shift):
        moved = (coefficient + shift[:WIDTH], outcome, data)
        return density(moved, noise + shift[WIDTH:], heavy=heavy)[0]

    step = 1e-6
    numeric = [(at(step * unit) - at(-step * unit)) / (2 * step) for unit in np.eye(WIDTH + 4)]
    assert [*by_coefficient, *by_noise] == pytest.approx(numeric, abs=2e-5)
    assert abs(by_noise[2]) > 1e-3


def test_without_carry_over_its_derivative_is_that_from_above(case):
    _, _, by_noise = density(case, [0.4, 1.7, 0.0, 4.0])
    step = 1e-6
    above = [density(case, [0.4, 1.7, at, 4.0])[0] for at in (0.0, step)]
    assert by_noise[2] == pytest.approx((above[1] - above[0]) / step, abs=1e-3)


def test_without_cycles_no_departure_is_looked_for(case):
    coefficient, outcome, data = case
    one_cycle = {**data, "layout": np.array([*data["layout"][:2], 0])}
    changed = coefficient.copy()
    changed[data["layout"][:2].sum() :] += 1.0
    noise = [0.4, 1.7, 0.3, 5.0]
    assert (
        density((changed, outcome, one_cycle), noise)[0]
        == density((coefficient, outcome, one_cycle), noise)[0]
    )


def test_a_mixture_has_the_density_of_its_parts_and_its_derivative():
    prior = np.array([[0.7, 0.3], [0.5, -1.0], [0.2, 1.0]])
    for effect in (-3.0, 0.1, 0.6, 9.0):
        parts = stats.norm(prior[1], prior[2]).pdf(effect) @ prior[0]
        value, slope = mixture_density(effect, prior)
        assert value == pytest.approx(np.log(parts) + 0.5 * np.log(2 * np.pi))
        step = 1e-6
        ends = [mixture_density(effect + s, prior)[0] for s in (step, -step)]
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_the_effects_prior_takes_the_place_of_the_standard_normal_of_the_arms_alone():
    rng = np.random.default_rng(2)
    standard, layout = rng.normal(size=6), np.array([2, 2, 0, 0])
    shift, scale = np.array([0, 0, 0.4, 0.4, 0, 0]), np.array([1, 1, 0.8, 0.8, 1, 1])
    prior = np.array([[0.7, 0.3], [0.5, -1.0], [0.2, 1.0]])
    value, by_standard = effects_prior(standard, shift, scale, prior, layout)
    effect = shift[2:4] + scale[2:4] * standard[2:4]
    wanted = sum(mixture_density(value, prior)[0] for value in effect) + 0.5 * (standard[2:4] ** 2).sum()
    wanted += 2 * np.log(0.8)
    assert value == pytest.approx(wanted)
    assert by_standard[[0, 1, 4, 5]].tolist() == [0, 0, 0, 0]
    step = 1e-6
    for j in (2, 3):
        unit = step * np.eye(6)[j]
        ends = [effects_prior(standard + s * unit, shift, scale, prior, layout)[0] for s in (1, -1)]
        assert by_standard[j] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_one_component_of_that_shift_and_scale_adds_nothing():
    standard, layout = np.random.default_rng(3).normal(size=4), np.array([1, 2, 0, 0])
    prior = np.array([[1.0], [0.3], [0.7]])
    value, by_standard = effects_prior(standard, np.full(4, 0.3), np.full(4, 0.7), prior, layout)
    assert value == pytest.approx(0.0, abs=1e-12)
    assert by_standard == pytest.approx(0.0, abs=1e-12)


def test_the_derivative_of_the_log_gamma_function_is_scipys():
    for x in (0.01, 0.5, 1.0, 3.3, 9.99, 40.0, 1e6):
        assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-11)
