"""How rows are held against a suite of Great Expectations: counts come back, never a value.

Great Expectations is imported where it is used, because importing it costs seconds. A suite looks at a frame that is
small on purpose: rows that came lately, or one row a person that the database summed up.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from santorio.storage.database.engine import Database

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

type Expectations = Callable[[], Sequence["Expectation"]]
# What came within this time of the newest that came, and of that the newest so many rows: a daily increment of a
# thousand people is about 100,000 payloads. What came before was looked at when it came.
WINDOW = "2 days"
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows were looked at, and how many broke which expectation."""

    rows: int
    broken: Mapping[str, int] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, int]:
        """Counts, as an asset check shows them."""
        return {"rows": self.rows, **{f"unexpected_{name}": count for name, count in self.broken.items()}}


def judge(database: Database, query: str, expectations: Expectations) -> Verdict:
    """Read rows and hold them against expectations; nothing to read breaks none."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import pandas as pd

    frame = pd.read_sql_query(query, database.engine, params={"window": WINDOW, "most_rows": MOST_ROWS})
    return Verdict(len(frame), validate(frame, expectations()) if len(frame) else {})


def validate(frame: "pd.DataFrame", expectations: Sequence["Expectation"]) -> dict[str, int]:
    """Count the rows that break each expectation, by column; only broken ones are in the answer."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("log").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="suite", expectations=list(expectations))
    broken: dict[str, int] = {}
    for result in batch.validate(suite, result_format="BASIC").results:
        if not result.success:
            asked = result.expectation_config.kwargs
            name = str(asked.get("column") or "_".join(asked.get("column_list", ())))
            # An expectation that could not even be evaluated has no count: all rows are in doubt.
            broken[name] = max(broken.get(name, 0), int(result.result.get("unexpected_count", len(frame))))
    return broken
