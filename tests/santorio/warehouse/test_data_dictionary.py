"""The dictionary is that of the project as it is; every mart says its grain, and its key holds it."""

import json
import os
import subprocess

import pytest

from santorio.warehouse import DBT, PROJECT, dbt_variables, ensure_manifest
from santorio.warehouse.data_dictionary import DICTIONARY, dictionary, unit
from santorio.warehouse.lineage import PAGE, SUBJECTS, with_lineage


@pytest.fixture(scope="module")
def manifest():
    return json.loads(ensure_manifest().read_text())


@pytest.fixture(scope="module")
def tables(manifest):
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [node for node in nodes if node["schema"] in {"marts", "training"} and node["fqn"][1] == "marts"]


def test_the_dictionary_is_current(manifest):
    assert DICTIONARY.read_text() == dictionary(manifest), "type `make dictionary`"


def test_the_picture_of_the_lineage_is_current(manifest, tables):
    page = PAGE.read_text()
    assert with_lineage(page, manifest) == page, "type `make dictionary`"
    drawn = {name for names in SUBJECTS.values() for name in names}
    assert drawn == {node["name"] for node in tables}
    assert "from_garmin --> subject_0" in page


def test_every_mart_says_its_grain_first(tables):
    assert len(tables) > 20
    assert [node["name"] for node in tables if not node["description"].startswith("One row per ")] == []


def test_every_mart_has_a_contract_and_a_primary_key(tables):
    # Views of samples have the key of what they unpack, which the database holds there.
    tables = [node for node in tables if node["config"]["materialized"] != "lasting_view"]
    keys = {
        node["name"]: [one["columns"] for one in node["constraints"] if one["type"] == "primary_key"]
        for node in tables
    }
    assert [name for name, columns in keys.items() if len(columns) != 1] == []
    assert [node["name"] for node in tables if not node["contract"]["enforced"]] == []


def test_every_column_that_measures_says_its_unit_in_its_name_or_its_words(tables):
    silent = [
        (node["name"], name)
        for node in tables
        for name, column in node["columns"].items()
        if column["data_type"] == "double precision"
        and not unit(name, column["description"])
        and not any(
            word in column["description"] for word in ("(", "scale", "unit", "score", "load", "ratio", "VO2")
        )
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("column", "description", "expected"),
    [
        ("hrv_rmssd_ms", "", "ms"), ("bmi_kg_m2", "", "kg/m²"), ("sleep_minutes", "", "min"),
        ("steps", "Steps (count).", "count"), ("stress_avg", "Mean stress (0-100).", "0-100"), ("sport", "Sport.", ""),
        ("efficiency_w_per_bpm", "", "W per beat/min"), ("local_at", "", "clock on the wall"),
        ("measured_at", "", "instant, UTC"), ("seconds", "", "s"), ("hr_seconds", "", "s"), ("work_kj", "", "kJ"),
        ("w_prime_j", "", "J"), ("w_prime_error_j", "", "J"),
    ],
)  # fmt: skip
def test_a_unit_is_that_of_the_name_else_of_the_words(column, description, expected):
    assert unit(column, description) == expected


def test_words_have_no_unit():
    assert unit("measure", "stress_level (0-100), steps.", "text") == ""
    assert "| `measure` | text, or null |  |" in DICTIONARY.read_text()
    assert "| `measure` | text, or null | 0-100 |" not in DICTIONARY.read_text()


def test_columns_mean_in_the_database_what_they_mean_here(manifest):
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert {json.dumps(node["config"]["persist_docs"], sort_keys=True) for node in models} == {
        '{"columns": true, "relation": true}'
    }


def test_dbt_docs_are_built_without_a_network(database, home):
    """The catalogue is read from the database; a proxy that refuses everything shows that nothing else is asked."""
    refused = dict.fromkeys(
        ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"
    )
    done = subprocess.run(
        [str(DBT), "docs", "generate", "--static", "--project-dir", str(PROJECT),
         "--target-path", str(home / "target"), "--log-path", str(home / "logs")],
        env={**os.environ, **dbt_variables(database.url), **refused}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    whole = (home / "target" / "static_index.html").read_text()
    assert "One row per person and local day" in whole
    assert (home / "target" / "catalog.json").exists()
