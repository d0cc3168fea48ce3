"""What the models read from the marts, as arrays. Days are counted from 1970-01-01, so that gaps are differences."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import psycopg

from santorio.trials.columns import FloatArray, IntArray

EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Series:
    """One value a day, days ascending.

    Attributes
    ----------
    day : IntArray
        Days since 1970-01-01.
    value : FloatArray
        Values in the metric's own unit.
    samples : FloatArray
        How many measurements each value is the mean of.
    unit : str
        Unit, where the mart states one.
    as_of : datetime
        When the newest of it became known.
    """

    day: IntArray
    value: FloatArray
    samples: FloatArray
    unit: str
    as_of: dt.datetime

    def at(self, days: IntArray) -> FloatArray:
        """Values on these days; NaN where there is none."""
        position = np.clip(np.searchsorted(self.day, days), 0, max(len(self.day) - 1, 0))
        return np.where(self.day[position] == days, self.value[position], np.nan)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def read_outcomes(
    connection: psycopg.Connection, user_id: UUID, metrics: Sequence[str] | None = None
) -> dict[str, Series]:
    """Read outcomes by metric; all of them if none is named."""
    rows = connection.execute(
        """
        select metric, day, value, coalesce(samples, 1), '', as_of from marts.outcomes
        where user_id = %(user)s and value is not null and (%(metrics)s::text[] is null or metric = any(%(metrics)s))
        order by metric, day
        """,
        {"user": user_id, "metrics": None if metrics is None else list(metrics)},
    ).fetchall()
    return _by_name(rows)


def read_exposures(connection: psycopg.Connection, user_id: UUID) -> dict[str, Series]:
    """Read exposures by name."""
    rows = connection.execute(
        """
        select exposure, day, value, 1, coalesce(unit, ''), as_of from marts.exposures
        where user_id = %s and value is not null order by exposure, day
        """,
        [user_id],
    ).fetchall()
    return _by_name(rows)


def _by_name(rows: Sequence[tuple[object, ...]]) -> dict[str, Series]:
    grouped: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        grouped.setdefault(str(row[0]), []).append(row)
    return {name: _series(group) for name, group in grouped.items()}


def _series(rows: Sequence[tuple[object, ...]]) -> Series:
    _, days, values, samples, units, known = zip(*rows, strict=True)
    return Series(
        day=np.array([day_number(day) for day in days], dtype=np.int64),
        value=np.array(values, dtype=float),
        samples=np.maximum(np.array(samples, dtype=float), 1.0),
        unit=str(units[0]),
        as_of=max(known),
    )
