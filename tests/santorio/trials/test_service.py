"""Commands on a trial: each is in the log once, or not at all."""

import datetime as dt
from uuid import UUID

import numpy as np
import pytest

from santorio.errors import NotFound
from santorio.trials import service
from santorio.trials.analysis.data import load_trials
from santorio.trials.lifecycle import InvalidCommand
from santorio.trials.preregistration import load_protocol_history, reconstruct_preregistration
from santorio.trials.proposals.pipeline import propose
from santorio.trials.protocol_design import BlockRandomization
from santorio.trials.protocol_validation import slug
from santorio.trials.repository import Proposal, load_proposal, load_protocol_versions, load_trial_status
from santorio.trials.service import abandon, accept, decline, log_day, pause, record_deviation, resume

TODAY = dt.date(2026, 6, 10)
NAME = "warm-shower-sleep-minutes"
TRIAL = "warm_shower_sleep_minutes"


def later(days):
    return TODAY + dt.timedelta(days=days)


@pytest.fixture
def proposed(marts, autoregressive):
    rng = np.random.default_rng(8)
    marts.outcome("sleep_minutes", 440 + 20 * autoregressive(rng, 150, 0.3)[:, 0])
    propose(marts.database, marts.person, today=TODAY)
    return marts


@pytest.fixture
def do(proposed):
    """Take a step as the proposed person."""

    def step(function, *, today=TODAY, **arguments):
        return function(proposed.database, proposed.person, NAME, today=today, **arguments)

    return step


def written(marts):
    with marts.database.connect() as connection:
        return connection.execute(
            "select event_type, data from raw.events where source = 'trial' order by ingested_at"
        ).fetchall()


def status(marts, today):
    with marts.database.connect() as connection:
        return load_trial_status(connection, marts.person, NAME, today)


def test_accepting_freezes_the_protocol_and_shows_its_hash(proposed, do):
    step = do(accept, start=later(3))
    assert step.changed
    found = written(proposed)
    assert [event_type for event_type, _ in found] == ["trial.protocol", "trial.proposed", "trial.accepted"]
    assert step.status.frozen.sha256 == found[2][1]["sha256"]
    assert step.status.frozen.sha256 in step.message
    assert found[0][1]["start_day"] == later(3).isoformat()
    assert step.status.state.name == "scheduled"


def test_the_same_command_twice_changes_nothing(proposed, do):
    commands = [
        (TODAY, accept, {"start": None}),
        (later(1), log_day, {"done": True, "day": later(1), "note": None}),
        (later(2), record_deviation, {"what": "slept elsewhere"}),
        (later(3), pause, {"days": 5}),
        (later(4), resume, {}),
        (later(6), abandon, {"reason": "no time"}),
    ]
    for today, function, arguments in commands:
        assert do(function, today=today, **arguments).changed
        before = written(proposed)
        assert not do(function, today=today, **arguments).changed
        assert written(proposed) == before


def test_accepted_for_another_day_is_refused_and_so_is_a_day_gone_by(proposed, do):
    with pytest.raises(InvalidCommand, match="days to come"):
        do(accept, start=later(-1))
    do(accept, start=later(3))
    assert not do(accept, start=later(3)).changed
    with pytest.raises(InvalidCommand, match="is frozen"):
        do(accept, start=later(4))


def test_interim_analyses_are_planned_when_a_trial_is_accepted_and_never_afterwards(
    proposed, do, monkeypatch
):
    with proposed.database.connect() as connection:
        short = load_proposal(connection, proposed.person, TRIAL)
    assert len(short.protocol.drawn) < 35
    with pytest.raises(InvalidCommand, match="none can be planned"):
        do(accept, start=later(3), interim=1)
    protocol = short.protocol.model_copy(
        update={"assignment": short.protocol.assignment * 3, "cycles": short.protocol.cycles * 3}
    )
    monkeypatch.setattr(service, "load_proposal", lambda *_: Proposal(protocol, UUID(int=1), TODAY))
    with pytest.raises(InvalidCommand, match="at most"):
        do(accept, start=later(3), interim=40)
    step = do(accept, start=later(3), interim=2)
    assert len(step.status.frozen.decision_rule.interim_days) == 2
    assert written(proposed)[0][1]["decision_rule"]["interim_analyses"] == 2
    assert not do(accept, start=later(3), interim=2).changed
    assert not do(accept, start=later(3)).changed
    with pytest.raises(InvalidCommand, match="2 interim analyses, and its protocol is frozen"):
        do(accept, start=later(3), interim=1)


def test_a_trial_that_is_not_proposed_cannot_be_accepted_or_declined(proposed):
    for function, arguments in ((accept, {"start": None}), (decline, {"reason": "not mine"})):
        with pytest.raises(NotFound):
            function(proposed.database, proposed.person, "flying", today=TODAY, **arguments)


def test_a_crash_leaves_nothing_half(proposed, do, monkeypatch):
    write_events = service.write_events

    def crash(connection, events):
        write_events(connection, events)
        raise RuntimeError

    monkeypatch.setattr(service, "write_events", crash)
    with pytest.raises(RuntimeError):
        do(accept, start=None)
    assert written(proposed) == []
    monkeypatch.undo()
    assert do(accept, start=None).changed


def test_a_declined_trial_is_not_proposed_again_until_a_year_has_passed(proposed, do):
    step = do(decline, reason="no bath tub")
    assert step.changed
    assert not do(decline, reason="no bath tub").changed
    propose(proposed.database, proposed.person, today=later(30))
    with proposed.database.connect() as connection:
        assert load_proposal(connection, proposed.person, TRIAL) is None
    propose(proposed.database, proposed.person, today=later(366))
    with proposed.database.connect() as connection:
        assert load_proposal(connection, proposed.person, TRIAL) is not None
        (why,) = connection.execute(
            "select why from analysis.proposals join analysis.runs using (run_id) where slug = %s"
            " order by created_at desc limit 1",
            [NAME],
        ).fetchone()
    assert why.startswith(f"You declined this on {TODAY}")
    # Another mind a year later: what was declined may be accepted.
    assert do(accept, today=later(366), start=None).status.state.name == "scheduled"


def test_a_running_trial_is_not_proposed(proposed, do):
    do(accept, start=None)
    propose(proposed.database, proposed.person, today=later(1))
    with proposed.database.connect() as connection:
        interventions = connection.execute(
            "select intervention from analysis.proposals join analysis.runs using (run_id)"
            " where created_at = (select max(created_at) from analysis.runs)"
        ).fetchall()
    assert interventions
    assert ("warm-shower",) not in interventions


def test_a_day_is_logged_once_it_has_come_and_the_newest_word_counts(proposed, do):
    do(accept, start=None)
    with pytest.raises(InvalidCommand, match="not come yet"):
        do(log_day, today=later(1), done=True, day=later(2), note=None)
    with pytest.raises(InvalidCommand, match="not a study day"):
        do(log_day, today=later(1), done=True, day=TODAY, note=None)
    with pytest.raises(InvalidCommand, match="has not started"):
        do(pause, days=3)
    do(log_day, today=later(2), done=True, day=later(1), note="at ten")
    do(log_day, today=later(3), done=False, day=later(1), note=None)
    do(log_day, today=later(3), done=True, day=later(1), note="at ten")
    assert status(proposed, later(3)).state.adhered == {later(1): True}
    kinds = [event_type for event_type, _ in written(proposed)]
    assert kinds.count("trial.started") == 1


def test_a_pause_moves_the_remaining_days_and_an_early_end_moves_them_back(proposed, do):
    frozen = do(accept, start=None).status.frozen
    do(log_day, today=later(5), done=True, day=later(5), note=None)
    paused = do(pause, today=later(5), days=10).status
    # The day that was logged stays a study day.
    assert paused.state.paused_from == later(6)
    assert paused.protocol.drawn == frozen.drawn
    assert paused.protocol.last_day == frozen.last_day + dt.timedelta(days=10)
    resumed = do(resume, today=later(8)).status
    assert resumed.protocol.last_day == frozen.last_day + dt.timedelta(days=2)
    again = do(pause, today=later(8), days=10)
    assert again.changed
    assert status(proposed, later(18)).state.name == "running"
    assert status(proposed, later(18)).protocol.last_day == frozen.last_day + dt.timedelta(days=12)


def test_a_protocol_that_changed_after_days_is_reported_and_the_frozen_one_stays(proposed, do):
    frozen = do(accept, start=None).status.frozen
    do(pause, today=later(3), days=7)
    with proposed.database.connect() as connection:
        versions = load_protocol_history(connection, proposed.person)[TRIAL]
        assert load_protocol_versions(connection, proposed.person, TRIAL)[0].sha256 == frozen.sha256
    assert status(proposed, later(4)).frozen == frozen
    found = reconstruct_preregistration(
        versions, [frozen.start_day + dt.timedelta(days=day) for day in range(20)]
    )
    assert found.frozen == frozen
    assert found.as_json()["sha256"] == frozen.sha256
    assert found.planned_days == len(frozen.drawn)


def test_an_abandoned_trial_never_ends_so_that_nothing_is_decided_from_a_part(proposed, do):
    frozen = do(accept, start=None).status.frozen
    do(abandon, today=later(15), reason="no time")
    ended = status(proposed, later(400))
    assert ended.state.name == "abandoned"
    assert len(ended.protocol.drawn) == 14
    arms = [frozen.arms.index(arm) for arm in ended.protocol.drawn]
    proposed.trial(TRIAL, frozen.arms, arms)
    with proposed.database.connect() as connection:
        (trial,) = load_trials(connection, proposed.person)
    assert not trial.ended(later(400), 1)


OTHER = "bed-socks-sleep-minutes"


def test_a_concurrent_trial_is_mentioned_and_refused_where_the_effects_could_not_be_separated(
    proposed, do, monkeypatch
):
    with proposed.database.connect() as connection:
        first, second = (
            load_proposal(connection, proposed.person, slug(name)).protocol for name in (NAME, OTHER)
        )
    assert first.outcome == second.outcome
    do(accept, start=later(1))

    def accepted(protocol, start):
        offered = Proposal(protocol, UUID(int=1), TODAY)
        monkeypatch.setattr(service, "load_proposal", lambda *_: offered)
        return accept(proposed.database, proposed.person, OTHER, start=start, today=TODAY)

    in_periods = second.model_copy(
        update={
            "randomization": BlockRandomization(period_days=2),
            "period_days": 2,
            "trial": slug(OTHER),
            "outcome": first.outcome,
        }
    )
    with pytest.raises(InvalidCommand, match="the effects of the two could not be separated") as refused:
        accepted(in_periods, later(1))
    assert NAME.replace("-", "_") in str(refused.value)
    after_it = accepted(
        in_periods, do(accept, start=later(1)).status.protocol.last_day + dt.timedelta(days=1)
    )
    assert "Note that" not in after_it.message
    abandon(proposed.database, proposed.person, OTHER, reason="a test", today=TODAY)

    another = in_periods.model_copy(update={"outcome": "mood", "trial": "calm_evenings"})
    monkeypatch.setattr(service, "load_proposal", lambda *_: Proposal(another, UUID(int=2), TODAY))
    step = accept(proposed.database, proposed.person, "calm-evenings", start=later(1), today=TODAY)
    assert f"Note that the trial “{TRIAL}” runs until" in step.message
    assert "may show in the other" in step.message


def test_two_trials_that_both_draw_every_day_only_add_noise_to_one_another(proposed, do):
    with proposed.database.connect() as connection:
        schemes = {
            load_proposal(connection, proposed.person, slug(name)).protocol.randomization.kind
            for name in (NAME, OTHER)
        }
    assert schemes == {"daily"}
    do(accept, start=later(1))
    step = accept(proposed.database, proposed.person, OTHER, start=later(1), today=TODAY)
    assert step.changed
    assert "neither biases the other; each adds noise" in step.message
    # What an intervention cannot move is frozen with its lag, where the registry names it.
    control = step.status.frozen.negative_control
    assert (control.metric, control.lag_days) == ("steps", 0)
    assert status(proposed, later(0)).frozen.negative_control is None
