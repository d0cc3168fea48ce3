"""A day's own payloads together, as Garmin has them after the last sync and as it has them before."""

from santorio.simulator.intraday import Trace
from santorio.simulator.payloads import heart_rate_stress, sleep, summary
from santorio.simulator.payloads.common import Payload
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.wear_time import Watch


def whole_day(life: SimulatedPerson, day: int) -> dict[str, Payload]:
    """Make the payloads of a day that is over, by kind; none if there is no data of the day at all."""
    if life.wear.watch[day] is Watch.ABSENT:
        return {}
    trace = life.trace(day)
    payloads = _of_trace(life, day, trace)
    if life.wear.watch[day] is Watch.NULLS:
        payloads = without_measurements(life, day, payloads)
    if life.wear.night_seen(day):
        return payloads | {"sleep": sleep.sleep(life, day), "hrv": sleep.hrv(life, day)}
    return payloads | {"sleep": sleep.without_sleep(life, day)}


def day_so_far(life: SimulatedPerson, day: int, synced: int) -> dict[str, Payload]:
    """Make the payloads after a sync in the middle of the day: samples so far, the night not yet computed."""
    payloads = _of_trace(life, day, life.trace(day).until(synced), until=synced)
    return payloads | {"sleep": sleep.without_sleep(life, day)}


def without_measurements(life: SimulatedPerson, day: int, payloads: dict[str, Payload]) -> dict[str, Payload]:
    """Empty a day's payloads as Garmin does for a day without the watch."""
    empty: dict[str, Payload] = {}
    for kind, payload in payloads.items():
        if kind == "daily_summary":
            empty[kind] = summary.without_measurements(payload)
        else:
            empty[kind] = heart_rate_stress.without_measurements(life, day, payload)
    return empty


def _of_trace(life: SimulatedPerson, day: int, trace: Trace, until: int | None = None) -> dict[str, Payload]:
    return {
        "daily_summary": summary.daily_summary(life, day, trace, until=until),
        "heart_rate": heart_rate_stress.heart_rate(life, day, trace),
        "stress": heart_rate_stress.stress(life, day, trace),
    }
