"""Published trials through a study file: their figures come out again."""

from pathlib import Path

import pytest

from support.studies import answer, codes, only, write_study

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "nof1"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data/nof1) is not here")

MOOD = {"column": "mood", "kind": "rating", "bounds": [0, 100], "unit": "points", "direction": "higher"}
MELATONIN = {
    "title": "Melatonin and mood",
    "reference": "control",
    "arms": {"control": "control", "melatonin": "melatonin"},
    "outcomes": [MOOD],
}


def melatonin(folder, name, **stated):
    return answer(write_study(folder, **{**MELATONIN, "data": str(DATA / "melatonin" / name), **stated}))


def test_the_daily_file_of_the_melatonin_trial_gives_its_published_means_and_no_clear_effect(tmp_path):
    answered = melatonin(tmp_path, "miura_ema_70day_daily.csv", columns={"day": "date", "arm": "condition"})
    control, treated = answered.outcomes[0].arms
    assert (control.rows, treated.rows) == (35, 35)
    assert (round(control.mean, 2), round(treated.mean, 2)) == (76.67, 77.59)
    assert (round(control.sd, 2), round(treated.sd, 2)) == (6.41, 4.45)
    found = only(answered)
    assert round(found.raw_difference, 2) == 0.92
    assert found.effect.lower_95 < 0 < found.effect.upper_95
    assert -1.5 < found.effect.lower_95 < -0.8
    assert 2.3 < found.effect.upper_95 < 3.3
    assert found.randomisation is not None
    assert 0.3 < found.randomisation.p < 0.6


def test_its_single_pings_are_the_same_days(tmp_path):
    pings = melatonin(tmp_path, "miura_ema_70day.csv", columns={"day": "study_day", "arm": "condition"})
    assert (pings.data.rows_read, pings.data.rows) == (195, 70)
    assert [round(arm.mean, 2) for arm in pings.outcomes[0].arms] == [76.67, 77.59]
    assert round(only(pings).raw_difference, 2) == 0.92


def test_its_schedule_file_in_place_of_the_arms_gives_the_same(tmp_path):
    columns = {"day": "date", "arm": "condition"}
    by_column = only(melatonin(tmp_path, "miura_ema_70day_daily.csv", columns=columns))
    answered = melatonin(
        tmp_path, "miura_ema_70day_daily.csv", columns={"day": "date"}, arms={0: "control", 1: "melatonin"},
        schedule=str(DATA / "melatonin" / "schedule.json"),
    )  # fmt: skip
    assert only(answered).effect == by_column.effect


def test_the_noopept_data_is_read_with_its_blanks_and_finds_no_clear_effect(tmp_path):
    answered = answer(
        write_study(
            tmp_path,
            data=str(DATA / "noopept" / "2013-gwern-noopept.csv"),
            columns={"day": "Date", "arm": "Noopept"},
            arms={0: "placebo", 1: "noopept"},
            outcomes=[{"column": "MP", "kind": "rating", "bounds": [1, 5], "direction": "higher"}],
        )
    )
    placebo, noopept = answered.outcomes[0].arms
    assert (placebo.rows, noopept.rows) == (33, 23)
    assert (round(placebo.mean, 3), round(noopept.mean, 3)) == (2.909, 3.043)
    found = only(answered)
    assert round(found.raw_difference, 3) == 0.134
    assert found.effect.lower_95 < 0 < found.effect.upper_95
    assert found.decision == "keep going"
    assert not codes(answered)
