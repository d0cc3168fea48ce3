"""Run a suite of Great Expectations on rows: counts come back, never a value.

Great Expectations is imported where it is used, because importing it costs seconds. A suite checks a frame that is
small on purpose: recent rows, or one row a person that the database aggregated.
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
# Rows ingested within this time of the newest, at most so many: a daily increment of a thousand people is about
# 100,000 payloads. Older rows were checked when they were ingested.
WINDOW = "2 days"
MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """How many rows were checked, and how many did not meet which expectation."""

    rows: int
    unexpected: Mapping[str, int] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, int]:
        """Counts, as an asset check shows them."""
        return {"rows": self.rows, **{f"unexpected_{name}": count for name, count in self.unexpected.items()}}


def check_expectations(database: Database, query: str, expectations: Expectations) -> ExpectationResult:
    """Read rows and check them; no rows meet every expectation."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import pandas as pd

    frame = pd.read_sql_query(query, database.engine, params={"window": WINDOW, "max_rows": MAX_ROWS})
    return ExpectationResult(len(frame), count_unexpected(frame, expectations()) if len(frame) else {})


def count_unexpected(frame: "pd.DataFrame", expectations: Sequence["Expectation"]) -> dict[str, int]:
    """Count the rows that do not meet an expectation, by column; a column without any is not in the result."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("log").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="suite", expectations=list(expectations))
    unexpected: dict[str, int] = {}
    for result in batch.validate(suite, result_format="BASIC").results:
        if not result.success:
            arguments = result.expectation_config.kwargs
            name = str(arguments.get("column") or "_".join(arguments.get("column_list", ())))
            # An expectation that could not be evaluated has no count: then all rows are in doubt.
            unexpected[name] = max(
                unexpected.get(name, 0), int(result.result.get("unexpected_count", len(frame)))
            )
    return unexpected
