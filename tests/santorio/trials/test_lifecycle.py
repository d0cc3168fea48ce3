"""The state of a trial is what its events add up to; a command that it does not allow is refused in a sentence."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from santorio.trials.events import (
    EVENT,
    Abandoned,
    Accepted,
    AdherenceReported,
    Analysed,
    Completed,
    Declined,
    Deviated,
    Paused,
    Proposed,
    Resumed,
    Started,
    Stopped,
)
from santorio.trials.lifecycle import (
    TRANSITIONS,
    AcceptedAnalysis,
    InvalidCommand,
    TrialState,
    apply,
    pending_events,
    replay,
)
from santorio.trials.protocol import Protocol

DAY = dt.date(2026, 3, 2)
RUN = uuid.UUID(int=1)


def at(number: int) -> dt.date:
    return DAY + dt.timedelta(days=number)


EVENTS = {
    "proposed": Proposed(trial="x", day=DAY, run_id=RUN),
    "accepted": Accepted(trial="x", day=DAY, start_day=at(1), sha256="0" * 64),
    "declined": Declined(
        trial="x", day=DAY, reason="too much", intervention="alcohol", metric="mood", sigma=2.0
    ),
    "started": Started(trial="x", day=at(1)),
    "adherence": AdherenceReported(trial="x", day=at(1), done=True),
    "deviation": Deviated(trial="x", day=at(1), what="was ill"),
    "paused": Paused(trial="x", day=at(2), until=at(9)),
    "resumed": Resumed(trial="x", day=at(5)),
    "completed": Completed(trial="x", day=at(20)),
    "abandoned": Abandoned(trial="x", day=at(3), reason="no time"),
    "stopped": Stopped(trial="x", day=at(9), run_id=RUN, decision="adopt", after_days=3),
    "analysed": Analysed(trial="x", day=at(21), run_id=RUN, decision="adopt"),
}
PROTOCOL = Protocol.model_validate(
    {
        "trial": "x", "question": "Does it?", "arms": ["a", "b"], "outcome": "mood", "smallest_effect": 1,
        "lag_days": 1,
        "randomization": {"kind": "daily", "cycle_days": 2, "longest_run": 2}, "cycles": 2, "seed": 1,
        "assignment": ["a", "b", "b", "a"], "start_day": at(1),
    }
)  # fmt: skip


def state_after(*kinds: str) -> TrialState:
    return replay("x", [EVENTS[kind] for kind in kinds])


def test_the_usual_life_of_a_trial():
    state = state_after(
        "proposed",
        "accepted",
        "started",
        "adherence",
        "paused",
        "resumed",
        "deviation",
        "completed",
        "analysed",
    )
    assert (state.name, state.decision, state.sha256) == ("analysed", "adopt", "0" * 64)
    assert state.adhered == {at(1): True}
    assert [deviation.what for deviation in state.deviations] == ["was ill"]


def test_a_refusal_keeps_the_noise_that_the_trial_was_planned_with():
    state = state_after("proposed", "declined")
    assert (state.name, state.reason, state.declined.sigma) == ("declined", "too much", 2.0)
    assert state_after("proposed", "declined", "accepted").name == "scheduled"


@pytest.mark.parametrize(
    ("lived", "then", "says"),
    [
        ((), "accepted", "was never proposed"),
        (("proposed",), "adherence", "not accepted yet"),
        (("proposed", "accepted"), "adherence", "has not started"),
        (("proposed", "accepted"), "declined", "has not started"),
        (("proposed", "accepted", "started"), "resumed", "is running"),
        (("proposed", "accepted", "started", "paused"), "paused", "is paused"),
        (("proposed", "accepted", "started", "abandoned"), "adherence", "was abandoned"),
        (("proposed", "accepted", "started", "completed"), "abandoned", "is completed"),
    ],
)
def test_an_event_that_cannot_follow_is_refused_in_a_sentence(lived, then, says):
    with pytest.raises(InvalidCommand) as refused:
        apply(state_after(*lived), EVENTS[then])
    assert says in str(refused.value)


def test_the_newest_word_on_a_day_counts():
    state = apply(
        state_after("proposed", "accepted", "started", "adherence"),
        AdherenceReported(trial="x", day=at(1), done=False),
    )
    assert state.adhered == {at(1): False}


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_whatever_is_tried_a_trial_is_in_one_state_and_only_allowed_steps_move_it(kinds):
    state = TrialState("x")
    for kind in kinds:
        allowed = kind in TRANSITIONS[state.name]
        try:
            moved = apply(state, EVENTS[kind])
        except InvalidCommand:
            assert not allowed
        else:
            assert moved.name == TRANSITIONS[state.name][kind]
            state = moved


def test_every_event_reads_back_as_it_was_written():
    for event in EVENTS.values():
        assert EVENT.validate_python(event.model_dump(mode="json", exclude_none=True)) == event


def test_events_of_earlier_versions_are_read_under_their_old_names():
    logged = {"kind": "declined", "trial": "x", "day": "2026-03-02", "reason": "too much", "lever": "alcohol"}
    assert EVENT.validate_python(logged).intervention == "alcohol"


def test_an_abandoned_trial_stays_abandoned_when_its_days_are_analysed():
    abandoned = state_after("proposed", "accepted", "started", "abandoned")
    analysis = AcceptedAnalysis(RUN, at(8), "keep going", ended=False)
    (event,) = pending_events(abandoned, PROTOCOL.ended(at(3)), at(9), analysis)
    analysed = apply(abandoned, event)
    assert (analysed.name, analysed.since, analysed.decision) == ("abandoned", at(3), "keep going")
    assert pending_events(analysed, PROTOCOL.ended(at(3)), at(10), analysis) == []


def test_days_that_come_start_and_complete_it():
    accepted = state_after("proposed", "accepted")
    assert pending_events(accepted, PROTOCOL, DAY, None) == []
    assert [event.kind for event in pending_events(accepted, PROTOCOL, at(1), None)] == ["started"]
    # The outcome of the last day, the 4th, comes a day later and has a day to arrive.
    assert [event.kind for event in pending_events(accepted, PROTOCOL, at(6), None)] == ["started"]
    assert [event.kind for event in pending_events(accepted, PROTOCOL, at(7), None)] == [
        "started",
        "completed",
    ]


def test_an_answer_counts_only_once_the_trial_has_ended():
    running = state_after("proposed", "accepted", "started")
    early = AcceptedAnalysis(RUN, at(8), "keep going", ended=False)
    assert [event.kind for event in pending_events(running, PROTOCOL, at(9), early)] == ["completed"]
    final = AcceptedAnalysis(RUN, at(8), "adopt", ended=True)
    assert [event.kind for event in pending_events(running, PROTOCOL, at(9), final)] == [
        "completed",
        "analysed",
    ]


def test_a_pause_ends_by_itself():
    paused = state_after("proposed", "accepted", "started", "paused")
    assert pending_events(paused, PROTOCOL, at(8), None) == []
    (resumed,) = pending_events(paused, PROTOCOL.paused(at(2), at(9)), at(9), None)
    assert (resumed.kind, resumed.day) == ("resumed", at(9))


@pytest.mark.parametrize("lived", [(), ("started",), ("started", "paused"), ("started", "completed")])
def test_a_decisive_interim_analysis_stops_a_trial_whatever_it_was_doing(lived):
    stop = AcceptedAnalysis(RUN, at(30), "adopt", ended=True, stopped_after=3)
    state = state_after("proposed", "accepted", *lived)
    events = pending_events(state, PROTOCOL, at(31), stop)
    assert [event.kind for event in events] == ["stopped"] if lived else ["started", "stopped"]
    for event in events:
        state = apply(state, event)
    assert (state.name, state.decision, state.stopped_after) == ("stopped_early", "adopt", 3)
    assert (
        state.sentence == "The trial “x” was stopped early at a planned interim analysis, after 3 study days."
    )
    with pytest.raises(InvalidCommand, match="stopped early at a planned interim analysis"):
        apply(state, EVENTS["paused"])
