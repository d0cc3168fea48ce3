"""Short sleep by day: now and then, late in the afternoon, before any training."""

from santorio.simulator.payloads.common import DEVICE, Payload, stamp
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

CHANCE = 1 / 9
FROM_MINUTE, WITHIN_MINUTES = 975, 30
MIN_MINUTES, MAX_MINUTES = 18, 32


def naps(life: SimulatedPerson, day: int, until: int) -> list[Payload]:
    """Make `sleep-service/sleep/naps`, of a day with the watch: at most one, present once it is over."""
    rng = stream(life.seed, "nap", day)
    if rng.random() >= CHANCE or not life.wear.worn(day) or life.clock.travels(day):
        return []
    start = life.clock.instant(day, FROM_MINUTE + int(rng.integers(0, WITHIN_MINUTES)))
    end = start + 60 * int(rng.integers(MIN_MINUTES, MAX_MINUTES + 1))
    if end > until:
        return []
    moment = "%Y-%m-%dT%H:%M:%S"
    nap: Payload = {
        "userProfilePK": life.profile,
        "deviceId": DEVICE,
        "calendarDate": life.clock.date(day).isoformat(),
        "napTimeSec": end - start,
        "napStartTimestampGMT": stamp(start, form=moment),
        "napEndTimestampGMT": stamp(end, form=moment),
        "napFeedback": "IDEAL_TIMING_IDEAL_DURATION_LOW_NEED",
        "napSource": 0,
        "napStartTimeOffset": life.clock.offset(start) // 60,
        "napEndTimeOffset": life.clock.offset(end) // 60,
    }
    return [nap]


def with_naps(night: Payload, life: SimulatedPerson, day: int, until: int) -> Payload:
    """Add a day's naps to its payload of sleep, seen or not: they lie beside the night in `dailySleepDTO`."""
    of_day = naps(life, day, until)
    if not of_day:
        return night
    totals = {"napTimeSeconds": sum(nap["napTimeSec"] for nap in of_day), "dailyNapDTOS": of_day}
    return night | {"dailySleepDTO": night["dailySleepDTO"] | totals}
