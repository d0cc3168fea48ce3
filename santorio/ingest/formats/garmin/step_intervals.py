"""Steps within the day come as a bare list, one entry a quarter of an hour: the entries of a day become one payload.

The payload has the stamps that Garmin's other payloads of a day have. The list says no day and no offset itself, but
Garmin begins it at midnight of the wall clock, so a whole day tells both.
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
# The shortest and the longest day: on two days a year the clock changes.
SHORTEST, LONGEST = dt.timedelta(hours=23), dt.timedelta(hours=25)

Entry = Mapping[str, object]
# An entry and when it starts (UTC, naive).
Started = tuple[dt.datetime, Entry]


def merge_step_intervals(
    payloads: Sequence[object], person: Person, asked: dt.date | None = None
) -> Sequence[object]:
    """Put one payload a day in the place of the entries; whatever else stands in the list stays as it is.

    Parameters
    ----------
    payloads
        What one answer, or one file, holds.
    asked
        The day that was asked for; None where nobody asked.
    """
    entries: list[Started] = []
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


def _days_of(entries: Sequence[Started], person: Person, asked: dt.date | None) -> list[dict[str, object]]:
    if _is_whole(entries):
        # A traveller's midnight is not that of home: the nearest one is meant.
        day = asked or (_local(entries[0][0], person) + dt.timedelta(hours=12)).date()
        return [_whole_day(day, entries)]
    if asked is not None:
        first = entries[0][0]
        return [
            _payload(
                asked, entries, _midnight("start", asked, first) if _begins(asked, first, person) else {}
            )
        ]
    by_day = groupby(entries, key=lambda entry: _local(entry[0], person).date())
    return [_part(day, list(part), person) for day, part in by_day]


def _is_whole(entries: Sequence[Started]) -> bool:
    return SHORTEST <= _end(entries) - entries[0][0] <= LONGEST


def _end(entries: Sequence[Started]) -> dt.datetime:
    """Return when the last entry ended, which lasts a quarter of an hour itself."""
    return entries[-1][0] + dt.timedelta(minutes=15)


def _whole_day(day: dt.date, entries: Sequence[Started]) -> dict[str, object]:
    ends = _midnight("end", day + DAY, _end(entries))
    return _payload(day, entries, {**_midnight("start", day, entries[0][0]), **ends})


def _part(day: dt.date, entries: Sequence[Started], person: Person) -> dict[str, object]:
    """Part of a day in a file: the day so far where it begins at midnight; another part is named by its start."""
    first = entries[0][0]
    if not _begins(day, first, person):
        return _payload(day, entries, {PART: _stamp(first)})
    if _is_whole(entries):
        return _whole_day(day, entries)
    return _payload(day, entries, _midnight("start", day, first))


def _begins(day: dt.date, instant: dt.datetime, person: Person) -> bool:
    """Whether a day begins at this instant at home."""
    return _local(instant, person) == dt.datetime.combine(day, dt.time())


def _midnight(name: str, day: dt.date, instant: dt.datetime) -> dict[str, object]:
    """Stamps of the instant at which a day began, where that is midnight of a clock on Earth."""
    wall = dt.datetime.combine(day, dt.time())
    if local_time.offset_between(wall, instant) is None:
        return {}
    return {f"{name}TimestampGMT": _stamp(instant), f"{name}TimestampLocal": _stamp(wall)}


def _payload(day: dt.date, entries: Sequence[Started], stamps: Mapping[str, object]) -> dict[str, object]:
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
