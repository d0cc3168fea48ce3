"""Prepares a series for its fit: observed rows, their cycles, the scale, the smallest effect that matters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.errors import NotEnoughData
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD
from santorio.stats.design_matrix import TrialDesign
from santorio.studies.dataset import MIN_DAYS_PER_ARM, MIN_ROWS, Dataset, Series
from santorio.studies.gaussian_fit import CaseDesign, Scale
from santorio.studies.outcomes import Summary
from santorio.studies.randomization import cycles_of
from santorio.studies.spec import OutcomeColumn, Study

# Days of a week need three weeks, or they could not be separated from the rest.
MIN_DAYS_FOR_WEEKDAYS = 21
# Below this share of the spread within arms a reference arm's spread is no yardstick.
MIN_SPREAD = 0.25

DeltaSource = Literal["stated", "0.3 standard deviations of the reference"]


@dataclass(frozen=True)
class PreparedCase:
    """One outcome of one case, ready to be fitted; `values` are in the outcome's unit, one per row."""

    series: Series
    case: CaseDesign
    values: FloatArray
    scale: Scale

    @property
    def observed(self) -> FloatArray:
        """Values that enter the model."""
        return self.values[self.case.design.observed]

    @property
    def observed_arm(self) -> IntArray:
        """Arms of the rows that enter the model."""
        return self.series.arm[self.case.design.observed]


def doses_of(dataset: Dataset) -> FloatArray | None:
    """All doses of a study in increasing order; None where arms have no dose."""
    doses = [case.dose for case in dataset.cases if case.dose is not None]
    return np.unique(np.concatenate(doses)) if doses else None


def dose_share(dose: FloatArray, doses: FloatArray) -> FloatArray:
    """Dose above the reference as a share of the highest; `doses` are all of the study in increasing order."""
    return np.asarray((dose - doses[0]) / (doses[-1] - doses[0]))


def prepare(study: Study, dataset: Dataset, series: Series, outcome: OutcomeColumn) -> PreparedCase:
    """Prepare one outcome of one case.

    Raises
    ------
    NotEnoughData
        If too few rows are known, or the outcome never varies.
    """
    arms = len(dataset.arms.names)
    doses = doses_of(dataset)
    values = series.outcomes[outcome.column]
    observed = np.isfinite(values) & ~washed_out(series, study.washout)
    counts = np.bincount(series.arm[observed], minlength=arms)
    if observed.sum() < MIN_ROWS or (doses is None and counts.min() < MIN_DAYS_PER_ARM):
        after = " after washout" if study.washout else ""
        raise NotEnoughData(
            f"“{outcome.name}” has {int(observed.sum())} {dataset.word}s with a value{after}, "
            f"{int(counts.min())} of the rarest arm.",
            hint=f"At least {MIN_ROWS} are needed, and {MIN_DAYS_PER_ARM} of each arm.",
        )
    share = None
    if doses is not None and series.dose is not None:
        share = dose_share(series.dose, doses)
    cycle = cycles_of(study.design, series.day, series.arm, arms, series.cycle, observed)
    weekly = series.weekly and int(np.ptp(series.day)) + 1 >= MIN_DAYS_FOR_WEEKDAYS
    design = TrialDesign(series.day, series.arm, cycle, observed, arms, weekly=weekly)
    scale = _scale(dataset.summaries[outcome.column], outcome, values[observed], series.arm[observed])
    return PreparedCase(series, CaseDesign(design, share), values, scale)


def washed_out(series: Series, washout: int) -> "np.typing.NDArray[np.bool_]":
    """First rows after each change of arm, which still feel the arm before."""
    phase = series.phase
    start = series.day[np.searchsorted(phase, np.arange(series.phases))]
    return np.asarray((series.day - start[phase] < washout) & (phase > 0))


def _scale(summary: Summary, outcome: OutcomeColumn, values: FloatArray, arm: IntArray) -> Scale:
    """Scale whose zero is the reference's mean and whose one is its spread, or the arms' where that is no yardstick."""
    scaled = Scale(summary.scale, 0.0, 1.0, summary.offset).forward(values)
    reference = scaled[arm == 0]
    within = _spread_within(scaled, arm)
    spread = within
    if len(reference) >= MIN_DAYS_PER_ARM:
        spread = float(reference.std(ddof=1))
    if spread < MIN_SPREAD * within:
        spread = within
    # No arm varies, but they differ: only the spread of all rows is left.
    overall = float(scaled.std(ddof=1))
    if spread < 1e-6 * overall:
        spread = overall
    if not spread > 0 or np.ptp(values) == 0:
        raise NotEnoughData(
            f"“{outcome.name}” never varies.",
            hint="An effect shows only in values that vary: check the column, or choose another outcome.",
        )
    # With doses no row may have the reference.
    center = float(scaled.mean())
    if len(reference):
        center = float(reference.mean())
    return Scale(summary.scale, center, spread, summary.offset)


def _spread_within(scaled: FloatArray, arm: IntArray) -> float:
    """Standard deviation of rows around the mean of their arm, over all arms."""
    residuals = []
    for number in np.unique(arm):
        values = scaled[arm == number]
        residuals.append(values - values.mean())
    degrees = max(len(scaled) - len(residuals), 1)
    return float(np.sqrt((np.concatenate(residuals) ** 2).sum() / degrees))


def common_scale(prepared: Sequence[PreparedCase]) -> Scale:
    """Scale of all cases together: its level and spread are the cases' means."""
    center = float(np.mean([prepared_case.scale.center for prepared_case in prepared]))
    spread = float(np.mean([prepared_case.scale.spread for prepared_case in prepared]))
    return Scale(prepared[0].scale.name, center, spread, prepared[0].scale.offset)


def smallest_effect(outcome: OutcomeColumn, scale: Scale) -> tuple[float, DeltaSource]:
    """Find δ in the outcome's unit: as stated, else 0.3 standard deviations of the reference."""
    if outcome.smallest_percent is not None:
        return abs(scale.back(scale.center)) * outcome.smallest_percent / 100, "stated"
    if isinstance(outcome.smallest_effect, float):
        return outcome.smallest_effect, "stated"
    default = scale.in_unit(DEFAULT_SMALLEST_EFFECT_SD * scale.spread)
    return default, "0.3 standard deviations of the reference"
