"""What the models publish: effects, trial results, proposals. A fit that did not converge publishes nothing.

One person's trouble is nobody else's: who could not be analysed is counted, named by their opaque id, tried again with
the next study, and a check says so. Only if nobody could be analysed the asset fails.
"""

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

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
# Where the metadata name the people whose analysis failed.
FAILED = "people_whose_analysis_failed"


def for_everyone(
    database: Database, analyse: Callable[[Database, Person], object], kind: str
) -> dg.MaterializeResult[None]:
    """Run an analysis for each person and report its runs: accepted, rejected, and a few plots."""
    with database.connect() as connection:
        people = all_people(connection)
    failed = analyse_each(database, analyse, people, kind)
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
            FAILED: dg.MetadataValue.json(failed),
            "accepted": sum(run[1] == "accepted" for run in runs),
            "rejected": sum(run[1] == "rejected" for run in runs),
            "newest_runs": counts_table(
                [{"subject": subject, "status": status, "fitted": str(created)[:16], "code": code, "why": why or ""}
                 for subject, status, created, code, why, _ in runs]
            ),
            **{f"plot_{_word(subject)}": picture(bytes(plot)) for subject, plot in plots},
        }
    )  # fmt: skip


def analyse_each(
    database: Database, analyse: Callable[[Database, Person], object], people: Sequence[Person], kind: str
) -> list[str]:
    """Analyse people one after the other, and return the ids of those of whom it failed.

    Raises
    ------
    Exception
        The first one, if there was one for everyone: then it is no person's, but the database's or ours.
    """
    problems: dict[str, Exception] = {}
    for person in people:
        try:
            analyse(database, person)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the next person's analysis does not have it
            problems[str(person.user_id)] = problem
            # Where, and of which kind: a message may hold a value.
            where = "; ".join(
                f"{Path(frame.filename).name}:{frame.lineno}"
                for frame in traceback.extract_tb(problem.__traceback__)
            )
            dg.get_dagster_logger().error(
                "The analysis (%s) of person %s failed: %s at %s. It is tried again with the next study.",
                kind, person.user_id, type(problem).__name__, where,
            )  # fmt: skip
    if people and len(problems) == len(people):
        raise next(iter(problems.values()))
    return list(problems)


def failures_of(instance: dg.DagsterInstance, asset: Sequence[str]) -> list[str]:
    """Ids of the people whose analysis failed when the asset was made last."""
    made = instance.get_latest_materialization_event(dg.AssetKey(asset))
    told = made and made.asset_materialization and made.asset_materialization.metadata.get(FAILED)
    return [str(one) for one in told.value] if told and isinstance(told.value, list) else []


def _word(subject: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in subject)


@dg.asset(key=["insights", "effects"], deps=MARTS, group_name="insights", kinds={"python", "postgres"})
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
    deps=[*MARTS, *TRIALS, ["insights", "effects"], ["insights", "trials"], ["insights", "population"]],
    group_name="insights",
    kinds={"python", "postgres"},
)
def proposals(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
    """Which experiment to run next: ranked by what it would teach for each day of burden."""
    return for_everyone(database, propose, "proposals")


def everyone_was_analysed(asset: Sequence[str]) -> dg.AssetChecksDefinition:
    """A check of an asset that analyses each person: whether that went well for everyone."""

    @dg.asset_check(
        asset=list(asset),
        name="everyone_was_analysed",
        description="Nobody's analysis ended in an error.",
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        failed = failures_of(context.instance, asset)
        return dg.AssetCheckResult(
            passed=not failed, metadata={"people": len(failed), "ids": dg.MetadataValue.json(failed)}
        )

    return check


effects_of_everyone = everyone_was_analysed(["insights", "effects"])
trials_of_everyone = everyone_was_analysed(["insights", "trials"])
proposals_of_everyone = everyone_was_analysed(["insights", "proposals"])
