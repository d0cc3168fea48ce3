"""Steps within the day come as a bare list, one entry a quarter of an hour: the entries of a day become one payload.

The payload has the stamps that Garmin's other payloads of a day have. The list says no day and no offset itself, but
Garmin begins it at midnight of the wall clock, so a whole day tells both.
"""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from santorio import days
from santorio.people import Person

ENTRIES = "stepsIntervals"
PART = "partStartGMT"
EARLIEST, LATEST = dt.datetime.fromisoformat("2000-01-01"), dt.datetime.fromisoformat("2200-01-01")
# The shortest and the longest day: on two days a year the clock changes.
SHORTEST, LONGEST = dt.timedelta(hours=23), dt.timedelta(hours=25)

Entry = Mapping[str, object]


def gather(payloads: Sequence[object], person: Person, asked: dt.date | None = None) -> Sequence[object]:
    """Put one payload a day in the place of the entries; whatever else stands in the list stays as it is.

    Parameters
    ----------
    payloads
        What one answer, or one file, holds.
    asked
        The day that was asked for; None where nobody asked.
    """
    entries: list[tuple[dt.datetime, Entry]] = []
    rest: list[object] = []
    for one in payloads:
        if isinstance(one, Mapping) and (start := _start(one)) is not None:
            entries.append((start, one))
        else:
            rest.append(one)
    if not entries:
        return payloads
    entries.sort(key=itemgetter(0))
    return [*_days_of(entries, person, asked), *rest]


def _days_of(
    entries: Sequence[tuple[dt.datetime, Entry]], person: Person, asked: dt.date | None
) -> list[dict[str, object]]:
    first, last = entries[0][0], entries[-1][0]
    # The last entry lasts a quarter of an hour itself.
    is_whole = SHORTEST <= last - first + dt.timedelta(minutes=15) <= LONGEST
    if is_whole:
        # A traveller's midnight is not that of home: the nearest one is meant.
        day = asked or (_local(first, person) + dt.timedelta(hours=12)).date()
        return [_payload(day, entries, _midnight(day, first))]
    if asked is not None:
        return [_payload(asked, entries, _midnight(asked, first) if _begins(asked, first, person) else {})]
    by_day = groupby(entries, key=lambda entry: _local(entry[0], person).date())
    return [_part(day, list(part), person) for day, part in by_day]


def _part(day: dt.date, entries: Sequence[tuple[dt.datetime, Entry]], person: Person) -> dict[str, object]:
    """Part of a day in a file: the day so far where it begins at midnight; another part is named by its start."""
    first = entries[0][0]
    begins = _begins(day, first, person)
    return _payload(day, entries, _midnight(day, first) if begins else {PART: _stamp(first)})


def _begins(day: dt.date, instant: dt.datetime, person: Person) -> bool:
    """Whether a day begins at this instant at home."""
    return _local(instant, person) == dt.datetime.combine(day, dt.time())


def _midnight(day: dt.date, began: dt.datetime) -> dict[str, object]:
    """Stamps of the midnight at which a day began, where it is one of a clock on Earth."""
    wall = dt.datetime.combine(day, dt.time())
    if days.offset_between(wall, began) is None:
        return {}
    return {"startTimestampGMT": _stamp(began), "startTimestampLocal": _stamp(wall)}


def _payload(
    day: dt.date, entries: Sequence[tuple[dt.datetime, Entry]], stamps: Mapping[str, object]
) -> dict[str, object]:
    # Pages overlap: an entry that comes again is one entry.
    told = [
        entry for number, (_, entry) in enumerate(entries) if number == 0 or entry != entries[number - 1][1]
    ]
    return {"calendarDate": day.isoformat(), **stamps, ENTRIES: told}


def _start(entry: Entry) -> dt.datetime | None:
    """Start of an entry (UTC, naive); None where it is none."""
    if "steps" not in entry or "endGMT" not in entry:
        return None
    try:
        start = dt.datetime.fromisoformat(str(entry.get("startGMT"))).replace(tzinfo=None)
    except ValueError:
        return None
    return start if EARLIEST <= start <= LATEST else None


def _local(instant: dt.datetime, person: Person) -> dt.datetime:
    zone = zoneinfo.ZoneInfo(person.timezone)
    return instant.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)


def _stamp(moment: dt.datetime) -> str:
    return f"{moment.isoformat(timespec='seconds')}.0"
