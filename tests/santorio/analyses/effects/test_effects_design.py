"""What an effect is reported per."""

import datetime as dt

import numpy as np

from santorio.analyses.effects.design import prepare, stack_outcomes
from santorio.analyses.effects.model import EffectsModel
from santorio.analyses.series import Series


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


def test_what_is_done_at_weekends_does_not_take_the_blame_for_weekends():
    rng = np.random.default_rng(4)
    day, as_of = np.arange(20_000, 20_180), dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    weekday = (day + 3) % 7
    model, rho, scale = EffectsModel(1, 1), np.full(200, 0.65), np.full((200, 1), 0.5)
    means = []
    for _ in range(30):
        drunk = 14.0 * (rng.random(180) < np.where(np.isin(weekday, [4, 5]), 0.75, 0.2))
        outcome = rng.normal(size=180) - 1.2 * np.isin(weekday, [5, 6])
        exposures = {"alcohol_g": Series(day, drunk, np.ones(180), "g", as_of)}
        regression = prepare("sleep_minutes", Series(day, outcome, np.ones(180), "", as_of), exposures)
        effect, _, _ = model.draw(stack_outcomes([regression]).evidence[0], rho, scale, rng)
        means.append(effect.mean())
    assert abs(np.mean(means)) < 0.03
