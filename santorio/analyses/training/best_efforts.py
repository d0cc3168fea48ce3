"""Best efforts: the highest mean over each duration."""

from collections.abc import Sequence

import numpy as np

from santorio.analyses.training.resample import Column

DURATIONS = (
    1, 5, 10, 15, 30, 60, 120, 180, 240, 300, 480, 600, 720, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10_800, 14_400,
)  # fmt: skip


def best_means(values: Column, durations: Sequence[int] = DURATIONS) -> list[float | None]:
    """Highest mean held for each duration or longer.

    A second of a mean can be missing in no window: windows over NaN do not count. Means over a longer time than the
    asked one count too, so that the curve never rises: [1, 0, 1] holds 2/3 for three seconds, hence for two as well.

    Parameters
    ----------
    values
        One a second on the clock, pauses included (0 for power and speed, NaN for heart rate).
    durations
        Seconds, increasing.

    Returns
    -------
    list of float or None
        One a duration, none where the recording is shorter. Linear in the length of the recording for each.
    """
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
    missing = np.concatenate([[0], np.cumsum(np.isnan(values))])
    found: list[float | None] = []
    for duration in durations:
        best = None
        if len(values) >= duration:
            whole = missing[duration:] == missing[:-duration]
            if whole.any():
                best = float(max(0.0, (total[duration:] - total[:-duration])[whole].max() / duration))
        found.append(best)
    return _never_rising(found)


def _never_rising(found: list[float | None]) -> list[float | None]:
    highest: float | None = None
    for place in range(len(found) - 1, -1, -1):
        value = found[place]
        if value is not None:
            highest = value if highest is None else max(highest, value)
        found[place] = highest
    return found
