"""Simulated people: the associations that were put into them are found, and intervals hold them."""

import datetime as dt

import numpy as np
import pytest

from santorio.analyses.effects.design import prepare
from santorio.analyses.effects.pipeline import fit, results
from santorio.analyses.series import Series
from santorio.errors import NotEnoughData
from santorio.metrics import outcome as find_outcome
from santorio.simulator import behaviour as habit
from santorio.simulator.physiology import EXPOSURES, OUTCOMES, simulate_physiology, true_effects

PEOPLE, DAYS, BAR = 100, 180, 0.9
FIRST_DAY = 20_000
KEY_EFFECTS = (
    ("caffeine_after_15_mg", "sleep_minutes"),
    ("alcohol_g", "hrv_rmssd_ms"),
    ("training_load", "resting_hr_bpm"),
)
MISSING = 0.06
# Enough for every diagnostic of four exposures, at half the cost.
SAMPLER = {"draws": 600, "tune": 400}


def series(rng, values, first):
    """A series of which some days are missing at random."""
    day = first + np.arange(len(values))
    kept = rng.random(len(day)) >= MISSING
    value = np.asarray(values, dtype=float)[kept]
    return Series(day[kept], value, np.ones(len(value)), "", dt.datetime(2026, 6, 1, tzinfo=dt.UTC))


def lived(seed):
    """Outcomes and exposures of a simulated person, as the marts would tell them."""
    rng = np.random.default_rng(seed)
    # 1970-01-01 was a Thursday; the habits begin on the eve of the first day.
    weekdays = (FIRST_DAY - 1 + 3 + np.arange(DAYS + 1)) % 7
    habits = habit.draw_habits(seed, weekdays)
    body = simulate_physiology(seed, habits, weekdays)
    outcomes = {
        name: series(rng, getattr(body, name), FIRST_DAY)
        for name in OUTCOMES
        if find_outcome(name).is_in_associations
    }
    known = [name for name in EXPOSURES if hasattr(habits, name)]
    return outcomes, {name: series(rng, getattr(habits, name)(), FIRST_DAY - 1) for name in known}


def found(seed):
    outcomes, exposures = lived(seed)
    regressions = []
    for name, outcome in outcomes.items():
        try:
            regressions.append(prepare(name, outcome, exposures))
        except NotEnoughData:
            continue
    fits = fit(regressions, {"seed": seed, **SAMPLER})
    refused = [name for name, estimates in fits.items() if estimates.diagnostics.problem]
    rows = [
        row
        for regression in regressions
        if regression.outcome not in refused
        for row in results(regression, fits[regression.outcome], {})
    ]
    return rows, refused


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_intervals_hold_the_key_effects_of_a_hundred_simulated_people(figures):
    truth = {(effect.exposure, effect.outcome): effect for effect in true_effects()}
    held: dict[tuple[str, str], list[bool]] = {}
    refused: list[str] = []
    for seed in range(PEOPLE):
        rows, not_trusted = found(seed)
        refused += not_trusted
        for row in rows:
            pair = (row["exposure"], row["outcome"])
            true = truth[pair].value / truth[pair].per_amount * row["per_amount"]
            held.setdefault(pair, []).append(row["lower_95"] <= true <= row["upper_95"])
    key = {pair: np.mean(held[pair]) for pair in KEY_EFFECTS}
    every = np.concatenate([held[pair] for pair in held])
    absent = np.concatenate([held[pair] for pair in held if truth[pair].value == 0])
    claim = "Coverage of 95 % intervals, associations of 100 simulated people"
    for pair, covered in held.items():
        if truth[pair].value != 0:
            share = np.mean(covered)
            figures.add(claim, " with ".join(pair), share, "≥ 0.90", met=share >= BAR)
    figures.add(claim, "absent associations", absent.mean(), "≥ 0.90", met=absent.mean() >= BAR)
    assert len(refused) <= PEOPLE * len(OUTCOMES) // 100
    assert all(len(held[pair]) >= PEOPLE - 2 for pair in KEY_EFFECTS)
    assert np.mean(list(key.values())) >= BAR
    assert every.mean() >= 0.93
