"""Efficiency and decoupling by published formulas."""

import numpy as np
import pytest

from santorio.analyses.training.decoupling import decoupling_pct, efficiency


def test_efficiency_is_output_per_beat_and_knows_missing_beats() -> None:
    assert efficiency(210, np.array([140.0, np.nan, 140.0])) == 1.5
    assert efficiency(210, np.array([np.nan])) is None


def test_decoupling_is_what_the_second_half_lost() -> None:
    power = np.concatenate([np.full(1200, 200.0), np.full(1200, 190.0)])
    heart = np.concatenate([np.full(1200, 140.0), np.full(1200, 147.0)])
    assert decoupling_pct(power, heart) == pytest.approx(100 * (1 - (190 / 147) / (200 / 140)))
    assert decoupling_pct(power[:1199], heart[:1199]) is None
    assert decoupling_pct(np.zeros(2400), heart) is None
