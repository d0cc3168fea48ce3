"""Training impulses by published formulas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.training_oracle.heart_rate_load import (
    GOLDENCHEETAH_FACTOR,
    banister_trimp,
    edwards_trimp,
    heart_rate_load,
    session_rpe,
)


def test_banisters_impulse_of_an_hour_for_men_and_women() -> None:
    # Half of the reserve: 60 · 0.5 · 0.64 e^0.96 and 60 · 0.5 · 0.86 e^0.835
    men = banister_trimp([120], [3600], resting_bpm=50, max_bpm=190, sex="men")
    women = banister_trimp([120], [3600], resting_bpm=50, max_bpm=190, sex="women")
    assert men == pytest.approx(30 * 0.64 * math.exp(0.96))
    assert women == pytest.approx(30 * 0.86 * math.exp(0.835))
    as_goldencheetah = banister_trimp(
        [120], [3600], resting_bpm=50, max_bpm=190, sex="women", women_factor=GOLDENCHEETAH_FACTOR["women"]
    )
    assert as_goldencheetah == pytest.approx(30 * 0.64 * math.exp(0.835))


@settings(deadline=None)
@given(
    beats=st.lists(st.integers(40, 200), min_size=1, max_size=50),
    sex=st.sampled_from(["men", "women"]),
)
def test_second_by_second_is_never_less_than_at_the_mean_heart_rate(beats: list[int], sex: str) -> None:
    seconds = [60] * len(beats)
    by_second = banister_trimp(beats, seconds, resting_bpm=40, max_bpm=200, sex=sex)  # type: ignore[arg-type]
    mean = banister_trimp(
        [float(np.mean(beats))],
        [sum(seconds)],
        resting_bpm=40,
        max_bpm=200,
        sex=sex,  # type: ignore[arg-type]
    )
    assert by_second >= mean * (1 - 1e-9)


@settings(deadline=None)
@given(threshold=st.integers(130, 185), factor=st.sampled_from([0.64, 0.86]))
def test_an_hour_at_threshold_heart_rate_is_a_hundred_whatever_the_factor(
    threshold: int, factor: float
) -> None:
    body = {"resting_bpm": 50.0, "max_bpm": 190.0}
    trimp = banister_trimp([threshold], [3600], sex="women", women_factor=factor, **body)
    at_default = banister_trimp([threshold], [3600], sex="women", **body)
    load = heart_rate_load(trimp * 0.86 / factor, threshold_bpm=threshold, sex="women", **body)
    assert trimp * 0.86 / factor == pytest.approx(at_default)
    assert load == pytest.approx(100)


def test_heart_rates_outside_the_reserve_count_as_its_ends() -> None:
    assert banister_trimp([40], [3600], resting_bpm=50, max_bpm=190, sex="men") == 0
    assert banister_trimp([230], [60], resting_bpm=50, max_bpm=190, sex="men") == pytest.approx(
        0.64 * math.exp(1.92)
    )


def test_edwards_counts_minutes_by_tenths_of_the_highest() -> None:
    beats = [99, 100, 120, 140, 160, 180, 200]
    assert edwards_trimp(beats, [60] * 7, max_bpm=200) == 0 + 1 + 2 + 3 + 4 + 5 + 5
    assert session_rpe(7, 45) == 315
