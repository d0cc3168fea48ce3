"""The life of a trial is what its events add up to; what cannot follow is refused in a sentence."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from santorio.trials.lifecycle import (
    EVENT,
    FOLLOWS,
    Abandoned,
    Accepted,
    Adhered,
    Analysed,
    Answer,
    Completed,
    Declined,
    Deviated,
    Life,
    Paused,
    Proposed,
    Refused,
    Resumed,
    Started,
    Stopped,
    after,
    due,
    life_of,
)
from santorio.trials.protocol import Protocol

DAY = dt.date(2026, 3, 2)
RUN = uuid.UUID(int=1)


def at(number: int) -> dt.date:
    return DAY + dt.timedelta(days=number)


EVENTS = {
    "proposed": Proposed(trial="x", day=DAY, run_id=RUN),
    "accepted": Accepted(trial="x", day=DAY, start_day=at(1), sha256="0" * 64),
    "declined": Declined(trial="x", day=DAY, reason="too much", lever="alcohol", metric="mood", sigma=2.0),
    "started": Started(trial="x", day=at(1)),
    "adherence": Adhered(trial="x", day=at(1), done=True),
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
        "law": {"kind": "daily", "cycle_days": 2, "longest_run": 2}, "cycles": 2, "seed": 1,
        "assignment": ["a", "b", "b", "a"], "start_day": at(1),
    }
)  # fmt: skip


def life(*kinds: str) -> Life:
    return life_of("x", [EVENTS[kind] for kind in kinds])


def test_the_usual_life_of_a_trial():
    told = life(
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
    assert (told.state, told.decision, told.sha256) == ("analysed", "adopt", "0" * 64)
    assert told.adhered == {at(1): True}
    assert [one.what for one in told.deviations] == ["was ill"]


def test_a_refusal_keeps_what_the_trial_was_planned_with():
    told = life("proposed", "declined")
    assert (told.state, told.reason, told.declined.sigma) == ("declined", "too much", 2.0)
    assert life("proposed", "declined", "accepted").state == "accepted"


@pytest.mark.parametrize(
    ("lived", "then", "says"),
    [
        ((), "accepted", "was never proposed"),
        (("proposed",), "adherence", "not accepted yet"),
        (("proposed", "accepted"), "adherence", "has not begun"),
        (("proposed", "accepted"), "declined", "has not begun"),
        (("proposed", "accepted", "started"), "resumed", "is running"),
        (("proposed", "accepted", "started", "paused"), "paused", "is paused"),
        (("proposed", "accepted", "started", "abandoned"), "adherence", "was given up"),
        (("proposed", "accepted", "started", "completed"), "abandoned", "is over"),
    ],
)
def test_what_cannot_follow_is_refused_in_a_sentence(lived, then, says):
    with pytest.raises(Refused) as refused:
        after(life(*lived), EVENTS[then])
    assert says in str(refused.value)


def test_the_newest_word_on_a_day_counts():
    told = after(
        life("proposed", "accepted", "started", "adherence"), Adhered(trial="x", day=at(1), done=False)
    )
    assert told.adhered == {at(1): False}


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_whatever_is_tried_a_trial_is_in_one_state_and_only_allowed_steps_move_it(kinds):
    told = Life("x")
    for kind in kinds:
        allowed = kind in FOLLOWS[told.state]
        try:
            moved = after(told, EVENTS[kind])
        except Refused:
            assert not allowed
        else:
            assert moved.state == FOLLOWS[told.state][kind]
            told = moved


def test_every_event_reads_back_as_it_was_written():
    for event in EVENTS.values():
        assert EVENT.validate_python(event.model_dump(mode="json", exclude_none=True)) == event


def test_days_that_come_start_and_complete_it():
    accepted = life("proposed", "accepted")
    assert due(accepted, PROTOCOL, DAY, None) == []
    assert [event.kind for event in due(accepted, PROTOCOL, at(1), None)] == ["started"]
    # The outcome of the last day, the 4th, comes a day later and has a day to arrive.
    assert [event.kind for event in due(accepted, PROTOCOL, at(6), None)] == ["started"]
    assert [event.kind for event in due(accepted, PROTOCOL, at(7), None)] == ["started", "completed"]


def test_an_answer_counts_only_once_the_trial_has_ended():
    running = life("proposed", "accepted", "started")
    early = Answer(RUN, at(8), "keep going", ended=False)
    assert [event.kind for event in due(running, PROTOCOL, at(9), early)] == ["completed"]
    final = Answer(RUN, at(8), "adopt", ended=True)
    assert [event.kind for event in due(running, PROTOCOL, at(9), final)] == ["completed", "analysed"]


def test_a_pause_ends_by_itself():
    paused = life("proposed", "accepted", "started", "paused")
    assert due(paused, PROTOCOL, at(8), None) == []
    (resumed,) = due(paused, PROTOCOL.paused(at(2), at(9)), at(9), None)
    assert (resumed.kind, resumed.day) == ("resumed", at(9))


@pytest.mark.parametrize("lived", [(), ("started",), ("started", "paused"), ("started", "completed")])
def test_a_look_that_decided_ends_a_trial_whatever_it_was_doing(lived):
    stop = Answer(RUN, at(30), "adopt", ended=True, stopped_after=3)
    told = life("proposed", "accepted", *lived)
    events = due(told, PROTOCOL, at(31), stop)
    assert [event.kind for event in events] == ["stopped"] if lived else ["started", "stopped"]
    for event in events:
        told = after(told, event)
    assert (told.state, told.decision, told.stopped_after) == ("analysed", "adopt", 3)
    assert told.sentence == "The trial “x” was ended at a planned look, after 3 study days, and is analysed."
    with pytest.raises(Refused, match="ended at a planned look"):
        after(told, EVENTS["paused"])
