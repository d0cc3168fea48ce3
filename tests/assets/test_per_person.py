"""Analyses of each person: in chunks, one's trouble is nobody else's, is told without a value, and is noticed."""

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from assets.per_person import FAILED_PEOPLE_KEY, all_people_analysed_check, per_person_asset
from santorio.errors import StorageError
from santorio.people import Person, all_people, ensure_person
from santorio.settings import Settings
from santorio.storage.database.engine import Database

KEY = ["analysis", "effects"]
SECRET = "61.7 bpm"


@pytest.fixture
def people(database: Database) -> list[Person]:
    with database.connect() as connection:
        for name in ("Ada", "Ben", "Cy", "Dee", "Eli"):
            ensure_person(connection, name, "Europe/Berlin")
        return all_people(connection)


@pytest.fixture
def make(database: Database, settings: Settings) -> Callable[..., dg.ExecuteInProcessResult]:
    """Makes the asset, two people a chunk."""

    def made(
        instance: dg.DagsterInstance, analyse: Callable[[Any, Person], object]
    ) -> dg.ExecuteInProcessResult:
        definitions = dg.Definitions(
            assets=[
                per_person_asset(KEY, analyse, kind="effects", reads=[["marts", "days"]], kinds={"python"})
            ],
            asset_checks=[all_people_analysed_check(KEY)],
            resources={
                "database": database,
                "settings": settings.model_copy(update={"people_in_a_chunk": 2}),
            },
        )
        job = definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=instance, raise_on_error=False)

    return made


def verdict(result: dg.ExecuteInProcessResult) -> tuple[bool, object]:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation.passed, evaluation.metadata["ids"].value


def chunks(result: dg.ExecuteInProcessResult) -> list[str]:
    steps = [event.step_key for event in result.all_events if event.is_step_success]
    return [
        step for step in steps if step is not None and step.startswith("analysis__effects.analyse_effects")
    ]


def test_the_others_are_analysed_and_a_check_names_who_was_not_until_they_are(make, people):
    done: list[str] = []
    ben = people[1]

    def analyse(_: Any, person: Person) -> None:
        if person == ben and len(done) < 5:
            raise ValueError(SECRET)
        done.append(person.name)

    with dg.DagsterInstance.ephemeral() as instance:
        result = make(instance, analyse)
        assert result.success
        assert done == ["Ada", "Cy", "Dee", "Eli"]
        assert chunks(result) == [
            f"analysis__effects.analyse_effects[chunk_{number}]" for number in (1, 2, 3)
        ]
        assert verdict(result) == (False, [str(ben.user_id)])
        (made,) = result.get_asset_materialization_events()
        metadata = made.step_materialization_data.materialization.metadata
        assert (metadata["people"].value, metadata[FAILED_PEOPLE_KEY].value) == (5, [str(ben.user_id)])
        told = " ".join(entry.user_message for entry in instance.all_logs(result.run_id))
        assert "ValueError" in told
        assert "test_per_person.py:" in told
        assert SECRET not in told
        done.append("Ben got well")
        again = make(instance, analyse)
        assert verdict(again) == (True, [])
        assert done[5:] == ["Ada", "Ben", "Cy", "Dee", "Eli"]


def test_a_chunk_of_which_nobody_could_be_analysed_does_not_fail_the_others(make, people):
    first_two = people[:2]

    def analyse(_: Any, person: Person) -> None:
        if person in first_two:
            raise ValueError(SECRET)

    with dg.DagsterInstance.ephemeral() as instance:
        result = make(instance, analyse)
    assert result.success
    assert verdict(result) == (False, [str(person.user_id) for person in first_two])


def test_between_the_steps_go_ids_and_what_an_error_is_called(make, people):
    def analyse(_: Any, person: Person) -> None:
        if person == people[0]:
            raise ValueError(SECRET)

    with dg.DagsterInstance.ephemeral() as instance:
        result = make(instance, analyse)
    ids = [str(person.user_id) for person in people]
    asked = result.output_for_node("analysis__effects.people_for_effects")
    assert asked == {"chunk_1": ids[:2], "chunk_2": ids[2:4], "chunk_3": ids[4:]}
    told = result.output_for_node("analysis__effects.analyse_effects")
    assert [told[chunk]["people"] for chunk in asked] == [2, 2, 1]
    assert list(told["chunk_1"]["problems"]) == ids[:1]
    # Executors on other machines hand it on as a file.
    handed_on = json.dumps([asked, told])
    assert not any(f'"{word}"' in handed_on for word in (SECRET, *(person.name for person in people)))


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ConnectionError(SECRET), "ConnectionError at per_person.py:"),
        (StorageError("The database went away.", hint="Start it."), "The database went away."),
    ],
)
def test_what_fails_for_everyone_fails_the_asset_and_is_said_without_a_value(make, people, problem, said):
    def analyse(_: Any, person: Person) -> None:
        raise problem

    with dg.DagsterInstance.ephemeral() as instance:
        result = make(instance, analyse)
        told = " ".join(str(entry) for entry in instance.all_logs(result.run_id))
    assert not result.success
    assert not result.get_asset_materialization_events()
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_key == "analysis__effects.count_effects"
    assert said in str(failure.step_failure_data.user_failure_data.description)
    assert SECRET not in told


def test_without_anybody_it_is_made_and_well(make):
    with dg.DagsterInstance.ephemeral() as instance:
        result = make(instance, lambda *_: None)
    assert chunks(result) == []
    assert verdict(result) == (True, [])


def test_in_one_process_an_asset_is_ended_before_the_next_is_begun(database, settings, people):
    def analyse(*_: object) -> None: ...

    keys = (["analysis", "effects"], ["analysis", "trials"])
    definitions = dg.Definitions(
        assets=[per_person_asset(key, analyse, kind=key[-1], reads=[], kinds={"python"}) for key in keys],
        resources={"database": database, "settings": settings.model_copy(update={"people_in_a_chunk": 2})},
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
    ended = [
        event.step_key
        for event in result.all_events
        if event.is_step_success and "people_for" not in event.step_key
    ]
    assert [step.rpartition("_")[2] for step in ended] == [
        *(f"{number}]" for number in (1, 2, 3)), "effects", *(f"{number}]" for number in (1, 2, 3)), "trials",
    ]  # fmt: skip
