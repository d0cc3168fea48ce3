"""Prepares regressions from the marts: the exposures with enough days for an outcome, and the arrays of the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from santorio.analyses.effects.marginal_likelihood import MarginalLikelihood, gather
from santorio.analyses.series import Series
from santorio.arrays import FloatArray, IntArray
from santorio.errors import NotEnoughData
from santorio.metrics import exposure as find_exposure
from santorio.metrics import lag_days
from santorio.stats.design_matrix import Columns, background_columns, with_columns

MIN_DAYS = 30
# An exposure that differs from its usual value on fewer days could owe its effect to a single odd day.
MIN_UNUSUAL_DAYS = 5
# Prior of the level of days with an unknown exposure, against the other days.
UNKNOWN_SD = 0.5
# A trial randomises arms over weekdays; here habits of a weekday are confounded with the week, and the tighter prior
# of a trial would leave a third of a strong weekly pattern in the exposures.
WEEKDAY_SD = 1.0


@dataclass(frozen=True)
class Candidate:
    """An exposure that may be associated with an outcome.

    Attributes
    ----------
    lag_days : int
        Days from exposure to outcome.
    unit : str
        Unit of the exposure.
    per_amount : float
        Amount that the effect is reported for, in that unit.
    spread : float
        Standard deviation over the joint days.
    days : int
        Days with both.
    """

    name: str
    lag_days: int
    unit: str
    per_amount: float
    spread: float
    days: int


@dataclass(frozen=True)
class Regression:
    """One outcome, standardised, with the exposures that act on each of its days.

    Attributes
    ----------
    background : Columns
        Level, trend, weekday and unknown days; shape (days, columns).
    exposures : FloatArray
        Standardised, shape (days, candidates).
    standard : FloatArray
        The outcome, standardised; shape (days,).
    spread : float
        Standard deviation of the outcome, in its unit.
    """

    outcome: str
    background: Columns
    exposures: FloatArray
    standard: FloatArray
    spread: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class StackedOutcomes:
    """Several outcomes' regressions, over the same exposures.

    Attributes
    ----------
    evidence : tuple[MarginalLikelihood, ...]
        Of each outcome; an exposure that is not a candidate of it is a column of zeros.
    exposures : tuple[str, ...]
        Names of the columns of each evidence.
    is_confounder : NDArray[np.bool_]
        Shape (exposures,).
    """

    evidence: tuple[MarginalLikelihood, ...]
    exposures: tuple[str, ...]
    is_confounder: NDArray[np.bool_]

    def columns(self, regression: Regression) -> list[int]:
        """Positions of the columns of a regression's candidates."""
        return [self.exposures.index(candidate.name) for candidate in regression.candidates]


def stack_outcomes(regressions: Sequence[Regression]) -> StackedOutcomes:
    """Gather the marginal likelihoods of several outcomes, over the exposures of all of them."""
    names_of_any: set[str] = set()
    for regression in regressions:
        names_of_any.update(candidate.name for candidate in regression.candidates)
    names = sorted(names_of_any)
    evidence = []
    for regression in regressions:
        columns = np.zeros((len(regression.standard), len(names)))
        for j, candidate in enumerate(regression.candidates):
            columns[:, names.index(candidate.name)] = regression.exposures[:, j]
        evidence.append(gather(regression.background, columns, regression.standard))
    confounders = np.array([find_exposure(name).is_confounder for name in names])
    return StackedOutcomes(tuple(evidence), tuple(names), confounders)


def prepare(outcome: str, series: Series, exposures: Mapping[str, Series]) -> Regression:
    """Prepare the regression of one outcome on all exposures with enough joint days.

    Where an exposure is unknown (its log begins later or ends earlier) it is held at its mean and the days are
    marked by a column of their own, so that those days inform all other coefficients but not this exposure's.

    Raises
    ------
    NotEnoughData
        If the outcome has fewer than 30 days or never varies, or no exposure has 30 joint days and varies.
    """
    if len(series.day) < MIN_DAYS or series.value.std(ddof=1) == 0:
        raise NotEnoughData(
            f"{MIN_DAYS} days of “{outcome}” that vary are needed.", details={"days": len(series.day)}
        )
    candidates, columns = [], []
    for name, exposure in sorted(exposures.items()):
        # The exposure that is this outcome, as another outcome's cause, is not one of its own causes.
        if name == f"measure_{outcome}":
            continue
        values = exposure.at(series.day - lag_days(outcome, name))
        candidate = _candidate(outcome, name, exposure.unit, values[np.isfinite(values)])
        if candidate is not None:
            candidates.append(candidate)
            columns.append(values)
    if not candidates:
        raise NotEnoughData(f"No exposure was logged on {MIN_DAYS} days with “{outcome}” and varied.")
    spread = float(series.value.std(ddof=1))
    return Regression(
        outcome=outcome,
        background=_with_unknown_days(_background(series.day), columns),
        exposures=np.column_stack([_standardise(values) for values in columns]),
        standard=(series.value - series.value.mean()) / spread,
        spread=spread,
        candidates=tuple(candidates),
    )


def _candidate(outcome: str, name: str, unit: str, values: FloatArray) -> Candidate | None:
    """The exposure as a candidate, by its values on the joint days; None if these are too few or too alike."""
    if len(values) < MIN_DAYS or (values != np.median(values)).sum() < MIN_UNUSUAL_DAYS:
        return None
    registered = find_exposure(name, unit)
    spread = float(values.std(ddof=1))
    # A measure may swing around zero and have no usual amount: the effect is reported for its spread then.
    usual = 0.0
    if not name.startswith("measure_"):
        usual = abs(float(np.median(values[values != 0])))
    return Candidate(
        name=name,
        lag_days=lag_days(outcome, name),
        unit=unit or registered.unit,
        per_amount=registered.per_amount or usual or spread,
        spread=spread,
        days=len(values),
    )


def _standardise(values: FloatArray) -> FloatArray:
    """Standardised values; 0, the mean, where unknown."""
    known = np.isfinite(values)
    spread = values[known].std(ddof=1)
    return np.where(known, (values - np.nanmean(values)) / spread, 0.0)


def _background(day: IntArray) -> Columns:
    """Level, trend and weekday, with the wider prior of weekdays."""
    columns = background_columns(day)
    is_weekday = np.array([name.startswith("weekday") for name in columns.names])
    return replace(columns, prior_sd=np.where(is_weekday, WEEKDAY_SD, columns.prior_sd))


def _with_unknown_days(background: Columns, exposures: list[FloatArray]) -> Columns:
    """Mark the days on which exposures are unknown, one column for those that are unknown on the same days."""
    # Arrays cannot be keys of a dictionary; their bytes can.
    patterns = {}
    for values in exposures:
        unknown = np.isnan(values)
        if unknown.any():
            patterns[unknown.tobytes()] = unknown
    if not patterns:
        return background
    columns = np.column_stack(list(patterns.values())).astype(float)
    names = [f"unknown_{number}" for number in range(len(patterns))]
    return with_columns(background, columns, np.full(len(patterns), UNKNOWN_SD), names)
