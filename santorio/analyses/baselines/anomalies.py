"""Anomalies: unusual days, and unusual runs of days.

A day's normal score is z = Φ⁻¹(F(y)), with F the prediction from the days before it, of a day whose noise is of the
usual kind. If the model is right, scores are independent standard normal, however days resemble each other. So
thresholds are those of independent normal noise:

- a day is unusual at |z| > 3.2: once in two years by chance;
- a run of 3 to 14 days with a value is unusual at |Σ z| / √days > 3.4, each z clipped at 2.5, so that one extreme day
  does not make a run, and its last day above 1: by chance 0.4 times a year, counted over the complete scan.

A run includes the unusual days within it and is reported once. The level follows a change that lasts, so that later
days score lower and the return scores high: an anomaly lasts while days lie outside the 95 % interval that was
expected of its first day, up to a fortnight, and an unusual day back into that interval is not reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from santorio.analyses.baselines.state_space import Filtered
from santorio.arrays import FloatArray, IntArray

DAY_THRESHOLD, RUN_THRESHOLD = 3.2, 3.4
MAX_DAY_SCORE = 2.5
MIN_RUN, MAX_RUN = 3, 14
# Bounds of the 95 % interval, and the median.
USUAL = np.array([0.025, 0.5, 0.975])
# The last day of a run scores at least this: else the run is over, though its sum is still high.
MIN_LAST_SCORE = 1.0
# A run may span a gap of this many days.
MAX_MISSING = 2
MAX_SCORE = 8.0

Direction = Literal["above", "below"]


@dataclass(frozen=True)
class Anomaly:
    """An unusual day or run of days. Its fields are public: they are published as JSON.

    Attributes
    ----------
    first_day, last_day : int
        Since 1970-01-01; the same for a single day.
    days : int
        Days with a value in it.
    direction : {"above", "below"}
        Of the deviation from the expected.
    surprise : float
        Normal score; of a run, that of its sum. Positive is above.
    mean : float
        Mean value, in the metric's own unit.
    median, lower, upper : float
        Median and 95 % interval expected of the first day.
    outside : int
        Number of days outside that interval, on the side of the anomaly.
    """

    first_day: int
    last_day: int
    days: int
    direction: Direction
    surprise: float
    mean: float
    median: float
    lower: float
    upper: float
    outside: int


def normal_scores(filtered: Filtered) -> FloatArray:
    """Normal score of each day under its prediction; shape (days,)."""
    from scipy.special import ndtri

    below = filtered.ahead.without_outliers().below(filtered.value)
    return np.asarray(np.clip(ndtri(below), -MAX_SCORE, MAX_SCORE))


def detect_anomalies(filtered: Filtered, *, smallest: float = 0.0, skip: int = 0) -> list[Anomaly]:
    """Detect unusual days and runs, in order.

    Parameters
    ----------
    smallest : float
        Smallest difference from the expected to report, in the metric's own unit.
    skip : int
        Number of first days on which nothing is reported yet.
    """
    score = normal_scores(filtered)
    score[:skip] = 0.0
    days = [(int(t), int(t), float(score[t])) for t in np.flatnonzero(np.abs(score) > DAY_THRESHOLD)]
    # In the order of their first rows.
    alarms = sorted(runs(filtered.day, score) + days)
    if not alarms:
        return []
    begins = np.unique([begin for begin, _, _ in alarms])
    usual = dict(zip(begins.tolist(), filtered.ahead.of(begins).quantile(USUAL).tolist(), strict=True))
    episodes: list[_Episode] = []
    for begin, end, alarm_score in alarms:
        last = episodes[-1] if episodes else None
        if last and begin <= last.end and alarm_score * last.score > 0:
            # They overlap, on the same side: one episode with the more extreme of the scores.
            extreme = max(alarm_score, last.score, key=abs)
            episodes[-1] = _Episode(filtered, usual[last.begin], last.begin, max(end, last.end), extreme)
        elif last is None or not last.ends_with(begin, end, alarm_score):
            episodes.append(_Episode(filtered, usual[begin], begin, end, alarm_score))
    anomalies = [episode.to_anomaly() for episode in episodes]
    return [anomaly for anomaly in anomalies if abs(anomaly.mean - anomaly.median) >= smallest]


Span = tuple[int, int, float]


def runs(day: IntArray, score: FloatArray) -> list[Span]:
    """Unusual windows: first row, last row and score; for each day the highest-scoring window that ends at it."""
    clipped = np.clip(score, -MAX_DAY_SCORE, MAX_DAY_SCORE)
    total = np.concatenate([[0.0], np.cumsum(clipped)])
    best = np.zeros(len(day))
    best_length = np.zeros(len(day), dtype=np.int64)
    for length in range(MIN_RUN, min(MAX_RUN, len(day)) + 1):
        # Windows of this length end at the rows from `length - 1` on.
        window_score = (total[length:] - total[:-length]) / np.sqrt(length)
        better = _has_no_wide_gap(day, length) & (np.abs(window_score) > np.abs(best[length - 1 :]))
        best[length - 1 :][better] = window_score[better]
        best_length[length - 1 :][better] = length
    ends = np.flatnonzero((np.abs(best) > RUN_THRESHOLD) & (score * np.sign(best) > MIN_LAST_SCORE))
    return [(int(t - best_length[t] + 1), int(t), float(best[t])) for t in ends]


def _has_no_wide_gap(day: IntArray, length: int) -> NDArray[np.bool_]:
    """Whether no gap of a window is wider than allowed; one entry for each window of `length` days."""
    wide_gaps = np.concatenate([[0], np.cumsum(np.diff(day) > MAX_MISSING + 1)])
    return np.asarray(wide_gaps[length - 1 :] - wide_gaps[: len(day) - length + 1] == 0)


class _Episode:
    """An alarm, compared with the range before it: the filter follows a change that lasts, this range does not.

    Its last row moves on as long as the days after it lie outside that range, too.
    """

    def __init__(
        self, filtered: Filtered, usual: Sequence[float], begin: int, end: int, score: float
    ) -> None:
        self.filtered, self.begin, self.end, self.score = filtered, begin, end, score
        self.lower, self.median, self.upper = usual
        self.direction: Direction = "below"
        self.outside = filtered.value < self.lower
        if score > 0:
            self.direction = "above"
            self.outside = filtered.value > self.upper
        while self._lasts():
            self.end += 1

    def _lasts(self) -> bool:
        """Whether the next day lies outside the 95 % interval of the first day, too."""
        following, day = self.end + 1, self.filtered.day
        return (
            following < min(len(day), self.begin + MAX_RUN)
            and bool(self.outside[following])
            and bool(day[following] - day[self.end] <= MAX_MISSING + 1)
        )

    def ends_with(self, begin: int, end: int, score: float) -> bool:
        """Whether an alarm is the return: a score of the other sign, soon after, back into the range of before."""
        mean = self.filtered.value[begin : end + 1].mean()
        is_soon = begin <= self.end + MAX_RUN
        return bool(is_soon and score * self.score < 0 and self.lower <= mean <= self.upper)

    def to_anomaly(self) -> Anomaly:
        """The episode as plain data."""
        rows = slice(self.begin, self.end + 1)
        return Anomaly(
            first_day=int(self.filtered.day[self.begin]),
            last_day=int(self.filtered.day[self.end]),
            days=self.end - self.begin + 1,
            direction=self.direction,
            surprise=self.score,
            mean=float(self.filtered.value[rows].mean()),
            median=self.median,
            lower=self.lower,
            upper=self.upper,
            outside=int(self.outside[rows].sum()),
        )
