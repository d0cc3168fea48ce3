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


def output_of(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_consent_is_given_and_withdrawn_in_words_that_say_what_it_means(here):
    not_sharing = ["--person", here.people[5].name]
    assert "are not pooled" in output_of("consent", "show", *not_sharing)
    output = output_of("consent", "give", *not_sharing)
    assert "at least 5 people" in output
    assert "priors in protocols that were accepted" in output
    assert "unchanged" in output_of("consent", "give", *not_sharing)
    assert json.loads(output_of("consent", "show", "--json", *not_sharing))["shares"] is True
    assert "no longer pooled" in output_of("consent", "withdraw", *not_sharing)
    assert json.loads(output_of("consent", "show", "--json", *not_sharing))["shares"] is False


def test_the_asset_publishes_for_those_who_share_and_the_command_shows_it_beside_their_own(here):
    sharing, not_sharing = ["--person", here.people[0].name], ["--person", here.people[5].name]
    assert "There is no effect yet" in output_of("population", *sharing)
    database = dg.ResourceDefinition.hardcoded_resource(here.database)
    # Who shares is read once for each chunk of people.
    result = dg.materialize(
        [population], resources={"database": database, "settings": Settings(people_in_a_chunk=4)}
    )
    (event,) = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert (metadata["people"].value, metadata["accepted"].value) == (6, 5)
    output = output_of("population", *sharing)
    assert "100 mg more caffeine, that night" in output
    assert output.index("a trial of screens") < output.index("100 mg more caffeine")
    rows = json.loads(output_of("population", "--json", *sharing))["population"]
    assert [(row["basis"], row["people"]) for row in rows] == [("trial", 5), ("association", 5)]
    assert rows[1]["own_estimate"] == FOUND[0] / 2  # as published, with its own prior
    assert "only to people who share" in output_of("population", *not_sharing)
    output_of("consent", "withdraw", *sharing)
    assert "only to people who share" in output_of("population", *sharing)
    assert json.loads(output_of("population", "--json", *sharing))["population"] == []
