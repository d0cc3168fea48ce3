"""Analyses of each person: one's trouble is nobody else's, is told without a value, and is noticed."""

from collections.abc import Callable

import dagster as dg
import pytest

from assets.insights import FAILED, everyone_was_analysed, for_everyone
from santorio.database.engine import Database
from santorio.people import Person, all_people, ensure_person

KEY = ["insights", "effects"]
SECRET = "61.7 bpm"


@pytest.fixture
def people(database: Database) -> list[Person]:
    with database.connect() as connection:
        for name in ("Ada", "Ben", "Cy"):
            ensure_person(connection, name, "Europe/Berlin")
        return all_people(connection)


def make(
    database: Database, instance: dg.DagsterInstance, analyse: Callable[[Database, Person], object]
) -> dg.ExecuteInProcessResult:
    @dg.asset(key=KEY)
    def effects(database: dg.ResourceParam[Database]) -> dg.MaterializeResult[None]:
        return for_everyone(database, analyse, "effects")

    definitions = dg.Definitions(
        assets=[effects], asset_checks=[everyone_was_analysed(KEY)], resources={"database": database}
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, raise_on_error=False)


def verdict(result: dg.ExecuteInProcessResult) -> tuple[bool, object]:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation.passed, evaluation.metadata["ids"].value


def test_the_others_are_analysed_and_a_check_names_who_was_not_until_they_are(database, people):
    done: list[str] = []
    _, ben, _ = people

    def analyse(_: Database, person: Person) -> None:
        if person == ben and len(done) < 3:
            raise ValueError(SECRET)
        done.append(person.name)

    with dg.DagsterInstance.ephemeral() as instance:
        result = make(database, instance, analyse)
        assert result.success
        assert done == ["Ada", "Cy"]
        assert verdict(result) == (False, [str(ben.user_id)])
        (made,) = result.get_asset_materialization_events()
        metadata = made.step_materialization_data.materialization.metadata
        assert (metadata["people"].value, metadata[FAILED].value) == (3, [str(ben.user_id)])
        told = " ".join(entry.user_message for entry in instance.all_logs(result.run_id))
        assert "ValueError" in told
        assert "test_insights_of_everyone.py:" in told
        assert SECRET not in told
        done.append("Ben got well")
        again = make(database, instance, analyse)
        assert verdict(again) == (True, [])
        assert done[3:] == ["Ada", "Ben", "Cy"]


def test_what_fails_for_everyone_fails_the_asset(database, people):
    def analyse(_: Database, person: Person) -> None:
        raise ConnectionError(person.name)

    with dg.DagsterInstance.ephemeral() as instance:
        result = make(database, instance, analyse)
    assert not result.success
    assert not result.get_asset_materialization_events()


def test_without_anybody_it_is_made_and_well(database):
    with dg.DagsterInstance.ephemeral() as instance:
        result = make(database, instance, lambda *_: None)
    assert verdict(result) == (True, [])
