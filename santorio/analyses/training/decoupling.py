"""What the heart pays for the pace: efficiency and decoupling."""

import numpy as np

from santorio.analyses.training.resample import Column

# Below, halves are too short to tell drift from warming up.
SHORTEST_SECONDS = 1200


def efficiency(output: float, heart_rate_bpm: Column) -> float | None:
    """Output per heart beat a minute: normalised power (W/bpm), or speed in m/min, which makes it metres a beat.

    Friel's efficiency factor; GoldenCheetah takes yards.
    """
    known = heart_rate_bpm[np.isfinite(heart_rate_bpm)]
    return output / float(known.mean()) if len(known) else None


def decoupling_pct(output: Column, heart_rate_bpm: Column) -> float | None:
    """How much less output a heart beat bought in the second half than in the first (%).

    Both halves have the same number of seconds with both measurements; the ratio is mean output to mean heart rate, as
    Friel describes it and GoldenCheetah (`AerobicDecoupling.cpp`) computes it. Above 5 % Friel reads drift. None where
    fewer than 20 minutes hold both, or the first half no output.
    """
    known = np.isfinite(output) & np.isfinite(heart_rate_bpm)
    if known.sum() < SHORTEST_SECONDS:
        return None
    half = int(known.sum()) // 2
    power, heart = output[known], heart_rate_bpm[known]
    first, second = power[:half].mean() / heart[:half].mean(), power[half:].mean() / heart[half:].mean()
    return float(100 * (first - second) / first) if first > 0 else None
