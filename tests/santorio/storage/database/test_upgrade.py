"""A database that the version before made is migrated in place, and the API gives the same answers from it.

`upgrade/home_0016.sql.xz` is `pg_dump` of a home of version 0.1 at revision 0016: sixty days of a simulated person,
with marts built, analyses run and the API's views made by that version's own code. `upgrade/answers_0016.json.xz`
is what its API answered.
"""

import json
import lzma
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from santorio.api.app import create_app
from santorio.people import Person, all_people
from santorio.privacy.tokens import mint_token
from santorio.settings import Settings
from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import head, migrate
from santorio.storage.embedded_postgres.os_user import programs
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.warehouse import ensure_manifest
from santorio.warehouse.publish import drop_retired_relations, make_views
from support.warehouse import TABLES, Warehouse, database_of_its_own

FOLDER = Path(__file__).parent / "upgrade"
OLD_ROLES = """
create role santorio_view nologin;
create role santorio_api login;
alter role santorio_api set default_transaction_read_only = on;
"""
# What the API answers of a build and of the code that made it is not the same after another build.
LINEAGE = {"run_id", "code_version", "as_of"}
RESOURCES = ("days", "nights", "activities", "effects", "baselines", "experiments", "coverage")


def read_fixture(name: str) -> bytes:
    return lzma.decompress((FOLDER / name).read_bytes())


def restore(url: str) -> None:
    """Restore the old version's dump into an empty database."""
    subprocess.run(
        [programs() / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null", url],
        input=read_fixture("home_0016.sql.xz"),
        check=True,
        capture_output=True,
    )


def migrate_to_head(database: Database) -> None:
    with database.connect() as connection:
        migrate(database, connection)


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Database]:
    """The old home on a server of its own, where no newer version has renamed the role; migrated, not yet built."""
    # Not below pytest's folder: its path is too long for a socket, and closed to PostgreSQL's account under root.
    with (
        tempfile.TemporaryDirectory(prefix="santorio-") as folder,
        embedded_server(Path(folder) / "postgres", extra_configuration="fsync = off") as url,
    ):
        create_database(url, "santorio")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(OLD_ROLES)
        database = embedded_database(url, "santorio")
        restore(database.url)
        migrate_to_head(database)
        yield database
        database.close()


@pytest.fixture(scope="module")
def person(upgraded: Database) -> Person:
    with upgraded.connect() as connection:
        (person,) = all_people(connection)
    return person


def answers(database: Database, person: Person, resource: str) -> list[dict[str, Any]]:
    """All rows of a resource of the API."""
    settings = Settings.model_validate({"jwt_secret": "a key of tests, long enough for HMAC with SHA-256"})
    client = TestClient(create_app(settings, database.reader_url, requests_per_minute=100_000))
    headers = {"Authorization": f"Bearer {mint_token(settings, person)}"}
    rows: list[dict[str, Any]] = []
    parameters: dict[str, Any] = {"limit": 100}
    while True:
        response = client.get(f"/v1/{resource}", params=parameters, headers=headers)
        assert response.status_code == 200, response.text
        page = response.json()
        rows += page["data"]
        if page["next_cursor"] is None:
            return rows
        parameters["cursor"] = page["next_cursor"]


def recorded(resource: str) -> list[dict[str, Any]]:
    """What the old version answered."""
    rows: list[dict[str, Any]] = json.loads(read_fixture("answers_0016.json.xz"))[resource]
    return rows


def rows_seen(database: Database, person: Person) -> dict[str, int]:
    """Rows of the old build's views, as the API's role reads them for a person."""
    with psycopg.connect(database.reader_url) as reader:
        reader.execute("select set_config('santorio.user_id', %s, true)", [str(person.user_id)])
        return {view: len(reader.execute(f"select from api.{view}").fetchall()) for view in RESOURCES}


def rows_recorded() -> dict[str, int]:
    return {resource: len(recorded(resource)) for resource in RESOURCES}


def test_the_old_builds_views_serve_the_same_rows_until_the_next_build(
    upgraded: Database, person: Person
) -> None:
    assert rows_seen(upgraded, person) == rows_recorded()


def test_what_the_ledgers_hold_is_under_its_new_name(upgraded: Database, person: Person) -> None:
    with upgraded.connect() as connection:
        row = connection.execute("""
            select
              (select version_num from ops.schema_version),
              (select encrypted_tokens from ops.garmin_accounts),
              (select open_until::text from ops.garmin_breaker),
              (select count(*) from ops.garmin_rate_limit),
              (select requested_at::date::text from ops.garmin_reloads where day = '2026-04-10'),
              (select count(*) from ops.coverage where requested_at is null),
              (select samples from ops.downsampling_runs),
              (select count(*) from raw.retained_rollups where downsampling_id = 1),
              (select status from ops.rejected_records),
              (select array_agg(day::text) from raw.change_queue),
              (select array_agg(day::text) from ops.changed_days),
              (select count(*) from ops.models where built_fingerprint is not null),
              (select count(distinct target) from analysis.runs where kind = 'baselines'),
              (select count(*) from analysis.proposals where intervention is not null)
        """).fetchone()
    assert row == (
        head(), b"encrypted tokens", "2026-06-01 12:00:00+00", 1, "2026-05-02", 228, 400, 1, "open",
        ["2026-05-30"], ["2026-05-29"], 140, 9, 25,
    )  # fmt: skip


def test_no_object_of_the_database_keeps_an_old_name(upgraded: Database) -> None:
    old = (
        r"arrival|touched|thinning|\mthin_|kept_rollup|garmin_pace|shut_until|insights|published\.|sealed|asked_at|"
        r"noticed_at|santorio_view\M|note_(events|days|zone)|runs_by_subject"
    )
    with upgraded.connect() as connection:
        names = connection.execute(
            """
            with names (name) as (
              select nspname::text from pg_namespace
              union all select rolname::text from pg_roles
              union all select nspname || '.' || relname from pg_class join pg_namespace n on n.oid = relnamespace
                where nspname in ('raw', 'ops', 'analysis', 'serving', 'training')
              union all select nspname || '.' || attrelid::regclass || '.' || attname from pg_attribute
                join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
                where nspname in ('raw', 'ops', 'analysis') and relkind <> 'i' and attnum > 0
              union all select conname::text from pg_constraint
                where connamespace in ('raw'::regnamespace, 'ops'::regnamespace, 'analysis'::regnamespace)
              union all select proname || ': ' || prosrc from pg_proc join pg_namespace n on n.oid = pronamespace
                where nspname in ('raw', 'ops')
              union all select tgname::text from pg_trigger where not tgisinternal
            )
            select name from names where name ~ %s
            """,
            [old],
        ).fetchall()
    assert names == []


@pytest.mark.timeout(900)
def test_the_next_build_processes_what_was_queued_and_the_answers_stay_the_same(
    upgraded: Database, person: Person, tmp_path: Path
) -> None:
    Warehouse(upgraded, tmp_path).build(*TABLES)  # without the data tests, which other tests run
    make_views(upgraded, ensure_manifest(), tmp_path)
    assert "api.experiments" in drop_retired_relations(upgraded, ensure_manifest())
    with upgraded.connect() as connection:
        assert connection.execute("select count(*) from raw.change_queue").fetchone() == (0,)
        assert connection.execute("select count(*) from ops.builds").fetchone() == (2,)
    for resource in RESOURCES:
        for now, before in zip(answers(upgraded, person, resource), recorded(resource), strict=True):
            # A field that was added since is not in the old answer.
            same = {name: now[name] for name in before if name not in LINEAGE}
            assert same == {name: value for name, value in before.items() if name not in LINEAGE}


def test_where_another_database_of_the_server_has_the_new_role_this_one_takes_it(
    server_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("create role santorio_view nologin")
        with database_of_its_own(server_url, template="template0") as database:
            restore(database.url)
            migrate_to_head(database)
            with database.connect() as here:
                (person,) = all_people(here)
                owned = here.execute(
                    "select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'api'::regnamespace"
                ).fetchall()
            assert owned == [("santorio_view_owner",)]
            assert rows_seen(database, person) == rows_recorded()
        # Nothing of this database depends on the old role any more.
        connection.execute("drop role santorio_view")
