"""Draws docs/images/baseline.png: the baseline of a simulated resting heart rate, with a new level and an illness.

Run it again after a change of the baselines or of their plot: `python docs/images/baseline.py`.
"""

import datetime as dt
from pathlib import Path

import numpy as np

from santorio.analyses.baselines.pipeline import compute_baselines
from santorio.analyses.baselines.plot import plot_baseline
from santorio.analyses.series import Series

DAYS = 400
FIRST_DAY = 20_200
NEW_LEVEL, ILLNESS = slice(345, None), slice(394, 400)


def simulate() -> Series:
    """Simulate a heart rate around 54 bpm, 4 bpm higher from day 345 on, and 6 bpm more in the last six days."""
    rng = np.random.default_rng(4)
    noise = rng.normal(size=DAYS)
    for t in range(1, DAYS):
        noise[t] = 0.4 * noise[t - 1] + np.sqrt(1 - 0.4**2) * noise[t]
    value = 54 + 1.3 * noise
    value[NEW_LEVEL] += 4
    value[ILLNESS] += 6
    has_value = rng.random(DAYS) >= 0.05
    has_value[ILLNESS] = True
    day = np.arange(FIRST_DAY, FIRST_DAY + DAYS)[has_value]
    return Series(day, value[has_value], np.ones(len(day)), "bpm", dt.datetime(2026, 6, 1, tzinfo=dt.UTC))


if __name__ == "__main__":
    [baseline] = compute_baselines([("resting_hr_bpm", "bpm", simulate())])
    Path(__file__).with_suffix(".png").write_bytes(plot_baseline(baseline))
