"""What arrived is made again and nothing else, and the result is that of making everything anew, row for row."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from santorio.errors import StorageError
from santorio.warehouse import PROJECT, build_session, ensure_manifest
from santorio.warehouse.manifest import read_models
from support.databases import database_of_its_own
from support.event_histories import History, histories
from support.warehouse import BUILD, Warehouse, differences

PEOPLE, BATCHES = 6, 3
# The pipeline in small: plan, dbt as a process, finish.
BUILDER = """
import subprocess, sys
from santorio.storage.database.connect import embedded_database
from santorio.warehouse import DBT, PROJECT, build_session, dbt_environment

database = embedded_database(sys.argv[1], sys.argv[2])
with build_session(database) as build, dbt_environment(database, build.environment):
    here = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    there = ["--target-path", sys.argv[3], "--log-path", sys.argv[3]]
    subprocess.run([DBT, "--quiet", *sys.argv[4:], *build.arguments, *here, *there], check=True)
"""


@pytest.fixture(scope="module")
def warehouse(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with database_of_its_own(server_url) as database:
        yield Warehouse(database, tmp_path_factory.mktemp("incremental"))


@pytest.fixture(scope="module")
def people(warehouse: Warehouse) -> list[History]:
    """People with a history that is built already."""
    with warehouse.database.connect() as connection:
        drawn = histories(connection, seed=7, people=PEOPLE)
        for one in drawn:
            one.next_batch(connection, 60)
    assert set(warehouse.build().modes.values()) == {"full"}
    return drawn


def make_and_die(warehouse: Warehouse, project: Path) -> None:
    """Make every model and stop before the end."""
    with build_session(warehouse.database, project=project) as build:
        assert warehouse.dbt("run", *build.arguments, environment=build.environment) == []
        raise RuntimeError("killed between dbt and the end")


def live_on(warehouse: Warehouse, people: list[History], acts: int = 6) -> None:
    with warehouse.database.connect() as connection:
        for one in people:
            one.next_batch(connection, acts)


def waiting(warehouse: Warehouse) -> int:
    with warehouse.database.connect() as connection:
        return connection.execute("select count(*) from raw.change_queue").fetchone()[0]  # type: ignore[index]


def changed_project(folder: Path, model: str, old: str, new: str) -> Path:
    """A copy of the dbt project in which one model is of other logic."""
    copy = folder / "dbt_project"

    def written_by_dbt(folder: str, _names: list[str]) -> set[str]:
        # Other workers write there while this one copies; `models/staging/logs` is none of it.
        return {"target", "logs"} if Path(folder) == PROJECT else set()

    shutil.copytree(PROJECT, copy, ignore=written_by_dbt)
    # From there dbt parses what has changed alone.
    (copy / "target").mkdir()
    shutil.copy(ensure_manifest().with_name("partial_parse.msgpack"), copy / "target")
    (path,) = copy.glob(f"models/**/{model}.sql")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return copy


def descendants(model: str, project: Path = PROJECT) -> set[str]:
    found = {model}
    for one in read_models(ensure_manifest(project)):
        if found & set(one.parents):
            found.add(one.name)
    return found


def test_what_arrives_in_any_order_after_a_failure_gives_what_a_full_refresh_gives(
    server_url: str, warehouse: Warehouse, people: list[History], tmp_path: Path
) -> None:
    before, shown = warehouse.rows(), warehouse.rows("serving")
    live_on(warehouse, people, acts=20)
    fail_at_worn_days(warehouse, tmp_path)
    after = warehouse.rows()
    # What reads the model that failed is as it was.
    assert after["staging.base_events__current"] != before["staging.base_events__current"]
    for name in descendants("int_wearable_days__joined"):
        for table in after:
            if table.endswith(f".{name}"):
                assert after[table] == before[table]
    # Marts that do not read it are made already: the API sees none of them before it sees all.
    assert after["marts.nights"] != before["marts.nights"]
    assert warehouse.rows("serving") == shown
    assert waiting(warehouse) > 0
    # The next build makes good.
    warehouse.build()
    assert waiting(warehouse) == 0
    made = warehouse.rows("marts")
    assert "serving.nights" in shown
    assert warehouse.rows("serving") == {table: made[table.replace("serving", "marts")] for table in shown}

    for _ in range(BATCHES):
        live_on(warehouse, people[:4], acts=12)
        assert set(warehouse.build().modes.values()) == {"incremental"}
    assert differences(warehouse.rows(), warehouse.made_anew(server_url)) == {}


def fail_at_worn_days(warehouse: Warehouse, folder: Path) -> None:
    """Build with a model that fails at the first row."""
    broken = changed_project(
        folder,
        "int_wearable_days__joined",
        "as is_worn",
        "and 1 / (length(user_id::text) - 36) > 0 as is_worn",
    )
    with pytest.raises(AssertionError, match="division by zero"):
        Warehouse(warehouse.database, folder / "dbt", broken).build()


@pytest.mark.slow
def test_with_nothing_new_there_is_nothing_to_do(warehouse: Warehouse, people: list[History]) -> None:
    live_on(warehouse, people)
    assert warehouse.build().has_changes
    assert not warehouse.build().has_changes


@pytest.mark.slow
def test_rows_of_other_people_and_days_are_not_even_written(
    warehouse: Warehouse, people: list[History]
) -> None:
    live_on(warehouse, people)
    warehouse.build()
    with warehouse.database.connect() as connection:
        written = "select count(*) from marts.days where xmin::text::bigint > %s"
        before = connection.execute("select pg_current_xact_id()::text::bigint").fetchone()[0]  # type: ignore[index]
        connection.execute(
            "insert into raw.change_queue (user_id, day) select user_id, day from marts.days limit 1"
        )
    warehouse.build()
    with warehouse.database.connect() as connection:
        assert connection.execute(written, [before]).fetchone() == (1,)


@pytest.mark.slow
def test_what_arrives_during_a_build_is_left_to_the_next(
    server_url: str, warehouse: Warehouse, people: list[History]
) -> None:
    live_on(warehouse, people)
    with build_session(warehouse.database) as build:
        live_on(warehouse, people[:2])
        late = waiting(warehouse)
        assert warehouse.dbt(*BUILD, *build.arguments, environment=build.environment) == []
    assert 0 < waiting(warehouse) < late
    with warehouse.database.connect() as connection:
        query = "select count(*) from staging.base_events__current where ingested_at > %s"
        assert connection.execute(query, [build.known_at]).fetchone() == (0,)
    warehouse.build()
    assert waiting(warehouse) == 0
    assert differences(warehouse.rows(), warehouse.made_anew(server_url)) == {}


@pytest.mark.slow
def test_other_logic_makes_the_model_and_what_reads_it_anew_and_nothing_else(
    warehouse: Warehouse, people: list[History], tmp_path: Path
) -> None:
    warehouse.build()
    doubled = changed_project(
        tmp_path, "int_weights__by_day", "avg(weight_kg order by", "2 * avg(weight_kg order by"
    )
    before = warehouse.rows()
    other = Warehouse(warehouse.database, tmp_path / "dbt", doubled)
    build = other.build()
    assert {name for name, mode in build.modes.items() if mode == "full"} == descendants(
        "int_weights__by_day"
    )
    with warehouse.database.connect() as connection:
        weights = "select 2 * avg(weight_kg), (select avg(weight_kg) from marts.days) from marts.weigh_ins"
        twice, now = connection.execute(weights).fetchone()  # type: ignore[misc]
        assert now > twice * 0.9
    warehouse.build()
    assert differences(warehouse.rows(), before) == {}


@pytest.mark.slow
def test_logic_that_was_made_and_not_finished_is_made_tested_and_shown_as_a_whole_by_the_next_build(
    warehouse: Warehouse, people: list[History], tmp_path: Path
) -> None:
    warehouse.build()
    changed = changed_project(
        tmp_path, "nights", "sleeps.utc_offset,", "sleeps.utc_offset + interval '1 hour' as utc_offset,"
    )
    other = Warehouse(warehouse.database, tmp_path / "dbt", changed)
    with pytest.raises(RuntimeError, match="killed"):
        make_and_die(other, changed)
    assert warehouse.rows("serving")["serving.nights"] != warehouse.rows("marts")["marts.nights"]
    again = other.build()
    assert again.modes["nights"] == "full"
    assert warehouse.rows("serving")["serving.nights"] == warehouse.rows("marts")["marts.nights"]
    warehouse.build()


@pytest.mark.slow
def test_a_view_made_without_what_it_reads_holds_no_filter_of_one_build(
    warehouse: Warehouse, people: list[History]
) -> None:
    warehouse.build()
    counting = "select count(*) from staging.stg_garmin__training_status"
    with warehouse.database.connect() as connection:
        before = connection.execute(counting).fetchone()[0]  # type: ignore[index]
    assert before > 4
    live_on(warehouse, people, acts=2)
    with build_session(warehouse.database, is_whole=False) as build:
        alone = ["--select", "stg_garmin__training_status"]
        assert warehouse.dbt("run", *alone, environment=build.environment) == []
    with warehouse.database.connect() as connection:
        after = connection.execute(counting).fetchone()[0]  # type: ignore[index]
    assert after > before * 0.7
    warehouse.build()


@pytest.mark.slow
def test_a_build_of_some_models_alone_clears_nothing(warehouse: Warehouse, people: list[History]) -> None:
    live_on(warehouse, people)
    queued = waiting(warehouse)
    with pytest.raises(StorageError, match="were not built"), build_session(warehouse.database) as build:
        assert warehouse.dbt("run", "--select", "stg_logs__moods", environment=build.environment) == []
    assert waiting(warehouse) == queued


@pytest.mark.slow
def test_models_made_by_hand_are_made_again_by_the_next_build(
    warehouse: Warehouse, people: list[History]
) -> None:
    warehouse.build()
    assert warehouse.dbt("run", "--select", "int_intakes__by_day") == []
    build = warehouse.build()
    assert {name for name, mode in build.modes.items() if mode == "full"} == descendants(
        "int_intakes__by_day"
    )


@pytest.mark.slow
def test_a_build_that_is_killed_is_made_good_while_its_dbt_still_runs(
    server_url: str, warehouse: Warehouse, people: list[History], tmp_path: Path
) -> None:
    warehouse.build()
    live_on(warehouse, people, acts=20)
    with warehouse.database.connect() as connection:
        database = connection.info.dbname
        started = connection.execute("select clock_timestamp()").fetchone()[0]  # type: ignore[index]
    command = [sys.executable, "-c", BUILDER, server_url, database, str(tmp_path), *BUILD]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait_for_models(warehouse, started, 10)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert waiting(warehouse) > 0
    warehouse.build()
    assert waiting(warehouse) == 0
    assert differences(warehouse.rows(), warehouse.made_anew(server_url)) == {}


def _wait_for_models(warehouse: Warehouse, since: object, models: int) -> None:
    query = "select count(*) from ops.models where built_at > %s"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with warehouse.database.connect() as connection:
            if connection.execute(query, [since]).fetchone()[0] >= models:  # type: ignore[index]
                return
        time.sleep(0.05)
    raise AssertionError("The build made nothing.")
