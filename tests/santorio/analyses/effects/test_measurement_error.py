"""Measurement error: a naive fit finds too little, a calibrated one the effect of the true amount."""

import datetime as dt

import numpy as np
import pytest

from santorio.analyses.effects.design import prepare
from santorio.analyses.effects.measurement_error import MIN_RELIABILITY, correct_measurement_error
from santorio.analyses.effects.pipeline import fit, results
from santorio.analyses.series import Series

DAYS = 700
NAME = "measure_energy_kcal_photo"
PER_KCAL = -0.06


def series(values, unit=""):
    return Series(
        np.arange(DAYS) + 20_000, values, np.ones(DAYS), unit, dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    )


@pytest.fixture
def eaten(autoregressive):
    """What was eaten, what the photos said, what else was done, and a night that follows the true amount."""
    rng = np.random.default_rng(31)
    alcohol = rng.choice([0.0, 14.0, 28.0], DAYS, p=[0.6, 0.25, 0.15])
    true = 2300 + 12 * alcohol + 480 * autoregressive(rng, DAYS, 0.3)[:, 0]
    observed = true * (1 + 0.3 * rng.normal(size=DAYS))
    sleep = 440 + 25 * autoregressive(rng, DAYS, 0.4)[:, 0]
    sleep[1:] += PER_KCAL * true[:-1] - 0.5 * alcohol[:-1]
    return series(sleep), {NAME: series(observed, "kcal"), "alcohol_g": series(alcohol, "g")}


def effects_of(outcome, exposures, calibrations):
    regression = prepare("sleep_minutes", outcome, exposures)
    rows = results(regression, fit([regression], {})["sleep_minutes"], calibrations)
    return {row["exposure"]: row for row in rows}


def test_the_effect_of_the_true_amount_is_recovered_where_a_naive_fit_finds_a_fraction(eaten):
    outcome, exposures = eaten
    naive = effects_of(outcome, exposures, {})[NAME]
    observed, calibrations = correct_measurement_error(exposures)
    honest = effects_of(outcome, observed, calibrations)[NAME]
    per_amount = honest["per_amount"]
    assert abs(naive["estimate"] / naive["per_amount"]) < 0.5 * abs(PER_KCAL)
    assert naive["lower_95"] > naive["per_amount"] * PER_KCAL
    assert honest["lower_95"] < per_amount * PER_KCAL < honest["upper_95"]
    assert honest["estimate"] / per_amount == pytest.approx(PER_KCAL, rel=0.25)


def test_the_reliability_is_that_of_what_the_other_exposures_leave(autoregressive):
    rng = np.random.default_rng(77)
    reliabilities = []
    for _ in range(12):
        supplement = rng.choice([0.0, 400.0], DAYS)
        true = 2300 + 2 * supplement + 480 * autoregressive(rng, DAYS, 0.3)[:, 0]
        observed = true * (1 + 0.3 * rng.normal(size=DAYS))
        exposures = {NAME: series(observed, "kcal"), "supplement_creatine": series(supplement, "mg")}
        calibrations = correct_measurement_error(exposures)[1]
        assert set(calibrations) == {NAME}
        reliabilities.append(calibrations[NAME].reliability)
    error = 0.3**2 * (2700**2 + 400**2 + 480**2)
    assert np.mean(reliabilities) == pytest.approx(480**2 / (480**2 + error), abs=0.03)


def test_not_knowing_the_reliability_widens_the_interval(eaten):
    _, exposures = eaten
    calibrated_energy = correct_measurement_error(exposures)[1][NAME]
    effect = np.random.default_rng(1).normal(-1.0, 0.1, 4000)
    assert calibrated_energy.widen(effect).std() > 1.1 * effect.std()


def test_an_exposure_that_is_hardly_more_than_error_is_excluded():
    rng = np.random.default_rng(6)
    observed = series((2300 + 60 * rng.normal(size=DAYS)) * (1 + 0.3 * rng.normal(size=DAYS)), "kcal")
    exposures, calibrations = correct_measurement_error({NAME: observed})
    assert calibrations[NAME].reliability < MIN_RELIABILITY
    assert exposures == {}
