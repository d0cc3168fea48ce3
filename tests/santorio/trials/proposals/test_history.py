"""What was declined or tried is proposed again only with a reason, and the reason is said."""

import datetime as dt

import pytest

from santorio.stats.assurance import EffectDistribution
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.proposals.history import PreviousTrial, can_repropose, next_number, previous_result

INTERVENTION = next(
    intervention for intervention in built_in_interventions() if intervention.name == "warm-shower"
)
THEN, TODAY = dt.date(2026, 1, 10), dt.date(2026, 6, 1)


def past(state="declined", **changes):
    stated = {
        "trial": "warm_shower_sleep_minutes",
        "intervention": "warm-shower",
        "metric": "sleep_minutes",
        "day": THEN,
    }
    return PreviousTrial(**{**stated, "sigma": 30.0, "state": state, **changes})


def offer(trial, *, metric="sleep_minutes", sigma=30.0, today=TODAY):
    return can_repropose([trial], INTERVENTION, metric, sigma, today)


@pytest.mark.parametrize("state", ["open", "declined", "finished", "abandoned"])
def test_without_a_reason_nothing_is_proposed_again(state):
    assert offer(past(state)) == (False, None)


def test_an_untried_intervention_needs_no_reason():
    assert can_repropose([], INTERVENTION, "sleep_minutes", 30.0, TODAY) == (True, None)
    assert offer(past(intervention="alcohol", trial="alcohol_mood")) == (True, None)


@pytest.mark.parametrize(
    ("state", "did"), [("declined", "declined"), ("finished", "tested"), ("abandoned", "abandoned")]
)
def test_after_a_year_it_is_proposed_again_with_the_reason(state, did):
    offered, why = offer(past(state), today=THEN + dt.timedelta(days=365))
    assert offered
    assert did in why
    assert "year" in why


def test_a_running_trial_is_not_proposed_however_long_it_runs():
    assert offer(past("open"), today=THEN + dt.timedelta(days=800)) == (False, None)


def test_when_the_noise_has_halved_and_there_was_no_answer_it_is_proposed_again():
    offered, why = offer(past("declined"), sigma=15.0)
    assert offered
    assert "half as much" in why
    assert not offer(past("declined"), sigma=16.0)[0]
    assert not offer(past("declined"), sigma=15.0, metric="sleep_score")[0]
    assert offer(past("finished"), sigma=10.0)[0]
    assert not offer(past("finished", decided=True), sigma=10.0)[0]


def test_a_trial_without_an_intervention_is_recognised_by_the_words_of_its_name():
    assert not offer(past("finished", intervention=None, trial="my_warm_shower"))[0]
    assert offer(past("finished", intervention=None, trial="cold_shower"))[0]


def test_a_trial_never_takes_the_name_of_an_earlier_one_but_a_declined_proposal_keeps_it():
    name = "warm-shower-sleep-minutes"
    assert next_number([past("declined")], name) == 1
    assert next_number([past("finished")], name) == 2
    assert next_number([past("finished"), past("abandoned", trial="warm_shower_sleep_minutes_2")], name) == 3


def test_the_newest_trial_of_the_same_arms_and_outcome_is_the_prior_of_the_next():
    tried = {"arms": INTERVENTION.arms, "result": EffectDistribution(12.0, 5.0)}
    first = past("finished", **tried)
    newer = past(
        "finished",
        arms=INTERVENTION.arms,
        result=EffectDistribution(8.0, 3.0),
        day=THEN + dt.timedelta(days=90),
    )
    assert previous_result([newer, first], INTERVENTION, "sleep_minutes") == newer
    assert previous_result([first], INTERVENTION, "sleep_score") is None
    for other in (
        past("finished", arms=INTERVENTION.arms),
        past("finished", **{**tried, "arms": ("as usual", "cold shower")}),
        past("finished", **tried, intervention="alcohol"),
    ):
        assert previous_result([other], INTERVENTION, "sleep_minutes") is None
