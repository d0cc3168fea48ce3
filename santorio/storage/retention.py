"""How long intraday samples are kept (forever, unless the person sets a limit), and the downsampling of older ones.

Downsampling removes the series from old payloads and keeps their five-minute rollups and the metrics that the marts
compute from them (docs/decisions/0005). `raw.downsample_samples` does it in the database; this module decides for whom,
for which days, and when.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from santorio import local_time
from santorio.errors import ConfigError
from santorio.people import Person
from santorio.storage.database.engine import Database

# Garmin recomputes young days, and the models look back four weeks: those days keep their samples in any case.
MIN_DAYS = 30
# A hundred years. More is the same as forever, and a date has a maximum.
MAX_DAYS = 36_500
# Days that are downsampled in a transaction: a run that was killed has completed some, and the next one resumes there.
DAYS_A_STEP = 28


@dataclass(frozen=True, slots=True)
class Due:
    """What can be downsampled: the first and the last day, and the numbers of days and of payload versions."""

    first_day: dt.date
    last_day: dt.date
    days: int
    payloads: int


@dataclass(frozen=True, slots=True)
class Downsampled:
    """What was downsampled: payloads, the samples that were in them, and the bytes by which the log became smaller."""

    payloads: int = 0
    samples: int = 0
    bytes: int = 0

    def __add__(self, other: "Downsampled") -> "Downsampled":
        return Downsampled(
            self.payloads + other.payloads, self.samples + other.samples, self.bytes + other.bytes
        )


def keep_samples_days(connection: psycopg.Connection, person: Person) -> int | None:
    """Return for how many days a person's samples are kept; None is forever."""
    row = connection.execute(
        "select keep_samples_days from ops.retention where user_id = %s", [person.user_id]
    ).fetchone()
    return None if row is None else row[0]


def set_keep_samples_days(connection: psycopg.Connection, person: Person, keep: int | None) -> None:
    """Set for how many days a person's samples are kept; this downsamples nothing.

    Raises
    ------
    ConfigError
        If it is fewer than `MIN_DAYS` or more than `MAX_DAYS`.
    """
    if keep is not None and keep > MAX_DAYS:
        raise ConfigError(
            f"Samples are kept for {MAX_DAYS:,} days at most.", hint="Say --forever to keep all of them."
        )
    if keep is not None and keep < MIN_DAYS:
        raise ConfigError(
            f"Samples of the newest {MIN_DAYS} days are always kept.", hint=f"Keep {MIN_DAYS} or more."
        )
    connection.execute(
        """
        insert into ops.retention (user_id, keep_samples_days) values (%s, %s)
        on conflict (user_id) do update
        set keep_samples_days = excluded.keep_samples_days, set_at = clock_timestamp()
        """,
        [person.user_id, keep],
    )


# An upper bound. Whether a payload has a series, and of a known shape, shows only when all of it is read, which takes
# seconds for each year.
_DUE = """
select min(day), max(day), count(distinct day)::int, count(*)::int
from (
  select (metadata ->> 'day')::date as day
  from raw.events
  where user_id = %(user_id)s and source = 'garmin' and event_type in (
      'garmin.heart_rate', 'garmin.stress', 'garmin.respiration', 'garmin.spo2', 'garmin.intensity_minutes',
      'garmin.hrv', 'garmin.floors', 'garmin.steps_intervals'
    )
    and metadata ->> 'day' < %(before)s::text and pg_input_is_valid(metadata ->> 'day', 'date')
    and not metadata ? 'thinned'
) as payloads
"""


def due(connection: psycopg.Connection, person: Person, now: dt.datetime) -> Due | None:
    """Return what can be downsampled by the person's setting; None where there is nothing."""
    keep = keep_samples_days(connection, person)
    if keep is None:
        return None
    oldest_kept_day = _oldest_kept_day(connection, person, keep, now)
    row = connection.execute(_DUE, {"user_id": person.user_id, "before": oldest_kept_day}).fetchone()
    if row is None or row[0] is None:
        return None
    return Due(*row)


def _oldest_kept_day(connection: psycopg.Connection, person: Person, keep: int, now: dt.datetime) -> dt.date:
    """Return the first of the last `keep` days, today included."""
    return local_time.today(connection, person, now) - dt.timedelta(days=keep - 1)


def downsample(database: Database, person: Person, now: dt.datetime) -> Iterator[Downsampled]:
    """Downsample what is older than the person's setting, four weeks in each transaction, the oldest first.

    Idempotent: what was downsampled is not due again, and a run that was killed is resumed. The setting is read at
    every step: if it is raised meanwhile, the days that were not reached yet keep their samples.

    Yields
    ------
    Downsampled
        The result of each transaction.
    """
    with database.connect() as connection:
        period = due(connection, person, now)
    if period is None:
        return
    first = period.first_day
    while first <= period.last_day:
        with database.connect() as connection:
            # A change of the setting waits for the end of a step, and counts for the next.
            connection.execute("select from ops.retention where user_id = %s for share", [person.user_id])
            keep = keep_samples_days(connection, person)
            if keep is None:
                return
            oldest_kept_day = _oldest_kept_day(connection, person, keep, now)
            if oldest_kept_day <= first:
                return
            last = min(
                first + dt.timedelta(days=DAYS_A_STEP - 1),
                period.last_day,
                oldest_kept_day - dt.timedelta(days=1),
            )
            row = connection.execute(
                "select payloads, samples, bytes from raw.downsample_samples(%s, %s, %s, %s)",
                [person.user_id, first, last, keep],
            ).fetchone()
        assert row is not None  # noqa: S101 - the function always returns a row
        yield Downsampled(*row)
        first = last + dt.timedelta(days=1)
