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
# For Dagster's own storage: its statements are short, and an idle connection is reopened after an hour.
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
    # A refresh is one process over everything: two at once would only wait for each other.
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
    _disable_synchronous_commit(database)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ[URL_VARIABLE] = database.dagster_sqlalchemy_url
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"


def _disable_synchronous_commit(database: Database) -> None:
    """Let Dagster's own database commit without waiting for the disk.

    A refresh writes a thousand events, one commit each. A power cut may lose its last second. Then a refresh that ended
    is run again, which changes nothing: its results are in our database, which does wait.
    """
    with psycopg.connect(database.dagster_url, autocommit=True) as connection:
        if connection.execute("show synchronous_commit").fetchone() == ("off",):
            return
        with suppress(psycopg.errors.InsufficientPrivilege):  # a database of another owner stays as it is
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("alter database {} set synchronous_commit = off").format(name))


def enable_connection_pool(instance: "DagsterInstance") -> None:
    """Pool an instance's connections for as long as the process lasts.

    By default Dagster connects three times for each event. Dagster documents the pool for its web server; a refresh of
    a thousand events gains as much from it.
    """
    instance.optimize_for_webserver(
        statement_timeout=STATEMENT_MILLISECONDS, pool_recycle=IDLE_SECONDS, max_overflow=20
    )
