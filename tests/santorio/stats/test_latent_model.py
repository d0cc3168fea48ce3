"""Outcomes that are no Gaussian measurement: what was put in is found, on the scale that a person asks for.

Trials and studies are on one page, so that one compilation serves them all.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, carry_over_from
from santorio.stats.kernels.gaussian import effective_exposure
from santorio.stats.latent_model import LatentTrialModel, latent_regression, standardise
from santorio.stats.outcome_types import code_outcome
from santorio.stats.posterior_store import Provenance, load_posterior, save_posterior
from santorio.stats.regression_terms import schedule_array
from santorio.stats.sampler import Diagnostics
from santorio.studies.analysis import analyse_study
from santorio.studies.likelihood_choice import choose_for_column
from santorio.studies.report import report_of
from santorio.studies.result import StudyAnswer
from santorio.studies.spec import OutcomeColumn
from support.studies import answer, codes, days, only, write_study

DAYS = 112


@pytest.fixture(scope="module")
def model():
    return LatentTrialModel(32, DAYS, sampler_config={"draws": 1000, "tune": 500})


@pytest.fixture(scope="module")
def design():
    rng = np.random.default_rng(5)
    arm = np.concatenate([rng.permutation(np.repeat([0, 1], 7)) for _ in range(DAYS // 14)])
    return TrialDesign(np.arange(DAYS) + 20000, arm, np.arange(DAYS) // 14, rng.random(DAYS) > 0.05, 2)


@pytest.fixture
def predictor(autoregressive, design):
    """Linear predictor of every day with the arms as they were, and what the average day brings under each."""

    def draw(seed, level, effect, path_sd, mean):
        rng = np.random.default_rng(seed)
        base = level + path_sd * autoregressive(rng, DAYS, 0.4)[:, 0]
        averages = [mean(base + shift)[design.observed].mean() for shift in (0.0, effect)]
        return rng, base + effect * design.arm, averages

    return draw


def holds(draws, truth):
    lower, upper = np.quantile(draws, [0.005, 0.995])
    return lower < truth < upper


def test_the_difference_in_probability_of_a_symptom_is_found(model, design, predictor):
    rng, eta, (usual, treated) = predictor(1, -0.2, 1.5, 0.7, expit)
    symptom = (rng.random(DAYS) < expit(eta)).astype(float)[design.observed]
    fit = model.fit(design, code_outcome("binary", symptom))
    assert fit.diagnostics.problem is None
    assert holds(fit.draws["effect"][:, 0], treated - usual)
    # Of all days: a model without the path would say so too.
    assert holds(fit.draws["link_effect"][:, 0], np.log(treated / (1 - treated) / usual * (1 - usual)))
    assert fit.draws["effect"].mean() > 2 * fit.draws["effect"].std()
    raw = [symptom[design.arm[design.observed] == k].mean() for k in (0, 1)]
    assert fit.draws["expected"].mean(axis=0) == pytest.approx(raw, abs=0.06)


def test_the_difference_in_expected_rating_is_found(model, design, predictor):
    cuts = np.array([-3.0, -2.2, -1.4, -0.6, 0.0, 0.8, 1.7, 2.6, 3.4])
    rng, eta, (usual, treated) = predictor(
        2, 0.0, 1.2, 1.0, lambda at: 1 + expit(at[:, None] - cuts).sum(axis=1)
    )
    rating = (1 + (rng.logistic(size=DAYS)[:, None] + eta[:, None] > cuts).sum(axis=1)).astype(float)
    fit = model.fit(design, code_outcome("ordinal", rating[design.observed]))
    assert fit.diagnostics.problem is None
    assert holds(fit.draws["effect"][:, 0], treated - usual)
    assert fit.draws["effect"].mean() > 2 * fit.draws["effect"].std()


def test_the_difference_in_expected_counts_is_found_where_they_vary_more_than_chance(
    model, design, predictor
):
    rng, eta, (usual, treated) = predictor(3, 1.5, -0.5, 0.3, np.exp)
    counts = rng.poisson(rng.gamma(4.0, np.exp(eta) / 4.0)).astype(float)[design.observed]
    fit = model.fit(design, code_outcome("count", counts))
    assert fit.diagnostics.problem is None
    assert holds(fit.draws["effect"][:, 0], treated - usual)
    assert holds(fit.draws["link_effect"][:, 0], -0.5)
    assert np.quantile(fit.draws["effect"], 0.975) < 0


def test_the_difference_on_a_slider_with_days_at_its_ends_is_found_and_kept(
    model, design, predictor, tmp_path
):
    rng, eta, _ = predictor(4, 0.8, 0.8, 0.6, expit)
    share = rng.beta(8 * expit(eta), 8 * expit(-eta))
    # Whoever is above 0.93 pushes the slider to its end.
    value = np.where(share > 0.93, 100.0, 100 * share)[design.observed]
    arm = design.arm[design.observed]
    outcome = code_outcome("bounded", value)
    fit = model.fit(design, outcome)
    assert fit.diagnostics.problem is None
    assert (value == 100).mean() > 0.1
    assert fit.draws["expected"].mean(axis=0) == pytest.approx(
        [value[arm == k].mean() for k in (0, 1)], abs=3
    )
    assert fit.draws["effect"].mean() > 2 * fit.draws["effect"].std()
    assert holds(fit.draws["link_effect"][:, 0], 0.8)
    days_of = standardise(latent_regression(design, None, WEAK), outcome, fit.draws)
    difference = days_of.average(fit.draws["link_effect"][:, 0]) - days_of.average(0.0)
    assert difference == pytest.approx(fit.draws["effect"][:, 0])
    save_posterior(model, fit, tmp_path / "fit.zip", Provenance("", np.datetime64("2026-01-01").astype("O")))
    again, _ = load_posterior(LatentTrialModel, tmp_path / "fit.zip")
    assert again.draws["effect"] == pytest.approx(fit.draws["effect"])
    assert again.dims["expected"] == ("any_arm",)


def test_an_effect_that_carries_over_is_found_where_its_prior_says_so(model, design, autoregressive):
    rng = np.random.default_rng(6)
    carry_over = carry_over_from(2.0)
    exposure = np.zeros(DAYS)
    for t in range(DAYS):
        exposure[t] = 0.7 * (exposure[t - 1] if t else 0.0) + 0.3 * design.arm[t]
    eta = 2.0 + 0.3 * autoregressive(rng, DAYS, 0.4)[:, 0] + 0.8 * exposure
    counts = code_outcome("count", rng.poisson(np.exp(eta)).astype(float)[design.observed])
    fit = model.fit(design, counts, carry_over=carry_over)
    assert fit.diagnostics.problem is None
    assert holds(fit.draws["link_effect"][:, 0], 0.8)
    assert holds(fit.draws["carry_over"], 0.7)


def test_more_days_than_were_compiled_are_refused(model):
    days_of = 200
    design = TrialDesign(
        np.arange(days_of), np.arange(days_of) % 2, np.arange(days_of) // 14, np.ones(days_of, dtype=bool), 2
    )
    with pytest.raises(ValueError, match="do not fit"):
        model.fit(design, code_outcome("binary", (np.arange(days_of) % 3 == 0).astype(float)))


HEADACHE = {"column": "outcome", "kind": "binary", "direction": "lower", "smallest_effect": 0.1}


def test_binary_daily_symptoms_give_a_difference_of_probabilities_and_a_report(tmp_path):
    rng = np.random.default_rng(7)
    arm = rng.permutation(np.repeat([0, 1], 42))
    headache = rng.random(84) < np.where(arm, 0.15, 0.55)
    data = {
        "day": days(84),
        "arm": np.where(arm, "magnesium", "placebo"),
        "outcome": np.where(headache, "yes", "no"),
    }
    analysed = analyse_study(
        write_study(tmp_path, data, outcomes=[{**HEADACHE, "label": "headache"}], reference="placebo")
    )
    answered = analysed.answer
    found = only(answered)
    assert answered.outcomes[0].likelihood == "binary"
    assert found.effect.lower_95 < -0.4 < found.effect.upper_95
    assert found.effect.upper_95 < 0
    low, high = found.effect.odds_ratio[1:]
    assert low < 0.15 / 0.85 / (0.55 / 0.45) < high < 1
    assert found.randomisation is not None
    assert found.randomisation.p < 0.05
    assert found.decision == "adopt"
    assert len(found.cases[0].cycles) > 1
    assert "percentage points" in answered.answer
    assert "approximation" not in codes(answered)
    assert "pymc" in answered.versions
    assert "Odds ratio" in report_of(analysed)
    assert StudyAnswer.model_validate_json(answered.model_dump_json()) == answered


def test_counts_of_several_pupils_are_pooled_as_ratios_and_reported_in_their_own_unit(
    tmp_path, autoregressive
):
    rng = np.random.default_rng(8)
    arm = np.tile(np.repeat([0, 1], 6), 3)
    counts = []
    for level, effect in ((1.8, -0.9), (2.2, -0.6), (1.6, -0.7)):
        counts += rng.poisson(
            np.exp(level + 0.2 * autoregressive(rng, 36, 0.3)[:, 0] + effect * arm)
        ).tolist()
    data = {"day": np.tile(np.arange(36), 3), "arm": np.tile(arm, 3), "who": np.repeat(list("abc"), 36)}
    answered = answer(
        write_study(
            tmp_path,
            {**data, "outcome": counts},
            columns={"day": "day", "arm": "arm", "case": "who"},
            outcomes=[{"column": "outcome", "kind": "count", "direction": "lower", "smallest_effect": 0.5}],
            design={"law": "phases"},
        )
    )
    found = only(answered)
    assert (answered.outcomes[0].likelihood, answered.outcomes[0].scale) == ("count", "log")
    assert found.decision == "adopt"
    assert found.effect.percent[1] < 100 * np.expm1(-0.73) < found.effect.percent[2] < 0
    assert found.effect.lower_95 < -3.3 < found.effect.upper_95
    assert found.between is not None
    assert found.between.sd > 0
    own = [case.effect for case in found.cases]
    shrunk = [case.pooled_effect for case in found.cases]
    assert np.ptp([effect.percent[0] for effect in shrunk]) < np.ptp([effect.percent[0] for effect in own])
    assert max(effect.estimate for effect in shrunk) < 0


def test_ordinal_words_are_ranked_as_their_levels_say(tmp_path):
    rng = np.random.default_rng(9)
    arm = rng.permutation(np.repeat([0, 1], 30))
    levels = np.array(["none", "mild", "moderate", "severe"])
    pain = levels[np.clip(np.round(2 - 1.2 * arm + 0.7 * rng.normal(size=60)), 0, 3).astype(int)]
    outcome = {"column": "outcome", "kind": "ordinal", "levels": levels.tolist(), "direction": "lower"}
    answered = answer(
        write_study(tmp_path, {"day": days(60), "arm": arm, "outcome": pain}, outcomes=[outcome])
    )
    assert answered.outcomes[0].likelihood == "ordinal"
    assert only(answered).effect.upper_95 < 0
    assert only(answered).decision == "adopt"


RATING = {"column": "outcome", "kind": "rating"}


@pytest.mark.parametrize(
    ("outcome", "values", "likelihood"),
    [
        ({**RATING, "bounds": (1, 5)}, [1, 2, 5, 4, 4, 3], "ordinal"),
        ({**RATING, "bounds": (1, 5), "scale": "natural"}, [1, 2, 5, 4, 4, 3], None),
        ({**RATING, "bounds": (0, 100)}, [90, 100, 95, 80, 100, 97], "bounded"),
        ({**RATING, "bounds": (0, 100)}, [50, 51, 55, 49, 52, 48], None),
        ({"column": "outcome", "kind": "count"}, [0, 3, 2, 9], "count"),
        ({"column": "outcome", "kind": "count"}, [0.5, 3, 2, 9], None),
        ({"column": "outcome", "kind": "count"}, np.exp(np.log([1, 3, 2, 9])), "count"),
        ({"column": "outcome", "kind": "ordinal"}, range(12), None),
        ({"column": "outcome"}, [1, 0, 1], None),
    ],
)
def test_an_outcome_has_the_likelihood_of_its_kind_and_rows(outcome, values, likelihood):
    rows = SimpleNamespace(observed=np.array(values, dtype=float))
    assert choose_for_column(OutcomeColumn(**outcome), [rows]).family == likelihood


def test_all_or_nothing_is_a_dose_of_one_or_zero(design):
    schedule = schedule_array(design)
    schedule[:, 2] *= 0.5
    full, by_full = effective_exposure(schedule_array(design), 0.4, 1)
    half, by_half = effective_exposure(schedule, 0.4, 1)
    assert full[design.observed] == pytest.approx(design.exposure(np.array([0.4]))[0])
    assert (2 * half, 2 * by_half) == (pytest.approx(full), pytest.approx(by_full))


def test_a_symptom_that_never_came_with_one_arm_has_a_finite_effect_and_says_why(tmp_path):
    arm = np.tile([0, 1], 20)
    outcome = (arm == 0) & (np.random.default_rng(10).random(40) < 0.5)
    answered = answer(
        write_study(
            tmp_path, {"day": days(40), "arm": arm, "outcome": outcome.astype(int)}, outcomes=[HEADACHE]
        )
    )
    effect = only(answered).effect
    assert effect.upper_95 < 0
    assert 0.001 < effect.odds_ratio[0] < 0.2
    assert "constant_arm" in codes(answered)
    assert any("keeps it finite" in warning.text for warning in answered.warnings)


def test_a_fit_that_fails_its_diagnostics_is_replaced_by_the_approximation_with_a_warning(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(Diagnostics, "problem", property(lambda _: "R-hat 1.2, wanted below 1.01"))
    rng = np.random.default_rng(11)
    arm = rng.permutation(np.repeat([0, 1], 20))
    data = {"day": days(40), "arm": arm, "outcome": (rng.random(40) < 0.4).astype(int)}
    monkeypatch.setitem(LatentTrialModel.default_sampler_config, "draws", 20)
    monkeypatch.setitem(LatentTrialModel.default_sampler_config, "tune", 20)
    answered = answer(write_study(tmp_path, data, outcomes=[HEADACHE]))
    assert answered.outcomes[0].likelihood == "normal"
    assert only(answered).effect.odds_ratio is None
    (text,) = [warning.text for warning in answered.warnings if warning.code == "approximation"]
    assert "did not pass its checks (R-hat 1.2" in text


def test_long_series_and_summaries_of_readings_keep_the_approximation_and_say_so(tmp_path):
    rng = np.random.default_rng(12)
    arm = rng.permutation(np.repeat([0, 1], 210))
    long = answer(
        write_study(
            tmp_path,
            {"day": days(420), "arm": arm, "outcome": rng.integers(2, size=420)},
            outcomes=[HEADACHE],
        )
    )
    assert long.outcomes[0].likelihood == "normal"
    assert any("more than 400 rows" in warning.text for warning in long.warnings)
    twice = {
        "day": np.repeat(days(40), 2),
        "arm": np.repeat(arm[:40], 2),
        "outcome": rng.integers(2, size=80),
    }
    shares = answer(write_study(tmp_path, twice, outcomes=[HEADACHE]))
    assert any("shares of several readings" in warning.text for warning in shares.warnings)
