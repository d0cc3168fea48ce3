"""Which looks are due, and what a look that decided leaves standing."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from santorio.stats.randomization import draw_daily
from santorio.trials.analysis.data import Trial
from santorio.trials.analysis.interim import (
    NO_INTERIM_ANALYSES,
    AnalysisPoint,
    InterimAnalyses,
    InterimAnalysis,
    InterimResult,
    decide_interim,
    inputs_hash,
)
from santorio.trials.analysis.preprocessing import prepare
from santorio.trials.preregistration import Preregistration
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_design import DailyRandomization, DecisionRule
from santorio.trials.report.interim_text import correction_text, interim_sentence

ARMS = ("usual", "walk", "run")
START = dt.date(2026, 3, 2)
FIRST = (START - dt.date(1970, 1, 1)).days
DAYS = 60
DRAWN = draw_daily(4, 15, 3, arms=3)
PROTOCOL = Protocol(
    trial="walking_mood", question="Does walking raise my mood?", arms=ARMS, outcome="mood", direction="higher",
    smallest_effect=1, lag_days=1, start_day=START,
    randomization=DailyRandomization(cycle_days=15, longest_run=3), cycles=4, seed=3,
    assignment=tuple(ARMS[arm] for arm in DRAWN.tolist()),
).with_interim_analyses(2)  # fmt: skip
TRIAL = Trial(
    name="walking_mood", question="", arms=ARMS, outcome="mood", secondary=(), direction="higher", smallest_effect=1.0,
    lag_days=1, period_days=None, washout_days=0, study_day=np.arange(1, DAYS + 1), first_day=FIRST + np.arange(DAYS),
    last_day=FIRST + np.arange(DAYS), arm=DRAWN, as_of=dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
    preregistration=Preregistration(START - dt.timedelta(days=2), 0, DAYS,
        randomization=PROTOCOL.randomization.model_dump(), frozen=PROTOCOL),
)  # fmt: skip
FIRST_LOOK, SECOND_LOOK = PROTOCOL.decision_rule.interim_days
OUTCOME = 50 + np.random.default_rng(2).normal(size=DAYS)


def after(days):
    return START + dt.timedelta(days=days)


def look(days, *decisions, decisive=False, inputs="as they were", number=1):
    found = tuple(
        InterimResult(arm, "usual", 2.0, 1.0, 3.0, 0.96, 0.04, 0.0, decision)
        for arm, decision in zip(ARMS[1:], decisions, strict=False)
    )
    return InterimAnalysis(UUID(int=number), days, after(days + 2), after(days + 2), decisive, inputs, found)


def test_a_look_is_due_once_the_outcome_of_its_last_day_has_had_two_days_to_arrive():
    last = after(FIRST_LOOK - 1)
    assert InterimAnalyses().due(TRIAL, last + dt.timedelta(days=2), 1) == []
    assert InterimAnalyses().due(TRIAL, last + dt.timedelta(days=3), 1) == [FIRST_LOOK]


def test_missed_interim_analyses_are_done_in_order_and_each_once():
    late = after(DAYS + 20)
    assert InterimAnalyses().due(TRIAL, late, 1) == [FIRST_LOOK, SECOND_LOOK]
    assert InterimAnalyses((look(FIRST_LOOK, "keep going"),)).due(TRIAL, late, 1) == [SECOND_LOOK]
    # A look before one that was done is past.
    assert InterimAnalyses((look(SECOND_LOOK, "keep going"),)).due(TRIAL, late, 1) == []
    assert InterimAnalyses(is_over=True).due(TRIAL, late, 1) == []
    assert InterimAnalyses((look(FIRST_LOOK, "adopt", "avoid", decisive=True),)).due(TRIAL, late, 1) == []


@pytest.mark.parametrize(
    "preregistration",
    [
        replace(TRIAL.preregistration, after_days=1),
        replace(TRIAL.preregistration, frozen=None),
        replace(
            TRIAL.preregistration,
            frozen=PROTOCOL.model_copy(update={"decision_rule": DecisionRule()}),
        ),
    ],
)
def test_only_interim_analyses_planned_before_the_first_day_are_done(preregistration):
    assert InterimAnalyses().due(replace(TRIAL, preregistration=preregistration), after(DAYS + 20), 1) == []


def test_of_a_trial_that_was_given_up_no_look_decides():
    assert InterimAnalyses().due(TRIAL.until(DAYS - 1), after(DAYS + 20), 1) == []


def test_a_trial_up_to_a_look_keeps_the_law_and_the_cycles_of_the_whole():
    complete, part = (
        prepare(TRIAL, "mood", OUTCOME),
        prepare(TRIAL.until(FIRST_LOOK), "mood", OUTCOME[:FIRST_LOOK]),
    )
    assert part.randomization.kind == complete.randomization.kind == "daily"
    np.testing.assert_array_equal(part.design.cycle, complete.design.cycle[:FIRST_LOOK])
    assert len(part.design.day) == FIRST_LOOK
    # What `operating` simulates is what is done here.
    simulated = complete.design.until(FIRST_LOOK).columns()
    np.testing.assert_array_equal(part.design.columns().values, simulated.values)
    assert part.design.columns().values.shape[1] < complete.design.columns().values.shape[1]
    other = OUTCOME.copy()
    other[FIRST_LOOK:] += 100
    assert inputs_hash(prepare(TRIAL.until(FIRST_LOOK), "mood", other[:FIRST_LOOK])) == inputs_hash(part)
    other[0] += 1
    assert inputs_hash(prepare(TRIAL.until(FIRST_LOOK), "mood", other[:FIRST_LOOK])) != inputs_hash(part)


def rows(*decisions):
    return [
        {"arm": arm, "decision": decision, "is_primary": True}
        for arm, decision in zip(ARMS[1:], decisions, strict=True)
    ]


def decided(decisions, interim=NO_INTERIM_ANALYSES):
    prepared = prepare(TRIAL.until(FIRST_LOOK), "mood", OUTCOME[:FIRST_LOOK])
    point = AnalysisPoint(
        after(99),
        threshold=0.95,
        interim_after_days=FIRST_LOOK,
        due_on=after(FIRST_LOOK + 2),
        interim=interim,
    )
    interim_decision = decide_interim(rows(*decisions), prepared, point)
    diagnostics = interim_decision.diagnostics
    final = [row["decision"] for row in interim_decision.rows]
    return final, diagnostics["decisive"], diagnostics["inputs"]


def test_a_look_ends_a_trial_only_where_it_decides_on_every_arm():
    assert decided(("adopt", "avoid"))[:2] == (["adopt", "avoid"], True)
    assert decided(("adopt", "keep going"))[:2] == (["keep going", "keep going"], False)


def test_a_decision_stands_for_its_data_whatever_a_newer_fit_finds():
    _, _, inputs = decided(("adopt", "avoid"))
    ended = InterimAnalyses((look(FIRST_LOOK, "adopt", "avoid", decisive=True, inputs=inputs),))
    assert decided(("keep going", "avoid"), ended)[:2] == (["adopt", "avoid"], True)
    # Of other data it is judged anew, and said to be over all the same.
    corrected = InterimAnalyses((look(FIRST_LOOK, "adopt", "avoid", decisive=True, inputs="others"),))
    assert decided(("keep going", "avoid"), corrected)[:2] == (["keep going", "avoid"], False)


def test_an_interim_analysis_and_a_correction_are_reported_in_a_sentence():
    stop = look(FIRST_LOOK, "adopt", "avoid", decisive=True)
    assert interim_sentence(stop).startswith(f"After {FIRST_LOOK} study days (analysed on ")
    assert (
        "“walk” above δ: 96 %, within ±δ: 4 %, below −δ: under 1 %; the trial ended: adopt"
        in interim_sentence(stop)
    )
    assert "3 days after it was due" in interim_sentence(
        replace(stop, day=stop.due_on + dt.timedelta(days=3))
    )
    assert correction_text(InterimAnalyses((stop,))) == ""
    same = look(FIRST_LOOK, "adopt", "avoid", decisive=True, inputs="corrected", number=2)
    assert correction_text(InterimAnalyses((stop, same))).endswith("the decision is the same.")
    other = look(FIRST_LOOK, "keep going", "avoid", inputs="corrected", number=2)
    assert InterimAnalyses((stop, other)).stop == stop
    assert "“walk”: nothing that would have ended it; “run”: avoid" in correction_text(
        InterimAnalyses((stop, other))
    )
