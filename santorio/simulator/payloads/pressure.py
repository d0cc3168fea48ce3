"""Blood pressure, taken with a cuff at home on some mornings: it needs no watch."""

import datetime as dt
from collections.abc import Iterator

from santorio.simulator.payloads.common import Payload, Stamps
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream

AFTER_WAKING_S = 1200
APART_S = 120
CHANCE = 2 / 7
CATEGORIES = (
    (120, 80, "NORMAL", "Normal"),
    (130, 80, "HIGH_NORMAL", "High Normal"),
    (140, 90, "STAGE_1_HIGH", "Stage 1 High"),
)
"""A category's systolic and diastolic pressure stay below these."""
HIGHEST = ("STAGE_2_HIGH", "Stage 2 High")


def blood_pressure(life: SimulatedPerson, first: dt.date, last: dt.date, until: int) -> Payload:
    """Make `bloodpressure-service/bloodpressure/range`: a summary for each day with a reading, newest first."""
    zero = life.clock.first_day
    first_index = max((first - zero).days, 0)
    last_index = min((last - zero).days, life.clock.days - 1)
    summaries = []
    for day in range(last_index, first_index - 1, -1):
        of_day = list(readings(life, day, until))
        if of_day:
            summaries.append(_summary(life, day, of_day))
    return {
        "from": first.isoformat(),
        "until": last.isoformat(),
        "measurementSummaries": summaries,
        "categoryStats": None,
    }


def readings(life: SimulatedPerson, day: int, until: int) -> Iterator[Payload]:
    """Make the readings of a day: one or two, some minutes after getting up, at home alone."""
    rng = stream(life.seed, "cuff", day)
    if life.clock.abroad(day) or rng.random() >= CHANCE:
        return
    # A faster heart and a tense day go with a somewhat higher pressure.
    strain = 0.7 * (float(life.body.resting_hr_bpm[day]) - 53) + 0.2 * (float(life.body.stress_avg[day]) - 31)
    for number in range(int(rng.integers(1, 3))):
        at = life.nights[day].end + AFTER_WAKING_S + number * APART_S
        systolic = round(118 + strain + float(rng.normal(0, 4)))
        diastolic = round(75 + 0.6 * strain + float(rng.normal(0, 3)))
        pulse = int(life.body.resting_hr_bpm[day]) + int(rng.integers(4, 12))
        if at <= until:
            yield _reading(life, at, systolic, diastolic, pulse)


def _reading(life: SimulatedPerson, at: int, systolic: int, diastolic: int, pulse: int) -> Payload:
    moment = Stamps(at, life.clock.offset(at))
    category, name = _category(systolic, diastolic)
    return {
        "version": at * 1000 + 417,
        "systolic": systolic,
        "diastolic": diastolic,
        "pulse": pulse,
        "multiMeasurement": False,
        "notes": "",
        "sourceType": "MANUAL",
        "measurementTimestampLocal": moment.local,
        "measurementTimestampGMT": moment.gmt,
        "category": category,
        "categoryName": name,
    }


def _category(systolic: int, diastolic: int) -> tuple[str, str]:
    for systolic_below, diastolic_below, key, name in CATEGORIES:
        if systolic < systolic_below and diastolic < diastolic_below:
            return key, name
    return HIGHEST


def _summary(life: SimulatedPerson, day: int, of_day: list[Payload]) -> Payload:
    date = life.clock.date(day).isoformat()
    systolic = [reading["systolic"] for reading in of_day]
    diastolic = [reading["diastolic"] for reading in of_day]
    return {
        "startDate": date,
        "endDate": date,
        "highSystolic": max(systolic),
        "highDiastolic": max(diastolic),
        "lowSystolic": min(systolic),
        "lowDiastolic": min(diastolic),
        "numOfMeasurements": len(of_day),
        "category": _category(max(systolic), max(diastolic))[0],
        "measurements": of_day[::-1],
    }
