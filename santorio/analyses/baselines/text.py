"""Sentences about a baseline for the person: they state what is unusual, and do not interpret it."""

import math

from santorio.analyses.baselines.anomalies import Anomaly
from santorio.analyses.baselines.changepoints import ChangePoint
from santorio.analyses.series import date_of
from santorio.local_time import in_words
from santorio.metrics import outcome

# A narrower range is written with a power of ten.
SMALL = 1e-5


def number(value: float, width: float) -> str:
    """Write a number with the decimals that the width of its range calls for."""
    if 0 < width < SMALL:
        return f"{value:.3g}"
    # A fifth of the width is the finest step that a reader can use.
    decimals = math.ceil(-math.log10(max(width, SMALL) / 5))
    decimals = min(max(0, decimals), 6)
    return f"{value:,.{decimals}f}"


def span(lower: float, upper: float, unit: str) -> str:
    """Write a range: 52-57 bpm."""
    ends = f"{number(lower, upper - lower)}–{number(upper, upper - lower)}"
    return f"{ends} {unit}".strip()


def describe_anomaly(metric: str, unit: str, anomaly: Anomaly, *, lasts: bool) -> str:
    """Describe an unusual day or run of days.

    Parameters
    ----------
    lasts : bool
        Whether its last day is the newest with a value.
    """
    name = outcome(metric, unit).label
    usual = span(anomaly.lower, anomaly.upper, unit)
    first_day, last_day = _date(anomaly.first_day), _date(anomaly.last_day)
    if anomaly.days == 1:
        return f"Your {name} was {anomaly.direction} its usual range ({usual}) on {first_day}."
    verb, when = "was", f", {first_day} to {last_day}"
    if lasts:
        verb, when = "has been", ""
    if anomaly.outside == anomaly.days:
        return (
            f"Your {name} {verb} {anomaly.direction} its usual range ({usual}) for {anomaly.days} days{when}."
        )
    # Some of the days lie within the range, but too many on one side.
    comparative = "higher" if anomaly.direction == "above" else "lower"
    mean = f"{number(anomaly.mean, anomaly.upper - anomaly.lower)} {unit}".strip()
    return (
        f"Your {name} {verb} {comparative} than usual for {anomaly.days} days{when}: {mean} on average, "
        f"where {usual} is usual for a day."
    )


def describe_changepoint(metric: str, unit: str, change: ChangePoint) -> str:
    """Describe a change of level."""
    width = 4 * change.shift_sd
    before, after = number(change.before, width), number(change.after, width)
    levels = f"{after} instead of {before} {unit}".rstrip()
    return f"Your {outcome(metric, unit).label} has a new level since about {_date(change.day)}: {levels}."


def _date(day: int) -> str:
    return in_words(date_of(day))
