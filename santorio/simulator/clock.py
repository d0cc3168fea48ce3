"""The person's clock: where each local day starts and ends in UTC, through daylight saving and a trip abroad.

On a day of travel the clock jumps to or from noon with the person: one such day has more than 24 hours, the
other fewer. Payloads of such a day carry the offset that held at each end of it.
"""

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

TRIP_EVERY_DAYS = 180
TRIP_STARTS = 40
TRIP_DAYS = 7
"""A trip leaves on this day of the life and comes back a week later."""

NOON = 720  # minutes of the local day


@dataclass(frozen=True)
class Clock:
    """Local time of a life of `days` days from `first_day`, at home in `zone`, with trips to `away`."""

    first_day: dt.date
    days: int
    zone: ZoneInfo
    away: ZoneInfo
    trips: tuple[tuple[int, int], ...]
    _starts: list[int] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for day in range(self.days + 1):
            self._starts.append(_epoch(self.date(day), 0, self._zone_at_start(day)))

    def date(self, day: int) -> dt.date:
        """Calendar date of a day, counted from 0."""
        return self.first_day + dt.timedelta(days=day)

    def bounds(self, day: int) -> tuple[int, int]:
        """First second of the local day and of the next one, as UTC epoch seconds."""
        return self._starts[day], self._starts[day + 1]

    def instant(self, day: int, minute: float) -> int:
        """UTC epoch seconds at which the person's clock shows `minute` of the day."""
        # On a day of travel the afternoon is in the zone of the next day; on other days the two are the same.
        zone_day = day if minute < NOON else day + 1
        return _epoch(self.date(day), minute, self._zone_at_start(zone_day))

    def offset(self, instant: int) -> int:
        """Seconds that the person's clock is ahead of UTC at an instant."""
        day = min(max(bisect_right(self._starts, instant) - 1, 0), self.days - 1)
        zone = self._zone_at_start(day)
        if self.travels(day) and instant >= self._jump(day):
            zone = self._zone_at_start(day + 1)
        local = dt.datetime.fromtimestamp(instant, zone).utcoffset()
        assert local is not None  # noqa: S101 - an aware datetime has one
        return int(local.total_seconds())

    def travels(self, day: int) -> bool:
        """Whether the person changes zone on this day."""
        return any(day in trip for trip in self.trips)

    def loses_a_morning(self, day: int) -> bool:
        """Whether the person flies east on this day: their clock never shows the hours before noon."""
        start, end = self.bounds(day)
        return end - start < 22 * 3600

    def abroad(self, day: int) -> bool:
        """Whether the person wakes up abroad."""
        return any(out < day <= back for out, back in self.trips)

    def _zone_at_start(self, day: int) -> ZoneInfo:
        return self.away if self.abroad(day) else self.zone

    def _jump(self, day: int) -> int:
        """When the clock jumps: the earlier of the two noons, so that no morning is in the new zone."""
        old_noon = _epoch(self.date(day), NOON, self._zone_at_start(day))
        new_noon = _epoch(self.date(day), NOON, self._zone_at_start(day + 1))
        return min(old_noon, new_noon)


def make_clock(last_day: dt.date, days: int, timezone: str) -> Clock:
    """Lay out the days up to `last_day`, with a week abroad about every half year where there is room."""
    away = "Europe/Lisbon" if timezone.startswith("America/") else "America/New_York"
    # A week at home follows each trip.
    departures = range(TRIP_STARTS, days - TRIP_DAYS - 7, TRIP_EVERY_DAYS)
    trips = tuple((out, out + TRIP_DAYS) for out in departures)
    first_day = last_day - dt.timedelta(days=days - 1)
    return Clock(first_day, days, ZoneInfo(timezone), ZoneInfo(away), trips)


def _epoch(date: dt.date, minute: float, zone: ZoneInfo) -> int:
    wall = dt.datetime.combine(date, dt.time()) + dt.timedelta(seconds=round(minute * 60))
    # Of an hour that the clock shows twice this is the first one (`fold` is 0).
    return int(wall.replace(tzinfo=zone).timestamp())
