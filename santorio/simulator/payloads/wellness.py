"""A watch's samples of a day beside heart rate and stress: respiration, blood oxygen, floors, minutes, battery.

`until` is the instant (UTC epoch seconds) up to which the watch has been synced.
"""

from typing import Any

import numpy as np

from santorio.simulator.intraday import NOT_MEASURED
from santorio.simulator.payloads.common import Payload, Stamps, stamp
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream
from santorio.simulator.sleep import Night

BREATH_EVERY, FLOORS_EVERY, STEPS_EVERY, HOUR = 120, 900, 900, 3600
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
    start, end = (Stamps(at, life.clock.offset(at)) for at in life.clock.bounds(day))
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
        night = _known_night(life, index, until)
        edges = (None, None) if night is None else (night.start, night.end)
        for edge, at in zip(("Start", "End"), edges, strict=True):
            stamps = None if at is None else Stamps(at, life.clock.offset(at))
            timestamps[f"{name}{edge}TimestampGMT"] = stamps and stamps.gmt
            timestamps[f"{name}{edge}TimestampLocal"] = stamps and stamps.local
    return timestamps


def _known_night(life: SimulatedPerson, day: int, until: int) -> Night | None:
    is_known = day < life.clock.days and life.wear.night_seen(day) and life.nights[day].end <= until
    return life.nights[day] if is_known else None


def respiration(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/daily/respiration`: a breath rate every two minutes, -1 where none."""
    rng = stream(life.seed, "respiration", day)
    start, end = life.clock.bounds(day)
    at = np.arange(start + BREATH_EVERY, end + 1, BREATH_EVERY)
    asleep = _asleep(life, day, at)
    usual = life.nights[day].average_respiration
    rates = np.where(asleep, usual, usual + 2) + np.rint(rng.normal(0, 1.2, len(at)))
    rates[rng.random(len(at)) < 0.08] = NOT_BREATHING
    synced = at <= until
    at, rates, asleep = at[synced], rates[synced], asleep[synced]
    measured = rates > 0
    tomorrow = _known_night(life, day + 1, until)
    return {
        **head(life, day),
        **nights_of(life, day, until),
        "lowestRespirationValue": _least(rates[measured]),
        "highestRespirationValue": _greatest(rates[measured]),
        "avgWakingRespirationValue": _mean(rates[measured & ~asleep]),
        "avgSleepRespirationValue": _mean(rates[measured & asleep]),
        "avgTomorrowSleepRespirationValue": tomorrow and float(tomorrow.average_respiration),
        "respirationValueDescriptorsDTOList": [
            {"key": "timestamp", "index": 0},
            {"key": "respiration", "index": 1},
        ],
        "respirationValuesArray": [
            [int(second) * 1000, float(rate)] for second, rate in zip(at, rates, strict=True)
        ],
        "respirationAveragesValueDescriptorDTOList": [
            {
                "respirationAveragesValueDescriptorIndex": index,
                "respirationAveragesValueDescriptionKey": key,
            }
            for index, key in enumerate(("timestamp", "averageRespirationValue"))
        ],
        "respirationAveragesValuesArray": _hourly(at[measured], rates[measured], start),
        "respirationVersion": 200,
    }


def _hourly(
    at: "np.typing.NDArray[np.int64]", rates: "np.typing.NDArray[np.float64]", start: int
) -> list[list[float]]:
    """Mean, highest and lowest of each hour, at the hour's end."""
    hours = (at - start - 1) // HOUR
    return [
        [
            int(start + (hour + 1) * HOUR) * 1000,
            round(float(part.mean()), 2),
            float(part.max()),
            float(part.min()),
        ]
        for hour in np.unique(hours)
        for part in (rates[hours == hour],)
    ]


def spo2(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/daily/spo2`: hourly averages, measured asleep."""
    rng = stream(life.seed, "spo2", day)
    night = life.nights[day]
    hours = range(night.start - night.start % HOUR, night.end, HOUR)
    readings = [int(np.clip(night.average_spo2 + rng.integers(-2, 3), 80, 100)) for _ in hours]
    averages = [
        [at * 1000, reading] for at, reading in zip(hours, readings, strict=True) if at + HOUR <= until
    ]
    week = [
        one.average_spo2
        for past in range(max(day - 6, 0), day + 1)
        if (one := _known_night(life, past, until))
    ]
    latest = Stamps(averages[-1][0] // 1000, life.clock.offset(averages[-1][0] // 1000)) if averages else None
    tomorrow = _known_night(life, day + 1, until)
    return {
        **head(life, day),
        **nights_of(life, day, until),
        "averageSpO2": night.average_spo2 if averages else None,
        "lowestSpO2": night.lowest_spo2 if averages else None,
        "lastSevenDaysAvgSpO2": sum(week) / len(week) if week else None,
        "latestSpO2": averages[-1][1] if averages else None,
        "latestSpO2TimestampGMT": latest and latest.gmt,
        "latestSpO2TimestampLocal": latest and latest.local,
        "avgSleepSpO2": night.average_spo2 if averages else None,
        "avgTomorrowSleepSpO2": tomorrow and tomorrow.average_spo2,
        "spO2ValueDescriptorsDTOList": [
            {"spo2ValueDescriptorIndex": 0, "spo2ValueDescriptorKey": "timestamp"},
            {"spo2ValueDescriptorIndex": 1, "spo2ValueDescriptorKey": "spo2Reading"},
        ],
        "spO2SingleValues": None,
        "continuousReadingDTOList": None,
        "spO2HourlyAverages": averages or None,
    }


def floors(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/floorsChartData/daily`: quarters of an hour; it names no person."""
    rng = stream(life.seed, "floors", day)
    rows = []
    for start, end in _quarters(life, day, until, FLOORS_EVERY):
        awake = not _asleep(life, day, np.array([start]))[0]
        up, down = rng.poisson(0.3, 2).tolist() if awake else (0, 0)
        rows.append([stamp(start), stamp(end), up, down])
    keys = ("startTimeGMT", "endTimeGMT", "floorsAscended", "floorsDescended")
    descriptors = [{"key": key, "index": index} for index, key in enumerate(keys)]
    return {
        **span(life, day),
        "floorsValueDescriptorDTOList": descriptors,
        "floorValuesArray": rows,
    }


def steps_by_quarter(life: SimulatedPerson, day: int, until: int) -> list[Payload]:
    """Make `wellness-service/wellness/dailySummaryChart`: they add up to the day's steps when it is over."""
    rng = stream(life.seed, "step quarters", day)
    spans = list(_quarters(life, day, life.clock.bounds(day)[1], STEPS_EVERY))
    asleep = _asleep(life, day, np.array([start for start, _ in spans]))
    weights = np.where(asleep, 0.0, rng.gamma(0.5, 1.0, len(spans)))
    shares = np.floor(weights / weights.sum() * life.body.steps[day]).astype(int)
    shares[int(np.argmax(weights))] += int(life.body.steps[day]) - int(shares.sum())
    return [
        {
            "startGMT": stamp(start),
            "endGMT": stamp(end),
            "steps": int(count),
            "pushes": 0,
            "primaryActivityLevel": "sleeping" if sleeping else "active" if count > 300 else "sedentary",
            "activityLevelConstant": True,
        }
        for (start, end), count, sleeping in zip(spans, shares, asleep, strict=True)
        if end <= until
    ]


def intensity_minutes(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make `wellness-service/wellness/daily/im`: minutes of effort, and the week so far."""
    week = range(max(day - life.clock.date(day).weekday(), 0), day + 1)
    minutes = [_minutes(life, past, until) for past in week]
    moderate, vigorous = (sum(part) for part in zip(*minutes, strict=True))
    values = [
        [life.clock.instant(day, workout.minute) * 1000, workout.minutes]
        for workout in life.workouts(day)
        if life.clock.instant(day, workout.minute) <= until
    ]
    return {
        **head(life, day),
        "weeklyModerate": moderate,
        "weeklyVigorous": vigorous,
        "weeklyTotal": moderate + 2 * vigorous,
        "weekGoal": 150,
        "dayOfGoalMet": None,
        "startDayMinutes": moderate + 2 * vigorous - minutes[-1][0] - 2 * minutes[-1][1],
        "endDayMinutes": moderate + 2 * vigorous,
        "moderateMinutes": minutes[-1][0],
        "vigorousMinutes": minutes[-1][1],
        "imValueDescriptorsDTOList": [{"index": 0, "key": "timestamp"}, {"index": 1, "key": "value"}],
        "imValuesArray": values,
    }


def body_battery(life: SimulatedPerson, day: int, until: int) -> Payload:
    """Make an element of `wellness-service/wellness/bodyBattery/reports/daily`: turning points alone."""
    trace = life.trace(day).until(until)
    measured = trace.battery_status != NOT_MEASURED
    at, levels = trace.stress_at[measured], trace.battery[measured]
    change = np.diff(levels)
    turns = [0, *(np.flatnonzero(np.diff(np.sign(change)) != 0) + 1).tolist(), len(levels) - 1]
    values = [[int(at[turn]) * 1000, int(levels[turn])] for turn in sorted(set(turns))] if len(levels) else []
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
    done = [
        workout
        for workout in life.workouts(day)
        if life.clock.instant(day, workout.minute) + 60 * workout.minutes <= until
    ]
    total = sum(workout.minutes for workout in done)
    return int(total * 0.35), int(total * 0.55)


def _quarters(life: SimulatedPerson, day: int, until: int, every: int) -> list[tuple[int, int]]:
    start, end = life.clock.bounds(day)
    return [(at, at + every) for at in range(start, end, every) if at + every <= until]


def _asleep(
    life: SimulatedPerson, day: int, at: "np.typing.NDArray[np.int64]"
) -> "np.typing.NDArray[np.bool_]":
    asleep = np.zeros(len(at), dtype=bool)
    for night in life.nights[day : day + 2]:
        asleep |= (at >= night.start) & (at < night.end)
    return asleep


def _least(values: "np.typing.NDArray[np.float64]") -> float | None:
    return float(values.min()) if len(values) else None


def _greatest(values: "np.typing.NDArray[np.float64]") -> float | None:
    return float(values.max()) if len(values) else None


def _mean(values: "np.typing.NDArray[np.float64]") -> float | None:
    return float(np.rint(values.mean())) if len(values) else None
