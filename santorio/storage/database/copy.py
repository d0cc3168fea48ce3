"""Write rows and arrays by PostgreSQL's COPY, the fastest way into a table."""

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

# Rows are encoded in chunks, so that the memory does not grow with the table.
ROWS_PER_CHUNK = 32_768
# The signature, flags and the length of an extension; see "Binary Format" in PostgreSQL's documentation of COPY.
BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
BINARY_TRAILER = struct.pack("!h", -1)
# The type `double precision` in pg_type.
FLOAT8_OID = 701


def copy_rows(
    connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Copy rows into a table (`schema.name` or `name`) and count them. The caller owns the transaction."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(_statement(table, columns)) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def copy_arrays(
    connection: psycopg.Connection, table: str, columns: Mapping[str, npt.NDArray[np.generic]]
) -> None:
    """Copy columns into a table, in binary: NumPy lays out the rows, NaN becomes null.

    Parameters
    ----------
    columns
        Arrays of the same length, each of exactly the type of its column: `f4` for real, `f8` for double precision,
        `i4` for integer, `i8` for a timestamptz in microseconds since 2000, `V16` for a uuid.
    """
    rows = len(next(iter(columns.values())))
    with connection.cursor() as cursor, cursor.copy(_statement(table, list(columns), binary=True)) as copy:
        copy.write(BINARY_HEADER)
        for start in range(0, rows, ROWS_PER_CHUNK):
            chunk = [array[start : start + ROWS_PER_CHUNK] for array in columns.values()]
            copy.write(binary_fields(chunk, prefix=struct.pack("!h", len(chunk))))
        copy.write(BINARY_TRAILER)


def binary_fields(columns: Sequence[npt.NDArray[np.generic]], *, prefix: bytes = b"") -> bytes:
    """Encode rows for PostgreSQL's binary COPY: a prefix, and for each field its length and its bytes, big-endian.

    Every row is first laid out as if nothing were null; the bytes of nulls are then removed.
    """
    rows = len(columns[0])
    width = len(prefix) + sum(4 + column.dtype.itemsize for column in columns)
    block = np.empty((rows, width), np.uint8)
    block[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    # Made for the first column with a null: most arrays have none.
    is_written: npt.NDArray[np.bool_] | None = None
    at = len(prefix)
    for column in columns:
        size = column.dtype.itemsize
        block[:, at : at + 4] = np.frombuffer(struct.pack("!i", size), np.uint8)
        swapped = np.ascontiguousarray(column.astype(column.dtype.newbyteorder(">")))
        block[:, at + 4 : at + 4 + size] = swapped.view(np.uint8).reshape(rows, size)
        if column.dtype.kind == "f" and (missing := np.isnan(column)).any():
            if is_written is None:
                is_written = np.ones((rows, width), np.bool_)
            # A null has the length -1 and no bytes.
            block[missing, at : at + 4] = 255
            is_written[missing, at + 4 : at + 4 + size] = False
        at += 4 + size
    if is_written is not None:
        block = block[is_written]
    return block.tobytes()


def binary_array(values: npt.NDArray[np.float64]) -> bytes:
    """Encode a double precision[] as PostgreSQL sends it: one dimension with indices from 1, NaN as null."""
    # Number of dimensions, whether there are nulls, the element's type, the length, the first index.
    head = struct.pack("!iiIii", 1, int(np.isnan(values).any()), FLOAT8_OID, len(values), 1)
    return head + binary_fields([values])


def _statement(table: str, columns: Sequence[str], *, binary: bool = False) -> sql.Composed:
    options = sql.SQL(" (format binary)") if binary else sql.SQL("")
    return sql.SQL("copy {} ({}) from stdin{}").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        options,
    )
