"""What the models read from the marts, as arrays. Days are counted from 1970-01-01, so that gaps are differences.

What `marts.day_quality` says to leave out is left out here, for every analysis alike, and told beside the values.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import psycopg

from santorio.arrays import FloatArray, IntArray

EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A day that no analysis reads of a metric, and why, in the words of `marts.day_quality`."""

    day: dt.date
    reason: str


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
    left_out : tuple[LeftOut, ...]
        Days that have a value which cannot be trusted; they are in no array.
    known_at : datetime, optional
        Instant of the log that the marts told when they were read; None before a build was published.
    """

    day: IntArray
    value: FloatArray
    samples: FloatArray
    unit: str
    as_of: dt.datetime
    left_out: tuple[LeftOut, ...] = ()
    known_at: dt.datetime | None = None

    def at(self, days: IntArray) -> FloatArray:
        """Values on these days; NaN where there is none."""
        position = np.clip(np.searchsorted(self.day, days), 0, max(len(self.day) - 1, 0))
        return np.where(self.day[position] == days, self.value[position], np.nan)


def date_of(number: int) -> dt.date:
    """Date of a number of days since 1970-01-01."""
    return EPOCH + dt.timedelta(days=number)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


# Several reasons of one day stand after one another, always in the same order.
_OUTCOMES = """
select metric, day, value, coalesce(samples, 1), '', as_of,
       (select string_agg(reason, ' ' order by flag) from marts.day_quality quality
        where quality.user_id = told.user_id and quality.day = told.day and quality.metric = told.metric
          and is_excluded)
from marts.outcomes told
where user_id = %(user)s and value is not null and (%(metrics)s::text[] is null or metric = any(%(metrics)s))
order by metric, day
"""
_EXPOSURES = """
select exposure, day, value, 1, coalesce(unit, ''), as_of,
       (select string_agg(reason, ' ' order by flag) from marts.day_quality quality
        where quality.user_id = told.user_id and quality.day = told.day and quality.metric = told.exposure
          and is_excluded)
from marts.exposures told
where user_id = %s and value is not null order by exposure, day
"""


def read_outcomes(
    connection: psycopg.Connection, user_id: UUID, metrics: Sequence[str] | None = None
) -> dict[str, Series]:
    """Read outcomes by metric; all of them if none is named. What cannot be trusted is left out, and told."""
    wanted = {"user": user_id, "metrics": None if metrics is None else list(metrics)}
    known = _known_at(connection)
    return _by_name(connection.execute(_OUTCOMES, wanted).fetchall(), known)


def read_exposures(connection: psycopg.Connection, user_id: UUID) -> dict[str, Series]:
    """Read exposures by name. What cannot be trusted is left out, and told."""
    known = _known_at(connection)
    return _by_name(connection.execute(_EXPOSURES, [user_id]).fetchall(), known)


def _known_at(connection: psycopg.Connection) -> dt.datetime | None:
    """Find the instant that the marts tell. Before they are read: what a build then adds is at least not claimed."""
    row = connection.execute(
        "select known_at from ops.builds where published_at is not null order by published_at desc limit 1"
    ).fetchone()
    return row[0] if row else None


def words_of_left_out(
    series: Mapping[str, Series], *, first: int | None = None, last: int | None = None
) -> dict[str, list[dict[str, str]]]:
    """Say which days of what were left out and why, as a run records it: plain JSON, without any value.

    Parameters
    ----------
    first, last
        Days since 1970-01-01 between which it is asked; without them, ever.
    """

    def days_of(one: Series) -> Iterable[LeftOut]:
        return (
            left
            for left in one.left_out
            if (first is None or day_number(left.day) >= first)
            and (last is None or day_number(left.day) <= last)
        )

    told = {
        name: [{"day": left.day.isoformat(), "reason": left.reason} for left in days_of(one)]
        for name, one in sorted(series.items())
    }
    return {name: days for name, days in told.items() if days}


def _by_name(rows: Sequence[tuple[object, ...]], known_at: dt.datetime | None) -> dict[str, Series]:
    grouped: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        grouped.setdefault(str(row[0]), []).append(row)
    # Of what has no day to trust there is no series.
    return {
        name: _series(group, known_at)
        for name, group in grouped.items()
        if any(row[6] is None for row in group)
    }


def _series(rows: Sequence[tuple[object, ...]], known_at: dt.datetime | None) -> Series:
    trusted = [row for row in rows if row[6] is None]
    _, days, values, samples, units, _, _ = zip(*trusted, strict=True)
    return Series(
        day=np.array([day_number(day) for day in days], dtype=np.int64),
        value=np.array(values, dtype=float),
        samples=np.maximum(np.array(samples, dtype=float), 1.0),
        unit=str(units[0]),
        as_of=max(row[5] for row in rows if isinstance(row[5], dt.datetime)),
        left_out=tuple(
            LeftOut(row[1], str(row[6])) for row in rows if row[6] is not None and isinstance(row[1], dt.date)
        ),
        known_at=known_at,
    )
