"""Normalised power and best efforts recover what was put in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.analyses.training.best_efforts import DURATIONS, best_means
from santorio.analyses.training.power import normalized_power, work_kj

rides = st.lists(st.integers(0, 900), min_size=30, max_size=400).map(
    lambda watts: np.array(watts, np.float64)
)


def by_hand(power: np.ndarray) -> float:
    """Normalised power as GoldenCheetah computes it: a ring of thirty zeros that fills as one rides."""
    ring, place, total, fourth = [0.0] * 30, 0, 0.0, 0.0
    for watts in power:
        total += watts - ring[place]
        ring[place] = watts
        fourth += (total / 30) ** 4
        place = (place + 1) % 30
    return float((fourth / len(power)) ** 0.25)


@settings(deadline=None)
@given(power=rides)
def test_the_rolling_mean_is_that_of_a_ring_that_begins_full_of_zeros(power: np.ndarray) -> None:
    assert normalized_power(power) == pytest.approx(by_hand(power), rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(watts=st.floats(1, 1500), seconds=st.integers(30, 4000))
def test_steady_power_is_its_own_normalised_power(watts: float, seconds: int) -> None:
    steady = np.full(seconds, watts)
    assert normalized_power(steady, convention="whole_windows") == pytest.approx(watts)
    padded = normalized_power(steady)
    assert padded is not None
    # Of thirty seconds the window is full in the last alone.
    assert watts * (1 - 30 / seconds) ** 0.25 <= padded * (1 + 1e-9) <= watts * (1 + 2e-9)


@settings(deadline=None)
@given(power=rides)
def test_whole_windows_are_never_below_the_mean_of_their_means(power: np.ndarray) -> None:
    power_w = normalized_power(power, convention="whole_windows")
    windows = np.convolve(power, np.ones(30) / 30, mode="valid")
    assert power_w is not None
    assert power_w >= windows.mean() - 1e-6
    assert power_w <= power.max() + 1e-6


def test_windows_do_not_reach_over_a_pause_unless_padded() -> None:
    power = np.concatenate([np.full(60, 100.0), np.full(60, 300.0)])
    found = normalized_power(power, convention="whole_windows", stretches=np.array([0, 60]))
    assert found == pytest.approx(((100**4 + 300**4) / 2) ** 0.25)
    assert normalized_power(power, convention="whole_windows", stretches=np.array([0, 100])) is not None
    assert normalized_power(np.full(29, 100.0), convention="whole_windows") is None


def test_work_is_the_sum_of_the_measured_seconds() -> None:
    assert work_kj(np.array([200.0] * 3600 + [np.nan])) == 720


@settings(deadline=None)
@given(power=rides)
def test_best_efforts_never_rise_with_duration_and_reach_the_highest_second(power: np.ndarray) -> None:
    means = best_means(power)
    measured = [value for value in means if value is not None]
    assert measured == sorted(measured, reverse=True)
    assert means[0] == power.max()
    assert [value is not None for value in means] == [seconds <= len(power) for seconds in DURATIONS]


@settings(deadline=None)
@given(power=rides, duration=st.sampled_from([1, 5, 10, 30]))
def test_a_best_effort_is_the_best_of_all_windows_at_least_so_long(power: np.ndarray, duration: int) -> None:
    durations = [one for one in DURATIONS if one >= duration]
    by_search = max(
        power[start : start + duration].mean()
        for duration in durations
        for start in range(len(power) - duration + 1)
    )
    best = best_means(power, durations)[0]
    assert best == pytest.approx(by_search)


def test_a_window_over_a_missing_heart_rate_is_not_an_effort() -> None:
    heart = np.array([150.0] * 10 + [np.nan] + [140.0] * 5)
    assert best_means(heart, (5, 10, 12)) == [150, 150, None]
