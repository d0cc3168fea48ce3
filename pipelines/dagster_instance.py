"""Dagster's own home: its storage lies in a database beside ours, on the same server."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from santorio.settings import Settings
from santorio.storage.database.engine import Database

if TYPE_CHECKING:
    from dagster import DagsterInstance

URL_VARIABLE = "SANTORIO_DAGSTER_STORAGE_URL"
# Of Dagster's own storage: no statement of it is long, and connections that nobody used so long are made anew.
STATEMENT_MILLISECONDS, IDLE_SECONDS = 120_000, 3_600
DAGSTER_YAML = f"""\
# Written by Santorio at every start; changes here are lost.
storage:
  postgres:
    postgres_url:
      env: {URL_VARIABLE}
telemetry:
  enabled: false
# No invitation to a newsletter over a person's own data.
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    # A study is one process over everything: two at once would only wait for each other.
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
retention:
  sensor:
    purge_after_days: {{skipped: 7, failure: 30, success: -1}}
  schedule:
    purge_after_days: {{skipped: 7, failure: 30, success: -1}}
"""


def use_dagster_home(settings: Settings, database: Database) -> None:
    """Point this process and its children to Dagster's home and storage.

    psycopg2 is named in the URL: SQLAlchemy 2.1 would take psycopg 3, which breaks dagster-postgres' NOTIFY.
    """
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    configuration = settings.dagster_home / "dagster.yaml"
    if not configuration.exists() or configuration.read_text() != DAGSTER_YAML:
        configuration.write_text(DAGSTER_YAML)
    _commit_soon(database)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ[URL_VARIABLE] = database.dagster_sqlalchemy_url
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"


def _commit_soon(database: Database) -> None:
    """Let Dagster's own database wait for no disk: a study writes a thousand events, one commit each.

    A power cut may take its last second. Then a study that ended is done again, which changes nothing: what it made
    is in our database, which does wait.
    """
    with psycopg.connect(database.dagster_url, autocommit=True) as connection:
        if connection.execute("show synchronous_commit").fetchone() == ("off",):
            return
        with suppress(psycopg.errors.InsufficientPrivilege):  # of somebody else's database nothing is changed
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("alter database {} set synchronous_commit = off").format(name))


def keep_connections(instance: "DagsterInstance") -> None:
    """Let an instance keep its connections for as long as the process lasts.

    By default Dagster connects anew three times for each event. That it does not is said to be for its web server; for
    a study of a thousand events it is worth as much.
    """
    instance.optimize_for_webserver(
        statement_timeout=STATEMENT_MILLISECONDS, pool_recycle=IDLE_SECONDS, max_overflow=20
    )
