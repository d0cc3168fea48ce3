"""How the simulated person's body answers: a linear system with known coefficients, and its daily values.

Each outcome is a mean, a slow trend, a weekday pattern, the effects of what was done the day before, and
AR(1) noise. Some outcomes follow from others (body battery from sleep and heart rate variability): what an
exposure does to them is the product along the path, and `true_effects` states that total.
"""

from dataclasses import dataclass

import numpy as np

from santorio.simulator.behaviour import Habits
from santorio.simulator.ground_truth import TrueEffect
from santorio.simulator.rng import Floats, Ints, autoregressive, stream

SLEEP_PER_LATE_CAFFEINE = -18.0 / 100.0  # min per mg
HRV_PER_ALCOHOL = -7.0 / 14.0  # ms per g
RESTING_HR_PER_LOAD = 1.2 / 100.0  # bpm per unit of load
RESTING_HR_PER_ALCOHOL = 0.8 / 14.0  # bpm per g
STEPS_PER_LOAD = 20.0

DEEP_PER_SLEEP = 0.17
STRESS_PER_HRV = -0.25
BATTERY_PER_SLEEP = 0.09
BATTERY_PER_HRV = 0.30
SCORE_PER_SLEEP = 0.11
SCORE_PER_DEEP = 0.12
SCORE_PER_HRV = 0.15
MOOD_PER_SLEEP = 0.006

USUAL_SLEEP_MIN = 438.0
USUAL_HRV_MS = 61.0

# Monday to Sunday, each about zero in sum. A night has the weekday of waking.
SLEEP_WEEKDAY = (-9.0, -8.0, -6.0, -6.0, -7.0, 16.0, 20.0)
HRV_WEEKDAY = (-1.0, 0.5, 0.0, 0.5, 1.0, 0.0, -1.0)
RESTING_HR_WEEKDAY = (0.4, 0.1, 0.0, -0.1, 0.0, -0.2, -0.2)
STRESS_WEEKDAY = (2.0, 2.0, 1.5, 1.0, 0.0, -3.5, -3.0)
STEPS_WEEKDAY = (-300.0, 0.0, 100.0, 0.0, 300.0, 1200.0, -1300.0)
MOOD_WEEKDAY = (-0.4, -0.1, 0.0, 0.0, 0.2, 0.3, 0.0)

OUTCOMES: dict[str, tuple[int, str]] = {
    "sleep_minutes": (1, "min"),
    "deep_sleep_minutes": (1, "min"),
    "sleep_score": (1, "points"),
    "hrv_rmssd_ms": (1, "ms"),
    "resting_hr_bpm": (1, "bpm"),
    "stress_avg": (1, "points"),
    "body_battery_high": (1, "points"),
    "weight_kg": (1, "kg"),
    "mood": (0, "points"),
    "steps": (0, "steps"),
}
"""Lag in days from an exposure, and unit. What is measured in a night or after it follows the day before."""

EXPOSURES: dict[str, float] = {
    "caffeine_after_15_mg": 100.0,
    "caffeine_mg": 100.0,
    "alcohol_g": 14.0,
    "training_load": 100.0,
    "supplement_magnesium": 300.0,
}
"""Amount that effects are stated for. `caffeine_mg`: 100 mg more with the caffeine after 15:00 unchanged."""

NULL_PAIRS = (("steps", "hrv_rmssd_ms", 1000.0), ("steps", "sleep_minutes", 1000.0))
"""Pairs beside the matrix of exposures and outcomes that have no effect and tempt one to look for it."""


@dataclass(frozen=True)
class Physiology:
    """Daily values; a night's are those of the night that ends on the day. Units are in the names."""

    sleep_minutes: Ints
    awake_minutes: Ints
    deep_sleep_minutes: Ints
    rem_sleep_minutes: Ints
    sleep_score: Ints
    hrv_rmssd_ms: Ints
    resting_hr_bpm: Ints
    stress_avg: Floats
    body_battery_high: Ints
    body_battery_low: Ints
    weight_kg: Floats
    mood: Ints
    steps: Ints


def simulate_physiology(seed: int, habits: Habits, weekdays: Ints) -> Physiology:
    """Let the body answer to the habits.

    `habits` and `weekdays` have one day more than the life: what was done on the eve acts on its first day.
    """
    days = len(weekdays) - 1
    weekday = weekdays[1:]
    sleep = _sleep(seed, habits, weekday)
    hrv = _hrv(seed, habits, weekday)
    deep = DEEP_PER_SLEEP * sleep + _noise(seed, "deep sleep", days, sd=7.0, phi=0.3)
    rem = 0.22 * sleep + _noise(seed, "rem sleep", days, sd=8.0, phi=0.3)
    return Physiology(
        sleep_minutes=_rounded(sleep, 200, 640),
        awake_minutes=stream(seed, "awake").integers(0, 34, days),
        deep_sleep_minutes=_rounded(deep, 15, 140),
        rem_sleep_minutes=_rounded(rem, 20, 180),
        sleep_score=_score(seed, sleep, deep, hrv),
        hrv_rmssd_ms=_rounded(hrv, 12, 130),
        resting_hr_bpm=_resting_hr(seed, habits, weekday),
        stress_avg=_stress(seed, hrv, weekday),
        body_battery_high=_battery_high(seed, sleep, hrv),
        body_battery_low=_rounded(17.0 + _noise(seed, "battery low", days, sd=4.5, phi=0.3), 5, 38),
        weight_kg=_weight(seed, days),
        mood=_mood(seed, sleep, weekday),
        steps=_steps(seed, habits, weekday),
    )


def true_effects() -> tuple[TrueEffect, ...]:
    """State the total effect of every exposure on every outcome, zeros included."""
    totals = _totals()
    effects: list[TrueEffect] = []
    for exposure, amount in EXPOSURES.items():
        for outcome, (lag, unit) in OUTCOMES.items():
            effect = round(amount * totals.get((exposure, outcome), 0.0), 6)
            effects.append(TrueEffect(exposure, outcome, lag, amount, unit, effect))
    for exposure, outcome, amount in NULL_PAIRS:
        _, unit = OUTCOMES[outcome]
        effects.append(TrueEffect(exposure, outcome, 1, amount, unit, 0.0))
    return tuple(effects)


def _totals() -> dict[tuple[str, str], float]:
    """Return the effects that are not zero, per unit of the exposure: the coefficients' product along each path."""
    caffeine, alcohol, load = "caffeine_after_15_mg", "alcohol_g", "training_load"
    # The score follows sleep directly, and through deep sleep.
    score_per_sleep = SCORE_PER_SLEEP + SCORE_PER_DEEP * DEEP_PER_SLEEP
    return {
        (caffeine, "sleep_minutes"): SLEEP_PER_LATE_CAFFEINE,
        (caffeine, "deep_sleep_minutes"): DEEP_PER_SLEEP * SLEEP_PER_LATE_CAFFEINE,
        (caffeine, "sleep_score"): score_per_sleep * SLEEP_PER_LATE_CAFFEINE,
        (caffeine, "body_battery_high"): BATTERY_PER_SLEEP * SLEEP_PER_LATE_CAFFEINE,
        (alcohol, "hrv_rmssd_ms"): HRV_PER_ALCOHOL,
        (alcohol, "resting_hr_bpm"): RESTING_HR_PER_ALCOHOL,
        (alcohol, "sleep_score"): SCORE_PER_HRV * HRV_PER_ALCOHOL,
        (alcohol, "stress_avg"): STRESS_PER_HRV * HRV_PER_ALCOHOL,
        (alcohol, "body_battery_high"): BATTERY_PER_HRV * HRV_PER_ALCOHOL,
        (load, "resting_hr_bpm"): RESTING_HR_PER_LOAD,
        (load, "steps"): STEPS_PER_LOAD,
    }


def _sleep(seed: int, habits: Habits, weekday: Ints) -> Floats:
    days = len(weekday)
    return (
        USUAL_SLEEP_MIN
        + _slow(days, rise=-5.0, wave=5.0)
        + _on(SLEEP_WEEKDAY, weekday)
        + SLEEP_PER_LATE_CAFFEINE * habits.caffeine_after_15_mg()[:-1]
        + _noise(seed, "sleep", days, sd=23.0, phi=0.35)
    )


def _hrv(seed: int, habits: Habits, weekday: Ints) -> Floats:
    days = len(weekday)
    return (
        USUAL_HRV_MS
        + _slow(days, rise=3.0, wave=1.5)
        + _on(HRV_WEEKDAY, weekday)
        + HRV_PER_ALCOHOL * habits.alcohol_g()[:-1]
        + _noise(seed, "hrv", days, sd=5.0, phi=0.45)
    )


def _resting_hr(seed: int, habits: Habits, weekday: Ints) -> Ints:
    days = len(weekday)
    bpm = (
        53.0
        + _slow(days, rise=-1.6, wave=0.4)
        + _on(RESTING_HR_WEEKDAY, weekday)
        + RESTING_HR_PER_LOAD * habits.training_load()[:-1]
        + RESTING_HR_PER_ALCOHOL * habits.alcohol_g()[:-1]
        + _noise(seed, "resting hr", days, sd=1.3, phi=0.4)
    )
    return _rounded(bpm, 40, 80)


def _stress(seed: int, hrv: Floats, weekday: Ints) -> Floats:
    noise = _noise(seed, "stress", len(hrv), sd=3.0, phi=0.3)
    stress = 31.0 + _on(STRESS_WEEKDAY, weekday) + STRESS_PER_HRV * (hrv - USUAL_HRV_MS) + noise
    clipped: Floats = np.clip(stress, 10.0, 70.0)
    return clipped


def _battery_high(seed: int, sleep: Floats, hrv: Floats) -> Ints:
    noise = _noise(seed, "battery high", len(hrv), sd=3.0, phi=0.3)
    restored = BATTERY_PER_SLEEP * (sleep - USUAL_SLEEP_MIN) + BATTERY_PER_HRV * (hrv - USUAL_HRV_MS)
    return _rounded(81.0 + restored + noise, 45, 100)


def _score(seed: int, sleep: Floats, deep: Floats, hrv: Floats) -> Ints:
    usual_deep = DEEP_PER_SLEEP * USUAL_SLEEP_MIN
    points = SCORE_PER_SLEEP * (sleep - USUAL_SLEEP_MIN) + SCORE_PER_DEEP * (deep - usual_deep)
    noise = _noise(seed, "sleep score", len(hrv), sd=3.0, phi=0.3)
    return _rounded(78.0 + points + SCORE_PER_HRV * (hrv - USUAL_HRV_MS) + noise, 20, 100)


def _weight(seed: int, days: int) -> Floats:
    drawn = 74.2 + _slow(days, rise=-1.5, wave=0.3) + _noise(seed, "weight", days, sd=0.35, phi=0.5)
    # The scale shows steps of 50 g.
    weight_kg: Floats = np.round(drawn * 20.0) / 20.0
    return weight_kg


def _mood(seed: int, sleep: Floats, weekday: Ints) -> Ints:
    noise = _noise(seed, "mood", len(sleep), sd=0.9, phi=0.4)
    mood = 6.6 + _on(MOOD_WEEKDAY, weekday) + MOOD_PER_SLEEP * (sleep - USUAL_SLEEP_MIN) + noise
    return _rounded(mood, 1, 10)


def _steps(seed: int, habits: Habits, weekday: Ints) -> Ints:
    days = len(weekday)
    noise = _noise(seed, "steps", days, sd=1700.0, phi=0.3)
    steps = 7400.0 + _on(STEPS_WEEKDAY, weekday) + STEPS_PER_LOAD * habits.training_load()[1:] + noise
    return _rounded(steps, 900, 40000)


def _on(pattern: tuple[float, ...], weekday: Ints) -> Floats:
    return np.array(pattern)[weekday]


def _noise(seed: int, name: str, days: int, *, sd: float, phi: float) -> Floats:
    return autoregressive(stream(seed, f"noise of {name}"), days, sd=sd, phi=phi)


def _slow(days: int, *, rise: float, wave: float) -> Floats:
    """Slow change around zero: `rise` per 180 days, and a wave of 150 days."""
    day = np.arange(days) - (days - 1) / 2.0
    return rise * day / 180.0 + wave * np.sin(2.0 * np.pi * day / 150.0)


def _rounded(values: Floats, low: int, high: int) -> Ints:
    """Round to whole numbers, and clip to what a body can do or a scale has."""
    return np.clip(np.rint(values), low, high).astype(np.int64)
