"""Training: what the seconds of recordings say, before the warehouse adds it up."""

import dagster as dg

from santorio.analyses.training.pipeline import code_version, compute_recordings
from santorio.storage.database.engine import Database


@dg.asset(
    key=["training", "recordings"],
    deps=[["inbox", "fit_files"], ["inbox", "garmin_files"], ["garmin", "account"]],
    group_name="training",
    kinds={"postgres"},
)
def training_recordings(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
    """Normalised power, histograms and best efforts of recordings that are new or were computed by other code."""
    report = compute_recordings(database)
    return dg.MaterializeResult(
        metadata={
            "files": report.files,
            "sessions": report.sessions,
            "records": report.records,
            "code_version": code_version(),
        }
    )
