"""What people read."""

import datetime as dt
from dataclasses import replace

import pytest

from santorio.analyses.baselines.anomalies import Anomaly
from santorio.analyses.baselines.changepoints import ChangePoint
from santorio.analyses.baselines.text import describe_anomaly, describe_changepoint, number
from santorio.analyses.series import day_number

FIRST = day_number(dt.date(2026, 5, 3))
RUN = Anomaly(FIRST, FIRST + 3, 4, "above", 4.1, 59.0, 54.6, 52.1, 57.2, 4)


def test_a_run_outside_its_range_is_described_as_outside():
    assert describe_anomaly("resting_hr_bpm", "bpm", RUN, lasts=True) == (
        "Your resting heart rate has been above its usual range (52–57 bpm) for 4 days."
    )


def test_a_run_that_is_over_is_dated():
    assert describe_anomaly("resting_hr_bpm", "bpm", RUN, lasts=False) == (
        "Your resting heart rate was above its usual range (52–57 bpm) for 4 days, 3 May 2026 to 6 May 2026."
    )


def test_a_run_that_is_partly_within_its_range_is_not_described_as_outside():
    sentence = describe_anomaly("resting_hr_bpm", "bpm", replace(RUN, outside=2, mean=56.8), lasts=True)
    assert sentence == (
        "Your resting heart rate has been higher than usual for 4 days: 57 bpm on average, "
        "where 52–57 bpm is usual for a day."
    )


def test_a_day_is_dated():
    day = replace(RUN, days=1, last_day=FIRST, outside=1, direction="below")
    assert describe_anomaly("sleep_minutes", "min", day, lasts=True) == (
        "Your sleep was below its usual range (52–57 min) on 3 May 2026."
    )


def test_a_change_names_both_levels():
    change = ChangePoint(FIRST, FIRST - 2, FIRST + 1, FIRST + 9, 0.97, 58.2, 54.1, 0.8)
    assert describe_changepoint("resting_hr_bpm", "bpm", change) == (
        "Your resting heart rate has a new level since about 3 May 2026: 54.1 instead of 58.2 bpm."
    )


@pytest.mark.parametrize(
    ("value", "width", "sentence"),
    [(7432.4, 4000, "7,432"), (54.56, 5, "55"), (54.56, 2, "54.6"), (0.1234, 0.03, "0.123")],
)
def test_numbers_are_as_fine_as_their_range_deserves(value, width, sentence):
    assert number(value, width) == sentence
