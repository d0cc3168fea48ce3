"""What an effect is reported per."""

import datetime as dt

import numpy as np

from santorio.effects.preparing import prepare
from santorio.insights.reading import Series


def test_an_exposure_whose_median_is_zero_is_reported_per_its_spread():
    rng = np.random.default_rng(1)
    day, as_of = np.arange(61), dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    swing = np.where(np.arange(61) % 2 == 0, 1.0, -1.0)
    swing[-1] = 0.0
    exposure = Series(day, swing, np.ones(61), "", as_of)
    outcome = Series(day, rng.normal(50, 5, 61), np.ones(61), "", as_of)
    (candidate,) = prepare("mood", outcome, {"supplement_shift": exposure}).candidates
    assert np.median(swing[swing != 0]) == 0
    assert candidate.per_amount == candidate.spread > 0
