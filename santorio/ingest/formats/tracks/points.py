"""Common parts of the TCX and GPX parsers: points as columns, and the summary of a session."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from santorio.storage.activity_records import COLUMNS, Column

Point = Mapping[str, float | None]


@dataclass(slots=True)
class Session:
    """One activity of a file.

    `stated` are values of the file's own summary. `points` are (Unix seconds, values by our column name or, for
    others, by the file's name); points without a time are only counted, in `without_time`.
    """

    sport: str | None
    stated: dict[str, object] = field(default_factory=dict)
    laps: list[dict[str, object]] = field(default_factory=list)
    points: list[tuple[float, Point]] = field(default_factory=list)
    without_time: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """A parsed file: the program or device that wrote it, and its activities."""

    creator: str | None
    serial: str | None
    sessions: list[Session]


def columns_of(points: list[tuple[float, Point]]) -> tuple[Column, dict[str, Column], dict[str, Column]]:
    """Return times, columns of `raw.activity_records`, and series of all other values, each as long as the points."""
    columns: dict[str, Column] = {}
    series: dict[str, Column] = {}
    for row, (_, values) in enumerate(points):
        for name, value in values.items():
            if value is None:
                continue
            target = columns if name in COLUMNS else series
            if name not in target:
                target[name] = np.full(len(points), np.nan)
            target[name][row] = value
    times = np.array([at for at, _ in points], dtype=np.float64)
    return times, columns, series


def summarise(session: Session) -> dict[str, object]:
    """Summarise a session under the names of FIT sessions; values that the file states win over computed ones."""
    times = [at for at, _ in session.points]
    heart_rates = _values(session, "heart_rate_bpm")
    summary: dict[str, object] = {
        "start_time": iso(min(times)),
        "sport": session.sport,
        "sub_sport": None,
        "total_elapsed_time_s": max(times) - min(times),
        "avg_heart_rate_bpm": _mean(heart_rates),
        "max_heart_rate_bpm": max(heart_rates, default=None),
        "avg_power_w": _mean(_values(session, "power_w")),
        "total_distance_m": max(_values(session, "distance_m"), default=None),
    }
    stated = {name: value for name, value in session.stated.items() if value is not None}
    return summary | stated


def _values(session: Session, name: str) -> list[float]:
    measured = []
    for _, values in session.points:
        value = values.get(name)
        if value is not None:
            measured.append(value)
    return measured


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def iso(seconds: float) -> str:
    """Format an instant as FIT sessions state theirs."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_utc(time: dt.datetime) -> dt.datetime:
    """Add UTC to a time without a zone: TCX and GPX define no other."""
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def parse_number(text: str | None) -> float | None:
    """Parse a finite number; None for any other text."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def text_of(values: Iterable[str | None]) -> str | None:
    """Return the first text that is not blank; None if there is none."""
    for value in values:
        if value and value.strip():
            return value.strip()
    return None
