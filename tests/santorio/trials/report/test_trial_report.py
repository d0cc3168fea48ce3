"""The report of a trial that the app ran: what it says at every stage, and what it computes from a kept posterior."""

import datetime as dt
import json
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from santorio.errors import NotFound
from santorio.metrics import outcome as find_outcome
from santorio.rendering.report import CENT_ITEMS
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, EffectPrior, robust_mixture
from santorio.stats.exact_inference import fit_trial
from santorio.stats.posterior_store import FILE_NAME, save_fit
from santorio.stats.sampler import Diagnostics, Fit
from santorio.trials.adherence import AdherenceDay
from santorio.trials.analysis.data import Trial
from santorio.trials.events import Abandoned, Deviated, Paused
from santorio.trials.lifecycle import TrialState
from santorio.trials.preregistration import Preregistration
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import DailyRandomization, DecisionRule
from santorio.trials.protocol_model import Model
from santorio.trials.report.build import build_report
from santorio.trials.report.data import AcceptedRun, ReportData, Result, load_report_data
from santorio.trials.report.posterior_summary import Posterior
from santorio.trials.report.text import answer_text, changes_text, prior_conflict_text

START = dt.date(2026, 3, 2)
FIRST = (START - dt.date(1970, 1, 1)).days
DAYS = 28
ARMS = ("as usual", "a <b>cold</b> shower")
CENTER, SPREAD, DELTA = 420.0, 25.0, 10.0
SHA = "ab" * 32
DRAWS = 4000


def later(days):
    return START + dt.timedelta(days=days)


@pytest.fixture(scope="module")
def design():
    rng = np.random.default_rng(4)
    arm = np.concatenate([rng.permutation(np.repeat([0, 1], 7)) for _ in range(2)])
    observed = np.ones(DAYS, dtype=bool)
    observed[[3, 17]] = False
    return TrialDesign(np.arange(DAYS) + FIRST, arm, np.arange(DAYS) // 14, observed, 2)


@pytest.fixture(scope="module")
def standard(design):
    rng = np.random.default_rng(5)
    return rng.normal(size=DAYS)[design.observed] + 1.2 * design.arm[design.observed]


def fit_of(design, standard, *, effect=1.2, sd=0.3):
    """Draws around a known effect, with the noise that is left beside it."""
    rng = np.random.default_rng(6)
    columns = design.columns()
    at = columns.index("arm_1")
    coefficient = np.zeros((DRAWS, len(columns.names)))
    coefficient[:, at] = effect + sd * rng.normal(size=DRAWS)
    coefficient[:, columns.index("arm_1_cycle_0")] = 0.5
    ones = np.ones(DRAWS)
    draws = {
        "coefficient": coefficient, "effect": coefficient[:, [at]], "sigma": ones, "rho": 0.0 * ones,
        "carry_over": 0.0 * ones, "departure_sd": 0.1 * ones,
    }  # fmt: skip
    data = {
        "observed_data": {"outcome": standard},
        "constant_data": {
            "assigned_arm": design.arm, "cycle": design.cycle, "is_known": design.observed,
            "center": np.array(CENTER), "spread": np.array(SPREAD),
        },
    }  # fmt: skip
    coords = {
        "term": columns.names, "arm": ARMS[1:], "study_day": design.day.tolist(),
        "known_day": design.day[design.observed].tolist(),
    }  # fmt: skip
    dims = {
        "coefficient": ("term",), "effect": ("arm",), "outcome": ("known_day",), "assigned_arm": ("study_day",),
        "cycle": ("study_day",), "is_known": ("study_day",),
    }  # fmt: skip
    return Fit(draws, Diagnostics(1.001, 1500.0, 1200.0, 0, 4, DRAWS // 4, 1, 2.0), dims, coords, data)


@pytest.fixture(scope="module")
def posterior(design, standard):
    return Posterior.from_fit(fit_of(design, standard), ARMS[0])


@pytest.fixture
def protocol(design):
    return Protocol(
        trial="shower_sleep", question="Does a cold shower raise my sleep?", arms=ARMS, outcome="sleep_minutes",
        direction="higher", smallest_effect=DELTA, lag_days=1, start_day=START,
        randomization=DailyRandomization(cycle_days=14, longest_run=3),
        cycles=2, seed=7, assignment=tuple(ARMS[arm] for arm in design.arm),
        model=Model.from_priors(None, robust_mixture(1.0, 0.4)),
    )  # fmt: skip


RESULT = Result(
    outcome="sleep_minutes", arm=ARMS[1], reference_arm=ARMS[0], unit="min", mean_arm=450.0, mean_reference=420.0,
    raw_difference=30.0, days_arm=13, days_reference=13, estimate=30.0, sd=7.5, lower_95=15.3, upper_95=44.7,
    lower_50=25.0, upper_50=35.0, smallest_effect=DELTA, probability_above=0.98, probability_within=0.02,
    probability_below=0.0, decision="adopt", cycles=2, probability_repeats=0.97, randomisation_p=0.004, is_primary=True,
)  # fmt: skip


@pytest.fixture
def account(design, posterior, protocol):
    preregistration = Preregistration(
        later(-3), 0, DAYS, randomization=protocol.randomization.model_dump(), frozen=protocol
    )
    trial = Trial(
        name="shower_sleep", question=protocol.question, arms=ARMS, outcome="sleep_minutes", secondary=("mood",),
        direction="higher", smallest_effect=DELTA, lag_days=1, period_days=None, washout_days=0,
        study_day=np.arange(1, DAYS + 1), first_day=design.day, last_day=design.day, arm=design.arm,
        as_of=dt.datetime(2026, 4, 2, tzinfo=dt.UTC), preregistration=preregistration,
    )  # fmt: skip
    mood = replace(RESULT, outcome="mood", unit="points", estimate=0.1, smallest_effect=0.3, is_primary=False)
    run = AcceptedRun(
        UUID(int=1), dt.datetime(2026, 4, 2, 8, tzinfo=dt.UTC), dt.datetime(2026, 4, 2, 7, tzinfo=dt.UTC), "0.1.0",
        "f" * 64, {"ended": True, "randomisation": "daily", "left_out": {
            "sleep_minutes": [{"day": "2026-03-05", "reason": "The watch was not worn."}]}}, SHA, (RESULT, mood),
    )  # fmt: skip
    attributes = {f"version_of_{name}": "1.0" for name in ("pymc", "nutpie", "arviz", "numpy")}
    followed = tuple(
        AdherenceDay(
            later(day), ARMS[arm], None if arm == 0 else day % 7 != 2, "unknown" if arm == 0 else "reported"
        )
        for day, arm in enumerate(design.arm)
    )
    return ReportData(
        trial, TrialState("shower_sleep", name="analysed"), (), run, posterior,
        {**attributes, "protocol_sha256": protocol.sha256}, followed, later(40),
    )  # fmt: skip


def test_a_report_answers_in_a_sentence_and_fetches_nothing(account):
    page = build_report(account)
    said = "raised sleep, against “as usual”, by +30.0 min (95 % interval 15.3 to 44.7); with 98 % probability by more"
    assert said in page
    assert "<b>cold</b>" not in page  # whatever comes from the person is escaped
    assert "&lt;b&gt;cold&lt;/b&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    for item, topic in CENT_ITEMS:
        assert f"<td>{item}</td><td>{topic.replace(chr(39), '&#39;')}</td>" in page
    assert account.trial.preregistration.frozen.sha256 in page
    assert SHA in page
    assert "5 March 2026: The watch was not worn." in page


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (
            TrialState("t", name="running"),
            "This trial is running: 11 of 28 study days have passed; nothing is decided",
        ),
        (TrialState("t", name="paused"), "This trial is paused after 11 of 28 study days"),
        (
            TrialState("t", name="abandoned", reason="too cold"),
            "was abandoned after 11 of 28 study days: nothing is decided",
        ),
        (TrialState("t", name="completed"), "Type `santorio run` for the answer"),
    ],
)
def test_before_its_end_a_trial_decides_nothing(account, state, says):
    early = replace(
        account,
        state=state,
        today=later(10),
        run=replace(account.run, diagnostics={"randomisation": "daily"}),
    )
    assert says in answer_text(early)
    page = build_report(early)
    assert "adopt" not in page
    assert "raised sleep" not in page
    assert "none before the end" in page
    # Of days to come no value is missing.
    assert "1 study day of 11 without a value" in page


def test_before_a_planned_look_a_trial_says_when_it_may_be_decided(account, protocol):
    deciding = DecisionRule(interim_analyses=1, interim_after_days=(21,), interim_threshold=0.95)
    looked = protocol.model_copy(update={"decision_rule": deciding})
    trial = replace(account.trial, preregistration=replace(account.trial.preregistration, frozen=looked))
    running = replace(
        account,
        trial=trial,
        state=TrialState("t", name="running"),
        today=later(10),
        run=replace(account.run, diagnostics={"randomisation": "daily"}),
    )
    assert "nothing is decided before the interim analysis after 21 of them" in answer_text(running)
    assert "95 % at an interim analysis after 21 study days" in build_report(running)
    assert "Not done yet: after 21 study days." in build_report(running)


def test_pauses_deviations_and_the_end_are_reported_as_decided_afterwards(account):
    events = (
        Paused(trial="shower_sleep", day=later(5), until=later(9)),
        Deviated(trial="shower_sleep", day=later(12), what="slept elsewhere"),
        Abandoned(trial="shower_sleep", day=later(20), reason="too cold"),
    )
    assert changes_text(replace(account, events=events)) == (
        "7 March 2026: paused until 11 March 2026. 14 March 2026: deviation recorded: slept elsewhere. "
        "22 March 2026: abandoned: too cold."
    )
    assert changes_text(account).startswith("Nothing")


def test_days_not_followed_are_left_out_beside_the_effect_as_assigned(account, design, standard):
    page = build_report(account)
    excluded = [day.day for day in account.adherence if day.done is False]
    assert excluded
    inside = ~np.isin(design.day[design.observed], [(day - dt.date(1970, 1, 1)).days for day in excluded])
    observed = design.observed.copy()
    observed[observed] = inside
    exact = fit_trial(replace(design, observed=observed), standard[inside], prior=robust_mixture(1.0, 0.4))
    assert f"+{SPREAD * exact.mean('arm_1')[0]:.1f}</td>" in page
    assert "is not a randomised comparison" in page
    assert f'<td class="number">{int(inside.sum())}</td>' in page


def test_where_every_day_was_followed_there_is_nothing_to_leave_out(account):
    all_followed = tuple(replace(day, done=True, known_by="reported") for day in account.adherence)
    page = build_report(replace(account, adherence=all_followed))
    assert "there is nothing to exclude" in page
    assert "all did" in page


def test_a_rejected_newer_run_is_reported(account):
    page = build_report(
        replace(account, run=replace(account.run, newer_rejection="The fit cannot be trusted: R-hat 1.2."))
    )
    assert "A newer analysis was rejected; this one is older. The fit cannot be trusted: R-hat 1.2." in page


def test_a_schedule_that_was_not_randomised_gives_an_association(account):
    run = replace(account.run, diagnostics={"ended": True, "randomisation": "within blocks"})
    said = answer_text(replace(account, run=run))
    assert "raised" not in said
    assert "This is an association" in said


def test_effects_come_back_in_the_outcomes_unit_and_by_cycle(posterior):
    assert posterior.effect(1).mean() == pytest.approx(1.2 * SPREAD, abs=0.5)
    first, second = (draws.mean() for draws in posterior.cycles(1))
    assert first - second == pytest.approx(0.5 * SPREAD)
    assert posterior.outcome[0] == CENTER + SPREAD * posterior.standard[0]
    assert np.isnan(posterior.outcome[[3, 17]]).all()


def test_densities_are_densities(posterior):
    at, after, before = posterior.densities(1, robust_mixture(1.0, 0.4))
    assert np.trapezoid(after, at) == pytest.approx(1, abs=0.01)
    assert at[np.argmax(before)] == pytest.approx(1.0 * SPREAD, abs=1)


@pytest.mark.parametrize(
    ("effect", "prior", "says"),
    [
        (1.2, robust_mixture(1.2, 0.3), "The data agree with it"),
        (1.2, robust_mixture(-1.0, 0.2), "The data contradict it"),
        (1.2, WEAK, "cannot conflict"),
    ],
)
def test_the_weights_of_the_prior_show_a_conflict(design, standard, effect, prior, says):
    posterior = Posterior.from_fit(fit_of(design, standard, effect=effect), ARMS[0])
    after = posterior.prior_weights(1, prior)
    assert after.sum() == pytest.approx(1)
    assert says in prior_conflict_text(prior, after.tolist())


def test_the_weights_after_the_data_are_those_of_the_exact_engine(design, standard):
    prior = EffectPrior((0.5, 0.5), (0.2, 0.0), (0.3, 1.0))
    exact = fit_trial(design, standard, prior=prior)
    fit = fit_of(design, standard)
    sigma = float(exact.sigma_mean()[0])
    drawn = {"effect": exact.draw("arm_1", DRAWS, np.random.default_rng(1)), "sigma": np.full(DRAWS, sigma)}
    after = Posterior.from_fit(replace(fit, draws={**fit.draws, **drawn}), ARMS[0]).prior_weights(1, prior)
    # Near it only: σ is held at its mean here.
    np.testing.assert_allclose(after, exact.prior_weights(1)[:, 0], atol=0.05)


def test_days_that_the_model_makes_resemble_the_days_that_it_was_fitted_to(design):
    rng = np.random.default_rng(9)
    usual = rng.normal(size=int(design.observed.sum()))
    at = design.columns().values[:, design.columns().index("arm_1")]
    checks = Posterior.from_fit(fit_of(design, usual + 1.2 * at, sd=0.01), ARMS[0]).predictive_checks()
    assert not any(check.is_unusual for check in checks)
    usual[8] = 8.0
    checks = Posterior.from_fit(fit_of(design, usual + 1.2 * at, sd=0.01), ARMS[0]).predictive_checks()
    assert {check.feature for check in checks if check.is_unusual} >= {
        "the largest departure of a single day"
    }


# What is read for it.


@pytest.fixture
def published(marts, store, design, standard, tmp_path):
    """A trial with a run of which one can say where its posterior is."""
    marts.trial("shower_sleep", ARMS, design.arm, question="Does it?", smallest_effect=DELTA)
    path = tmp_path / FILE_NAME
    save_fit(fit_of(design, standard), path, {"protocol_sha256": "", "model": "TrialModel"})
    kept = store.put_file(path)

    def publish(*, status="accepted", posterior: str | None = kept, reason=None, number=1):
        run = {
            "run_id": UUID(int=number), "user_id": marts.person.user_id, "kind": "trial", "target": "shower_sleep",
            "status": status, "fingerprint": "f", "as_of": marts.as_of, "code_version": "0", "reason": reason,
            "diagnostics": json.dumps({"ended": True, "randomisation": "daily"}), "posterior_object": posterior,
        }  # fmt: skip
        rows = [
            {
                "run_id": UUID(int=number),
                "user_id": marts.person.user_id,
                "trial": "shower_sleep",
                **vars(RESULT),
            }
        ]
        with marts.database.connect() as connection:
            for table, row in [
                ("runs", run),
                *(("trial_results", row) for row in rows if status == "accepted"),
            ]:
                names, holes = ", ".join(row), ", ".join(["%s"] * len(row))
                connection.execute(
                    f"insert into analysis.{table} ({names}) values ({holes})", list(row.values())
                )

    return publish


@pytest.fixture
def read(marts, store):
    def account_of(name="shower-sleep"):
        with marts.database.connect() as connection:
            return load_report_data(connection, store, marts.person, name, later(60))

    return account_of


def test_a_report_is_read_from_the_newest_run_with_what_was_recorded_as_taken(published, read, marts):
    published()
    with marts.database.connect() as connection:
        connection.execute("update marts.trial_days set arm_recorded = %s where study_day <= 20", [ARMS[0]])
    account = read()
    assert account.stage == "ended"
    assert account.posterior.arms == ARMS
    assert account.run.primary == (RESULT,)
    assert {day.done for day in account.adherence} == {True, False, None}
    assert find_outcome("sleep_minutes").label in build_report(account)


def test_an_older_answer_stands_where_a_newer_fit_was_refused(published, read):
    published()
    published(status="rejected", posterior=None, reason="The fit cannot be trusted: R-hat 1.2.", number=2)
    assert read().run.newer_rejection == "The fit cannot be trusted: R-hat 1.2."


@pytest.mark.parametrize(
    ("runs", "name", "says"),
    [
        ([], "flying", "There is no trial called “flying”. `santorio trial list`"),
        ([], "shower-sleep", "has no answer yet. Log its days, and type `santorio run`"),
        ([{"status": "rejected", "posterior": None, "reason": "The fit cannot be trusted: R-hat 1.2."}], "shower-sleep",
         "could be published. The fit cannot be trusted: R-hat 1.2. More days help"),
        ([{"posterior": None}], "shower-sleep", "stored no posterior. Type `santorio run --force`"),
        ([{"posterior": SHA}], "shower-sleep", "not in the object store. Type `santorio run --force`"),
    ],
)  # fmt: skip
def test_without_a_report_the_error_says_what_to_do(published, read, runs, name, says):
    for run in runs:
        published(**run)
    with pytest.raises(NotFound) as refused:
        read(name)
    assert says in str(refused.value)
