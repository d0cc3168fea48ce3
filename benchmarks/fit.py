"""FIT files to rows in the database, beside what decoding and COPY take alone.

`python -m benchmarks.fit [files] [minutes]` writes `benchmarks/results/fit.json`. Three things are measured
three times, in turn, on the same files: the whole way of an import; `fitfast.records` and COPY of the same
columns into a table without keys, which is the limit; and the official SDK's decoding. Beside them stands a peer,
GarminDB, which imports three of the files into SQLite; its time includes the start of its command.
"""

import datetime as dt
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from psycopg import sql

from benchmarks.harness import machine, peer_command
from santorio.ingest.formats.fit.records import FIELDS
from santorio.ingest.importer import import_paths
from santorio.people import ensure_person
from santorio.storage.activity_records import COLUMNS, EPOCH_OF_POSTGRESQL
from santorio.storage.database.connect import DAGSTER_NAME, create_database, embedded_database
from santorio.storage.database.copy import copy_arrays
from santorio.storage.database.engine import Database
from santorio.storage.database.migrate import migrate
from santorio.storage.embedded_postgres.server import embedded_server
from santorio.storage.object_store import FolderStore

RESULTS = Path(__file__).resolve().parent / "results" / "fit.json"
ROUNDS = 3
PEER = "garmindb==3.7.0"
PEER_FILES = 3
# Fields of the rides that have no column of their own.
SERIES = ("left_right_balance", "gps_accuracy", "calories")
BAR = 0.5
# 2026-01-01 on FIT's clock.
START = 1_136_073_600


def ride(number: int, minutes: int) -> bytes:
    """Make a ride as a bike computer writes one: sixteen fields each second, a lap every ten minutes."""
    from garmin_fit_sdk import Encoder, Profile

    numbers, rng = Profile["mesg_num"], np.random.default_rng(number)
    seconds, start = minutes * 60, START + number * 86_400
    encoder = Encoder()

    def write(name: str, **fields: object) -> None:
        encoder.on_mesg(numbers[name], {"mesg_num": numbers[name], **fields})

    write(
        "FILE_ID",
        type="activity",
        manufacturer="garmin",
        product=3122,
        serial_number=4711,
        time_created=start,
    )
    heart, power = rng.integers(110, 175, seconds), rng.integers(0, 420, seconds)
    altitude = 100 + np.cumsum(rng.normal(0, 0.3, seconds))
    for second in range(seconds):
        write(
            "RECORD", timestamp=start + second, position_lat=626_000_000 + 90 * second,
            position_long=162_000_000 + 45 * second, distance=round(8.4 * second, 2),
            enhanced_altitude=round(float(altitude[second]), 1), enhanced_speed=8.4, heart_rate=int(heart[second]),
            cadence=88, power=int(power[second]), temperature=19, grade=1.5,
            enhanced_respiration_rate=28.5, left_right_balance=178, gps_accuracy=3, calories=second // 10,
        )  # fmt: skip
        if second % 600 == 599:
            write("LAP", timestamp=start + second, start_time=start + second - 599, total_elapsed_time=600.0)
    write("SESSION", timestamp=start + seconds, start_time=start, sport="cycling", sub_sport="road",
          total_elapsed_time=float(seconds), total_timer_time=float(seconds))  # fmt: skip
    write("ACTIVITY", timestamp=start + seconds, local_timestamp=start + seconds + 3600, num_sessions=1)
    return bytes(encoder.close())


@contextmanager
def fresh_database(url: str) -> Iterator[Database]:
    """Make a migrated, empty database."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    create_database(url, name)
    database = embedded_database(url, name)
    with database.connect() as connection:
        migrate(database, connection)
    yield database
    database.close()


def whole_way(url: str, folder: Path, files: list[Path]) -> float:
    """Import the files into an empty database."""
    with fresh_database(url) as database:
        store = FolderStore(folder / uuid.uuid4().hex)
        with database.connect() as connection:
            person = ensure_person(connection, "me", "UTC")
        started = time.perf_counter()
        report = import_paths(database, store, person, files)
        seconds = time.perf_counter() - started
    if report.rejected or report.events_new != len(files):
        sys.exit("FAILED: the import refused something")
    return seconds


def limit(url: str, files: list[Path]) -> float:
    """Decode by `fitfast.records` and COPY the same columns, and nothing else."""
    import fitfast

    with fresh_database(url) as database, database.connect() as connection:
        connection.execute("create table bare (like raw.activity_records)")
        for name in SERIES:
            connection.execute(
                sql.SQL("alter table bare add {} double precision").format(sql.Identifier(name))
            )
        connection.commit()
        started = time.perf_counter()
        for path in files:
            data = path.read_bytes()
            records = fitfast.records(data)
            count = len(records["timestamp"])
            key = np.full(count, np.void(hashlib.sha256(data).digest()[:16]))
            times = np.rint((records["timestamp"] - EPOCH_OF_POSTGRESQL) * 1e6).astype("i8")
            columns = {"recording_id": key, "ordinal": np.arange(count, dtype="i4"), "recorded_at": times}
            for name, fields in FIELDS.items():
                if fields[0] in records:
                    columns[name] = records[fields[0]].astype(COLUMNS[name])
            columns |= {name: records[name] for name in SERIES}
            copy_arrays(connection, "bare", columns)
        connection.commit()
        return time.perf_counter() - started


def sdk(files: list[Path]) -> float:
    """Decode by the official SDK, and nothing else."""
    from garmin_fit_sdk import Decoder, Stream

    started = time.perf_counter()
    for path in files:
        Decoder(Stream.from_file(str(path))).read()
    return time.perf_counter() - started


def peer(folder: Path, files: list[Path]) -> float | None:
    """Seconds that the peer's own command takes, in a home of its own; None where it cannot be had."""
    run = peer_command(PEER, "garmindb_cli.py")
    if run is None:
        return None
    home = folder / "peer"
    activities = home / "HealthData" / "FitFiles" / "Activities"
    activities.mkdir(parents=True)
    for path in files:
        (activities / f"{path.stem}_ACTIVITY.fit").write_bytes(path.read_bytes())
    settings = {
        "db": {"type": "sqlite"},
        "directories": {"relative_to_home": True, "base_dir": "HealthData"},
        "enabled_stats": {"activities": True},
    }
    (home / ".GarminDb").mkdir()
    (home / ".GarminDb" / "GarminConnectConfig.json").write_text(json.dumps(settings))
    started = time.perf_counter()
    subprocess.run(
        [*run, "--import", "--activities"], check=True, capture_output=True, cwd=home,
        env={**os.environ, "HOME": str(home)},
    )  # fmt: skip
    return time.perf_counter() - started


def main() -> None:
    """Measure, write, print."""
    count, minutes = (int(one) for one in (*sys.argv[1:], *("20", "120")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        files = []
        for number in range(count):
            path = folder / f"{number}.fit"
            path.write_bytes(ride(number, minutes))
            files.append(path)
        with embedded_server(folder / "postgres") as url:
            create_database(url, DAGSTER_NAME)
            ways: dict[str, Callable[[], float]] = {
                "FIT files to rows, the whole way": lambda: whole_way(url, folder, files),
                "fitfast.records and COPY alone": lambda: limit(url, files),
                "the official SDK's decoding alone": lambda: sdk(files),
            }
            found: dict[str, list[float]] = {what: [] for what in ways}
            for _ in range(ROUNDS):
                for what, way in ways.items():
                    found[what].append(way())
        theirs = peer(folder, files[:PEER_FILES])
    records = count * minutes * 60
    medians = {what: statistics.median(seconds) for what, seconds in found.items()}
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.fit",
        "what": f"{count} rides of {minutes} minutes, {records:,} records of 15 fields",
        "figures": [
            {
                "what": what,
                "seconds_median": round(medians[what], 3),
                "seconds_all": [round(one, 3) for one in seconds],
                "records_per_second": round(records / medians[what]),
            }
            for what, seconds in found.items()
        ],
        "share_of_the_limit": round(
            medians["fitfast.records and COPY alone"] / next(iter(medians.values())), 2
        ),
        "bar_share_of_the_limit": BAR,
        "peer": PEER,
        "peer_records_per_second": None
        if theirs is None
        else round(min(count, PEER_FILES) * minutes * 60 / theirs),
    }
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(results, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
