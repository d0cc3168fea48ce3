"""Simulated trials have the truth that they are said to have."""

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import CarryOver
from santorio.stats.evaluation.simulation import (
    DataGeneratingProcess,
    GroundTruth,
    ParticipantBehaviour,
    Population,
    simulate_from_prior,
    simulate_people,
    simulate_trials,
    standardise,
)

DAYS = 60


@pytest.fixture
def rng():
    return np.random.default_rng(12)


@pytest.fixture
def design(rng):
    arm = np.concatenate([rng.permutation([0] * 6 + [1] * 6) for _ in range(5)])
    return TrialDesign(np.arange(DAYS) + 20000, arm, np.arange(DAYS) // 12, np.ones(DAYS, dtype=bool), 2)


def truth(effect=0.0, **more):
    return GroundTruth(np.array([effect]), **more)


def correlation(values, lag):
    return float((values[lag:] * values[:-lag]).mean() / values.var())


@pytest.mark.parametrize("degrees", [np.inf, 5.0])
def test_an_ar2_has_its_spread_and_its_autocorrelations(rng, degrees):
    first, second = 0.35, 0.25
    process = DataGeneratingProcess(sigma=2.0, autoregression=(first, second), degrees=degrees)
    values = process.draw(np.arange(50), 8000, rng)
    assert values.std() == pytest.approx(2.0, rel=0.02)
    # Yule and Walker.
    assert correlation(values, 1) == pytest.approx(first / (1 - second), abs=0.01)
    assert correlation(values, 2) == pytest.approx(first**2 / (1 - second) + second, abs=0.01)


def test_heavy_tails_are_heavier(rng):
    values = DataGeneratingProcess(degrees=4.0).draw(np.arange(50), 8000, rng)
    assert values.std() == pytest.approx(1, rel=0.05)
    assert (np.abs(values) > 4).mean() > 20 * 6.3e-5


def test_a_hole_in_the_study_is_a_longer_gap(rng):
    values = DataGeneratingProcess(autoregression=(0.6, 0.0)).draw(np.array([0, 1, 4]), 40_000, rng)
    assert np.corrcoef(values)[0, 2] == pytest.approx(0.6**4, abs=0.02)


def test_a_process_that_wanders_off_is_refused():
    with pytest.raises(ValueError, match="stationary"):
        DataGeneratingProcess(autoregression=(0.8, 0.3))


def test_the_drift_is_the_change_over_the_study(rng):
    values = DataGeneratingProcess(sigma=0.01, drift=2.0).draw(np.arange(30), 50, rng).mean(axis=1)
    assert values[-1] - values[0] == pytest.approx(2.0, abs=0.02)


def test_the_mean_outcome_follows_the_effective_exposure(rng, design):
    found = simulate_trials(design, truth(1.5, carry_over=0.6), 20_000, rng)
    exposure = design.exposure(np.array([0.6]))[0, :, 0]
    assert found.outcome.mean(axis=1) == pytest.approx(1.5 * exposure, abs=0.04)
    assert found.effect.tolist() == [[1.5] * 20_000]


def test_cycles_depart_by_the_stated_sd(rng, design):
    found = simulate_trials(
        design, truth(1.0, departure_sd=0.5, process=DataGeneratingProcess(sigma=1e-6)), 4000, rng
    )
    treated = [found.outcome[(design.cycle == c) & (design.arm == 1)].mean(axis=0) for c in range(5)]
    assert np.std(treated) == pytest.approx(0.5, rel=0.05)
    assert np.mean(treated) == pytest.approx(1.0, abs=0.02)
    assert np.corrcoef(treated)[0, 1] == pytest.approx(0, abs=0.05)


def test_days_without_adherence_follow_the_reference(rng, design):
    found = simulate_trials(design, truth(1.0, behaviour=ParticipantBehaviour(adherence=0.8)), 5000, rng)
    assert found.taken[design.arm == 1].mean() == pytest.approx(0.8, abs=0.01)
    assert not found.taken[design.arm == 0].any()
    assert found.outcome[design.arm == 1].mean() == pytest.approx(0.8, abs=0.02)


def test_days_are_missing_after_bad_ones(rng, design):
    found = simulate_trials(design, truth(behaviour=ParticipantBehaviour(missing_after_bad=0.4)), 2000, rng)
    before, missing = found.outcome[:-1], ~found.observed[1:]
    assert missing.mean() == pytest.approx(0.2, abs=0.01)
    assert before[missing].mean() < -0.3
    assert before[~missing].mean() > 0.05


def test_days_missing_at_random_do_not_bias_the_mean(rng, design):
    found = simulate_trials(design, truth(behaviour=ParticipantBehaviour(missing=0.3)), 2000, rng)
    assert found.observed.mean() == pytest.approx(0.7, abs=0.01)
    assert found.outcome[found.observed].mean() == pytest.approx(
        found.outcome[~found.observed].mean(), abs=0.03
    )


def test_people_come_from_their_population(rng, design):
    people = simulate_people([design] * 1000, Population(0.4, 0.3), rng)
    effects = np.array([person.effect for person in people])
    assert (effects.mean(), effects.std()) == pytest.approx((0.4, 0.3), abs=0.03)
    assert np.median([person.process.sigma for person in people]) == pytest.approx(1.0, abs=0.02)
    arm = design.arm == 1
    differences = [person.outcome[arm].mean() - person.outcome[~arm].mean() for person in people]
    assert np.mean(differences) == pytest.approx(0.4, abs=0.04)
    assert np.corrcoef(differences, effects)[0, 1] > 0.6


def test_truths_from_the_prior_have_its_moments(rng, design):
    drawn = simulate_from_prior(design, 40_000, rng, carry_over=CarryOver(3, 2))
    assert drawn.carry_over.mean() == pytest.approx(0.6, abs=0.01)
    assert drawn.rho.mean() == pytest.approx(0.6, abs=0.01)
    # σ² ~ InverseGamma(2, 1) has mean 1 and no variance; 1/σ² has mean 2.
    assert (drawn.sigma**-2.0).mean() == pytest.approx(2, abs=0.03)
    assert (drawn.effect / drawn.sigma).std() == pytest.approx(1, abs=0.02)
    level = (drawn.outcome / drawn.sigma).mean(axis=0)
    assert level.std() == pytest.approx(3, rel=0.1)


def test_the_same_seed_gives_the_same_trials(design):
    first, second = (
        simulate_trials(design, truth(1.0), 3, np.random.default_rng(5)).outcome for _ in range(2)
    )
    assert (first == second).all()


def test_standardised_as_an_analysis_does(design):
    outcome = np.random.default_rng(3).normal(50, 9, size=(DAYS, 2))
    standard, spread = standardise(outcome, design.arm)
    assert standard[design.arm == 0].mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert standard[design.arm == 0].std(axis=0, ddof=1) == pytest.approx(1)
    assert standard * spread + outcome[design.arm == 0].mean(axis=0) == pytest.approx(outcome)
