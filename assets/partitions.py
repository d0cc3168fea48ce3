"""How Garmin's days are partitioned: one partition a local calendar day."""

from dagster import DailyPartitionsDefinition

# Garmin Connect was opened in 2008: no payload is older. `end_offset=1` makes today a partition too,
# because a day's payload arrives while the day still runs.
garmin_days = DailyPartitionsDefinition(start_date="2008-01-01", end_offset=1)
