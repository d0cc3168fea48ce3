"""Cycles and the randomisation test under each scheme, against all schedules counted by hand."""

import itertools

import numpy as np
import pytest

from santorio.studies.randomization import RandomizedCase, cycles_of, randomisation_test, redraws
from santorio.studies.spec import Design

DAY = np.arange(12)


def drawn(design, label, day=None):
    redrawn = redraws(design, np.arange(len(label)) if day is None else day, np.array(label))
    assert redrawn is not None
    every = np.concatenate(list(redrawn.batches))
    assert len(every) == redrawn.count
    return {tuple(row) for row in every.tolist()}, redrawn.complete


def test_days_are_all_permutations_with_as_many_of_each_arm():
    schedules, complete = drawn(Design(scheme="days"), [0, 1, 1, 0, 1, 0])
    assert complete
    assert schedules == {row for row in itertools.product((0, 1), repeat=6) if sum(row) == 3}


def test_days_in_blocks_keep_the_balance_of_every_block_also_over_missing_days():
    schedules, complete = drawn(Design(scheme="days", block=2), [0, 1, 1, 0, 1], np.array([0, 1, 2, 3, 5]))
    assert complete
    assert schedules == {(*a, *b, 1) for a in ((0, 1), (1, 0)) for b in ((0, 1), (1, 0))}


def test_days_with_a_cap_on_runs_are_drawn_from_what_the_cap_admits():
    label = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0]
    schedules, complete = drawn(Design(scheme="days", block=6, max_run=2), label)
    assert not complete
    longest = [max(len(list(run)) for _, run in itertools.groupby(row)) for row in schedules]
    assert max(longest) == 2
    assert all(sum(row[:6]) == sum(row[6:]) == 3 for row in schedules)


def test_periods_that_each_cycle_has_once_change_places_within_cycles():
    schedules, complete = drawn(Design(scheme="periods", period=3), np.repeat([0, 1, 1, 0], 3))
    assert complete
    assert schedules == {
        tuple(np.repeat([*a, *b], 3).tolist()) for a in ((0, 1), (1, 0)) for b in ((0, 1), (1, 0))
    }


def test_periods_without_such_cycles_change_places_everywhere():
    schedules, _ = drawn(Design(scheme="periods", period=2), np.repeat([0, 0, 1, 1], 2))
    assert len(schedules) == 6


def test_mirrored_blocks_are_flipped_by_a_coin_each():
    schedules, complete = drawn(Design(scheme="counterbalanced", randomised=True), [0, 1, 1, 0, 1, 0, 0, 1])
    assert complete
    assert len(schedules) == 4
    assert (1, 0, 0, 1, 1, 0, 0, 1) in schedules


def test_starts_of_phases_are_all_that_leave_each_phase_long_enough():
    design = Design(scheme="phases", randomised=True, min_per_phase=2)
    schedules, complete = drawn(design, [0, 0, 0, 1, 1, 1, 0, 0, 0, 0])
    assert complete
    wanted = {
        (0,) * a + (1,) * b + (0,) * (10 - a - b)
        for a in range(2, 7)
        for b in range(2, 9 - a)
        if 10 - a - b >= 2
    }
    assert schedules == wanted


@pytest.mark.parametrize(
    "design",
    [
        Design(),
        Design(scheme="alternating"),
        Design(scheme="phases"),
        Design(scheme="counterbalanced"),
        Design(scheme="days", randomised=False),
    ],
)
def test_what_chance_did_not_decide_is_not_re_drawn(design):
    assert redraws(design, DAY, np.tile([0, 1], 6)) is None


def test_p_is_the_share_of_schedules_that_are_as_extreme():
    arm = np.array([0, 1, 1, 0, 1, 0])
    outcome = np.array([1.0, 3.0, 4.0, 2.0, 6.0, 2.5])
    case = RandomizedCase(np.arange(6), arm, outcome, arm.astype(float))
    tested = randomisation_test(Design(scheme="days"), [case], 1)
    assert tested is not None
    differences = [
        np.mean(outcome[list(chosen)]) - np.mean(np.delete(outcome, chosen))
        for chosen in itertools.combinations(range(6), 3)
    ]
    observed = outcome[arm == 1].mean() - outcome[arm == 0].mean()
    assert tested.p == np.mean(np.abs(differences) >= observed - 1e-9)
    assert (tested.schedules, tested.complete) == (20, True)


def test_the_test_rejects_as_often_as_it_says_where_days_resemble_each_other():
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(200):
        arm = rng.permutation(np.repeat([0, 1], 14))
        outcome = np.cumsum(rng.normal(size=28))
        tested = randomisation_test(
            Design(scheme="days"), [RandomizedCase(np.arange(28), arm, outcome, arm.astype(float))], 1
        )
        assert tested is not None
        rejected += tested.p <= 0.05
    assert rejected / 200 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_the_interval_of_the_test_holds_an_added_effect():
    rng = np.random.default_rng(2)
    arm = rng.permutation(np.repeat([0, 1], 20))
    noise = rng.normal(size=40)
    results = [
        randomisation_test(
            Design(scheme="days"),
            [RandomizedCase(np.arange(40), arm, noise + shift * arm, arm.astype(float))],
            1,
        )
        for shift in (0.0, 5.0)
    ]
    assert results[0] is not None
    assert results[1] is not None
    assert results[1].lower_95 == pytest.approx(results[0].lower_95 + 5, abs=0.05)
    assert results[1].lower_95 < 5 < results[1].upper_95


def test_too_few_schedules_to_reject_anything_give_no_interval():
    arm = np.repeat([0, 1], 7)
    case = RandomizedCase(np.arange(14), arm, np.arange(14.0), arm.astype(float))
    tested = randomisation_test(Design(scheme="periods", period=7), [case], 1)
    assert tested is not None
    assert tested.schedules == 2
    assert tested.p == 1
    assert tested.lower_95 is None


def cycles(design, arm, stated=None):
    arm = np.array(arm)
    return cycles_of(design, np.arange(len(arm)), arm, 2, stated, np.ones(len(arm), dtype=bool)).tolist()


def test_cycles_are_those_of_the_scheme():
    assert cycles(Design(scheme="phases"), [0, 0, 1, 1, 0, 0, 1, 1]) == [0, 0, 0, 0, 1, 1, 1, 1]
    # A last phase alone shows no effect: it joins the cycle before.
    assert cycles(Design(scheme="phases"), [0, 0, 1, 1, 0, 0]) == [0, 0, 0, 0, 0, 0]
    assert cycles(Design(scheme="counterbalanced"), [0, 1, 1, 0, 0, 1, 1, 0]) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert cycles(Design(scheme="periods", period=2), [0, 0, 1, 1, 1, 1, 0, 0]) == [0, 0, 0, 0, 1, 1, 1, 1]


def test_stated_cycles_count_and_stated_phases_are_paired():
    alternate = [0, 1, 0, 1, 0, 1]
    assert cycles(Design(scheme="alternating"), alternate, list("aabbbb")) == [0, 0, 1, 1, 1, 1]
    assert cycles(Design(), [0, 0, 1, 1, 0, 1], ["A1", "A1", "B1", "B1", "A2", "B2"]) == [0, 0, 0, 0, 1, 1]


def test_without_a_scheme_cycles_are_stretches_of_a_fortnight():
    assert np.bincount(cycles(Design(scheme="days"), [0, 1] * 21)).tolist() == [14, 14, 14]
