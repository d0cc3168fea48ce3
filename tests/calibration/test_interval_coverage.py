"""Simulation-based calibration: drawn from the prior, the truth is anywhere in its posterior with equal chance."""

import numpy as np
import pytest
from scipy import stats

from santorio.trials import exact
from santorio.trials.columns import Columns
from santorio.trials.exact import fit_exact


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
