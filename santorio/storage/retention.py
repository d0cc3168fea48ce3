"""How long samples within the day are kept: for ever, until the person says otherwise; and how older ones are thinned.

Thinning takes the series out of old payloads and keeps their five-minute rollups and the figures that the marts take
from them (docs/decisions/0005). The database does it, in `raw.downsample_samples`; this module says whose, of which
days, and when.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from santorio import local_time
from santorio.errors import ConfigError
from santorio.people import Person
from santorio.storage.database.engine import Database

# Garmin recomputes young days, and the models look back four weeks: those stay whole whatever is asked for.
MIN_DAYS = 30
# A hundred years: who wants more wants for ever, and a calendar ends.
MAX_DAYS = 36_500
# So many days are thinned in one transaction: a killed run has done whole ones, and the next goes on from there.
DAYS_A_STEP = 28


@dataclass(frozen=True, slots=True)
class Due:
    """What thinning would look at: days, the first and the last of them, and payloads, each a version of its own."""

    first_day: dt.date
    last_day: dt.date
    days: int
    payloads: int


@dataclass(frozen=True, slots=True)
class Thinned:
    """What was thinned: payloads, samples that were in them, and bytes by which the log became smaller."""

    payloads: int = 0
    samples: int = 0
    bytes: int = 0

    def __add__(self, other: "Thinned") -> "Thinned":
        return Thinned(self.payloads + other.payloads, self.samples + other.samples, self.bytes + other.bytes)


def keep_samples_days(connection: psycopg.Connection, person: Person) -> int | None:
    """How many days a person wants samples to be kept; None is for ever."""
    row = connection.execute(
        "select keep_samples_days from ops.retention where user_id = %s", [person.user_id]
    ).fetchone()
    return None if row is None else row[0]


def set_keep_samples_days(connection: psycopg.Connection, person: Person, keep: int | None) -> None:
    """Note what a person wants; nothing is thinned by that.

    Raises
    ------
    ConfigError
        If it is fewer days than are always kept, or more than a life has.
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


# Whether a payload has a series, and one of a known shape, is read from all of it, which takes seconds a year: so this
# is the most that there can be.
_DUE = """
select min(day), max(day), count(distinct day)::int, count(*)::int
from (
  select (metadata ->> 'day')::date as day
  from raw.events
  where user_id = %(who)s and source = 'garmin' and event_type in (
      'garmin.heart_rate', 'garmin.stress', 'garmin.respiration', 'garmin.spo2', 'garmin.intensity_minutes',
      'garmin.hrv', 'garmin.floors', 'garmin.steps_intervals'
    )
    and metadata ->> 'day' < %(before)s::text and pg_input_is_valid(metadata ->> 'day', 'date')
    and not metadata ? 'thinned'
) as thinnable
"""


def due(connection: psycopg.Connection, person: Person, now: dt.datetime) -> Due | None:
    """Say what thinning would take by what the person wants; None where that is nothing."""
    before = _oldest_kept_day(connection, person, now)
    if before is None:
        return None
    row = connection.execute(_DUE, {"who": person.user_id, "before": before}).fetchone()
    return None if row is None or row[0] is None else Due(*row)


def _oldest_kept_day(connection: psycopg.Connection, person: Person, now: dt.datetime) -> dt.date | None:
    keep = keep_samples_days(connection, person)
    return None if keep is None else local_time.today(connection, person, now) - dt.timedelta(days=keep - 1)


def thin(database: Database, person: Person, now: dt.datetime) -> Iterator[Thinned]:
    """Thin what is older than the person wants, a month a transaction, the oldest first; gives what each took.

    Idempotent: what is thinned is not found again, and a run that was killed is gone on with. What the person wants
    is read at every step: whoever says meanwhile that more is to be kept, keeps what was not reached yet.
    """
    with database.connect() as connection:
        found = due(connection, person, now)
    if found is None:
        return
    first = found.first_day
    while first <= found.last_day:
        with database.connect() as connection:
            # Whoever changes their mind during a step waits for its end, and is heard before the next.
            connection.execute("select from ops.retention where user_id = %s for share", [person.user_id])
            keep, kept = (
                keep_samples_days(connection, person),
                _oldest_kept_day(connection, person, now),
            )
            if kept is None or kept <= first:
                return
            last = min(
                first + dt.timedelta(days=DAYS_A_STEP - 1), found.last_day, kept - dt.timedelta(days=1)
            )
            row = connection.execute(
                "select payloads, samples, bytes from raw.downsample_samples(%s, %s, %s, %s)",
                [person.user_id, first, last, keep],
            ).fetchone()
        assert row is not None  # noqa: S101 - the function always gives a row
        yield Thinned(*row)
        first = last + dt.timedelta(days=1)
