"""Parse days and instants in all of Garmin's notations, most of which only the account's export has."""

import datetime as dt
from collections.abc import Mapping
from typing import TypeGuard

EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)
# Epoch milliseconds between 1999 and 2096; seconds and counts are smaller.
MIN_EPOCH_MS, MAX_EPOCH_MS = 9.4e11, 4e12
DAY_MS = 86_400_000
# Local midnight is between 13 hours before UTC's (New Zealand, Tonga) and 10 hours after it (Hawaii).
EASTERNMOST_MS = 13 * 3_600_000
# Java's notation, in personal records: "Fri Mar 01 07:12:00 GMT 2024".
JAVA_FORMAT = "%a %b %d %H:%M:%S GMT %Y"


def calendar_day(value: object) -> dt.date | None:
    """Parse the day of a date or a local date-time; None for anything else, and outside 2000 to 2200.

    Epoch milliseconds are a midnight, in UTC or in local time; the nearest midnight of UTC is that day in both.
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
    """Parse a text without zone or epoch milliseconds as a naive date-time; a date alone is not an instant."""
    value = _unwrapped(value)
    if isinstance(value, str) and len(value) > len("2026-01-01"):
        for parse in (_parse_iso, _parse_java):
            try:
                return parse(value)
            except ValueError:
                continue
    elif _is_epoch_ms(value):
        return dt.datetime.fromtimestamp(value / 1000, dt.UTC).replace(tzinfo=None)
    return None


def _parse_iso(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text[:19].replace(" ", "T")).replace(tzinfo=None)


def _parse_java(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, JAVA_FORMAT)  # noqa: DTZ007 - the others of this module are naive too


def _is_epoch_ms(value: object) -> TypeGuard[float]:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and MIN_EPOCH_MS < value < MAX_EPOCH_MS
    )


def _unwrapped(value: object) -> object:
    """Return the text in `{"date": …}` (older exports); convert `[year, month, day, hour, …]` to a text."""
    if isinstance(value, Mapping):
        return value.get("date")
    if isinstance(value, list) and len(value) >= 3 and all(type(part) is int for part in value):
        try:
            return dt.datetime(*value[:6]).isoformat()  # noqa: DTZ001 - local time, as it is written
        except (ValueError, OverflowError):
            return None
    return value
