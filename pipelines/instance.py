"""Dagster's own home: its storage lies in a database beside ours, on the same server."""

import os

from santorio.database.engine import Database
from santorio.settings import Settings

URL_VARIABLE = "SANTORIO_DAGSTER_STORAGE_URL"
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
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ[URL_VARIABLE] = database.dagster_sqlalchemy_url
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
