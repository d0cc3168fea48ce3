"""A study that cannot be answered ends in a sentence that says what is needed; a weak one warns of its limits."""

import time

import numpy as np
import pytest

from santorio.errors import DataError, NotEnoughData
from support.studies import answer, codes, days, only, write_study

RNG = np.random.default_rng(1)
ARM = RNG.permutation(np.repeat(["A", "B"], 35)).tolist()
OUTCOME = (50 + 5 * RNG.normal(size=70)).round(1).tolist()


def columns(**changed):
    return {"day": days(70), "arm": ARM, "outcome": OUTCOME, **changed}


def refusal(path, error=DataError):
    with pytest.raises(error) as refused:
        answer(path)
    return str(refused.value)


def test_three_days_are_too_few(tmp_path):
    data = {"day": days(3), "arm": ["A", "B", "A"], "outcome": [1, 2, 3]}
    message = refusal(write_study(tmp_path, data), NotEnoughData)
    assert "3 days have an outcome. At least 8 days with an outcome are needed, 3 of each arm." in message


def test_an_arm_that_was_never_taken_is_named(tmp_path):
    stated = {"arms": {"A": "tea", "B": "coffee"}}
    message = refusal(write_study(tmp_path, columns(arm=["A"] * 70), **stated), NotEnoughData)
    assert "The arm “coffee” was never taken" in message
    assert "Every row has the same arm, “A”" in refusal(write_study(tmp_path, columns(arm=["A"] * 70)))


def test_an_arm_without_an_outcome_is_named(tmp_path):
    outcome = [value if arm == "A" else "" for value, arm in zip(OUTCOME, ARM, strict=True)]
    assert "“B” has 0 days with an outcome" in refusal(write_study(tmp_path, columns(outcome=outcome)))


def test_values_that_are_all_equal_are_refused(tmp_path):
    assert "never varies" in refusal(write_study(tmp_path, columns(outcome=[7] * 70)), NotEnoughData)


def test_an_outcome_in_text_is_refused_by_its_lines_and_never_by_its_values(tmp_path):
    outcome = [*OUTCOME[:5], "dreadful", *OUTCOME[6:9], "fine", *OUTCOME[10:]]
    message = refusal(write_study(tmp_path, columns(outcome=outcome)))
    assert "is not a number in 2 of 70 rows (lines 7, 11)" in message
    assert "dreadful" not in message


def test_nine_of_ten_missing_leaves_too_little_or_a_warned_answer(tmp_path):
    few = [value if at % 10 == 0 else "" for at, value in enumerate(OUTCOME)]
    assert "7 days have an outcome" in refusal(write_study(tmp_path, columns(outcome=few)))
    sparse = {"day": days(400), "arm": (ARM * 6)[:400], "outcome": [""] * 400}
    sparse["outcome"][::10] = OUTCOME[:40]
    answered = answer(write_study(tmp_path, sparse))
    assert only(answered).decision == "keep going"
    assert "many_missing" in codes(answered)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (
            "day,arm\n"
            + "".join(f"{day},{arm}\n" for day, arm in zip(days(70, "2027-01-05"), ARM, strict=True)),
            "only 0 of 70 days",
        ),
        ("[1, {}]", "is not a valid schedule"),
        ("day,arm\n2026-01-05,A\n2026-01-05,B\n", "a day twice"),
        ("day,arm,note\n2026-01-05,A,x\n", "has 3 columns"),
    ],
)
def test_a_schedule_that_does_not_match_is_refused(tmp_path, schedule, message):
    name = "schedule.json" if schedule.startswith("[") else "schedule.csv"
    (tmp_path / name).write_text(schedule)
    path = write_study(tmp_path, columns(), schedule=name, columns={"day": "day"})
    assert message in refusal(path)


def test_a_schedule_that_contradicts_the_arms_is_refused_and_one_that_slips_is_warned_of(tmp_path):
    def schedule(arms):
        rows = [f"{day},{arm}\n" for day, arm in zip(days(70), arms, strict=True)]
        (tmp_path / "schedule.csv").write_text("day,arm\n" + "".join(rows))
        return write_study(tmp_path, columns(), schedule="schedule.csv")

    assert "they agree on" in refusal(schedule(["B" if arm == "A" else "A" for arm in ARM]))
    slipped = [*ARM[:60], *("B" if arm == "A" else "A" for arm in ARM[60:])]
    answered = answer(schedule(slipped))
    assert any("agrees with what was assigned on 86 %" in warning.text for warning in answered.warnings)


def test_a_schedule_that_counts_days_is_not_guessed_where_dates_have_gaps(tmp_path):
    (tmp_path / "schedule.json").write_text(str([int(arm == "B") for arm in ARM]))
    stated = {"schedule": "schedule.json", "columns": {"day": "day"}}
    complete = only(answer(write_study(tmp_path, columns(), **stated))).effect
    day = days(90)
    paused = [*day[:30], *day[50:90]]
    answered = answer(write_study(tmp_path, columns(day=paused), **stated))
    assert "schedule_counts" in codes(answered)
    assert (
        only(answered).raw_difference
        == only(answer(write_study(tmp_path, columns(day=paused)))).raw_difference
    )
    assert complete.estimate != only(answered).effect.estimate
    few = {name: values[:-1] for name, values in columns(day=paused).items()}
    assert "counts 70 days, and the data has 69 dates over 89" in refusal(
        write_study(tmp_path, few, **stated)
    )


def test_duplicate_days_are_summarised_with_a_warning_and_contradictory_days_are_refused(tmp_path):
    twice = {name: [*values, values[4]] for name, values in columns().items()}
    answered = answer(write_study(tmp_path, twice))
    assert answered.data.rows == 70
    assert "duplicate_days" in codes(answered)
    twice["arm"][-1] = "A" if twice["arm"][4] == "B" else "B"
    assert "1 of 70 days (or numbers) have rows of two arms" in refusal(write_study(tmp_path, twice))


def test_tests_of_one_day_may_have_arms_of_their_own(tmp_path):
    data = {"day": np.repeat(days(20), 2), "arm": ["A", "B"] * 20, "outcome": OUTCOME[:40]}
    assert (
        answer(write_study(tmp_path, data, analyse_by="test", design={"scheme": "unknown"})).data.rows == 40
    )


def test_a_constant_baseline_is_answered_with_a_warning(tmp_path):
    outcome = [5 if arm == "A" else value for value, arm in zip(OUTCOME, ARM, strict=True)]
    answered = answer(write_study(tmp_path, columns(outcome=outcome)))
    assert "constant_arm" in codes(answered)
    effect = only(answered).effect
    assert effect.lower_95 < 45 < effect.upper_95


def test_arms_that_are_both_constant_are_answered_with_finite_figures(tmp_path):
    outcome = [5 if arm == "A" else 6 for arm in ARM]
    answered = answer(write_study(tmp_path, columns(outcome=outcome)))
    assert "constant_arm" in codes(answered)
    assert 0 < only(answered).effect.lower_95 < 1 < only(answered).effect.upper_95


def test_a_hundred_thousand_rows_are_answered_in_seconds(tmp_path):
    rng = np.random.default_rng(2)
    at = np.datetime64("2026-01-05T00:00") + np.arange(100_000) * np.timedelta64(1, "m")
    day = at.astype("datetime64[D]").astype(int)
    data = {"time": at.astype(str), "arm": day % 2, "outcome": rng.normal(size=100_000).round(3)}
    start = time.process_time()
    answered = answer(
        write_study(tmp_path, data, columns={"time": "time", "arm": "arm"}, design={"scheme": "alternating"})
    )
    assert (answered.data.rows_read, answered.data.rows) == (100_000, 70)
    assert time.process_time() - start < 20


def test_a_hundred_thousand_tests_of_their_own_are_sent_to_be_summarised(tmp_path):
    data = {"day": range(100_000), "arm": ["A", "B"] * 50_000, "outcome": [1, 2] * 50_000}
    assert "100000 tests; at most 20000" in refusal(write_study(tmp_path, data))


def test_a_dose_below_zero_and_a_dose_in_words_are_refused(tmp_path):
    mapped = {"columns": {"day": "day", "dose": "arm"}}
    assert "is not a number" in refusal(write_study(tmp_path, columns(), **mapped))
    assert "below 0" in refusal(write_study(tmp_path, columns(arm=[-1, 1] * 35), **mapped))
    assert "same dose" in refusal(write_study(tmp_path, columns(arm=[1] * 70), **mapped))


def test_values_outside_the_bounds_of_a_rating_are_refused(tmp_path):
    rating = [{"column": "outcome", "kind": "rating", "bounds": [0, 10]}]
    assert "outside its bounds in 70 of 70 rows" in refusal(write_study(tmp_path, columns(), outcomes=rating))


def test_a_binary_outcome_that_is_neither_yes_nor_no_is_refused(tmp_path):
    binary = [{"column": "outcome", "kind": "binary"}]
    assert "neither yes nor no" in refusal(write_study(tmp_path, columns(), outcomes=binary))
    words = ["pain", "well", "so-so"] * 23 + ["pain"]
    binary[0]["positive"] = "pain"
    assert "holds 3 different values" in refusal(
        write_study(tmp_path, columns(outcome=words), outcomes=binary)
    )


def test_arms_that_are_amounts_are_sent_to_dose(tmp_path):
    assert "Amounts belong under dose" in refusal(write_study(tmp_path, columns(arm=OUTCOME)))


def test_an_arm_and_a_reference_that_are_not_there_are_named(tmp_path):
    assert "the arm “B”, which is not under arms:" in refusal(
        write_study(tmp_path, columns(), arms={"A": "tea"})
    )
    assert "reference “C” is not an arm" in refusal(write_study(tmp_path, columns(), reference="C"))


def test_rows_without_day_or_arm_are_excluded_with_a_warning(tmp_path):
    day, arm = days(70), list(ARM)
    day[3], arm[10] = "", ""
    answered = answer(write_study(tmp_path, columns(day=day, arm=arm)))
    assert answered.data.rows == 68
    assert {"no_day", "no_arm"} <= codes(answered)


def test_a_case_with_too_little_data_is_excluded_from_several_with_a_warning(tmp_path):
    data = columns(who=["Ann"] * 36 + ["Ben"] * 31 + ["Cem"] * 3)
    answered = answer(write_study(tmp_path, data, columns={"day": "day", "arm": "arm", "case": "who"}))
    assert answered.data.cases == ["Ann", "Ben"]
    assert any(warning.text.startswith("Cem is excluded") for warning in answered.warnings)


def test_a_missing_data_file_is_reported(tmp_path):
    assert "There is no data file" in refusal(write_study(tmp_path, data="elsewhere.csv"))


def test_decimal_commas_and_dates_of_several_formats_give_the_same_answer(tmp_path):
    plain = only(answer(write_study(tmp_path, columns()))).effect
    day = [f"{int(day[8:])}.{int(day[5:7])}.{day[:4]}" if at % 2 else day for at, day in enumerate(days(70))]
    outcome = [str(value).replace(".", ",") for value in OUTCOME]
    rows = "".join(f"{a};{b};{c}\n" for a, b, c in zip(day, ARM, outcome, strict=True))
    (tmp_path / "data.csv").write_text("day;arm;outcome\n" + rows, encoding="cp1252")
    assert only(answer(write_study(tmp_path))).effect == plain
