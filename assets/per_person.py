"""Assets that analyse each person: people in chunks that executors can share, and what came of it for everyone.

One person's trouble is nobody else's: who could not be analysed is counted, named by their opaque id, tried again with
the next study, and a check says so. Only if nobody could be analysed, in no chunk, the asset fails. Between the steps
go opaque ids, and what an error is called: no value of a person.
"""

import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import batched, chain
from pathlib import Path
from typing import Any

import dagster as dg

from assets.metadata import counts_table, picture
from santorio.errors import StorageError
from santorio.people import Person, all_people
from santorio.settings import Settings
from santorio.storage.database.engine import Database

# A study shows the pictures of a few people; of thousands, a page would never load.
PICTURES = 6
# Where the metadata name the people whose analysis failed.
FAILED = "people_whose_analysis_failed"
# What is begun is ended before the next asset is begun, where one process does all.
SOONER, SOONEST = {"dagster/priority": "1"}, {"dagster/priority": "2"}
# So the last step of each such asset is named.
LAST_STEP = "count_"
# What failed, by the id of whom: what a chunk of people hands on.
type Problems = dict[str, str]


def for_everyone(
    key: Sequence[str],
    analyse: Callable[..., object],
    *,
    kind: str,
    reads: Sequence[Sequence[str]],
    kinds: set[str],
    needs: Sequence[str] = (),
    once: Callable[[Any], object] | None = None,
) -> dg.AssetsDefinition:
    """Make an asset of an analysis that is done for each person: chunk by chunk, then counted.

    Parameters
    ----------
    key
        Of the asset.
    analyse
        Called with the run's resources and a person. What it published it does not publish again, so that a chunk can
        be tried again. Its documentation is the asset's.
    kind
        Of the runs that it writes to `analysis.runs`.
    reads
        Keys of the assets that it reads from the database.
    kinds
        As Dagster shows them.
    needs
        Resources that it uses beside the database.
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
        """Everyone, in chunks; nobody is no chunk."""
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
    @dg.op(name=f"analyse_{name}", tags=SOONER, required_resource_keys={"database", *needs})
    def analyse_chunk(context: dg.OpExecutionContext, chunk: list[str]) -> dict[str, Any]:
        """Analyse the people of a chunk; who is gone by now is passed over."""
        with context.resources.database.connect() as connection:
            here = [person for person in all_people(connection) if str(person.user_id) in chunk]
        shared = () if once is None else (once(context.resources),)
        problems = analyse_each(lambda person: analyse(context.resources, person, *shared), here, kind)
        return {"people": len(here), "problems": problems}

    return analyse_chunk


def _count_of(name: str, kind: str) -> dg.OpDefinition:
    @dg.op(
        name=f"{LAST_STEP}{name}",
        out=dg.Out(dg.Nothing),
        tags=SOONEST,
        required_resource_keys={"database"},
    )
    def count(context: dg.OpExecutionContext, chunks: list[dict[str, Any]]) -> None:
        """Say in the asset's metadata what came of all chunks."""
        people = sum(chunk["people"] for chunk in chunks)
        problems: Problems = dict(chain.from_iterable(chunk["problems"].items() for chunk in chunks))
        if people and len(problems) == people:
            # What fails for everyone is no person's: it is the database's or ours.
            raise dg.Failure(next(iter(problems.values())), allow_retries=False)
        context.add_output_metadata(
            {
                "people": people,
                FAILED: dg.MetadataValue.json(list(problems)),
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
    plots = [(target, plot) for target, _, _, _, _, plot in runs if plot is not None][:PICTURES]
    return {
        "accepted": sum(run[1] == "accepted" for run in runs),
        "rejected": sum(run[1] == "rejected" for run in runs),
        "newest_runs": counts_table(
            [{"target": target, "status": status, "fitted": str(created)[:16], "code": code, "why": why or ""}
             for target, status, created, code, why, _ in runs]
        ),
        **{f"plot_{_word(target)}": picture(bytes(plot)) for target, plot in plots},
    }  # fmt: skip


def analyse_each(analyse: Callable[[Person], object], people: Sequence[Person], kind: str) -> Problems:
    """Analyse people one after the other; return what failed, by the id of whom, without a value."""
    problems: Problems = {}
    for person in people:
        try:
            analyse(person)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the next person's analysis does not have it
            problems[str(person.user_id)] = in_words(problem)
            dg.get_dagster_logger().error(
                "The analysis (%s) of person %s failed: %s It is tried again with the next study.",
                kind, person.user_id, in_words(problem),
            )  # fmt: skip
    return problems


def in_words(problem: Exception) -> str:
    """Say of which kind a problem is and where it arose: a message may hold a value, unless it is of the storage."""
    if isinstance(problem, StorageError):
        return str(problem)
    frames = traceback.extract_tb(problem.__traceback__)
    where = "; ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(problem).__name__} at {where}."


def failures_of(instance: dg.DagsterInstance, asset: Sequence[str]) -> list[str]:
    """Ids of the people whose analysis failed when the asset was made last."""
    made = instance.get_latest_materialization_event(dg.AssetKey(asset))
    told = made and made.asset_materialization and made.asset_materialization.metadata.get(FAILED)
    return [str(one) for one in told.value] if told and isinstance(told.value, list) else []


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


def _word(target: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in target)
