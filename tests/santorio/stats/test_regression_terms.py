"""What columns and coefficients explain of the days, draw by draw."""

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, carry_over_from
from santorio.stats.kernels.gaussian import effective_exposure, explained
from santorio.stats.regression_terms import regression, schedule_array

DAYS, DRAWS = 28, 3


@pytest.mark.parametrize("arms", [2, 3])
@pytest.mark.parametrize("lasting", [None, 2.0])
@pytest.mark.parametrize("dosed", [False, True])
def test_all_draws_at_once_have_the_linear_predictor_of_the_compiled_loop(arms, lasting, dosed):
    if dosed and arms > 2:
        pytest.skip("a dose needs two arms")
    rng = np.random.default_rng(arms)
    day = np.arange(DAYS) + 20000
    design = TrialDesign(
        day, rng.integers(arms, size=DAYS), np.arange(DAYS) // 14, rng.random(DAYS) > 0.2, arms
    )
    dose = rng.random(DAYS) if dosed else None
    carry_over = lasting and carry_over_from(lasting)
    terms = regression(design, carry_over, WEAK, dose=dose, rotated=True)
    width = len(terms.shift)
    draws = {
        "standard": rng.normal(size=(DRAWS, width)),
        "tau": rng.random(DRAWS),
        "unit_carry_over": rng.random(DRAWS),
    }
    schedule, observed = schedule_array(design, dose), np.flatnonzero(design.observed)
    for i, predictor in enumerate(terms.linear_predictor(draws)):
        coefficient, carry_over_draw = terms.coefficients(draws)[i], terms.carried_over(draws)[i]
        exposure = effective_exposure(schedule, carry_over_draw, arms - 1)[0]
        wanted = [
            explained(coefficient, terms.columns.values[row], exposure[t], design.cycle[t], terms.layout)
            for row, t in enumerate(observed)
        ]
        assert predictor == pytest.approx(np.array(wanted))
