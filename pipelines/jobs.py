"""Jobs: what is run together."""

import dagster as dg

INBOX_ASSETS = dg.AssetSelection.key_prefixes("inbox")

ingest = dg.define_asset_job(
    "ingest",
    selection=INBOX_ASSETS,
    description="Ingest the files that wait in the inbox.",
    executor_def=dg.in_process_executor,
)

GARMIN_SYNC = dg.AssetSelection.assets(["garmin", "account"])

# Not part of a refresh: what it fetches starts one, and a refresh that fetched again would never end.
garmin_sync = dg.define_asset_job(
    "garmin_sync",
    selection=GARMIN_SYNC,
    description="Fetch from Garmin accounts what is missing or not yet settled.",
)

# One process for the whole refresh: most of a step's cost is imports (see benchmarks/results). A distributed executor,
# named here, spreads the chunks of people that are analysed.
refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - INBOX_ASSETS - GARMIN_SYNC,
    description="Settle Garmin's days, build the marts, run the analyses of what changed, publish.",
    executor_def=dg.in_process_executor,
)
