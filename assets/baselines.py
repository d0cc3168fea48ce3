"""What is usual for each person, metric by metric. Nothing is sampled here, and nothing is said of causes."""

from typing import Any

from assets.analyses import MARTS
from assets.per_person import everyone_was_analysed, for_everyone
from santorio.analyses.baselines.pipeline import analyse_baselines
from santorio.people import Person


def _baselines(resources: Any, person: Person) -> None:
    """Expected ranges, odd days and runs, changes of level, forecasts: of what changed since the last run alone."""
    analyse_baselines(resources.database, person)


baselines = for_everyone(
    ["analysis", "baselines"],
    _baselines,
    kind="baselines",
    reads=[mart for mart in MARTS if mart[-1] in {"outcomes", "day_quality"}],
    kinds={"python", "postgres"},
)
baselines_of_everyone = everyone_was_analysed(["analysis", "baselines"])
