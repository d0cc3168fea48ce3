"""The marts as assets: made again where something arrived, else up to date; what reads them runs anyhow."""

import dagster as dg
import pytest

from assets.warehouse import marts
from pipelines.resources import resources_from_environment
from support.event_histories import histories


@dg.asset(deps=[["marts", "days"], ["staging", "base_garmin__payloads"]])
def reader() -> None:
    """Stand for the models that read the marts."""


# Upstream: dagster-dbt calls what dagster itself deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_reads_the_marts_runs_whether_or_not_anything_was_made(database, settings):
    resources = {**resources_from_environment(), "database": database, "settings": settings}
    with dg.DagsterInstance.ephemeral() as instance:

        def states() -> set[str]:
            result = dg.materialize([marts, reader], instance=instance, resources=resources)
            assert result.success
            assert result.asset_materializations_for_node("reader")
            made = result.asset_materializations_for_node("marts")
            assert len(made) == len(marts.keys)
            return {str(one.metadata["state"].value) if "state" in one.metadata else "made" for one in made}

        with database.connect() as connection:
            (person, other) = histories(connection, seed=1, people=2)
            person.next_batch(connection, 40)
        assert states() == {"made"}
        assert states() == {"up to date"}
        with database.connect() as connection:
            person.next_batch(connection, 10)
        assert states() == {"made", "up to date"}  # views stay
        with database.connect() as connection:
            assert connection.execute("select count(*) from raw.change_queue").fetchone() == (0,)
            assert connection.execute("select count(*) from ops.builds").fetchone() == (2,)
            # A mart that lost a row: what is made then is not shown, and stays queued.
            lost = connection.execute("delete from marts.nights where sleep_minutes is not null").rowcount
            assert lost > 0
            other.next_batch(connection, 10)
        result = dg.materialize([marts], instance=instance, resources=resources, raise_on_error=False)
        assert not result.success
        with database.connect() as connection:
            assert connection.execute("select count(*) > 0 from raw.change_queue").fetchone() == (True,)
            assert connection.execute("select count(*) from ops.builds").fetchone() == (2,)
            shown = "select count(*) from serving.nights where sleep_minutes is not null"
            assert connection.execute(shown).fetchone() == (lost,)
