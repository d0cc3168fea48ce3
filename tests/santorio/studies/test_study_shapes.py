"""Whole studies of the shapes that people publish, simulated with a known truth."""

import numpy as np
import pytest

from support.studies import answer, ar1, codes, days, only, write_csv, write_study


def test_an_effect_of_days_drawn_by_chance_is_recovered(tmp_path):
    rng = np.random.default_rng(1)
    arm = rng.permutation(np.repeat([0, 1], 35))
    mood = 60 + 8 * ar1(rng, 70, 0.4) + 8 * arm
    answered = answer(
        write_study(
            tmp_path,
            {"day": days(70), "arm": np.where(arm, "tea", "coffee"), "outcome": mood.round(2)},
            reference="coffee",
            outcomes=[{"column": "outcome", "direction": "higher", "smallest_effect": 3, "unit": "points"}],
        )
    )
    comparison = only(answered)
    assert comparison.effect.lower_95 < 8 < comparison.effect.upper_95
    assert comparison.effect.lower_95 > 0
    assert comparison.decision == "adopt"
    assert comparison.randomisation is not None
    assert comparison.randomisation.p < 0.01
    assert comparison.randomisation.lower_95 < 8 < comparison.randomisation.upper_95
    assert answered.design.claim == "caused"
    assert "“tea” raised outcome" in answered.answer
    assert comparison.cases[0].autocorrelation[1] < 0.4 < comparison.cases[0].autocorrelation[2]


def reaction_times(rng, effect_ms):
    """Forty tests of twenty responses each, in blocks ABBA, faster with practice."""
    arm = np.tile([0, 1, 1, 0], 10)
    test = np.arange(1, 41)
    level = 420 - 30 * (1 - np.exp(-test / 12)) + 12 * ar1(rng, 40, 0.3) + effect_ms * arm
    responses = level[:, None] * np.exp(0.18 * rng.normal(size=(40, 20)))
    return {
        "test": np.repeat(test, 20),
        "drink": np.repeat(np.where(arm, "caffeine", "placebo"), 20),
        "rt": responses.ravel().round(1),
    }


def test_reaction_times_of_forty_tests_in_abba_order_are_recovered(tmp_path):
    answered = answer(
        write_study(
            tmp_path,
            reaction_times(np.random.default_rng(2), -25),
            columns={"day": "test", "arm": "drink"},
            outcomes=[
                {
                    "column": "rt",
                    "label": "reaction time",
                    "unit": "ms",
                    "direction": "lower",
                    "smallest_effect": 10,
                }
            ],
            reference="placebo",
            design={"scheme": "counterbalanced"},
            row="test",
        )
    )
    comparison = only(answered)
    assert (answered.data.rows, answered.data.rows_read, answered.data.row) == (40, 800, "test")
    assert comparison.effect.lower_95 < -25 < comparison.effect.upper_95
    assert comparison.effect.upper_95 < 0
    assert comparison.decision == "adopt"
    # Nobody tossed a coin: no test by re-drawing, and no word of a cause.
    assert comparison.randomisation is None
    assert "not_randomised" in codes(answered)
    assert "association" in answered.answer
    assert "lowered" not in answered.answer
    assert len(comparison.cases[0].cycles) == 10


def test_abba_by_the_toss_of_a_coin_for_each_block_is_tested_over_all_tosses(tmp_path):
    rng = np.random.default_rng(3)
    arm = np.concatenate([np.array([0, 1, 1, 0]) ^ coin for coin in rng.integers(2, size=10)])
    answered = answer(
        write_study(
            tmp_path,
            {"day": range(40), "arm": arm, "outcome": (400 + 20 * rng.normal(size=40) - 20 * arm).round(1)},
            design={"scheme": "counterbalanced", "randomised": True},
        )
    )
    test = only(answered).randomisation
    assert test is not None
    assert (test.schedules, test.complete) == (1024, True)
    assert test.p < 0.05
    assert answered.design.claim == "caused"


def particles(rng, days_of_study, ratio, every=96):
    """Counts every 15 minutes over alternating days: lognormal, slow within a day and from day to day."""
    arm = np.arange(days_of_study) % 2
    within = ar1(rng, days_of_study * every, 0.97)
    level = 7 + 0.5 * np.repeat(ar1(rng, days_of_study, 0.5), every) + 0.6 * within
    count = rng.poisson(np.exp(level) * np.where(np.repeat(arm, every), ratio, 1.0))
    at = np.datetime64("2026-01-05T00:00") + np.arange(days_of_study * every) * np.timedelta64(
        1440 // every, "m"
    )
    return {"time": at.astype(str), "filter": np.repeat(arm, every), "particles": count}


def test_thousands_of_particle_counts_are_as_many_answers_as_there_are_days(tmp_path):
    stated = {
        "columns": {"time": "time", "arm": "filter"},
        "arms": {0: "off", 1: "on"},
        "outcomes": [
            {"column": "particles", "kind": "count", "direction": "lower", "smallest_effect": "10 %"}
        ],
        "design": {"scheme": "alternating"},
    }
    answered = answer(write_study(tmp_path, particles(np.random.default_rng(5), 70, 0.4), **stated))
    comparison = only(answered)
    assert (answered.data.rows_read, answered.data.rows) == (6720, 70)
    assert answered.outcomes[0].scale == "log"
    assert "geometric mean" in answered.outcomes[0].summary
    assert comparison.effect.percent is not None
    assert -70 < comparison.effect.percent[0] < -50
    assert comparison.decision == "adopt"
    assert comparison.randomisation is None
    assert answered.design.claim == "associated"


@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_intervals_of_particle_counts_hold_the_truth_though_readings_are_thousands(tmp_path, ratio):
    missed = []
    for seed in range(10):
        data = particles(np.random.default_rng(100 + seed), 70, ratio, every=24)
        comparison = only(
            answer(
                write_study(
                    tmp_path, data, columns={"time": "time", "arm": "filter"},
                    outcomes=[{"column": "particles", "kind": "count"}], design={"scheme": "alternating"},
                )
            )
        )  # fmt: skip
        _, lower, upper = comparison.effect.percent
        missed.append(not lower < 100 * (ratio - 1) < upper)
    assert sum(missed) <= 2


def pupils(rng, effect, count=4, per_phase=7, label=("A", "B", "A", "B")):
    columns = {"pupil": [], "session": [], "phase": [], "score": []}
    for pupil in range(count):
        own = effect + rng.normal(0, 1)
        phase = np.repeat(label, per_phase)
        treated = np.array([label.startswith("B") for label in phase])
        score = 10 + 2 * rng.normal() + 2 * ar1(rng, len(phase), 0.3) + own * treated
        columns["pupil"] += [f"pupil {pupil + 1}"] * len(phase)
        columns["session"] += range(1, len(phase) + 1)
        columns["phase"] += phase.tolist()
        columns["score"] += score.round(1).tolist()
    return columns


PUPILS = {
    "columns": {"day": "session", "arm": "phase", "case": "pupil"},
    "outcomes": [{"column": "score", "direction": "higher", "smallest_effect": 1}],
    "design": {"scheme": "phases"},
    "row": "session",
}


def test_abab_phases_of_several_pupils_are_pooled_and_each_has_its_own_answer(tmp_path):
    answered = answer(write_study(tmp_path, pupils(np.random.default_rng(5), 6), **PUPILS))
    comparison = only(answered)
    assert [case.case for case in comparison.cases] == [f"pupil {number}" for number in range(1, 5)]
    assert comparison.effect.lower_95 < 6 < comparison.effect.upper_95
    assert comparison.effect.lower_95 > 0
    widths = [case.effect.upper_95 - case.effect.lower_95 for case in comparison.cases]
    assert comparison.effect.upper_95 - comparison.effect.lower_95 < min(widths) * 1.5
    assert comparison.between is not None
    assert comparison.between.lower_95 < 1 < comparison.between.upper_95
    assert comparison.between.probability_same_sign > 0.9
    assert all(case.pooled_effect is not None for case in comparison.cases)
    assert all(len(case.cycles) == 2 for case in comparison.cases)
    assert "few_phases" in codes(answered)
    assert answered.design.claim == "associated"
    assert comparison.randomisation is None


def test_phases_that_are_numbered_are_their_letters(tmp_path):
    data = pupils(np.random.default_rng(5), 6, label=("A1", "B1", "A2", "B2"))
    answered = answer(write_study(tmp_path, data, **PUPILS))
    assert (only(answered).arm, only(answered).reference) == ("B", "A")
    assert "phase_names" in codes(answered)


def test_phases_that_are_numbered_from_the_second_on_are_their_names(tmp_path):
    data = pupils(np.random.default_rng(5), 6, label=("Baseline", "B", "Baseline 2", "B 2"))
    answered = answer(write_study(tmp_path, data, **PUPILS))
    assert (only(answered).arm, only(answered).reference) == ("B", "Baseline")


def test_tests_within_a_day_are_rows_where_each_is_read_once_and_stretches_where_often(tmp_path):
    rng = np.random.default_rng(16)
    start = np.repeat(np.datetime64("2026-01-05T09:00") + np.arange(10) * np.timedelta64(1, "D"), 4)
    at = start + np.tile(np.arange(4), 10) * np.timedelta64(20, "m")
    arm = np.tile(["A", "B", "B", "A"], 10)
    stated = {"columns": {"time": "time", "arm": "arm"}, "design": {"scheme": "counterbalanced"}}
    once = {"time": at.astype(str), "arm": arm, "outcome": rng.normal(size=40)}
    answered = answer(write_study(tmp_path, once, **stated))
    assert (answered.data.row, answered.data.rows) == ("test", 40)
    at = np.repeat(at, 10) + np.tile(np.arange(10), 40) * np.timedelta64(1, "m")
    often = {"time": at.astype(str), "arm": np.repeat(arm, 10), "outcome": rng.normal(size=400)}
    answered = answer(write_study(tmp_path, often, **stated))
    # A night ends a stretch: an A in the evening and an A in the morning are two.
    assert (answered.data.row, answered.data.rows) == ("stretch", 30)
    assert "stretches" in codes(answered)


def test_starts_of_phases_that_were_drawn_allow_a_randomisation_test(tmp_path):
    design = {"scheme": "phases", "randomised": True, "min_per_phase": 4}
    answered = answer(
        write_study(tmp_path, pupils(np.random.default_rng(5), 6), **{**PUPILS, "design": design})
    )
    test = only(answered).randomisation
    assert test is not None
    assert test.p < 0.02
    assert answered.design.claim == "caused"


def test_before_and_after_is_never_decided(tmp_path):
    rng = np.random.default_rng(6)
    arm = np.repeat(["A", "B"], 20)
    outcome = np.where(arm == "B", 30, 10) + rng.normal(size=40)
    answered = answer(
        write_study(tmp_path, {"day": days(40), "arm": arm, "outcome": outcome}, design={"scheme": "phases"})
    )
    assert only(answered).decision == "keep going"
    assert "one_change" in codes(answered)


def test_files_of_several_cases_are_as_one_file_with_a_column(tmp_path):
    data = pupils(np.random.default_rng(5), 6)
    together = only(answer(write_study(tmp_path, data, **PUPILS)))
    files = []
    for name in dict.fromkeys(data["pupil"]):
        inside = [at for at, pupil in enumerate(data["pupil"]) if pupil == name]
        part = {key: [values[at] for at in inside] for key, values in data.items() if key != "pupil"}
        part["points"] = part.pop("score")
        write_csv(tmp_path / f"{name}.csv", part)
        files.append({"file": f"{name}.csv", "case": name, "rename": {"points": "score"}})
    columns = {"day": "session", "arm": "phase"}
    apart = only(answer(write_study(tmp_path, **{**PUPILS, "data": files, "columns": columns})))
    assert apart == together


def test_three_arms_are_each_held_against_the_reference(tmp_path):
    rng = np.random.default_rng(10)
    arm = rng.permutation(np.repeat([0, 1, 2], 24))
    outcome = 50 + 5 * rng.normal(size=72) + np.array([0, 5, -5])[arm]
    answered = answer(
        write_study(
            tmp_path, {"day": days(72), "arm": np.array(["none", "tea", "wine"])[arm], "outcome": outcome},
            reference="none", outcomes=[{"column": "outcome", "direction": "higher", "smallest_effect": 1}],
        )
    )  # fmt: skip
    tea, wine = answered.outcomes[0].comparisons
    assert (tea.arm, tea.reference, tea.decision) == ("tea", "none", "adopt")
    assert (wine.arm, wine.decision) == ("wine", "avoid")
    assert tea.effect.lower_95 < 5 < tea.effect.upper_95
    assert wine.effect.lower_95 < -5 < wine.effect.upper_95


def test_doses_have_a_linear_effect_reported_per_unit(tmp_path):
    rng = np.random.default_rng(11)
    dose = rng.permutation(np.repeat([0, 100, 200, 300], 20))
    outcome = 50 + 4 * rng.normal(size=80) - 0.02 * dose
    comparison = only(
        answer(
            write_study(
                tmp_path, {"day": days(80), "mg": dose, "outcome": outcome},
                columns={"day": "day", "dose": "mg"}, dose_unit="mg", dose_name="caffeine",
            )
        )
    )  # fmt: skip
    assert (comparison.arm, comparison.reference) == ("caffeine 300 mg", "0 mg")
    assert comparison.effect.lower_95 < -6 < comparison.effect.upper_95
    assert comparison.dose is not None
    assert comparison.dose.lower_95 < -0.02 < comparison.dose.upper_95
    assert comparison.randomisation is not None
    assert comparison.randomisation.p < 0.02
    assert comparison.randomisation.lower_95 < -6 < comparison.randomisation.upper_95


def test_what_is_carried_over_is_estimated_where_a_half_life_is_stated(tmp_path):
    rng = np.random.default_rng(12)
    arm = np.repeat(rng.permutation(np.repeat([0, 1], 8)), 7)
    felt = np.zeros(len(arm))
    for t in range(len(arm)):
        felt[t] = 0.6 * (felt[t - 1] if t else 0) + 0.4 * arm[t]
    data = {"day": days(len(arm)), "arm": arm, "outcome": 50 + 3 * rng.normal(size=len(arm)) + 10 * felt}
    design = {"scheme": "periods", "period": 7}
    with_half_life = only(answer(write_study(tmp_path, data, half_life=1.4, design=design)))
    without = only(answer(write_study(tmp_path, data, design=design)))
    assert with_half_life.effect.lower_95 < 10 < with_half_life.effect.upper_95
    assert abs(with_half_life.effect.estimate - 10) < abs(without.effect.estimate - 10)
    assert with_half_life.cases[0].carry_over == pytest.approx(0.6, abs=0.15)


def test_a_washout_leaves_out_the_first_days_after_a_change(tmp_path):
    rng = np.random.default_rng(13)
    arm = np.repeat([0, 1, 1, 0, 1, 0], 7)
    data = {"day": days(42), "arm": arm, "outcome": rng.normal(size=42)}
    answered = answer(write_study(tmp_path, data, washout=2, design={"scheme": "periods", "period": 7}))
    assert [arm.missing for arm in answered.outcomes[0].arms] == [4, 4]
    assert "washed_out" in codes(answered)


def test_secondary_outcomes_are_answered_beside_the_first(tmp_path):
    rng = np.random.default_rng(14)
    arm = rng.permutation(np.repeat([0, 1], 20))
    data = {
        "day": days(40),
        "arm": arm,
        "outcome": rng.normal(size=40),
        "sleep": rng.normal(size=40) + 3 * arm,
    }
    data["empty"] = [""] * 40
    outcomes = [{"column": "outcome"}, {"column": "sleep"}, {"column": "empty"}]
    answered = answer(write_study(tmp_path, data, outcomes=outcomes))
    assert [(outcome.column, outcome.primary) for outcome in answered.outcomes] == [
        ("outcome", True),
        ("sleep", False),
    ]
    assert answered.outcomes[1].comparisons[0].effect.lower_95 > 1
    assert "outcome_left_out" in codes(answered)


def test_a_schedule_of_its_own_gives_the_arms_and_its_missing_days(tmp_path):
    rng = np.random.default_rng(15)
    arm = rng.permutation(np.repeat([0, 1], 20))
    kept = np.sort(rng.choice(40, 34, replace=False))
    kept[0] = 0
    schedule = "{" + ", ".join(f'"{day + 1}": {label}' for day, label in enumerate(arm)) + "}"
    (tmp_path / "schedule.json").write_text(schedule)
    data = {"day": np.array(days(40))[kept], "outcome": (rng.normal(size=40) + 2 * arm)[kept]}
    answered = answer(
        write_study(
            tmp_path, data, columns={"day": "day"}, schedule="schedule.json", arms={0: "off", 1: "on"}
        )
    )
    assert answered.data.rows == 40
    assert sum(arm.missing for arm in answered.outcomes[0].arms) == 40 - len(np.unique(kept))
    assert only(answered).effect.lower_95 > 0.5
    assert set(answered.data.sha256) == {"data.csv", "schedule.json"}
