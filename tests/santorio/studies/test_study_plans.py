"""Designing a study: simulated studies have the promised power, and the written files can be analysed."""

import csv
import datetime as dt
import json

import jsonschema
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from santorio.cli.main import app
from santorio.errors import ConfigError, DataError
from santorio.stats.assurance import Noise, estimate_variance
from santorio.studies.analysis import analyse_study
from santorio.studies.design import DesignRequest, Plan, decisions, draw, plan_study, variance
from santorio.studies.historical_noise import noise_of_file
from support.studies import ar1, days, write_csv


def request(**changed):
    stated = {
        "arms": ["off", "on"], "noise": Noise(8.0, 0.4), "noise_from": "stated", "smallest_effect": 3.0,
        "effect": 8.0, "most_days": 84, "periods": [1, 7], "seed": 3,
    }  # fmt: skip
    return DesignRequest(**{**stated, **changed})


@pytest.fixture(scope="module")
def plan():
    return plan_study(request())


def test_the_shortest_study_of_the_wanted_power_is_recommended(plan):
    assert plan.enough
    assert (plan.law, plan.period, plan.block) == ("days", 1, 4)
    shorter = [row.power for row in plan.by_days if row.days < plan.days]
    assert max(shorter) < 0.8 <= next(row.power for row in plan.by_days if row.days == plan.days)
    assert [option.days for option in plan.options if option.period == 7] > [plan.days]


def test_power_in_closed_form_is_that_of_simulated_studies(plan):
    promised = next(row.power for row in plan.by_days if row.days == plan.days)
    assert plan.simulated.power == pytest.approx(promised, abs=0.06)
    none = plan.by_effect[0]
    assert none.effect == 0
    assert plan.simulated.false_alarm == pytest.approx(none.more + none.less, abs=0.03)


def test_probabilities_of_all_decisions_sum_to_one_and_grow_with_the_effect(plan):
    for row in plan.by_effect:
        assert row.more + row.less + row.no_difference + row.keep_going == pytest.approx(1)
    more = [row.more for row in plan.by_effect]
    assert more == sorted(more)


def test_the_schedule_is_balanced_and_comes_again_from_its_seed(plan):
    schedule = np.array(plan.schedule).reshape(-1, 4)
    assert ((schedule == "on").sum(axis=1) == 2).all()
    again = draw(2, plan.days, 1, plan.seed)
    assert [plan.arms[arm] for arm in again] == plan.schedule
    assert [plan.arms[arm] for arm in draw(2, plan.days, 1, 4)] != plan.schedule


def test_each_order_of_a_block_is_as_likely():
    drawn = draw(2, 4 * 3000, 1, 5).reshape(-1, 4)
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 6
    assert np.abs(counts - 500).max() < 4 * np.sqrt(500)


def test_periods_have_every_arm_once_a_cycle():
    drawn = draw(3, 36, 4, 5).reshape(-1, 3, 4)
    assert (drawn == drawn[:, :, :1]).all()
    assert (np.sort(drawn[:, :, 0], axis=1) == np.arange(3)).all()


def test_the_variance_of_two_arms_in_periods_is_that_of_the_trial_planner():
    arm = draw(2, 56, 7, 1)
    assert variance(request(), arm, 7) == pytest.approx(
        estimate_variance(arm, np.arange(56) // 14, Noise(8, 0.4))
    )


def test_more_days_narrow_the_interval_and_a_noisy_person_needs_more_of_them(plan):
    noisy = plan_study(request(noise=Noise(12.0, 0.4), periods=[1]))
    assert noisy.days > plan.days
    intervals = [row.interval for row in plan.by_days]
    assert intervals[-1] < intervals[0] / 2


def test_a_study_that_needs_too_many_days_says_so():
    plan = plan_study(request(effect=4.0, most_days=28))
    assert not plan.enough
    assert "28 days are not enough" in plan.says
    assert plan.days <= 28


def test_three_arms_are_planned_and_drawn():
    plan = plan_study(request(arms=["off", "dim", "bright"], periods=[1, 3]))
    assert set(plan.schedule) == {"off", "dim", "bright"}
    assert plan.block in {6, None}


def test_what_lasts_is_better_not_changed_by_day():
    slow = plan_study(request(half_life=3.0, most_days=168, periods=[1, 7, 14], effect=12.0))
    assert slow.period > 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"arms": ["on"]}, "two arms"),
        ({"noise": Noise(0.0, 0.4)}, "above 0"),
        ({"noise": Noise(8.0, 1.0)}, "between -1 and 1"),
        ({"effect": 3.0}, "larger than the smallest"),
        ({"smallest_effect": -1.0}, "above 0"),
        ({"most_days": 3}, "8 to 730 days"),
        ({"periods": []}, "at least a day"),
        ({"periods": [60]}, "hold no study"),
        ({"power": 1.0}, "between 0 and 1"),
    ],
)
def test_requests_that_contradict_themselves_are_refused(changed, message):
    with pytest.raises(ConfigError, match=message):
        plan_study(request(**changed))


def test_no_effect_at_all_is_found_to_be_none_where_the_data_is_plenty():
    more, less, none = decisions(request(), 0.5, 0.0)
    assert none > 0.99
    assert more + less < 0.001


def test_past_values_give_the_noise(tmp_path):
    rng = np.random.default_rng(2)
    path = write_csv(tmp_path / "past.csv", {"day": days(300), "mood": 50 + 8 * ar1(rng, 300, 0.5)})
    noise, source = noise_of_file(path, "mood", "day")
    assert noise.sigma == pytest.approx(8, abs=1)
    assert noise.rho == pytest.approx(0.5, abs=0.12)
    assert source == "from 300 days of past.csv"
    write_csv(path, {"day": days(10), "mood": range(10)})
    with pytest.raises(ConfigError, match="at least 14 days"):
        noise_of_file(path, "mood", "day")
    write_csv(path, {"day": days(20), "mood": ["well"] * 20})
    with pytest.raises(DataError, match="not a number in 20 rows"):
        noise_of_file(path, "mood", "day")


def run(*arguments):
    return CliRunner().invoke(app, ["study", "plan", *map(str, arguments)])


NOISE = ("--sd", 8, "--correlation", 0.4, "--smallest-effect", 3, "--effect", 8, "--seed", 3)


def test_a_plan_is_printed_as_text_and_as_json(plan):
    source = run(*NOISE, "--periods", "1,7", "--arms", "off,on")
    assert source.exit_code == 0
    assert " ".join(plan.says.split()) in " ".join(source.output.split())
    document = json.loads(run(*NOISE, "--periods", "1,7", "--arms", "off,on", "--json").output)
    jsonschema.Draft202012Validator(Plan.model_json_schema()).validate(document)
    assert document == json.loads(plan.model_dump_json())


def test_a_written_plan_can_be_filled_in_and_analysed(tmp_path, plan):
    folder = tmp_path / "study"
    options = (
        "--periods",
        "1,7",
        "--arms",
        "off,on",
        "--outcome",
        "mood",
        "--unit",
        "points",
        "--start",
        "2026-03-02",
    )
    assert run(*NOISE, *options, "--out", folder).exit_code == 0
    rows = list(csv.DictReader((folder / "data.csv").read_text().splitlines()))
    assert [row["arm"] for row in rows] == plan.schedule
    assert rows[-1]["day"] == str(dt.date(2026, 3, 2) + dt.timedelta(days=plan.days - 1))
    assert yaml.safe_load((folder / "study.yaml").read_text())["design"] == {"scheme": "days", "block": 4}
    with pytest.raises(DataError, match="0 days have an outcome"):
        analyse_study(folder / "study.yaml")
    rng = np.random.default_rng(1)
    mood = [50 + 8 * rng.normal() + 12 * (row["arm"] == "on") for row in rows]
    write_csv(folder / "data.csv", {"day": [row["day"] for row in rows], "arm": plan.schedule, "mood": mood})
    comparison = analyse_study(folder / "study.yaml").answer.outcomes[0].comparisons[0]
    assert comparison.effect.lower_95 < 12 < comparison.effect.upper_95
    assert comparison.randomisation is not None
    assert comparison.decision == "raises"


def test_nothing_is_overwritten_by_a_plan(tmp_path):
    (tmp_path / "data.csv").write_text("mine")
    done = run(*NOISE, "--periods", "1", "--out", tmp_path)
    assert done.exit_code == 1
    assert "exists already" in str(done.exception)
    assert (tmp_path / "data.csv").read_text() == "mine"
    assert not (tmp_path / "study.yaml").exists()


def test_a_plan_without_noise_asks_for_it():
    done = run("--smallest-effect", 3)
    assert done.exit_code == 1
    assert "State --sd" in str(done.exception)
