"""What docs/studies.md shows is what happens."""

import json
import re
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from typer.testing import CliRunner

from santorio.cli.main import app
from santorio.studies.result import StudyAnswer
from santorio.studies.spec import (
    ColumnNames,
    DataFile,
    Design,
    OutcomeColumn,
    ReportText,
    ScheduleFile,
    SchemeName,
    Study,
)

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "studies.md").read_text(encoding="utf-8")


@pytest.fixture
def example(tmp_path):
    (yaml,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (csv,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "lamp.yaml").write_text(yaml, encoding="utf-8")
    (tmp_path / "lamp.csv").write_text(csv, encoding="utf-8")
    return tmp_path / "lamp.yaml"


def run(*arguments):
    return CliRunner().invoke(app, ["study", *map(str, arguments)])


def test_the_documented_example_is_answered_in_words(example):
    done = run("analyse", example)
    assert done.exit_code == 0
    assert "Does half an hour at a bright lamp lift my mood" in done.output
    assert "“lamp” raised mood" in " ".join(done.output.split())
    assert "Randomisation test" in done.output


def test_the_documented_example_is_answered_as_json_of_the_promised_shape(example):
    done = run("analyse", example, "--json")
    document = json.loads(done.output)
    jsonschema.Draft202012Validator(StudyAnswer.model_json_schema()).validate(document)
    assert document["format"] == "santorio-study-answer/1"
    mood, sleep = document["outcomes"]
    (comparison,) = mood["comparisons"]
    assert (comparison["arm"], comparison["reference"], comparison["decision"]) == (
        "lamp",
        "no lamp",
        "adopt",
    )
    assert [arm["rows"] for arm in mood["arms"]] == [12, 11]
    assert comparison["effect"]["lower_95"] < 7 < comparison["effect"]["upper_95"]
    assert comparison["randomisation"]["p"] < 0.05
    assert not sleep["primary"]
    assert set(document["data"]["sha256"]) == {"lamp.csv"}


def shown():
    """Every word that the page sets in code."""
    return {word for span in re.findall(r"`([^`\n]+)`", PAGE) for word in re.findall(r"\w+", span)}


def test_every_key_of_the_format_is_documented():
    for model in (Study, DataFile, ColumnNames, OutcomeColumn, Design, ScheduleFile, ReportText):
        assert model.model_fields.keys() - shown() == set()
    assert set(get_args(SchemeName)) - shown() == set()


def test_every_place_of_the_answer_is_documented():
    schema = StudyAnswer.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    names = {name for part in parts for name in part.get("properties", {})}
    assert names - shown() == set()


def test_what_cannot_be_answered_is_a_sentence_and_exit_code_1(example, monkeypatch, capsys):
    import sys

    from santorio.cli.main import main

    example.write_text(example.read_text().replace("column: mood ", "column: mod "))
    monkeypatch.setattr(sys, "argv", ["santorio", "study", "analyse", str(example)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    output = capsys.readouterr().err
    assert "lamp.csv has no column “mod”" in output
    assert "Traceback" not in output
