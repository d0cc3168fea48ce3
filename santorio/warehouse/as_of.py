"""The marts as of a past instant, beside the current ones: `past_marts` and the schemas that it is made from."""

import datetime as dt
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from santorio.errors import ConfigError, DatabaseBusy, StorageError
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, try_lock_session
from santorio.warehouse.dbt import DBT, PROJECT, dbt_variables

# No log is older than the Unix epoch; and at the first and last days of the calendar a time zone leads out of it.
EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SCHEMAS = ("past_staging", "past_intermediate", "past_marts")


def build_past(
    database: Database, at: dt.datetime, folder: Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Build every mart from what the log held at an instant, in place of the last such build.

    The current marts, what the API shows and the change queue do not change.

    Parameters
    ----------
    at
        The instant, aware; what was ingested later is not known yet.
    folder
        Where dbt writes what it compiles.
    progress
        Called with models done and models in all.

    Returns
    -------
    dict
        Rows of each mart.

    Raises
    ------
    ConfigError
        If the instant has no time zone, is in the future, or before 1970.
    DatabaseBusy
        If another such build runs.
    StorageError
        If a model fails; the marts of an earlier such build are gone then.
    """
    at = past_instant(at)
    # Held by a connection of its own from before anything is dropped until all is counted. A second build does not
    # wait, because it would then replace the tables of the first.
    with database.connect(autocommit=True) as holder:
        if not try_lock_session(holder, Lock.BUILD_AS_OF):
            raise DatabaseBusy(
                "The marts of another instant are being built.", hint="Wait for that build, then try again."
            )
        with database.connect() as connection:
            for schema in SCHEMAS:
                connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        _run_dbt(database, at, folder, progress or (lambda _done, _all: None))
        with database.connect() as connection:
            # In the database too, so that nobody takes these tables for the current ones.
            connection.execute(
                sql.SQL("comment on schema past_marts is {}").format(f"As known at {at.isoformat()}")
            )
            return _rows_of_marts(connection)


def past_instant(at: dt.datetime) -> dt.datetime:
    """Give an instant in UTC.

    Raises
    ------
    ConfigError
        If it has no time zone, is in the future, or before 1970.
    """
    if at.tzinfo is None:
        raise ConfigError("The instant has no time zone.", hint="Write it as 2026-03-01T12:00+01:00.")
    if at > dt.datetime.now(dt.UTC):
        raise ConfigError("The instant is in the future.", hint="Name a past instant.")
    if at < EARLIEST:
        raise ConfigError("No log is that old.", hint=f"Name an instant after {EARLIEST.year}.")
    return at.astimezone(dt.UTC)


def _rows_of_marts(connection: psycopg.Connection) -> dict[str, int]:
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'past_marts' order by 1"
    ).fetchall()
    rows: dict[str, int] = {}
    for (name,) in names:
        counting = sql.SQL("select count(*) from {}").format(sql.Identifier("past_marts", name))
        counted = connection.execute(counting).fetchone()
        rows[name] = counted[0] if counted else 0
    return rows


def _run_dbt(database: Database, at: dt.datetime, folder: Path, progress: Callable[[int, int], None]) -> None:
    # No file of logs or results: they would quote the rows that a model failed on.
    command = [
        str(DBT), "--log-format", "json", "--log-level-file", "none", "--no-write-json",
        "run", "--target", "past", "--exclude", "path:models/api",
        "--vars", json.dumps({"as_of": at.isoformat()}),
        "--project-dir", str(PROJECT), "--target-path", str(folder / "past"), "--log-path", str(folder / "past"),
    ]  # fmt: skip
    environment = {**os.environ, **dbt_variables(database.url)}
    failed: list[str] = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in process.stdout:
            _follow(line, progress, failed)
    if process.returncode != 0:
        raise StorageError(
            "The marts could not be built: " + ("; ".join(failed) or "dbt stopped before its first model."),
            hint="The current marts have not changed.",
        )


def _follow(line: str, progress: Callable[[int, int], None], failed: list[str]) -> None:
    """Read a line of dbt's log: which model ended, and how."""
    try:
        entry = json.loads(line)
    except ValueError:
        return
    name, data = entry.get("info", {}).get("name"), entry.get("data", {})
    if name == "LogModelResult":
        progress(int(data["index"]), int(data["total"]))
        if data.get("status") == "ERROR":
            failed.append(str(data["node_info"]["node_name"]))
