"""Simulation-based calibration: drawn from the prior, the truth is anywhere in its posterior with equal chance."""

import numpy as np
import pytest
from scipy import stats

from santorio.stats.effect_priors import WEAK, CarryOver, robust_mixture
from santorio.stats.evaluation.simulation import simulate_from_prior
from santorio.stats.exact_inference import fit_trial
from santorio.stats.gaussian_model import TrialModel

LASTING = CarryOver(4, 4)
LEVELS = (0.5, 0.8, 0.95)
SAMPLED = "Simulation-based calibration of the sampled model, 400 truths from the prior"


def assert_uniform(ranks, comparisons=5):
    """The empirical distribution stays within the 95 % band of a uniform's (Kolmogorov-Smirnov)."""
    assert stats.kstest(ranks, "uniform").pvalue > 0.05 / comparisons


def exact_ranks(trials, kind, days, lasting, *, batches, outcomes=100, prior=WEAK):
    """Where truths lie in their posteriors, by the posteriors' own distribution functions."""
    ranks = {"effect": [], "rho": [], "sigma": [], "tau": [], "carry_over": []}
    for _ in range(batches):
        design = trials.design(kind, days)
        truth = simulate_from_prior(design, outcomes, trials.rng, carry_over=lasting, prior=prior)
        posterior = fit_trial(design, truth.outcome, carry_over=lasting, prior=prior)
        ranks["effect"].append(posterior.below("arm_1", truth.effect[0]))
        ranks["rho"].append(posterior.rho_below(truth.rho))
        ranks["tau"].append(posterior.tau_below(truth.tau))
        if not any(prior.means):
            ranks["sigma"].append(posterior.sigma_below(truth.sigma))
        if lasting:
            ranks["carry_over"].append(posterior.carry_over_below(truth.carry_over))
    return {name: np.concatenate(found) for name, found in ranks.items() if found}


def coverage(rank, level):
    """Share of central intervals that hold the truth, and two binomial standard errors."""
    held = float((np.abs(rank - 0.5) < level / 2).mean())
    return held, 2 * np.sqrt(level * (1 - level) / len(rank))


@pytest.mark.parametrize("lasting", [None, LASTING])
@pytest.mark.parametrize("kind", ["periods", "daily"])
def test_the_exact_intervals_hold_the_truth_as_often_as_they_say(trials, kind, lasting):
    ranks = exact_ranks(trials, kind, 42, lasting, batches=15)
    assert set(ranks) >= {"effect", "rho", "sigma", "tau"}
    for found in ranks.values():
        assert_uniform(found)
    for level in LEVELS:
        held, error = coverage(ranks["effect"], level)
        assert held == pytest.approx(level, abs=error)


def test_so_they_do_with_a_belief_beside_the_weak_prior(trials):
    ranks = exact_ranks(trials, "daily", 42, None, batches=10, prior=robust_mixture(0.6, 0.2))
    for found in ranks.values():
        assert_uniform(found)


# Of 36 figures one or two lie beyond two standard errors where all is well: the page says which, the test allows each
# the 3.2 standard errors within which all of them lie with 95 %. In the same way for 12 times 5 tests of uniformity.
DESIGNS = 12
CASES = {
    "within the day": (None, WEAK),
    "carried over": (LASTING, WEAK),
    "a belief beside it": (LASTING, robust_mixture(0.6, 0.2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("days", [28, 70])
@pytest.mark.parametrize("kind", ["periods", "daily"])
def test_the_exact_posterior_at_length(trials, figures, kind, days, case):
    lasting, prior = CASES[case]
    ranks = exact_ranks(trials, kind, days, lasting, batches=100, prior=prior)
    words = f"{days} days, {kind}, {case}"
    figures.plot(words.replace(", ", "-").replace(" ", "-"), ranks)
    for name, found in ranks.items():
        p = float(stats.kstest(found, "uniform").pvalue)
        figures.add(
            "Simulation-based calibration of the exact posterior, 10 000 truths from the prior",
            f"{name}, {words}",
            p,
            "p > 0.05 / 5 that ranks are uniform",
            met=p > 0.05 / 5,
        )
    for level in LEVELS:
        held, error = coverage(ranks["effect"], level)
        figures.add(
            "Coverage of the effect's intervals, 10 000 truths from the prior",
            f"{level:.0%} interval, {words}",
            held,
            f"{level} ± {error:.4f}",
            met=abs(held - level) <= error,
        )
    for found in ranks.values():
        assert_uniform(found, comparisons=5 * DESIGNS)
    for level in LEVELS:
        held, error = coverage(ranks["effect"], level)
        assert held == pytest.approx(level, abs=1.6 * error)


def sampled_ranks(trials, fits, kinds=("periods", "daily")):
    """Ranks of the truth among draws thinned to independence, by parameter; λ is unknown in every second pair."""
    ranks = {"effect": [], "rho": [], "sigma": [], "tau": [], "carry_over": []}
    refused = 0
    for i in range(fits):
        design, lasting = trials.design(kinds[i % len(kinds)], 28), LASTING if i // 2 % 2 else None
        drawn = simulate_from_prior(design, 1, trials.rng, carry_over=lasting)
        truth = {"effect": drawn.effect[0], "rho": drawn.rho, "sigma": drawn.sigma, "tau": drawn.tau}
        if lasting:
            truth["carry_over"] = drawn.carry_over
        model = TrialModel(len(design.columns().names), sampler_config={"seed": i})
        fit = model.fit(design, drawn.outcome[:, 0], carry_over=lasting)
        refused += fit.diagnostics.problem is not None
        draws = {**fit.draws, "effect": fit.draws["effect"][:, 0]}
        for name, true in truth.items():
            thinned = draws[name][::20]
            ranks[name].append(((thinned < true[0]).sum() + 0.5) / (len(thinned) + 1))
    return {name: np.array(values) for name, values in ranks.items()}, refused


def test_ranks_of_the_sampled_model_are_uniform_over_forty_fits(trials):
    ranks, refused = sampled_ranks(trials, 40)
    assert refused <= 1
    for values in ranks.values():
        assert_uniform(values, comparisons=5)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ranks_of_the_sampled_model_are_uniform_over_four_hundred_fits(trials, figures):
    ranks, refused = sampled_ranks(trials, 400)
    figures.plot("sampled-model", ranks)
    figures.add(SAMPLED, "fits refused for their diagnostics", refused, "≤ 8", met=refused <= 8)
    for name, values in ranks.items():
        p = float(stats.kstest(values, "uniform").pvalue)
        figures.add(SAMPLED, name, p, "p > 0.05 / 5 that ranks are uniform", met=p > 0.05 / 5)
        for level in LEVELS:
            held, error = coverage(values, level)
            bar = f"{level} ± {error:.4f}"
            figures.add(SAMPLED, f"{level:.0%} interval, {name}", held, bar, met=abs(held - level) <= error)
    assert refused <= 8
    for values in ranks.values():
        assert_uniform(values, comparisons=5)
        for level in LEVELS:
            held, error = coverage(values, level)
            assert held == pytest.approx(level, abs=1.25 * error)
