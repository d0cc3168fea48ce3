"""CSV files: a log (a column says the kind of each row), or a table of measures (a column a measure).

A table with the columns of a study (`study_day`, `condition`, an arm's name) is a recorded trial: trials.py.
"""

import datetime as dt
import re
from dataclasses import dataclass

from santorio.capture.log_entries import (
    TIME_NAMES,
    VALUE_NAMES,
    EntryRejected,
    LogReader,
    read_number,
    read_time,
    text,
)
from santorio.csv_table import DELIMITERS, NotCsvError, split_rows
from santorio.people import Person
from santorio.storage.parse_result import ParseResult, Rejection, rejected
from santorio.trials import files as trial_files

# Columns that count or place a row, and are no measure of the person.
BOOKKEEPING = {"study_day", "n_obs", "n", "id", "index", "row"}
MOSTLY = 0.8
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
MAYBE_THOUSANDS = " (or thousands?)"
THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
# Columns that say whose row it is.
WHOSE = ("id", "person", "participant", "subject", "user", "user_id", "participant_id", "subject_id")


@dataclass(frozen=True, slots=True)
class Table:
    """A header in lower case, and its rows with their line numbers."""

    header: list[str]
    rows: list[tuple[int, dict[str, str]]]
    ragged: list[int]


def parse(content: str, person: Person, now: dt.datetime) -> ParseResult | None:
    """Read a CSV file; None where it is none."""
    table = read_table(content)
    if table is None:
        return None
    if not table.rows and not table.ragged:
        return _without_rows(table)
    reader = LogReader(person, now)
    parsed = (_log if {"kind", "type"} & set(table.header) else _measures)(table, reader)
    for line in table.ragged:
        reason = (
            "The row has more fields than the header. Put quotes around text with commas, and import again."
        )
        parsed.rejections.append(Rejection("ragged_row", reason, f"line {line}"))
    parsed.keep = bool(parsed.rejections)
    return parsed


def read_table(content: str) -> Table | None:
    """Split into header and rows by the delimiter that the header uses most."""
    first = content.lstrip("\n\r").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    if first.count(delimiter) == 0:
        return None
    header: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    ragged: list[int] = []
    try:
        for line, fields in split_rows(content, delimiter):
            if not header:
                header = [field.lower().replace(" ", "_") for field in fields]
                continue
            if len(fields) > len(header):
                ragged.append(line)
                continue
            rows.append((line, dict(zip(header, fields, strict=False))))
    except NotCsvError:
        return None
    # Every column of a table has a name, and each its own.
    if not all(header) or len(set(header)) != len(header):
        return None
    return Table(header, rows if delimiter == "," else _with_decimal_points(rows), ragged)


def _with_decimal_points(rows: list[tuple[int, dict[str, str]]]) -> list[tuple[int, dict[str, str]]]:
    """Read 1,5 as 1.5 in a file that writes its decimals so.

    In such a file 7.500 may be seven and a half thousand or seven and a half: it stays as it is, with a mark
    that makes it no number.
    """
    if not any(DECIMAL_COMMA.fullmatch(cell) for _, row in rows for cell in row.values()):
        return rows
    return [(line, {name: _decimal_point(cell) for name, cell in row.items()}) for line, row in rows]


def _decimal_point(cell: str) -> str:
    if DECIMAL_COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    return f"{cell}{MAYBE_THOUSANDS}" if THOUSANDS.fullmatch(cell) else cell


def _without_rows(table: Table) -> ParseResult | None:
    if not {"kind", "type", *TIME_NAMES} & set(table.header):
        return None
    return rejected(
        "no_data",
        "The table has a header and no rows. There is nothing to take in.",
        kind="table",
        status="ignored",
    )


def _log(table: Table, reader: LogReader) -> ParseResult:
    for wanted, names in (("time", TIME_NAMES), ("value", VALUE_NAMES)):
        if not set(names) & set(table.header):
            return _missing_column(wanted, table)
    parsed = ParseResult(kind="log")
    for line, row in table.rows:
        made = reader.read(row, f"line {line}")
        (parsed.rejections if isinstance(made, Rejection) else parsed.events).append(made)  # type: ignore[arg-type]
    return parsed


def _missing_column(wanted: str, table: Table) -> ParseResult:
    found = ", ".join(table.header)
    return rejected(
        "missing_column", f"The column “{wanted}” is missing; found: {found}. See docs/logs.md for the columns.",
        kind="log",
    )  # fmt: skip


def _measures(table: Table, reader: LogReader) -> ParseResult:
    time = next(
        (name for name in ("datetime", "time", "timestamp", "date", "day") if name in table.header), None
    )
    if time is None:
        return rejected(
            "unrecognised",
            "This table has no column “time” or “date”, so it is no log. Nothing in it was taken in.",
            kind="table",
        )
    if set(VALUE_NAMES) & set(table.header):
        # A value whose kind no column tells is a log with a misspelt header.
        return _missing_column("kind", table)
    if whose := _several_people(table, time):
        return rejected(
            "several_people",
            f"The column “{whose}” says that these rows belong to several people. Save one file for each of them.",
            kind="table",
        )
    columns = measure_columns(table, time)
    if not columns:
        return rejected(
            "no_measures",
            "No column of this table holds numbers, so there is nothing to take in.",
            kind="table",
        )
    study = trial_files.detect_recorded_trial(table.header, [row for _, row in table.rows], columns)
    parsed = ParseResult(kind="recorded trial" if study else "measures")
    days: list[trial_files.StudyDay] = []
    for line, row in table.rows:
        _read_row(
            row,
            f"line {line}",
            time=time,
            columns=columns,
            study=study,
            reader=reader,
            parsed=parsed,
            days=days,
        )
    if study:
        parsed.events += trial_files.events_of_recorded_trial(study, days, _grain(days), reader.person)
    return parsed


def _read_row(
    row: dict[str, str],
    place: str,
    *,
    time: str,
    columns: list[str],
    study: trial_files.Study | None,
    reader: LogReader,
    parsed: ParseResult,
    days: list[trial_files.StudyDay],
) -> None:
    try:
        when, offset, grain = read_time(row.get(time), reader.person.timezone)
        number = int(read_number(row.get("study_day"))) if study else None
    except EntryRejected as refusal:
        parsed.rejections.append(Rejection(refusal.code, refusal.reason, place))
        return
    tags: dict[str, object] = {"trial": study.trial, "study_day": number} if study else {}
    for name in study.outcomes if study else columns:
        if not text(row.get(name)):
            continue
        try:
            data = {"name": name, "value": read_number(row[name]), "unit": None, "grain": grain, **tags}
            parsed.events.append(reader.event("measure", f"measure/{name}", when, offset, grain, data))
        except EntryRejected as refusal:
            parsed.rejections.append(Rejection(refusal.code, refusal.reason, f"{place}, column {name}"))
    if study and number is not None:
        days.append(trial_files.StudyDay(number, (when + offset).date(), row.get("condition", ""), grain))


def _several_people(table: Table, time: str) -> str | None:
    """Find the column that tells people apart: the same times occur for several of its values."""
    for name in WHOSE:
        if name in table.header:
            whose = {row.get(name) for _, row in table.rows}
            times = {row.get(time) for _, row in table.rows}
            if len(whose) > 1 and len(times) < len(table.rows):
                return name
    return None


def _grain(days: list[trial_files.StudyDay]) -> str:
    return "instant" if any(entry.grain == "instant" for entry in days) else "day"


def measure_columns(table: Table, time: str) -> list[str]:
    """Columns that are mostly numbers, without times, bookkeeping and means of other columns."""
    found = []
    for name in table.header:
        if name == time or name in BOOKKEEPING or name in TIME_NAMES or _is_derived(name, table.header):
            continue
        cells = [value for _, row in table.rows if (value := text(row.get(name)))]
        if cells and sum(map(_is_number, cells)) >= MOSTLY * len(cells):
            found.append(name)
    return found


def _is_derived(name: str, header: list[str]) -> bool:
    return any(name == f"{other}{end}" for other in header for end in ("_daily_mean", "_mean", "_avg", "_sd"))


def _is_number(cell: str) -> bool:
    try:
        read_number(cell.removesuffix(MAYBE_THOUSANDS))
    except EntryRejected:
        return False
    return True
