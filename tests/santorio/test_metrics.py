"""The registry of outcomes and exposures."""

import pytest

from santorio.metrics import EXPOSURES, METRICS, OUTCOMES, exposure, label, lag_days, outcome


@pytest.mark.parametrize(
    ("metric", "cause", "lag"),
    [
        ("sleep_minutes", "caffeine_after_15_mg", 1),
        ("resting_hr_bpm", "training_load", 1),
        ("mood", "alcohol_g", 0),
        ("mood", "measure_screen_hours", 1),
        ("itching", "supplement_zinc", 0),
    ],
)
def test_the_lag_is_part_of_the_definition(metric, cause, lag):
    assert lag_days(metric, cause) == lag


def test_names_are_said_as_people_say_them():
    assert label("caffeine_after_15_mg") == "caffeine after 15:00"
    assert label("supplement_vitamin_d") == "vitamin d"
    assert label("measure_screen_hours") == "screen hours"
    assert label("hrv_rmssd_ms") == "overnight heart rate variability"


def test_a_free_measure_has_no_smallest_effect_and_no_welcome_direction():
    found = outcome("itching", "points")
    assert (found.unit, found.smallest_effect, found.direction) == ("points", None, None)
    assert exposure("supplement_zinc", "mg").per_amount is None


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_row_is_complete_for_its_role(metric):
    assert metric.label
    assert metric.role in {"outcome", "exposure", "recorded"}
    assert metric.scale in {"continuous", "binary", "ordinal", "bounded", "count"}
    assert (metric.bounds is not None) == (metric.scale == "bounded")
    assert metric.direction in {"higher", "lower", None}
    assert metric.smallest_effect is None or (metric.role == "outcome" and metric.smallest_effect > 0)
    assert metric.per_amount is None or (metric.role == "exposure" and metric.per_amount > 0)


@pytest.mark.parametrize(
    "metric", [metric for metric in METRICS.values() if metric.possible], ids=lambda metric: metric.name
)
def test_what_is_likely_is_possible_and_both_have_a_source(metric):
    assert metric.possible.low <= metric.likely.low < metric.likely.high <= metric.possible.high
    assert metric.source


def test_outcomes_and_exposures_are_the_rows_of_their_role():
    assert set(OUTCOMES) | set(EXPOSURES) < set(METRICS)
    assert OUTCOMES["resting_hr_bpm"].direction == "lower"
    assert EXPOSURES["alcohol_g"].per_amount == 14
    assert exposure("measure_fever").is_confounder
    assert exposure("energy_kcal_photo").relative_error == 0.3
