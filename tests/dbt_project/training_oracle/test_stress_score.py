"""Intensity and stress score by their definitions."""

import pytest

from support.training_oracle.stress_score import intensity_factor, training_stress_score


def test_an_hour_at_threshold_is_a_hundred() -> None:
    assert training_stress_score(3600, 250, 250) == 100
    assert intensity_factor(200, 250) == 0.8
    assert training_stress_score(7200, 200, 250) == pytest.approx(2 * 100 * 0.8**2)
