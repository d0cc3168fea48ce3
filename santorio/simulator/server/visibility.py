"""What Garmin has of a life at an instant: no days to come, of today what is over, and some days synced late."""

import datetime as dt
from bisect import bisect_right
from functools import lru_cache

from santorio.simulator.intraday import NOT_MEASURED, Trace
from santorio.simulator.payloads.common import Payload
from santorio.simulator.payloads.day import day_so_far, whole_day, without_measurements
from santorio.simulator.payloads.sleep import without_sleep
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.wear_time import Watch

# The watch of a late day is synced again in the afternoon two days later.
LATE_SYNC_S = 40 * 3600
# Garmin computes a night a quarter of an hour after waking, a watch syncs when it is looked at.
NIGHT_KNOWN_S = 900
SYNC_EVERY_S = 3600


class VisibleData:
    """A life as Garmin has it at an instant."""

    def __init__(
        self, life: SimulatedPerson, now: dt.datetime, silent_since: dt.datetime | None = None
    ) -> None:
        self.life = life
        self.now = int(now.timestamp())
        self.last_contact = self.now
        """When the watch could last be synced."""
        if silent_since is not None:
            self.last_contact = min(self.now, int(silent_since.timestamp()))
        starts = [life.clock.bounds(day)[0] for day in range(life.clock.days)]
        self.today = bisect_right(starts, self.now) - 1
        """Index of the day that is running; the last one when the life is over."""

    def index(self, text: str) -> int | None:
        """Index of a calendar day, None where Garmin has nothing of it (yet)."""
        day = (dt.date.fromisoformat(text) - self.life.clock.first_day).days
        return day if self._has_data(day) else None

    def indices(self, first: str, last: str) -> list[int]:
        """Return the days of a range that Garmin has something of, in order."""
        zero = self.life.clock.first_day
        start = (dt.date.fromisoformat(first) - zero).days
        end = (dt.date.fromisoformat(last) - zero).days
        return [day for day in range(start, end + 1) if self._has_data(day)]

    def _has_data(self, day: int) -> bool:
        return 0 <= day <= self.today and self.life.wear.watch[day] is not Watch.ABSENT

    def synced(self, day: int) -> int:
        """Return the instant up to which the watch has synced a day, at most the day's end."""
        end = self.life.clock.bounds(day)[1]
        late = self.life.wear.synced_until.get(day)
        if late is not None and self.last_contact < end + LATE_SYNC_S:
            return min(self.life.clock.instant(day, late), self.last_sync)
        return min(end, self.last_sync)

    def is_whole(self, day: int) -> bool:
        """Whether the watch has synced the complete day."""
        return self.synced(day) >= self.life.clock.bounds(day)[1]

    def knows_night(self, day: int) -> bool:
        """Whether the night that ends on a day has been computed."""
        is_late = day in self.life.wear.synced_until and not self.is_whole(day)
        is_computed = self.synced(day) >= self.life.nights[day].end + NIGHT_KNOWN_S
        return self.life.wear.night_seen(day) and is_computed and not is_late

    def is_worn(self, day: int) -> bool:
        """Whether there is any measurement of a day."""
        return self.life.wear.worn(day)

    def day(self, day: int) -> dict[str, Payload]:
        """Make the day's own payloads by kind, as they stand now."""
        synced = None if self.is_whole(day) else self.synced(day)
        return _day(self.life, day, synced, knows_night=self.knows_night(day))

    @property
    def last_sync(self) -> int:
        """When the watch was synced last."""
        return self.last_contact - self.last_contact % SYNC_EVERY_S


@lru_cache(maxsize=256)
def _day(life: SimulatedPerson, day: int, synced: int | None, *, knows_night: bool) -> dict[str, Payload]:
    whole = whole_day(life, day)
    if synced is None or not whole:
        return whole
    trace = life.trace(day).until(synced)
    if not life.wear.worn(day) or not _has_measurements(trace):
        of_day = {kind: payload for kind, payload in whole.items() if kind not in {"sleep", "hrv"}}
        payloads = without_measurements(life, day, of_day)
    else:
        payloads = day_so_far(life, day, synced)
    if knows_night:
        return payloads | {"sleep": whole["sleep"], "hrv": whole["hrv"]}
    return payloads | {"sleep": without_sleep(life, day)}


def _has_measurements(trace: Trace) -> bool:
    """Whether a trace has a sample of each series; a payload's highest and lowest values need one."""
    return bool(
        (trace.heart_rate_bpm > 0).any()
        and (trace.stress >= 0).any()
        and (trace.battery_status != NOT_MEASURED).any()
    )
