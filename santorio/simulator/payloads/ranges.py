"""Steps of many days in one payload, and the scale's weigh-ins of a day."""

import datetime as dt
from typing import Any

from santorio.simulator.payloads.common import Payload
from santorio.simulator.payloads.summary import METRES_A_STEP, STEP_GOAL
from santorio.simulator.person import SimulatedPerson
from santorio.simulator.rng import stream
from santorio.simulator.wear_time import Watch

HEIGHT_M = 1.79


def steps(life: SimulatedPerson, first: int, last: int) -> list[Payload]:
    """Make `usersummary-service/stats/steps/daily`: a day of nulls has null steps, others lack."""
    return [_steps(life, day) for day in range(first, last + 1) if life.wear.watch[day] is not Watch.ABSENT]


def weigh_ins(life: SimulatedPerson, day: int) -> Payload:
    """Make `weight-service/weight/dayview` with one weigh-in after getting up, in grams, as a float."""
    date = life.clock.date(day).isoformat()
    taken = life.nights[day].end + 600
    body = _composition(life, day)
    return {
        "startDate": date,
        "endDate": date,
        "dateWeightList": [
            {
                "samplePk": taken * 1000 + 26_851,
                # The wall clock as if it were UTC; `timestampGMT` is the instant itself.
                "date": (taken + life.clock.offset(taken)) * 1000,
                "calendarDate": date,
                **body,
                "sourceType": "INDEX_SCALE",
                "timestampGMT": taken * 1000,
                "weightDelta": None,
            }
        ],
        "totalAverage": _average(life, day, body),
    }


def weighed(life: SimulatedPerson, day: int) -> bool:
    """Whether the person stood on the scale at home: three mornings of seven."""
    at_home = not life.clock.abroad(day) and life.wear.worn(day)
    return at_home and bool(stream(life.seed, "scale", day).random() < 3 / 7)


def _steps(life: SimulatedPerson, day: int) -> Payload:
    count: int | None = None
    metres: int | None = None
    if life.wear.worn(day):
        count = int(life.body.steps[day])
        metres = round(count * METRES_A_STEP)
    return {
        "calendarDate": life.clock.date(day).isoformat(),
        "totalSteps": count,
        "totalDistance": metres,
        "stepGoal": STEP_GOAL,
    }


def _composition(life: SimulatedPerson, day: int) -> dict[str, Any]:
    kilograms = float(life.body.weight_kg[day])
    rng = stream(life.seed, "composition", day)
    fat = round(float(rng.normal(18.5, 0.4)), 1)
    return {
        # The scale multiplies a rounded number of kilograms: 73.45 kg comes as 73450.00000000001 at times.
        "weight": kilograms * 1000.0,
        "bmi": round(kilograms / HEIGHT_M**2, 1),
        "bodyFat": fat,
        # Lean mass holds 73 % of water, a standard value.
        "bodyWater": round(0.73 * (100 - fat), 1),
        "boneMass": 3530,
        "muscleMass": round(kilograms * 430),
        "physiqueRating": None,
        "visceralFat": None,
        "metabolicAge": None,
    }


def _average(life: SimulatedPerson, day: int, body: dict[str, Any]) -> dict[str, Any]:
    midnight = dt.datetime.combine(life.clock.date(day), dt.time(), dt.UTC)
    start = int(midnight.timestamp()) * 1000
    return {"from": start, "until": start + 86_399_999, **body}
