"""What the models publish: effects, trial results, proposals. A fit that did not converge publishes nothing.

How people are gone through, and what happens if one cannot be analysed, is in `everyone`.
"""

from typing import Any

from assets.per_person import everyone_was_analysed, for_everyone
from santorio.analyses.effects.pipeline import analyse_effects
from santorio.people import Person
from santorio.trials.analysis.pipeline import analyse_trials
from santorio.trials.proposals.pipeline import propose

MARTS = [["marts", name] for name in ("days", "nights", "outcomes", "exposures", "day_quality")]
TRIALS = [["marts", "trials"], ["marts", "trial_days"]]


def _effects(resources: Any, person: Person) -> None:
    """What is associated with what: every outcome on its lagged exposures, with intervals. Never called a cause."""
    analyse_effects(resources.database, person)


def _trials(resources: Any, person: Person) -> None:
    """What each trial says: the effect of its arms, with intervals and a decision; its posterior is kept."""
    analyse_trials(resources.database, resources.object_store, person)


def _proposals(resources: Any, person: Person) -> None:
    """Which experiment to run next: ranked by what it would teach for each day of burden."""
    propose(resources.database, person)


effects = for_everyone(
    ["analysis", "effects"], _effects, kind="effects", reads=MARTS, kinds={"python", "postgres"}
)
trials = for_everyone(
    ["analysis", "trials"],
    _trials,
    kind="trial",
    reads=[*MARTS, *TRIALS],
    kinds={"pymc", "postgres"},
    needs=["object_store"],
)
proposals = for_everyone(
    ["analysis", "proposals"],
    _proposals,
    kind="proposals",
    reads=[*MARTS, *TRIALS, ["analysis", "effects"], ["analysis", "trials"], ["analysis", "population"]],
    kinds={"python", "postgres"},
)

effects_of_everyone = everyone_was_analysed(["analysis", "effects"])
trials_of_everyone = everyone_was_analysed(["analysis", "trials"])
proposals_of_everyone = everyone_was_analysed(["analysis", "proposals"])
