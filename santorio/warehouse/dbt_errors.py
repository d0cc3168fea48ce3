"""dbt's error messages without values: PostgreSQL's details quote whole rows of health data."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# From a detail, a context or the line of a statement to the end of the server's message.
_QUOTING = re.compile(
    r"^[ \t]*(?:DETAIL|CONTEXT|HINT|LINE \d+):.*?(?=^[ \t]*compiled code|\Z)", re.DOTALL | re.MULTILINE
)
# `invalid input syntax for type integer: "61 bpm"`; names of columns are quoted before a colon, not after.
_VALUE = re.compile(r": *\"[^\n]*\"")
# `value "61000000000" is out of range for type integer`, `"1e400" is out of range for type double precision`.
_OUT_OF_RANGE = re.compile(r"\"[^\"\n]*\"(?= is out of range)")


def redact_values(text: str) -> str:
    r"""Remove what the server quotes of rows.

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
    """Name the nodes of a run that failed and why, a sentence each, from dbt's results."""
    sentences = []
    for result in results:
        if result["status"] in {"error", "fail"}:
            _, _, name, *_ = result["unique_id"].split(".")
            reason = " ".join(redact_values(result["message"] or "").split())
            sentences.append(f"{name}: {reason}")
    return sentences
