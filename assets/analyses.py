"""Analyses of each person as assets: baselines, effects, trials, the population, proposals.

A fit that did not converge publishes nothing. How the assets go through people, and what happens if one person's
analysis fails, is in `per_person`.
"""

from typing import Any

from assets.per_person import all_people_analysed_check, per_person_asset
from santorio.analyses.baselines.pipeline import analyse_baselines
from santorio.analyses.effects.pipeline import analyse_effects
from santorio.people import Person
from santorio.population.estimates import SharedEstimates, read_shared_estimates
from santorio.population.pipeline import analyse_population
from santorio.trials.analysis.pipeline import analyse_trials
from santorio.trials.proposals.pipeline import propose

MARTS = [["marts", name] for name in ("days", "nights", "outcomes", "exposures", "day_quality")]
TRIAL_MARTS = [["marts", "trials"], ["marts", "trial_days"]]
BASELINES = ["analysis", "baselines"]
EFFECTS = ["analysis", "effects"]
TRIALS = ["analysis", "trials"]
POPULATION = ["analysis", "population"]
PROPOSALS = ["analysis", "proposals"]


def _baselines(resources: Any, person: Person) -> None:
    """Expected ranges, anomalies, changes of level, forecasts, metric by metric: of what changed since the last run."""
    analyse_baselines(resources.database, person)


def _effects(resources: Any, person: Person) -> None:
    """Associations: every outcome on its lagged exposures, with intervals. Never called a cause."""
    analyse_effects(resources.database, person)


def _trials(resources: Any, person: Person) -> None:
    """Results of each trial: the effect of its arms, with intervals and a decision; its posterior is stored."""
    analyse_trials(resources.database, resources.object_store, person)


def _read_pool(resources: Any) -> SharedEstimates:
    with resources.database.connect() as connection:
        return read_shared_estimates(connection)


def _population(resources: Any, person: Person, shared: SharedEstimates) -> None:
    """Associations and trials of people who consent, pooled: never of fewer than five, never a single one's result."""
    analyse_population(resources.database, person, shared)


def _proposals(resources: Any, person: Person) -> None:
    """Which trial to run next: ranked by what it would teach for each day of burden."""
    propose(resources.database, person)


baselines = per_person_asset(
    BASELINES,
    _baselines,
    kind="baselines",
    reads=[mart for mart in MARTS if mart[-1] in {"outcomes", "day_quality"}],
    kinds={"python", "postgres"},
)
effects = per_person_asset(EFFECTS, _effects, kind="effects", reads=MARTS, kinds={"python", "postgres"})
trials = per_person_asset(
    TRIALS,
    _trials,
    kind="trial",
    reads=[*MARTS, *TRIAL_MARTS],
    kinds={"pymc", "postgres"},
    needs=["object_store"],
)
# Nothing is fitted here: results that are published are pooled.
population = per_person_asset(
    POPULATION,
    _population,
    kind="population",
    reads=[EFFECTS, TRIALS],
    kinds={"python", "postgres"},
    once=_read_pool,
)
proposals = per_person_asset(
    PROPOSALS,
    _proposals,
    kind="proposals",
    reads=[*MARTS, *TRIAL_MARTS, EFFECTS, TRIALS, POPULATION],
    kinds={"python", "postgres"},
)

all_people_analysed_baselines = all_people_analysed_check(BASELINES)
all_people_analysed_effects = all_people_analysed_check(EFFECTS)
all_people_analysed_trials = all_people_analysed_check(TRIALS)
all_people_analysed_population = all_people_analysed_check(POPULATION)
all_people_analysed_proposals = all_people_analysed_check(PROPOSALS)
