"""How the commands write days, amounts and estimates."""

import datetime as dt

from santorio.local_time import in_words

Row = dict[str, object]
# Outcomes of a night, which belongs to the day of waking.
NIGHTLY = {"sleep_minutes", "deep_sleep_minutes", "sleep_score", "hrv_rmssd_ms"}


def number(value: object) -> float:
    """A number of a row."""
    return float(str(value))


def format_day(day: object) -> str:
    """A date as people write it, if there is one."""
    return in_words(day) if isinstance(day, dt.date) else "no day yet"


def format_amount(per_amount: object, unit: object) -> str:
    """The amount of an exposure that an estimate refers to."""
    # The unit of a training load is the load itself.
    suffix = "" if unit == "load" else f" {unit}"
    return f"{per_amount:g}{suffix}"


def format_lag(row: Row) -> str:
    """When an outcome follows its exposure."""
    if not row["lag_days"]:
        return "that day"
    if row["outcome"] in NIGHTLY:
        return "that night"
    return "the next day"


def format_estimate(row: Row) -> str:
    """An estimate with its 95 % interval."""
    return f"{row['estimate']:+.1f}  ({row['lower_95']:+.1f} to {row['upper_95']:+.1f})"
