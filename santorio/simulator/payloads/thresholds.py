"""What Garmin takes from the hardest sessions: lactate threshold, threshold power and its zones, fitness age."""

import datetime as dt
from typing import Any

from santorio.simulator.payloads.account import BIRTH_DATE
from santorio.simulator.payloads.common import Payload, Stamps
from santorio.simulator.payloads.fitness import CHRONIC_DAYS, MAX_HEART_RATE, vo2max
from santorio.simulator.payloads.ranges import HEIGHT_M
from santorio.simulator.person import SimulatedPerson

THRESHOLD_SHARE = 0.85
"""Share of the greatest oxygen uptake at which lactate begins to rise."""
STALE_AFTER_S = 90 * 86_400
COGGAN = (0.0, 0.56, 0.76, 0.91, 1.06, 1.21, 1.51)
"""Floors of the power zones, as shares of the threshold power."""
WATTS_A_BEAT, WATTS_AT_REST = 2.1, 60.0
"""How power follows the heart rate in the records of a ride."""
POWER_A_SPEED = 1.3
"""Watts a kilogram that a runner spends for each metre a second, as a watch estimates it."""


def lactate_threshold(life: SimulatedPerson, until: int) -> list[Payload]:
    """Make `biometric-service/biometric/latestLactateThreshold`: one entry for speed, one for heart rate."""
    session = _last_session(life, until, "running")
    if session is None:
        return []
    day, at = session
    # Garmin states tenths of a metre a second here.
    speed = round(threshold_speed(life, day) / 10, 6)
    heart_rate = threshold_heart_rate(life, day)
    # Garmin misspells the key of the heart rate.
    return [
        {**_version(life, at), "speed": speed, "hearRate": None, "heartRateCycling": None},
        {**_version(life, at), "speed": None, "hearRate": heart_rate, "heartRateCycling": None},
    ]


def power_to_weight(life: SimulatedPerson, until: int, sport: str) -> list[Payload]:
    """Make `biometric-service/biometric/powerToWeight/latest` of a sport, `RUNNING` or `CYCLING` in any case."""
    session = _last_session(life, until, sport.lower())
    if session is None:
        return []
    day, at = session
    power, kilograms = threshold_power(life, day, sport), float(life.body.weight_kg[day])
    return [
        {
            "userProfilePk": life.profile,
            "calendarDate": Stamps(at, life.clock.offset(at)).gmt,
            "origin": "power",
            "sport": sport.upper(),
            "functionalThresholdPower": power,
            "weight": kilograms,
            "powerToWeight": round(power / kilograms, 2),
            "isStale": until - at > STALE_AFTER_S,
        }
    ]


def cycling_ftp(life: SimulatedPerson, until: int) -> Payload | None:
    """Make `biometric-service/biometric/latestFunctionalThresholdPower/CYCLING`; none before the first ride."""
    session = _last_session(life, until, "cycling")
    if session is None:
        return None
    day, at = session
    return {
        **_version(life, at),
        "isStale": until - at > STALE_AFTER_S,
        "sport": "CYCLING",
        "functionalThresholdPower": threshold_power(life, day, "cycling"),
        "biometricSourceType": "CHANGE_LOG",
    }


def power_zones(life: SimulatedPerson, until: int) -> list[Payload]:
    """Make `biometric-service/powerZones/sports/all`: of each sport that the watch knows a threshold of."""
    zones = []
    for sport in ("running", "cycling"):
        session = _last_session(life, until, sport)
        if session is not None:
            day, _ = session
            zones.append(_zones(life, day, sport))
    return zones


def fitness_age(life: SimulatedPerson, day: int) -> Payload:
    """Make `fitnessage-service/fitnessage`: from fitness, weight, resting heart rate and hard minutes."""
    age = (life.clock.date(day) - BIRTH_DATE) // dt.timedelta(days=365.25)
    fitness_age_now, fitness_age_before = _fitness_age(life, day), _fitness_age(life, max(day - 7, 0))
    # Means over the last four weeks, or over as much of them as the life has.
    weeks = max(min(CHRONIC_DAYS, day), 1) / 7
    vigorous_days = vigorous_minutes = 0
    for past in range(max(day - CHRONIC_DAYS, 0), day):
        vigorous_days += bool(life.workouts(past))
        vigorous_minutes += sum(int(workout.minutes * 0.55) for workout in life.workouts(past))
    over_weeks = {"stale": False, "numOfWeeksForIm": max(round(weeks), 1)}
    components: dict[str, Any] = {
        "vigorousDaysAvg": {"value": round(vigorous_days / weeks, 1), **over_weeks},
        "rhr": {"value": int(life.body.resting_hr_bpm[day]), "stale": False},
        "vigorousMinutesAvg": {"value": round(vigorous_minutes / weeks, 1), **over_weeks},
        "bmi": {
            "value": round(float(life.body.weight_kg[day]) / HEIGHT_M**2, 1),
            "stale": False,
            "lastMeasurementDate": life.clock.date(day).isoformat(),
        },
    }
    return {
        "chronologicalAge": age,
        "fitnessAge": fitness_age_now,
        "achievableFitnessAge": max(fitness_age_now - 2.5, 18.0),
        "previousFitnessAge": fitness_age_before,
        "components": components,
        "lastUpdated": f"{life.clock.date(day)}T00:00:00.0",
    }


def threshold_speed(life: SimulatedPerson, day: int) -> float:
    """Return the speed at the lactate threshold in m/s, by the running equation of the ACSM: 0.2 v + 3.5."""
    return round((THRESHOLD_SHARE * vo2max(life, day) - 3.5) / 0.2 / 60, 4)


def threshold_heart_rate(life: SimulatedPerson, day: int) -> int:
    """Return the heart rate at the lactate threshold: the same share of the reserve."""
    resting = int(life.body.resting_hr_bpm[day])
    return round(resting + THRESHOLD_SHARE * (MAX_HEART_RATE - resting))


def threshold_power(life: SimulatedPerson, day: int, sport: str) -> int:
    """Return the threshold power in watts; on the bicycle that of the rides' records at the threshold's pulse."""
    if sport.lower() == "cycling":
        return round(WATTS_A_BEAT * threshold_heart_rate(life, day) - WATTS_AT_REST)
    return round(float(life.body.weight_kg[day]) * POWER_A_SPEED * threshold_speed(life, day))


def _last_session(life: SimulatedPerson, until: int, sport: str) -> tuple[int, int] | None:
    """Find the day of the last session of a sport that is over at an instant, and when it ended."""
    for day in range(life.clock.days - 1, -1, -1):
        for workout in life.workouts(day):
            end = life.workout_end(day, workout)
            if workout.sport == sport and end <= until:
                return day, end
    return None


def _version(life: SimulatedPerson, at: int) -> dict[str, Any]:
    moment = Stamps(at, life.clock.offset(at))
    return {
        "userProfilePK": life.profile,
        "version": moment.gmt_ms,
        "calendarDate": moment.local,
        "sequence": moment.gmt_ms,
    }


def _zones(life: SimulatedPerson, day: int, sport: str) -> Payload:
    power = float(threshold_power(life, day, sport))
    floors = {f"zone{number}Floor": round(power * share, 1) for number, share in enumerate(COGGAN, 1)}
    return {"sport": sport.upper(), "functionalThresholdPower": power, **floors, "userLocalTime": None}


def _fitness_age(life: SimulatedPerson, day: int) -> float:
    """Return the age at which the fitness is usual: about 57 ml/kg/min less 0.4 a year."""
    return max(round((57.0 - vo2max(life, day)) / 0.4, 6), 18.0)
