"""What the models publish: effects, trial results, proposals. A fit that did not converge publishes nothing."""

from collections.abc import Callable

import dagster as dg

from assets.reporting import counts_table, picture
from santorio.database.engine import Database
from santorio.effects.analysis import analyse_effects
from santorio.objects import ObjectStore
from santorio.people import Person, all_people
from santorio.trials.analysis import analyse_trials
from santorio.trials.proposals import propose

MARTS = [["marts", name] for name in ("days", "nights", "outcomes", "exposures", "day_quality")]
TRIALS = [["marts", "trials"], ["marts", "trial_days"]]
# A study shows the pictures of a few people; of thousands, a page would never load.
PICTURES = 6


def for_everyone(
    database: Database, analyse: Callable[[Database, Person], object], kind: str
) -> dg.MaterializeResult[None]:
    """Run an analysis for each person and report its runs: accepted, rejected, and a few plots."""
    with database.connect() as connection:
        people = all_people(connection)
    for person in people:
        analyse(database, person)
    with database.connect() as connection:
        runs = connection.execute(
            """
            select distinct on (user_id, subject) subject, status, created_at, code_version, reason, plot
            from insights.runs where kind = %s order by user_id, subject, created_at desc
            """,
            [kind],
        ).fetchall()
    plots = [(subject, plot) for subject, _, _, _, _, plot in runs if plot is not None][:PICTURES]
    return dg.MaterializeResult(
        metadata={
            "people": len(people),
            "accepted": sum(run[1] == "accepted" for run in runs),
            "rejected": sum(run[1] == "rejected" for run in runs),
            "newest_runs": counts_table(
                [{"subject": subject, "status": status, "fitted": str(created)[:16], "code": code, "why": why or ""}
                 for subject, status, created, code, why, _ in runs]
            ),
            **{f"plot_{_word(subject)}": picture(bytes(plot)) for subject, plot in plots},
        }
    )  # fmt: skip


def _word(subject: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in subject)


@dg.asset(key=["insights", "effects"], deps=MARTS, group_name="insights", kinds={"pymc", "postgres"})
def effects(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
    """What is associated with what: every outcome on its lagged exposures, with intervals. Never called a cause."""
    return for_everyone(database, analyse_effects, "effects")


@dg.asset(key=["insights", "trials"], deps=MARTS + TRIALS, group_name="insights", kinds={"pymc", "postgres"})
def trials(
    database: dg.ResourceParam[Database], object_store: dg.ResourceParam[ObjectStore]
) -> dg.MaterializeResult[None]:
    """What each trial says: the effect of its arms, with intervals and a decision; its posterior is kept."""
    return for_everyone(
        database, lambda opened, person: analyse_trials(opened, object_store, person), "trial"
    )


@dg.asset(
    key=["insights", "proposals"],
    deps=[*MARTS, *TRIALS, ["insights", "effects"], ["insights", "trials"]],
    group_name="insights",
    kinds={"python", "postgres"},
)
def proposals(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
    """Which experiment to run next: ranked by what it would teach for each day of burden."""
    return for_everyone(database, propose, "proposals")
