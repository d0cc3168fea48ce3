"""Days and instants in all the ways that Garmin writes them, most of which stand in the account's export alone."""

import datetime as dt
from collections.abc import Mapping
from typing import TypeGuard

EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)
# Epoch milliseconds between 1999 and 2096; seconds and counts are smaller.
MIN_EPOCH_MS, MAX_EPOCH_MS = 9.4e11, 4e12
DAY_MS = 86_400_000
# Midnight is up to 13 hours before that of UTC where many people live (New Zealand, Tonga), and 10 after (Hawaii).
EASTERNMOST_MS = 13 * 3_600_000
# Personal records: "Fri Mar 01 07:12:00 GMT 2024".
JAVA = "%a %b %d %H:%M:%S GMT %Y"


def calendar_day(value: object) -> dt.date | None:
    """Day of a date or a local date-time; None where it is neither, or no year a watch has seen.

    A day as epoch milliseconds is its midnight, in UTC or on the person's clock: the nearest midnight is both.
    """
    value = _unwrapped(value)
    try:
        if isinstance(value, str):
            day = dt.date.fromisoformat(value[:10])
        elif _is_epoch_ms(value):
            day = dt.date(1970, 1, 1) + dt.timedelta(days=int((value + EASTERNMOST_MS) // DAY_MS))
        else:
            return None
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None


def instant(value: object) -> dt.datetime | None:
    """Naive date-time of a text without zone, or of epoch milliseconds; a date alone is no instant."""
    value = _unwrapped(value)
    if isinstance(value, str) and len(value) > len("2026-01-01"):
        for read in (_iso, _java):
            try:
                return read(value)
            except ValueError:
                continue
    elif _is_epoch_ms(value):
        return dt.datetime.fromtimestamp(value / 1000, dt.UTC).replace(tzinfo=None)
    return None


def _iso(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text[:19].replace(" ", "T")).replace(tzinfo=None)


def _java(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, JAVA)  # noqa: DTZ007 - the others of this module are naive too


def _is_epoch_ms(value: object) -> TypeGuard[float]:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and MIN_EPOCH_MS < value < MAX_EPOCH_MS
    )


def _unwrapped(value: object) -> object:
    """Take the text out of `{"date": …}` (older exports); write `[year, month, day, hour, …]` as one."""
    if isinstance(value, Mapping):
        return value.get("date")
    if isinstance(value, list) and len(value) >= 3 and all(type(part) is int for part in value):
        try:
            return dt.datetime(*value[:6]).isoformat()  # noqa: DTZ001 - a wall clock, as it is written
        except (ValueError, OverflowError):
            return None
    return value
