"""Loads the files of a study as one series per case: rows of a day or a test, each with its arm and its outcomes.

Readings of one day and arm are summarised to one row: they are far more alike than days are, and an analysis that
took them as independent would find effects where there are none.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.csv_table import Table, is_missing, lines_of, numbers, read_table
from santorio.errors import DataError, NotEnoughData
from santorio.studies.aggregation import Rows, rows_of
from santorio.studies.arms import Arms, name_arms
from santorio.studies.outcomes import Readings, Summary, read_outcome, summarise_readings
from santorio.studies.schedule import Assigned, read_schedule
from santorio.studies.spec import DataFile, OutcomeColumn, Study
from santorio.studies.timestamps import parse_timestamps

# Fewer rows than these are not analysed at all.
MIN_ROWS = 8
MIN_DAYS_PER_ARM = 3
# Share of days with several rows above which these are the design, not a mistake.
MAX_DUPLICATES = 0.2
# Twenty thousand rows take ten seconds; ten times as many would take minutes and gigabytes.
MAX_ROWS = 20_000
ONE_CASE = "all"


@dataclass(frozen=True)
class StudyWarning:
    """A warning to a reader of the answer."""

    code: str
    text: str


@dataclass
class WarningCollector:
    """Collects warnings; a warning that is raised twice is reported once.

    Attributes
    ----------
    collected : dict[StudyWarning, None]
        The warnings, in the order in which they were raised.
    case : str
        The case that the next warnings are on; empty where there is only one.
    """

    collected: dict[StudyWarning, None] = field(default_factory=dict)
    case: str = ""

    def __call__(self, code: str, text: str) -> None:
        """Add a warning, which names its case where there are several."""
        if self.case:
            text = f"{self.case}: {text}"
        # The keys of a dictionary are a set that keeps the order of insertion.
        self.collected[StudyWarning(code, text)] = None


@dataclass(frozen=True)
class Series:
    """One case, one row per day (or test, or stretch), in the order of time.

    Attributes
    ----------
    day : IntArray
        Days since 1970-01-01, or the running number of a test; strictly increasing.
    arm : IntArray
        0 is the reference; with doses 1 is any other dose.
    dose : FloatArray or None
        Dose of every row.
    cycle : list[str] or None
        Cycle or phase of every row, as the file states it.
    outcomes : dict[str, FloatArray]
        By column, in the outcome's unit, NaN where missing.
    """

    case: str
    day: IntArray
    arm: IntArray
    dose: FloatArray | None
    cycle: list[str] | None
    outcomes: dict[str, FloatArray]
    weekly: bool

    def __len__(self) -> int:
        return len(self.day)

    @property
    def phase(self) -> IntArray:
        """Number of the phase, a run of rows without a change of arm, from 0."""
        return np.concatenate([[0], np.cumsum(np.diff(self.arm) != 0)])

    @property
    def phases(self) -> int:
        """Number of phases."""
        return int(self.phase[-1]) + 1


@dataclass(frozen=True)
class Dataset:
    """All cases of a study, and the warnings that loading them raised."""

    cases: list[Series]
    arms: Arms
    summaries: dict[str, Summary]
    word: str
    dated: bool
    rows_read: int
    hashes: dict[str, str]
    warnings: WarningCollector


@dataclass(frozen=True)
class _Raw:
    """Rows of one case as the files have them, in the order of time."""

    at: FloatArray
    dated: bool
    timed: bool
    label: list[str]
    cycle: list[str] | None
    outcomes: dict[str, FloatArray]

    def take(self, rows: Sequence[int] | IntArray) -> "_Raw":
        """The rows at these positions, in their order."""
        cycle = None
        if self.cycle is not None:
            cycle = [self.cycle[row] for row in rows]
        return replace(
            self,
            at=self.at[rows],
            label=[self.label[row] for row in rows],
            cycle=cycle,
            outcomes={name: values[rows] for name, values in self.outcomes.items()},
        )


def load_dataset(study: Study, folder: Path) -> Dataset:
    """Read a study's files, whose paths are relative to `folder`, and make one series per case.

    Raises
    ------
    DataError
        If the content of the files cannot be understood.
    NotEnoughData
        If no case has enough of it.
    """
    warn = WarningCollector()
    hashes: dict[str, str] = {}
    raw, count = _read_files(study, folder, hashes, warn)
    assigned = None
    if study.schedule is not None:
        path = folder / study.schedule.file
        assigned = read_schedule(path, study.schedule, study.date_format)
        hashes[study.schedule.file] = digest(path)
    arms = name_arms(study, _arm_values(raw, assigned), warn)
    rows = {}
    for case, part in raw.items():
        warn.case = case if len(raw) > 1 else ""
        rows[case] = _rows(study, part, assigned, warn)
    warn.case = ""
    outcomes: dict[str, dict[str, FloatArray]] = {case: {} for case in raw}
    summaries: dict[str, Summary] = {}
    # All cases of an outcome are summarised together: they must share one summary and one scale.
    for outcome in study.outcomes:
        by_case, summaries[outcome.column] = _summarise(outcome, raw, rows)
        for case, values in by_case.items():
            outcomes[case][outcome.column] = values
    cases = []
    for case, part in raw.items():
        cases.append(_series(case, part, rows[case], arms, outcomes[case]))
    word = study.row or next(iter(rows.values())).word
    dated = next(iter(raw.values())).dated
    usable = _usable_cases(study, cases, arms, word, warn)
    return Dataset(usable, arms, summaries, word, dated, count, hashes, warn)


def _arm_values(raw: Mapping[str, _Raw], assigned: Assigned | None) -> list[str]:
    """Values of the arm in all rows, and in the schedule."""
    values = []
    for part in raw.values():
        values += part.label
    if assigned is not None:
        values += assigned.arm
    return values


def _summarise(
    outcome: OutcomeColumn, raw: Mapping[str, _Raw], rows: Mapping[str, Rows]
) -> tuple[dict[str, FloatArray], Summary]:
    """One outcome of every case, one value per row."""
    readings = []
    for case, part in raw.items():
        case_rows = rows[case]
        readings.append(Readings(part.outcomes[outcome.column], case_rows.row, len(case_rows.day)))
    values, summary = summarise_readings(outcome, readings)
    return dict(zip(raw, values, strict=True)), summary


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_files(
    study: Study, folder: Path, hashes: dict[str, str], warn: WarningCollector
) -> tuple[dict[str, _Raw], int]:
    """Rows of each case over all files, and the number of rows that were read."""
    parts: dict[str, list[_Raw]] = {}
    count = 0
    for file in study.data:
        path = folder / file.file
        table = read_table(path, delimiter=file.delimiter, encoding=file.encoding, decimal=file.decimal)
        hashes[file.file] = digest(path)
        header = tuple(file.rename.get(name, name) for name in table.header)
        table = replace(table, header=header)
        for note in table.notes:
            warn("file", note)
        count += len(table.rows)
        for case, part in _read_rows(study, file, table, warn).items():
            parts.setdefault(case, []).append(part)
    return {case: _join(case_parts) for case, case_parts in parts.items()}, count


def _read_rows(study: Study, file: DataFile, table: Table, warn: WarningCollector) -> dict[str, _Raw]:
    names = study.columns
    time_column = names.day or names.time
    assert time_column is not None  # noqa: S101 - the study file is refused without
    timestamps = parse_timestamps(table, time_column, date_format=study.date_format, missing=study.missing)
    for note in timestamps.notes:
        warn("dates", note)
    has_day = np.isfinite(timestamps.at)
    if not has_day.all():
        warn("no_day", f"{int((~has_day).sum())} rows of {table.name} have no day and are excluded.")
    label = _labels(study, table)
    cycle = table.column(names.cycle) if names.cycle else None
    outcomes = {outcome.column: read_outcome(table, outcome, study.missing) for outcome in study.outcomes}
    every = _Raw(timestamps.at, timestamps.dated, timestamps.timed, label, cycle, outcomes)
    raw = {}
    for case, rows in _rows_by_case(study, file, table, has_day).items():
        raw[case] = every.take(rows)
    return raw


def _rows_by_case(
    study: Study, file: DataFile, table: Table, has_day: NDArray[np.bool_]
) -> dict[str, list[int]]:
    """Rows that have a day, by their case; rows without a case are excluded."""
    column = study.columns.case
    case = table.column(column) if column else [file.case or ONE_CASE] * len(table.rows)
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(case):
        if has_day[row] and name:
            rows.setdefault(name, []).append(row)
    return rows


def _labels(study: Study, table: Table) -> list[str]:
    """Arm of every row as text, empty where unknown; equal doses have equal text."""
    names = study.columns
    if names.dose is not None:
        return _dose_labels(table, names.dose, study.missing)
    # With a schedule the column of arms is optional: it states what was taken.
    if names.arm is None or (study.schedule is not None and not table.has(names.arm)):
        return [""] * len(table.rows)
    # “none” and “-” usually mean missing, but may be the name of an arm.
    named = {value.lower() for value in study.arms} | {"none"}

    def label(value: str) -> str:
        is_unknown = is_missing(value, study.missing) and value.lower() not in named
        return "" if is_unknown else value

    return [label(value) for value in table.column(names.arm)]


def _dose_labels(table: Table, column: str, missing: Sequence[str]) -> list[str]:
    """Dose of every row as text, empty where unknown; 5 and 5.0 have the same text."""
    doses, odd = numbers(table, column, missing)
    if odd:
        raise DataError(
            f"The dose “{column}” of {table.name} is not a number ({lines_of(table, odd)}).",
            hint="Use columns: arm for names.",
        )
    if (doses < 0).any():
        raise DataError(f"The dose “{column}” of {table.name} has values below 0.")
    return [_dose_text(dose) for dose in doses.tolist()]


def _dose_text(dose: float) -> str:
    return "" if np.isnan(dose) else repr(dose)


def _join(parts: Sequence[_Raw]) -> _Raw:
    """Join the parts of one case from several files, in the order of time."""
    first = parts[0]
    if len({part.dated for part in parts}) > 1:
        raise DataError(
            "Some files have dates and others plain numbers.", hint="Use the same in all of them."
        )
    at = np.concatenate([part.at for part in parts])
    label: list[str] = []
    cycle: list[str] | None = None
    if first.cycle is not None:
        cycle = []
    for part in parts:
        label += part.label
        if cycle is not None:
            cycle += part.cycle or [""] * len(part.at)
    outcomes = {}
    for name in first.outcomes:
        outcomes[name] = np.concatenate([part.outcomes[name] for part in parts])
    joined = _Raw(at, first.dated, any(part.timed for part in parts), label, cycle, outcomes)
    # Stable: readings of the same instant keep the order of the files.
    return joined.take(np.argsort(at, kind="stable"))


def _rows(study: Study, raw: _Raw, assigned: Assigned | None, warn: WarningCollector) -> Rows:
    rows = rows_of(study, raw.at, raw.label, dated=raw.dated, timed=raw.timed, assigned=assigned, warn=warn)
    readings = np.bincount(rows.row[rows.row >= 0], minlength=len(rows.day))
    duplicates = int((readings > 1).sum())
    if 0 < duplicates <= MAX_DUPLICATES * len(rows.day):
        warn(
            "duplicate_days",
            f"{duplicates} days (or numbers) have more than one row; their values were summarised to one.",
        )
    return rows


def _series(case: str, raw: _Raw, rows: Rows, arms: Arms, outcomes: dict[str, FloatArray]) -> Series:
    arm = np.array([arms.of[label] for label in rows.label], dtype=np.int64)
    dose = None
    if arms.dosed:
        dose = np.array(rows.label, dtype=np.float64)
    cycle = None
    if raw.cycle is not None:
        cycle = _cycle_of_rows(rows, raw.cycle)
    return Series(case, rows.day, arm, dose, cycle, outcomes, rows.weekly)


def _cycle_of_rows(rows: Rows, cycle: Sequence[str]) -> list[str]:
    """Cycle of every row: the last that one of its readings states."""
    stated = [""] * len(rows.day)
    for row, value in zip(rows.row, cycle, strict=True):
        if row >= 0 and value:
            stated[row] = value
    return stated


def _usable_cases(
    study: Study, cases: list[Series], arms: Arms, word: str, warn: WarningCollector
) -> list[Series]:
    """Select the cases that can be analysed, and warn of what the others lack.

    Raises
    ------
    DataError
        If a case has too many rows.
    NotEnoughData
        If no case can be analysed.
    """
    primary = study.outcomes[0]
    longest = max(len(series) for series in cases)
    if longest > MAX_ROWS:
        raise DataError(
            f"One case has {longest} {word}s; at most {MAX_ROWS} can be analysed.",
            hint="If many belong to one day, map columns: time, so that a day becomes a row; or summarise first.",
        )
    lacking = {series.case: _lack(series, primary.column, arms, word) for series in cases}
    usable = [series for series in cases if not lacking[series.case]]
    if not usable:
        reason = next(iter(lacking.values()))
        raise NotEnoughData(
            f"There is too little data on “{primary.name}”: {reason}.",
            hint=f"At least {MIN_ROWS} {word}s with an outcome are needed, {MIN_DAYS_PER_ARM} of each arm.",
        )
    for case, reason in lacking.items():
        if reason:
            warn("case_left_out", f"{case} is excluded: {reason}.")
    return usable


def _lack(series: Series, column: str, arms: Arms, word: str) -> str:
    """Reason why a case cannot be analysed; empty if it can."""
    observed = np.isfinite(series.outcomes[column])
    if not len(series) or observed.sum() < MIN_ROWS:
        return f"{int(observed.sum())} {word}s have an outcome"
    if np.ptp(series.outcomes[column][observed]) == 0:
        return "the outcome never varies"
    # Doses are fitted by one slope, so that no single dose needs rows of its own.
    if series.dose is not None:
        return "" if np.ptp(series.dose[observed]) > 0 else "the dose never varies"
    counts = np.bincount(series.arm[observed], minlength=len(arms.names))
    rarest = int(counts.argmin())
    if counts[rarest] < MIN_DAYS_PER_ARM:
        return f"“{arms.names[rarest]}” has {counts[rarest]} {word}s with an outcome"
    return ""
