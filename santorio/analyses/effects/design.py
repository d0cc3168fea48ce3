"""From marts to regressions: which exposures can say anything about an outcome, and the arrays of the model."""

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
# An exposure that differs from its usual value on fewer days says nothing that a single odd day could not say.
MIN_UNUSUAL_DAYS = 5
UNKNOWN_SD = 0.5
# In a trial chance keeps weekday and arm apart; here what is done by weekday is confounded with the week, and the
# tighter prior of a trial would leave a third of a strong week in the exposures.
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
    """One outcome, standardised, with the exposures that act on each of its days."""

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
        Of each outcome; an exposure that is no candidate of it is a column of zeros.
    exposures : tuple[str, ...]
        Names, as the columns of each evidence stand.
    is_confounder : NDArray[np.bool_]
        Shape (exposures,).
    """

    evidence: tuple[MarginalLikelihood, ...]
    exposures: tuple[str, ...]
    is_confounder: NDArray[np.bool_]

    def columns(self, regression: Regression) -> list[int]:
        """Where the candidates of a regression stand."""
        return [self.exposures.index(candidate.name) for candidate in regression.candidates]


def stack_outcomes(regressions: Sequence[Regression]) -> StackedOutcomes:
    """Gather what the days of several outcomes say of the same exposures."""
    names = sorted({candidate.name for regression in regressions for candidate in regression.candidates})
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
    marked by a column of their own, so that those days still inform everything else and not this exposure.

    Raises
    ------
    NotEnoughData
        If the outcome has fewer than 30 days or never varies, or no exposure has 30 joint days and varies.
    """
    spread = float(series.value.std(ddof=1)) if len(series.day) > 1 else 0.0
    if len(series.day) < MIN_DAYS or spread == 0:
        raise NotEnoughData(
            f"{MIN_DAYS} days of “{outcome}” that vary are needed.", details={"days": len(series.day)}
        )
    found = [
        (candidate, values)
        for name, exposure in sorted(exposures.items())
        if name != f"measure_{outcome}" and (candidate := _candidate(outcome, series, name, exposure))
        for values in [exposure.at(series.day - candidate.lag_days)]
    ]
    if not found:
        raise NotEnoughData(f"No exposure was logged on {MIN_DAYS} days with “{outcome}” and varied.")
    background = _with_unknown_days(_background(series.day), [values for _, values in found])
    return Regression(
        outcome=outcome,
        background=background,
        exposures=np.column_stack([_standardise(values, candidate.spread) for candidate, values in found]),
        standard=(series.value - series.value.mean()) / spread,
        spread=spread,
        candidates=tuple(candidate for candidate, _ in found),
    )


def _candidate(outcome: str, series: Series, name: str, exposure: Series) -> Candidate | None:
    lag = lag_days(outcome, name)
    values = exposure.at(series.day - lag)
    values = values[np.isfinite(values)]
    if len(values) < MIN_DAYS or (values != np.median(values)).sum() < MIN_UNUSUAL_DAYS:
        return None
    registered = find_exposure(name, exposure.unit)
    spread = float(values.std(ddof=1))
    # What swings around zero has no usual amount: its spread stands in, for an effect per 0 says nothing.
    usual = 0.0 if name.startswith("measure_") else abs(float(np.median(values[values != 0])))
    per_amount = registered.per_amount or usual or spread
    return Candidate(name, lag, exposure.unit or registered.unit, per_amount, spread, len(values))


def _standardise(values: FloatArray, spread: float) -> FloatArray:
    return np.asarray(np.where(np.isfinite(values), (values - np.nanmean(values)) / spread, 0.0))


def _background(day: IntArray) -> Columns:
    columns = background_columns(day)
    is_weekday = np.array([name.startswith("weekday") for name in columns.names])
    return replace(columns, prior_sd=np.where(is_weekday, WEEKDAY_SD, columns.prior_sd))


def _with_unknown_days(background: Columns, exposures: list[FloatArray]) -> Columns:
    """Mark the days on which exposures are unknown, one column for those that are unknown on the same days."""
    patterns = {
        np.isnan(values).tobytes(): np.isnan(values) for values in exposures if np.isnan(values).any()
    }
    if not patterns:
        return background
    names = [f"unknown_{i}" for i in range(len(patterns))]
    return with_columns(
        background,
        np.column_stack(list(patterns.values())).astype(float),
        np.full(len(patterns), UNKNOWN_SD),
        names,
    )
