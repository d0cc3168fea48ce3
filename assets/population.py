"""What people who consent have in common, told to each of them. Nothing is fitted here: published runs are pooled."""

import dagster as dg

from assets.insights import everyone_was_analysed, for_everyone
from santorio.database.engine import Database
from santorio.population.analysis import analyse_population
from santorio.population.parts import read_pool


@dg.asset(
    key=["insights", "population"],
    deps=[["insights", "effects"], ["insights", "trials"]],
    group_name="insights",
    kinds={"python", "postgres"},
)
def population(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
    """Associations and trials of people who consent, pooled: never of fewer than five, never a single one's result."""
    with database.connect() as connection:
        shared = read_pool(connection)
    return for_everyone(
        database, lambda opened, person: analyse_population(opened, person, shared), "population"
    )


population_of_everyone = everyone_was_analysed(["insights", "population"])
