"""Outcomes that are no Gaussian measurements: what is taken, and what a day is expected to bring."""

import numpy as np
import pytest

from santorio.stats.outcome_types import LOGISTIC_SD, code_outcome, cut_points, expected


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("binary", [0, 1, 2]),
        ("binary", [1, 1, 1]),
        ("count", [1, 2.5]),
        ("count", [-1, 3]),
        ("bounded", [3, 101]),
        ("ordinal", range(12)),
        ("ordinal", [1, np.nan]),
    ],
)
def test_an_outcome_of_another_kind_is_refused_without_naming_a_value(family, values):
    with pytest.raises(ValueError, match=r"outcome|counts") as refused:
        code_outcome(family, np.array(values, dtype=float))
    assert "101" not in str(refused.value)
    assert "2.5" not in str(refused.value)


def test_ratings_that_were_never_given_are_no_levels():
    outcome = code_outcome("ordinal", np.array([3.0, 7, 7, 4, 3]))
    assert outcome.coded.tolist() == [0, 2, 2, 1, 0]
    assert outcome.values.tolist() == [3, 4, 7]


def test_the_expected_rating_is_that_of_the_levels_probabilities():
    outcome = code_outcome("ordinal", np.array([1.0, 2, 5, 9]))
    cuts = np.array([[-1.0, 0.5, 2.0]])
    above = 1 / (1 + np.exp(cuts[0] - 0.7))
    probabilities = -np.diff([1.0, *above, 0.0])
    assert expected(outcome, np.array([[0.7]]), cuts)[0, 0] == pytest.approx(probabilities @ outcome.values)


def test_before_the_data_all_used_levels_are_about_equally_likely():
    outcome = code_outcome("ordinal", np.arange(1.0, 8))
    # In units of the whole spread, that of a logistic distribution here.
    cuts = cut_points(outcome, np.zeros((1, 10)), np.array([LOGISTIC_SD]))[0, :6]
    below = 1 / (1 + np.exp(-cuts))
    assert np.diff([0.0, *below, 1.0]) == pytest.approx(np.full(7, 1 / 7), abs=0.05)


def test_a_slider_may_stand_at_its_ends():
    outcome = code_outcome("bounded", np.array([0.0, 20, 100, 80]))
    assert outcome.coded.tolist() == [0, 0.2, 1, 0.8]
    cuts = np.array([[-np.inf, np.inf]])
    assert expected(outcome, np.array([[0.0]]), cuts)[0, 0] == pytest.approx(50)
    far = expected(outcome, np.array([[-9.0, 9.0]]), np.array([[-4.0, 4.0]]))[0]
    assert far == pytest.approx([0, 100], abs=1.0)
