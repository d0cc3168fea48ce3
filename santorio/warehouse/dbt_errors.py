"""What dbt says of a failure, without the values in it: PostgreSQL's details quote whole rows of somebody's health."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# From a detail, a context or the line of a statement to the end of what the server said.
_QUOTING = re.compile(
    r"^[ \t]*(?:DETAIL|CONTEXT|HINT|LINE \d+):.*?(?=^[ \t]*compiled code|\Z)", re.DOTALL | re.MULTILINE
)
# `invalid input syntax for type integer: "61 bpm"`; names of columns are quoted before a colon, not after.
_VALUE = re.compile(r": *\"[^\n]*\"")
# `value "61000000000" is out of range for type integer`, `"1e400" is out of range for type double precision`.
_OUT_OF_RANGE = re.compile(r"\"[^\"\n]*\"(?= is out of range)")


def redact_values(text: str) -> str:
    r"""Leave out what the server quotes of rows.

    Examples
    --------
    >>> redact_values('null in "steps"\n  DETAIL:  Failing row contains (61).')
    'null in "steps"\n'
    >>> redact_values('invalid input syntax for type integer: "61 bpm"')
    'invalid input syntax for type integer: …'
    >>> redact_values('value "61000000000" is out of range for type integer')
    'value … is out of range for type integer'
    """
    return _OUT_OF_RANGE.sub("…", _VALUE.sub(": …", _QUOTING.sub("", text)))


def failures(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say which nodes of a run failed and why, a sentence each, from dbt's `run_results.json`."""
    return [
        f"{result['unique_id'].split('.')[2]}: {' '.join(redact_values(result['message'] or '').split())}"
        for result in results
        if result["status"] in {"error", "fail"}
    ]
