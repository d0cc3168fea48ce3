"""The local day: an instant is UTC plus the offset that the person's clock showed.

A day is the person's local calendar day; a night belongs to the day of waking. What an exposure's lag is
belongs to `metrics.py`, how a source states its offset to that source (`ingest/formats/garmin/utc_offsets.py`).
"""

import datetime as dt
import zoneinfo

import psycopg

from santorio.people import Person

# Offsets on Earth run from -12:00 (Baker Island) to +14:00 (Line Islands).
MIN_OFFSET, GREATEST_OFFSET = dt.timedelta(hours=-12), dt.timedelta(hours=14)
A_MINUTE, A_QUARTER = dt.timedelta(minutes=1), dt.timedelta(minutes=15)


def in_words(day: dt.date) -> str:
    """Write a date as people do, such as 5 November 2026."""
    return f"{day.day} {day:%B %Y}"


def local_day(instant: dt.datetime, utc_offset: dt.timedelta) -> dt.date:
    """Local calendar day of an aware instant, where the clock showed UTC plus `utc_offset`."""
    return (instant.astimezone(dt.UTC).replace(tzinfo=None) + utc_offset).date()


def night_day(waking: dt.datetime, utc_offset: dt.timedelta) -> dt.date:
    """Day that a night belongs to: the local day of waking."""
    return local_day(waking, utc_offset)


def offset_between(local: dt.datetime, gmt: dt.datetime) -> dt.timedelta | None:
    """Offset from a local and a GMT reading of the same instant (both naive), to a quarter of an hour.

    Returns None where the difference exists nowhere on Earth, or is further than a minute from any quarter of an
    hour (no zone has such an offset since 1987): such readings are not of the same instant, and state no offset.
    """
    difference = local - gmt
    if not MIN_OFFSET - A_MINUTE <= difference <= GREATEST_OFFSET + A_MINUTE:
        return None
    rounded = round(difference / A_QUARTER) * A_QUARTER
    return rounded if abs(difference - rounded) <= A_MINUTE else None


def zone_offset(local: dt.datetime, zone: str) -> dt.timedelta:
    """Offset of a wall-clock time (naive) in an IANA zone.

    A time that occurs twice (the clock goes back) is taken as the first; one that does not occur (the clock
    goes forward) as if the clock had not moved yet.
    """
    offset = local.replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    assert offset is not None  # noqa: S101 - a zone always has an offset
    return offset


def day_bounds(day: dt.date, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """First instant of a local day and of the next, in UTC: 23, 24 or 25 hours apart."""

    def midnight(of: dt.date) -> dt.datetime:
        wall = dt.datetime.combine(of, dt.time())
        return (wall - zone_offset(wall, zone)).replace(tzinfo=dt.UTC)

    return midnight(day), midnight(day + dt.timedelta(days=1))


# What a watch on the wrist tells of the clock, several times a day.
_TELLING = ["garmin.daily_summary", "garmin.heart_rate", "garmin.stress", "garmin.sleep", "garmin.activity"]


def today(connection: psycopg.Connection, person: Person, now: dt.datetime) -> dt.date:
    """Day that it is for a person: at home or, where that is later, by the clock that their watch showed last.

    East of home the day begins earlier: by the zone of the settings alone, the night just slept would not be
    asked for until midnight at home. West of it the day that has begun at home has no data yet, which is no harm.
    """
    row = connection.execute(
        """
        select utc_offset from raw.events
        where user_id = %s and event_type = any(%s) and utc_offset is not null
          and time between %s - interval '30 days' and %s + interval '1 day'
        order by time desc limit 1
        """,
        [person.user_id, _TELLING, now, now],
    ).fetchone()
    at_home = now.astimezone(zoneinfo.ZoneInfo(person.timezone)).date()
    return at_home if row is None else max(at_home, local_day(now, row[0]))
