"""What people who consent have in common, told to each of them. Nothing is fitted here: published runs are pooled."""

from typing import Any

from assets.per_person import everyone_was_analysed, for_everyone
from santorio.people import Person
from santorio.population.estimates import SharedEstimates, read_shared_estimates
from santorio.population.pipeline import analyse_population


def _shared(resources: Any) -> SharedEstimates:
    with resources.database.connect() as connection:
        return read_shared_estimates(connection)


def _population(resources: Any, person: Person, shared: SharedEstimates) -> None:
    """Associations and trials of people who consent, pooled: never of fewer than five, never a single one's result."""
    analyse_population(resources.database, person, shared)


population = for_everyone(
    ["analysis", "population"],
    _population,
    kind="population",
    reads=[["analysis", "effects"], ["analysis", "trials"]],
    kinds={"python", "postgres"},
    once=_shared,
)
population_of_everyone = everyone_was_analysed(["analysis", "population"])
