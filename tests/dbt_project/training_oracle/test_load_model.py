"""Fitness, fatigue, form, monotony, strain and the ratio behave as their definitions say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.training_oracle.load_model import (
    acute_chronic_ratio,
    exponential_mean,
    form,
    monotony,
    strain,
    weight_of_span,
    weight_of_time_constant,
)

loads = st.lists(st.floats(0, 500), min_size=1, max_size=120)


@settings(deadline=None)
@given(load=st.floats(1, 400), days=st.sampled_from([7, 42]))
def test_a_constant_load_becomes_its_own_mean(load: float, days: int) -> None:
    found = exponential_mean([load] * (20 * days), weight_of_time_constant(days))
    # e^(-1) of it is missing after so many days
    assert found[days - 1] == pytest.approx(load * (1 - np.exp(-1)))
    assert found[-1] == pytest.approx(load, rel=1e-6)


@settings(deadline=None)
@given(values=loads, days=st.sampled_from([7, 42]))
def test_the_mean_is_the_sum_of_faded_loads(values: list[float], days: int) -> None:
    weight = weight_of_time_constant(days)
    ages = np.arange(len(values))[::-1]
    closed = float(np.sum(np.array(values) * weight * np.exp(-ages / days)))
    assert exponential_mean(values, weight)[-1] == pytest.approx(closed, abs=1e-9)


@settings(deadline=None)
@given(values=loads, factor=st.floats(0.1, 10))
def test_the_ratio_does_not_depend_on_the_unit_of_load(values: list[float], factor: float) -> None:
    once, scaled = acute_chronic_ratio(values), acute_chronic_ratio([factor * value for value in values])
    assert np.allclose(once, scaled, equal_nan=True, rtol=1e-6)


def test_an_unknown_day_leaves_the_means_as_they_are() -> None:
    assert exponential_mean([100, None, float("nan"), 0], 0.5).tolist() == [50, 50, 50, 25]


def test_form_is_of_yesterday() -> None:
    found = form(np.array([10.0, 20, 30]), np.array([5.0, 40, 10]))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [5, -20]


def test_monotony_and_strain_of_a_week_with_rest() -> None:
    week = [100.0, 0, 100, 0, 100, 0, 50]
    mean, spread = 50, float(np.std(week, ddof=1))
    assert monotony(week) == pytest.approx(mean / spread)
    assert strain(week) == pytest.approx(350 * mean / spread)
    assert monotony([80.0] * 7) is None
    assert strain([0.0] * 7) is None


def test_the_ratio_is_uncoupled_and_waits_for_a_month_before_the_week() -> None:
    steady = acute_chronic_ratio([60.0] * 400)
    assert np.isnan(steady[:34]).all()
    assert np.isfinite(steady[34:]).all()
    assert steady[-1] == pytest.approx(1)
    # A hard week moves the acute mean alone: the chronic one stands as it did before.
    before = [60.0] * 393
    hard = acute_chronic_ratio([*before, *[120.0] * 7])[-1]
    acute = 60 + 60 * (1 - (1 - weight_of_span(7)) ** 7)
    assert hard == pytest.approx(acute / 60, rel=1e-6)
