"""Critical power: what can be held for long, and the work that can be done above it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Efforts between these durations lie on the hyperbola (Jones et al. 2010, doi:10.1249/MSS.0b013e3181d9cf7f).
SHORTEST, LONGEST = 120, 1200
FEWEST = 4
# The longest effort must be so many times the shortest, or the line has nothing to stand on.
WIDEST_RATIO = 4
LARGEST_ERROR = 0.05
# What no trained or untrained body has, and how far below the mean of the longest effort the limit of all lies.
SMALLEST_WORK_J = 5_000
CLOSEST = 0.97


@dataclass(frozen=True, slots=True)
class PowerModel:
    """P = CP + W'/t with its standard errors, or the reason why there is none.

    `cp_w` in watts, `w_prime_j` in joules, `r_squared` the share of the spread of power that 1/t explains, `efforts`
    how many durations were fitted.
    """

    efforts: int
    cp_w: float | None = None
    w_prime_j: float | None = None
    cp_error_w: float | None = None
    w_prime_error_j: float | None = None
    r_squared: float | None = None
    reason: str | None = None


def fit_critical_power(durations: Sequence[float], powers: Sequence[float | None]) -> PowerModel:
    """Fit P = CP + W'/t by least squares on 1/t (Whipp et al. 1982; Hill 1993).

    Parameters
    ----------
    durations
        Seconds; those outside 2 to 20 minutes are left out.
    powers
        Best mean power (W) of each duration, none where there is none.

    Notes
    -----
    Best efforts of training are not exhausting trials: weak short ones flatten the line (CP too high, W' too low),
    weak long ones steepen it (CP too low, W' too high). The errors are those of the line and say nothing of that. A
    line that is too flat to be true is refused: W' below 5 kJ, or CP within 3 % of the best 20 minutes.
    """
    pairs = [
        (float(t), p)
        for t, p in zip(durations, powers, strict=True)
        if p is not None and SHORTEST <= t <= LONGEST
    ]
    count = len(pairs)
    if count < FEWEST:
        return PowerModel(count, reason="fewer than four durations from 2 to 20 minutes")
    seconds, power = np.array(pairs).T
    if seconds.max() < WIDEST_RATIO * seconds.min():
        return PowerModel(count, reason="the efforts are too much alike in duration")
    x = 1 / seconds
    dx, dy = x - x.mean(), power - power.mean()
    sxx, sxy, syy = float(dx @ dx), float(dx @ dy), float(dy @ dy)
    slope = sxy / sxx
    cp = float(power.mean()) - slope * float(x.mean())
    if slope <= 0 or cp <= 0:
        return PowerModel(count, reason="power does not fall with duration")
    variance = max(0.0, syy - slope * sxy) / (count - 2)
    cp_error = float(np.sqrt(variance * (1 / count + x.mean() ** 2 / sxx)))
    if reason := _doubt(cp, slope, cp_error, power[seconds == LONGEST]):
        return PowerModel(count, reason=reason)
    return PowerModel(
        count, cp, slope, cp_error, float(np.sqrt(variance / sxx)), sxy**2 / (sxx * syy) if syy > 0 else 1.0
    )


def _doubt(cp: float, w_prime: float, cp_error: float, longest: np.ndarray) -> str | None:
    """Why a line that was fitted is not believed; `longest` holds the best 20 minutes, where there are any."""
    if cp_error > LARGEST_ERROR * cp:
        return "the efforts do not lie on one curve"
    if w_prime < SMALLEST_WORK_J:
        return "the work above critical power is too small to be true"
    if (cp > CLOSEST * longest).any():
        return "critical power lies too close to the best 20 minutes"
    return None
