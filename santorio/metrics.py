"""Registry of outcomes and exposures: what each is called, its unit, its lag, and what difference would matter.

The lag is part of a metric's definition, never a join's accident: a night belongs to the day of waking, so what is done
on day t acts on the night of day t+1.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower"]
# What kind of measure it is: with what it is compared, and which likelihoods it may have.
Scale = Literal["continuous", "binary", "ordinal", "bounded", "count"]
# Lowest and highest possible value.
Bounds = tuple[float, float]

# δ of a measure that states none: three tenths of its day-to-day spread, between Cohen's small (0.2) and medium (0.5).
DEFAULT_SMALLEST_EFFECT_SD = 0.3


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something that may be affected.

    Attributes
    ----------
    name : str
        As in `marts.outcomes.metric`.
    label : str
        As a person says it.
    unit : str
        Unit of the value.
    lag_days : int
        Days from the exposure's day to the outcome's day.
    smallest_effect : float or None
        Smallest difference worth acting on, in `unit`; None where no scale is known.
    good : {"higher", "lower"} or None
        Which way is welcome; None where that depends on the person.
    scale : Scale
        What kind of measure it is: a trial's likelihood is chosen by it.
    bounds : tuple of float or None
        Lowest and highest possible value of a rating.
    """

    name: str
    label: str
    unit: str
    lag_days: int
    smallest_effect: float | None
    good: Direction | None
    scale: Scale = "continuous"
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Something that may affect.

    Attributes
    ----------
    name : str
        As in `marts.exposures.exposure`.
    label : str
        As a person says it.
    unit : str
        Unit of the amount.
    per_amount : float or None
        Amount that effects are reported for; None: the usual amount on days with any.
    relative_error : float
        Standard deviation of the measurement's error as a share of the amount; 0 where it is as good as exact.
    is_confounder : bool
        Whether it is adjusted for in every regression without shrinking it to nothing.
    """

    name: str
    label: str
    unit: str
    per_amount: float | None
    relative_error: float = 0.0
    is_confounder: bool = False


OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        Outcome("sleep_minutes", "sleep", "min", 1, 15.0, "higher"),
        Outcome("deep_sleep_minutes", "deep sleep", "min", 1, 8.0, "higher"),
        Outcome("sleep_score", "sleep score", "points", 1, 3.0, "higher"),
        Outcome("hrv_rmssd_ms", "overnight heart rate variability", "ms", 1, 3.0, "higher"),
        Outcome("resting_hr_bpm", "resting heart rate", "bpm", 1, 1.0, "lower"),
        Outcome("stress_avg", "stress", "points", 1, 3.0, "lower"),
        Outcome("body_battery_high", "body battery at its highest", "points", 1, 5.0, "higher"),
        Outcome("weight_kg", "weight", "kg", 1, 0.3, None),
        Outcome("mood", "mood", "points", 0, None, "higher", scale="bounded", bounds=(1.0, 10.0)),
        Outcome("steps", "steps", "steps", 0, 1000.0, "higher"),
    )
}

EXPOSURES = {
    exposure.name: exposure
    for exposure in (
        Exposure("caffeine_after_15_mg", "caffeine after 15:00", "mg", 100.0),
        Exposure("caffeine_mg", "caffeine", "mg", 100.0),
        Exposure("alcohol_g", "alcohol", "g", 14.0),
        Exposure("training_load", "training load", "load", 100.0, is_confounder=True),
    )
}

# Energy from photos of meals was off by 694 kcal (standard deviation) a day of free life, about three tenths of what
# was eaten (Martin et al. 2009, doi:10.1017/S0007114508027438). A measure says by its name that it was estimated so.
PHOTO_SUFFIX = "_photo"
PHOTO_RELATIVE_ERROR = 0.3
# A person's own measures of being ill: what they change must not be taken for the work of what one does less when ill.
ILLNESS = frozenset({"measure_ill", "measure_illness", "measure_sick", "measure_sickness", "measure_fever"})

# Steps are movement itself: a day's load is part of them, and so no cause to look for.
NOT_STUDIED = frozenset({"steps"})


def outcome(name: str, unit: str = "") -> Outcome:
    """Find an outcome; a free measure acts within its day, has no δ of its own and no welcome direction."""
    return OUTCOMES.get(name, Outcome(name, name.replace("_", " "), unit, 0, None, None))


def exposure(name: str, unit: str = "") -> Exposure:
    """Find an exposure; a supplement or a free measure is reported per usual amount."""
    error = PHOTO_RELATIVE_ERROR if name.endswith(PHOTO_SUFFIX) else 0.0
    return EXPOSURES.get(name, Exposure(name, label(name), unit, None, error, name in ILLNESS))


def label(name: str) -> str:
    """What a person calls a metric or an exposure."""
    known = OUTCOMES.get(name) or EXPOSURES.get(name)
    if known:
        return known.label
    return name.removeprefix("supplement_").removeprefix("measure_").replace("_", " ")


def lag_days(outcome_name: str, exposure_name: str) -> int:
    """Days from an exposure to an outcome.

    A measure of the same day may be a consequence as well as a cause: it is looked at a day ahead.
    """
    lag = outcome(outcome_name).lag_days
    return max(lag, 1) if exposure_name.startswith("measure_") else lag
