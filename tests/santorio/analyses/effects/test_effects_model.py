"""Coefficients and σ are drawn from what they have given ρ and the scales; relevance is learned from other outcomes."""

import numpy as np
import pytest

from santorio.analyses.effects.marginal_likelihood import gather
from santorio.analyses.effects.model import EffectsModel
from santorio.stats.design_matrix import background_columns

DAY = np.delete(np.arange(80), [11, 12, 50]) + 20_000
RHO = 0.45
DRAWS = 20_000


def test_draws_given_rho_and_scales_are_those_of_generalised_least_squares_with_that_prior():
    rng = np.random.default_rng(12)
    background = background_columns(DAY)
    exposures = rng.normal(size=(len(DAY), 2))
    outcome = exposures @ [0.6, -0.2] + rng.normal(size=len(DAY))
    scale = np.array([0.7, 0.2])
    logit = np.full(DRAWS, np.log((1 + RHO) / (1 - RHO)))
    effect, sigma, parameters = EffectsModel(1, 2).draw(
        gather(background, exposures, outcome), 1 / (1 + np.exp(-logit)), np.tile(scale, (DRAWS, 1)), rng
    )
    columns = np.column_stack([background.values, exposures])
    precision = np.linalg.inv(RHO ** np.abs(DAY[:, None] - DAY[None, :]))
    prior = np.diag(np.concatenate([background.prior_sd, scale]) ** -2)
    spread = np.linalg.inv(columns.T @ precision @ columns + prior)
    mean = spread @ columns.T @ precision @ outcome
    rate = 1 + 0.5 * (outcome @ precision @ (outcome - columns @ mean))
    variance = rate / (1 + len(DAY) / 2)  # mean of InverseGamma(2 + n/2, rate)
    np.testing.assert_allclose(effect.mean(axis=0), mean[-2:], atol=0.005)
    np.testing.assert_allclose(np.cov(effect.T), variance * spread[-2:, -2:], rtol=0.05, atol=2e-4)
    assert (sigma**2).mean() == pytest.approx(variance, rel=0.01)
    assert parameters == pytest.approx(2 - (np.diag(spread)[-2:] / scale**2).sum(), rel=1e-4)


def test_what_matters_for_other_outcomes_is_shrunk_less_than_the_same_trace_of_what_matters_for_none():
    """Two exposures have the same weak association with one outcome; one of them matters for four others."""
    rng = np.random.default_rng(3)
    day = np.arange(200) + 20_000
    exposures = np.linalg.qr(rng.normal(size=(200, 6)))[0] * np.sqrt(200)
    background = background_columns(day)
    noise = rng.normal(size=(200, 5))
    # Whatever chance gave the two, they have the same now.
    noise -= exposures @ (exposures.T @ noise) / 200
    outcomes = noise + exposures[:, :1] * np.array([0.15, 0.6, 0.6, 0.6, 0.6])
    outcomes[:, 0] += 0.15 * exposures[:, 1]
    effects = EffectsModel(5, 6).fit(
        [gather(background, exposures, outcome / outcome.std()) for outcome in outcomes.T]
    )
    assert effects.diagnostics.problem is None
    relevant, irrelevant = effects.effect[:, 0, :2].mean(axis=0)
    assert relevant > 1.1 * irrelevant > 0
    assert effects.fit.draws["share"].mean() > 0.6
