"""Which clock a Garmin payload shows: the instants in it, and how far the person's clock was ahead of UTC.

Garmin writes an instant twice, as the wall clock and as GMT, and leaves the offset to the reader. `…Local` epoch
milliseconds are the wall clock written as if it were UTC; date strings end in `.0` and have no zone.
"""

import datetime as dt
from collections.abc import Iterator, Mapping

from santorio import local_time
from santorio.ingest.formats.garmin.timestamps import instant

# Where a payload states the instant that it is about twice, as local and as GMT.
CLOCKS = (
    ("startTimestampLocal", "startTimestampGMT"),
    ("wellnessStartTimeLocal", "wellnessStartTimeGmt"),
    ("sleepStartTimestampLocal", "sleepStartTimestampGMT"),
    ("startTimeLocal", "startTimeGMT"),
    # The account's export.
    ("startTimeLocal", "startTimeGmt"),
    ("measurementTimestampLocal", "measurementTimestampGMT"),
    ("prStartTimeLocal", "prStartTimeGmt"),
    ("date", "timestampGMT"),
    ("timestampLocal", "timestamp"),
)
# A record's own local time is null where an activity set it, which may have begun an hour before.
LENDING_CLOCKS = (("activityStartDateTimeLocal", "activityStartDateTimeInGMT"),)
# Or one instant, with the offset beside it in milliseconds.
OFFSETS = (("timezoneOffset", "eventStartTimeGmt"),)
NESTED = ("dailySleepDTO", "summaryDTO", "hrvSummary", "event")


def stated_clock(payload: Mapping[str, object]) -> tuple[dt.timedelta | None, dt.datetime | None]:
    """Offset and first instant (UTC) of a payload; None for each that it does not state.

    Two readings that no zone on Earth explains state an instant and no offset: the next pair may.
    """
    start: dt.datetime | None = None
    for offset, gmt in _readings(payload):
        start = start or gmt
        if offset is not None:
            return offset, start
    return None, start


def _readings(payload: Mapping[str, object]) -> Iterator[tuple[dt.timedelta | None, dt.datetime | None]]:
    for part in (payload, *(payload.get(name) for name in NESTED)):
        if not isinstance(part, Mapping):
            continue
        for local_key, gmt_key in CLOCKS:
            local, gmt = instant(part.get(local_key)), instant(part.get(gmt_key))
            if local is not None and gmt is not None:
                yield local_time.offset_between(local, gmt), gmt.replace(tzinfo=dt.UTC)
        for local_key, gmt_key in LENDING_CLOCKS:
            local, gmt = instant(part.get(local_key)), instant(part.get(gmt_key))
            if local is not None and gmt is not None:
                yield local_time.offset_between(local, gmt), None
        for offset_key, gmt_key in OFFSETS:
            ahead_ms, gmt = part.get(offset_key), instant(part.get(gmt_key))
            if gmt is not None:
                yield _offset(ahead_ms, gmt), gmt.replace(tzinfo=dt.UTC)


def _offset(ahead_ms: object, gmt: dt.datetime) -> dt.timedelta | None:
    if not isinstance(ahead_ms, int | float) or isinstance(ahead_ms, bool) or not abs(ahead_ms) < 8.64e7:
        return None
    return local_time.offset_between(gmt + dt.timedelta(milliseconds=ahead_ms), gmt)
