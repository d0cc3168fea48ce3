"""The sampled model of a trial agrees with the exact answer, and with quadrature where there is no such answer."""

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import carry_over_from, robust_mixture
from santorio.stats.exact_inference import fit_trial
from santorio.stats.gaussian_model import TrialModel

# All designs of this page share this width, so that one compilation serves them.
WIDTH = 32
# With an ESS of some 7000: four Monte Carlo standard errors. A chain takes another path on another processor, and more
# than that is off once in fifteen thousand.
TOLERANCE_SD = 0.05


def periods(rng, cycles, length, arms=2, missing=0.1):
    """Cycles of every arm once in random order, some days missing."""
    arm = np.concatenate([np.repeat(rng.permutation(arms), length) for _ in range(cycles)])
    days = len(arm)
    return TrialDesign(
        np.arange(days) + 20000, arm, np.arange(days) // (arms * length), rng.random(days) > missing, arms
    )


def daily(rng, days, missing=0.0):
    """Randomised by day; half a fortnight each."""
    arm = np.concatenate([rng.permutation(np.repeat([0, 1], 7)) for _ in range(days // 14)])
    return TrialDesign(np.arange(days) + 20000, arm, np.arange(days) // 14, rng.random(days) > missing, 2)


@pytest.fixture(scope="module")
def model():
    return TrialModel(WIDTH, sampler_config={"draws": 4000})


@pytest.fixture
def simulate(autoregressive):
    """Outcome of a design's observed days, with effects of the arms that wear off by λ."""

    def outcome(rng, design, phi, effects, carry_over=0.0):
        exposure = design.exposure(np.array([carry_over]))[0]
        return autoregressive(rng, len(design.day), phi)[design.observed, 0] + exposure @ np.atleast_1d(
            effects
        )

    return outcome


def agree(fit, wanted):
    """Sampled and exact: mean, spread, tails, noise."""
    sampled, sd = fit.draws["effect"][:, 0], wanted.sd("arm_1")[0]
    assert fit.diagnostics.problem is None
    assert sampled.mean() == pytest.approx(wanted.mean("arm_1")[0], abs=TOLERANCE_SD * sd)
    assert sampled.std() == pytest.approx(sd, rel=0.06)
    for probability in (0.025, 0.5, 0.975):
        at = np.quantile(sampled, probability)
        assert wanted.below("arm_1", at)[0] == pytest.approx(
            probability, abs=0.015 + 0.02 * (probability == 0.5)
        )
    assert fit.draws["rho"].mean() == pytest.approx(wanted.rho_mean()[0], abs=0.02)
    assert fit.draws["sigma"].mean() == pytest.approx(wanted.sigma_mean()[0], rel=0.02)


@pytest.mark.parametrize(("phi", "effect"), [(0.0, 0.0), (0.5, 0.6), (0.8, -0.4)])
def test_sampled_and_exact_agree_without_carry_over(model, simulate, phi, effect):
    rng = np.random.default_rng(int(10 * phi))
    design = periods(rng, 10, 3)
    outcome = simulate(rng, design, phi, effect)
    fit = model.fit(design, outcome)
    agree(fit, fit_trial(design, outcome))
    assert not fit.draws["carry_over"].any()


@pytest.mark.parametrize(
    ("kind", "half_life_days", "phi"), [("daily", 1.0, 0.3), ("daily", 4.0, 0.0), ("periods", 2.0, 0.6)]
)
def test_sampled_and_exact_agree_on_effects_that_carry_over(model, simulate, kind, half_life_days, phi):
    rng = np.random.default_rng(7)
    design = daily(rng, 70, missing=0.1) if kind == "daily" else periods(rng, 6, 5)
    carry_over = carry_over_from(half_life_days)
    outcome = simulate(rng, design, phi, 0.8, carry_over.mean)
    fit = model.fit(design, outcome, carry_over=carry_over)
    wanted = fit_trial(design, outcome, carry_over=carry_over)
    agree(fit, wanted)
    assert fit.draws["carry_over"].mean() == pytest.approx(wanted.carry_over_mean()[0], abs=0.01)


def test_sampled_and_exact_agree_under_a_robust_prior_that_the_data_support_or_contradict(model, simulate):
    rng = np.random.default_rng(11)
    design = daily(rng, 42)
    outcome = simulate(rng, design, 0.3, 0.5)
    for prior in (robust_mixture(0.6, 0.15), robust_mixture(-0.5, 0.15)):
        agree(model.fit(design, outcome, prior=prior), fit_trial(design, outcome, prior=prior))


def test_three_arms_and_a_narrower_design_share_the_compilation(model, simulate):
    rng = np.random.default_rng(13)
    design = periods(rng, 4, 3, arms=3)
    outcome = simulate(rng, design, 0.2, [0.7, -0.7])
    fit, wanted = model.fit(design, outcome), fit_trial(design, outcome)
    for k in (1, 2):
        found = fit.draws["effect"][:, k - 1]
        assert found.mean() == pytest.approx(
            wanted.mean(f"arm_{k}")[0], abs=TOLERANCE_SD * wanted.sd(f"arm_{k}")[0]
        )
    assert model.shape == TrialModel(design.columns().values.shape[1]).shape


def test_heavy_tails_are_distinguished_from_normal_ones_and_are_robust_to_outliers(model):
    rng = np.random.default_rng(17)
    design = daily(rng, 140)
    calm = rng.normal(size=140) + 0.5 * design.arm
    wild = rng.standard_t(2.5, size=140) + 0.5 * design.arm
    on_calm, on_wild = (model.fit(design, y, heavy_tails=True) for y in (calm, wild))
    plain = model.fit(design, wild)
    for fit in (on_calm, on_wild, plain):
        assert fit.diagnostics.problem is None
    assert np.mean(on_wild.draws["degrees"] < 8) > 0.9
    assert np.mean(on_calm.draws["degrees"] < 4) < 0.1
    assert np.isinf(plain.draws["degrees"]).all()
    assert on_wild.draws["effect"].std() < 0.9 * plain.draws["effect"].std()
