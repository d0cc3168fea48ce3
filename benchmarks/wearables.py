"""The people of LifeSnaps: what their watches measured day by day, as series of a person's metric.

The data lies beside the project and is never copied into it (Yfantidou et al. 2022, doi:10.1038/s41597-022-01764-x).
"""

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from santorio.analyses.series import day_number
from santorio.arrays import FloatArray, IntArray

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "wearables" / "fitbit_daily.csv"
# Column of the file by metric. Zero is how the file writes that nothing was measured.
COLUMNS = {
    "resting_hr_bpm": "resting_hr",
    "hrv_rmssd_ms": "rmssd",
    "sleep_minutes": "minutesAsleep",
    "awake_minutes": "minutesAwake",
    "respiration_brpm": "full_sleep_breathing_rate",
    "skin_temperature_c": "nightly_temperature",
    "stress_score": "stress_score",
    "steps": "steps",
}


@dataclass(frozen=True)
class DailySeries:
    """One metric of one person.

    Attributes
    ----------
    day : IntArray
        Known days since 1970-01-01, ascending, shape (days,).
    value : FloatArray
        Shape (days,).
    """

    person: str
    metric: str
    day: IntArray
    value: FloatArray


def read_series(path: Path, *, fewest_days: int) -> list[DailySeries]:
    """Read every metric of every person that is known on enough days."""
    known: dict[tuple[str, str], dict[int, float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = day_number(dt.date.fromisoformat(row["date"]))
            for metric, value in _values(row).items():
                known.setdefault((row["id"], metric), {})[day] = value
    return [
        DailySeries(person, metric, np.array(sorted(days)), np.array([days[day] for day in sorted(days)]))
        for (person, metric), days in sorted(known.items())
        if len(days) >= fewest_days
    ]


def _values(row: Mapping[str, str]) -> dict[str, float]:
    values = {metric: float(row[column]) for metric, column in COLUMNS.items() if row[column]}
    return {metric: value for metric, value in values.items() if value > 0}
