"""What `santorio baselines` shows."""

import datetime as dt

import pytest

from santorio.cli.baselines import expected, print_ranges, print_unusual

LAST = dt.date(2026, 5, 3)
DAY = {"day": "2026-05-04", "median": 54.0, "lower_95": 51.2, "upper_95": 56.9}
ROW = {
    "metric": "resting_hr_bpm", "unit": "bpm", "last_day": LAST, "last_value": 58.4, "median": 54.1, "lower_95": 51.4,
    "upper_95": 57.0, "forecast": [DAY],
    "anomalies": [
        {"last_day": "2026-05-03", "sentence": "It is higher."}, {"last_day": "2026-01-03", "sentence": "Old."},
    ],
    "changes": [{"day": "2026-04-20", "sentence": "It has a new level."}],
}  # fmt: skip


def test_a_known_day_is_compared_with_its_prediction():
    assert expected(ROW, LAST) == {"day": "2026-05-03", "median": 54.1, "lower_95": 51.4, "upper_95": 57.0}


def test_a_day_to_come_is_that_of_the_forecast_and_beyond_it_nothing_is_said():
    assert expected(ROW, dt.date(2026, 5, 4)) == DAY
    assert expected(ROW, dt.date(2026, 7, 4)) is None


def test_the_ranges_stand_beside_the_newest_value(capsys):
    print_ranges([ROW], dt.date(2026, 5, 4))
    text = " ".join(capsys.readouterr().out.split())
    for part in ("resting heart", "51–57", "58", "3 May"):
        assert part in text


@pytest.mark.parametrize(("today", "why"), [((2026, 7, 4), "too old"), ((2026, 4, 30), "in the future")])
def test_where_nothing_can_be_expected_it_says_why(capsys, today, why):
    print_ranges([ROW], dt.date(*today))
    assert why in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_recent_anomalies_are_printed_and_old_ones_are_not(capsys):
    print_unusual([ROW])
    out = capsys.readouterr().out
    assert "It is higher." in out
    assert "It has a new level." in out
    assert "Old." not in out


def test_without_anything_odd_it_says_so(capsys):
    print_unusual([{**ROW, "anomalies": [], "changes": []}])
    assert "No anomalies" in capsys.readouterr().out
