"""Designs with missing days and carry-over."""

import numpy as np
import pytest

from santorio.stats.design_matrix import TrialDesign

ARM = np.array([0, 1, 1, 0, 2, 2, 0, 1, 2, 0])


def design(observed=None, day=None, **more):
    days = len(ARM)
    observed = np.ones(days, dtype=bool) if observed is None else observed
    day = np.arange(days) + 20000 if day is None else day
    return TrialDesign(day, ARM, np.arange(days) // 5, observed, 3, **more)


def test_without_carry_over_the_columns_are_those_of_the_assigned_arms():
    ours, second = design().columns(), np.arange(10) >= 5
    for arm in (1, 2):
        taken = arm == ARM
        assert ours.values[:, ours.index(f"arm_{arm}")].tolist() == taken.tolist()
        assert ours.values[:, ours.index(f"arm_{arm}_cycle_0")].tolist() == (taken & ~second).tolist()
        assert ours.values[:, ours.index(f"arm_{arm}_cycle_1")].tolist() == (taken & second).tolist()
    assert ours.pooled.sum() == 4
    assert ours.prior_sd[ours.index("arm_1") :].tolist() == [1.0] * 6


def test_on_consecutive_days_exposure_follows_its_recursion():
    exposure = design().exposure(np.array([0.5]))[0, :, 0]
    assert exposure[:5].tolist() == [0, 0.5, 0.75, 0.375, 0.1875]


def test_a_missing_day_carries_exposure_over_though_it_has_no_row():
    observed = np.ones(10, dtype=bool)
    observed[[1, 2]] = False
    some, every = (study.exposure(np.array([0.3, 0.6])) for study in (design(observed), design()))
    assert some == pytest.approx(every[:, observed])
    assert design(observed).columns(0.6).gap_days.tolist() == [1, 3, 1, 1, 1, 1, 1, 1]


def test_a_hole_in_the_study_counts_its_days():
    day = np.arange(10) + 20000
    day[3:] += 2
    exposure = design(day=day).exposure(np.array([0.5]))[0, :, 0]
    # Two days of the first arm, then three without it at a stretch.
    assert exposure[2:4] == pytest.approx([0.75, 0.75 * 0.5**3])


def test_rows_that_are_no_days_have_no_week_and_may_have_no_trend():
    names = design(weekly=False, trended=False).columns().names
    assert names[:3] == ("level", "arm_1", "arm_2")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"day": np.array([5] * 10)}, "strictly increasing"),
        ({"observed": np.ones(3, dtype=bool)}, "one entry a study day"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        design(**change)
