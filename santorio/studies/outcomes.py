"""An outcome's column: parsing by its kind, summarising the readings of a row, and the scale of the analysis."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.csv_table import Table, is_missing, lines_of, numbers
from santorio.errors import DataError
from santorio.studies.spec import OutcomeColumn

ScaleName = Literal["natural", "log", "square root"]
YES = {"1", "1.0", "yes", "y", "true", "t", "x"}
NO = {"0", "0.0", "no", "n", "false", "f"}
# Skewness of a sample of 40 normal values exceeds this in fewer than 1 of 100.
SKEWED = 1.0
# Where rows have some ten readings or more, a row with a tenth of the usual number is excluded.
FEW_READINGS = 0.1
MANY_READINGS = 10
# Rounding and a few double entries do not make several readings per row the rule.
SEVERAL_READINGS = 1.05


@dataclass(frozen=True)
class Readings:
    """Readings of one case: their values, the row of each (-1: none), and how many rows there are."""

    value: FloatArray
    row: IntArray
    rows: int

    @property
    def observed(self) -> tuple[IntArray, FloatArray]:
        """Row and value of the readings that enter a row and have a value."""
        observed = (self.row >= 0) & np.isfinite(self.value)
        return self.row[observed], self.value[observed]


@dataclass(frozen=True)
class Summary:
    """The summary of readings to rows, and the scale of the analysis; chosen without regard to the arms.

    Attributes
    ----------
    how : str
        The summary of the readings of a row, such as mean.
    offset : float
        What is added before a logarithm, in the outcome's unit.
    text, rows_text : str
        The whole as text, and the part on rows alone.
    """

    how: str
    scale: ScaleName
    offset: float
    text: str
    rows_text: str


def read_outcome(table: Table, outcome: OutcomeColumn, missing: Sequence[str]) -> FloatArray:
    """Read an outcome, NaN where missing.

    Raises
    ------
    DataError
        If a value is not allowed for its kind; the message names the lines.
    """
    if outcome.kind == "binary":
        return _binary(table, outcome, missing)
    if outcome.levels:
        return _levels(table, outcome, missing)
    values, odd = numbers(table, outcome.column, missing)
    if odd:
        raise DataError(
            f"The outcome “{outcome.column}” of {table.name} is not a number in {_count(odd, values)} "
            f"({lines_of(table, odd)}).",
            hint="Name what means missing under missing:, state decimal: “,”, or say kind: binary with positive:, "
            "or kind: ordinal with levels:.",
        )
    if outcome.kind == "count" and (values < 0).any():
        raise DataError(f"The outcome “{outcome.column}” is a count and has values below 0.")
    if outcome.bounds is not None:
        lowest, highest = outcome.bounds
        outside = np.flatnonzero((values < lowest) | (values > highest)).tolist()
        if outside:
            raise DataError(
                f"The outcome “{outcome.column}” lies outside its bounds in {_count(outside, values)} "
                f"({lines_of(table, outside)}).",
                hint="Correct the bounds, or name the number that means missing under missing:.",
            )
    return values


def _count(odd: Sequence[int], values: FloatArray) -> str:
    return f"{len(odd)} of {len(values)} rows"


def _binary(table: Table, outcome: OutcomeColumn, missing: Sequence[str]) -> FloatArray:
    text = [value.lower() for value in table.column(outcome.column)]
    stated = {value for value in text if not is_missing(value, missing)}
    yes, no = YES, NO
    if outcome.positive is not None:
        yes = {outcome.positive.lower()}
        no = stated - yes
        if len(no) > 1:
            raise DataError(
                f"The binary outcome “{outcome.column}” holds {len(stated)} different values, not two."
            )
    values = np.full(len(text), np.nan)
    odd = []
    for row, value in enumerate(text):
        if value not in stated:
            continue
        if value in yes:
            values[row] = 1.0
        elif value in no:
            values[row] = 0.0
        else:
            odd.append(row)
    if odd:
        raise DataError(
            f"The binary outcome “{outcome.column}” is neither yes nor no in {len(odd)} of {len(text)} rows "
            f"({lines_of(table, odd)}).",
            hint="Write 1 and 0, or yes and no, or state positive: the word that counts as yes.",
        )
    return values


def _levels(table: Table, outcome: OutcomeColumn, missing: Sequence[str]) -> FloatArray:
    rank_of = {word.lower(): rank for rank, word in enumerate(outcome.levels)}
    ranks = np.full(len(table.rows), np.nan)
    odd = []
    for row, value in enumerate(table.column(outcome.column)):
        rank = rank_of.get(value.lower())
        if rank is not None:
            ranks[row] = rank
        elif not is_missing(value.lower(), missing):
            odd.append(row)
    if odd:
        raise DataError(
            f"The outcome “{outcome.column}” has words that are not under levels: ({lines_of(table, odd)}).",
            hint=f"The levels are {', '.join(outcome.levels)}.",
        )
    return ranks


def summarise_readings(outcome: OutcomeColumn, parts: Sequence[Readings]) -> tuple[list[FloatArray], Summary]:
    """Summarise the readings of every row of every case; all cases alike.

    Returns
    -------
    list[FloatArray], Summary
        The values of each case, one per row, NaN where it has too few readings; and how they came about.
    """
    values = np.concatenate([part.observed[1] for part in parts])
    counts = [_counts(part) for part in parts]
    every_count = np.concatenate(counts)
    with_readings = every_count[every_count > 0]
    typical, several = 0.0, False
    if with_readings.size:
        typical = float(np.median(with_readings))
        several = float(with_readings.mean()) > SEVERAL_READINGS
    how, scale, offset = _choose(outcome, values, several=several)
    fewest = 0.0
    if typical >= MANY_READINGS:
        fewest = FEW_READINGS * typical
    summarised, thin = [], 0
    for part, count in zip(parts, counts, strict=True):
        row = _summarise(part, how, offset)
        thin += int(((count > 0) & (count < fewest)).sum())
        summarised.append(np.where(count < max(fewest, 1), np.nan, row))
    rows_text = _describe_rows(how, typical, thin, several=several)
    return summarised, Summary(how, scale, offset, rows_text + SCALE_TEXTS[scale], rows_text)


def _counts(part: Readings) -> IntArray:
    row, _ = part.observed
    return np.bincount(row, minlength=part.rows)


def _choose(outcome: OutcomeColumn, values: FloatArray, *, several: bool) -> tuple[str, ScaleName, float]:
    """Choose summary, scale, and what is added before a logarithm so that zeros have one."""
    how: str = outcome.summary
    scale: ScaleName = "natural"
    offset = 0.0
    positive = values[values > 0]
    # Some zeros have a logarithm by the offset below; many of them would decide the answer by its choice.
    loggable = (
        outcome.kind in {"continuous", "count"}
        and positive.size >= 0.9 * values.size > 0
        and bool((values >= 0).all())
    )
    if outcome.scale == "log":
        if not loggable:
            raise DataError(
                f"The outcome “{outcome.column}” has values that have no logarithm: state scale: natural."
            )
        scale = "log"
    elif outcome.scale == "auto" and loggable:
        skewed = skewness(values)
        if skewed > SKEWED and abs(skewness(np.log(positive))) < skewed / 2:
            scale = "log"
    # Zeros: half the smallest positive value is added to all values.
    if scale == "log" and positive.size < values.size:
        offset = float(positive.min()) / 2
    # The square root makes the spread of counts nearly independent of their level.
    if outcome.kind == "count" and outcome.scale == "auto" and scale == "natural":
        scale = "square root"
    if how == "auto":
        how = _choose_summary(outcome, values, scale, several=several)
    return how, scale, offset


def _choose_summary(outcome: OutcomeColumn, values: FloatArray, scale: ScaleName, *, several: bool) -> str:
    if scale == "log":
        return "geometric mean"
    if several and outcome.kind == "continuous" and abs(skewness(values)) > 2 * SKEWED:
        return "median"
    return "mean"


def skewness(values: FloatArray) -> float:
    """Third standardised moment; 0 where nothing varies."""
    if values.size < 3:
        return 0.0
    deviation = values - values.mean()
    spread = float(np.sqrt((deviation**2).mean()))
    if not spread > 0:
        return 0.0
    return float((deviation**3).mean() / spread**3)


def _summarise(part: Readings, how: str, offset: float) -> FloatArray:
    row, value = part.observed
    count = np.bincount(row, minlength=part.rows)
    if how == "geometric mean":
        logarithms = np.log(np.maximum(value + offset, 1e-300))
        total = np.bincount(row, weights=logarithms, minlength=part.rows)
        return np.asarray(np.exp(total / np.maximum(count, 1)) - offset)
    if how == "median":
        return _medians(row, value, count)
    total = np.bincount(row, weights=value, minlength=part.rows)
    if how == "sum":
        return np.asarray(total)
    return np.asarray(total / np.maximum(count, 1))


def _medians(row: IntArray, value: FloatArray, count: IntArray) -> FloatArray:
    """Median of the readings of each row; NaN for a row without any."""
    # Sorted by row, the readings of a row are a slice.
    ordered = value[np.argsort(row, kind="stable")]
    edges = np.concatenate([[0], np.cumsum(count)])
    medians = np.full(len(count), np.nan)
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        if end > start:
            medians[number] = np.median(ordered[start:end])
    return medians


def _describe_rows(how: str, typical: float, thin: int, *, several: bool) -> str:
    text = ""
    if several:
        text = f"Each row is the {how} of its readings ({typical:g} typically). "
    if thin:
        text += f"{thin} rows with fewer than a tenth of the usual readings are excluded. "
    return text


SCALE_TEXTS: dict[ScaleName, str] = {
    "natural": "Analysed in its own unit.",
    "log": "Analysed as its logarithm, as its values are positive and skewed to the right; effects are ratios, "
    "reported in its unit at the reference's level.",
    "square root": "Counts are analysed as their square roots, whose spread hardly depends on their level: an "
    "approximation that is poor where most are 0 or 1.",
}
