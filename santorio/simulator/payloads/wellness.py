"""A watch's samples of a day beside heart rate and stress: respiration, blood oxygen, floors, minutes, battery.

`until` is the instant (UTC epoch seconds) up to which the watch has been synced.
"""

from typing import Any

import numpy as np

from santorio.simulator.intraday import NOT_MEASURED
from santorio.simulator.payloads.common import Payload, Stamps, descriptors, stamp
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import Bools, Floats, Ints, stream
from santorio.simulator.sleep import Night

# Seconds between samples.
BREATH_EVERY, FLOORS_EVERY, STEPS_EVERY, HOUR = 120, 900, 900, 3600
# Garmin writes -1 for a breath rate that was not measured.
NOT_BREATHING = -1.0


def head(life: SimulatedPerson, day: int) -> dict[str, Any]:
    """Make the keys that open most payloads of a day."""
    return {
        "userProfilePK": life.profile,
        "calendarDate": life.clock.date(day).isoformat(),
        **span(life, day),
    }


def span(life: SimulatedPerson, day: int) -> dict[str, str]:
    """Make the bounds of a day, as GMT and as the person's clock."""
    start_at, end_at = life.clock.bounds(day)
    start, end = Stamps(start_at, life.clock.offset(start_at)), Stamps(end_at, life.clock.offset(end_at))
    return {
        "startTimestampGMT": start.gmt,
        "endTimestampGMT": end.gmt,
        "startTimestampLocal": start.local,
        "endTimestampLocal": end.local,
    }


def nights_of(life: SimulatedPerson, day: int, until: int) -> dict[str, Any]:
    """Make the bounds of the night that ends on a day and of the next one; null while they are not known."""
    timestamps: dict[str, Any] = {}
    for name, index in (("sleep", day), ("tomorrowSleep", day + 1)):
        night = _computed_night(life, index, until)
        if night is None:
            timestamps |= _edge(f"{name}Start", None, None) | _edge(f"{name}End", None, None)
        else:
            start = Stamps(night.start, life.clock.offset(night.start))
            end = Stamps(night.end, life.clock.offset(night.end))
            timestamps |= _edge(f"{name}Start", start.gmt, start.local)
            timestamps |= _edge(f"{name}End", end.gmt, end.local)
    return timestamps


def _edge(name: str, gmt: str | None, local: str | None) -> dict[str, Any]:
    return {f"{name}TimestampGMT": gmt, f"{name}TimestampLocal": local}


def _computed_night(life: SimulatedPerson, day: int, until: int) -> Night | None:
    """Return the night that ends on a day; None if it was not seen, or is not over at an instant."""
    if day >= life.clock.days or not life.wear.night_seen(day):
        return None
    night = life.nights[day]
    return night if night.end <= until else None


def respiration(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/daily/respiration`: a breath rate every two minutes, -1 where none."""
    rng = stream(life.seed, "respiration", day)
    start, end = life.clock.bounds(day)
    at = np.arange(start + BREATH_EVERY, end + 1, BREATH_EVERY)
    asleep = _asleep(life, day, at)
    usual = life.nights[day].average_respiration
    rates = np.where(asleep, usual, usual + 2) + np.rint(rng.normal(0, 1.2, len(at)))
    rates[rng.random(len(at)) < 0.08] = NOT_BREATHING
    # The complete day is drawn, and then cut: a later sync does not change the samples of an earlier one.
    synced = at <= until
    at, rates, asleep = at[synced], rates[synced], asleep[synced]
    measured = rates > 0
    tomorrow = _computed_night(life, day + 1, until)
    rows = [[second * 1000, rate] for second, rate in zip(at.tolist(), rates.tolist(), strict=True)]
    average_columns = descriptors(
        ("timestamp", "averageRespirationValue"),
        index="respirationAveragesValueDescriptorIndex",
        key="respirationAveragesValueDescriptionKey",
    )
    return {
        **head(life, day),
        **nights_of(life, day, until),
        "lowestRespirationValue": _lowest(rates[measured]),
        "highestRespirationValue": _highest(rates[measured]),
        "avgWakingRespirationValue": _mean(rates[measured & ~asleep]),
        "avgSleepRespirationValue": _mean(rates[measured & asleep]),
        "avgTomorrowSleepRespirationValue": tomorrow and float(tomorrow.average_respiration),
        "respirationValueDescriptorsDTOList": [
            {"key": "timestamp", "index": 0},
            {"key": "respiration", "index": 1},
        ],
        "respirationValuesArray": rows,
        "respirationAveragesValueDescriptorDTOList": average_columns,
        "respirationAveragesValuesArray": _hourly(at[measured], rates[measured], start),
        "respirationVersion": 200,
    }


def _hourly(at: Ints, rates: Floats, start: int) -> list[list[float]]:
    """Mean, highest and lowest of each hour, at the hour's end."""
    # A sample at the full hour belongs to the hour that it ends.
    hours = (at - start - 1) // HOUR
    rows = []
    for hour in np.unique(hours).tolist():
        of_hour = rates[hours == hour]
        end_ms = (start + (hour + 1) * HOUR) * 1000
        rows.append([end_ms, round(float(of_hour.mean()), 2), float(of_hour.max()), float(of_hour.min())])
    return rows


def spo2(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/daily/spo2`: hourly averages, measured asleep."""
    rng = stream(life.seed, "spo2", day)
    night = life.nights[day]
    averages: list[list[int]] = []
    for hour in range(night.start - night.start % HOUR, night.end, HOUR):
        reading = int(np.clip(night.average_spo2 + rng.integers(-2, 3), 80, 100))
        if hour + HOUR <= until:
            averages.append([hour * 1000, reading])
    tomorrow = _computed_night(life, day + 1, until)
    payload: Payload = {
        **head(life, day),
        **nights_of(life, day, until),
        "averageSpO2": None,
        "lowestSpO2": None,
        "lastSevenDaysAvgSpO2": _weekly_spo2(life, day, until),
        "latestSpO2": None,
        "latestSpO2TimestampGMT": None,
        "latestSpO2TimestampLocal": None,
        "avgSleepSpO2": None,
        "avgTomorrowSleepSpO2": tomorrow and tomorrow.average_spo2,
        "spO2ValueDescriptorsDTOList": [
            {"spo2ValueDescriptorIndex": 0, "spo2ValueDescriptorKey": "timestamp"},
            {"spo2ValueDescriptorIndex": 1, "spo2ValueDescriptorKey": "spo2Reading"},
        ],
        "spO2SingleValues": None,
        "continuousReadingDTOList": None,
        "spO2HourlyAverages": averages or None,
    }
    if averages:
        latest_at = averages[-1][0] // 1000
        latest = Stamps(latest_at, life.clock.offset(latest_at))
        payload |= {
            "averageSpO2": night.average_spo2,
            "lowestSpO2": night.lowest_spo2,
            "latestSpO2": averages[-1][1],
            "latestSpO2TimestampGMT": latest.gmt,
            "latestSpO2TimestampLocal": latest.local,
            "avgSleepSpO2": night.average_spo2,
        }
    return payload


def _weekly_spo2(life: SimulatedPerson, day: int, until: int) -> float | None:
    """Return the mean of the last seven nights, of those that were seen; None if there is none."""
    averages = []
    for past in range(max(day - 6, 0), day + 1):
        night = _computed_night(life, past, until)
        if night is not None:
            averages.append(night.average_spo2)
    return sum(averages) / len(averages) if averages else None


def floors(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/floorsChartData/daily`: quarters of an hour; it names no person."""
    rng = stream(life.seed, "floors", day)
    rows = []
    for start, end in _quarters(life, day, until, FLOORS_EVERY):
        up, down = 0, 0
        if not _asleep(life, day, np.array([start]))[0]:
            up, down = rng.poisson(0.3, 2).tolist()
        rows.append([stamp(start), stamp(end), up, down])
    return {
        **span(life, day),
        "floorsValueDescriptorDTOList": [
            {"key": "startTimeGMT", "index": 0},
            {"key": "endTimeGMT", "index": 1},
            {"key": "floorsAscended", "index": 2},
            {"key": "floorsDescended", "index": 3},
        ],
        "floorValuesArray": rows,
    }


def steps_by_quarter(life: SimulatedPerson, day: int, until: int) -> list[Payload]:
    """Make `wellness-service/wellness/dailySummaryChart`: they add up to the day's steps when it is over."""
    rng = stream(life.seed, "step quarters", day)
    spans = list(_quarters(life, day, life.clock.bounds(day)[1], STEPS_EVERY))
    asleep = _asleep(life, day, np.array([start for start, _ in spans]))
    weights = np.where(asleep, 0.0, rng.gamma(0.5, 1.0, len(spans)))
    shares = np.floor(weights / weights.sum() * life.body.steps[day]).astype(int)
    # The busiest interval gets the steps that rounding down has left.
    shares[int(np.argmax(weights))] += int(life.body.steps[day]) - int(shares.sum())
    intervals: list[Payload] = []
    for (start, end), count, is_asleep in zip(spans, shares.tolist(), asleep.tolist(), strict=True):
        if end > until:
            break
        intervals.append(
            {
                "startGMT": stamp(start),
                "endGMT": stamp(end),
                "steps": count,
                "pushes": 0,
                "primaryActivityLevel": _activity_level(count, is_asleep=is_asleep),
                "activityLevelConstant": True,
            }
        )
    return intervals


def _activity_level(steps: int, *, is_asleep: bool) -> str:
    """Name the activity of a quarter of an hour."""
    if is_asleep:
        return "sleeping"
    return "active" if steps > 300 else "sedentary"


def intensity_minutes(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/daily/im`: minutes of effort, and the week so far."""
    monday = max(day - life.clock.date(day).weekday(), 0)
    week_moderate = week_vigorous = moderate = vigorous = 0
    for past in range(monday, day + 1):
        moderate, vigorous = _minutes(life, past, until)
        week_moderate += moderate
        week_vigorous += vigorous
    # Vigorous minutes count twice, as in the recommendation of 150 minutes a week by the WHO.
    week_total, day_total = week_moderate + 2 * week_vigorous, moderate + 2 * vigorous
    values = []
    for workout in life.workouts(day):
        start = life.clock.instant(day, workout.minute)
        if start <= until:
            values.append([start * 1000, workout.minutes])
    return {
        **head(life, day),
        "weeklyModerate": week_moderate,
        "weeklyVigorous": week_vigorous,
        "weeklyTotal": week_total,
        "weekGoal": 150,
        "dayOfGoalMet": None,
        "startDayMinutes": week_total - day_total,
        "endDayMinutes": week_total,
        "moderateMinutes": moderate,
        "vigorousMinutes": vigorous,
        "imValueDescriptorsDTOList": [{"index": 0, "key": "timestamp"}, {"index": 1, "key": "value"}],
        "imValuesArray": values,
    }


def body_battery(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make an element of `wellness-service/wellness/bodyBattery/reports/daily`: turning points alone."""
    trace = life.trace(day).until(until)
    measured = trace.battery_status != NOT_MEASURED
    at, levels = trace.stress_at[measured], trace.battery[measured]
    change = np.diff(levels)
    values = []
    if len(levels):
        # The first and the last sample, and those at which the battery begins to rise, to fall or to stay.
        turns = [0, *(np.flatnonzero(np.diff(np.sign(change)) != 0) + 1).tolist(), len(levels) - 1]
        values = [[int(at[turn]) * 1000, int(levels[turn])] for turn in sorted(set(turns))]
    return {
        "date": life.clock.date(day).isoformat(),
        "charged": int(change[change > 0].sum()),
        "drained": int(-change[change < 0].sum()),
        **span(life, day),
        "bodyBatteryValuesArray": values,
        "bodyBatteryValueDescriptorDTOList": [
            {"bodyBatteryValueDescriptorIndex": 0, "bodyBatteryValueDescriptorKey": "timestamp"},
            {"bodyBatteryValueDescriptorIndex": 1, "bodyBatteryValueDescriptorKey": "bodyBatteryLevel"},
        ],
    }


def _minutes(life: SimulatedPerson, day: int, until: int) -> tuple[int, int]:
    """Return the moderate and the vigorous minutes of the sessions that are over at an instant."""
    total = 0
    for workout in life.workouts(day):
        if life.workout_end(day, workout) <= until:
            total += workout.minutes
    return int(total * 0.35), int(total * 0.55)


def _quarters(life: SimulatedPerson, day: int, until: int, every: int) -> list[tuple[int, int]]:
    """Return start and end of the day's quarters of an hour that are over at an instant."""
    start, end = life.clock.bounds(day)
    return [(at, at + every) for at in range(start, end, every) if at + every <= until]


def _asleep(life: SimulatedPerson, day: int, at: Ints) -> Bools:
    """Return which instants lie in the night before a day or in the one after it."""
    asleep = np.zeros(len(at), dtype=bool)
    for night in life.nights[day : day + 2]:
        asleep |= (at >= night.start) & (at < night.end)
    return asleep


def _lowest(values: Floats) -> float | None:
    return float(values.min()) if len(values) else None


def _highest(values: Floats) -> float | None:
    return float(values.max()) if len(values) else None


def _mean(values: Floats) -> float | None:
    return float(np.rint(values.mean())) if len(values) else None
