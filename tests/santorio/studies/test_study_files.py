"""Study files: the format that is read, the sentences that refuse another, and the notations of days."""

import pytest

from santorio.csv_table import read_table
from santorio.errors import ConfigError
from santorio.studies.spec import Design, read_study
from santorio.studies.timestamps import parse_timestamps
from support.studies import days, write_csv, write_study


def refusal(path):
    with pytest.raises(ConfigError) as refused:
        read_study(path)
    return str(refused.value)


def test_the_shortest_study_has_documented_defaults(tmp_path):
    study = read_study(write_study(tmp_path))
    assert study.outcomes[0].kind == "continuous"
    assert study.design.is_randomised
    assert study.outcomes[0].smallest_effect is None
    assert (study.washout, study.half_life, study.schedule) == (0, None, None)


def test_an_unknown_key_is_refused_with_what_is_possible(tmp_path):
    message = refusal(write_study(tmp_path, outcom="mood"))
    assert "“outcom” is not a key" in message
    assert "did you mean “outcomes”?" in message
    assert "columns, outcomes, arms" in message


def test_an_unknown_key_inside_says_where_it_stands(tmp_path):
    message = refusal(write_study(tmp_path, design={"scheme": "days", "blok": 4}))
    assert "“design.blok” is not a key of a study (did you mean “block”?)" in message


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        ({"law": "days", "block": 6, "longest_run": 2}, Design(scheme="days", block=6, max_run=2)),
        (
            {"law": "phases", "randomised": True, "fewest_per_phase": 4},
            Design(scheme="phases", randomised=True, min_per_phase=4),
        ),
    ],
)
def test_the_keys_of_earlier_releases_are_read(tmp_path, earlier, now):
    assert read_study(write_study(tmp_path, design=earlier)).design == now


def test_an_earlier_key_beside_its_new_one_is_refused(tmp_path):
    assert "“design.law” is not a key" in refusal(
        write_study(tmp_path, design={"scheme": "days", "law": "phases"})
    )


def test_what_is_missing_is_named(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("title: A study\n")
    message = refusal(path)
    assert all(f"“{key}” is missing" in message for key in ("data", "columns", "outcomes"))


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            {"outcomes": [{"column": "a", "kind": "colour"}]},
            "must be continuous, rating, count, binary or ordinal",
        ),
        ({"outcomes": [{"column": "a", "kind": "rating"}]}, "needs its bounds"),
        ({"outcomes": [{"column": "a", "smallest_effect": -2}]}, "above 0"),
        ({"outcomes": [{"column": "a", "smallest_effect": "much"}]}, "percentage such as"),
        ({"outcomes": [{"column": "a"}, {"column": "a"}]}, "same outcome twice"),
        ({"outcomes": []}, "outcomes"),
        ({"columns": {"day": "day", "time": "time", "arm": "arm"}}, "either day or time"),
        ({"columns": {"day": "day", "arm": "arm", "dose": "dose"}}, "arm or dose, not both"),
        ({"columns": {"day": "day"}}, "nothing states the arm of each day"),
        ({"design": {"scheme": "periods"}}, "needs period"),
        ({"design": {"scheme": "alternating", "randomised": True}}, "cannot be randomised"),
        ({"design": {"scheme": "phases", "randomised": True}}, "min_per_phase"),
        ({"washout": -1}, "washout"),
        ({"half_life": "long"}, "half_life"),
        ({"day_starts": "25:00"}, "day_starts"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(tmp_path, stated, message):
    assert message in refusal(write_study(tmp_path, **stated))


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("title: One\ntitle: Two\n")
    assert "“title” appears twice" in refusal(path)


def test_arms_may_be_called_no_and_on(tmp_path):
    path = write_study(tmp_path)
    path.write_text(path.read_text() + "arms:\n  no: without\n  on: with\n  1: much\n")
    assert read_study(path).arms == {"no": "without", "on": "with", "1": "much"}


@pytest.mark.parametrize("text", ["", "[1, 2]", "title: [", "just words"])
def test_a_file_that_is_not_a_study_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    assert "docs/studies.md" in refusal(path)


def test_a_missing_study_file_is_reported(tmp_path):
    assert "There is no study file" in refusal(tmp_path / "study.yaml")


def test_a_smallest_effect_may_be_a_percentage(tmp_path):
    study = read_study(write_study(tmp_path, outcomes=[{"column": "a", "smallest_effect": "10 %"}]))
    assert study.outcomes[0].smallest_percent == pytest.approx(10)


def test_a_number_that_is_not_a_date_among_thousands_of_compact_dates_makes_them_plain_numbers(tmp_path):
    dates = [day.replace("-", "") for day in days(2500, "2018-01-01")]
    compact = read_table(write_csv(tmp_path / "dates.csv", {"day": dates, "mood": range(2500)}))
    assert parse_timestamps(compact, "day").dated
    dates[-1] = "20261399"
    mixed = read_table(write_csv(tmp_path / "mixed.csv", {"day": dates, "mood": range(2500)}))
    assert not parse_timestamps(mixed, "day").dated
