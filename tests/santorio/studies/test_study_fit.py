"""One case's fit, against the trial engine and against coefficients put together by hand."""

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import EffectPrior, carry_over_from
from santorio.stats.exact_inference import fit_trial
from santorio.studies.gaussian_fit import EFFECT_PRIOR, CaseDesign, Scale, dose_exposure, fit_case
from support.studies import ar1

RNG = np.random.default_rng(1)
DAY = np.delete(np.arange(20000, 20044), [3, 17, 18])
ARM = RNG.permutation(np.resize([0, 1], len(DAY)))
DESIGN = TrialDesign(
    DAY, ARM, np.arange(len(DAY)) // 14 - (np.arange(len(DAY)) // 14 == 2), np.ones(len(DAY), bool), 2
)
OUTCOME = 50 + 4 * ar1(RNG, len(DAY), 0.4) + 3 * ARM
SCALE = Scale("natural", 50.0, 4.0)
WEIGHTS, SDS = zip(*EFFECT_PRIOR, strict=True)
PRIOR = EffectPrior(WEIGHTS, (0.0,) * len(WEIGHTS), SDS)


@pytest.mark.parametrize("half_life", [None, 2.0])
def test_a_fit_is_that_of_the_trial_engine_with_the_same_priors(half_life):
    carry_over = carry_over_from(half_life) if half_life else None
    fit = fit_case(CaseDesign(DESIGN), OUTCOME, SCALE, carry_over=carry_over)
    engine = fit_trial(DESIGN, (OUTCOME - 50) / 4, carry_over=carry_over, prior=PRIOR)
    assert fit.mean("arm_1") == pytest.approx(4 * engine.mean("arm_1")[0], abs=0.02 * fit.sd("arm_1"))
    assert fit.sd("arm_1") == pytest.approx(4 * engine.sd("arm_1")[0], rel=0.03)
    assert fit.below("arm_1", 1.0) == pytest.approx(engine.below("arm_1", 0.25)[0], abs=0.01)
    assert fit.wide_weight == pytest.approx(engine.prior_weights()[1, 0], abs=0.01)
    assert fit.carry_over_mean == pytest.approx(engine.carry_over_mean()[0], abs=0.02)
    assert fit.rho[0] == pytest.approx(engine.rho_mean()[0], abs=0.01)


def test_a_sum_of_one_coefficient_is_that_coefficient():
    fit = fit_case(CaseDesign(DESIGN), OUTCOME, SCALE)
    ((mean, sd),) = fit.combinations([{"arm_1": 1.0}])
    assert mean == pytest.approx(fit.mean("arm_1"), abs=0.01)
    assert sd == pytest.approx(fit.sd("arm_1"), rel=0.01)


def test_effects_by_cycle_average_to_the_effect_and_are_less_sure():
    fit = fit_case(CaseDesign(DESIGN), OUTCOME, SCALE)
    cycles = fit.combinations([{"arm_1": 1.0, f"arm_1_cycle_{cycle}": 1.0} for cycle in range(2)])
    assert np.mean([mean for mean, _ in cycles]) == pytest.approx(
        fit.mean("arm_1"), abs=0.3 * fit.sd("arm_1")
    )
    assert min(sd for _, sd in cycles) > 0.8 * fit.sd("arm_1")


def test_doses_of_nothing_and_all_are_two_arms():
    by_arm = fit_case(CaseDesign(DESIGN), OUTCOME, SCALE)
    by_dose = fit_case(CaseDesign(DESIGN, ARM.astype(float)), OUTCOME, SCALE)
    assert by_dose.mean("arm_1") == pytest.approx(by_arm.mean("arm_1"))
    assert by_dose.sd("arm_1") == pytest.approx(by_arm.sd("arm_1"))


def test_exposure_to_a_dose_is_that_to_an_arm_over_gaps_too():
    by_design = DESIGN.exposure(np.array([0.6]))[0, :, 0]
    assert dose_exposure(DAY, ARM.astype(float), 0.6) == pytest.approx(by_design)


SCALES = [Scale("natural", 5.0, 2.0), Scale("log", 1.2, 0.4, 0.5), Scale("square root", 2.5, 0.5)]


@pytest.mark.parametrize("scale", SCALES)
def test_scales_lead_there_and_back(scale):
    for effect in (-0.7, 0.0, 0.9):
        assert scale.from_unit(scale.in_unit(effect)) == pytest.approx(effect)
    values = np.array([0.5, 3.0, 40.0])
    assert [scale.back(value) for value in scale.forward(values)] == pytest.approx(values.tolist())


def test_below_zero_there_is_no_logarithm_and_no_root():
    assert Scale("log", 1.0, 1.0).from_unit(-100) == -np.inf
    assert Scale("square root", 1.0, 1.0).from_unit(-100) == -np.inf
