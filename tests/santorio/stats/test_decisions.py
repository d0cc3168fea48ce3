"""From probabilities to words."""

import numpy as np
import pytest

from santorio.stats.decisions import (
    ABOVE,
    BELOW,
    INTERIM_THRESHOLD,
    UNDECIDED,
    WITHIN,
    classify,
    decide,
    summarise,
)


@pytest.mark.parametrize(
    ("above", "within", "below", "good", "said"),
    [
        (0.85, 0.1, 0.05, "higher", "adopt"),
        (0.85, 0.1, 0.05, "lower", "avoid"),
        (0.05, 0.1, 0.85, "higher", "avoid"),
        (0.05, 0.1, 0.85, "lower", "adopt"),
        (0.85, 0.1, 0.05, None, "raises"),
        (0.05, 0.1, 0.85, None, "lowers"),
        (0.1, 0.82, 0.08, "higher", "no difference that matters"),
        (0.5, 0.45, 0.05, "higher", "keep going"),
        (0.79, 0.2, 0.01, "higher", "keep going"),
    ],
)
def test_a_decision_needs_four_in_five(above, within, below, good, said):
    assert decide(above, within, below, good) == said


def test_a_summary_states_interval_and_probabilities_that_add_up():
    draws = np.random.default_rng(1).normal(2.0, 1.0, 200_000)
    summary = summarise(draws, 1.0)
    assert summary.estimate == pytest.approx(2.0, abs=0.02)
    assert (summary.lower_95, summary.upper_95) == pytest.approx((0.04, 3.96), abs=0.03)
    assert (summary.lower_50, summary.upper_50) == pytest.approx((1.3255, 2.6745), abs=0.02)
    assert summary.probability_above == pytest.approx(0.8413, abs=0.004)
    assert (
        summary.probability_above + summary.probability_within + summary.probability_below == pytest.approx(1)
    )


def test_a_look_needs_more_than_the_end():
    assert decide(0.9, 0.05, 0.05, "higher") == "adopt"
    assert decide(0.9, 0.05, 0.05, "higher", threshold=INTERIM_THRESHOLD) == "keep going"
    assert decide(0.01, 0.03, 0.96, "higher", threshold=INTERIM_THRESHOLD) == "avoid"


def test_many_trials_are_judged_as_one():
    rng = np.random.default_rng(2)
    above, within, below = rng.dirichlet([0.4, 0.4, 0.4], 500).T
    words = {"adopt": ABOVE, "avoid": BELOW, "no difference that matters": WITHIN, "keep going": UNDECIDED}
    for threshold in (0.8, 0.95):
        wanted = [
            words[decide(*probabilities, "higher", threshold=threshold)]
            for probabilities in zip(above, within, below, strict=True)
        ]
        assert classify(above, below, threshold).tolist() == wanted
        assert set(wanted) == set(words.values())
