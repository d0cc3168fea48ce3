"""Merge Garmin's bare list of step counts, one entry a quarter of an hour, into one payload a day.

The payload has the timestamps of Garmin's other payloads of a day. The list states no day and no offset, but it starts
at local midnight, so both follow from a complete day.
"""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from santorio import local_time
from santorio.people import Person

ENTRIES = "stepsIntervals"
PART = "partStartGMT"
EARLIEST, LATEST = dt.datetime.fromisoformat("2000-01-01"), dt.datetime.fromisoformat("2200-01-01")
DAY = dt.timedelta(days=1)
# On the two days a year when the clock changes, the day has 23 or 25 hours.
SHORTEST, LONGEST = dt.timedelta(hours=23), dt.timedelta(hours=25)

Entry = Mapping[str, object]
# An entry and its start (UTC, naive).
TimedEntry = tuple[dt.datetime, Entry]


def merge_step_intervals(
    payloads: Sequence[object], person: Person, requested_day: dt.date | None = None
) -> Sequence[object]:
    """Replace the entries by one payload a day, which comes first; everything else in the list is unchanged.

    Parameters
    ----------
    payloads
        The elements of a response, or of a file.
    requested_day
        The day that was requested; None for a file.
    """
    entries: list[TimedEntry] = []
    others: list[object] = []
    for payload in payloads:
        start = _start(payload)
        if isinstance(payload, Mapping) and start is not None:
            entries.append((start, payload))
        else:
            others.append(payload)
    if not entries:
        return payloads
    entries.sort(key=itemgetter(0))
    return [*_days_of(entries, person, requested_day), *others]


def _days_of(
    entries: Sequence[TimedEntry], person: Person, requested_day: dt.date | None
) -> list[dict[str, object]]:
    first = entries[0][0]
    if _is_complete(entries):
        # A traveller's midnight is not that of the home zone: the nearest one is meant.
        day = requested_day or (_local(first, person) + dt.timedelta(hours=12)).date()
        return [_complete_day(day, entries)]
    if requested_day is not None:
        stamps: Mapping[str, object] = {}
        if _starts_day(requested_day, first, person):
            stamps = _midnight("start", requested_day, first)
        return [_payload(requested_day, entries, stamps)]

    def day_of(entry: TimedEntry) -> dt.date:
        start, _ = entry
        return _local(start, person).date()

    return [_part(day, list(part), person) for day, part in groupby(entries, key=day_of)]


def _is_complete(entries: Sequence[TimedEntry]) -> bool:
    return SHORTEST <= _end(entries) - entries[0][0] <= LONGEST


def _end(entries: Sequence[TimedEntry]) -> dt.datetime:
    """Return when the last entry, of a quarter of an hour, ends."""
    return entries[-1][0] + dt.timedelta(minutes=15)


def _complete_day(day: dt.date, entries: Sequence[TimedEntry]) -> dict[str, object]:
    end = _midnight("end", day + DAY, _end(entries))
    return _payload(day, entries, {**_midnight("start", day, entries[0][0]), **end})


def _part(day: dt.date, entries: Sequence[TimedEntry], person: Person) -> dict[str, object]:
    """Return a part of a day in a file: the day so far if it starts at midnight, or a part with its start."""
    first = entries[0][0]
    if not _starts_day(day, first, person):
        return _payload(day, entries, {PART: _stamp(first)})
    if _is_complete(entries):
        return _complete_day(day, entries)
    return _payload(day, entries, _midnight("start", day, first))


def _starts_day(day: dt.date, instant: dt.datetime, person: Person) -> bool:
    """Whether a day starts at this instant in the person's home zone."""
    return _local(instant, person) == dt.datetime.combine(day, dt.time())


def _midnight(name: str, day: dt.date, instant: dt.datetime) -> dict[str, object]:
    """Return Garmin's timestamps of a day's midnight; none if no zone on Earth has its midnight at this instant."""
    local = dt.datetime.combine(day, dt.time())
    if local_time.offset_between(local, instant) is None:
        return {}
    return {f"{name}TimestampGMT": _stamp(instant), f"{name}TimestampLocal": _stamp(local)}


def _payload(day: dt.date, entries: Sequence[TimedEntry], stamps: Mapping[str, object]) -> dict[str, object]:
    distinct: list[Entry] = []
    for _, entry in entries:
        # Pages overlap: an entry may come twice.
        if not distinct or entry != distinct[-1]:
            distinct.append(entry)
    return {"calendarDate": day.isoformat(), **stamps, ENTRIES: distinct}


def _start(entry: object) -> dt.datetime | None:
    """Parse the start of an entry (UTC, naive); None if this is not such an entry."""
    if not isinstance(entry, Mapping) or "steps" not in entry or "endGMT" not in entry:
        return None
    try:
        start = dt.datetime.fromisoformat(str(entry.get("startGMT"))).replace(tzinfo=None)
    except ValueError:
        return None
    return start if EARLIEST <= start <= LATEST else None


def _local(instant: dt.datetime, person: Person) -> dt.datetime:
    zone = zoneinfo.ZoneInfo(person.timezone)
    return instant.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)


def _stamp(time: dt.datetime) -> str:
    return f"{time.isoformat(timespec='seconds')}.0"
