"""The window of Garmin days of a run, as Dagster's partition-range tags (a single-run backfill)."""

import datetime as dt
from collections.abc import Mapping

from assets.partitions import garmin_days

# What a study had seen of the log when it began (`Arrivals.mark`, and more behind a slash).
MARK = "santorio/mark"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def window_tags(days: tuple[dt.date, dt.date] | None, *, today: dt.date | None = None) -> Mapping[str, str]:
    """Tags that make a run cover these days, kept within the partitions that exist.

    Without days (no Garmin payload arrived) the window is today alone: the ledger is settled, nothing else.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    oldest = dt.date.fromisoformat(garmin_days.get_first_partition_key() or "2008-01-01")
    first, last = days or (today, today)
    first, last = max(oldest, min(first, today)), max(oldest, min(last, today))
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
