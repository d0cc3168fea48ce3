"""The closed form of a design's worth, confirmed by simulating the trial."""

import numpy as np
import pytest

from santorio.stats.assurance import (
    EffectDistribution,
    Noise,
    assurance,
    estimate_variance,
    information_gain,
    unit_variances,
    value_of_information,
)
from santorio.stats.decisions import decide
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import carry_over_from
from santorio.stats.exact_inference import fit_exact, fit_trial
from santorio.stats.randomization import draw_daily
from santorio.trials.proposals.design_search import Design


def test_with_days_that_are_independent_v_is_that_of_two_means_and_a_little_for_trend_and_week():
    arm = draw_daily(20, 14, 1)
    v = estimate_variance(arm, np.zeros(280, dtype=int), Noise(2.0, 0.0))
    assert v == pytest.approx(4 * (1 / 140 + 1 / 140), rel=0.06)


def test_daily_randomisation_gains_from_correlated_days():
    arm, cycle = draw_daily(5, 14, 1), np.arange(70) // 14
    assert estimate_variance(arm, cycle, Noise(1, 0.7)) < estimate_variance(arm, cycle, Noise(1, 0.0))


def test_assurance_is_what_simulated_trials_of_that_design_reach(autoregressive):
    rng = np.random.default_rng(3)
    arm, cycle = draw_daily(4, 14, 5), np.arange(56) // 14
    noise, prior, delta = Noise(10.0, 0.3), EffectDistribution(4.0, 5.0), 4.0
    promised = assurance(prior, noise, estimate_variance(arm, cycle, noise), delta)
    effects = rng.normal(prior.mean, prior.sd, 800)
    # Cycles differ by the amount that planning assumes.
    departures = 0.15 * noise.sigma * rng.normal(size=(4, 800))
    outcome = (
        noise.sigma * autoregressive(rng, 56, noise.rho, 800) + (effects + departures[cycle]) * arm[:, None]
    )
    design = TrialDesign(np.arange(56), arm, cycle, np.ones(56, dtype=bool), 2)
    posterior = fit_exact(design.columns(), outcome / noise.sigma)
    below, above = (posterior.below("arm_1", s * delta / noise.sigma) for s in (-1, 1))
    decisions = [decide(1 - a, a - b, b, "higher") for a, b in zip(above, below, strict=True)]
    assert np.mean([decision != "keep going" for decision in decisions]) == pytest.approx(promised, abs=0.06)


def test_with_carry_over_and_three_arms_assurance_is_still_what_simulated_trials_reach(autoregressive):
    """λ is unknown to the analysis and known to the plan: what that is worth must stay within the noise of the test."""
    rng = np.random.default_rng(9)
    intervention = carry_over_from(1.0)
    design = Design("periods", 3, 5, 12, carry_over=intervention.mean).trial_design(4)
    noise, prior, delta = Noise(8.0, 0.35), EffectDistribution(3.0, 5.0), 3.0
    (unit,) = unit_variances(design.columns(intervention.mean), np.array([noise.rho]))
    promised = assurance(prior, noise, float(unit) * noise.sigma**2, delta)
    trials = 300
    effects = rng.normal(prior.mean, prior.sd, (2, trials))
    carry_over = rng.beta(intervention.alpha, intervention.beta, trials)
    exposure = design.exposure(carry_over)
    departures = 0.15 * noise.sigma * rng.normal(size=(design.cycles, 2, trials))
    outcome = noise.sigma * autoregressive(rng, 60, noise.rho, trials)
    outcome += np.einsum("sdk,dks->ds", exposure, effects[None] + departures[design.cycle])
    posterior = fit_trial(design, outcome / noise.sigma, carry_over=intervention)
    decisions = []
    for arm in ("arm_1", "arm_2"):
        below, above = (posterior.below(arm, s * delta / noise.sigma) for s in (-1, 1))
        decisions += [decide(1 - a, a - b, b, "higher") for a, b in zip(above, below, strict=True)]
    assert np.mean([decision != "keep going" for decision in decisions]) == pytest.approx(promised, abs=0.08)


def test_information_and_value_grow_with_precision_and_are_nothing_without():
    prior = EffectDistribution(0.0, 2.0)
    assert information_gain(prior, 1e9) == pytest.approx(0, abs=1e-6)
    assert information_gain(prior, 4 / 3) == pytest.approx(0.5 * np.log(4))
    worth = [value_of_information(prior, v, 1.0, lower_is_better=False) for v in (1e6, 4.0, 0.01)]
    assert worth == sorted(worth)
    assert worth[0] == pytest.approx(0, abs=1e-6)


def test_perfect_information_is_worth_the_expected_gain_over_deciding_now():
    draws = np.random.default_rng(4).normal(1.0, 2.0, 400_000)
    now = max(0.0, 1.0 - 0.5)
    then = np.maximum(draws - 0.5, 0).mean()
    assert value_of_information(
        EffectDistribution(1.0, 2.0), 1e-9, 0.5, lower_is_better=False
    ) == pytest.approx(then - now, abs=0.02)


def test_where_lower_is_better_the_signs_turn():
    up = value_of_information(EffectDistribution(1.0, 2.0), 1.0, 0.5, lower_is_better=False)
    assert value_of_information(
        EffectDistribution(-1.0, 2.0), 1.0, 0.5, lower_is_better=True
    ) == pytest.approx(up)
