"""Metadata of assets: counts, day ranges, small plots. Never a health value, never a secret."""

import base64
from collections.abc import Mapping, Sequence

from dagster import MetadataValue, TableRecord


def counts_table(rows: Sequence[Mapping[str, str | int | float | bool | None]]) -> MetadataValue:
    """Rows of counts as a table of the Dagster UI (an empty table is said in words).

    Dagster refuses rows of different fields: what a row does not count, such as the days of a person without a
    watch, is 0.
    """
    if not rows:
        return MetadataValue.text("nothing")
    fields = dict.fromkeys(name for row in rows for name in row)
    return MetadataValue.table([TableRecord({name: row.get(name, 0) for name in fields}) for row in rows])


def inline_plot(png: bytes) -> MetadataValue:
    """A small PNG, inlined as Markdown: the UI shows it without a file to serve."""
    encoded = base64.b64encode(png).decode("ascii")
    return MetadataValue.md(f"![plot](data:image/png;base64,{encoded})")
