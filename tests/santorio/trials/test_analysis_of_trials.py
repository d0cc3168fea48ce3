"""A trial from the marts to what is published: recovery of the truth, refusals, and doing it twice."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from santorio.trials import analysis
from santorio.trials.analysis import analyse_trials
from santorio.trials.keeping import kept

TODAY = dt.date(2026, 6, 1)
ARMS = ("usual", "no screens")


@pytest.fixture
def studied(marts, autoregressive):
    """Fourteen cycles of two days each way, 30 minutes more sleep on the second arm, four nights missing."""
    rng = np.random.default_rng(1)
    arm = np.concatenate([np.repeat(rng.permutation(2), 2) for _ in range(14)])
    sleep = np.full(60, np.nan)
    sleep[1:57] = 430 + 30 * arm + 25 * autoregressive(rng, 56, 0.4)[:, 0]
    sleep[[5, 6, 30, 41]] = np.nan
    marts.outcome("sleep_minutes", sleep)
    marts.trial("screens", ARMS, arm, period_days=2, lag_days=1, smallest_effect=10.0, secondary=["mood"])
    return marts


def fetch(marts, query):
    with marts.database.connect() as connection:
        return connection.execute(query).fetchall()


def test_a_true_effect_is_found_reported_in_its_own_unit_and_adopted(studied, store):
    (report,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert (report.status, report.rows, report.subject) == ("accepted", 1, "screens")
    ((estimate, lower, upper, decision, cycles, p, repeats, days, unit, primary),) = fetch(
        studied,
        "select estimate, lower_95, upper_95, decision, cycles, randomisation_p, probability_repeats,"
        " days_arm + days_reference, unit, is_primary from insights.trial_results",
    )
    assert 20 < estimate < 40
    assert 0 < lower < 30 < upper < 55
    assert (decision, cycles, days, unit, primary) == ("adopt", 14, 52, "min", True)
    assert p < 0.01
    assert repeats > 0.95


def test_the_raw_difference_is_that_of_the_assigned_arms_means(studied, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    ((mean_arm, mean_reference, raw),) = fetch(
        studied, "select mean_arm, mean_reference, raw_difference from insights.trial_results"
    )
    expected = dict(
        fetch(
            studied,
            "select d.arm, avg(o.value) from marts.trial_days d"
            " join marts.outcomes o on o.day = d.first_day + 1 group by 1",
        )
    )
    assert mean_arm == pytest.approx(expected["no screens"])
    assert mean_reference == pytest.approx(expected["usual"])
    assert raw == pytest.approx(mean_arm - mean_reference)


def test_unchanged_input_is_not_fitted_again_and_changed_input_is(studied, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    (again,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert again.status == "unchanged"
    assert fetch(studied, "select count(*) from insights.runs") == [(1,)]
    studied.write(
        "outcomes", [{"day": studied.day(6), "metric": "sleep_minutes", "value": 401.0, "samples": 1}]
    )
    (changed,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert changed.status == "accepted"
    assert fetch(studied, "select count(*) from insights.runs") == [(2,)]


def test_the_posterior_is_kept_with_its_run_and_made_again_where_it_is_lost(studied, store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(analysis, "publish", crash)
        with pytest.raises(RuntimeError):
            analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert fetch(studied, "select count(*) from insights.runs") == [
        (0,)
    ]  # the object came first: nothing refers to it

    analyse_trials(studied.database, store, studied.person, today=TODAY)
    ((sha256, estimate, as_of),) = fetch(
        studied,
        "select posterior_object, estimate, as_of from insights.runs join insights.trial_results using (run_id)",
    )
    fit, attributes = kept(store, sha256)
    spread = float(fit.data["constant_data"]["spread"])
    assert spread * fit.draws["effect"].mean() == pytest.approx(estimate)
    assert fit.coords["arm"] == ["no screens"]
    assert (attributes["model"], attributes["as_of"]) == ("TrialModel", as_of.isoformat())

    (store.folder / sha256[:2] / sha256).unlink()
    (again,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert again.status == "accepted"
    ((newest,),) = fetch(
        studied, "select posterior_object from insights.runs order by created_at desc limit 1"
    )
    assert store.exists(newest)


def crash(*_arguments, **_options):
    raise RuntimeError


def test_a_fit_that_did_not_converge_publishes_nothing(studied, store):
    absurd = {"draws": 20, "tune": 2, "chains": 2}
    (report,) = analyse_trials(studied.database, store, studied.person, today=TODAY, sampler_config=absurd)
    assert report.status == "rejected"
    assert report.reason.startswith("The fit cannot be trusted")
    assert report.diagnostics["fits"]["sleep_minutes"]["attempts"] == 2
    assert fetch(studied, "select status, plot, posterior_object from insights.runs") == [
        ("rejected", None, None)
    ]
    assert fetch(studied, "select count(*) from insights.trial_results") == [(0,)]


def test_before_its_end_a_trial_goes_on_whatever_it_says(studied, store):
    analyse_trials(studied.database, store, studied.person, today=studied.day(56))
    assert fetch(studied, "select decision from insights.trial_results") == [("keep going",)]


def test_a_trial_ends_on_the_days_of_its_person(studied, store, monkeypatch):
    asked = []
    monkeypatch.setattr(analysis, "_analyse", lambda *arguments, **_: asked.append(arguments[5]))
    # At every hour one of the two has another date than London.
    zones = ("Pacific/Kiritimati", "Etc/GMT+12")
    for zone in zones:
        analyse_trials(studied.database, store, replace(studied.person, timezone=zone))
    assert asked == [dt.datetime.now(ZoneInfo(zone)).date() for zone in zones]


def test_a_trial_with_too_few_days_is_a_state_and_no_run(marts, store):
    marts.outcome("sleep_minutes", np.array([np.nan, 400.0, 410.0, 420.0]))
    marts.trial("short", ARMS, [0, 1, 0, 1])
    (report,) = analyse_trials(marts.database, store, marts.person, today=TODAY)
    assert report.status == "not enough data"
    assert "5 days" in report.reason
    assert fetch(marts, "select count(*) from insights.runs") == [(0,)]


def test_the_picture_is_a_small_png(studied, store):
    (report,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert report.plot.startswith(b"\x89PNG")
    assert len(report.plot) < 60_000


def test_three_arms_are_each_held_against_the_first(marts, autoregressive, store):
    rng = np.random.default_rng(3)
    arm = np.concatenate([rng.permutation(3) for _ in range(20)])
    marts.outcome("mood", 5 + np.array([0, 0, 1.5])[arm] + 0.8 * autoregressive(rng, 60, 0.3)[:, 0])
    marts.trial("tea", ("water", "mint", "camomile"), arm, outcome="mood", period_days=1)
    analyse_trials(marts.database, store, marts.person, today=TODAY)
    found = dict(fetch(marts, "select arm, decision from insights.trial_results"))
    assert found["camomile"] == "adopt"
    assert found["mint"] != "adopt"


@pytest.mark.parametrize("correction", ["period_days = null", "washout_days = 1"])
def test_a_corrected_design_is_judged_again(studied, correction, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    with studied.database.connect() as connection:
        connection.execute(f"update marts.trials set {correction}")
    (again,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert again.status == "accepted"


def test_what_is_pooled_over_people_is_published_with_its_prior_taken_off(studied, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    ((estimate, sd, alone, alone_sd, unit),) = fetch(
        studied,
        "select estimate, sd, prior_free_estimate, prior_free_sd, standard_effect from insights.trial_results",
    )
    # The prior, Normal(0, unit²), pulls towards nothing and makes surer: taken off, both are undone.
    precision = sd**-2 - unit**-2
    assert alone == pytest.approx(estimate / sd**2 / precision, rel=0.1)
    assert alone_sd == pytest.approx(precision**-0.5, rel=0.1)
    assert 18 < unit < 35
