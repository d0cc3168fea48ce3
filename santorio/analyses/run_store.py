"""The store of analysis runs: a transaction per run. An accepted run publishes its rows, a rejected one only itself."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from santorio.code_version import code_version
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import lock_analysis

Kind = Literal["trial", "effects", "proposals", "baselines", "population"]
Status = Literal["accepted", "rejected", "unchanged", "not enough data"]

TABLES: Mapping[Kind, str] = {
    "trial": "trial_results",
    "effects": "effects",
    "proposals": "proposals",
    "baselines": "baselines",
    "population": "population",
}


@dataclass(frozen=True)
class RunReport:
    """The result of an analysis for one target: counts, diagnostics and a plot; its texts contain no health value.

    Attributes
    ----------
    kind, target
        A trial by its name, the effects or the baseline of an outcome, or all proposals.
    status
        "unchanged" where the inputs are those of the last run; "not enough data" is a state, not an error.
    reason
        Why it was rejected or not computed.
    rows
        Rows published.
    diagnostics
        Diagnostics of the sampler, and counts.
    plot
        PNG of an accepted run.
    """

    kind: Kind
    target: str
    status: Status
    reason: str | None = None
    rows: int = 0
    diagnostics: Mapping[str, object] = field(default_factory=dict)
    plot: bytes | None = None
    run_id: UUID | None = None


@dataclass(frozen=True)
class Run:
    """One analysis, ready to be recorded.

    Attributes
    ----------
    as_of
        Instant at which the newest of its inputs became known.
    known_at
        Instant of the log that the marts reflected when they were read; None before a build was published.
    reason
        Why it is rejected; None accepts it.
    posterior_object
        SHA-256 of its posterior in the object store, if it is stored.
    further_rows
        Rows of other tables that belong to it, by table.
    """

    user_id: UUID
    kind: Kind
    target: str
    fingerprint: str
    as_of: dt.datetime
    rows: Sequence[Mapping[str, object]] = ()
    diagnostics: Mapping[str, object] = field(default_factory=dict)
    plot: bytes | None = None
    reason: str | None = None
    known_at: dt.datetime | None = None
    posterior_object: str | None = None
    further_rows: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)


def latest_results(
    connection: psycopg.Connection, user_id: UUID, table: str, order: str
) -> list[dict[str, object]]:
    """Read a person's rows of the newest accepted run of each target.

    Parameters
    ----------
    table
        One of `TABLES`.
    order
        Columns to order by; never a user's text.
    """
    query = f"""
        select result.* from analysis.{table} result
        where run_id in (
          select distinct on (kind, target) run_id from analysis.runs
          where user_id = %s and status = 'accepted' order by kind, target, created_at desc)
        order by {order}
        """  # noqa: S608 - both names are literals of the callers
    return connection.cursor(row_factory=dict_row).execute(query, [user_id]).fetchall()


def last_cache_key(connection: psycopg.Connection, user_id: UUID, kind: Kind, target: str) -> str | None:
    """Cache key of the newest run of this target, accepted or not; None if there is none."""
    row = connection.execute(
        """
        select fingerprint from analysis.runs where user_id = %s and kind = %s and target = %s
        order by created_at desc limit 1
        """,
        [user_id, kind, target],
    ).fetchone()
    return str(row[0]) if row else None


def publish(database: Database, run: Run, *, force: bool = False) -> RunReport:
    """Record a run, and its rows if it is accepted, in one transaction.

    Publishing a run with the same cache key again changes nothing unless `force` is set.
    """
    status: Status = "rejected"
    plot = None
    tables: dict[str, Sequence[Mapping[str, object]]] = {}
    if run.reason is None:
        status = "accepted"
        plot = run.plot
        tables = {TABLES[run.kind]: run.rows, **run.further_rows}
    with database.connect() as connection:
        # Two processes may have computed the same run: the second finds the first one's.
        lock_analysis(connection, run.user_id, run.kind, run.target)
        if not force and last_cache_key(connection, run.user_id, run.kind, run.target) == run.fingerprint:
            return RunReport(run.kind, run.target, "unchanged")
        run_id = uuid4()
        record: dict[str, object] = {
            "run_id": run_id,
            "user_id": run.user_id,
            "kind": run.kind,
            "target": run.target,
            "status": status,
            "fingerprint": run.fingerprint,
            "as_of": run.as_of,
            "known_at": run.known_at,
            "code_version": code_version(),
            "diagnostics": Jsonb(dict(run.diagnostics)),
            "plot": plot,
            "reason": run.reason,
            "posterior_object": run.posterior_object,
        }
        insert(connection, "runs", [record])
        for table, rows in tables.items():
            insert(connection, table, [{"run_id": run_id, "user_id": run.user_id, **row} for row in rows])
    published = 0
    if status == "accepted":
        published = len(run.rows)
    return RunReport(
        kind=run.kind,
        target=run.target,
        status=status,
        reason=run.reason,
        rows=published,
        diagnostics=run.diagnostics,
        # A run without rows has nothing to show.
        plot=plot if published else None,
        run_id=run_id,
    )


def insert(connection: psycopg.Connection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of one shape into a table of the schema analysis."""
    if not rows:
        return
    columns = list(rows[0])
    statement = sql.SQL("insert into analysis.{} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )
    # Every row has the columns of the first, whatever their order.
    values = [list(map(row.__getitem__, columns)) for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
