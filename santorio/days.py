"""The local day: an instant is UTC plus the offset that the person's clock showed.

A day is the person's local calendar day; a night belongs to the day of waking. What an exposure's lag is
belongs to `metrics.py`, how a source states its offset to that source.
"""

import datetime as dt
import zoneinfo

# Offsets on Earth run from -12:00 (Baker Island) to +14:00 (Line Islands).
LEAST_OFFSET, GREATEST_OFFSET = dt.timedelta(hours=-12), dt.timedelta(hours=14)


def local_day(instant: dt.datetime, utc_offset: dt.timedelta) -> dt.date:
    """Local calendar day of an aware instant, where the clock showed UTC plus `utc_offset`."""
    return (instant.astimezone(dt.UTC).replace(tzinfo=None) + utc_offset).date()


def night_day(waking: dt.datetime, utc_offset: dt.timedelta) -> dt.date:
    """Day that a night belongs to: the local day of waking."""
    return local_day(waking, utc_offset)


def offset_between(local: dt.datetime, gmt: dt.datetime) -> dt.timedelta | None:
    """Offset from a local and a GMT reading of the same instant (both naive), to the minute.

    Returns None where the difference exists nowhere on Earth: such a payload states no offset.
    """
    difference = dt.timedelta(minutes=round((local - gmt).total_seconds() / 60))
    return difference if LEAST_OFFSET <= difference <= GREATEST_OFFSET else None


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
