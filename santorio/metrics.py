"""The registry of metrics: what each is called, its unit and scale, what it may affect or be affected by, and when.

The registry is the dbt seed `dbt_project/seeds/metrics.csv`: SQL reads it as the table `reference.metrics`, Python
reads it here. A new metric is a row there. A person's own measures (`measure_…`) and supplements (`supplement_…`) need
no row.

The lag is part of a metric's definition, never a join's accident: a night belongs to the day of waking, so what is done
on day t acts on the night of day t+1.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

Direction = Literal["higher", "lower"]
Role = Literal["outcome", "exposure", "recorded"]
Scale = Literal["continuous", "binary", "ordinal", "bounded", "count"]
# Lowest and highest value of a rating's scale.
Bounds = tuple[float, float]

SEED = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds" / "metrics.csv"
# δ of a measure that states none: three tenths of its day-to-day SD, between Cohen's small (0.2) and medium (0.5).
DEFAULT_SMALLEST_EFFECT_SD = 0.3
# Energy from photos of meals was off by 694 kcal (SD) a day of free life, about three tenths of what was eaten (Martin
# et al. 2009, doi:10.1017/S0007114508027438). A measure says by its name that it was estimated from photos.
PHOTO_SUFFIX = "_photo"
PHOTO_RELATIVE_ERROR = 0.3
MEASURE_PREFIX, SUPPLEMENT_PREFIX = "measure_", "supplement_"


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Bounds of a metric's values, in its unit; both belong to the range."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        """Whether a value lies within the bounds; NaN lies in no range."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured of a person, once a day or night.

    Attributes
    ----------
    name : str
        As in the columns `metric` of `marts.outcomes` and `exposure` of `marts.exposures`.
    label : str
        What a person calls it.
    unit : str
        Unit of the value; empty where it has none.
    role : {"outcome", "exposure", "recorded"}
        Something that may be affected, something that may affect, or neither.
    scale : {"continuous", "binary", "ordinal", "bounded", "count"}
        Scale of measurement, by which trials and studies choose a likelihood.
    bounds : tuple of float or None
        Both ends of the scale of a rating.
    lag_days : int
        Days from an exposure to this outcome.
    smallest_effect : float or None
        Smallest difference of an outcome worth acting on, in `unit`; None where no scale is known.
    direction : {"higher", "lower"} or None
        Which way is better; None where that depends on the person.
    per_amount : float or None
        Amount of an exposure that effects are reported for; None: the usual amount on days with any.
    relative_error : float
        SD of an exposure's measurement error as a share of the amount; 0 where it is as good as exact.
    is_confounder : bool
        Whether every regression adjusts for this exposure without shrinking it.
    is_in_associations : bool
        Whether associations are estimated of it. Steps are movement itself: a day's load is part of them, and so no
        cause to look for.
    possible, likely : ValueRange or None
        What a body can have, and what is usual. Values beyond the possible are kept, flagged and excluded from models;
        values beyond the likely are flagged and count.
    source : str
        Where the bounds come from.
    """

    name: str
    label: str
    unit: str = ""
    role: Role = "recorded"
    scale: Scale = "continuous"
    bounds: Bounds | None = None
    lag_days: int = 0
    smallest_effect: float | None = None
    direction: Direction | None = None
    per_amount: float | None = None
    relative_error: float = 0.0
    is_confounder: bool = False
    is_in_associations: bool = True
    possible: ValueRange | None = None
    likely: ValueRange | None = None
    source: str = ""


def _number(text: str) -> float | None:
    return float(text) if text else None


def _bounds(low: str, high: str) -> Bounds | None:
    return (float(low), float(high)) if low and high else None


def _range(low: str, high: str) -> ValueRange | None:
    return ValueRange(float(low), float(high)) if low and high else None


def _metric(row: Mapping[str, str]) -> Metric:
    return Metric(
        name=row["metric"],
        label=row["label"],
        unit=row["unit"],
        role=cast("Role", row["role"]),
        scale=cast("Scale", row["scale"]),
        bounds=_bounds(row["scale_low"], row["scale_high"]),
        lag_days=int(row["lag_days"] or 0),
        smallest_effect=_number(row["smallest_effect"]),
        direction=cast("Direction | None", row["direction"] or None),
        per_amount=_number(row["per_amount"]),
        is_confounder=row["is_confounder"] == "true",
        is_in_associations=row["is_in_associations"] == "true",
        possible=_range(row["lowest_possible"], row["highest_possible"]),
        likely=_range(row["lowest_likely"], row["highest_likely"]),
        source=row["source"],
    )


def read_metrics(seed: Path = SEED) -> dict[str, Metric]:
    """Read the registry, in the order of its rows."""
    with seed.open(encoding="utf-8", newline="") as file:
        metrics = [_metric(row) for row in csv.DictReader(file)]
    return {metric.name: metric for metric in metrics}


METRICS = read_metrics()
OUTCOMES = {name: metric for name, metric in METRICS.items() if metric.role == "outcome"}
EXPOSURES = {name: metric for name, metric in METRICS.items() if metric.role == "exposure"}


def outcome(name: str, unit: str = "") -> Metric:
    """Find an outcome; a person's own measure acts within its day, has no δ and no direction."""
    if name in OUTCOMES:
        return OUTCOMES[name]
    return Metric(name, name.replace("_", " "), unit, "outcome")


def exposure(name: str, unit: str = "") -> Metric:
    """Find an exposure; a supplement or a person's own measure is reported per usual amount."""
    if name in EXPOSURES:
        return EXPOSURES[name]
    relative_error = PHOTO_RELATIVE_ERROR if name.endswith(PHOTO_SUFFIX) else 0.0
    return Metric(name, label(name), unit, "exposure", relative_error=relative_error)


def label(name: str) -> str:
    """What a person calls a metric."""
    if name in METRICS:
        return METRICS[name].label
    return name.removeprefix(SUPPLEMENT_PREFIX).removeprefix(MEASURE_PREFIX).replace("_", " ")


def lag_days(outcome_name: str, exposure_name: str) -> int:
    """Days from an exposure to an outcome.

    A measure of the same day may be a consequence as well as a cause: it counts from the day after.
    """
    lag = outcome(outcome_name).lag_days
    return max(lag, 1) if exposure_name.startswith(MEASURE_PREFIX) else lag
