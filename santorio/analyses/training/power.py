"""Power: normalised power and work of a series of watts."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from santorio.analyses.training.resample import Column

# Seconds.
WINDOW = 30
Convention = Literal["zero_padded", "whole_windows"]


def normalized_power(
    power_w: Column,
    *,
    convention: Convention = "zero_padded",
    stretches: npt.NDArray[np.int64] | None = None,
) -> float | None:
    """Steady power of the same physiological cost: rolling mean of 30 s, fourth power, mean, fourth root.

    Parameters
    ----------
    power_w
        Watts, one per second, without pauses. Seconds without a measurement (NaN) are excluded.
    convention
        `zero_padded`: the window begins full of zeros and continues over pauses, as in GoldenCheetah (`Coggan.cpp`);
        every second counts. `whole_windows`: only windows of 30 measured seconds within one stretch count, which is
        what Wahoo's computers write. They differ by less than a percent after an hour without stops, by several in a
        ride of two minutes or with fifty stops.
    stretches
        First positions of the stretches between pauses; one stretch if not given. Used by `whole_windows` alone.

    Returns
    -------
    float or None
        Watts; None without any window.

    Notes
    -----
    Coggan, in Allen & Coggan, *Training and Racing with a Power Meter* (2010), chapter 7.
    """
    if convention == "zero_padded":
        rolled = _rolled(power_w[np.isfinite(power_w)])
    else:
        starts = np.array([0]) if stretches is None else stretches
        windows = [np.zeros(0)]
        for stretch in np.split(power_w, starts[1:]):
            ending_at = _rolled(stretch[np.isfinite(stretch)])
            # The first window that is full ends at the thirtieth second.
            windows.append(ending_at[WINDOW - 1 :])
        rolled = np.concatenate(windows)
    if not len(rolled):
        return None
    return float(np.mean(rolled**4) ** 0.25)


def _rolled(power_w: Column) -> Column:
    """Mean of the 30 s that end at each second, those before the first being 0."""
    # Rounding of the running sum may leave a little less than 0.
    total = np.concatenate([np.zeros(WINDOW), np.cumsum(power_w)])
    return np.asarray(np.maximum(total[WINDOW:] - total[:-WINDOW], 0) / WINDOW)


def work_kj(power_w: Column) -> float | None:
    """Work (kJ) of a series of watts, one per second; None where nothing was measured."""
    if not np.isfinite(power_w).any():
        return None
    return float(np.nansum(power_w)) / 1000
