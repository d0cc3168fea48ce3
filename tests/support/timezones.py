"""People who fly about while clocks change, told in Garmin's shapes, of whom every instant's wall clock is known."""

import datetime as dt
import functools
import random
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

# Both ends of the Earth's clocks, quarters and halves of an hour, and zones that change theirs in every way.
ZONES = (
    "Europe/Berlin", "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo", "Asia/Tokyo",
    "Asia/Kathmandu", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati",
    "Pacific/Honolulu", "Etc/GMT+12", "America/Havana",
)  # fmt: skip
# Around these the clock changes somewhere; the other lives begin on any day.
CHANGES = (dt.date(2024, 3, 6), dt.date(2024, 3, 27), dt.date(2024, 4, 3), dt.date(2024, 9, 25), dt.date(2024, 10, 23),
           dt.date(2024, 10, 30))  # fmt: skip
QUARTER = dt.timedelta(minutes=15)
NIGHTS = 8


@dataclass(frozen=True)
class Sleep:
    """One night or nap, in UTC."""

    start: dt.datetime
    end: dt.datetime


@dataclass
class Traveller:
    """A life of a few days: the zones that the watch showed, from when, and the sleep."""

    home: str
    legs: list[tuple[dt.datetime, ZoneInfo]]
    nights: list[Sleep] = field(default_factory=list)
    naps: list[Sleep] = field(default_factory=list)

    def offset(self, at: dt.datetime) -> dt.timedelta:
        """What the watch showed beyond UTC."""
        zone = next(zone for since, zone in reversed(self.legs) if since <= at)
        offset = at.astimezone(zone).utcoffset()
        assert offset is not None
        return offset

    def wall(self, at: dt.datetime) -> dt.datetime:
        """What the watch showed."""
        return at.replace(tzinfo=None) + self.offset(at)

    @functools.cached_property
    def nights_by_day(self) -> dict[dt.date, Sleep]:
        """Nights by the date of waking; Garmin keeps one a date, also for who flies back over the date line."""
        return {self.wall(night.end).date(): night for night in self.nights}

    @functools.cached_property
    def instants_by_day(self) -> dict[dt.date, list[dt.datetime]]:
        """Quarters of an hour of every date that the watch showed, from the first bedtime to the last waking."""
        days: dict[dt.date, list[dt.datetime]] = {}
        at = self.nights[0].start.replace(minute=0)
        while at < self.nights[-1].end:
            days.setdefault(self.wall(at).date(), []).append(at)
            at += QUARTER
        return days


def travel(chance: random.Random) -> Traveller:
    """Draw a life: eight nights, some with a flight, a nap or a change of the clock in between."""
    home = ZoneInfo(chance.choice(ZONES))
    day = chance.choice(CHANGES) if chance.random() < 0.6 else dt.date(2024, 1, 5) + dt.timedelta(
        days=chance.randrange(350)
    )  # fmt: skip
    # The settings may name a zone that is not the watch's.
    traveller = Traveller(chance.choice((home.key, *ZONES)), [(dt.datetime(2000, 1, 1, tzinfo=dt.UTC), home)])
    zone, awake = home, dt.datetime.combine(day, dt.time(12), home).astimezone(dt.UTC)
    while len(traveller.nights) < NIGHTS:
        bed = _bedtime(awake, zone, chance)
        wake = bed + dt.timedelta(minutes=chance.randrange(300, 560))
        traveller.nights.append(Sleep(bed, wake))
        awake = wake + dt.timedelta(hours=11)
        if chance.random() < 0.4 and len(traveller.nights) < NIGHTS:
            landing = (wake + dt.timedelta(minutes=chance.randrange(180, 840))).replace(second=0)
            zone = ZoneInfo(chance.choice(ZONES))
            traveller.legs.append((landing, zone))
            awake = max(awake, landing + dt.timedelta(hours=1))
        if chance.random() < 0.4:
            start = max(wake, traveller.legs[-1][0]) + dt.timedelta(minutes=chance.randrange(60, 540))
            traveller.naps.append(Sleep(start, start + dt.timedelta(minutes=chance.randrange(20, 80))))
            awake = max(awake, traveller.naps[-1].end + dt.timedelta(hours=2))
    return traveller


def _bedtime(awake: dt.datetime, zone: ZoneInfo, chance: random.Random) -> dt.datetime:
    """From nine in the evening to half past two, the first such that comes."""
    wall = awake.astimezone(zone).replace(tzinfo=None)
    target = dt.datetime.combine(wall.date(), dt.time(21)) + dt.timedelta(minutes=chance.randrange(330))
    if target <= wall:
        target += dt.timedelta(days=1)
    return target.replace(tzinfo=zone).astimezone(dt.UTC)


def text(wall: dt.datetime) -> str:
    """As Garmin writes an instant, without its zone."""
    return wall.strftime("%Y-%m-%dT%H:%M:%S.0")


def ms(wall: dt.datetime) -> int:
    """Epoch milliseconds; of a wall clock, as if it were UTC."""
    return int(wall.replace(tzinfo=dt.UTC).timestamp() * 1000)


def day_payloads(who: Traveller) -> dict[dt.date, list[dict[str, Any]]]:
    """Give the summary and the heart rates of every date: of each quarter of an hour one."""
    return {
        day: [_summary(who, day, at), _heart_rates(who, day, at)] for day, at in who.instants_by_day.items()
    }


def night_payloads(who: Traveller) -> dict[dt.date, list[dict[str, Any]]]:
    """Give the sleep, the heart rate variability and the readiness of every date of waking."""
    return {
        day: [_sleep(who, day, night), _hrv(who, day, night), *_readiness(who, day, night)]
        for day, night in who.nights_by_day.items()
    }


def _summary(who: Traveller, day: dt.date, at: list[dt.datetime]) -> dict[str, Any]:
    return {
        "userProfileId": 7, "calendarDate": str(day), "totalSteps": 100 * len(at), "restingHeartRate": 50,
        "wellnessStartTimeGmt": text(at[0]), "wellnessStartTimeLocal": text(who.wall(at[0])),
        "wellnessEndTimeGmt": text(at[-1] + QUARTER), "wellnessEndTimeLocal": text(who.wall(at[-1]) + QUARTER),
    }  # fmt: skip


def _heart_rates(who: Traveller, day: dt.date, at: list[dt.datetime]) -> dict[str, Any]:
    return {
        "userProfilePK": 7, "calendarDate": str(day), "restingHeartRate": 50,
        "startTimestampGMT": text(at[0]), "startTimestampLocal": text(who.wall(at[0])),
        "endTimestampGMT": text(at[-1] + QUARTER), "endTimestampLocal": text(who.wall(at[-1]) + QUARTER),
        # The beat tells the hour that the watch showed.
        "heartRateValues": [[ms(one), 50 + who.wall(one).hour] for one in at],
    }  # fmt: skip


def _sleep(who: Traveller, day: dt.date, night: Sleep) -> dict[str, Any]:
    minutes = (night.end - night.start) // dt.timedelta(minutes=1)
    offset_minutes = {nap: who.offset(nap.start) // dt.timedelta(minutes=1) for nap in who.naps}
    return {
        "dailySleepDTO": {
            "id": ms(night.start), "userProfilePK": 7, "calendarDate": str(day), "sleepTimeSeconds": 60 * minutes,
            "sleepStartTimestampGMT": ms(night.start), "sleepEndTimestampGMT": ms(night.end),
            "sleepStartTimestampLocal": ms(who.wall(night.start)), "sleepEndTimestampLocal": ms(who.wall(night.end)),
            "dailyNapDTOS": [
                {
                    "calendarDate": str(day), "napTimeSec": (nap.end - nap.start).seconds,
                    "napStartTimestampGMT": text(nap.start)[:19], "napEndTimestampGMT": text(nap.end)[:19],
                    "napStartTimeOffset": offset_minutes[nap], "napEndTimeOffset": offset_minutes[nap],
                }
                for nap in who.naps if who.wall(nap.start).date() == day
            ],
        },
        "sleepLevels": [{"startGMT": text(night.start), "endGMT": text(night.end), "activityLevel": 1.0}],
        # Of the night before, as Garmin has it.
        "wellnessEpochSPO2DataDTOList": [{
            "userProfilePK": 7, "epochTimestamp": text(night.start), "epochDuration": 60,
            "calendarDate": f"{day - dt.timedelta(days=1)}T00:00:00.0", "spo2Reading": 95,
        }],
    }  # fmt: skip


def _hrv(who: Traveller, day: dt.date, night: Sleep) -> dict[str, Any]:
    return {
        "userProfilePk": 7, "hrvSummary": {"calendarDate": str(day), "lastNightAvg": 60},
        "hrvReadings": [
            {"hrvValue": 60, "readingTimeGMT": text(at), "readingTimeLocal": text(who.wall(at))}
            for at in (night.start, night.end)
        ],
        "startTimestampGMT": text(night.start), "startTimestampLocal": text(who.wall(night.start)),
        "endTimestampGMT": text(night.end), "endTimestampLocal": text(who.wall(night.end)),
    }  # fmt: skip


def _readiness(who: Traveller, day: dt.date, night: Sleep) -> list[dict[str, Any]]:
    """Give rows of a day, the newest first: the last is told shortly before midnight, which in GMT may be tomorrow."""
    later = [at for at in who.instants_by_day[day] if at > night.end]
    told = [night.end, *later[len(later) // 2 :: max(1, len(later) // 3)], *later[-1:]]
    return [
        {
            "userProfilePK": 7, "calendarDate": str(day), "timestamp": text(at), "timestampLocal": text(who.wall(at)),
            "deviceId": 9, "level": "HIGH", "feedbackLong": "X", "score": 60,
        }
        for at in sorted(set(told), reverse=True)
    ]  # fmt: skip
