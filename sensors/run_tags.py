"""Tags of runs: the window of Garmin days, as Dagster's partition-range tags (a single-run backfill)."""

import datetime as dt
from collections.abc import Mapping

from assets.partitions import garmin_days

# The state of the log that a refresh was started for (`LogState.watermark`, and more behind a slash). The tag has its
# name from the first version: it stands in Dagster's storage at runs that are still to be found.
WATERMARK = "santorio/mark"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def window_tags(days: tuple[dt.date, dt.date] | None, *, today: dt.date | None = None) -> Mapping[str, str]:
    """Tags that make a run cover these days, limited to the partitions that exist.

    Without days (no Garmin payload was ingested) the window is today alone: the ledger is settled, nothing else.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    oldest = dt.date.fromisoformat(garmin_days.get_first_partition_key() or "2008-01-01")
    first, last = days or (today, today)
    first, last = max(oldest, min(first, today)), max(oldest, min(last, today))
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
