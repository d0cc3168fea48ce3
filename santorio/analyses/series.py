"""Daily series from the marts as arrays. Days are counted from 1970-01-01, so that gaps are differences.

Days that `marts.day_quality` excludes are excluded here, for every analysis alike, and listed beside the values.
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
class ExcludedDay:
    """A day of a metric that no analysis reads, with the reason from `marts.day_quality`."""

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
        Number of measurements that each value is the mean of.
    unit : str
        Unit, where the mart states one.
    as_of : datetime
        When the newest value became known.
    excluded : tuple[ExcludedDay, ...]
        Days with a value that cannot be trusted; they are in no array.
    known_at : datetime, optional
        Instant of the log that the marts reflected when they were read; None before a build was published.
    """

    day: IntArray
    value: FloatArray
    samples: FloatArray
    unit: str
    as_of: dt.datetime
    excluded: tuple[ExcludedDay, ...] = ()
    known_at: dt.datetime | None = None

    def at(self, days: IntArray) -> FloatArray:
        """Values on these days; NaN on a day without one."""
        position = np.clip(np.searchsorted(self.day, days), 0, max(len(self.day) - 1, 0))
        return np.where(self.day[position] == days, self.value[position], np.nan)


def date_of(number: int) -> dt.date:
    """Date of a number of days since 1970-01-01."""
    return EPOCH + dt.timedelta(days=number)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


# Several reasons of one day are joined, always in the same order.
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
    """Read outcomes by metric, by default all of them. Untrusted days are excluded, and listed."""
    wanted = {"user": user_id, "metrics": None if metrics is None else list(metrics)}
    known = _known_at(connection)
    return _by_name(connection.execute(_OUTCOMES, wanted).fetchall(), known)


def read_exposures(connection: psycopg.Connection, user_id: UUID) -> dict[str, Series]:
    """Read exposures by name. Untrusted days are excluded, and listed."""
    known = _known_at(connection)
    return _by_name(connection.execute(_EXPOSURES, [user_id]).fetchall(), known)


def _known_at(connection: psycopg.Connection) -> dt.datetime | None:
    """Find the instant of the log that the marts reflect.

    It is read before the marts: if a build publishes in between, the instant is too early, never too late.
    """
    row = connection.execute(
        "select known_at from ops.builds where published_at is not null order by published_at desc limit 1"
    ).fetchone()
    return row[0] if row else None


def describe_exclusions(
    series: Mapping[str, Series], *, first: int | None = None, last: int | None = None
) -> dict[str, list[dict[str, str]]]:
    """Describe which days were excluded and why, as a run records it: plain JSON, without any value.

    Parameters
    ----------
    first, last
        First and last day of interest, since 1970-01-01; by default all days.
    """

    def days_of(series: Series) -> Iterable[ExcludedDay]:
        return (
            excluded
            for excluded in series.excluded
            if (first is None or day_number(excluded.day) >= first)
            and (last is None or day_number(excluded.day) <= last)
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
    # A name without any trusted day has no series.
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
        excluded=tuple(
            ExcludedDay(row[1], str(row[6]))
            for row in rows
            if row[6] is not None and isinstance(row[1], dt.date)
        ),
        known_at=known_at,
    )
