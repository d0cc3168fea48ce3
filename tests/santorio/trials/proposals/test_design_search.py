"""The search over designs: what limits allow, what each design tells, and which is the shortest."""

from dataclasses import replace

import numpy as np
import pytest

from santorio.stats.assurance import Noise, unit_variances
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.interventions.intervention import Limits
from santorio.trials.proposals.design_search import (
    DRAWS,
    MONDAY,
    Design,
    designs,
    shortest,
    variances,
)
from santorio.trials.study_calendar import study_days

INTERVENTIONS = {intervention.name: intervention for intervention in built_in_interventions()}


def test_interventions_that_act_within_the_day_may_be_randomised_by_day_and_others_may_not():
    assert {design.kind for design in designs(INTERVENTIONS["alcohol"], Limits())} == {"daily", "periods"}
    slow = designs(INTERVENTIONS["steady-rising"], Limits())
    assert {design.kind for design in slow} == {"periods"}
    assert min(design.period_days for design in slow) == 7


def test_no_design_exceeds_the_limits():
    limits = Limits(longest_days=40, periods=False, not_on=("saturday", "sunday"))
    found = designs(INTERVENTIONS["alcohol"], limits)
    assert found
    for design in found:
        assert design.days <= 40
        assert design.kind == "daily"
        assert not set(((design.calendar() + 3) % 7).tolist()) & {5, 6}
    assert designs(INTERVENTIONS["steady-rising"], limits) == ()


def test_study_days_skip_excluded_weekdays_and_nothing_else():
    days = study_days(MONDAY, 8, ("wednesday",))
    assert (days - MONDAY).tolist() == [0, 1, 3, 4, 5, 6, 7, 8]
    assert study_days(MONDAY + 2, 1, ("wednesday",)).tolist() == [MONDAY + 3]


def test_washout_follows_from_the_half_life_and_leaves_half_of_a_period():
    washouts = {
        design.period_days: design.washout_days
        for design in designs(INTERVENTIONS["morning-light"], Limits())
    }
    assert washouts == {4: 2, 5: 2}
    assert {design.washout_days for design in designs(INTERVENTIONS["alcohol"], Limits())} == {0}


def test_washed_out_days_are_lived_but_not_judged():
    design = Design("periods", 2, 3, 8, washout_days=1, carry_over=0.5)
    observed = design.trial_design(3).observed.reshape(6, 4)
    assert (~observed[:, 0]).all()
    assert observed[:, 1:].all()


@pytest.mark.parametrize("rho", [-0.3, 0.05, 0.37, 0.66, 0.88])
@pytest.mark.parametrize(
    "design",
    [
        Design("daily", 2, 3, 14), Design("daily", 3, 4, 9), Design("periods", 2, 4, 8, 1, 0.5),
        Design("daily", 2, 4, 10, not_on=("sunday",)),
    ],
)  # fmt: skip
def test_the_kept_variances_are_those_of_the_closed_form(design, rho):
    direct = np.mean(
        [
            unit_variances(design.trial_design(seed).columns(design.carry_over), np.array([rho]))
            for seed in range(DRAWS)
        ]
    )
    assert variances([design], Noise(3.0, rho))[0] == pytest.approx(direct * 9, rel=0.02)


@pytest.mark.parametrize("design", [Design("daily", 2, 6, 14), Design("periods", 2, 6, 14, 2, 0.6)])
@pytest.mark.parametrize("share", [0.93, 0.74])
def test_days_without_an_outcome_cost_more_than_themselves_by_day_and_less_in_periods(design, share):
    rng, rho = np.random.default_rng(2), np.array([0.4])
    missing = []
    for seed in range(40):
        complete = design.trial_design(seed)
        some = replace(complete, observed=complete.observed & (rng.random(len(complete.observed)) < share))
        missing.append(unit_variances(some.columns(design.carry_over), rho)[0])
    assert np.mean(missing) == pytest.approx(variances([design], Noise(1.0, 0.4, share))[0], rel=0.15)
    by_inverse = variances([design], Noise(1.0, 0.4))[0] / share
    assert (np.mean(missing) > by_inverse) == (design.kind == "daily")


def test_carry_over_costs_precision_and_periods_lose_less_than_days():
    noise = Noise(1.0, 0.3)
    daily = variances([Design("daily", 2, 4, 14), Design("daily", 2, 4, 14, carry_over=0.6)], noise)
    weekly = variances([Design("periods", 2, 4, 14), Design("periods", 2, 4, 14, carry_over=0.6)], noise)
    assert daily[1] / daily[0] > weekly[1] / weekly[0] > 1


def test_the_shortest_design_that_is_sure_enough_wins_and_of_equally_long_ones_the_surer():
    three = (Design("daily", 2, 1, 14), Design("daily", 2, 2, 14), Design("periods", 2, 2, 14))
    best, by_days = shortest(three, np.array([0.5, 0.82, 0.85]), 0.8)
    assert best == 2
    assert by_days == {14: 0.5, 28: 0.85}
    best, by_days = shortest(three, np.array([0.5, 0.6, 0.4]), 0.8)
    assert best == 1
    assert by_days[28] == 0.6
