"""What is usual for each person, metric by metric. Nothing is sampled here, and nothing is said of causes."""

import dagster as dg

from assets.insights import MARTS, everyone_was_analysed, for_everyone
from santorio.baselines.analysis import analyse_baselines
from santorio.database.engine import Database

READ = [mart for mart in MARTS if mart[-1] in {"outcomes", "day_quality"}]


@dg.asset(key=["insights", "baselines"], deps=READ, group_name="insights", kinds={"python", "postgres"})
def baselines(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
    """Expected ranges, odd days and runs, changes of level, forecasts: of what changed since the last run alone."""
    return for_everyone(database, analyse_baselines, "baselines")


baselines_of_everyone = everyone_was_analysed(["insights", "baselines"])
