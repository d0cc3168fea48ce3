"""Operating characteristics are what simulating and analysing trial by trial gives."""

import numpy as np
import pytest

from santorio.stats.assurance import Noise
from santorio.stats.decisions import decide
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.evaluation.operating_characteristics import (
    Analysis,
    designs_of,
    operating_characteristics,
)
from santorio.stats.evaluation.simulation import (
    DataGeneratingProcess,
    GroundTruth,
    simulate_trials,
    standardise,
)
from santorio.stats.exact_inference import fit_trial
from santorio.stats.randomization import Randomization, draw_daily

DAYS = 42
CYCLE = np.arange(DAYS) // 14


@pytest.fixture
def design():
    return TrialDesign(np.arange(DAYS) + 20000, draw_daily(3, 14, 4), CYCLE, np.ones(DAYS, dtype=bool), 2)


def test_it_is_the_loop_over_trials(design):
    """The first batch of seed 7, simulated and analysed one trial at a time."""
    found = operating_characteristics(
        design, Noise(2.0, 0.3), [1.2], 0.6, trials=60, interim_days=(28,), seed=7
    )
    (child,) = np.random.SeedSequence(7).spawn(1)
    truth = GroundTruth(np.array([1.2]), process=DataGeneratingProcess(2.0, (0.3, 0.0)))
    outcome = simulate_trials(design, truth, 60, np.random.default_rng(child)).outcome
    decisions = []
    for trial in outcome.T:
        for days, threshold in ((28, 0.95), (42, 0.8)):
            seen = design.until(days)
            standard, spread = standardise(trial[:days, None], seen.arm)
            posterior = fit_trial(seen, standard)
            below, above = (posterior.below("arm_1", sign * 0.6 / spread)[0] for sign in (-1, 1))
            decision = decide(1 - above, above - below, below, "higher", threshold=threshold)
            if decision != "keep going":
                break
        decisions.append((days, decision))
    assert found.days == (28, 42)
    assert found.adopt[0] == pytest.approx([decisions.count((days, "adopt")) / 60 for days in (28, 42)])
    assert found.keep_going[0] == pytest.approx(decisions.count((42, "keep going")) / 60)
    assert found.mean_days[0] == pytest.approx(np.mean([days for days, _ in decisions]))
    assert decisions.count((28, "adopt")) > 0


def test_shares_add_up_and_follow_the_effect(design):
    found = operating_characteristics(
        design, Noise(1.0, 0.2), [-1.0, 0.0, 1.0], 0.3, trials=600, interim_days=(21, 28)
    )
    rows = found.table()
    for row in rows:
        decision_names = ("adopt", "avoid", "no difference that matters", "keep going")
        assert sum(row[decision] for decision in decision_names) == pytest.approx(1)
    assert rows[0]["avoid"] > 0.5 > rows[1]["avoid"]
    assert rows[2]["adopt"] > 0.5 > rows[1]["adopt"]
    assert rows[2]["mean days"] < rows[1]["mean days"] <= DAYS


def test_looks_that_decide_nothing_change_nothing(design):
    settings = {"trials": 300, "seed": 3}
    without = operating_characteristics(design, Noise(1.0, 0.2), [0.6], 0.3, **settings)
    looked = operating_characteristics(
        design,
        Noise(1.0, 0.2),
        [0.6],
        0.3,
        interim_days=(21,),
        analysis=Analysis(interim_threshold=1.01),
        **settings,
    )
    assert looked.adopt[0, 0] == 0
    assert looked.adopt[0, 1] == without.adopt[0, 0]


def test_the_same_seed_gives_the_same_table(design):
    first, second = (
        operating_characteristics(design, Noise(1.0, 0.2), [0.5], 0.3, trials=700).table() for _ in range(2)
    )
    assert first == second


def test_several_designs_share_the_trials(design):
    drawn = designs_of(Randomization("daily", CYCLE, 1, 3), design, 7)
    assert len({redrawn.arm.tobytes() for redrawn in drawn}) == 7
    assert operating_characteristics(drawn, Noise(1.0, 0.2), [0.5], 0.3, trials=100).trials == 100


@pytest.mark.parametrize("looks", [(42,), (28, 21), (0,), (21, 21)])
def test_looks_that_are_none_are_refused(design, looks):
    with pytest.raises(ValueError, match="increasing numbers of study days"):
        operating_characteristics(design, Noise(1.0, 0.2), [0.5], 0.3, interim_days=looks, trials=10)
