"""Normalised power, intensity, stress, best efforts and critical power recover what was put in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.analyses.training.best_efforts import DURATIONS, best_means
from santorio.analyses.training.critical_power import fit_critical_power
from santorio.analyses.training.power import (
    intensity_factor,
    normalized_power,
    training_stress_score,
    work_kj,
)

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
    found = normalized_power(power, convention="whole_windows")
    windows = np.convolve(power, np.ones(30) / 30, mode="valid")
    assert found is not None
    assert found >= windows.mean() - 1e-6
    assert found <= power.max() + 1e-6


def test_windows_do_not_reach_over_a_pause_unless_padded() -> None:
    power = np.concatenate([np.full(60, 100.0), np.full(60, 300.0)])
    found = normalized_power(power, convention="whole_windows", stretches=np.array([0, 60]))
    assert found == pytest.approx(((100**4 + 300**4) / 2) ** 0.25)
    assert normalized_power(power, convention="whole_windows", stretches=np.array([0, 100])) is not None
    assert normalized_power(np.full(29, 100.0), convention="whole_windows") is None


def test_an_hour_at_threshold_is_a_hundred() -> None:
    assert training_stress_score(3600, 250, 250) == 100
    assert intensity_factor(200, 250) == 0.8
    assert training_stress_score(7200, 200, 250) == pytest.approx(2 * 100 * 0.8**2)
    assert work_kj(np.array([200.0] * 3600 + [np.nan])) == 720


@settings(deadline=None)
@given(power=rides)
def test_best_efforts_never_rise_with_duration_and_reach_the_highest_second(power: np.ndarray) -> None:
    found = best_means(power)
    known = [value for value in found if value is not None]
    assert known == sorted(known, reverse=True)
    assert found[0] == power.max()
    assert [value is not None for value in found] == [seconds <= len(power) for seconds in DURATIONS]


@settings(deadline=None)
@given(power=rides, duration=st.sampled_from([1, 5, 10, 30]))
def test_a_best_effort_is_the_best_of_all_windows_at_least_so_long(power: np.ndarray, duration: int) -> None:
    durations = [one for one in DURATIONS if one >= duration]
    by_search = max(
        power[start : start + one].mean() for one in durations for start in range(len(power) - one + 1)
    )
    found = best_means(power, durations)[0]
    assert found == pytest.approx(by_search)


def test_a_window_over_a_missing_heart_rate_is_no_effort() -> None:
    heart = np.array([150.0] * 10 + [np.nan] + [140.0] * 5)
    assert best_means(heart, (5, 10, 12)) == [150, 150, None]


@settings(deadline=None)
@given(cp=st.floats(100, 400), w_prime=st.floats(15_000, 30_000))
def test_critical_power_is_recovered_from_its_own_curve(cp: float, w_prime: float) -> None:
    durations = (60, 120, 300, 600, 1200, 3600)
    model = fit_critical_power(durations, [cp + w_prime / seconds for seconds in durations])
    assert model.reason is None
    assert model.efforts == 4
    assert model.cp_w == pytest.approx(cp)
    assert model.w_prime_j == pytest.approx(w_prime)
    assert model.r_squared == pytest.approx(1)


@pytest.mark.parametrize(
    ("powers", "reason"),
    [
        ([400, 350, 320, None, None], "fewer than four durations from 2 to 20 minutes"),
        ([300, 300, 300, 310, 320], "power does not fall with duration"),
        ([500, 250, 480, 230, 400], "the efforts do not lie on one curve"),
        # 100 W and 4 kJ; 280 W and 8 kJ, which nearly is what was held for 20 minutes.
        ([133.3, 113.3, 108.3, 104.4, 103.3], "the work above critical power is too small to be true"),
        ([346.7, 306.7, 296.7, 288.9, 286.7], "critical power lies too close to the best 20 minutes"),
    ],
)
def test_no_model_is_given_where_the_efforts_do_not_bear_one(powers: list[float | None], reason: str) -> None:
    model = fit_critical_power((120, 300, 480, 900, 1200), powers)
    assert (model.cp_w, model.w_prime_j, model.reason) == (None, None, reason)


def test_what_was_not_held_for_twenty_minutes_is_compared_with_nothing() -> None:
    durations = (120, 180, 300, 600)
    model = fit_critical_power(durations, [280 + 8_000 / seconds for seconds in durations])
    assert (model.cp_w, model.reason) == (pytest.approx(280), None)


def test_efforts_of_like_duration_bear_no_model() -> None:
    assert fit_critical_power((300, 360, 420, 480), [300, 295, 290, 287]).reason == (
        "the efforts are too much alike in duration"
    )


def test_the_errors_of_critical_power_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(4)
    durations = np.array([120, 180, 240, 300, 480, 600, 720, 900, 1200])
    truth = 250 + 25_000 / durations
    within = 0
    for _ in range(400):
        model = fit_critical_power(durations.tolist(), (truth + random.normal(0, 4, 9)).tolist())
        assert model.cp_w is not None
        assert model.cp_error_w is not None
        # Student's t with seven degrees of freedom
        within += abs(model.cp_w - 250) < 2.365 * model.cp_error_w
    assert within / 400 == pytest.approx(0.95, abs=0.03)
