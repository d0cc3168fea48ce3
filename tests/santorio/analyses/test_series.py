"""Days that `day_quality` excludes are in no array, and each run records them in the same words."""

import datetime as dt

import numpy as np
import pytest

from santorio.analyses.effects.pipeline import analyse_effects
from santorio.analyses.series import ExcludedDay, describe_exclusions, read_exposures, read_outcomes

DAYS = 120
WORN = "The watch was worn for less than 8 hours."
RANGE = "The value is outside what a body can have (0 to 1440 min)."


@pytest.fixture
def flagged(marts, autoregressive):
    rng = np.random.default_rng(3)
    sleep = 440 + 20 * autoregressive(rng, DAYS, 0.3)[:, 0]
    sleep[7] = 9_999.0
    marts.outcome("sleep_minutes", sleep)
    marts.outcome("mood", np.full(3, 6.0))
    marts.exposure("alcohol_g", rng.choice([0.0, 14.0, 28.0], DAYS), "g")
    flags = (
        (7, "sleep_minutes", "impossible", True, RANGE),
        (7, "sleep_minutes", "partial night", True, WORN),
        (9, "sleep_minutes", "unlikely", False, "It is rare."),
        (11, "steps", "hardly worn", True, WORN),
        (12, "alcohol_g", "impossible", True, RANGE),
        (0, "mood", "impossible", True, RANGE),
        (1, "mood", "impossible", True, RANGE),
        (2, "mood", "impossible", True, RANGE),
    )
    marts.write(
        "day_quality",
        [
            {"day": marts.day(day), "metric": metric, "flag": flag, "is_excluded": left, "reason": reason}
            for day, metric, flag, left, reason in flags
        ],
    )
    return marts


def test_excluded_days_are_in_no_array_and_reported_with_every_reason(flagged):
    with flagged.database.connect() as connection:
        series = read_outcomes(connection, flagged.person.user_id)
        alcohol = read_exposures(connection, flagged.person.user_id)["alcohol_g"]
    assert len(series["sleep_minutes"].value) == DAYS - 1
    assert series["sleep_minutes"].value.max() < 1440
    assert series["sleep_minutes"].excluded == (ExcludedDay(flagged.day(7), f"{RANGE} {WORN}"),)
    assert alcohol.excluded == (ExcludedDay(flagged.day(12), RANGE),)
    assert np.isnan(alcohol.at(np.array([(flagged.day(12) - dt.date(1970, 1, 1)).days]))).all()


def test_a_metric_without_a_trusted_day_has_no_series(flagged):
    with flagged.database.connect() as connection:
        assert "mood" not in read_outcomes(connection, flagged.person.user_id)


def test_only_the_excluded_days_of_a_span_are_reported(flagged):
    with flagged.database.connect() as connection:
        series = read_outcomes(connection, flagged.person.user_id)
    number = (flagged.day(7) - dt.date(1970, 1, 1)).days
    assert describe_exclusions(series, first=number, last=number)
    assert describe_exclusions(series, first=number + 1) == {}
    assert describe_exclusions(series, last=number - 1) == {}


def test_a_run_records_its_excluded_days_in_the_same_words(flagged):
    (report,) = analyse_effects(flagged.database, flagged.person)
    assert report.diagnostics["left_out"] == {
        "alcohol_g": [{"day": flagged.day(12).isoformat(), "reason": RANGE}],
        "sleep_minutes": [{"day": flagged.day(7).isoformat(), "reason": f"{RANGE} {WORN}"}],
    }
    with flagged.database.connect() as connection:
        kept = connection.execute("select diagnostics -> 'left_out' from analysis.runs").fetchall()
    assert kept == [(report.diagnostics["left_out"],)]
