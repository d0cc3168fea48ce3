"""Dagster's own storage: a database beside ours that waits for no disk, over connections that are kept."""

import uuid
from dataclasses import replace

import dagster as dg
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pipelines.dagster_instance import URL_VARIABLE, enable_connection_pool, use_dagster_home
from santorio.storage.database.connect import create_database


@pytest.fixture
def beside(database, server_url, monkeypatch):
    """The database, with one for Dagster that no other test has, on a server that waits for the disk."""
    name = f"dagster_{uuid.uuid4().hex[:8]}"
    create_database(server_url, name)
    for variable in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", URL_VARIABLE):
        monkeypatch.setenv(variable, "")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"alter database {name} set synchronous_commit = on")
        yield replace(database, dagster_url=make_conninfo(server_url, dbname=name))
        connection.execute(f"drop database {name} with (force)")


def of_new_connections(url):
    with psycopg.connect(url) as connection:
        return connection.execute("show synchronous_commit").fetchone()[0]


def test_dagsters_database_waits_for_no_disk_and_ours_stays_as_it_is(beside, settings):
    ours = of_new_connections(beside.url)
    assert of_new_connections(beside.dagster_url) == "on"
    for _ in range(2):
        use_dagster_home(settings, beside)
        assert of_new_connections(beside.dagster_url) == "off"
    assert of_new_connections(beside.url) == ours


def test_a_study_uses_the_connections_of_the_study_before_it(beside, settings):
    use_dagster_home(settings, beside)

    @dg.op
    def much():
        for number in range(20):
            yield dg.AssetMaterialization("a", metadata={"number": number})
        yield dg.Output(None)

    @dg.job
    def study():
        much()

    with (
        dg.DagsterInstance.get() as instance,
        psycopg.connect(beside.dagster_url, autocommit=True) as watching,
    ):

        def connections_after_a_study():
            assert study.execute_in_process(instance=instance).success
            others = "datname = current_database() and pid <> pg_backend_pid()"
            return {pid for (pid,) in watching.execute(f"select pid from pg_stat_activity where {others}")}

        # A connection that is closed may be seen for a moment longer, but not after another study.
        assert not connections_after_a_study() & connections_after_a_study()
        enable_connection_pool(instance)
        kept = connections_after_a_study()
        assert kept
        assert connections_after_a_study() == kept
