"""A trial without an answer in the list of trials."""

from santorio.cli.trial_output import unanswered_line
from santorio.trials.repository import load_unanswered_trials


def test_before_the_first_run_no_trial_waits(database, person):
    with database.connect() as connection:
        assert load_unanswered_trials(connection, person) == []


def test_a_trial_without_an_answer_is_listed_with_the_reason(marts):
    marts.trial("screens", ("usual", "no screens"), [0, 1], study_days=2)
    with marts.database.connect() as connection:
        (row,) = load_unanswered_trials(connection, marts.person)
    assert (row["trial"], row["study_days"], row["reason"]) == ("screens", 2, None)
    assert "5 days with a value of sleep" in unanswered_line(row)
