"""Best efforts: the highest mean over each duration."""

from collections.abc import Sequence

import numpy as np

from santorio.analyses.training.resample import Column

_MINUTES = (1, 2, 3, 4, 5, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 240)
# Seconds: from a sprint to four hours.
DURATIONS = (1, 5, 10, 15, 30, *(60 * minutes for minutes in _MINUTES))


def best_means(values: Column, durations: Sequence[int] = DURATIONS) -> list[float | None]:
    """Highest mean held for each duration or longer.

    Windows with a missing second (NaN) do not count. Means over a longer duration count too, so that the curve never
    rises: [1, 0, 1] holds 2/3 for three seconds, hence for two as well.

    Parameters
    ----------
    values
        One per second of the clock, pauses included (0 for power and speed, NaN for heart rate).
    durations
        Seconds, increasing.

    Returns
    -------
    list of float or None
        One per duration, None where the recording is shorter. Each takes time linear in the length of the recording.
    """
    # A difference of running sums is the sum of a window.
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
    missing = np.concatenate([[0], np.cumsum(np.isnan(values))])
    best: float | None = None
    means: list[float | None] = []
    # From the longest on, the best so far is that of the duration or of a longer one.
    for duration in reversed(durations):
        if len(values) >= duration:
            complete = missing[duration:] == missing[:-duration]
            sums = (total[duration:] - total[:-duration])[complete]
            if len(sums):
                # Rounding of the sums may leave less than 0.
                best = max(best or 0.0, float(sums.max() / duration))
        means.append(best)
    means.reverse()
    return means
