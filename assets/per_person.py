"""Assets that analyse each person: people in chunks that executors can share, and the counts of all of them.

One person's failure never affects another's: a person whose analysis failed is counted, named by their opaque id, and
retried with the next refresh, and a check reports it. Only if nobody could be analysed the asset fails. Opaque ids and
the types of errors go from step to step: no value of a person.
"""

import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import batched, chain
from pathlib import Path
from typing import Any

import dagster as dg

from assets.metadata import counts_table, inline_plot
from santorio.errors import StorageError
from santorio.people import Person, all_people
from santorio.settings import Settings
from santorio.storage.database.engine import Database

# A run shows a few plots; with one for each of thousands of people the page would never load.
MAX_PLOTS = 6
# Where the metadata names the people whose analysis failed.
FAILED_PEOPLE_KEY = "people_whose_analysis_failed"
# In one process, steps of an asset that has begun come before the steps of the next.
HIGH_PRIORITY, HIGHEST_PRIORITY = {"dagster/priority": "1"}, {"dagster/priority": "2"}
# Name of the last step of each asset.
COUNT_STEP_PREFIX = "count_"
# Errors by the person's id: what a chunk hands on.
type Problems = dict[str, str]


def per_person_asset(
    key: Sequence[str],
    analyse: Callable[..., object],
    *,
    kind: str,
    reads: Sequence[Sequence[str]],
    kinds: set[str],
    needs: Sequence[str] = (),
    once: Callable[[Any], object] | None = None,
) -> dg.AssetsDefinition:
    """Make an asset of an analysis that runs for each person: chunk by chunk, then counted.

    Parameters
    ----------
    key
        Of the asset.
    analyse
        Called with the run's resources and a person. It is idempotent, so that a chunk can be retried. Its docstring is
        the asset's description.
    kind
        Of the runs that it writes to `analysis.runs`.
    reads
        Keys of the assets that it reads from the database.
    kinds
        As Dagster shows them.
    needs
        Resources that it uses in addition to the database.
    once
        Called with the run's resources once for each chunk; `analyse` gets what it returns as a third argument.
    """
    reading = {"__".join(one): list(one) for one in reads}
    people = _people_of(key[-1], list(reading))
    analysis = _analysis_of(key[-1], analyse, kind, needs, once)
    count = _count_of(key[-1], kind)

    def steps(**made: Any) -> Any:
        return count(people(**made).map(analysis).collect())

    # Dagster asks a graph for the names of its inputs: here they are the assets that are read.
    named = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in reading]
    steps.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    return dg.graph_asset(
        key=list(key),
        ins={name: dg.AssetIn(asset, dagster_type=dg.Nothing) for name, asset in reading.items()},
        description=inspect.getdoc(analyse),
        group_name=key[0],
        kinds=kinds,
    )(steps)


def _people_of(name: str, reads: Sequence[str]) -> dg.OpDefinition:
    @dg.op(
        name=f"people_for_{name}",
        ins={one: dg.In(dg.Nothing) for one in reads},
        out=dg.DynamicOut(list[str]),
        required_resource_keys={"database", "settings"},
    )
    def people(context: dg.OpExecutionContext) -> Iterator[dg.DynamicOutput[list[str]]]:
        """All people, in chunks; without people there is no chunk."""
        settings: Settings = context.resources.settings
        with context.resources.database.connect() as connection:
            everyone = [str(person.user_id) for person in all_people(connection)]
        for number, chunk in enumerate(batched(everyone, settings.people_in_a_chunk), start=1):
            yield dg.DynamicOutput(list(chunk), mapping_key=f"chunk_{number}")

    return people


def _analysis_of(
    name: str,
    analyse: Callable[..., object],
    kind: str,
    needs: Sequence[str],
    once: Callable[[Any], object] | None,
) -> dg.OpDefinition:
    @dg.op(name=f"analyse_{name}", tags=HIGH_PRIORITY, required_resource_keys={"database", *needs})
    def analyse_chunk(context: dg.OpExecutionContext, chunk: list[str]) -> dict[str, Any]:
        """Analyse the people of a chunk; a person who was erased meanwhile is passed over."""
        with context.resources.database.connect() as connection:
            here = [person for person in all_people(connection) if str(person.user_id) in chunk]
        shared = () if once is None else (once(context.resources),)
        problems = analyse_people(lambda person: analyse(context.resources, person, *shared), here, kind)
        return {"people": len(here), "problems": problems}

    return analyse_chunk


def _count_of(name: str, kind: str) -> dg.OpDefinition:
    @dg.op(
        name=f"{COUNT_STEP_PREFIX}{name}",
        out=dg.Out(dg.Nothing),
        tags=HIGHEST_PRIORITY,
        required_resource_keys={"database"},
    )
    def count(context: dg.OpExecutionContext, chunks: list[dict[str, Any]]) -> None:
        """Report in the asset's metadata the outcome of all chunks."""
        people = sum(chunk["people"] for chunk in chunks)
        problems: Problems = dict(chain.from_iterable(chunk["problems"].items() for chunk in chunks))
        if people and len(problems) == people:
            # What fails for everyone is no person's failure: it is the database's or ours.
            raise dg.Failure(next(iter(problems.values())), allow_retries=False)
        context.add_output_metadata(
            {
                "people": people,
                FAILED_PEOPLE_KEY: dg.MetadataValue.json(list(problems)),
                **newest_runs(context.resources.database, kind),
            }
        )

    return count


def newest_runs(database: Database, kind: str) -> dict[str, Any]:
    """Count people's newest runs, accepted and rejected, and show some; as metadata."""
    with database.connect() as connection:
        runs = connection.execute(
            """
            select distinct on (user_id, target) target, status, created_at, code_version, reason, plot
            from analysis.runs where kind = %s order by user_id, target, created_at desc
            """,
            [kind],
        ).fetchall()
    plots = [(target, plot) for target, _, _, _, _, plot in runs if plot is not None][:MAX_PLOTS]
    return {
        "accepted": sum(run[1] == "accepted" for run in runs),
        "rejected": sum(run[1] == "rejected" for run in runs),
        "newest_runs": counts_table(
            [{"target": target, "status": status, "fitted": str(created)[:16], "code": code, "why": why or ""}
             for target, status, created, code, why, _ in runs]
        ),
        **{f"plot_{_metadata_key(target)}": inline_plot(bytes(plot)) for target, plot in plots},
    }  # fmt: skip


def analyse_people(analyse: Callable[[Person], object], people: Sequence[Person], kind: str) -> Problems:
    """Analyse people one after the other; return the errors by person, without a value."""
    problems: Problems = {}
    for person in people:
        try:
            analyse(person)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the next person's analysis does not have it
            problems[str(person.user_id)] = describe_error(problem)
            dg.get_dagster_logger().error(
                "The analysis (%s) of person %s failed: %s It is retried with the next refresh.",
                kind, person.user_id, describe_error(problem),
            )  # fmt: skip
    return problems


def describe_error(problem: Exception) -> str:
    """Type of an error and where it was raised: a message may hold a value, unless it is a StorageError's."""
    if isinstance(problem, StorageError):
        return str(problem)
    frames = traceback.extract_tb(problem.__traceback__)
    where = "; ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(problem).__name__} at {where}."


def failures_of(instance: dg.DagsterInstance, asset: Sequence[str]) -> list[str]:
    """Ids of the people whose analysis failed when the asset was last materialized."""
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    if event is None or event.asset_materialization is None:
        return []
    ids = event.asset_materialization.metadata.get(FAILED_PEOPLE_KEY)
    return [str(user_id) for user_id in ids.value] if ids and isinstance(ids.value, list) else []


def all_people_analysed_check(asset: Sequence[str]) -> dg.AssetChecksDefinition:
    """A check of an asset that analyses each person: whether it succeeded for everyone."""

    @dg.asset_check(
        asset=list(asset),
        name="all_people_analysed",
        description="Nobody's analysis ended in an error.",
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        failed = failures_of(context.instance, asset)
        return dg.AssetCheckResult(
            passed=not failed, metadata={"people": len(failed), "ids": dg.MetadataValue.json(failed)}
        )

    return check


def _metadata_key(target: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in target)
