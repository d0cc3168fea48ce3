"""What an asset tells a person: counts, day ranges, small plots. Never a health value, never a secret."""

import base64
from collections.abc import Mapping, Sequence

from dagster import MetadataValue, TableRecord


def counts_table(rows: Sequence[Mapping[str, str | int | float | bool | None]]) -> MetadataValue:
    """Rows of counts as a table of the Dagster UI (an empty table is said in words)."""
    if not rows:
        return MetadataValue.text("nothing")
    return MetadataValue.table([TableRecord(dict(row)) for row in rows])


def picture(png: bytes) -> MetadataValue:
    """A small PNG, inlined as Markdown: the UI shows it without a file to serve."""
    encoded = base64.b64encode(png).decode("ascii")
    return MetadataValue.md(f"![plot](data:image/png;base64,{encoded})")
