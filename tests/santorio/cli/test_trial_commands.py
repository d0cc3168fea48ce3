"""`santorio trial accept|today|log|…`: a person is led from a proposal through the days."""

import datetime as dt
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from santorio.cli.main import app
from santorio.cli.trial_output import trial_task
from santorio.errors import NotFound
from santorio.ingest.importer import import_paths
from santorio.trials.interventions.custom import load_custom_interventions
from santorio.trials.lifecycle import InvalidCommand
from santorio.trials.proposals.pipeline import propose
from santorio.trials.repository import load_trial_status
from santorio.trials.service import accept, log_day, pause

NAME = "warm-shower-sleep-minutes"


@pytest.fixture
def here(marts, autoregressive, home, monkeypatch):
    """A person with proposals, in the database that the commands open."""
    monkeypatch.setenv("SANTORIO_HOME", str(home))
    monkeypatch.setenv("SANTORIO_DATABASE_URL", marts.database.url)
    monkeypatch.setenv("SANTORIO_DAGSTER_DATABASE_URL", marts.database.dagster_url)
    rng = np.random.default_rng(8)
    marts.outcome("sleep_minutes", 440 + 20 * autoregressive(rng, 150, 0.3)[:, 0])
    propose(marts.database, marts.person)
    return marts


def output_of(*arguments, code=0):
    done = CliRunner().invoke(app, ["trial", *arguments])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def document(*arguments):
    done = CliRunner().invoke(app, ["trial", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_a_person_is_led_from_the_proposal_through_its_first_day(here):
    assert f"santorio trial accept {NAME}" in output_of("show", NAME)
    # In the person's zone, which is the zone of the database's person.
    start = document("today")["day"]
    accepted = document("accept", NAME, "--start", start)
    assert (accepted["changed"], accepted["state"]) == (True, "running")
    assert accepted["sha256"] in accepted["message"]
    assert not document("accept", NAME)["changed"]

    today = output_of("today")
    assert "Today, day 1 of" in today
    assert f"santorio trial log {NAME.replace('-', '_')} --done" in today
    assert "done" in output_of("log", NAME, "--done", "--note", "at ten")
    assert not document("log", NAME, "--done", "--note", "at ten")["changed"]
    assert document("today")["trials"][0]["to_log"] == []

    shown = output_of("show", NAME)
    assert accepted["sha256"] in shown
    assert "is running" in shown
    assert document("show", NAME)["state"]["adhered"] == {start: True}
    assert "is running" in output_of("list")
    assert "It is paused until" in output_of("pause", NAME, "--days", "3") + output_of("today")
    assert document("resume", NAME)["changed"]
    assert "abandoned" in output_of("abandon", NAME, "--reason", "no hot water")
    assert "No trial is open" in output_of("today")


def test_interim_analyses_that_do_not_fit_are_refused_with_what_to_do(here):
    done = CliRunner().invoke(app, ["trial", "accept", NAME, "--interim", "9"])
    assert isinstance(done.exception, InvalidCommand)
    assert "28 study days before it and a week to the next one and to the end" in str(done.exception)
    assert CliRunner().invoke(app, ["trial", "accept", NAME, "--interim", "-1"]).exit_code == 2
    # The option was called --looks before.
    assert document("accept", NAME, "--looks", "0")["changed"]
    assert document("show", NAME)["interim_analyses"] == []


def test_declining_needs_a_reason_and_is_kept(here):
    assert CliRunner().invoke(app, ["trial", "decline", NAME]).exit_code == 2
    assert "not proposed again" in output_of("decline", NAME, "--reason", "no bath tub")
    assert document("show", NAME)["state"]["reason"] == "no bath tub"
    assert not document("decline", NAME, "--reason", "no bath tub")["changed"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("accept", "flying"), NotFound, "Nothing called “flying” is proposed"),
        (("accept", NAME, "--start", "tomorrow"), InvalidCommand, "is not a date"),
        (("log", NAME, "--done"), InvalidCommand, "was not accepted"),
        (("resume", NAME), InvalidCommand, "was never proposed"),
        (("pause", NAME, "--days", "400"), InvalidCommand, "A pause lasts"),
        (("decline", NAME, "--reason", ""), InvalidCommand, "too short"),
    ],
)
def test_an_impossible_command_is_refused_in_a_sentence(here, arguments, error, message):
    done = CliRunner().invoke(app, ["trial", *arguments])
    assert isinstance(done.exception, error)
    assert message in str(done.exception)


def test_days_that_were_not_logged_are_asked_for_later_and_a_day_of_rest_asks_nothing(here):
    database, person = here.database, here.person
    today = dt.datetime.now(dt.UTC).date()

    def at(day):
        return today + dt.timedelta(days=day)

    step = accept(database, person, NAME, start=today, today=today)
    assert trial_task(step.status, today)["to_log"] == [today]
    step = log_day(database, person, NAME, done=True, day=at(1), note=None, today=at(2))
    asked = trial_task(step.status, at(2))
    assert asked["to_log"] == [today, at(2)]
    assert (asked["study_day"], asked["arm"]) == (3, step.status.protocol.arm_of(at(2)))
    step = pause(database, person, NAME, days=4, today=at(3))
    assert trial_task(step.status, at(4))["arm"] is None
    assert trial_task(step.status, at(4))["paused_until"] == at(7)


def test_after_its_last_day_a_trial_leads_on_to_its_report(here):
    today = dt.datetime.now(dt.UTC).date()
    protocol = accept(here.database, here.person, NAME, start=today, today=today).status.protocol

    def asked(days):
        day = protocol.last_day + dt.timedelta(days=days)
        with here.database.connect() as connection:
            return trial_task(load_trial_status(connection, here.person, NAME, day), day)

    assert asked(0)["next"] is None
    ready = protocol.last_day + dt.timedelta(days=protocol.lag_days + 2)
    report = f"santorio trial report {protocol.trial}"
    assert asked(1)["next"] == f"Its last day is over. From {ready} on, analyse: santorio run. Then: {report}"
    assert asked((ready - protocol.last_day).days)["next"] == (
        f"Its last day is over. Analyse: santorio run. Then: {report}"
    )
    assert f"Then: {report}" not in output_of("today")


def test_a_report_needs_an_answer_and_says_how_to_get_one(here):
    for name, message in (("flying", "There is no trial called"), (NAME, "is proposed and not accepted")):
        done = CliRunner().invoke(app, ["trial", "report", name])
        assert isinstance(done.exception, NotFound)
        assert message in str(done.exception)


def test_an_intervention_of_ones_own_is_taken_back_and_brought_back(here, store, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "interventions:\n- {name: humming, change: humming at noon, arms: [as usual, humming], outcomes: "
        "[sleep_minutes], half_life_days: 0.1, adherence: {ask: Did you hum?}, burden: 0.2}\n"
    )

    def own():
        with here.database.connect() as connection:
            return [
                intervention.name
                for intervention in load_custom_interventions(connection, here.person).interventions
            ]

    def bring():
        import_paths(here.database, store, here.person, [file])

    bring()
    assert own() == ["humming"]
    assert document("withdraw", "humming")["changed"]
    assert own() == []
    assert not document("withdraw", "humming")["changed"]
    bring()
    assert own() == []  # the same bytes say nothing new
    file.write_text(file.read_text() + "# again, please\n")
    bring()
    assert own() == ["humming"]
    refused = CliRunner().invoke(app, ["trial", "withdraw", "flying"])
    assert "Yours are: humming." in str(refused.exception)
