"""The demo runs the full pipeline: from files to an answer, and what is published is what is true."""

import signal
import time

import pytest
from fastapi.testclient import TestClient

from santorio.api.app import create_app
from santorio.settings import Settings
from santorio.storage.database.connect import open_database

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def demo(terminal):
    return terminal.json("demo")


def counts(terminal) -> dict[str, int]:
    tables = ("raw.events", "marts.days", "marts.nights", "marts.activities", "marts.exposures", "marts.outcomes",
              "analysis.effects", "analysis.trial_results", "analysis.proposals")  # fmt: skip
    with open_database(Settings(home=terminal.home)) as database, database.connect() as connection:
        return {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}


def effect(demo, exposure: str, outcome: str) -> dict:
    return next(
        row for row in demo["summary"]["effects"] if (row["exposure"], row["outcome"]) == (exposure, outcome)
    )


def test_every_day_of_the_simulated_life_is_gathered(demo):
    gathered = demo["summary"]["gathered"]
    assert (gathered["days"], gathered["rejected"]) == (180, 0)
    assert gathered["nights"] > 160
    assert gathered["activities"] > 80
    assert demo["run"]["failures"] == []


@pytest.mark.parametrize(
    ("exposure", "outcome"),
    [
        ("caffeine_after_15_mg", "sleep_minutes"),
        ("alcohol_g", "hrv_rmssd_ms"),
        ("training_load", "resting_hr_bpm"),
    ],
)
def test_the_effects_that_are_there_are_found_with_their_sign_and_size(demo, exposure, outcome):
    row = effect(demo, exposure, outcome)
    assert row["lower_95"] <= row["truth"] <= row["upper_95"]
    assert row["lower_95"] > 0 or row["upper_95"] < 0


def test_a_trial_of_nothing_is_not_called_something(demo):
    trial = demo["summary"]["trial"]
    assert (trial["trial"], trial["truth"]) == ("magnesium", 0.0)
    assert trial["lower_95"] <= 0 <= trial["upper_95"]
    assert trial["decision"] in {"no difference that matters", "keep going"}


def test_an_experiment_is_proposed_with_its_schedule_and_why(demo):
    proposal = demo["summary"]["proposal"]
    assert len(proposal["arms"]) >= 2
    assert len(proposal["schedule"]) == proposal["days_needed"]
    assert proposal["question"].endswith("?")
    assert proposal["why"]


def test_the_api_answers_with_the_figures_of_the_demo(terminal, demo):
    token = terminal.json("token")["token"]
    settings = Settings(home=terminal.home)
    with open_database(settings) as database, TestClient(create_app(settings, database.reader_url)) as client:
        headers = {"Authorization": f"Bearer {token}"}
        effects = client.get("/v1/effects?limit=1000", headers=headers).json()["data"]
        days = client.get("/v1/days?limit=1000", headers=headers).json()["data"]
        trials = client.get("/v1/trials", headers=headers).json()["data"]
        assert client.get("/ready").status_code == 200
    shown = {(row["exposure"], row["outcome"]): row["estimate"] for row in effects}
    assert shown == {
        (row["exposure"], row["outcome"]): pytest.approx(row["estimate"])
        for row in demo["summary"]["effects"]
    }
    assert len(days) == 180
    trial = next(one for one in trials if one["trial_id"] == "trial:magnesium")
    assert trial["result"][0]["estimate"] == pytest.approx(demo["summary"]["trial"]["estimate"])
    assert any(one["kind"] == "proposal" for one in trials)


def test_a_second_run_has_nothing_to_do(terminal, demo):
    assert terminal.json("run")["outcome"] == "up to date"


def test_the_demo_shown_again_adds_nothing(terminal, demo):
    before = counts(terminal)
    assert terminal.json("demo")["run"]["failures"] == []
    assert counts(terminal) == before


def test_every_command_speaks_to_people_and_to_programs(terminal, demo):
    assert "demo" in terminal.type("status").stdout
    assert terminal.json("status")["people"][0]["events"] > 1000
    assert "sleep" in terminal.type("coverage").stdout
    assert terminal.json("coverage")["gaps"]
    assert "no issues found" in terminal.type("quality").stdout
    judged = terminal.json("quality")["days"]
    assert len(judged) == 180
    assert {day["quality"] for day in judged} >= {"complete", "unknown"}
    page = terminal.home / "days.html"
    assert terminal.type("quality", "--html", str(page)).returncode == 0
    assert "Which days can be trusted" in page.read_text()
    assert "magnesium" in terminal.type("trial", "list").stdout
    assert terminal.json("trial", "show", "magnesium")["results"]
    missing = terminal.type("trial", "show", "nothing")
    assert (missing.returncode, "trial list" in missing.stderr, "Traceback" in missing.stderr) == (
        1,
        True,
        False,
    )


@pytest.mark.slow
def test_a_study_that_is_killed_is_completed_by_the_next_and_nothing_is_there_twice(terminal, demo):
    before = counts(terminal)
    process = terminal.start("pipelines.run", "--force")
    for line in process.stderr:  # the first step has ended: dbt is at work
        if "Garmin" in line:
            break
    time.sleep(4)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    report = terminal.json("run", "--force")
    assert (report["outcome"], report["failures"]) == ("done", [])
    assert counts(terminal) == before
