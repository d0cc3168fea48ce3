"""From the files of a study to one series a case: rows of a day or a test, each with its arm and its outcomes.

Readings of one day and arm are summarised to one row: they resemble each other far more than days do, and treating
them as independent would find effects in anything.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.csv_table import Table, is_missing, lines_of, numbers, read_table
from santorio.errors import DataError, NotEnoughData
from santorio.studies.aggregation import Rows, rows_of
from santorio.studies.arms import Arms, name_arms
from santorio.studies.outcomes import Readings, Summary, read_outcome, summarise_readings
from santorio.studies.schedule import Assigned, read_schedule
from santorio.studies.spec import DataFile, Study
from santorio.studies.timestamps import parse_timestamps

MIN_ROWS = 8
MIN_DAYS_PER_ARM = 3
# Twenty thousand rows take ten seconds; ten times as many would take minutes and gigabytes.
MAX_ROWS = 20_000
ONE_CASE = "all"


@dataclass(frozen=True)
class StudyWarning:
    """Something a reader of the answer must know."""

    code: str
    text: str


@dataclass
class Notices:
    """Notices as they are found; one that is found twice is told once."""

    found: dict[StudyWarning, None] = field(default_factory=dict)
    about: str = ""

    def __call__(self, code: str, text: str) -> None:
        """Add a notice, which says whom it is about where there are several cases."""
        self.found[StudyWarning(code, f"{self.about}: {text}" if self.about else text)] = None


@dataclass(frozen=True)
class Series:
    """One case, a row a day (or test, or stretch), in the order of time.

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
        """Running number of the stretch without a change of arm, from 0."""
        return np.concatenate([[0], np.cumsum(np.diff(self.arm) != 0)])

    @property
    def phases(self) -> int:
        """How many stretches without a change of arm there are."""
        return int(self.phase[-1]) + 1


@dataclass(frozen=True)
class Dataset:
    """All cases of a study, and what was found out on the way."""

    cases: list[Series]
    arms: Arms
    summaries: dict[str, Summary]
    word: str
    dated: bool
    rows_read: int
    hashes: dict[str, str]
    notices: Notices


@dataclass(frozen=True)
class _Raw:
    """Rows as they stand in the files, in the order of time."""

    at: FloatArray
    dated: bool
    timed: bool
    label: list[str]
    cycle: list[str] | None
    outcomes: dict[str, FloatArray]


def load_dataset(study: Study, folder: Path) -> Dataset:
    """Read a study's files, whose places are relative to `folder`, and make one series a case.

    Raises
    ------
    DataError
        If what the files hold cannot be understood.
    NotEnoughData
        If no case has enough of it.
    """
    add = Notices()
    hashes: dict[str, str] = {}
    raw, count = _read_files(study, folder, hashes, add)
    assigned = None
    if study.schedule is not None:
        path = folder / study.schedule.file
        assigned = read_schedule(path, study.schedule, study.date_format)
        hashes[study.schedule.file] = digest(path)
    given = assigned.arm if assigned else []
    arms = name_arms(study, [*(label for part in raw.values() for label in part.label), *given], add)
    parts = {
        case: _rows(study, case, part, assigned, add, several=len(raw) > 1) for case, part in raw.items()
    }
    outcomes: dict[str, list[FloatArray]] = {}
    summaries: dict[str, Summary] = {}
    for outcome in study.outcomes:
        readings = [
            Readings(part.outcomes[outcome.column], parts[case].row, len(parts[case].day))
            for case, part in raw.items()
        ]
        outcomes[outcome.column], summaries[outcome.column] = summarise_readings(outcome, readings)
    cases = [
        _series(case, part, parts[case], arms, {name: values[number] for name, values in outcomes.items()})
        for number, (case, part) in enumerate(raw.items())
    ]
    word = study.row or next(iter(parts.values())).word
    dated = next(iter(raw.values())).dated
    usable = _enough(study, cases, arms, word, add)
    return Dataset(usable, arms, summaries, word, dated, count, hashes, add)


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_files(
    study: Study, folder: Path, hashes: dict[str, str], add: Notices
) -> tuple[dict[str, _Raw], int]:
    found: dict[str, list[_Raw]] = {}
    count = 0
    for file in study.data:
        path = folder / file.file
        table = read_table(path, delimiter=file.delimiter, encoding=file.encoding, decimal=file.decimal)
        hashes[file.file] = digest(path)
        if file.rename:
            header = tuple(file.rename.get(name, name) for name in table.header)
            table = Table(table.name, header, table.rows, table.lines, table.decimal, table.notes)
        for note in table.notes:
            add("file", note)
        count += len(table.rows)
        for case, part in _read_rows(study, file, table, add).items():
            found.setdefault(case, []).append(part)
    return {case: _join(parts) for case, parts in found.items()}, count


def _read_rows(study: Study, file: DataFile, table: Table, add: Notices) -> dict[str, _Raw]:
    names = study.columns
    column = names.day or names.time
    assert column is not None  # noqa: S101 - the study file is refused without
    moments = parse_timestamps(table, column, date_format=study.date_format, missing=study.missing)
    for note in moments.notes:
        add("dates", note)
    unknown = int((~np.isfinite(moments.at)).sum())
    if unknown:
        add("no_day", f"{unknown} rows of {table.name} have no day and are left out.")
    label = _labels(study, table)
    cycle = table.column(names.cycle) if names.cycle else None
    outcomes = {column.column: read_outcome(table, column, study.missing) for column in study.outcomes}
    case = table.column(names.case) if names.case else [file.case or ONE_CASE] * len(table.rows)
    split: dict[str, list[int]] = {}
    for at, value in enumerate(case):
        if np.isfinite(moments.at[at]) and value:
            split.setdefault(value, []).append(at)
    return {
        case_name: _Raw(
            moments.at[at], moments.dated, moments.timed, [label[i] for i in at],
            None if cycle is None else [cycle[i] for i in at],
            {name: values[at] for name, values in outcomes.items()},
        )
        for case_name, at in split.items()
    }  # fmt: skip


def _labels(study: Study, table: Table) -> list[str]:
    """Arm of every row as text, empty where unknown; a dose is written one way only."""
    names = study.columns
    if names.dose is not None:
        doses, odd = numbers(table, names.dose, study.missing)
        if odd:
            raise DataError(
                f"The dose “{names.dose}” of {table.name} is no number ({lines_of(table, odd)}).",
                hint="Use columns: arm for names.",
            )
        if np.nanmin(np.append(doses, np.inf)) < 0:
            raise DataError(f"The dose “{names.dose}” of {table.name} has values below 0.")
        return ["" if np.isnan(dose) else repr(float(dose)) for dose in doses]
    if names.arm is None or (study.schedule is not None and not table.has(names.arm)):
        return [""] * len(table.rows)
    # “none” and “-” may well be the name of an arm.
    named = {value.lower() for value in study.arms} | {"none"}
    return [
        "" if is_missing(value, study.missing) and value.lower() not in named else value
        for value in table.column(names.arm)
    ]


def _join(parts: Sequence[_Raw]) -> _Raw:
    if len({part.dated for part in parts}) > 1:
        raise DataError(
            "Some files have dates and others plain numbers.", hint="Use the same in all of them."
        )
    at = np.concatenate([part.at for part in parts])
    order = np.argsort(at, kind="stable")
    label = [value for part in parts for value in part.label]
    cycle = [value for part in parts for value in part.cycle or [""] * len(part.at)]
    return _Raw(
        at[order], parts[0].dated, any(part.timed for part in parts), [label[i] for i in order],
        [cycle[i] for i in order] if parts[0].cycle is not None else None,
        {name: np.concatenate([part.outcomes[name] for part in parts])[order] for name in parts[0].outcomes},
    )  # fmt: skip


def _rows(
    study: Study, case: str, raw: _Raw, assigned: Assigned | None, add: Notices, *, several: bool
) -> Rows:
    add.about = case if several else ""
    rows = rows_of(study, raw.at, raw.label, dated=raw.dated, timed=raw.timed, assigned=assigned, add=add)
    used = np.bincount(rows.row[rows.row >= 0], minlength=len(rows.day))
    twice = int((used > 1).sum())
    if 0 < twice <= 0.2 * len(rows.day):
        add(
            "duplicate_days",
            f"{twice} days (or numbers) have more than one row; their values were summarised to one.",
        )
    add.about = ""
    return rows


def _series(case: str, raw: _Raw, rows: Rows, arms: Arms, outcomes: dict[str, FloatArray]) -> Series:
    arm = np.array([arms.of[label] for label in rows.label], dtype=np.int64)
    dose = np.array([float(label) for label in rows.label]) if arms.dosed else None
    cycle = None
    if raw.cycle is not None:
        of = {int(row): value for row, value in zip(rows.row, raw.cycle, strict=True) if row >= 0 and value}
        cycle = [of.get(number, "") for number in range(len(rows.day))]
    return Series(case, rows.day, arm, dose, cycle, outcomes, rows.weekly)


def _enough(study: Study, cases: list[Series], arms: Arms, word: str, add: Notices) -> list[Series]:
    """Keep the cases that can be analysed; say of the others what they lack.

    Raises
    ------
    DataError
        If a case has too many rows.
    NotEnoughData
        If none is left.
    """
    primary = study.outcomes[0]
    longest = max(len(series) for series in cases)
    if longest > MAX_ROWS:
        raise DataError(
            f"The study has {longest} {word}s of their own; at most {MAX_ROWS} are analysed.",
            hint="If many belong to one day, map columns: time, so that a day becomes a row; or summarise first.",
        )
    lacking = {series.case: _lack(series, primary.column, arms, word) for series in cases}
    usable = [series for series in cases if not lacking[series.case]]
    if not usable:
        told = next(iter(lacking.values()))
        raise NotEnoughData(
            f"There is too little data on “{primary.name}”: {told}.",
            hint=f"At least {MIN_ROWS} {word}s with an outcome are needed, {MIN_DAYS_PER_ARM} of each arm.",
        )
    for case, told in lacking.items():
        if told:
            add("case_left_out", f"{case} is left out: {told}.")
    return usable


def _lack(series: Series, column: str, arms: Arms, word: str) -> str:
    observed = np.isfinite(series.outcomes[column])
    if not len(series) or observed.sum() < MIN_ROWS:
        return f"{int(observed.sum())} {word}s have an outcome"
    values = series.outcomes[column][observed]
    if np.ptp(values) == 0:
        return "the outcome never varies"
    if series.dose is not None:
        return "the dose never varies" if np.ptp(series.dose[observed]) == 0 else ""
    counts = np.bincount(series.arm[observed], minlength=len(arms.names))
    few = int(counts.argmin())
    return (
        f"“{arms.names[few]}” has {counts[few]} {word}s with an outcome"
        if counts[few] < MIN_DAYS_PER_ARM
        else ""
    )
