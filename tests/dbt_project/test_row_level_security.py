"""The read side sees one person's rows, and only through the schema `api`."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors

from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.warehouse import ensure_manifest
from santorio.warehouse.manifest import read_models
from support.api_resources import VIEW_OF

TEA = '{"trial": "tea", "arms": ["no", "tea"], "outcome": "mood", "start_day": "2026-03-01", "assignment": [0, 1]}'
VIEWS = tuple(sorted(VIEW_OF.values()))


@contextmanager
def as_reader(warehouse: Database, user_id: object = None) -> Iterator[psycopg.Connection]:
    """A connection with the rights of the API's role, for a person or for nobody."""
    with psycopg.connect(warehouse.url) as connection:
        connection.execute("set session authorization santorio_api")
        if user_id is not None:
            connection.execute("select set_config('santorio.user_id', %s, false)", [str(user_id)])
        yield connection


@pytest.fixture(scope="module")
def two_people(warehouse: Database, build: Any) -> tuple[Person, Person]:
    """Two people, each with a row in every view."""
    people = []
    with warehouse.connect() as connection:
        for name in ("one", "other"):
            person = ensure_person(connection, name, "Europe/Berlin")
            write_life(connection, person)
            people.append(person)
    build()
    return people[0], people[1]


def write_life(connection: psycopg.Connection, person: Person) -> None:
    run = {kind: uuid.uuid4() for kind in ("effects", "proposals", "trial", "baselines", "population")}
    event = (
        "insert into raw.events (event_id, content_hash, user_id, time, utc_offset, event_type, source, data) "
        "values (gen_random_uuid(), '', %s, '2026-03-01 08:00+00', '01:00', %s, %s, %s::jsonb)"
    )
    for event_type, source, data in (
        ("garmin.steps", "garmin", '{"calendarDate": "2026-03-01", "totalSteps": 4000}'),
        ("garmin.sleep_score", "garmin", '{"calendarDate": "2026-03-01", "value": 80}'),
        (
            "garmin.activity",
            "garmin",
            '{"activityId": 1, "startTimeGMT": "2026-03-01 08:00:00", "duration": 60}',
        ),
        ("trial.protocol", "trial", TEA),
    ):
        connection.execute(event, [person.user_id, event_type, source, data])
    for kind, run_id in run.items():
        connection.execute(
            "insert into analysis.runs "
            "(run_id, user_id, kind, target, status, fingerprint, as_of, code_version) "
            "values (%s, %s, %s, 'tea', 'accepted', 'f', now(), '0')",
            [run_id, person.user_id, kind],
        )
    connection.execute(
        "insert into analysis.effects values (%s, %s, 'mood', 'alcohol_g', 0, 'g', 'points', 14, -1, 1, -3, 1, "
        "-2, 0, 0.2, 9, 1)",
        [run["effects"], person.user_id],
    )
    connection.execute(
        "insert into analysis.proposals values (%s, %s, 1, 'walks', 'Do walks lift mood?', 'walks', 'mood', "
        "'[]', '{}', 1, 42, 0.8, 0.1, 0.2, 'because')",
        [run["proposals"], person.user_id],
    )
    connection.execute(
        "insert into analysis.trial_results values (%s, %s, 'tea', 'mood', 'tea', 'no', 'points', 7, 6, 1, 1, 1, "
        "1, 0.5, 0, 2, 0.5, 1.5, 0.5, 0.8, 0.2, 0, 'adopt', 1, null, null, true)",
        [run["trial"], person.user_id],
    )
    connection.execute(
        "insert into analysis.baselines values (%s, %s, 'mood', 'points', 40, '2026-03-01', 7, 6, 5.5, 6.5, 5, 7, 4, "
        "8, '[]', '[]', '[]')",
        [run["baselines"], person.user_id],
    )
    for factor, is_member in (("alcohol_g", True), ("walks", False)):
        connection.execute(
            "insert into analysis.population (run_id, user_id, basis, outcome, factor, lag_days, unit, is_member, "
            "people, mean, lower_95, upper_95, between_sd, between_lower_95, between_upper_95, shrunk_estimate, "
            "shrunk_sd) "
            "values (%s, %s, 'association', 'mood', %s, 0, 'points', %s, 5, 1, 0, 2, 1, 0, 2, %s, %s)",
            [run["population"], person.user_id, factor, is_member, *[1.0 if is_member else None] * 2],
        )
    connection.execute(
        "insert into ops.coverage (user_id, kind, day, status) values (%s, 'sleep', '2026-03-01', 'final'), "
        "(%s, 'sleep', '2026-03-03', 'final')",
        [person.user_id, person.user_id],
    )


@pytest.mark.parametrize("view", VIEWS)
def test_a_session_sees_its_own_person_and_nobody_else(
    warehouse: Database, two_people: tuple[Person, Person], view: str
) -> None:
    for person in two_people:
        with as_reader(warehouse, person.user_id) as connection:
            seen = connection.execute(f"select distinct user_id from api.{view}").fetchall()
        assert seen == [(person.user_id,)]


@pytest.mark.parametrize("user_id", [None, "", uuid.UUID(int=0)])
@pytest.mark.parametrize("view", VIEWS)
def test_a_session_of_nobody_sees_nothing_and_gets_no_error(
    warehouse: Database, two_people: tuple[Person, Person], view: str, user_id: object
) -> None:
    with as_reader(warehouse, user_id) as connection:
        assert connection.execute(f"select count(*) from api.{view}").fetchone() == (0,)


@pytest.mark.parametrize(
    "table",
    [
        "raw.events",
        "ops.people",
        "ops.coverage",
        "staging.stg_logs__moods",
        "intermediate.int_weights__by_day",
        "marts.days",
        "analysis.runs",
        "training.recordings",
    ],
)
def test_the_reader_can_read_nothing_but_the_views(
    warehouse: Database, two_people: tuple[Person, Person], table: str
) -> None:
    with (
        as_reader(warehouse, two_people[0].user_id) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(f"select * from {table}")


def test_every_mart_is_guarded_and_every_view_a_barrier(
    warehouse: Database, two_people: tuple[Person, Person]
) -> None:
    with warehouse.connect() as connection:
        guarded = connection.execute(
            "select relname, relrowsecurity from pg_class "
            "where relnamespace = 'marts'::regnamespace and relkind = 'r'"
        ).fetchall()
        views = connection.execute(
            "select relname, relowner::regrole::text, 'security_barrier=true' = any(reloptions) "
            "from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v'"
        ).fetchall()
    models = read_models(ensure_manifest())
    marts = [model.relation[1] for model in models if model.relation[0] == "marts" and model.is_incremental]
    assert dict(guarded) == dict.fromkeys(marts, True)
    assert {name for name, *_ in views} == set(VIEWS)
    assert {(owner, barrier) for _, owner, barrier in views} == {("santorio_view_owner", True)}


def test_an_experiment_is_a_trial_with_its_results_or_a_proposal(
    warehouse: Database, two_people: tuple[Person, Person]
) -> None:
    with as_reader(warehouse, two_people[0].user_id) as connection:
        found = connection.execute(
            "select trial_id, status, decision, result -> 0 ->> 'estimate', schedule, days_needed "
            "from api.trials order by trial_id desc"
        ).fetchall()
    assert found == [
        ("trial:tea", "analysed", "adopt", "1", {"1": "no", "2": "tea"}, 2),
        ("proposal:walks", "proposed", None, None, {}, 42),
    ]


def test_of_what_people_share_a_person_sees_the_pools_that_they_are_in(
    warehouse: Database, two_people: tuple[Person, Person]
) -> None:
    with as_reader(warehouse, two_people[0].user_id) as connection:
        found = connection.execute("select factor, people from api.population").fetchall()
    assert found == [("alcohol_g", 5)]


def test_a_hole_in_the_coverage_is_a_row(warehouse: Database, two_people: tuple[Person, Person]) -> None:
    with as_reader(warehouse, two_people[0].user_id) as connection:
        found = connection.execute("select day::text, status from api.coverage order by day").fetchall()
    assert found == [("2026-03-01", "final"), ("2026-03-02", "missing"), ("2026-03-03", "final")]


def test_a_rejected_run_publishes_nothing_and_the_last_good_one_stays(
    warehouse: Database, two_people: tuple[Person, Person]
) -> None:
    one = two_people[0].user_id
    with warehouse.connect() as connection:
        connection.execute(
            "insert into analysis.runs "
            "(run_id, user_id, kind, target, status, fingerprint, as_of, code_version, reason) "
            "select gen_random_uuid(), %s, kind, 'tea', 'rejected', 'g', now(), '0', 'R-hat' "
            "from unnest(array['effects', 'trial']) as kinds (kind)",
            [one],
        )
    with as_reader(warehouse, one) as connection:
        assert connection.execute("select count(*) from api.effects").fetchone() == (1,)
        assert connection.execute(
            "select decision, last_run_status, last_run_reason from api.trials where kind = 'trial'"
        ).fetchone() == ("adopt", "rejected", "R-hat")
