"""Samples within the day of ten years: built, stored and asked for with arrays and with TimescaleDB; and thinned.

Both ways are measured in one database of one server that has loaded the extension; where it has not, the plain one is.
"""

import argparse
import datetime as dt
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import psycopg

from benchmarks.garmin_days import FIRST, full_day
from benchmarks.harness import machine
from santorio.ingest.formats.garmin.parser import parse
from santorio.people import Person, ensure_person
from santorio.storage.database.connect import DAGSTER_NAME, create_database, embedded_database
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import migrate
from santorio.storage.embedded_postgres.os_user import programs
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.storage.event_log import write_events
from santorio.storage.retention import Downsampled, downsample, set_keep_samples_days
from santorio.warehouse import PROJECT, dbt_environment

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "timescale.json"
LOADED = (
    "shared_preload_libraries = 'timescaledb'\ntimescaledb.telemetry_level = off\n"
    "timescaledb.max_background_workers = 0\n"
)
MODELS = ("int_samples__by_day", "int_sample_rollups__by_day", "samples", "samples_5min", "samples_hourly")
TIMES = 9
DAYS_A_BATCH = 20
QUERIES = {
    "samples, a day, all measures": "select * from marts.samples where user_id = %(who)s and day = %(day)s",
    "5 min, a day, all measures": "select * from marts.samples_5min where user_id = %(who)s and day = %(day)s",
    "5 min, a week, heart rate": (
        "select * from marts.samples_5min where user_id = %(who)s and measure = 'heart_rate_bpm' "
        "and day between %(day)s and %(day)s + 6"
    ),
    "5 min, a year, heart rate": (
        "select * from marts.samples_5min where user_id = %(who)s and measure = 'heart_rate_bpm' "
        "and day between %(day)s and %(day)s + 364"
    ),
    "hourly, a week, all measures": (
        "select * from marts.samples_hourly where user_id = %(who)s and day between %(day)s and %(day)s + 6"
    ),
    "hourly, a year, heart rate": (
        "select * from marts.samples_hourly where user_id = %(who)s and measure = 'heart_rate_bpm' "
        "and day between %(day)s and %(day)s + 364"
    ),
}
SIZES = {
    "log": "select hypertable_size('raw.events')",
    "arrays of samples": "select pg_total_relation_size('intermediate.int_samples__by_day')",
    "arrays of rollups": "select pg_total_relation_size('intermediate.int_sample_rollups__by_day')",
    "hypertable": "select hypertable_size('intraday.samples')",
    "5-minute aggregate": "select hypertable_size('intraday.samples_5min')",
    "hourly aggregate": "select hypertable_size('intraday.samples_hourly')",
}


def take_in(database: Database, person: Person, days: int) -> float:
    """Write the days into the log and return the seconds."""
    chance = random.Random(7)
    now = dt.datetime.now(dt.UTC)
    started = time.perf_counter()
    with database.connect() as connection:
        for first in range(0, days, DAYS_A_BATCH):
            events = []
            for number in range(first, min(first + DAYS_A_BATCH, days)):
                for document in full_day(number, chance):
                    parsed = parse(orjson.loads(document), person, now)
                    events += parsed.events if parsed else []
            write_events(connection, events)
            connection.commit()
    return time.perf_counter() - started


def build(database: Database, folder: Path, *, timescale: bool) -> dict[str, float]:
    """Build what samples need, in full, and return the seconds of each model."""
    command: list[str | Path] = [
        Path(sys.executable).with_name("dbt"), "--quiet",
        "build", "--resource-type", "model", "--resource-type", "seed",
        "--full-refresh",
        "--select", *(f"+{one}" for one in MODELS),
        "--vars", f"{{timescale: {str(timescale).lower()}}}", "--project-dir", PROJECT, "--profiles-dir", PROJECT,
    ]  # fmt: skip
    with dbt_environment(database):
        paths = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
        subprocess.run(command, check=True, env={**os.environ, **paths})
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    took = {one["unique_id"].split(".")[-1]: one["execution_time"] for one in results}
    return {name: round(took[name], 1) for name in MODELS}


def ask(database: Database, person: Person) -> dict[str, float]:
    """Milliseconds of each query, the median of several in the middle of the life."""
    found: dict[str, float] = {}
    with database.connect() as connection:
        for name, query in QUERIES.items():
            took = []
            for number in range(TIMES):
                values = {"who": person.user_id, "day": FIRST.date() + dt.timedelta(days=100 + 90 * number)}
                started = time.perf_counter()
                connection.execute(query, values).fetchall()
                took.append((time.perf_counter() - started) * 1000)
            found[name] = round(statistics.median(took), 1)
    return found


def sizes(connection: psycopg.Connection, names: Sequence[str]) -> dict[str, float]:
    """Megabytes of some of what is stored."""
    found = {}
    for name in names:
        row = connection.execute(SIZES[name]).fetchone()
        found[name] = round((row[0] if row and row[0] else 0) / 1e6, 1)
    return found


def compress(database: Database) -> float:
    """Compress every chunk of samples and rollups, whatever its age; seconds."""
    started = time.perf_counter()
    with database.connect(autocommit=True) as connection:
        chunks = connection.execute(
            "select format('%I.%I', chunk_schema, chunk_name) from timescaledb_information.chunks "
            "where not is_compressed and hypertable_name <> 'events' and hypertable_schema <> 'raw'"
        ).fetchall()
        for (chunk,) in chunks:
            connection.execute("call convert_to_columnstore(%s::regclass)", [chunk])
    return time.perf_counter() - started


def measured(days: int) -> dict[str, object]:
    """Everything, in an order in which each way finds the same log."""
    has_timescale = (programs().parent / "lib" / "postgresql" / "timescaledb.so").exists()
    result: dict[str, object] = {"days": days}
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory(prefix="santorio-") as home:
        server = embedded_server(Path(home) / "postgres", extra_configuration=LOADED if has_timescale else "")
        with server as url:
            create_database(url, "bench")
            create_database(url, DAGSTER_NAME)
            database = embedded_database(url, "bench")
            with database.connect() as connection:
                migrate(database, connection)
            with database.connect() as connection:
                person = ensure_person(connection, "bench", "UTC")
            result["taking in, s"] = round(take_in(database, person, days), 1)
            plain: dict[str, object] = {"build, s": build(database, Path(scratch), timescale=False)}
            with database.connect() as connection:
                plain["MB"] = sizes(connection, ["arrays of samples", "arrays of rollups"])
                row = connection.execute("select count(*) from marts.samples").fetchone()
                result["samples"] = row[0] if row else 0
            plain["queries, ms"] = ask(database, person)
            result["plain"] = plain
            if has_timescale:
                result["timescale"] = with_timescale(database, Path(scratch), person)
            with database.connect() as connection:
                set_keep_samples_days(connection, person, 365 if days > 2 * 365 else 30)
            started = time.perf_counter()
            last = FIRST + dt.timedelta(days=days)
            done = sum(downsample(database, person, last), Downsampled())
            result["thinning all but the newest year (of a short life: month)"] = {
                "s": round(time.perf_counter() - started, 1), "payloads": done.payloads, "samples": done.samples,
                "MB of payloads": round(done.bytes / 1e6, 1),
            }  # fmt: skip
            database.close()
    return result


def with_timescale(database: Database, folder: Path, person: Person) -> dict[str, object]:
    """Measure the same with the hypertable and its aggregates."""
    result: dict[str, object] = {"build, s": build(database, folder, timescale=True)}
    names = ["log", "hypertable", "5-minute aggregate", "hourly aggregate"]
    with database.connect() as connection:
        result["MB after the build"] = sizes(connection, names)
    result["compressing the rest, s"] = round(compress(database), 1)
    with database.connect() as connection:
        result["MB compressed"] = sizes(connection, names)
    result["queries, ms"] = ask(database, person)
    return result


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=3650)
    parser.add_argument("--output", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    result = {
        "measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": f"python -m benchmarks.timescale --days {wanted.days}",
        "machine": machine(),
        **measured(wanted.days),
    }
    wanted.output.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
