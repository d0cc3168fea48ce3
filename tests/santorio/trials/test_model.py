"""The sampled model of a trial agrees with the exact answer."""

import numpy as np
import pytest

from santorio.trials.columns import arm_exposure, trial_columns
from santorio.trials.exact import fit_exact
from santorio.trials.model import TrialModel


@pytest.mark.parametrize(("phi", "effect"), [(0.0, 0.0), (0.5, 0.6), (0.8, -0.4)])
def test_sampled_and_exact_agree_on_effect_noise_and_correlation(autoregressive, phi, effect):
    rng = np.random.default_rng(int(10 * phi))
    arm = np.concatenate([np.repeat(rng.permutation(2), 3) for _ in range(10)])
    keep = rng.random(60) > 0.1
    exposure, cycle = arm_exposure(arm, 2)[keep], (np.arange(60) // 6)[keep]
    columns = trial_columns(np.arange(60)[keep] + 20000, exposure, cycle)
    outcome = (autoregressive(rng, 60, phi)[:, 0] + effect * arm)[keep]
    fit = TrialModel(columns.values.shape[1]).fit(columns, outcome)
    wanted = fit_exact(columns, outcome)
    sampled = fit.draws["coefficient"][:, columns.index("arm_1")]
    # Four Monte Carlo standard errors of some 1500 independent draws are a tenth of a standard deviation.
    tolerance = 0.1 * wanted.sd("arm_1")[0]
    assert fit.diagnostics.problem is None
    assert sampled.mean() == pytest.approx(wanted.mean("arm_1")[0], abs=tolerance)
    assert sampled.std() == pytest.approx(wanted.sd("arm_1")[0], rel=0.1)
    for probability in (0.025, 0.975):
        at = np.quantile(sampled, probability)
        assert wanted.below("arm_1", at)[0] == pytest.approx(probability, abs=0.015)
    assert fit.draws["rho"].mean() == pytest.approx(wanted.rho_mean()[0], abs=0.02)
    assert fit.draws["sigma"].mean() == pytest.approx(wanted.sigma_mean()[0], rel=0.02)


def test_a_wider_padding_changes_nothing():
    narrow, wide = TrialModel(17), TrialModel(32)
    assert narrow.shape == wide.shape == (32,)
