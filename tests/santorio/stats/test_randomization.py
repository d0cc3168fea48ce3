"""Laws of schedules, and the randomisation test."""

import itertools
from collections import Counter

import numpy as np
import pytest

from santorio.stats.randomization import (
    MAX_RUN,
    daily_scheme,
    draw_daily,
    draw_periods,
    infer_randomization,
    periods_scheme,
    randomisation_p,
    redraw,
)


def runs(arm):
    return [len(list(group)) for _, group in itertools.groupby(arm.tolist())]


def test_a_schedule_that_obeys_its_protocol_has_that_law():
    law = infer_randomization(np.array([0, 0, 1, 1, 1, 1, 0, 0]), period_days=2)
    assert (law.kind, law.cycles, law.period_days) == ("periods", 2, 2)


def test_a_schedule_that_breaks_its_protocol_is_permuted_within_stretches():
    arm = np.array([0, 1, 1, 1, 0, 0, 0, 1] * 5)
    law = infer_randomization(arm, period_days=2)
    assert (law.kind, law.cycles) == ("within blocks", 2)
    drawn, complete = redraw(law, arm, 1)
    assert not complete
    for block in range(law.cycles):
        assert (drawn[:, law.cycle == block].sum(axis=1) == arm[law.cycle == block].sum()).all()


def test_stretches_hold_two_days_of_every_arm():
    arm = np.zeros(42, dtype=int)
    arm[20:40] = 1
    law = infer_randomization(arm, None)
    assert all(np.bincount(arm[law.cycle == c], minlength=2).min() >= 2 for c in range(law.cycles))


def test_few_cycles_are_enumerated_so_that_p_is_exact():
    arm = draw_periods(5, 2, seed=4)
    law = infer_randomization(arm, 2)
    drawn, complete = redraw(law, arm, 1)
    assert complete
    assert len({tuple(row) for row in drawn}) == 32
    # The largest difference possible: only the schedule itself and its mirror are as extreme.
    assert randomisation_p(law, arm, arm.astype(float), 1) == 2 / 32


def test_p_is_uniform_where_nothing_works():
    rng = np.random.default_rng(1)
    arm = draw_daily(3, 14, seed=2)
    law = infer_randomization(arm, None)
    p = np.array([randomisation_p(law, arm, rng.normal(size=42), 1) for _ in range(300)])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.03)
    assert p.mean() == pytest.approx(0.5, abs=0.06)


def test_a_daily_schedule_is_balanced_in_every_cycle_and_never_runs_long():
    arm = draw_daily(6, 14, seed=9)
    assert arm.reshape(6, 14).sum(axis=1).tolist() == [7] * 6
    assert max(runs(arm)) <= MAX_RUN


def test_every_admissible_daily_schedule_is_as_likely_as_any_other():
    admissible = [
        bits
        for bits in itertools.product((0, 1), repeat=6)
        if sum(bits) == 3 and max(runs(np.array(bits))) <= MAX_RUN
    ]
    counts = Counter(tuple(draw_daily(1, 6, seed).tolist()) for seed in range(4000))
    assert set(counts) == set(admissible)
    expected = 4000 / len(admissible)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


def test_the_same_seed_draws_the_same_schedule():
    assert draw_daily(4, 14, 7).tolist() == draw_daily(4, 14, 7).tolist()
    assert draw_periods(4, 7, 7).tolist() == draw_periods(4, 7, 7).tolist()


def test_a_recorded_law_is_the_one_that_is_redrawn():
    arm = draw_daily(4, 14, seed=3)
    law = infer_randomization(arm, None, daily_scheme(14))
    assert (law.kind, law.cycles, law.longest_run) == ("daily", 4, MAX_RUN)
    drawn, complete = redraw(law, arm, 1)
    assert not complete
    assert (drawn.reshape(len(drawn), 4, 14).sum(axis=2) == 7).all()
    assert max(max(runs(schedule)) for schedule in drawn) == MAX_RUN
    # Free permutation draws what never could have been drawn.
    free, _ = redraw(infer_randomization(arm, None), arm, 1)
    assert max(max(runs(schedule)) for schedule in free) > MAX_RUN


def test_a_schedule_that_breaks_the_recorded_law_is_not_redrawn_by_it():
    arm = draw_daily(4, 14, seed=3)
    assert infer_randomization(arm[:-1], None, daily_scheme(14)).kind == "within blocks"
    assert infer_randomization(np.sort(arm), None, daily_scheme(14)).kind == "within blocks"
    assert infer_randomization(arm, None, {"kind": "daily"}).kind == "within blocks"


def test_redraws_of_a_short_daily_law_are_uniform_over_all_that_is_admissible():
    arm = np.array([0, 1, 1, 0, 0, 1, 0, 1])
    law = infer_randomization(arm, None, {"kind": "daily", "cycle_days": 4, "longest_run": 2})
    counts = Counter(tuple(row) for row in redraw(law, arm, 5)[0].tolist())
    admissible = {
        bits
        for bits in itertools.product((0, 1), repeat=8)
        if sum(bits[:4]) == sum(bits[4:]) == 2 and max(runs(np.array(bits))) <= 2
    }
    assert set(counts) == admissible
    expected = sum(counts.values()) / len(admissible)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


def admissible(arms, cycle_days, cycles, longest_run):
    each = cycle_days // arms
    return {
        days
        for days in itertools.product(range(arms), repeat=cycles * cycle_days)
        if max(runs(np.array(days))) <= longest_run
        and all(
            days[start : start + cycle_days].count(arm) == each
            for start in range(0, len(days), cycle_days)
            for arm in range(arms)
        )
    }


@pytest.mark.parametrize(
    ("arms", "cycle_days", "cycles", "longest_run"), [(3, 6, 1, 2), (3, 3, 2, 1), (4, 4, 1, 1)]
)
def test_with_more_than_two_arms_every_admissible_schedule_is_as_likely_too(
    arms, cycle_days, cycles, longest_run
):
    law = daily_scheme(cycle_days, longest_run)
    arm = draw_daily(cycles, cycle_days, 4, arms, longest_run)
    found = infer_randomization(arm, None, law)
    assert (found.kind, found.cycles) == ("daily", cycles)
    counts = Counter(tuple(row) for row in redraw(found, arm, 5)[0].tolist())
    possible = admissible(arms, cycle_days, cycles, longest_run)
    assert set(counts) == possible
    expected = sum(counts.values()) / len(possible)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


def test_three_arms_by_day_are_balanced_in_every_cycle_and_never_run_long():
    arm = draw_daily(5, 15, seed=9, arms=3)
    assert all(np.bincount(cycle, minlength=3).tolist() == [5, 5, 5] for cycle in arm.reshape(5, 15))
    assert max(runs(arm)) <= MAX_RUN


def test_a_cycle_that_cannot_hold_as_many_days_of_every_arm_is_refused():
    with pytest.raises(ValueError, match="as many days of every arm"):
        draw_daily(2, 14, seed=1, arms=3)


def test_periods_of_three_arms_have_every_order_and_a_recorded_length_is_their_law():
    arm = draw_periods(2, 3, seed=4, arms=3)
    law = infer_randomization(arm, None, periods_scheme(3))
    assert (law.kind, law.cycles, law.period_days) == ("periods", 2, 3)
    drawn, complete = redraw(law, arm, 1)
    assert complete
    assert len({tuple(row) for row in drawn.tolist()}) == 36


def test_with_three_arms_p_is_uniform_where_nothing_works():
    rng = np.random.default_rng(6)
    arm = draw_daily(3, 12, seed=2, arms=3)
    law = infer_randomization(arm, None, daily_scheme(12))
    p = np.array([randomisation_p(law, arm, rng.normal(size=36), 2) for _ in range(150)])
    assert p.mean() == pytest.approx(0.5, abs=0.08)
