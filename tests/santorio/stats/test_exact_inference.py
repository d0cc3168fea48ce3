"""The exact engine against brute force: dense covariance, direct integration."""

import numpy as np
import pytest
from scipy import stats

from santorio.stats import exact_inference, quadrature
from santorio.stats.design_matrix import TrialDesign, background_columns, gaps, trend_columns, weekday_columns

DAY = np.array([20000, 20001, 20002, 20005, 20006, 20013, 20014])


def dense(day, rho):
    return rho ** np.abs(day[:, None] - day[None, :]).astype(float)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.35, 0.9])
def test_whitening_over_gaps_equals_the_dense_ar1_of_all_days(rho):
    r = np.random.default_rng(1).normal(size=len(DAY))
    white, log_variance = exact_inference.whiten(r, gaps(DAY), rho)
    by_steps = -0.5 * (white**2).sum() - 0.5 * log_variance - len(r) / 2 * np.log(2 * np.pi)
    at_once = stats.multivariate_normal(cov=dense(DAY, rho)).logpdf(r)
    assert by_steps == pytest.approx(at_once)


def test_missing_days_are_the_dense_model_with_those_rows_left_out():
    every = np.arange(20000, 20030)
    keep = np.ones(30, dtype=bool)
    keep[[3, 4, 5, 17, 22]] = False
    r = np.random.default_rng(2).normal(size=30)[keep]
    white, log_variance = exact_inference.whiten(r, gaps(every[keep]), 0.6)
    at_once = stats.multivariate_normal(cov=dense(every, 0.6)[np.ix_(keep, keep)]).logpdf(r)
    assert -0.5 * ((white**2).sum() + log_variance + keep.sum() * np.log(2 * np.pi)) == pytest.approx(at_once)


def test_days_that_do_not_increase_are_refused():
    with pytest.raises(ValueError, match="strictly increasing"):
        gaps(np.array([1, 2, 2]))


def test_the_evidence_is_that_of_a_multivariate_student_t_at_each_node():
    columns = background_columns(DAY)
    y = np.random.default_rng(3).normal(size=len(DAY))
    posterior = exact_inference.fit_exact(columns, y)
    rule = quadrature.rho_rule(len(DAY))
    values = []
    for rho, weight in zip(rule.nodes, rule.log_weights, strict=True):
        shape = dense(DAY, rho) + columns.values @ np.diag(columns.prior_sd**2) @ columns.values.T
        scale = exact_inference.VARIANCE_SCALE / exact_inference.VARIANCE_SHAPE * shape
        values.append(
            weight + stats.multivariate_t(shape=scale, df=2 * exact_inference.VARIANCE_SHAPE).logpdf(y)
        )
    wanted = np.exp(np.array(values) - np.logaddexp.reduce(values))
    assert posterior.weights[:, 0] == pytest.approx(wanted)
    assert posterior.log_evidence[0] == pytest.approx(np.logaddexp.reduce(values))


def test_quantiles_and_probabilities_belong_together():
    rng = np.random.default_rng(4)
    arm = np.tile([0, 1, 1, 0], 10)
    columns = TrialDesign(np.arange(40), arm, np.arange(40) // 8, np.ones(40, dtype=bool), 2).columns()
    posterior = exact_inference.fit_exact(columns, rng.normal(size=(40, 3)) + 0.5 * arm[:, None])
    for probability in (0.025, 0.5, 0.975):
        at = posterior.quantile("arm_1", probability)
        assert posterior.below("arm_1", at) == pytest.approx(probability, abs=1e-6)


def test_many_outcomes_at_once_are_each_as_alone():
    rng = np.random.default_rng(5)
    columns = background_columns(np.arange(30))
    y = rng.normal(size=(30, 4))
    together, alone = exact_inference.fit_exact(columns, y), exact_inference.fit_exact(columns, y[:, 2])
    assert together.mean("line")[2] == pytest.approx(alone.mean("line")[0])
    assert together.rho_mean()[2] == pytest.approx(alone.rho_mean()[0])
    assert together.sigma_mean()[2] == pytest.approx(alone.sigma_mean()[0])


def test_more_nodes_change_nothing_that_is_reported(monkeypatch):
    rng = np.random.default_rng(6)
    arm = np.concatenate([rng.permutation([0] * 7 + [1] * 7) for _ in range(5)])
    columns = TrialDesign(np.arange(70), arm, np.arange(70) // 14, np.ones(70, dtype=bool), 2).columns()
    y = rng.normal(size=70) + 0.4 * arm
    usual = exact_inference.fit_exact(columns, y)
    monkeypatch.setattr(quadrature, "FINE_RHO_NODES", 144)
    monkeypatch.setattr(quadrature, "FINE_TAU_NODES", 24)
    quadrature.tau_rule.cache_clear()
    fine = exact_inference.fit_exact(columns, y)
    monkeypatch.undo()
    quadrature.tau_rule.cache_clear()
    assert usual.mean("arm_1") == pytest.approx(fine.mean("arm_1"), abs=0.002)
    assert usual.sd("arm_1") == pytest.approx(fine.sd("arm_1"), rel=0.01)
    assert usual.rho_mean() == pytest.approx(fine.rho_mean(), abs=0.002)


def test_weekday_effects_sum_to_zero_over_a_week():
    columns, _ = weekday_columns(np.arange(7))
    assert columns.sum(axis=0) == pytest.approx(np.zeros(6), abs=1e-12)
    assert columns.T @ columns == pytest.approx(np.eye(6))


def test_a_trend_of_ten_weeks_has_a_line_and_five_waves_of_falling_size():
    columns, prior_sd = trend_columns(np.arange(70), 0, 69)
    assert columns.shape == (70, 6)
    assert list(prior_sd) == pytest.approx([1, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
