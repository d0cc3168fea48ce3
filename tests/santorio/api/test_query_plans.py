"""How the server answers what the API asks, with many people in every table: through an index, one person's rows."""

import datetime as dt
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from benchmarks.api_latency import Plan, Question, explained, questions
from benchmarks.simulated_people import write_insights
from santorio.api.params import BaselinesQuery
from santorio.api.resources import BASELINES
from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database

PEOPLE, DAYS = 200, 120
LAST = dt.date(2026, 3, 20)
# Of one person, so that a page of theirs is a small part of what they have.
ACTIVITIES = 3000

PERSON_DAYS = (
    "insert into {} (user_id, day, as_of{more}) select user_id, day, now(){values} from ops.people "
    "cross join generate_series(%(last)s::date - %(days)s, %(last)s::date, interval '1 day') as day"
)
PERSON_ACTIVITIES = """
insert into {} (user_id, activity_id, source, started_at, day, recordings, as_of)
select user_id, number::text, 'garmin', at, at::date, 1, now()
from (select user_id, row_number() over (order by name) as place from ops.people) as people
cross join lateral generate_series(1, case place when 1 then %(activities)s else 60 end) as number
cross join lateral (select %(last)s::timestamptz - number * interval '9 hours' as at) as instant
"""
PERSON_TRIALS = """
insert into {}
  (user_id, trial, question, arms, outcome, secondary, start_day, last_day, study_days, has_protocol, as_of)
select user_id, 'magnesium', 'Does it?', '["none", "magnesium"]', 'mood', '[]', %(last)s, %(last)s, 56, true, now()
from ops.people
"""
TRIAL_DAYS = """
insert into {} (user_id, trial, study_day, first_day, last_day, arm, as_of)
select user_id, 'magnesium', day, %(last)s, %(last)s, 'none', now()
from ops.people cross join generate_series(1, 56) as day
"""
TRIAL_STATUSES = """
insert into {} (user_id, trial, last_event, since, as_of)
select user_id, trial, 'started', %(last)s, now()
from ops.people cross join unnest(array['magnesium', 'walks', 'naps']) as trial
"""
LEDGER = """
insert into {} (user_id, kind, day, status{more})
select user_id, 'kind_' || kind, day, case extract(day from day) when 7 then 'missing' else 'final' end{values}
from ops.people cross join generate_series(1, 6) as kind
cross join generate_series(%(last)s::date - %(days)s, %(last)s::date, interval '1 day') as day
"""

# Of each metric the newest accepted run is kept, beside others that published nothing.
BASELINES_RUNS = """
insert into analysis.runs (run_id, user_id, kind, target, status, fingerprint, as_of, code_version, created_at)
select gen_random_uuid(), user_id, 'baselines', 'metric_' || metric, status, '', %(last)s, '0', %(last)s
from ops.people cross join generate_series(1, 20) as metric
cross join unnest(array['accepted', 'rejected']) as status
"""
BASELINES_ROWS = """
insert into analysis.baselines
select run_id, user_id, target, 'bpm', 90, %(last)s, 54, 54, 53, 55, 52, 56, 51, 57, '[]', '[]', '[]'
from analysis.runs where kind = 'baselines' and status = 'accepted'
"""
BASELINES_PAGE = Question("baselines: the first page", BASELINES, BaselinesQuery.model_validate({}))


def behind(connection: psycopg.Connection, view: str, table: str) -> sql.Identifier:
    """The table of this name that a view of the API reads, in whatever schema it lies."""
    [(schema,)] = connection.execute(
        "select table_schema from information_schema.view_table_usage "
        "where view_schema = 'api' and view_name = %s and table_name = %s",
        [view, table],
    ).fetchall()
    return sql.Identifier(schema, table)


def fill(connection: psycopg.Connection) -> None:
    wanted = {"last": LAST, "days": DAYS, "activities": ACTIVITIES}
    connection.execute(
        "insert into ops.people (name, timezone) select 'person ' || lpad(number::text, 4, '0'), 'UTC' "
        "from generate_series(1, %s) as number",
        [PEOPLE],
    )
    for view, table, statement in (
        ("days", "days", PERSON_DAYS),
        ("nights", "nights", PERSON_DAYS),
        ("activities", "activities", PERSON_ACTIVITIES),
        ("trials", "trials", PERSON_TRIALS),
        ("trials", "trial_days", TRIAL_DAYS),
        ("trials", "trial_statuses", TRIAL_STATUSES),
    ):
        is_day = table == "days"
        connection.execute(
            sql.SQL(statement).format(
                behind(connection, view, table),
                more=sql.SQL(", is_known" if is_day else ""),
                values=sql.SQL(", true" if is_day else ""),
            ),
            wanted,
        )
    ledger = behind(connection, "coverage", "coverage")
    is_mart = "ops" not in ledger.as_string()
    more = sql.SQL(", attempts" if is_mart else "")
    values = sql.SQL(", 1" if is_mart else "")
    if not is_mart:
        connection.execute("alter table ops.coverage drop constraint coverage_status_check")
    connection.execute(sql.SQL(LEDGER).format(ledger, more=more, values=values), wanted)
    write_insights(connection)
    connection.execute(BASELINES_RUNS, wanted)
    connection.execute(BASELINES_ROWS, wanted)
    connection.commit()
    connection.execute("analyze")


@contextmanager
def copied(server_url: str, template: str) -> Iterator[Database]:
    name = f"{template}_{uuid.uuid4().hex[:6]}"
    # The sessions that applications keep would stand in the way of the copy.
    with psycopg.connect(server_url, autocommit=True) as connection:
        ended = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s"
        connection.execute(ended, [template])
    create_database(server_url, name, template=template)
    database = embedded_database(server_url, name)
    yield database
    database.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def crowd(server_url: str, published: object) -> Iterator[Database]:
    """A database whose views show two hundred people, each with every kind of row."""
    with copied(server_url, f"api_{os.getpid()}") as database:
        with database.connect() as connection:
            connection.execute("truncate analysis.runs, ops.people cascade")
            fill(connection)
        yield database


def plans(database: Database) -> list[Plan]:
    with database.connect() as connection:
        row = connection.execute("select user_id from ops.people where name = 'person 0001'").fetchone()
    assert row is not None
    return explained(database.reader_url, row[0], LAST, [BASELINES_PAGE])


def read_from_end_to_end(found: list[Plan]) -> list[str]:
    # ops.builds is nobody's: one row here, and an index leads to the newest where there are many.
    return [
        f"{plan.question}: {scan}"
        for plan in found
        for scan in plan.scans()
        if scan.startswith("Seq Scan") and scan != "Seq Scan on builds"
    ]


def test_no_query_of_the_api_reads_the_rows_of_many_people_from_end_to_end(crowd: Database) -> None:
    found = plans(crowd)
    assert [plan.question for plan in found] == [*(one.name for one in questions(LAST)), BASELINES_PAGE.name]
    assert len(found) == 11
    assert all(plan.scans() for plan in found)
    assert read_from_end_to_end(found) == []


def test_each_query_finds_the_person_of_the_session_by_an_index(crowd: Database) -> None:
    for plan in plans(crowd):
        conditions = [str(node.get("Index Cond", "")) for node in plan.nodes()]
        assert any("santorio.user_id" in one for one in conditions), plan.question


def test_a_page_of_activities_begins_at_its_cursor_in_the_index(crowd: Database) -> None:
    [after] = [plan for plan in plans(crowd) if plan.question == "activities: the page after"]
    conditions = [str(node.get("Index Cond", "")) for node in after.nodes()]
    assert any("santorio.user_id" in one and "started_at <" in one for one in conditions)


def test_a_table_without_its_key_is_seen_to_be_read_from_end_to_end(crowd: Database, server_url: str) -> None:
    with crowd.connect() as connection:
        [(name,)] = connection.execute("select current_database()").fetchall()
    with copied(server_url, name) as database:
        with database.connect() as connection:
            nights = behind(connection, "nights", "nights")
            connection.execute(sql.SQL("alter table {} drop constraint nights_pkey").format(nights))
            connection.execute("analyze")
        assert read_from_end_to_end(plans(database)) == ["nights: the last 90: Seq Scan on nights"]
