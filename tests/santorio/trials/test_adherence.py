"""Whether days followed their arms: the person's report first, then the data, else unknown."""

import datetime as dt

import numpy as np

from santorio.trials.adherence import adherence, adherence_rate, load_adherence_data
from santorio.trials.protocol import Protocol

START = dt.date(2026, 3, 2)
AFTER = START + dt.timedelta(days=30)


def protocol(**read):
    return Protocol.model_validate(
        {
            "trial": "x", "question": "Does it?", "arms": ["as usual", "less"], "outcome": "mood", "smallest_effect": 1,
            "lag_days": 1, "randomization": {"kind": "daily", "cycle_days": 2, "longest_run": 2},
            "cycles": 2, "seed": 1,
            "assignment": ["as usual", "less", None, "less", "as usual"], "start_day": START,
            "adherence": {"ask": "Was it done?", "read": read or None},
        }
    )  # fmt: skip


def at(number):
    return START + dt.timedelta(days=number)


def known(days):
    return [(day.done, day.known_by) for day in days]


def test_the_persons_report_takes_precedence_over_the_data_and_a_day_as_usual_is_unknown():
    trial_protocol = protocol(mart="exposures", name="alcohol_g", at_most=0)
    amounts = {at(0): 30.0, at(1): 14.0, at(3): 14.0}
    found = adherence(trial_protocol, {at(3): True}, amounts, AFTER)
    assert known(found) == [(None, "unknown"), (False, "data"), (True, "reported"), (None, "unknown")]
    assert adherence_rate(found) == 0.5
    assert adherence_rate(found[:1]) is None


def test_future_days_are_not_classified():
    assert [day.day for day in adherence(protocol(), {}, {}, at(1))] == [at(0), at(1)]


def test_the_usual_amount_is_that_before_the_trial():
    trial_protocol = protocol(mart="exposures", name="training_load", at_most_of_usual=0.5)
    before = {START - dt.timedelta(days=day): 100.0 for day in range(1, 21)}
    assert [done for done, _ in known(adherence(trial_protocol, {}, before | {at(1): 49.0, at(3): 51.0}, AFTER))] == [
        None, True, False, None,
    ]  # fmt: skip
    few = dict(list(before.items())[:5])
    assert {by for _, by in known(adherence(trial_protocol, {}, few | {at(1): 49.0}, AFTER))} == {"unknown"}


def test_an_earlier_bedtime_is_read_from_the_evening_before_the_day_of_waking(marts):
    trial_protocol = protocol(mart="nights", name="bedtime", earlier_by_minutes=15)
    with marts.database.connect() as connection:
        connection.execute(
            "create table marts.nights (user_id uuid, day date, sleep_start_at timestamptz, utc_offset interval)"
        )
        for number in [*range(-20, 0), 1, 3]:
            minutes = {1: 640, 3: 680}.get(number, 690)  # after noon: 22:40, 23:20, else 23:30
            evening = dt.datetime.combine(at(number), dt.time(12), dt.UTC) + dt.timedelta(
                minutes=minutes - 60
            )
            connection.execute(
                "insert into marts.nights values (%s, %s, %s, interval '1 hour')",
                [marts.person.user_id, at(number + 1), evening],
            )
        amounts = load_adherence_data(connection, marts.person, trial_protocol)
    assert amounts[at(1)] == 640
    assert [done for done, _ in known(adherence(trial_protocol, {}, amounts, AFTER))] == [
        None,
        True,
        False,
        None,
    ]


def test_amounts_are_read_from_the_marts_by_their_day(marts):
    marts.exposure("alcohol_g", np.array([0.0, 28.0]), "g")
    with marts.database.connect() as connection:
        found = load_adherence_data(
            connection, marts.person, protocol(mart="exposures", name="alcohol_g", at_most=0)
        )
        assert load_adherence_data(connection, marts.person, protocol()) == {}
    assert found == {marts.day(0): 0.0, marts.day(1): 28.0}
