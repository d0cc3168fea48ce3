"""Records of any spacing become one value per second, without pauses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.analyses.training.activity_metrics import compute_activity_metrics
from santorio.analyses.training.resample import MAX_PAUSE, longest_held, possible, seconds_of

NAN = float("nan")
DAY = 1_772_000_000.0


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_a_value_stands_until_the_next_record_and_a_long_gap_is_a_pause() -> None:
    times = DAY + column(0, 1, 2, 5, 6, 60, 61)
    seconds = seconds_of(times, {"power_w": column(100, 110, 120, 130, 140, 150, 160)})
    assert seconds.at.tolist() == [0, 1, 2, 3, 4, 5, 6, 60, 61]
    assert seconds.columns["power_w"].tolist() == [100, 110, 120, 120, 120, 130, 140, 150, 160]
    assert seconds.stretches.tolist() == [0, 7]


def test_a_watch_that_records_every_seven_seconds_pauses_only_after_thirty_five() -> None:
    assert longest_held(DAY + column(0, 7, 14, 21)) == 35
    assert longest_held(DAY + np.arange(100.0)) == 10
    assert longest_held(DAY + np.arange(0.0, 4000, 30)) == 60
    times = DAY + column(0, 7, 14, 21, 28, 60, 100)
    # 32 s without a record are recording, 40 s are a pause.
    assert len(seconds_of(times, {"heart_rate_bpm": np.full(7, 120.0)})) == 61 + 1


def test_records_of_one_second_are_averaged_and_disorder_is_put_right() -> None:
    seconds = seconds_of(DAY + column(2, 0.25, 0.75, 1), {"power_w": column(40, 10, 20, 30)})
    assert seconds.columns["power_w"].tolist() == [15, 30, 40]


def test_a_missing_value_and_a_spike_are_held_over_and_then_unknown() -> None:
    power = np.full(30, 200.0)
    power[5:8] = NAN
    power[8] = 30_000
    power[12:] = NAN
    seconds = seconds_of(DAY + np.arange(30.0), {"power_w": power}).columns["power_w"]
    assert seconds[:21].tolist() == [200.0] * 21
    assert np.isnan(seconds[21:]).all()
    assert np.isnan(possible("heart_rate_bpm", column(0, 24, 251))).all()


def test_on_the_clock_a_pause_is_as_long_as_it_was_but_never_fills_the_memory() -> None:
    seconds = seconds_of(DAY + column(0, 1, 2, 20, 21, 10_000_000), {"power_w": column(1, 2, 9, 3, 4, 5)})
    clock = seconds.elapsed("power_w", paused=0.0)
    assert clock[:22].tolist() == [1, 2, 9, *[0] * 17, 3, 4]
    assert len(clock) == 22 + MAX_PAUSE + 1
    assert clock[-1] == 5


def test_nothing_recorded_gives_figures_of_nothing() -> None:
    empty = np.zeros(0)
    figures = compute_activity_metrics(empty, empty, empty, empty)
    assert (figures.seconds, figures.elapsed_seconds, figures.power_seconds) == (0, 0, 0)
    assert figures.normalized_power_w is None
    assert figures.best_power_w is None


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(0, 40), min_size=1, max_size=60),
    shift=st.integers(-10_000_000, 10_000_000),
    seed=st.integers(0, 2**32 - 1),
)
def test_shifting_the_clock_and_mixing_the_records_change_nothing(
    steps: list[int], shift: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    times = DAY + np.cumsum([0, *[step or 1 for step in steps]]).astype(np.float64)
    power, heart, speed = (random.integers(40, 240, len(times)).astype(np.float64) for _ in range(3))
    order = random.permutation(len(times))
    there = compute_activity_metrics(times, power, heart, speed / 10)
    here = compute_activity_metrics((times + shift)[order], power[order], heart[order], (speed / 10)[order])
    assert here == there


@settings(deadline=None)
@given(steps=st.lists(st.integers(1, 200), min_size=1, max_size=60))
def test_a_series_is_never_longer_than_from_the_first_record_to_the_last(steps: list[int]) -> None:
    times = DAY + np.cumsum([0, *steps]).astype(np.float64)
    seconds = seconds_of(times, {"power_w": np.ones(len(times))})
    assert len(times) <= len(seconds) <= times[-1] - times[0] + 1
    assert (np.diff(seconds.at) > 0).all()
    assert np.isfinite(seconds.columns["power_w"]).all()


def test_histograms_count_every_known_second_once() -> None:
    times = DAY + np.arange(100.0)
    heart = np.where(np.arange(100) < 60, 120.4, 150.0)
    figures = compute_activity_metrics(times, np.full(100, NAN), heart, np.full(100, NAN))
    assert figures.hr_histogram_s is not None
    counted = {bpm + 25: seconds for bpm, seconds in enumerate(figures.hr_histogram_s) if seconds}
    assert counted == {120: 60, 150: 40}
    assert figures.hr_seconds == sum(figures.hr_histogram_s)
    assert figures.avg_hr_bpm == pytest.approx(0.6 * 120.4 + 0.4 * 150)
