"""`python -m benchmarks.warehouse`: ten years of one person, a year of a thousand: builds, increments, the API, disk.

On plain PostgreSQL and, where its library is in the server, on TimescaleDB; beside both DuckDB over the same rows, as
the yardstick of what this machine can do. What was simulated and loaded is kept in a folder for temporary files, so
that a second run begins with the builds. `--quick` takes minutes: 3 years, 50 people.
"""

import argparse
import datetime as dt
import hashlib
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks import simulated_people, theoretical_limits
from benchmarks.api_latency import ask_all, explained
from benchmarks.harness import Measurement, machine, measure
from benchmarks.simulated_people import DAYS_A_YEAR, LAST_DAY, LIGHT, SimulatedLog, every_kind
from santorio.analyses.training.pipeline import compute_recordings
from santorio.storage.database import migrate as migrations
from santorio.storage.database.connect import DAGSTER_NAME, create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import migrate
from santorio.storage.embedded_postgres.os_user import programs
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.warehouse import DBT, PROJECT, build_session, dbt_environment

RESULTS = Path(__file__).resolve().parent / "results"
TIMESCALE = "shared_preload_libraries = 'timescaledb'\ntimescaledb.telemetry_level = off\n"
# Its workers would sit in the databases that others are copied from.
TIMESCALE += "timescaledb.max_background_workers = 0\n"
# Days after what is built at first, of which the increments are made.
SPARE_DAYS = 20
INCREMENTS = 3
TIMES_ASKED = 200
BAR_FULL_BUILD_SECONDS = 180
BAR_INCREMENT_RATIO = 1.2
BAR_PEAK_MIB = 2048


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    name: str
    years: tuple[int, ...]
    people: int


FULL = Sizes("warehouse", (1, 3, 10), 1000)
QUICK = Sizes("warehouse-quick", (1, 3), 50)


class Server:
    """A server of its own, whose loaded databases are copied for each thing that is measured."""

    def __init__(self, url: str, folder: Path, *, has_timescale: bool) -> None:
        self.url, self.folder, self.has_timescale = url, folder, has_timescale

    def loaded(
        self, name: str, load: Callable[[psycopg.Connection], object], *, begin: str | None = None
    ) -> float:
        """Load a database once, from a copy of another on; returns how long this took (s), 0 if it was there."""
        if not create_database(self.url, name, template=begin):
            return 0.0
        started = time.perf_counter()
        database = embedded_database(self.url, name)
        try:
            with database.connect() as connection:
                migrate(database, connection)
                load(connection)
                connection.commit()
            with database.connect(autocommit=True) as connection:
                connection.execute("vacuum analyze")
        except BaseException:
            self.drop(name)  # half of it would be taken for the whole
            raise
        finally:
            database.close()
        return round(time.perf_counter() - started, 1)

    @contextmanager
    def copy(self, name: str) -> Iterator[Database]:
        """Copy a loaded database, for as long as the context lasts."""
        copied = f"copy_of_{name}"
        self.drop(copied)
        create_database(self.url, copied, template=name)
        database = embedded_database(self.url, copied)
        try:
            yield database
        finally:
            database.close()
            self.drop(copied)

    def drop(self, name: str) -> None:
        """Drop a database, if it is there."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )


@contextmanager
def run_server(folder: Path, *, has_timescale: bool) -> Iterator[Server]:
    """Start a server whose data stays in a folder."""
    extra = TIMESCALE if has_timescale else ""
    with embedded_server(folder / "postgres", extra_configuration=extra) as url:
        create_database(url, DAGSTER_NAME)
        yield Server(url, folder, has_timescale=has_timescale)


@dataclass(frozen=True)
class Built:
    """One build: the whole of it from the plan to its end, and the part that the server's work on models takes."""

    seconds: float
    blocks: int
    models_seconds: float
    tests_seconds: float
    peak_mib: float
    slowest: list[str]

    @property
    def document(self) -> dict[str, object]:
        """As it is recorded."""
        return {
            "seconds": self.seconds,
            "blocks": self.blocks,
            "seconds_in_models_one_after_another": self.models_seconds,
            "seconds_in_tests_one_after_another": self.tests_seconds,
            "peak_mib": self.peak_mib,
            "slowest_models": self.slowest,
        }


def build(database: Database, folder: Path) -> Built:
    """Build what arrived, as `santorio run` does: figures of recordings, plan, dbt with its tests, checks, finish."""
    # One for each database, for dbt parses all again for another one: no home has two.
    target = folder / "dbt" / str(conninfo_to_dict(database.url)["dbname"])
    before = blocks(database)
    started = time.perf_counter()
    compute_recordings(database)
    with build_session(database) as planned, dbt_environment(database, planned.environment):
        command = [str(DBT), "--quiet", "build", "--exclude-resource-type", "unit_test", *planned.arguments]
        paths = [
            "--project-dir",
            str(PROJECT),
            "--target-path",
            str(target),
            "--log-path",
            str(folder / "logs"),
        ]
        ran = done(
            measure([*command, *paths], cwd=PROJECT, environment={**os.environ, "SANTORIO_HOME": str(folder)})
        )
    seconds = round(time.perf_counter() - started, 2)
    results = json.loads((target / "run_results.json").read_text())["results"]
    spent = {one["unique_id"]: float(one["execution_time"]) for one in results}
    models = {name.split(".")[-1]: took for name, took in spent.items() if name.startswith("model.")}
    slowest = sorted(models, key=lambda name: -models[name])[:5]
    print(f"{folder.name}: a build took {seconds} s", file=sys.stderr)
    return Built(
        seconds=seconds,
        blocks=blocks(database) - before,
        models_seconds=round(sum(models.values()), 2),
        tests_seconds=round(sum(spent.values()) - sum(models.values()), 2),
        peak_mib=ran.peak_mib,
        slowest=[f"{name} {models[name]:.2f} s" for name in slowest],
    )


def blocks(database: Database) -> int:
    """Count the blocks of 8 KiB that were looked at in a database so far: unlike seconds, no neighbour changes them."""
    with database.connect() as connection:
        row = connection.execute(
            "select blks_hit + blks_read from pg_stat_database where datname = current_database()"
        ).fetchone()
    return int(row[0]) if row else 0


def done(found: Measurement) -> Measurement:
    """Give it back, unless it failed."""
    if found.returncode:
        sys.exit(found.output)
    return found


def load_one(
    server: Server, log: Callable[[psycopg.Connection], SimulatedLog], years: tuple[int, ...]
) -> float:
    """Load one person's last year, then what was before it, then what was before that."""
    seconds, newer, begin = 0.0, 0, None
    for one in years:

        def load(connection: psycopg.Connection, one: int = one, newer: int = newer) -> None:
            told = log(connection)
            last = max(years) * DAYS_A_YEAR
            span = range(last - one * DAYS_A_YEAR, last - newer * DAYS_A_YEAR)
            simulated_people.write_whole(connection, [told.protocol])
            simulated_people.write_whole(connection, told.whole(span))
            date = told.life.clock.date
            simulated_people.write_ledger(connection, date(span[0]), date(span[-1]), every_kind())
            simulated_people.write_insights(connection)

        seconds += server.loaded(f"one_{one}", load, begin=begin)
        newer, begin = one, f"one_{one}"
    return seconds


def measure_one(server: Server, years: tuple[int, ...]) -> dict[str, object]:
    """Build one person's years in full; then some days, each with all of these years behind it in turn."""
    days = max(years) * DAYS_A_YEAR
    lives: list[SimulatedLog] = []

    def log(connection: psycopg.Connection) -> SimulatedLog:
        if not lives:
            lives.append(simulated_people.one_person(connection, days + SPARE_DAYS))
        return lives[0]

    loading = load_one(server, log, years)
    figures: list[dict[str, Any]] = []
    with ExitStack() as stack:
        copies = {one: stack.enter_context(server.copy(f"one_{one}")) for one in years}
        for one, database in copies.items():
            with database.connect() as connection:
                log(connection)
                figure: dict[str, Any] = {"years": one, **counts(connection)}
            figure["full_build"] = build(database, server.folder).document
            if server.has_timescale:
                figure["chunks_that_policies_compress"] = compressed(database)
            figure["disk"] = disk(database)
            figures.append(figure)
        figures[-1]["duckdb"] = theoretical_limits.measure_one(copies[years[-1]], server.folder)
        increments: dict[int, list[Built]] = {one: [] for one in years}
        for day in range(days, days + INCREMENTS):
            for one, database in copies.items():
                with database.connect() as connection:
                    take_in(connection, lives[0], day)
                increments[one].append(build(database, server.folder))
        for figure in figures:
            figure["a_days_increment"] = of_increments(increments[figure["years"]])
    return {"seconds_to_simulate_and_load": loading, "figures": figures, **ratios(figures)}


def take_in(connection: psycopg.Connection, log: SimulatedLog, day: int) -> None:
    """Write a day of one person, as a sync does."""
    simulated_people.write_whole(connection, log.whole(range(day, day + 1)))
    date = log.life.clock.date(day)
    simulated_people.write_ledger(connection, date, date, every_kind())


def of_increments(increments: list[Built]) -> dict[str, object]:
    """Medians of some increments."""
    return {
        "seconds_median": statistics.median(one.seconds for one in increments),
        "seconds_all": [one.seconds for one in increments],
        "blocks_median": statistics.median(one.blocks for one in increments),
        "blocks_all": [one.blocks for one in increments],
        "seconds_in_models_median": statistics.median(one.models_seconds for one in increments),
        "seconds_in_models_all": [one.models_seconds for one in increments],
        "seconds_in_tests_median": statistics.median(one.tests_seconds for one in increments),
        "slowest_models": increments[-1].slowest,
    }


def ratios(figures: list[dict[str, Any]]) -> dict[str, object]:
    """Compare the longest life with the shortest."""
    short, long = figures[0], figures[-1]

    def ratio(of: str, what: str) -> float:
        return round(float(long[of][what]) / float(short[of][what]), 2)

    return {
        "increment_ratio": ratio("a_days_increment", "seconds_median"),
        "increment_ratio_in_blocks": ratio("a_days_increment", "blocks_median"),
        "increment_ratio_in_models": ratio("a_days_increment", "seconds_in_models_median"),
        "bar_increment_ratio": BAR_INCREMENT_RATIO,
        "years_ratio": round(long["years"] / short["years"], 2),
        "full_build_ratio": ratio("full_build", "seconds"),
        "full_build_ratio_in_blocks": ratio("full_build", "blocks"),
        "full_build_ratio_in_models": ratio("full_build", "seconds_in_models_one_after_another"),
        "bar_full_build_seconds": BAR_FULL_BUILD_SECONDS,
    }


def measure_many(server: Server, people: int) -> dict[str, object]:
    """Build a year of many people, ask the API's queries of them, then build a day more of everybody, and of one."""
    life_days = DAYS_A_YEAR + SPARE_DAYS
    first = LAST_DAY - dt.timedelta(days=life_days - 1)
    last = first + dt.timedelta(days=DAYS_A_YEAR - 1)

    def load(connection: psycopg.Connection) -> None:
        simulated_people.write_people(connection, people, range(DAYS_A_YEAR), life_days)
        simulated_people.write_ledger(connection, first, last, LIGHT)
        simulated_people.write_insights(connection)

    loading = server.loaded(f"many_{people}", load)
    with server.copy(f"many_{people}") as database:
        with database.connect() as connection:
            found: dict[str, Any] = {
                "people": people,
                "seconds_to_simulate_and_load": loading,
                **counts(connection),
            }
            ids = [row[0] for row in connection.execute("select user_id from ops.people order by name")]
        found["full_build"] = build(database, server.folder).document
        found["disk"] = disk(database)
        found["api"] = ask_all(database.reader_url, ids, last, times=TIMES_ASKED)
        found["plans"] = [
            {"query": plan.question, "blocks": plan.buffers, "scans": plan.scans()}
            for plan in explained(database.reader_url, ids[len(ids) // 2], last)
        ]
        found["duckdb"] = theoretical_limits.measure_many(database, ids, last, server.folder)
        with database.connect() as connection:
            everybody = range(DAYS_A_YEAR, DAYS_A_YEAR + 1)
            simulated_people.write_people(connection, people, everybody, life_days)
            date = last + dt.timedelta(days=1)
            simulated_people.write_ledger(connection, date, date, LIGHT)
        found["a_days_increment_of_everybody"] = build(database, server.folder).document
        with database.connect() as connection:
            simulated_people.write_people(connection, 1, range(DAYS_A_YEAR + 1, DAYS_A_YEAR + 2), life_days)
        found["a_days_increment_of_one"] = build(database, server.folder).document
    return found


def counts(connection: psycopg.Connection) -> dict[str, int]:
    """Count what was loaded."""
    tables = ("raw.events", "raw.activity_records", "ops.coverage")
    found = {}
    for table in tables:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
        row = connection.execute(query).fetchone()
        found[table] = int(row[0]) if row else 0
    row = connection.execute("select sum(octet_length(data::text)) from raw.events").fetchone()
    found["megabytes_of_json"] = round(int(row[0]) / 2**20) if row else 0
    return found


# The parts of a hypertable lie in a schema of the extension's own.
_DISK = """
select nspname, round(sum(pg_total_relation_size(pg_class.oid)) / 2 ^ 20)::int
from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'm') and nspname not in ('pg_catalog', 'information_schema')
group by nspname
having sum(pg_total_relation_size(pg_class.oid)) > 2 ^ 20
order by 2 desc
"""


def disk(database: Database) -> dict[str, int]:
    """Say how many megabytes each schema takes, indexes too."""
    with database.connect() as connection:
        return {f"{name}_mib": size for name, size in connection.execute(_DISK).fetchall()}


_POLICIES = (
    "select job_id from timescaledb_information.jobs where proc_name = 'policy_compression' order by job_id"
)
_COMPRESSED = """
select name, round(before_compression_total_bytes / 2 ^ 20)::int, round(after_compression_total_bytes / 2 ^ 20)::int
from (
  select format('%I.%I', hypertable_schema, hypertable_name) as name,
         format('%I.%I', hypertable_schema, hypertable_name) as part
  from timescaledb_information.hypertables
  union all
  select format('%I.%I', view_schema, view_name),
         format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
  from timescaledb_information.continuous_aggregates
) as tables
cross join lateral hypertable_columnstore_stats(part::regclass)
where before_compression_total_bytes > 0
order by name
"""


def compressed(database: Database) -> dict[str, str]:
    """Compress what the policies say, and say of each hypertable how many megabytes its old chunks took and take."""
    with database.connect(autocommit=True) as connection:
        for (job,) in connection.execute(_POLICIES).fetchall():
            connection.execute("call run_job(%s)", [job])
        found = connection.execute(_COMPRESSED).fetchall()
    return {name: f"{before} MiB, compressed {after} MiB" for name, before, after in found}


def has_library() -> bool:
    """Tell whether the server can load TimescaleDB."""
    return (programs().parent / "lib" / "postgresql" / "timescaledb.so").exists()


def cache() -> Path:
    """Folder of what was loaded; of another simulator, other migrations, or another writer it is another folder."""
    santorio = Path(migrations.__file__).resolve().parents[2]
    paths = [
        *(santorio / "ingest").rglob("*.py"),
        *(santorio / "simulator").rglob("*.py"),
        *(santorio / "storage").rglob("*.py"),
    ]
    digest = hashlib.sha256()
    for path in sorted([*paths, Path(simulated_people.__file__)]):
        digest.update(path.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"santorio-bench-{digest.hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    return folder


def documents(
    sizes: Sizes, folder: Path, known: dict[str, Any], only: str | None
) -> Iterator[dict[str, Any]]:
    """Measure; gives what is known after each part, for the next takes another quarter of an hour.

    Parameters
    ----------
    known : dict
        What was recorded before; parts that are measured again take the place of theirs.
    only : str or None
        The part to measure; all by default.
    """
    importlib.import_module("great_expectations.expectations")
    known |= {"machine": machine(), "limits": LIMITS, "bar_peak_mib": BAR_PEAK_MIB}
    for name, has_timescale in (("postgresql", False), ("timescaledb", True)):
        if has_timescale and not has_library():
            known.setdefault(name, "not measured: the extension's library is not in this server")
            yield known
            return
        with run_server(folder / name, has_timescale=has_timescale) as server:
            for part, measured in (
                ("many_people", partial(measure_many, server, sizes.people)),
                ("one_person", partial(measure_one, server, sizes.years)),
            ):
                if only not in (None, part):
                    continue
                began, quick = os.getloadavg(), " --quick" if sizes is QUICK else ""
                about = {
                    "date": dt.datetime.now(dt.UTC).date().isoformat(),
                    "command": f"python -m benchmarks.warehouse{quick} --only {part}",
                }
                found = measured()
                loads = [round(one[0], 1) for one in (began, os.getloadavg())]
                parts = known.setdefault(name, {})
                parts[part] = {**about, "load_average_at_begin_and_end": loads, **found}
                yield known


LIMITS = """\
One person: every kind that is fetched by default, with its series; FIT files of the sessions of every tenth day.
Many people: four kinds of payload that tell a day in one document (a night without its series), the list of \
activities, logs, a trial, a year of weekly fits. Twenty people are simulated, the others are copies under other ids. \
Every tenth has the ledger of all kinds. With all kinds and series these would be 12 million events.
Seconds of a build are figures of recordings, plan, start of dbt, models, tests, checks and the end; Great \
Expectations was imported before. Seconds in models are added up, though \
up to four are made at once. Blocks (8 KiB, each time one is looked at) do not depend on what else the machine does.
API: by the API's own reader, with the sessions that it keeps, without HTTP; each query of random people.
DuckDB reads the same rows from files of its own, in one process: no server, no row level security, no versions, no \
contracts or tests, no transactions beside readers. It says what the machine could do, not what could replace this.
""".splitlines()


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 years and 50 people: some minutes")
    parser.add_argument("--only", choices=["many_people", "one_person"], help="measure one part anew")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    record = RESULTS / f"{sizes.name}.json"
    known = json.loads(record.read_text()) if options.only and record.exists() else {}
    for results in documents(sizes, cache(), known, options.only):
        record.write_text(json.dumps(results, indent=2, default=str) + "\n")
    print(record.read_text())


if __name__ == "__main__":
    main()
