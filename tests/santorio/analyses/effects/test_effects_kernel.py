"""The density that the sampler climbs: against the covariance of the days, and its derivatives against differences."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta, halfcauchy, multivariate_t, norm

from santorio.analyses.effects.kernel import compiled_density, effects_density, half_cauchy
from santorio.analyses.effects.marginal_likelihood import gather
from santorio.analyses.effects.model import EffectsModel
from santorio.stats.design_matrix import background_columns

DAYS = np.delete(np.arange(60), [7, 8, 31]) + 20_000
OUTCOMES, EXPOSURES = 2, 3
CONFOUNDER = np.array([0.0, 0.0, 1.0])


@pytest.fixture
def data():
    rng = np.random.default_rng(8)
    background = background_columns(DAYS)
    exposures = rng.normal(size=(len(DAYS), EXPOSURES))
    outcomes = rng.normal(size=(OUTCOMES, len(DAYS)))
    return background, exposures, outcomes


def arguments(data):
    background, exposures, outcomes = data
    evidence = [gather(background, exposures, outcome) for outcome in outcomes]
    return (
        np.stack([likelihood.splines for likelihood in evidence]),
        np.array([float(likelihood.days) for likelihood in evidence]),
        CONFOUNDER,
        EffectsModel(OUTCOMES, EXPOSURES).settings,
    )


def point(seed):
    rng = np.random.default_rng(seed)
    size = 2 * OUTCOMES + 2 + EXPOSURES * (OUTCOMES + 1)
    return np.concatenate([rng.uniform(-1, 3, OUTCOMES), [-1.5, 0.4], rng.normal(size=size - OUTCOMES - 2)])


def named(at):
    """As the sampler's draws are called, one draw."""
    logits, log_tau, logit_share, departure, common, own = np.split(at, [2, 3, 4, 6, 9])
    return {
        "rho": 2 * expit(logits) - 1,
        "tau": np.exp(log_tau),
        "share": expit(logit_share),
        "departure": departure[None],
        "common": common[None],
        "own": own.reshape(1, OUTCOMES, EXPOSURES),
    }


def true(at, data):
    """Log density of the prior, with the Jacobians of the sampler's scale, and of the days, by their covariance."""
    background, exposures, outcomes = data
    draws, model = named(at), EffectsModel(OUTCOMES, EXPOSURES)
    (scale,) = model.scales(draws, CONFOUNDER)
    unit = (1 + draws["rho"]) / 2
    total = beta.logpdf(unit, 6, 1.5).sum() + np.log(unit * (1 - unit)).sum()
    total += beta.logpdf(draws["share"], 2, 2)[0] + np.log(draws["share"] * (1 - draws["share"]))[0]
    total += norm.logpdf(draws["tau"][0], 0, 0.2) + at[2] + norm.logpdf(at[4:]).sum()
    for o, outcome in enumerate(outcomes):
        omega = draws["rho"][o] ** np.abs(DAYS[:, None] - DAYS[None, :])
        columns = np.column_stack([background.values, exposures])
        sd = np.concatenate([background.prior_sd, scale[o]])
        # σ² ~ InverseGamma(2, 1): y is Student-t with 4 degrees of freedom and half the shape.
        shape = 0.5 * (omega + (columns * sd**2) @ columns.T)
        total += multivariate_t.logpdf(outcome, np.zeros(len(DAYS)), shape, df=4)
    return total


def test_the_density_is_prior_times_a_student_t_over_all_days(data):
    given = arguments(data)
    one, other = point(1), point(2)
    difference = effects_density(one, *given)[0] - effects_density(other, *given)[0]
    assert difference == pytest.approx(true(one, data) - true(other, data), abs=1e-4)


@pytest.mark.parametrize("density", [effects_density, compiled_density()])
@pytest.mark.parametrize("seed", [1, 2])
def test_derivatives_are_those_of_the_density(data, seed, density):
    given, at = arguments(data), point(seed)
    _, gradient = density(at, *given)
    for place in range(len(at)):
        ends = []
        for step in (1e-5, -1e-5):
            moved = at.copy()
            moved[place] += step
            ends.append(density(moved, *given)[0])
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-5)


def test_what_a_confounder_has_no_use_for_keeps_its_prior(data):
    at = point(3)
    _, gradient = effects_density(at, *arguments(data))
    for place in (8, 11, 14):  # u of the third exposure, and v for both outcomes
        assert gradient[place] == -at[place]


@pytest.mark.parametrize("standard", [-20.0, -3.0, -0.1, 0.0, 0.4, 2.5, 20.0])
def test_local_scales_are_half_cauchy(standard):
    value, slope = half_cauchy(standard)
    true = halfcauchy.ppf(norm.cdf(standard)) if standard < 0 else halfcauchy.isf(norm.sf(standard))
    assert value == pytest.approx(true, rel=1e-9)
    ends = [np.log(half_cauchy(standard + step)[0]) for step in (1e-6, -1e-6)]
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)
