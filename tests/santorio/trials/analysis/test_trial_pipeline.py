"""A trial from the marts to what is published: recovery of the truth, refusals, and doing it twice."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from santorio import local_time as local
from santorio.cli.trial_output import print_status, print_task, trial_task
from santorio.stats.posterior_store import fetch_posterior
from santorio.stats.randomization import draw_daily
from santorio.trials import service
from santorio.trials.analysis import pipeline as trial_pipeline
from santorio.trials.analysis.pipeline import analyse_trials
from santorio.trials.interventions.intervention import NegativeControl
from santorio.trials.lifecycle import InvalidCommand
from santorio.trials.proposals.history import load_previous_trials
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import DailyRandomization, DecisionRule
from santorio.trials.report.build import build_report
from santorio.trials.report.data import load_report_data
from santorio.trials.repository import Proposal, load_trial_status
from santorio.trials.service import accept, log_day, pause

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
    assert (report.status, report.rows, report.target) == ("accepted", 1, "screens")
    ((estimate, lower, upper, decision, cycles, p, repeats, days, unit, primary),) = fetch(
        studied,
        "select estimate, lower_95, upper_95, decision, cycles, randomisation_p, probability_repeats,"
        " days_arm + days_reference, unit, is_primary from analysis.trial_results",
    )
    assert 20 < estimate < 40
    assert 0 < lower < 30 < upper < 55
    assert (decision, cycles, days, unit, primary) == ("adopt", 14, 52, "min", True)
    assert p < 0.01
    assert repeats > 0.95


def test_the_raw_difference_is_that_of_the_assigned_arms_means(studied, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    ((mean_arm, mean_reference, raw),) = fetch(
        studied, "select mean_arm, mean_reference, raw_difference from analysis.trial_results"
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
    assert fetch(studied, "select count(*) from analysis.runs") == [(1,)]
    studied.write(
        "outcomes", [{"day": studied.day(6), "metric": "sleep_minutes", "value": 401.0, "samples": 1}]
    )
    (changed,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert changed.status == "accepted"
    assert fetch(studied, "select count(*) from analysis.runs") == [(2,)]


def test_the_posterior_is_kept_with_its_run_and_made_again_where_it_is_lost(studied, store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(trial_pipeline, "publish", crash)
        with pytest.raises(RuntimeError):
            analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert fetch(studied, "select count(*) from analysis.runs") == [
        (0,)
    ]  # the object came first: nothing refers to it

    analyse_trials(studied.database, store, studied.person, today=TODAY)
    ((sha256, estimate, as_of),) = fetch(
        studied,
        "select posterior_object, estimate, as_of from analysis.runs join analysis.trial_results using (run_id)",
    )
    fit, attributes = fetch_posterior(store, sha256)
    spread = float(fit.data["constant_data"]["spread"])
    assert spread * fit.draws["effect"].mean() == pytest.approx(estimate)
    assert fit.coords["arm"] == ["no screens"]
    assert (attributes["model"], attributes["as_of"]) == ("TrialModel", as_of.isoformat())

    (store.folder / sha256[:2] / sha256).unlink()
    (again,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert again.status == "accepted"
    ((newest,),) = fetch(
        studied, "select posterior_object from analysis.runs order by created_at desc limit 1"
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
    assert fetch(studied, "select status, plot, posterior_object from analysis.runs") == [
        ("rejected", None, None)
    ]
    assert fetch(studied, "select count(*) from analysis.trial_results") == [(0,)]


def test_before_its_end_a_trial_goes_on_whatever_it_says(studied, store):
    analyse_trials(studied.database, store, studied.person, today=studied.day(56))
    assert fetch(studied, "select decision from analysis.trial_results") == [("keep going",)]


def test_a_trial_ends_on_the_days_of_its_person(studied, store, monkeypatch):
    asked = []
    monkeypatch.setattr(trial_pipeline, "_analyse", lambda *arguments, **_: asked.append(arguments[5]) or [])
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
    assert fetch(marts, "select count(*) from analysis.runs") == [(0,)]


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
    found = dict(fetch(marts, "select arm, decision from analysis.trial_results"))
    assert found["camomile"] == "adopt"
    assert found["mint"] != "adopt"


@pytest.mark.parametrize("correction", ["period_days = null", "washout_days = 1"])
def test_a_corrected_design_is_judged_again(studied, correction, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    with studied.database.connect() as connection:
        connection.execute(f"update marts.trials set {correction}")
    (again,) = analyse_trials(studied.database, store, studied.person, today=TODAY)
    assert again.status == "accepted"


# Planned looks, and what no arm can change. Eleven cycles: as many columns as above, so that nothing is compiled anew.
HUMMING = ("as usual", "ten minutes of humming")
NAME = "humming_mood"
DAYS, LOOK = 44, 28
DRAWN = draw_daily(11, 4, 7)
SAMPLER = {"draws": 600}


class Led:
    """A person who accepted a trial with one look and a negative control, and lives it."""

    def __init__(self, marts, store):
        self.marts, self.store, self.person, self.database = marts, store, marts.person, marts.database
        # Days to come: a look counts only where it was planned before them.
        with self.database.connect() as connection:
            self.start = local.today(connection, self.person, dt.datetime.now(dt.UTC)) + dt.timedelta(days=1)
        marts.first_day = self.start
        self.due = self.day(LOOK + 1)

    def day(self, number):
        return self.start + dt.timedelta(days=number)

    def live(self, metric, values, first=0):
        days = [
            {"day": self.day(first + t), "metric": metric, "value": float(value), "samples": 1}
            for t, value in enumerate(values)
        ]
        self.marts.write("outcomes", days)

    def analyse(self, today):
        return analyse_trials(self.database, self.store, self.person, today=today, sampler_config=SAMPLER)

    def forget(self):
        with self.database.connect() as connection:
            connection.execute("delete from analysis.runs")

    def newest(self, columns):
        ((row),) = fetch(
            self.marts,
            f"select {columns} from analysis.trial_results join analysis.runs using (run_id) where is_primary"
            " order by created_at desc limit 1",
        )
        return row

    def status(self, today):
        with self.database.connect() as connection:
            return load_trial_status(connection, self.person, NAME, today)

    def page(self, today):
        with self.database.connect() as connection:
            return build_report(load_report_data(connection, self.store, self.person, NAME, today))


def accepted(marts, store, monkeypatch, *, interim, **protocol_fields):
    """A trial of humming that was accepted yesterday, and the message that said so."""
    led = Led(marts, store)
    protocol = Protocol(
        trial=NAME, question="Does humming raise my mood?", arms=HUMMING, outcome="mood", direction="higher",
        smallest_effect=1.0, lag_days=0,
        randomization=DailyRandomization(cycle_days=4, longest_run=3), cycles=11, seed=7,
        assignment=tuple(HUMMING[arm] for arm in DRAWN.tolist()),
        negative_control=NegativeControl(metric="steps", lag_days=0), **protocol_fields,
    )  # fmt: skip
    today = led.start - dt.timedelta(days=1)
    offered = Proposal(protocol, UUID(int=1), today)
    monkeypatch.setattr(service, "load_proposal", lambda *_: offered)
    step = accept(led.database, led.person, NAME, start=led.start, today=today, interim=interim)
    marts.trial(NAME, HUMMING, DRAWN, outcome="mood", smallest_effect=1.0, lag_days=0)
    return led, step.message


@pytest.fixture
def led(marts, store, monkeypatch):
    led, message = accepted(marts, store, monkeypatch, interim=1)
    assert f"at an interim analysis after {LOOK} study days, if one probability reaches 95 %" in message
    return led


def felt(effect):
    return 50 + 2 * np.random.default_rng(3).normal(size=DAYS) + effect * DRAWN


@pytest.mark.parametrize(("threshold", "decision"), [(0.8, "adopt"), (0.995, "keep going")])
def test_a_trial_is_decided_by_the_threshold_that_its_protocol_froze(
    marts, store, monkeypatch, threshold, decision
):
    rule = DecisionRule(threshold=Decimal(str(threshold)))
    led, _ = accepted(marts, store, monkeypatch, interim=0, decision_rule=rule)
    led.live("mood", felt(2.4))
    led.analyse(led.day(DAYS + 2))
    above, decided = led.newest("probability_above, decision")
    assert 0.85 < above < 0.99
    assert decided == decision


def asks_for_no_other_day(led, capsys):
    after = led.day(LOOK + 4)
    status = led.status(after)
    assert (status.state.name, status.state.decision, status.state.stopped_after) == (
        "stopped_early",
        "adopt",
        LOOK,
    )
    with led.database.connect() as connection:
        (previous,) = load_previous_trials(connection, led.person, after)
    assert (previous.state, previous.day, previous.decided) == ("finished", status.protocol.last_day, True)
    assert previous.result.mean > 1.0
    assert status.protocol.arm_of(led.due) is None
    assert status.frozen.arm_of(led.due) is not None
    assert status.remaining_interim_days == ()
    asked = trial_task(status, after)
    assert (asked["arm"], asked["study_days"], max(asked["to_log"])) == (None, DAYS, led.day(LOOK - 1))
    print_task(asked, after)
    print_status(status, [])
    said = " ".join(capsys.readouterr().out.split())
    assert (
        f"It was stopped early at an interim analysis, after {LOOK} study days: adopt. "
        "Its report: santorio trial report" in said
    )
    assert "not a study day" not in said
    assert f"After {LOOK} study days (analysed on" in said
    assert "; the trial ended: adopt" in said
    with pytest.raises(InvalidCommand, match="stopped early at a planned interim analysis"):
        pause(led.database, led.person, NAME, days=3, today=after)
    with pytest.raises(InvalidCommand, match="not a study day"):
        log_day(led.database, led.person, NAME, done=True, day=after, note=None, today=after)
    log_day(led.database, led.person, NAME, done=True, day=led.day(LOOK), note=None, today=after)
    assert fetch(led.marts, "select count(*) from raw.events where event_type = 'trial.stopped'") == [(1,)]


def test_a_large_effect_ends_a_trial_at_its_look_whatever_comes_later(led, capsys):
    led.live("mood", felt(5.0)[: LOOK + 1])
    assert trial_task(led.status(led.day(LOOK)), led.day(LOOK))["next"] is None
    waits = trial_task(led.status(led.due), led.due)["next"]
    assert waits == f"The planned interim analysis after {LOOK} study days can be done: santorio run"
    (report,) = led.analyse(led.due)
    found = led.newest("decision, estimate, sd, randomisation_p, days_arm + days_reference, cycles")
    decision, _, _, p, days, cycles = found
    assert (decision, days, cycles, report.diagnostics["ended"]) == ("adopt", LOOK, 7, True)
    assert p < 0.01

    asks_for_no_other_day(led, capsys)

    # Days that are logged later say the contrary, and are no part of the answer.
    led.live("mood", 50 - 20 * DRAWN[LOOK + 1 :], first=LOOK + 1)
    (again,) = led.analyse(led.day(DAYS + 9))
    assert again.status == "unchanged"
    # Nobody looked in time: the look is done all the same, with the days up to it.
    led.forget()
    led.analyse(led.day(DAYS + 9))
    assert led.newest("decision, estimate, sd, randomisation_p, days_arm + days_reference, cycles") == found

    with led.database.connect() as connection:
        late = load_report_data(connection, led.store, led.person, NAME, led.day(DAYS + 9))
    (over,) = late.post_stop_effects
    assert over.days == DAYS - LOOK
    assert over.estimate < 0 < found[1]  # reported beside the answer, which it does not change
    assert f"{DAYS - LOOK} further study days had passed when the interim analysis was done" in build_report(
        late
    )
    assert f"{DAYS + 9 - LOOK - 1} days after it was due" in build_report(late)

    # A correction of days up to the interim analysis is reported, and restarts nothing.
    with led.database.connect() as connection:
        connection.execute(
            "update marts.outcomes told set value = value - 4 from marts.trial_days"
            " where first_day = day and arm = %s and day < %s",
            [HUMMING[1], led.day(LOOK)],
        )
    led.analyse(led.day(DAYS + 10))
    assert led.newest("decision, days_arm + days_reference") == ("keep going", LOOK)
    status = led.status(led.day(DAYS + 10))
    assert (status.state.name, status.state.decision) == ("stopped_early", "adopt")
    page = led.page(led.day(DAYS + 10))
    assert f"This trial ended at a planned interim analysis, after {LOOK} of {DAYS} study days" in page
    assert "The decision was: “ten minutes of humming”: adopt. With them, by the same threshold" in page
    assert "nothing that would have ended it. The trial stays over all the same" in page


def test_without_an_effect_a_look_lets_a_trial_go_on_and_a_shifted_negative_control_is_flagged(led):
    rng = np.random.default_rng(11)
    led.live("mood", felt(0.0)[: LOOK + 1])
    at_interim, so_far = led.analyse(led.due)
    assert (at_interim.diagnostics["ended"], so_far.diagnostics["ended"]) == (False, False)
    assert "look" not in so_far.diagnostics
    assert fetch(led.marts, "select distinct decision from analysis.trial_results") == [("keep going",)]
    (report,) = led.analyse(led.due)  # a look is done once
    assert report.status == "unchanged"
    status = led.status(led.due)
    assert status.state.name == "running"
    assert status.remaining_interim_days == ()
    assert status.protocol == status.frozen
    assert [analysis.after_days for analysis in status.interim.done] == [LOOK]

    led.live("mood", felt(0.0)[LOOK + 1 :], first=LOOK + 1)
    led.live("steps", 8000 + 900 * rng.normal(size=DAYS) + 3000 * DRAWN)
    led.analyse(led.day(DAYS + 9))
    assert led.newest("days_arm + days_reference") == (DAYS,)
    ((decision, lower, upper),) = fetch(
        led.marts,
        "select decision, lower_95, upper_95 from analysis.trial_results join analysis.runs using (run_id)"
        " where is_negative_control order by created_at desc limit 1",
    )
    assert decision == "something found"
    assert lower < 3000 < upper
    page = led.page(led.day(DAYS + 9))
    assert "and yet there is an effect on it" in page
    assert "Distrust this trial&#39;s answer" in page
    assert "; the trial went on" in page
    assert "Its last study day was over." in page


def test_looks_that_were_planned_after_the_first_days_decide_nothing(led):
    with led.database.connect() as connection:
        connection.execute("update marts.trial_days set first_day = first_day - 60, last_day = last_day - 60")
    led.marts.first_day = led.start - dt.timedelta(days=60)
    led.marts.outcome("mood", felt(5.0))
    (report,) = led.analyse(led.day(0))
    assert "look" not in report.diagnostics


def test_the_estimate_to_pool_over_people_is_published_without_its_prior(studied, store):
    analyse_trials(studied.database, store, studied.person, today=TODAY)
    ((estimate, sd, alone, alone_sd, unit),) = fetch(
        studied,
        "select estimate, sd, prior_free_estimate, prior_free_sd, standard_effect from analysis.trial_results",
    )
    # The prior, Normal(0, unit²), pulls towards nothing and makes surer: taken off, both are undone.
    precision = sd**-2 - unit**-2
    assert alone == pytest.approx(estimate / sd**2 / precision, rel=0.1)
    assert alone_sd == pytest.approx(precision**-0.5, rel=0.1)
    assert 18 < unit < 35
