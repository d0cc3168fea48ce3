"""CSV files as people write them: any encoding, delimiter and decimal sign.

Messages name columns and line numbers, never values.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from santorio.arrays import FloatArray
from santorio.errors import DataError

# In lower case. Spreadsheets, R, pandas, SAS (a dot) and people write these where there is no value.
MISSING = {"", "na", "n/a", "nan", "null", "none", ".", "-", "–", "?", "#n/a", "missing"}
# 3,14
_COMMA = re.compile(r"^[+-]?\d*,\d+$")
# 1,234.5
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
# 1.234,5
_DOT_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(\.\d{3})+,\d+$")
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Table:
    """A CSV file as text: its columns by name, the line of each row, and notes on how it was read."""

    name: str
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    decimal: str | None = None
    notes: list[str] = field(default_factory=list)

    def column(self, name: str) -> list[str]:
        """Return the values of a column, as text without surrounding blanks.

        Raises
        ------
        DataError
            If there is no such column; the message lists the columns.
        """
        position = self._position(name)
        return [row[position] for row in self.rows]

    def has(self, name: str) -> bool:
        """Whether there is such a column, in upper or lower case."""
        return name in self.header or name.strip().lower() in self._lower_header()

    def _lower_header(self) -> list[str]:
        return [column.lower() for column in self.header]

    def _position(self, name: str) -> int:
        if self.header.count(name) > 1:
            raise DataError(f"{self.name} has two columns called “{name}”.", hint="Rename one of them.")
        if name in self.header:
            return self.header.index(name)
        lower = self._lower_header()
        if lower.count(name.strip().lower()) == 1:
            return lower.index(name.strip().lower())
        columns = ", ".join(f"“{column}”" for column in self.header[:30])
        raise DataError(f"{self.name} has no column “{name}”.", hint=f"Its columns are {columns}.")


class NotCsvError(ValueError):
    """A line cannot be split into values; `line` is its number."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def split_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Split text into rows of values without surrounding blanks, each with the number of its last line.

    Rows without any value are skipped.

    Raises
    ------
    NotCsvError
        If a line cannot be split.
    """
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            values = [value.strip() for value in row]
            if any(values):
                yield reader.line_num, values
    except csv.Error as error:
        raise NotCsvError(reader.line_num) from error


def read_table(
    path: Path, *, delimiter: str | None = None, encoding: str | None = None, decimal: str | None = None
) -> Table:
    """Read a CSV file.

    Raises
    ------
    DataError
        If it does not exist, is empty, or is not a table.
    """
    notes: list[str] = []
    text = _decode(path, encoding, notes)
    # Lines above the header that begin with a hash are comments.
    skipped = 0
    while text.startswith("#"):
        _, _, text = text.partition("\n")
        skipped += 1
    separator = _delimiter(path, delimiter, text)
    rows, lines = [], []
    header: list[str] = []
    ragged = 0
    try:
        for line, row in split_rows(text, separator):
            if not header:
                header = row
                continue
            ragged += len(row) != len(header)
            rows.append(_fitted(row, len(header)))
            lines.append(line + skipped)
    except NotCsvError as error:
        raise DataError(f"{path.name} is not a table in line {error.line + skipped}.") from error
    if not rows:
        raise DataError(
            f"{path.name} has no rows below its header.", hint="It needs a header and a row a day."
        )
    # Most rows do not fit the header: the delimiter is probably wrong.
    if ragged > len(rows) / 2:
        raise DataError(
            f"{path.name}: {ragged} of {len(rows)} rows do not have as many values as the header.",
            hint="State its delimiter and decimal sign in the study file, or save it with another delimiter.",
        )
    if ragged:
        notes.append(f"{ragged} rows of {path.name} have more or fewer values than the header.")
    if decimal is None and separator != ",":
        # Programs write semicolons or tabs where the comma is the decimal sign.
        decimal = ","
    return Table(path.name, tuple(header), rows, lines, decimal, notes)


def _fitted(row: list[str], width: int) -> list[str]:
    """Fill a row with empty values, or cut it, to the width of the header."""
    padding = [""] * (width - len(row))
    return (row + padding)[:width]


def _decode(path: Path, encoding: str | None, notes: list[str]) -> str:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise DataError(
            f"There is no data file {path}.", hint="Its path is relative to the study file, or absolute."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    # A zip (.xlsx, .ods), and the container of Excel's old .xls.
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DataError(f"{path.name} is a spreadsheet, not a CSV file.", hint="Save the sheet as CSV first.")
    try:
        text = content.decode(encoding or _detect_unicode(content))
    except LookupError as error:
        raise DataError(f"There is no encoding called “{encoding}”.", hint="Try utf-8 or cp1252.") from error
    except UnicodeError as error:
        if encoding:
            raise DataError(f"{path.name} is not written in {encoding}.", hint="Remove encoding.") from error
        text = content.decode("cp1252", errors="replace")
        notes.append(f"{path.name} is not in UTF-8; it was read as Windows-1252.")
    if "\x00" in text:
        raise DataError(f"{path.name} is not a text file.", hint="Save it as CSV in UTF-8.")
    if not text.strip():
        raise DataError(f"{path.name} is empty.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _detect_unicode(content: bytes) -> str:
    """Return UTF-16 if its byte order mark is there, else UTF-8."""
    return "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _delimiter(path: Path, stated: str | None, text: str) -> str:
    """Return the stated delimiter, otherwise the one that splits the first lines most regularly."""
    if stated in {"tab", "\\t"}:
        return "\t"
    if stated:
        if len(stated) != 1:
            raise DataError("A delimiter is one character, or “tab”.")
        return stated
    sample = io.StringIO(text[:65536]).readlines()[:50]
    # The last line may be cut off by the limit.
    complete_lines = sample[:-1] or sample
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in DELIMITERS:
        regularity, columns = _regularity(complete_lines, delimiter)
        if columns > 1:
            scores[delimiter] = (regularity, columns)
    if not scores:
        raise DataError(
            f"{path.name} has one column only: no delimiter was found.",
            hint="Separate columns by commas, semicolons, tabs or |, or state the delimiter in the study file.",
        )
    return max(scores, key=scores.__getitem__)


def _regularity(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """Return the share of rows that have as many values as the header, and the number of columns."""
    widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    columns = widths[0]
    return widths.count(columns) / len(widths), columns


def is_missing(value: str, more: Sequence[str] = ()) -> bool:
    """Whether a value stands for a missing one."""
    return value.lower() in MISSING or value in more


def numbers(table: Table, name: str, missing: Sequence[str] = ()) -> tuple[FloatArray, list[int]]:
    """Parse a column as numbers, NaN where missing.

    Returns
    -------
    FloatArray, list[int]
        The numbers, and the positions of values that are neither a number nor missing.
    """
    values = table.column(name)
    normalise = _number_normaliser(values, table.decimal)
    parsed = np.full(len(values), np.nan)
    invalid = []
    for position, value in enumerate(values):
        if is_missing(value, missing):
            continue
        try:
            number = float(normalise(value))
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            parsed[position] = number
        else:
            invalid.append(position)
    return parsed, invalid


def _number_normaliser(values: Sequence[str], decimal: str | None) -> Callable[[str], str]:
    """Return the function that rewrites a number as `float` accepts it.

    All values of the column decide: a comma alone may separate thousands or decimals.
    """
    with_comma = [value for value in values if "," in value]
    if not with_comma:
        # `float` would accept 1_000, which is not a number in a table.
        return lambda value: value.replace(" ", "").replace("_", "x")
    if any(_DOT_THOUSANDS.match(value) for value in with_comma):
        return lambda value: value.replace(".", "").replace(",", ".")
    if decimal != "," and all(_THOUSANDS.match(value) for value in with_comma):
        return lambda value: value.replace(",", "")
    if all(_COMMA.match(value) or is_missing(value) for value in with_comma) or decimal == ",":
        return lambda value: value.replace(",", ".")
    return lambda value: value


def lines_of(table: Table, positions: Sequence[int]) -> str:
    """Name the lines of rows, the first three of them."""
    first = ", ".join(str(table.lines[position]) for position in positions[:3])
    if len(positions) == 1:
        return f"line {first}"
    if len(positions) > 3:
        return f"lines {first} …"
    return f"lines {first}"
