"""When a protocol was recorded and changed: a protocol that was made after its days is reported as such."""

import datetime as dt
import json

import numpy as np
import pytest

from santorio.trials.analysis.data import load_trials
from santorio.trials.analysis.pipeline import analyse_trials
from santorio.trials.preregistration import load_protocol_history, reconstruct_preregistration
from santorio.trials.repository import load_preregistration

START = dt.date(2026, 1, 5)
DAYS = [START + dt.timedelta(days=number) for number in range(10)]
PROTOCOL = {
    "trial": "screens", "arms": ["usual", "no screens"], "outcome": "sleep_minutes", "smallest_effect": 10,
    "start_day": START.isoformat(), "assignment": [0, 1] * 5,
}  # fmt: skip


@pytest.fixture
def record(database, person):
    """Put a version of the protocol, or a schedule, into the log as if it had arrived at an instant."""

    def put(at, event_type="trial.protocol", **changes):
        with database.connect() as connection:
            connection.execute(
                """
                insert into raw.events (event_id, content_hash, user_id, time, event_type, source, data, metadata,
                                        ingested_at)
                values (gen_random_uuid(), sha256(%s::bytea), %s, %s, %s, 'trial', %s, '{}', %s)
                """,
                [at.encode(), person.user_id, START, event_type, json.dumps({**PROTOCOL, **changes}), at],
            )

    return put


@pytest.fixture
def found(database, person):
    def find(first_days=DAYS):
        with database.connect() as connection:
            return reconstruct_preregistration(
                load_protocol_history(connection, person).get("screens", []), first_days
            )

    return find


def test_a_protocol_recorded_before_its_first_day_is_frozen(record, found):
    record("2026-01-04T20:00+01:00")
    assert found().is_frozen
    assert (
        found().sentence()
        == "The protocol was recorded on 2026-01-04, before its first day was over, and not changed since."
    )


def test_the_day_is_the_persons_own(record, found):
    record("2026-01-05T23:30+00:00")  # in Berlin the second day has begun
    assert (found().recorded_on, found().after_days) == (dt.date(2026, 1, 6), 1)


def test_a_change_of_a_decisive_field_is_reported_with_the_days_before_it(record, found):
    record("2026-01-04T20:00+01:00")
    record("2026-01-09T12:00+01:00", outcome="sleep_score", smallest_effect=3)
    assert not found().is_frozen
    (change,) = found().changes
    assert (change.day, change.after_days) == (dt.date(2026, 1, 9), 4)
    assert change.fields == ("outcome", "smallest_effect")
    assert (
        found().sentence().endswith("changed on 2026-01-09, after 4 days of data: outcome, smallest_effect.")
    )


def test_a_change_and_its_return_are_two(record, found):
    record("2026-01-04T20:00+01:00")
    record("2026-01-07T12:00+01:00", smallest_effect=3)
    record("2026-01-08T12:00+01:00")
    assert [change.after_days for change in found().changes] == [2, 3]


def test_a_new_wording_and_changes_before_the_first_day_are_not_deviations(record, found):
    record("2026-01-02T20:00+01:00", smallest_effect=12)
    record("2026-01-04T20:00+01:00")
    record("2026-01-09T20:00+01:00", question="Does it really?", secondary=[])
    assert found().is_frozen


def test_a_new_first_day_does_not_undo_the_days_lived(record, found):
    record("2026-01-04T20:00+01:00")
    record("2026-01-12T12:00+01:00", start_day="2026-01-13")
    later = [day + dt.timedelta(days=8) for day in DAYS]
    assert [(change.after_days, change.fields) for change in found(later).changes] == [(7, ("start_day",))]


def test_a_schedule_changed_on_the_way_is_a_change(record, found):
    record("2026-01-04T20:00+01:00")
    record("2026-01-08T12:00+01:00", "trial.schedule", assignment={"1": 1})
    assert [change.after_days for change in found().changes] == [3]


def test_a_study_recorded_afterwards_is_judged_in_retrospect(record, found):
    record("2026-03-01T12:00+01:00")
    record("2026-03-01T12:01+01:00", "trial.schedule", assignment={"1": 1})
    assert (found().after_days, found().changes) == (10, ())
    assert found().sentence().endswith("after the last day: the study is judged in retrospect.")


def test_without_a_protocol_that_is_said(found):
    assert found().sentence().startswith("No protocol was recorded")


def test_the_result_and_its_presentations_report_a_change(marts, record, autoregressive, store):
    rng = np.random.default_rng(1)
    arm = np.concatenate([rng.permutation(2) for _ in range(15)])
    marts.outcome("sleep_minutes", 430 + 25 * autoregressive(rng, 32, 0.3)[:, 0])
    marts.trial("screens", ("usual", "no screens"), arm, smallest_effect=10.0)
    record("2026-01-04T20:00+01:00")
    analyse_trials(marts.database, store, marts.person, today=dt.date(2026, 6, 1))
    record("2026-01-20T12:00+01:00", smallest_effect=3)
    (report,) = analyse_trials(marts.database, store, marts.person, today=dt.date(2026, 6, 1))
    assert report.status == "accepted"  # judged again, though the marts are the same
    assert report.diagnostics["protocol"]["changes"] == [
        {"day": "2026-01-20", "after_days": 15, "fields": ["smallest_effect"]}
    ]
    with marts.database.connect() as connection:
        shown = load_preregistration(connection, marts.person, "screens")
    assert shown.sentence() == report.diagnostics["protocol"]["says"]


@pytest.mark.parametrize("field", ["randomization", "law"])
def test_the_randomization_is_read_back_from_the_newest_protocol_under_its_old_name_too(marts, record, field):
    scheme = {"kind": "daily", "cycle_days": 4, "longest_run": 2}
    record("2026-01-04T20:00+01:00")
    record("2026-01-04T21:00+01:00", **{field: scheme})
    marts.trial("screens", ("usual", "no screens"), [0, 1, 1, 0] * 3)
    with marts.database.connect() as connection:
        (trial,) = load_trials(connection, marts.person)
    assert trial.preregistration.randomization == scheme
