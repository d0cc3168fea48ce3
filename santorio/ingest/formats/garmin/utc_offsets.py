"""The UTC offset of a Garmin payload, and its first instant.

Garmin writes an instant twice, in local time and in GMT, and not the offset. `…Local` epoch milliseconds are the
local time as if it were UTC; date strings end in `.0` and have no zone.
"""

import datetime as dt
from collections.abc import Iterator, Mapping

from santorio import local_time
from santorio.ingest.formats.garmin.timestamps import instant

# Pairs of keys under which a payload states an instant in local time and in GMT.
CLOCKS = (
    ("startTimestampLocal", "startTimestampGMT"),
    ("wellnessStartTimeLocal", "wellnessStartTimeGmt"),
    ("sleepStartTimestampLocal", "sleepStartTimestampGMT"),
    ("startTimeLocal", "startTimeGMT"),
    # In the account's export.
    ("startTimeLocal", "startTimeGmt"),
    ("measurementTimestampLocal", "measurementTimestampGMT"),
    ("prStartTimeLocal", "prStartTimeGmt"),
    ("date", "timestampGMT"),
    ("timestampLocal", "timestamp"),
)
# A personal record that an activity set has no local time of its own. The activity's gives the offset but not the
# instant: it may have started an hour before.
OFFSET_ONLY_CLOCKS = (("activityStartDateTimeLocal", "activityStartDateTimeInGMT"),)
# One instant, and the offset in milliseconds.
OFFSETS = (("timezoneOffset", "eventStartTimeGmt"),)
NESTED = ("dailySleepDTO", "summaryDTO", "hrvSummary", "event")


def stated_clock(payload: Mapping[str, object]) -> tuple[dt.timedelta | None, dt.datetime | None]:
    """Return UTC offset and first instant (UTC) of a payload; None for each that it does not state.

    A pair whose difference is not an offset on Earth states an instant only; the next pair may state the offset.
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
        for local_key, gmt_key in OFFSET_ONLY_CLOCKS:
            local, gmt = instant(part.get(local_key)), instant(part.get(gmt_key))
            if local is not None and gmt is not None:
                yield local_time.offset_between(local, gmt), None
        for offset_key, gmt_key in OFFSETS:
            offset_ms, gmt = part.get(offset_key), instant(part.get(gmt_key))
            if gmt is not None:
                yield _offset(offset_ms, gmt), gmt.replace(tzinfo=dt.UTC)


def _offset(offset_ms: object, gmt: dt.datetime) -> dt.timedelta | None:
    # Less than a day either way; NaN and infinity fail this too.
    if not isinstance(offset_ms, int | float) or isinstance(offset_ms, bool) or not abs(offset_ms) < 8.64e7:
        return None
    return local_time.offset_between(gmt + dt.timedelta(milliseconds=offset_ms), gmt)
