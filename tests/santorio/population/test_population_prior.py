"""What others' trials found enters a proposal's prior, with a stated weight, in words, and beside the person's own."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from santorio.privacy.consent import record_consent
from santorio.stats.assurance import EffectDistribution
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import WEAK, EffectPrior, robust_mixture_of
from santorio.stats.exact_inference import fit_trial
from santorio.stats.randomization import draw_daily
from santorio.trials.proposals.history import PreviousTrial
from santorio.trials.proposals.inputs import Association, load_proposal_inputs
from santorio.trials.proposals.pipeline import find_plans, propose
from santorio.trials.proposals.protocol_draft import draft_protocol
from santorio.trials.proposals.text import why
from santorio.trials.protocol import parse_protocol
from santorio.trials.protocol_model import Model
from santorio.trials.report.tables import _prior_table
from santorio.trials.report.text import prior_conflict_text

DAYS = 150
TODAY = dt.date(2026, 6, 10)
FOUND = (24.0, 31.0, 18.0, 27.0, 22.0)


@pytest.fixture
def lived(marts, group, autoregressive):
    """A person with days of sleep, who shares, among five who tested doing without screens."""
    rng = np.random.default_rng(8)
    marts.outcome("sleep_minutes", 440 + 25 * autoregressive(rng, DAYS, 0.3)[:, 0])
    marts.exposure("caffeine_after_15_mg", rng.choice([0.0, 80.0], DAYS), "mg")
    for estimate in FOUND:
        group.add(estimate)
    group.people.append(marts.person)
    with marts.database.connect() as connection:
        record_consent(connection, marts.person, shares=True)
    group.study()
    return marts


def known_of(marts):
    with marts.database.connect() as connection:
        return load_proposal_inputs(connection, marts.person, TODAY)


def plan_of(inputs, intervention="screens"):
    return next(
        plan
        for plan in find_plans(inputs, TODAY)
        if (plan.intervention.name, plan.outcome.name) == (intervention, "sleep_minutes")
    )


def test_a_proposal_starts_from_what_others_found_and_says_so(lived):
    plan = plan_of(known_of(lived))
    (ground,) = plan.basis
    assert (ground.basis, ground.people) == ("population", 5)
    assert plan.prior == ground.effect
    assert 18 < ground.effect.mean < 27
    parts = draft_protocol(plan).model.effect_prior
    assert [(part.rests_on, part.weight) for part in parts] == [("population", 0.8), ("weak", 0.2)]
    assert parts[0].mean == pytest.approx(ground.effect.mean / plan.noise.sigma, rel=1e-5)
    assert parts[0].sd == pytest.approx(ground.effect.sd / plan.noise.sigma, rel=1e-5)
    assert "Trials of 5 people here who tested this and share their results found" in why(plan)
    assert "min higher on average" in why(plan)


def test_what_is_published_and_accepted_keeps_that_prior_word_for_word(lived):
    propose(lived.database, lived.person, today=TODAY)
    with lived.database.connect() as connection:
        (stored,) = connection.execute(
            "select protocol from analysis.proposed_protocols where protocol ->> 'intervention' = 'screens'"
        ).fetchone()
    read = parse_protocol(stored)
    assert [part.rests_on for part in read.model.effect_prior] == ["population", "weak"]
    assert read.document() == stored
    assert read.model.prior().weights == (0.8, 0.2)


def test_who_does_not_share_starts_from_nothing_that_others_found(lived, group):
    with lived.database.connect() as connection:
        record_consent(connection, lived.person, shares=False)
    plan = plan_of(known_of(lived))
    assert plan.basis == ()
    assert plan.prior.mean == 0
    assert len(draft_protocol(plan).model.effect_prior) == 1


def test_when_the_others_change_new_proposals_are_made(lived, group):
    assert propose(lived.database, lived.person, today=TODAY).status == "accepted"
    assert propose(lived.database, lived.person, today=TODAY).status == "unchanged"
    group.add(60.0)
    group.study()
    assert propose(lived.database, lived.person, today=TODAY).status == "accepted"


def test_an_earlier_trial_of_ones_own_counts_more_and_both_enter(lived):
    inputs = known_of(lived)
    arms = plan_of(inputs).intervention.arms
    tried = PreviousTrial(
        "screens", "screens", "sleep_minutes", "finished", TODAY - dt.timedelta(days=400),
        arms=arms, result=EffectDistribution(-10.0, 3.0),
    )  # fmt: skip
    plan = plan_of(replace(inputs, past=[tried]))
    assert [ground.basis for ground in plan.basis] == ["trial", "population"]
    parts = draft_protocol(plan).model.effect_prior
    assert [(part.rests_on, part.weight) for part in parts] == [
        ("trial", 0.5), ("population", 0.3), ("weak", 0.2),
    ]  # fmt: skip
    own, others = (ground.effect for ground in plan.basis)
    assert plan.prior.mean == pytest.approx((5 * own.mean + 3 * others.mean) / 8)
    # They contradict each other: what is believed of both together is less sure than either.
    assert plan.prior.sd > max(own.sd, others.sd)
    assert "Your earlier trial found 10 min lower" in why(plan)
    assert "5 people here" in why(plan)


def test_an_association_of_ones_own_still_enters(lived):
    inputs = known_of(lived)
    expected = {("late-caffeine", "sleep_minutes", 1): next(iter(inputs.expected.values()))}
    association = {("sleep_minutes", "caffeine_after_15_mg"): Association(-18.0, 4.0, 100.0)}
    plan = plan_of(replace(inputs, associations=association, expected=expected), "late-caffeine")
    assert [ground.basis for ground in plan.basis] == ["association", "population"]
    prior = draft_protocol(plan).model.prior()
    assert sum(prior.weights) == pytest.approx(1)
    assert prior.weights[-1] == pytest.approx(0.2)


def test_interventions_of_ones_own_and_another_lag_take_nothing_from_others(lived):
    inputs = known_of(lived)
    ((asked, ground),) = inputs.expected.items()
    assert asked == ("screens", "sleep_minutes", 1)
    assert plan_of(replace(inputs, expected={("screens", "sleep_minutes", 0): ground})).basis == ()
    own = plan_of(inputs).intervention.model_copy(update={"own": True})
    written = replace(inputs, own=replace(inputs.own, interventions=(own,)))
    assert plan_of(written).basis == ()


@pytest.mark.parametrize("weights", [(0.8,), (0.5, 0.3), (0.3, 0.3, 0.3)])
def test_weights_of_a_mixture_sum_to_one_and_the_weak_part_is_last(weights):
    prior = robust_mixture_of([(weight, 0.5, 0.2) for weight in weights])
    assert sum(prior.weights) == pytest.approx(1)
    assert (prior.means[-1], prior.sds[-1]) == (WEAK.means[0], WEAK.sds[0])


@pytest.mark.parametrize(
    ("truth", "wins", "said"),
    [(0.6, 0, "The data agree with it"), (-0.7, 1, "agree"), (-3.0, 2, "The data contradict it")],
)
def test_the_part_that_the_data_bear_out_wins_and_the_weak_one_where_they_contradict_all(
    truth, wins, said, autoregressive
):
    days = 84
    design = TrialDesign(
        np.arange(days) + 20_000, draw_daily(6, 14, 2), np.arange(days) // 14, np.ones(days, dtype=bool), 2
    )
    outcome = truth * design.arm + autoregressive(np.random.default_rng(4), days, 0.2)[:, 0]
    prior = robust_mixture_of([(0.5, 0.6, 0.15), (0.3, -0.7, 0.15)])
    posterior = fit_trial(design, outcome, prior=prior)
    after = posterior.prior_weights(1)[:, 0]
    assert after.sum() == pytest.approx(1)
    assert after.argmax() == wins
    assert after[wins] > 0.8
    assert said in prior_conflict_text(prior, after.tolist())
    # By the evidence of each part alone.
    alone = [
        fit_trial(design, outcome, prior=EffectPrior((1.0,), (mean,), (sd,))).log_evidence[0]
        for mean, sd in zip(prior.means, prior.sds, strict=True)
    ]
    by_hand = np.array(prior.weights) * np.exp(np.array(alone) - max(alone))
    np.testing.assert_allclose(after, by_hand / by_hand.sum(), rtol=1e-6, atol=1e-9)


def test_the_report_names_what_each_part_rested_on_and_what_is_left_of_it():
    prior = robust_mixture_of([(0.5, 0.4, 0.2), (0.3, 0.2, 0.3)])
    posterior = SimpleNamespace(
        prior_weights=lambda *_: np.array([0.1, 0.85, 0.05]),
        in_unit=lambda standard_effect: 25.0 * standard_effect,
    )
    account = SimpleNamespace(
        posterior=posterior,
        run=SimpleNamespace(primary=[SimpleNamespace(unit="min", arm="no screens")]),
        trial=SimpleNamespace(
            preregistration=SimpleNamespace(
                model=Model.from_priors(None, prior, ("trial", "population", "weak"))
            )
        ),
    )
    grid = _prior_table(account)
    bars = [(row[0].split(":")[0], *row[1:]) for row in grid.rows]
    assert bars == [
        ("your earlier trial", "50 %", "10 %"),
        ("trials of others here", "30 %", "85 %"),
        ("weak", "20 %", "5 %"),
    ]
