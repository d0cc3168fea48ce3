"""Efficiency, output per heart beat, and decoupling, its decline within a session."""

import numpy as np

from santorio.analyses.training.resample import Column

# Below, halves are too short to distinguish drift from warming up.
SHORTEST_SECONDS = 1200


def efficiency(output: float, heart_rate_bpm: Column) -> float | None:
    """Output per heart beat a minute: normalised power (W/bpm), or speed in m/min, which makes it metres per beat.

    Friel's efficiency factor; GoldenCheetah takes yards. None where no heart rate was measured.
    """
    measured = heart_rate_bpm[np.isfinite(heart_rate_bpm)]
    if not len(measured):
        return None
    return output / float(measured.mean())


def decoupling_pct(output: Column, heart_rate_bpm: Column) -> float | None:
    """Decline of output per heart beat from the first half to the second (%).

    Both halves have the same number of seconds with both measurements; the ratio is mean output to mean heart rate, as
    Friel describes it and GoldenCheetah (`AerobicDecoupling.cpp`) computes it. Above 5 % is drift, by Friel. None
    where fewer than 20 minutes have both, or the first half has no output.
    """
    measured = np.isfinite(output) & np.isfinite(heart_rate_bpm)
    count = int(measured.sum())
    if count < SHORTEST_SECONDS:
        return None
    half = count // 2
    output, heart = output[measured], heart_rate_bpm[measured]
    first = output[:half].mean() / heart[:half].mean()
    second = output[half:].mean() / heart[half:].mean()
    if first <= 0:
        return None
    return float(100 * (first - second) / first)
