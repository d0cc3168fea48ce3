"""Jobs: what is run together."""

import dagster as dg

INTAKE_OF_FILES = dg.AssetSelection.key_prefixes("inbox")

take_in = dg.define_asset_job(
    "take_in",
    selection=INTAKE_OF_FILES,
    description="Take in what waits in the inbox.",
    executor_def=dg.in_process_executor,
)

FETCHING = dg.AssetSelection.assets(["garmin", "account"])

# Not part of the study: what it brings starts one, and a study that asked Garmin again would never end.
sync = dg.define_asset_job(
    "sync", selection=FETCHING, description="Ask Garmin accounts for what is missing or not yet settled."
)

# One process for the whole study: most of a step's cost is imports (see benchmarks/results). Named here, a distributed
# executor spreads the chunks of people that are analysed.
study = dg.define_asset_job(
    "study",
    selection=dg.AssetSelection.all() - INTAKE_OF_FILES - FETCHING,
    description="Settle Garmin's days, rebuild the marts, fit what changed, publish.",
    executor_def=dg.in_process_executor,
)
