"""The registry of outcomes and exposures."""

import pytest

from santorio.metrics import EXPOSURES, OUTCOMES, exposure, label, lag_days, outcome


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
    assert (found.unit, found.smallest_effect, found.good) == ("points", None, None)
    assert exposure("supplement_zinc", "mg").per_amount is None


def test_every_entry_stands_under_its_own_name():
    assert all(name == entry.name for registry in (OUTCOMES, EXPOSURES) for name, entry in registry.items())
