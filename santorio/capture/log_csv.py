"""CSV files: a log (a column states the kind of each row), or a table of measures (one in each column).

A table with the columns of a study (`study_day`, `condition`, an arm's name) is a recorded trial
(`santorio/trials/files.py`).
"""

import datetime as dt
import re
from collections.abc import Sequence
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

# Columns that number or order the rows: not measures of the person.
BOOKKEEPING = {"study_day", "n_obs", "n", "id", "index", "row"}
# A column is a measure if this share of its cells are numbers: people write "n/a" and "-" between them.
MIN_NUMERIC_SHARE = 0.8
# A mean or standard deviation of another column would count its values twice.
DERIVED_SUFFIXES = ("_daily_mean", "_mean", "_avg", "_sd")
MEASURE_TIME_NAMES = ("datetime", "time", "timestamp", "date", "day")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
# Appended to a cell, so that it no longer parses as a number.
MAYBE_THOUSANDS = " (or thousands?)"
THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
# Columns that identify the person of a row.
PERSON_NAMES = ("id", "person", "participant", "subject", "user", "user_id", "participant_id", "subject_id")


type Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A header in lower case, and its rows with their line numbers.

    `ragged` are the lines with more fields than the header.
    """

    header: list[str]
    rows: list[tuple[int, Row]]
    ragged: list[int]


def parse(content: str, person: Person, now: dt.datetime) -> ParseResult | None:
    """Parse a CSV file; None for any other text."""
    table = read_table(content)
    if table is None:
        return None
    if not table.rows and not table.ragged:
        return _without_rows(table)
    reader = LogReader(person, now)
    is_log = bool({"kind", "type"} & set(table.header))
    result = _parse_log(table, reader) if is_log else _parse_measures(table, reader)
    for line in table.ragged:
        reason = (
            "The row has more fields than the header. Put quotes around text with commas, and import again."
        )
        result.rejections.append(Rejection("ragged_row", reason, f"line {line}"))
    result.keep = bool(result.rejections)
    return result


def read_table(content: str) -> Table | None:
    """Split into header and rows by the delimiter that the header uses most."""
    first = content.lstrip("\n\r").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    if first.count(delimiter) == 0:
        return None
    header: list[str] = []
    rows: list[tuple[int, Row]] = []
    ragged: list[int] = []
    # A row with fewer fields than the header has empty cells; with more, its cells do not belong to their columns.
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
    # Text with a comma in its first line is not a table yet: a table's columns have names, all different.
    if not all(header) or len(set(header)) != len(header):
        return None
    # Where commas separate the fields, none is a decimal comma.
    if delimiter != "," and any(_has_decimal_comma(row) for _, row in rows):
        rows = [(line, _with_decimal_points(row)) for line, row in rows]
    return Table(header, rows, ragged)


def _has_decimal_comma(row: Row) -> bool:
    return any(map(DECIMAL_COMMA.fullmatch, row.values()))


def _with_decimal_points(row: Row) -> Row:
    return {name: _decimal_point(cell) for name, cell in row.items()}


def _decimal_point(cell: str) -> str:
    """Write 1,5 as 1.5 in a file with decimal commas.

    In such a file 7.500 may be seven and a half thousand or seven and a half: it is marked, and then rejected.
    """
    if DECIMAL_COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    if THOUSANDS.fullmatch(cell):
        return f"{cell}{MAYBE_THOUSANDS}"
    return cell


def _without_rows(table: Table) -> ParseResult | None:
    if not {"kind", "type", *TIME_NAMES} & set(table.header):
        return None
    reason = "The table has a header and no rows. There is nothing to ingest."
    return rejected("no_data", reason, kind="table", status="ignored")


def _parse_log(table: Table, reader: LogReader) -> ParseResult:
    for column, names in (("time", TIME_NAMES), ("value", VALUE_NAMES)):
        if not set(names) & set(table.header):
            return _missing_column(column, table)
    result = ParseResult(kind="log")
    for line, row in table.rows:
        result.add_event(reader.read(row, f"line {line}"))
    return result


def _missing_column(column: str, table: Table) -> ParseResult:
    present = ", ".join(table.header)
    reason = f"The column “{column}” is missing; found: {present}. See docs/logs.md for the columns."
    return rejected("missing_column", reason, kind="log")


def _parse_measures(table: Table, reader: LogReader) -> ParseResult:
    time = next((name for name in MEASURE_TIME_NAMES if name in table.header), None)
    if time is None:
        reason = "This table has no column “time” or “date”, so it is not a log. Nothing in it was ingested."
        return rejected("unrecognised", reason, kind="table")
    if set(VALUE_NAMES) & set(table.header):
        # A value column without a column for its kind: a log with a misspelt header.
        return _missing_column("kind", table)
    if column := _person_column(table, time):
        reason = f"The column “{column}” holds several people. Save one file for each of them."
        return rejected("several_people", reason, kind="table")
    columns = measure_columns(table, time)
    if not columns:
        reason = "No column of this table has numbers, so there is nothing to ingest."
        return rejected("no_measures", reason, kind="table")
    rows = [row for _, row in table.rows]
    trial = trial_files.detect_recorded_trial(table.header, rows, columns)
    if trial:
        columns = list(trial.outcomes)
    measures = _MeasureRows(reader, time, columns, trial)
    for line, row in table.rows:
        measures.read(row, f"line {line}")
    if trial:
        measures.result.events += trial_files.events_of_recorded_trial(
            trial, measures.days, measures.grain, reader.person
        )
    return measures.result


class _MeasureRows:
    """Turns the rows of a table of measures into events; of a recorded trial also into its days."""

    def __init__(
        self, reader: LogReader, time: str, columns: Sequence[str], trial: trial_files.RecordedTrial | None
    ) -> None:
        self.reader, self.time, self.columns, self.trial = reader, time, columns, trial
        kind = "recorded trial" if trial else "measures"
        self.result = ParseResult(kind=kind)
        self.days: list[trial_files.RecordedDay] = []

    @property
    def grain(self) -> str:
        """`instant` if any row states a time of day, else `day`."""
        if any(day.grain == "instant" for day in self.days):
            return "instant"
        return "day"

    def read(self, row: Row, location: str) -> None:
        tags: dict[str, object] = {}
        try:
            when, offset, grain = read_time(row.get(self.time), self.reader.person.timezone)
            if self.trial:
                number = int(read_number(row.get("study_day")))
                tags = {"trial": self.trial.trial, "study_day": number}
        except EntryRejected as error:
            self.result.rejections.append(Rejection(error.code, error.reason, location))
            return
        for name in self.columns:
            if not text(row.get(name)):
                continue
            try:
                value = read_number(row[name])
                data = {"name": name, "value": value, "unit": None, "grain": grain, **tags}
                event = self.reader.event("measure", f"measure/{name}", when, offset, grain, data)
            except EntryRejected as error:
                rejection = Rejection(error.code, error.reason, f"{location}, column {name}")
                self.result.rejections.append(rejection)
            else:
                self.result.events.append(event)
        if self.trial:
            day = (when + offset).date()
            self.days.append(trial_files.RecordedDay(number, day, row.get("condition", ""), grain))


def _person_column(table: Table, time: str) -> str | None:
    """Find the column that distinguishes people: the same times occur for several of its values."""
    rows = [row for _, row in table.rows]
    times = {row.get(time) for row in rows}
    # Where each time occurs once, a column such as `id` numbers the rows of one person.
    if len(times) == len(rows):
        return None
    for name in PERSON_NAMES:
        if name in table.header and len({row.get(name) for row in rows}) > 1:
            return name
    return None


def measure_columns(table: Table, time: str) -> list[str]:
    """Return the columns that are mostly numbers, without times, bookkeeping and means of other columns."""
    excluded = {time, *BOOKKEEPING, *TIME_NAMES}
    columns: list[str] = []
    for name in table.header:
        if name in excluded or _is_derived(name, table.header):
            continue
        if _is_mostly_numbers(table, name):
            columns.append(name)
    return columns


def _is_mostly_numbers(table: Table, name: str) -> bool:
    cells = [text(row.get(name)) for _, row in table.rows]
    filled = list(filter(None, cells))
    return bool(filled) and sum(map(_is_number, filled)) >= MIN_NUMERIC_SHARE * len(filled)


def _is_derived(name: str, header: list[str]) -> bool:
    """Whether a column is a mean or a standard deviation of another, by its name."""
    others = [name.removesuffix(suffix) for suffix in DERIVED_SUFFIXES if name.endswith(suffix)]
    return any(other in header for other in others)


def _is_number(cell: str) -> bool:
    try:
        read_number(cell.removesuffix(MAYBE_THOUSANDS))
    except EntryRejected:
        return False
    return True
