"""Associations without their own prior: against dense algebra with a flat prior, ρ summed over a grid."""

import numpy as np
import pytest
from scipy import stats

from santorio.analyses.effects.flat_prior import flat_prior_associations
from santorio.analyses.effects.marginal_likelihood import gather
from santorio.stats import exact_inference
from santorio.stats.design_matrix import background_columns

DAYS = 120


@pytest.fixture
def lived(autoregressive):
    rng = np.random.default_rng(11)
    exposures = rng.normal(size=(DAYS, 3))
    exposures[:, 1] = 0.8 * exposures[:, 0] + 0.6 * exposures[:, 1]  # two that come together
    outcome = 0.15 * exposures[:, 0] + 0.9 * autoregressive(rng, DAYS, 0.4)[:, 0]
    return background_columns(np.arange(DAYS) + 20_000), exposures, outcome


def dense(lived, which):
    """Estimate and spread of one effect under a flat prior, the others' being Normal(0, 1)."""
    background, exposures, outcome = lived
    prior_sd = np.ones(exposures.shape[1])
    prior_sd[which] = 1e3
    day = np.arange(DAYS)
    shape = exact_inference.VARIANCE_SHAPE + DAYS / 2
    log_weights, means, variances = [], [], []
    rhos = np.linspace(-0.9, 0.98, 189)
    for rho in rhos:
        covariance = rho ** np.abs(day[:, None] - day[None, :]) + (
            (background.values * background.prior_sd**2) @ background.values.T
        )
        inverse = np.linalg.inv(covariance)
        precision = exposures.T @ inverse @ exposures + np.diag(prior_sd**-2.0)
        spread = np.linalg.inv(precision)
        mean = spread @ exposures.T @ inverse @ outcome
        rate = exact_inference.VARIANCE_SCALE + 0.5 * (outcome @ inverse @ outcome - mean @ precision @ mean)
        log_determinant = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(precision)[1]
        log_prior = stats.beta.logpdf((1 + rho) / 2, *exact_inference.RHO_BETA)
        log_weights.append(log_prior - log_determinant / 2 - shape * np.log(rate))
        means.append(mean[which])
        variances.append(rate / (shape - 1) * spread[which, which])
    weight = np.exp(np.array(log_weights) - max(log_weights))
    weight /= weight.sum()
    mean = weight @ means
    return mean, np.sqrt(weight @ (variances + (np.array(means) - mean) ** 2))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_it_is_the_posterior_under_a_flat_prior(lived, which):
    estimate, sd = flat_prior_associations(gather(*lived), [0, 1, 2])
    true, true_sd = dense(lived, which)
    assert estimate[which] == pytest.approx(true, abs=0.02 * true_sd)
    assert sd[which] == pytest.approx(true_sd, rel=0.01)


def test_a_column_that_the_outcome_does_not_have_changes_nothing(lived):
    background, exposures, outcome = lived
    wider = np.column_stack([np.zeros(DAYS), exposures])
    np.testing.assert_allclose(
        flat_prior_associations(gather(background, wider, outcome), [1, 2, 3]),
        flat_prior_associations(gather(*lived), [0, 1, 2]),
        rtol=1e-6,
    )


def test_what_the_days_say_nothing_of_has_a_spread_beyond_its_prior(lived):
    background, exposures, outcome = lived
    twins = np.column_stack([exposures[:, 0], exposures[:, 0]])
    _, sd = flat_prior_associations(gather(background, twins, outcome), [0, 1])
    assert sd.min() > 0.8
