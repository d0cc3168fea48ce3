"""Daily series from the marts as arrays. Days are counted from 1970-01-01, so that gaps are differences.

Days that `marts.day_quality` excludes are excluded here, for every analysis alike, and listed beside the values.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
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
    """One value per day, days ascending.

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


# Several reasons of one day are joined, always in the same order. The last column is null on a trusted day.
_OUTCOMES = """
select metric, day, value, coalesce(samples, 1), '', as_of,
       (select string_agg(reason, ' ' order by flag) from marts.day_quality quality
        where quality.user_id = outcome.user_id and quality.day = outcome.day and quality.metric = outcome.metric
          and is_excluded)
from marts.outcomes outcome
where user_id = %(user)s and value is not null and (%(metrics)s::text[] is null or metric = any(%(metrics)s))
order by metric, day
"""
_EXPOSURES = """
select exposure, day, value, 1, coalesce(unit, ''), as_of,
       (select string_agg(reason, ' ' order by flag) from marts.day_quality quality
        where quality.user_id = exposures.user_id and quality.day = exposures.day
          and quality.metric = exposures.exposure and is_excluded)
from marts.exposures
where user_id = %s and value is not null order by exposure, day
"""


def read_outcomes(
    connection: psycopg.Connection, user_id: UUID, metrics: Sequence[str] | None = None
) -> dict[str, Series]:
    """Read outcomes by metric, by default all of them. Untrusted days are excluded, and listed."""
    parameters: dict[str, object] = {"user": user_id, "metrics": None}
    if metrics is not None:
        parameters["metrics"] = list(metrics)
    known_at = _known_at(connection)
    return _by_name(connection.execute(_OUTCOMES, parameters).fetchall(), known_at)


def read_exposures(connection: psycopg.Connection, user_id: UUID) -> dict[str, Series]:
    """Read exposures by name. Untrusted days are excluded, and listed."""
    known_at = _known_at(connection)
    return _by_name(connection.execute(_EXPOSURES, [user_id]).fetchall(), known_at)


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

    Returns
    -------
    dict
        Day and reason of each excluded day, by the name of the series; series without any are absent.
    """
    descriptions: dict[str, list[dict[str, str]]] = {}
    for name in sorted(series):
        for excluded in series[name].excluded:
            number = day_number(excluded.day)
            is_early = first is not None and number < first
            is_late = last is not None and number > last
            if not is_early and not is_late:
                description = {"day": excluded.day.isoformat(), "reason": excluded.reason}
                descriptions.setdefault(name, []).append(description)
    return descriptions


# A day of a series as the queries above select it: name, day, value, samples, unit, as_of, reason of an exclusion.
_Row = tuple[str, dt.date, float, float, str, dt.datetime, str | None]


def _by_name(rows: Sequence[_Row], known_at: dt.datetime | None) -> dict[str, Series]:
    grouped: dict[str, list[_Row]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    by_name = {}
    for name, group in grouped.items():
        series = _series(group, known_at)
        if series is not None:
            by_name[name] = series
    return by_name


def _series(rows: Sequence[_Row], known_at: dt.datetime | None) -> Series | None:
    """One series of its rows, in the order of days; None where no day can be trusted."""
    trusted = []
    excluded = []
    for row in rows:
        day, reason = row[1], row[6]
        if reason is None:
            trusted.append(row)
        else:
            excluded.append(ExcludedDay(day, reason))
    if not trusted:
        return None
    _, days, values, samples, units, _, _ = zip(*trusted, strict=True)
    return Series(
        day=np.array(list(map(day_number, days)), dtype=np.int64),
        value=np.array(values, dtype=float),
        samples=np.maximum(np.array(samples, dtype=float), 1.0),
        unit=units[0],
        # A day that is excluded is an input as well.
        as_of=max(row[5] for row in rows),
        excluded=tuple(excluded),
        known_at=known_at,
    )
