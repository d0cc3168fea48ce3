"""What dbt says of a failure, without the values in it: PostgreSQL's details quote whole rows of somebody's health."""

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

# From a detail, a context or the line of a statement to the end of what the server said.
_QUOTING = re.compile(
    r"^[ \t]*(?:DETAIL|CONTEXT|HINT|LINE \d+):.*?(?=^[ \t]*compiled code|\Z)", re.DOTALL | re.MULTILINE
)
# `invalid input syntax for type integer: "61 bpm"`; names of columns are quoted before a colon, not after.
_VALUE = re.compile(r": *\"[^\n]*\"")
# `value "61000000000" is out of range for type integer`, `"1e400" is out of range for type double precision`.
_OUT_OF_RANGE = re.compile(r"\"[^\"\n]*\"(?= is out of range)")


def without_values(text: str) -> str:
    r"""Leave out what the server quotes of rows.

    Examples
    --------
    >>> without_values('null in "steps"\n  DETAIL:  Failing row contains (61).')
    'null in "steps"\n'
    >>> without_values('invalid input syntax for type integer: "61 bpm"')
    'invalid input syntax for type integer: …'
    >>> without_values('value "61000000000" is out of range for type integer')
    'value … is out of range for type integer'
    """
    return _OUT_OF_RANGE.sub("…", _VALUE.sub(": …", _QUOTING.sub("", text)))


def failures(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say which nodes of a run failed and why, a sentence each, from dbt's `run_results.json`."""
    return [
        f"{result['unique_id'].split('.')[2]}: {' '.join(without_values(result['message'] or '').split())}"
        for result in results
        if result["status"] in {"error", "fail"}
    ]


class Discreet(io.TextIOBase):
    """A stream that passes on what is written to it without the values that the server quotes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write it without values."""
        self.stream.write(without_values(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind it."""
        self.stream.flush()
