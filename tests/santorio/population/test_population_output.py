"""`santorio consent` and `santorio population` say what sharing means, and what those who share have in common."""

import json

import dagster as dg
import pytest
from typer.testing import CliRunner

from assets.analyses import population
from santorio.cli.console import console
from santorio.cli.main import app
from santorio.settings import Settings
from support.warehouse import failures, run_dbt

FOUND = (-12.0, -20.0, -8.0, -15.0, -30.0)


@pytest.fixture
def here(group, home, monkeypatch, tmp_path):
    """Five people who share, one who does not, in the database that the commands open."""
    monkeypatch.setenv("SANTORIO_HOME", str(home))
    monkeypatch.setenv("SANTORIO_DATABASE_URL", group.database.url)
    monkeypatch.setenv("SANTORIO_DAGSTER_DATABASE_URL", group.database.dagster_url)
    # Whatever terminal there is: in a narrow one a table wraps its words.
    monkeypatch.setattr(console, "_width", 200)
    # The command reads what the API reads.
    views = run_dbt(group.database, tmp_path, "run", "--select", "api_effects", "api_population")
    assert failures(views) == []
    for estimate in FOUND:
        group.add(estimate)
    group.add(5.0, shares=False)
    return group


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_consent_is_given_and_withdrawn_in_words_that_say_what_it_means(here):
    silent = ["--person", here.people[5].name]
    assert "are not pooled" in said("consent", "show", *silent)
    told = said("consent", "give", *silent)
    assert "at least 5 people" in told
    assert "priors in protocols that were accepted" in told
    assert "unchanged" in said("consent", "give", *silent)
    assert json.loads(said("consent", "show", "--json", *silent))["shares"] is True
    assert "no longer pooled" in said("consent", "withdraw", *silent)
    assert json.loads(said("consent", "show", "--json", *silent))["shares"] is False


def test_the_asset_tells_each_who_shares_and_the_command_shows_it_beside_their_own(here):
    one, silent = ["--person", here.people[0].name], ["--person", here.people[5].name]
    assert "There is no effect yet" in said("population", *one)
    database = dg.ResourceDefinition.hardcoded_resource(here.database)
    # Who shares is read once for each chunk of people.
    result = dg.materialize(
        [population], resources={"database": database, "settings": Settings(people_in_a_chunk=4)}
    )
    (event,) = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert (metadata["people"].value, metadata["accepted"].value) == (6, 5)
    told = said("population", *one)
    assert "100 mg more caffeine, that night" in told
    assert told.index("a trial of screens") < told.index("100 mg more caffeine")
    rows = json.loads(said("population", "--json", *one))["population"]
    assert [(row["basis"], row["people"]) for row in rows] == [("trial", 5), ("association", 5)]
    assert rows[1]["own_estimate"] == FOUND[0] / 2  # as published, with its own prior
    assert "only to people who share" in said("population", *silent)
    said("consent", "withdraw", *one)
    assert "only to people who share" in said("population", *one)
    assert json.loads(said("population", "--json", *one))["population"] == []
