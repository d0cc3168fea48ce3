"""Simulation-based calibration: drawn from the prior, the truth is anywhere in its posterior with equal chance."""

import numpy as np
import pytest
from scipy import stats

from santorio.trials import exact
from santorio.trials.columns import Columns
from santorio.trials.exact import fit_exact
from santorio.trials.model import TrialModel


def draw_prior(rng, columns: Columns, outcomes: int):
    """Truths and the outcomes that follow from them, exactly as the model says."""
    variance = stats.invgamma(exact.VARIANCE_SHAPE, scale=exact.VARIANCE_SCALE).rvs(
        outcomes, random_state=rng
    )
    sigma, rho = np.sqrt(variance), 2 * rng.beta(*exact.RHO_BETA, outcomes) - 1
    tau = np.abs(rng.normal(0, exact.TAU_SD, outcomes))
    scale = columns.prior_sd[:, None] * np.where(columns.pooled[:, None], tau, 1.0)
    coefficient = sigma * scale * rng.normal(size=(len(columns.prior_sd), outcomes))
    noise = rng.normal(size=(len(columns.values), outcomes))
    for t in range(1, len(noise)):
        step = rho ** columns.gap_days[t]
        noise[t] = step * noise[t - 1] + np.sqrt(1 - step**2) * noise[t]
    truth = {"effect": coefficient[columns.index("arm_1")], "rho": rho, "sigma": sigma, "tau": tau}
    return truth, columns.values @ coefficient + sigma * noise


def assert_uniform(ranks):
    """The empirical distribution stays within the 95 % band of a uniform's (Kolmogorov-Smirnov)."""
    assert stats.kstest(ranks, "uniform").pvalue > 0.05 / 4


@pytest.mark.parametrize("kind", ["periods", "daily"])
def test_the_exact_intervals_hold_the_truth_as_often_as_they_say(trials, kind):
    columns = trials.design(kind, 42).columns
    truth, outcome = draw_prior(trials.rng, columns, 2000)
    posterior = fit_exact(columns, outcome)
    rank = posterior.below("arm_1", truth["effect"])
    assert_uniform(rank)
    for level in (0.5, 0.8, 0.95):
        held = (np.abs(rank - 0.5) < level / 2).mean()
        assert held == pytest.approx(level, abs=2 * np.sqrt(level * (1 - level) / len(rank)))


def sampled_ranks(trials, fits, kinds=("periods", "daily")):
    """Ranks of the truth among draws thinned to independence, by parameter."""
    ranks = {"effect": [], "rho": [], "sigma": [], "tau": []}
    refused = 0
    for i in range(fits):
        columns = trials.design(kinds[i % len(kinds)], 28).columns
        truth, outcome = draw_prior(trials.rng, columns, 1)
        model = TrialModel(columns.values.shape[1], sampler_config={"seed": i})
        fit = model.fit(columns, outcome[:, 0])
        refused += fit.diagnostics.problem is not None
        draws = {**fit.draws, "effect": fit.draws["coefficient"][:, columns.index("arm_1")]}
        for name, found in ranks.items():
            thinned = draws[name][::20]
            found.append(((thinned < truth[name][0]).sum() + 0.5) / (len(thinned) + 1))
    return {name: np.array(values) for name, values in ranks.items()}, refused


def test_ranks_of_the_sampled_model_are_uniform_over_forty_fits(trials):
    ranks, refused = sampled_ranks(trials, 40)
    assert refused <= 1
    for values in ranks.values():
        assert_uniform(values)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ranks_of_the_sampled_model_are_uniform_over_four_hundred_fits(trials):
    ranks, refused = sampled_ranks(trials, 400)
    assert refused <= 8
    for values in ranks.values():
        assert_uniform(values)
        for level in (0.5, 0.8, 0.95):
            held = (np.abs(values - 0.5) < level / 2).mean()
            assert held == pytest.approx(level, abs=2.5 * np.sqrt(level * (1 - level) / len(values)))
