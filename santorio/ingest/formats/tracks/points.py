"""What TCX and GPX have in common: points in columns, and what they sum up to."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from santorio.storage.activity_records import COLUMNS, Column

Point = Mapping[str, float | None]


@dataclass(slots=True)
class Session:
    """One activity of a file: what it states, and its points.

    `points` are (time, values by column or by the name that the file has for them); a point without a time is
    counted in `without_time`.
    """

    sport: str | None
    stated: dict[str, object] = field(default_factory=dict)
    laps: list[dict[str, object]] = field(default_factory=list)
    points: list[tuple[float, Point]] = field(default_factory=list)
    without_time: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """A file as read: who wrote it, and its activities."""

    creator: str | None
    serial: str | None
    sessions: list[Session]


def columns_of(points: list[tuple[float, Point]]) -> tuple[Column, dict[str, Column], dict[str, Column]]:
    """Times, columns of `raw.activity_records`, and series of everything else, as long as the points."""
    found: dict[str, Column] = {}
    for row, (_, values) in enumerate(points):
        for name, value in values.items():
            if value is not None:
                if name not in found:
                    found[name] = np.full(len(points), np.nan)
                found[name][row] = value
    times = np.array([at for at, _ in points], dtype=np.float64)
    columns = {name: column for name, column in found.items() if name in COLUMNS}
    return times, columns, {name: column for name, column in found.items() if name not in COLUMNS}


def figures(session: Session) -> dict[str, object]:
    """Sum up a session under the names that FIT sessions have; what the file states comes before what follows."""
    times = [at for at, _ in session.points]
    first, last = min(times), max(times)
    beats, watts, metres = (_measured(session, name) for name in ("heart_rate_bpm", "power_w", "distance_m"))
    return {
        "start_time": iso(first),
        "sport": session.sport,
        "sub_sport": None,
        "total_elapsed_time_s": last - first,
        "avg_heart_rate_bpm": sum(beats) / len(beats) if beats else None,
        "max_heart_rate_bpm": max(beats, default=None),
        "avg_power_w": sum(watts) / len(watts) if watts else None,
        "total_distance_m": max(metres, default=None),
        **{name: value for name, value in session.stated.items() if value is not None},
    }


def _measured(session: Session, name: str) -> list[float]:
    return [value for _, values in session.points if (value := values.get(name)) is not None]


def iso(seconds: float) -> str:
    """Instant as FIT sessions state theirs."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(text: str | None) -> float | None:
    """Read a finite number of a text; None where there is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def text_of(values: Iterable[str | None]) -> str | None:
    """Return the first text that says something."""
    return next((value.strip() for value in values if value and value.strip()), None)
