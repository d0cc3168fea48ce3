"""A rating or a count in a trial has the likelihood that its protocol promised, and answers as a study would."""

import datetime as dt
import json
from uuid import UUID

import numpy as np
import pytest
from scipy.special import expit

from santorio import local_time
from santorio.stats.effect_priors import EffectPrior
from santorio.stats.posterior_store import fetch_posterior
from santorio.stats.randomization import draw_daily
from santorio.trials import service
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.pipeline import analyse_trials
from santorio.trials.analysis.preprocessing import prepare
from santorio.trials.preregistration import Preregistration
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import DailyRandomization
from santorio.trials.protocol_model import Model, OutcomeLikelihood
from santorio.trials.report.build import build_report
from santorio.trials.report.data import load_report_data
from santorio.trials.repository import Proposal
from support.studies import answer, only, write_study

ARMS = ("as usual", "an early walk")
CYCLES, CYCLE_DAYS = 4, 14
DAYS = CYCLES * CYCLE_DAYS
DRAWN = draw_daily(CYCLES, CYCLE_DAYS, 5)
# As studies have it, so that both engines believe the same.
PRIOR = EffectPrior((1.0,), (0.0,), (1.5,))
RATING = OutcomeLikelihood(likelihood="bounded", bounds=(1, 10))
COUNT = OutcomeLikelihood(likelihood="count")


def parse_protocol(likelihood, outcome="mood", smallest=0.3, direction="higher"):
    return Protocol(
        trial="walk",
        question="Does an early walk help?",
        arms=ARMS,
        outcome=outcome,
        direction=direction,
        smallest_effect=smallest,
        lag_days=0,
        randomization=DailyRandomization(cycle_days=CYCLE_DAYS, longest_run=3),
        cycles=CYCLES,
        seed=5,
        assignment=tuple(ARMS[arm] for arm in DRAWN.tolist()),
        model=Model.from_priors(None, PRIOR, likelihood=likelihood),
    )


class Accepted:
    """A trial that was accepted before its first day, and lived."""

    def __init__(self, marts, store, protocol, monkeypatch):
        self.marts, self.store, self.protocol = marts, store, protocol
        self.database, self.person = marts.database, marts.person
        with self.database.connect() as connection:
            today = local_time.today(connection, self.person, dt.datetime.now(dt.UTC))
        self.start = today + dt.timedelta(days=1)
        self.after = self.start + dt.timedelta(days=DAYS + 3)
        offered = Proposal(protocol, UUID(int=1), today)
        monkeypatch.setattr(service, "load_proposal", lambda *_: offered)
        service.accept(self.database, self.person, protocol.trial, start=self.start, today=today)
        marts.first_day = self.start
        self.series = protocol.outcome.removeprefix("measure_")
        marts.trial(
            protocol.trial,
            ARMS,
            DRAWN,
            outcome=self.series,
            smallest_effect=protocol.smallest_effect,
            lag_days=0,
            direction=protocol.direction,
        )

    def analyse(self):
        return analyse_trials(self.database, self.store, self.person, today=self.after)

    def row(self, columns):
        with self.database.connect() as connection:
            ((*row,),) = connection.execute(f"select {columns} from analysis.trial_results").fetchall()
        return row

    def page(self):
        with self.database.connect() as connection:
            return build_report(load_report_data(connection, self.store, self.person, "walk", self.after))


@pytest.fixture
def accepted(marts, store, monkeypatch):
    return lambda protocol: Accepted(marts, store, protocol, monkeypatch)


def rated(rng, eta):
    """A rating from 1 to 10, as a person gives it."""
    return 1 + np.round(9 * rng.beta(7 * expit(eta), 7 * expit(-eta)))


def test_a_ratings_effect_is_found_in_its_unit_and_a_study_of_the_same_days_says_the_same(
    accepted, autoregressive, tmp_path
):
    rng = np.random.default_rng(21)
    base = 1.0 + 0.5 * autoregressive(rng, DAYS, 0.4)[:, 0]
    rating = rated(rng, base + 0.8 * DRAWN)
    many = np.random.default_rng(22)
    truth = rated(many, np.tile(base + 0.8, (3000, 1))).mean() - rated(many, np.tile(base, (3000, 1))).mean()
    led = accepted(parse_protocol(RATING))
    led.marts.outcome("mood", rating)
    (report,) = led.analyse()
    assert report.status == "accepted"
    assert report.diagnostics["likelihoods"] == {"mood": {"used": "bounded"}}
    estimate, sd, lower, upper, above, decision, repeats, p, unit, days = led.row(
        "estimate, sd, lower_95, upper_95, probability_above, decision, probability_repeats, randomisation_p, unit,"
        " days_arm + days_reference"
    )
    assert abs(estimate - truth) < 2.6 * sd
    assert 0 < lower < truth < upper < 3
    assert (decision, unit, days) == ("adopt", "points", DAYS)
    assert repeats > 0.8
    assert p < 0.01

    # What is kept is enough for the report; nothing is fitted again for unchanged days.
    (again,) = led.analyse()
    assert again.status == "unchanged"
    with led.database.connect() as connection:
        ((posterior,),) = connection.execute("select posterior_object from analysis.runs").fetchall()
    fit, attributes = fetch_posterior(led.store, posterior)
    assert attributes["model"] == "LatentTrialModel"
    assert fit.draws["effect"].mean() == pytest.approx(estimate)
    assert fit.coords["arm"] == [ARMS[1]]
    page = led.page()
    odds, *_ = np.exp(np.quantile(fit.draws["link_effect"], [0.5]))
    assert "Odds ratio, with its 95 % interval" in page
    assert f"odds ratio {odds:.2f}" in page
    assert "An ordered Beta regression of all days" in page
    assert "does it repeat?" in page
    assert "of simulated trials have more" in page

    days = [str(led.start + dt.timedelta(days=number)) for number in range(DAYS)]
    arms = [ARMS[arm] for arm in DRAWN.tolist()]
    outcome = {
        "column": "outcome",
        "kind": "rating",
        "bounds": [1, 10],
        "direction": "higher",
        "smallest_effect": 0.3,
    }
    study = answer(
        write_study(
            tmp_path,
            {"day": days, "arm": arms, "outcome": rating.astype(int)},
            outcomes=[outcome],
            reference=ARMS[0],
            design={"law": "days", "block": CYCLE_DAYS, "longest_run": 3},
        )
    )
    assert study.outcomes[0].likelihood == "bounded"
    found = only(study)
    # The same draws of the same posterior: only a quantile between two draws may differ.
    assert found.effect.estimate == pytest.approx(estimate, abs=1e-6)
    assert (found.effect.lower_95, found.effect.upper_95) == pytest.approx((lower, upper), abs=0.01)
    assert found.effect.probability_above == pytest.approx(above, abs=1e-3)
    assert found.effect.odds_ratio[0] == pytest.approx(odds, rel=0.01)
    assert found.decision == decision
    assert found.cases[0].probability_repeats == pytest.approx(repeats, abs=1e-3)


def test_a_counts_effect_is_found_as_a_difference_and_as_a_ratio(accepted, autoregressive):
    rng = np.random.default_rng(23)
    mean = np.exp(1.6 + 0.3 * autoregressive(rng, DAYS, 0.4)[:, 0])
    counts = rng.poisson(rng.gamma(5.0, mean * np.exp(-0.6 * DRAWN) / 5.0))
    truth = float((mean * (np.exp(-0.6) - 1)).mean())
    led = accepted(parse_protocol(COUNT, "measure_sneezes", 0.5, "lower"))
    led.marts.outcome("sneezes", counts.astype(float))
    (report,) = led.analyse()
    assert report.diagnostics["likelihoods"] == {"sneezes": {"used": "count"}}
    lower, upper, decision = led.row("lower_95, upper_95, decision")
    assert lower < truth < upper < 0
    assert decision == "adopt"
    with led.database.connect() as connection:
        account = load_report_data(connection, led.store, led.person, "walk", led.after)
    median, low, high = account.posterior.ratio(1)
    assert low < np.exp(-0.6) < high < 1
    assert low < median < high
    assert account.posterior.outcome == pytest.approx(counts)
    # The prior stands where its standard deviation says, on the posterior's scale.
    at, density, before = account.posterior.densities(1, PRIOR)
    assert np.trapezoid(density, at) == pytest.approx(1, abs=0.01)
    assert 0 < np.trapezoid(before, at) < 1
    assert "Ratio of expected counts" in build_report(account)
    assert all(0 <= check.share_above <= 1 for check in account.posterior.predictive_checks())


def trial_of(protocol, outcome):
    preregistration = Preregistration(
        dt.date(2026, 1, 1), 0, DAYS, randomization=protocol.randomization.model_dump(), frozen=protocol
    )
    day = np.arange(DAYS) + 20000
    return Trial(
        name="walk",
        question="",
        arms=ARMS,
        outcome=outcome,
        secondary=("pain",),
        direction=None,
        smallest_effect=None,
        lag_days=0,
        period_days=None,
        washout_days=0,
        study_day=day - 19999,
        first_day=day,
        last_day=day,
        arm=DRAWN,
        as_of=dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
        preregistration=preregistration,
    )


WHOLE = np.random.default_rng(24).integers(1, 11, DAYS).astype(float)


@pytest.mark.parametrize(
    ("likelihood", "values", "family", "deviation"),
    [
        (OutcomeLikelihood(), WHOLE, None, ""),
        (RATING, WHOLE, "bounded", ""),
        (RATING, WHOLE + 0.5, None, "values outside its range of 1 to 10"),
        (COUNT, WHOLE, "count", ""),
        (COUNT, WHOLE + 0.5, None, "not whole numbers"),
        (OutcomeLikelihood(likelihood="binary"), (WHOLE > 5).astype(float), "binary", ""),
        (OutcomeLikelihood(likelihood="binary"), WHOLE, None, "shares of several readings"),
        (OutcomeLikelihood(likelihood="ordinal"), WHOLE, "ordinal", ""),
    ],
)
def test_days_have_the_promised_likelihood_where_they_can_and_the_normal_one_where_not(
    likelihood, values, family, deviation
):
    prepared = prepare(trial_of(parse_protocol(likelihood), "mood"), "mood", values)
    assert (prepared.coded.family if prepared.coded else None) == family
    assert deviation in prepared.deviation
    assert bool(prepared.deviation) == bool(deviation)
    # Effects of a likelihood of its own are in the outcome's unit already.
    assert prepared.effect_unit == (prepared.spread if family is None else 1.0)


def test_an_outcome_that_the_protocol_does_not_name_is_normal_and_one_that_it_names_is_not():
    pain = {"metric": "measure_pain", "likelihood": "count"}
    model = Model.model_validate({"likelihood": "bounded", "bounds": (1, 10), "other_outcomes": [pain]})
    assert model.likelihood_of("mood", primary=True) == RATING
    assert model.likelihood_of("pain", primary=False).family == "count"
    assert model.likelihood_of("focus", primary=False).family is None


def test_a_symptom_that_never_came_with_the_reference_can_be_analysed():
    values = np.where(DRAWN == 1, (WHOLE > 5).astype(float), 0.0)
    prepared = prepare(
        trial_of(parse_protocol(OutcomeLikelihood(likelihood="binary")), "pain"), "pain", values
    )
    assert prepared.coded.family == "binary"
    assert prepared.spread > 0


def test_a_likelihood_is_in_the_hash_and_a_normal_one_adds_nothing_to_the_text():
    rating, plain = parse_protocol(RATING), parse_protocol(OutcomeLikelihood())
    assert rating.sha256 != plain.sha256
    stated = json.loads(rating.canonical())["model"]
    assert (stated["likelihood"], stated["bounds"]) == ("bounded", [1, 10])
    assert set(json.loads(plain.canonical())["model"]) == {"likelihood", "effect_prior"}
    assert Protocol.model_validate_json(rating.canonical()) == rating


@pytest.mark.parametrize(
    "model",
    [
        {"likelihood": "bounded"},
        {"likelihood": "count", "bounds": (0, 10)},
        {"likelihood": "bounded", "bounds": (10, 1)},
        {"other_outcomes": [{"metric": "measure_unasked", "likelihood": "count"}]},
    ],
)
def test_a_likelihood_that_does_not_fit_its_outcome_is_refused(model):
    document = parse_protocol(OutcomeLikelihood()).document()
    with pytest.raises(ValueError, match=r"bounds|not an outcome of the trial"):
        Protocol.model_validate({**document, "model": {**document["model"], **model}})
