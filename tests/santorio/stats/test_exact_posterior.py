"""A trial's exact posterior against brute force: dense covariances, finer grids, direct integration."""

import numpy as np
import pytest
from scipy import stats

from santorio.stats import exact_inference, quadrature
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, CarryOver, EffectPrior, robust_mixture
from santorio.stats.evaluation.simulation import DataGeneratingProcess, GroundTruth, simulate_trials
from santorio.stats.exact_inference import fit_exact, fit_trial
from santorio.stats.exact_posterior import student_t_below


def make_design(rng, days, *, arms=2, cycle_days=14, missing=0.1, **more):
    arm = np.concatenate(
        [rng.permutation(np.arange(cycle_days) % arms) for _ in range(-(-days // cycle_days))]
    )
    observed = rng.random(days) >= missing
    observed[0] = True
    return TrialDesign(
        np.arange(days) + 20000, arm[:days], np.arange(days) // cycle_days, observed, arms, **more
    )


def prior_covariance(design, carry_over, tau):
    """Covariance that the coefficients alone give the observed days, in units of σ²."""
    columns = design.columns(carry_over)
    sd = np.where(columns.pooled, tau * columns.prior_sd, columns.prior_sd)
    return columns, (columns.values * sd**2) @ columns.values.T


def dense_noise(design, rho):
    day = design.day[design.observed]
    return rho ** np.abs(day[:, None] - day[None, :]).astype(float)


def midpoints(count):
    return (np.arange(count) + 0.5) / count


@pytest.mark.parametrize("arms", [2, 3])
def test_without_carry_over_it_is_the_regression_on_all_columns(arms):
    rng = np.random.default_rng(1)
    design = make_design(rng, 56, arms=arms)
    y = rng.normal(size=(int(design.observed.sum()), 2))
    ours, regression = fit_trial(design, y), fit_exact(design.columns(), y)
    for column in ours.names:
        assert ours.mean(column) == pytest.approx(regression.mean(column), abs=1e-8)
        assert ours.sd(column) == pytest.approx(regression.sd(column), rel=1e-6)
        for next_cycle in (False, True):
            ours_below, theirs = (
                posterior.below(column, 0.3, next_cycle=next_cycle) for posterior in (ours, regression)
            )
            assert ours_below == pytest.approx(theirs, abs=1e-7)
    assert ours.log_evidence == pytest.approx(regression.log_evidence)
    assert ours.sigma_mean() == pytest.approx(regression.sigma_mean())


def test_the_evidence_and_the_mean_are_those_of_dense_algebra_on_a_fine_grid():
    rng = np.random.default_rng(2)
    design = make_design(rng, 16, cycle_days=8, missing=0.2)
    prior = CarryOver(3, 4)
    y = 1.5 * design.columns(0.5).values[:, design.columns().index("arm_1")]
    y += rng.normal(size=len(y))
    weights, means = [], []
    rhos = 2 * stats.beta(*quadrature.RHO_BETA).ppf(midpoints(30)) - 1
    taus = stats.halfnorm(scale=quadrature.TAU_SD).ppf(midpoints(12))
    for carry_over in stats.beta(prior.alpha, prior.beta).ppf(midpoints(16)):
        for tau in taus:
            columns, of_columns = prior_covariance(design, carry_over, tau)
            effect = columns.values[:, columns.index("arm_1")]
            for rho in rhos:
                shape = dense_noise(design, rho) + of_columns
                scale = exact_inference.VARIANCE_SCALE / exact_inference.VARIANCE_SHAPE * shape
                weights.append(
                    stats.multivariate_t(shape=scale, df=2 * exact_inference.VARIANCE_SHAPE).logpdf(y)
                )
                means.append(effect @ np.linalg.solve(shape, y))
    wanted = np.logaddexp.reduce(weights) - np.log(len(weights))
    ours = fit_trial(design, y, carry_over=prior)
    # A midpoint rule of so few steps is itself only good to some thousandths.
    assert ours.log_evidence[0] == pytest.approx(wanted, abs=0.01)
    assert ours.mean("arm_1")[0] == pytest.approx(np.average(means, weights=np.exp(weights)), abs=0.01)


def test_a_prior_that_is_not_centred_on_zero_is_integrated_over_sigma():
    rng = np.random.default_rng(3)
    design = make_design(rng, 9, cycle_days=9, missing=0.0)
    prior = robust_mixture(0.9, 0.3, 0.6)
    columns = design.columns()
    effect = columns.values[:, columns.index("arm_1")]
    others = np.where(np.array(columns.names) == "arm_1", 0.0, columns.prior_sd)
    y = 0.4 * rng.normal(size=9) + 0.5 * effect
    rhos = 2 * stats.beta(*quadrature.RHO_BETA).ppf(midpoints(40)) - 1
    sigmas = np.sqrt(
        stats.invgamma(exact_inference.VARIANCE_SHAPE, scale=exact_inference.VARIANCE_SCALE).ppf(
            midpoints(400)
        )
    )
    log_density = np.empty((2, len(rhos), len(sigmas)))
    means = np.empty_like(log_density)
    for i, (mean, sd) in enumerate(zip(prior.means, prior.sds, strict=True)):
        for r, rho in enumerate(rhos):
            shape = dense_noise(design, rho) + (columns.values * others**2) @ columns.values.T
            shape += sd**2 * np.outer(effect, effect)
            root = np.linalg.cholesky(shape)
            residual = np.linalg.solve(root, y[:, None] - sigmas * mean * effect[:, None]) / sigmas
            log_determinant = 2 * np.log(np.diag(root)).sum() + 18 * np.log(sigmas)
            log_density[i, r] = -0.5 * ((residual**2).sum(axis=0) + log_determinant + 9 * np.log(2 * np.pi))
            pulled = sd**2 * np.linalg.solve(shape, effect)
            means[i, r] = sigmas * mean + pulled @ (y[:, None] - sigmas * mean * effect[:, None])
    density = np.exp(log_density) * np.array(prior.weights)[:, None, None] / (len(rhos) * len(sigmas))
    ours = fit_trial(design, y, prior=prior)
    assert ours.log_evidence[0] == pytest.approx(np.log(density.sum()), abs=0.005)
    assert ours.prior_weights()[:, 0] == pytest.approx(density.sum(axis=(1, 2)) / density.sum(), abs=0.003)
    assert ours.mean("arm_1")[0] == pytest.approx((density * means).sum() / density.sum(), abs=0.003)


def test_a_mean_next_to_zero_gives_what_zero_gives():
    """The one is summed over σ, the other in closed form."""
    rng = np.random.default_rng(4)
    design = make_design(rng, 30)
    y = rng.normal(size=(int(design.observed.sum()), 3))
    closed = fit_trial(design, y, prior=EffectPrior((1.0,), (0.0,), (0.5,)))
    summed = fit_trial(design, y, prior=EffectPrior((1.0,), (1e-9,), (0.5,)))
    assert summed.log_evidence == pytest.approx(closed.log_evidence, abs=1e-5)
    assert summed.mean("arm_1") == pytest.approx(closed.mean("arm_1"), abs=1e-5)
    assert summed.sd("arm_1") == pytest.approx(closed.sd("arm_1"), rel=1e-5)
    assert summed.sigma_mean() == pytest.approx(closed.sigma_mean(), rel=1e-5)
    assert summed.below("arm_1", 0.2) == pytest.approx(closed.below("arm_1", 0.2), abs=1e-5)


@pytest.mark.parametrize("rho", [0.95, 0.99])
def test_where_days_hardly_differ_from_the_day_before_the_fine_rule_still_holds(monkeypatch, rho):
    rng = np.random.default_rng(4)
    design = make_design(rng, 70)
    truth = GroundTruth(np.array([0.0]), process=DataGeneratingProcess(autoregression=(rho, 0.0)))
    outcome = simulate_trials(design, truth, 100, rng).outcome[design.observed]
    outcome -= outcome.mean(axis=0)
    usual, coarse = fit_trial(design, outcome), fit_trial(design, outcome, fine=False)
    monkeypatch.setattr(quadrature, "FINE_RHO_NODES", 200)
    exactly = fit_trial(design, outcome).below("arm_1", 0.1)
    errors = [np.abs(posterior.below("arm_1", 0.1) - exactly) for posterior in (usual, coarse)]
    assert errors[0].mean() < 0.002
    assert errors[0].max() < 0.02
    assert errors[0].mean() < errors[1].mean() / 3


@pytest.mark.parametrize("effect", [0.0, 2.0])
@pytest.mark.parametrize("days", [28, 365])
def test_finer_nodes_change_nothing_that_is_reported(monkeypatch, days, effect):
    rng = np.random.default_rng(days)
    design = make_design(rng, days)
    exposure = design.exposure(np.array([0.6]))[0, :, 0]
    y = rng.normal(size=len(exposure)) + effect * exposure
    usual = fit_trial(design, y, carry_over=CarryOver(4, 4))
    fine = {
        "FINE_RHO_NODES": 144,
        "MIN_CARRY_OVER_NODES": 32,
        "MAX_CARRY_OVER_NODES": 32,
        "FINE_TAU_NODES": 24,
    }
    for name, value in fine.items():
        monkeypatch.setattr(quadrature, name, value)
    quadrature.tau_rule.cache_clear()
    finer = fit_trial(design, y, carry_over=CarryOver(4, 4))
    monkeypatch.undo()
    quadrature.tau_rule.cache_clear()
    assert len(finer.weights) > 2 * len(usual.weights)
    assert usual.mean("arm_1") == pytest.approx(finer.mean("arm_1"), abs=0.002)
    assert usual.sd("arm_1") == pytest.approx(finer.sd("arm_1"), rel=0.01)
    for value in (0.0, 0.3, effect):
        assert usual.below("arm_1", value) == pytest.approx(finer.below("arm_1", value), abs=0.003)
    assert usual.rho_mean() == pytest.approx(finer.rho_mean(), abs=0.002)
    assert usual.carry_over_mean() == pytest.approx(finer.carry_over_mean(), abs=0.003)
    assert usual.rho_below(0.05) == pytest.approx(finer.rho_below(0.05), abs=0.003)
    assert usual.tau_below(0.2) == pytest.approx(finer.tau_below(0.2), abs=0.01)
    assert usual.carry_over_below(0.6) == pytest.approx(finer.carry_over_below(0.6), abs=0.005)


def test_a_day_that_is_left_out_still_carries_over():
    """All days of the arm are excluded: only their carry-over to the days after them informs its effect."""
    rng = np.random.default_rng(6)
    arm = np.repeat(rng.integers(0, 2, 70), 6)
    observed = arm == 0
    design = TrialDesign(np.arange(420) + 20000, arm, np.arange(420) // 60, observed, 2)
    exposure = design.exposure(np.array([0.6]))[0, :, 0]
    assert exposure.max() > 0.2
    y = 2 * exposure + rng.normal(size=len(exposure))
    found, ignored = fit_trial(design, y, carry_over=CarryOver(2, 2)), fit_trial(design, y)
    assert found.log_evidence[0] > ignored.log_evidence[0] + 5
    assert found.below("arm_1", 0.0)[0] < 0.001
    assert 0.02 < found.below("arm_1", 2.0)[0] < 0.98
    assert 0.02 < found.carry_over_below(0.6)[0] < 0.98
    # Without carry-over nothing that is known has an exposure: its effect keeps its prior.
    assert ignored.mean("arm_1")[0] == pytest.approx(0, abs=1e-9)


def test_draws_have_the_posteriors_quantiles():
    rng = np.random.default_rng(7)
    design = make_design(rng, 40)
    y = rng.normal(size=(int(design.observed.sum()), 2))
    for prior in (WEAK, robust_mixture(0.5, 0.2)):
        posterior = fit_trial(design, y, prior=prior)
        drawn = posterior.draw("arm_1", 40_000, rng)
        for probability in (0.05, 0.5, 0.95):
            at = posterior.quantile("arm_1", probability)
            assert (drawn < at).mean(axis=0) == pytest.approx(probability, abs=0.006)


def test_where_belief_and_data_conflict_the_weak_component_takes_over():
    rng = np.random.default_rng(8)
    design = make_design(rng, 70)
    arm = design.arm[design.observed]
    against, along = (rng.normal(size=len(arm)) + effect * arm for effect in (-1.2, 0.8))
    prior = robust_mixture(0.8, 0.15)
    assert fit_trial(design, against, prior=prior).prior_weights()[0, 0] < 0.1
    assert fit_trial(design, along, prior=prior).prior_weights()[0, 0] > 0.8


def test_each_arm_has_a_mixture_of_its_own():
    rng = np.random.default_rng(9)
    design = make_design(rng, 70, arms=3)
    arm = design.arm[design.observed]
    y = rng.normal(size=len(arm)) + np.array([0.0, 1.0, -1.2])[arm]
    posterior = fit_trial(design, y, prior=robust_mixture(1.0, 0.15))
    assert posterior.prior_weights(1)[:, 0].sum() == pytest.approx(1)
    assert posterior.prior_weights(1)[0, 0] > 0.8
    assert posterior.prior_weights(2)[0, 0] < 0.05


@pytest.mark.parametrize("degrees", [4.0, 8.0, 32.0, 74.0, np.inf])
def test_the_fast_student_t_is_scipys(degrees):
    t = np.linspace(-15, 15, 601)
    assert student_t_below(degrees, t) == pytest.approx(stats.t(degrees).cdf(t), abs=1e-8)


@pytest.mark.parametrize(("alpha", "beta"), [(4, 2), (0.5, 0.5), (23, 2.4), (1, 1), (3000, 3000), (9e5, 2e3)])
def test_the_rule_for_a_beta_prior_has_its_moments_however_narrow_it_is(alpha, beta):
    rule, prior = quadrature.beta_rule(alpha, beta, 9), stats.beta(alpha, beta)
    weights = np.exp(rule.log_weights)
    assert weights.sum() == pytest.approx(1)
    for order in (1, 2, 5):
        assert (weights * rule.nodes**order).sum() == pytest.approx(prior.moment(order))
    assert np.sqrt((weights * (rule.nodes - prior.mean()) ** 2).sum()) == pytest.approx(prior.std())


def test_an_outcome_of_another_length_is_refused():
    design = make_design(np.random.default_rng(10), 30)
    with pytest.raises(ValueError, match="every observed day"):
        fit_trial(design, np.zeros(3))


def test_a_parameter_that_is_not_estimated_has_no_distribution():
    design = make_design(np.random.default_rng(11), 12)
    posterior = fit_trial(design, np.zeros(int(design.observed.sum())))
    for below in (posterior.carry_over_below, posterior.tau_below):
        with pytest.raises(TypeError, match="does not estimate it"):
            below(0.5)
