"""Associations, from the marts to the published run."""

from dataclasses import replace

import numpy as np
import pytest

from santorio.analyses.effects.model import EffectsModel
from santorio.analyses.effects.pipeline import analyse_effects

DAYS = 170


@pytest.fixture
def lived(marts, autoregressive):
    """Late caffeine takes 18 min a 100 mg from the night; alcohol does nothing; magnesium was logged for 50 days."""
    rng = np.random.default_rng(5)
    late = rng.choice([0.0, 80.0, 160.0], DAYS, p=[0.5, 0.3, 0.2])
    alcohol = rng.choice([0.0, 14.0, 28.0], DAYS, p=[0.7, 0.2, 0.1])
    magnesium = np.where(
        (np.arange(DAYS) > 60) & (np.arange(DAYS) <= 110), 300.0 * (rng.random(DAYS) < 0.5), np.nan
    )
    sleep = 440 + 22 * autoregressive(rng, DAYS, 0.4)[:, 0]
    sleep[1:] -= 0.18 * late[:-1]
    sleep[rng.random(DAYS) < 0.06] = np.nan
    marts.outcome("sleep_minutes", sleep)
    marts.exposure("caffeine_after_15_mg", late, "mg")
    marts.exposure("alcohol_g", alcohol, "g")
    marts.exposure("supplement_magnesium", magnesium, "mg")
    marts.exposure("supplement_zinc", np.where(np.arange(DAYS) < 20, 15.0, np.nan), "mg")
    marts.outcome("steps", np.arange(DAYS) * 10.0)
    return marts


def rows(marts):
    with marts.database.connect() as connection:
        return {
            row[0]: row[1:]
            for row in connection.execute(
                "select exposure, estimate, lower_95, upper_95, probability_positive, per_amount, lag_days, days, rank,"
                " exposure_unit, outcome_unit from analysis.effects"
            )
        }


def test_a_true_association_is_found_per_amount_with_its_lag_and_ranks_first(lived):
    (report,) = analyse_effects(lived.database, lived.person)
    assert (report.status, report.target) == ("accepted", "sleep_minutes")
    assert report.diagnostics["r_hat"] < 1.01
    effects = rows(lived)
    estimate, lower, upper, positive, amount, lag, days, rank, unit, outcome_unit = effects[
        "caffeine_after_15_mg"
    ]
    assert -25 < estimate < -11
    assert lower < -18 < upper < 0
    assert positive < 0.01
    assert (amount, lag, rank, unit, outcome_unit) == (100.0, 1, 1, "mg", "min")
    assert days >= 150


def test_it_says_how_strong_an_unmeasured_confounder_would_have_to_be(lived):
    analyse_effects(lived.database, lived.person)
    with lived.database.connect() as connection:
        estimates = {
            exposure: values
            for exposure, *values in connection.execute(
                "select exposure, robustness_value, robustness_value_95 from analysis.effects"
            )
        }
    to_nothing, to_doubt = estimates["caffeine_after_15_mg"]
    assert 0.2 < to_doubt < to_nothing < 0.6
    assert estimates["alcohol_g"][1] == 0 < estimates["alcohol_g"][0] < 0.2


def test_an_exposure_without_effect_has_an_interval_with_zero_and_a_rare_one_is_excluded(lived):
    analyse_effects(lived.database, lived.person)
    effects = rows(lived)
    assert set(effects) == {"caffeine_after_15_mg", "alcohol_g", "supplement_magnesium"}
    for exposure in ("alcohol_g", "supplement_magnesium"):
        assert effects[exposure][1] < 0 < effects[exposure][2]
    assert effects["supplement_magnesium"][4] == 300.0
    assert 40 <= effects["supplement_magnesium"][6] <= 50


def test_unchanged_input_is_not_fitted_again(lived):
    analyse_effects(lived.database, lived.person)
    assert [report.status for report in analyse_effects(lived.database, lived.person)] == ["unchanged"]


def test_a_fit_that_did_not_converge_publishes_nothing(lived):
    (report,) = analyse_effects(
        lived.database, lived.person, sampler_config={"draws": 20, "tune": 2, "chains": 2}
    )
    assert report.status == "rejected"
    assert rows(lived) == {}


def test_without_exposures_it_says_what_is_missing(marts):
    marts.outcome("mood", np.arange(40) % 7)
    (report,) = analyse_effects(marts.database, marts.person)
    assert report.status == "not enough data"
    assert "No exposure was logged on 30 days" in report.reason


def test_the_picture_is_a_small_png(lived):
    (report,) = analyse_effects(lived.database, lived.person)
    assert report.plot.startswith(b"\x89PNG")
    assert len(report.plot) < 60_000


@pytest.fixture
def two_outcomes(lived):
    rng = np.random.default_rng(9)
    lived.outcome("mood", 6 + rng.normal(size=DAYS))
    return lived


def test_all_outcomes_are_fitted_together_and_each_has_a_run_of_its_own(two_outcomes):
    reports = analyse_effects(two_outcomes.database, two_outcomes.person)
    assert [
        (report.target, report.status, report.diagnostics["outcomes_fitted_together"]) for report in reports
    ] == [
        ("mood", "accepted", 2),
        ("sleep_minutes", "accepted", 2),
    ]
    assert [report.status for report in analyse_effects(two_outcomes.database, two_outcomes.person)] == [
        "unchanged"
    ] * 2


def test_an_outcome_that_refuses_the_joint_fit_does_not_take_the_others_down(two_outcomes, monkeypatch):
    true = EffectsModel.fit

    def stubborn(self, evidence, is_confounder=None):
        """No fit that has the mood in it, the outcome of more days, can be trusted."""
        effects = true(self, evidence, is_confounder)
        if any(likelihood.days == DAYS for likelihood in evidence):
            diagnostics = replace(effects.diagnostics, divergences=3)
            effects = replace(effects, fit=replace(effects.fit, diagnostics=diagnostics))
        return effects

    monkeypatch.setattr(EffectsModel, "fit", stubborn)
    mood, sleep = analyse_effects(two_outcomes.database, two_outcomes.person)
    assert (mood.status, mood.rows) == ("rejected", 0)
    assert "3 divergent" in mood.reason
    assert (sleep.status, sleep.diagnostics["outcomes_fitted_together"]) == ("accepted", 1)


def test_an_exposure_measured_with_error_is_reported_with_its_reliability(lived, autoregressive):
    rng = np.random.default_rng(2)
    protein = 90 + 25 * rng.normal(size=DAYS)
    lived.exposure("measure_protein_g_photo", protein * (1 + 0.3 * rng.normal(size=DAYS)), "g")
    (report,) = analyse_effects(lived.database, lived.person)
    assert 0.2 < report.diagnostics["reliability"]["measure_protein_g_photo"] < 0.7
    assert "measure_protein_g_photo" in rows(lived)


def test_what_is_pooled_over_people_is_published_without_the_sparse_prior(lived):
    analyse_effects(lived.database, lived.person)
    with lived.database.connect() as connection:
        estimates = {
            exposure: values
            for exposure, *values in connection.execute(
                "select exposure, estimate, sd, prior_free_estimate, prior_free_sd, standard_effect"
                " from analysis.effects"
            )
        }
    for estimate, sd, alone, alone_sd, unit in estimates.values():
        assert abs(alone) > abs(estimate)
        assert alone_sd > 0.9 * sd
        assert unit > 0
    estimate, _, alone, alone_sd, _ = estimates["caffeine_after_15_mg"]
    assert abs(alone - estimate) < alone_sd
    # What does nothing is pulled to nothing by the sparse prior, and its spread with it.
    assert estimates["alcohol_g"][1] < estimates["alcohol_g"][3]
