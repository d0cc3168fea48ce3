"""Power: normalised power and work of a series of watts."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from santorio.analyses.training.resample import Column

WINDOW = 30
Convention = Literal["zero_padded", "whole_windows"]


def normalized_power(
    power_w: Column,
    *,
    convention: Convention = "zero_padded",
    stretches: npt.NDArray[np.int64] | None = None,
) -> float | None:
    """Power that, held steady, would have cost as much: rolling mean of 30 s, fourth power, mean, fourth root.

    Parameters
    ----------
    power_w
        Watts, one a second, pauses cut out. Seconds without a measurement (NaN) are left out.
    convention
        `zero_padded`: the window begins full of zeros and rolls on over pauses, as GoldenCheetah does (`Coggan.cpp`);
        every second counts. `whole_windows`: only windows of 30 measured seconds within one stretch count, which is
        what Wahoo's computers write. They differ by less than a percent after an hour without stops, by several in a
        ride of two minutes or with fifty stops.
    stretches
        First places of the stretches between pauses; one stretch where not given. Read by `whole_windows` alone.

    Returns
    -------
    float or None
        Watts; none where no window is there.

    Notes
    -----
    Coggan, in Allen & Coggan, *Training and Racing with a Power Meter* (2010), chapter 7.
    """
    if convention == "zero_padded":
        rolled = _rolled(power_w[np.isfinite(power_w)])
    else:
        starts = np.array([0]) if stretches is None else stretches
        parts = [part[np.isfinite(part)] for part in np.split(power_w, starts[1:])]
        rolled = np.concatenate([_rolled(part)[WINDOW - 1 :] for part in parts] or [np.zeros(0)])
    return float(np.mean(rolled**4) ** 0.25) if len(rolled) else None


def _rolled(power_w: Column) -> Column:
    """Mean of the 30 s that end at each second, those before the first being 0."""
    total = np.concatenate([np.zeros(WINDOW), np.cumsum(power_w)])
    return np.asarray(np.maximum(total[WINDOW:] - total[:-WINDOW], 0) / WINDOW)


def work_kj(power_w: Column) -> float:
    """Work (kJ) of a series of watts, one a second."""
    return float(np.nansum(power_w)) / 1000
