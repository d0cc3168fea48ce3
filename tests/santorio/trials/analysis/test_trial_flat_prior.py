"""What a trial's days say by themselves: not pulled to anything, and as sure as they are."""

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK
from santorio.stats.exact_inference import fit_trial
from santorio.stats.randomization import draw_daily, infer_randomization
from santorio.trials.analysis.flat_prior import FLAT, flat_prior_estimates
from santorio.trials.analysis.preprocessing import Prepared

DAYS, TRUTH, TRIALS = 28, 0.8, 1500


@pytest.fixture
def design():
    arm = draw_daily(2, 14, 5)
    return TrialDesign(np.arange(DAYS) + 20_000, arm, np.arange(DAYS) // 14, np.ones(DAYS, dtype=bool), 2)


def test_it_is_not_pulled_towards_zero_and_errs_as_much_as_it_says(design, autoregressive):
    rng = np.random.default_rng(3)
    outcome = TRUTH * design.arm[:, None] + autoregressive(rng, DAYS, 0.3, TRIALS)
    alone, shrunk = (fit_trial(design, outcome, prior=prior) for prior in (FLAT, WEAK))
    error = alone.mean("arm_1") - TRUTH
    doubt = alone.sd("arm_1").mean() / np.sqrt(TRIALS)
    assert abs(error.mean()) < 4 * doubt
    assert (shrunk.mean("arm_1") - TRUTH).mean() < -4 * doubt
    assert 0.8 < (error / alone.sd("arm_1")).std() < 1.05


def test_it_is_in_the_outcomes_unit(design, autoregressive):
    standard = TRUTH * design.arm + autoregressive(np.random.default_rng(1), DAYS, 0.3)[:, 0]
    law = infer_randomization(design.arm, None, None)
    prepared = Prepared(
        "sleep_minutes", "min", 400 + 25 * standard, design.observed, standard, design, law, 400.0, 25.0, 15.0
    )
    (estimate,) = flat_prior_estimates(prepared, None)
    alone = fit_trial(design, standard, prior=FLAT)
    assert estimate.estimate == pytest.approx(25 * float(alone.mean("arm_1")[0]))
    assert estimate.sd == pytest.approx(25 * float(alone.sd("arm_1")[0]))
    assert estimate.standard_effect == pytest.approx(25 * float(alone.sigma_mean()[0]))
