"""Full days of Garmin's JSON: from the documents to events to staged samples, against COPY and one explosion in SQL.

The limit is measured in the same run, on the same server and the same documents: COPY of the documents as they came
into a table with the log's primary key, then one statement that explodes their series into a table of samples.

Beside it stands a peer, garmin-health-data, which takes the same days into SQLite: it reads seven of a day's ten
documents, and its time includes the start of its command.
"""

import argparse
import datetime as dt
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import psycopg

from benchmarks.harness import machine, peer_command
from santorio.ingest.formats.garmin.parser import parse
from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.copy import copy_rows
from santorio.storage.database.engine import Database
from santorio.storage.event_log import write_events

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "garmin-days.json"
BAR = 0.5
FIRST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
# What one transaction of a sync or an import holds.
DAYS_A_BATCH = 10
PEER = "garmin-health-data==2.16.0"
PEER_DAYS = 60
# Its names of the documents, in the order of `full_day`; None where it reads none of the kind.
PEER_KINDS = (
    None, "HEART_RATE", "STRESS", "RESPIRATION", None, "INTENSITY_MINUTES", "FLOORS", None, "SLEEP", "STEPS",
)  # fmt: skip
Day = list[bytes]

RAW = """
create temporary table raw_documents (
  event_id uuid, content_hash bytea, user_id uuid, time timestamptz, event_type text, data jsonb,
  primary key (event_id, content_hash, time)
)
"""
EXPLODE = """
create temporary table exploded as
select event_id, user_id, measure, to_timestamp((element ->> 0)::double precision / 1000) as measured_at,
       (element ->> place)::double precision as value
from raw_documents
cross join lateral (values
  ('heart_rate', 'heartRateValues', 1), ('stress', 'stressValuesArray', 1),
  ('body_battery', 'bodyBatteryValuesArray', 2), ('respiration', 'respirationValuesArray', 1),
  ('spo2', 'spO2HourlyAverages', 1), ('intensity', 'imValuesArray', 1)
) as series (measure, name, place)
cross join lateral jsonb_array_elements(
  case when jsonb_typeof(data -> name) = 'array' then data -> name else '[]' end
) as element
where (element ->> place)::double precision >= 0
union all
select event_id, user_id, 'hrv', (element ->> 'readingTimeGMT')::timestamptz, (element ->> 'hrvValue')::double precision
from raw_documents
cross join lateral jsonb_array_elements(case when data ? 'hrvReadings' then data -> 'hrvReadings' else '[]' end)
  as element
union all
select event_id, user_id, 'floors', (element ->> 0)::timestamptz, (element ->> 2)::double precision
from raw_documents
cross join lateral jsonb_array_elements(
  case when data ? 'floorValuesArray' then data -> 'floorValuesArray' else '[]' end
) as element
union all
select event_id, user_id, 'steps', (element ->> 'startGMT')::timestamptz, (element ->> 'steps')::double precision
from raw_documents
cross join lateral jsonb_array_elements(case when jsonb_typeof(data) = 'array' then data else '[]' end) as element
"""
STAGE = "create temporary table staged as select * from staging.stg_garmin__samples where user_id = %s"


def full_day(number: int, chance: random.Random) -> Day:
    """Documents of one day as Garmin answers, each series in the grain that a watch of today gives it."""
    start = FIRST + dt.timedelta(days=number)
    begin = int(start.timestamp() * 1000)
    date = start.date().isoformat()
    stamps = {
        "startTimestampGMT": f"{date}T00:00:00.0",
        "endTimestampGMT": f"{(start + dt.timedelta(days=1)).date()}T00:00:00.0",
        "startTimestampLocal": f"{date}T00:00:00.0",
        "endTimestampLocal": f"{(start + dt.timedelta(days=1)).date()}T00:00:00.0",
    }
    about = {"userProfilePK": 1, "calendarDate": date, **stamps}

    def every(minutes: float, value: Callable[[], object]) -> list[list[object]]:
        return [[begin + round(n * minutes * 60_000), value()] for n in range(int(1440 / minutes))]

    # A third of the moments are not measured.
    stress = every(3, lambda: chance.choice([-1, -2, *chance.choices(range(100), k=4)]))
    battery = [[at, "MEASURED", chance.randint(5, 100), 3.0] for at, _ in stress]
    quarters = [start + dt.timedelta(minutes=15 * n) for n in range(96)]
    steps = [
        {
            "startGMT": at.strftime("%Y-%m-%dT%H:%M:%S.0"),
            "endGMT": (at + dt.timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%S.0"),
            "steps": chance.randint(0, 900),
            "pushes": 0,
            "primaryActivityLevel": "sedentary",
            "activityLevelConstant": True,
        }
        for at in quarters
    ]
    floors = [
        [
            at.strftime("%Y-%m-%dT%H:%M:%S.0"),
            (at + dt.timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%S.0"),
            0,
            1,
        ]
        for at in quarters
    ]
    readings = [
        {
            "hrvValue": chance.randint(30, 120),
            "readingTimeGMT": (start + dt.timedelta(minutes=5 * n)).strftime("%Y-%m-%dT%H:%M:%S.0"),
            "readingTimeLocal": (start + dt.timedelta(minutes=5 * n)).strftime("%Y-%m-%dT%H:%M:%S.0"),
        }
        for n in range(90)
    ]
    movement = [
        {
            "startGMT": (start + dt.timedelta(minutes=n)).strftime("%Y-%m-%dT%H:%M:%S.0"),
            "endGMT": (start + dt.timedelta(minutes=n + 1)).strftime("%Y-%m-%dT%H:%M:%S.0"),
            "activityLevel": chance.random() * 7,
        }
        for n in range(540)
    ]
    levels = [{**one, "activityLevel": float(number % 4)} for number, one in enumerate(movement[:25])]
    night = {
        "id": begin, "userProfilePK": 1, "calendarDate": date, "sleepTimeSeconds": 27_000, "deepSleepSeconds": 5000,
        "lightSleepSeconds": 16_000, "remSleepSeconds": 6000, "awakeSleepSeconds": 900,
        "sleepStartTimestampGMT": begin, "sleepEndTimestampGMT": begin + 28_000_000,
        "sleepStartTimestampLocal": begin, "sleepEndTimestampLocal": begin + 28_000_000,
    }  # fmt: skip
    documents: list[object] = [
        {
            **about, "totalSteps": 9000, "includesWellnessData": True, "restingHeartRate": 50,
            "wellnessStartTimeGmt": stamps["startTimestampGMT"],
            "wellnessStartTimeLocal": stamps["startTimestampLocal"],
        },
        {**about, "restingHeartRate": 50, "heartRateValues": every(2, lambda: chance.randint(45, 150))},
        {**about, "avgStressLevel": 30, "stressValuesArray": stress, "bodyBatteryValuesArray": battery},
        {**about, "respirationValuesArray": every(2, lambda: chance.choice([-1.0, 14.0, 15.0, 16.0]))},
        {**about, "averageSpO2": 94, "spO2HourlyAverages": every(60, lambda: chance.randint(88, 99))},
        {**about, "moderateMinutes": 20, "imValuesArray": every(60, lambda: chance.randint(0, 20))},
        {**stamps, "userProfilePK": 1, "floorValuesArray": floors},
        {
            "userProfilePk": 1, **stamps,
            "hrvSummary": {"calendarDate": date, "lastNightAvg": 60}, "hrvReadings": readings,
        },
        {"dailySleepDTO": night, "sleepMovement": movement, "sleepLevels": levels, "restingHeartRate": 50},
        steps,
    ]  # fmt: skip
    return [orjson.dumps(document) for document in documents]


def take_in(connection: psycopg.Connection, person: Person, days: Sequence[Day]) -> int:
    """Take the way of the product: parse, write to the log in batches, read the staged samples whole."""
    now = dt.datetime.now(dt.UTC)
    for first in range(0, len(days), DAYS_A_BATCH):
        events = []
        for document in (one for day in days[first : first + DAYS_A_BATCH] for one in day):
            parsed = parse(orjson.loads(document), person, now)
            if parsed is None or parsed.rejections:
                raise RuntimeError("A document of the benchmark was refused.")
            events += parsed.events
        write_events(connection, events)
        connection.commit()
    connection.execute(STAGE, [person.user_id])
    return _count(connection, "staged")


def copy_and_explode(connection: psycopg.Connection, person: Person, days: Sequence[Day]) -> int:
    """Measure the limit: the same documents, not looked at, and one statement."""
    connection.execute(RAW)
    rows = (
        (uuid.uuid4(), hashlib.sha256(one).digest(), person.user_id, FIRST, "garmin", one.decode())
        for day in days
        for one in day
    )
    columns = ("event_id", "content_hash", "user_id", "time", "event_type", "data")
    copy_rows(connection, "raw_documents", columns, rows)
    connection.commit()
    connection.execute(EXPLODE)
    return _count(connection, "exploded")


def _count(connection: psycopg.Connection, table: str) -> int:
    counted = {"staged": "select count(*) from staged", "exploded": "select count(*) from exploded"}[table]
    row = connection.execute(counted).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return int(row[0])


def build_views(database: Database, folder: Path) -> None:
    """Make the staging views by dbt, once, and in a process of its own: what takes data in never loads dbt."""
    from santorio.warehouse import PROJECT, dbt_environment

    with dbt_environment(database):
        paths = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
        subprocess.run(
            [Path(sys.executable).with_name("dbt"), "--quiet", "run", "--select", "+stg_garmin__samples",
             "--project-dir", PROJECT, "--profiles-dir", PROJECT],
            check=True, env={**os.environ, **paths},
        )  # fmt: skip


def measure(database: Database, work: Callable[..., int], days: Sequence[Day]) -> tuple[float, int]:
    """Seconds of one way, for somebody new, and the samples it gave."""
    with database.connect() as connection:
        person = ensure_person(connection, f"bench {uuid.uuid4().hex[:8]}", "UTC")
        connection.commit()
        started = time.perf_counter()
        samples = work(connection, person, days)
        return time.perf_counter() - started, samples


def peer(days: Sequence[Day], folder: Path) -> float | None:
    """Seconds that the peer's own command takes; None where it cannot be had."""
    run = peer_command(PEER, "garmin")
    if run is None:
        return None
    waiting = folder / "garmin_files" / "ingest"
    waiting.mkdir(parents=True)
    for number, day in enumerate(days):
        date = (FIRST + dt.timedelta(days=number)).date()
        for kind, content in zip(PEER_KINDS, day, strict=True):
            if kind is not None:
                (waiting / f"1_{kind}_{date}T12-00-00Z.json").write_bytes(content)
    about = orjson.dumps({"id": 1, "full_name": "x", "userData": {}})
    (waiting / f"1_USER_PROFILE_{FIRST.date()}T12-00-00Z.json").write_bytes(about)
    started = time.perf_counter()
    done = subprocess.run(
        [*run, "extract", "--process-only", "--db-path", folder / "peer.db"],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    if "quarantined 0 file(s)" not in done.stdout:
        raise RuntimeError("The peer did not take in every document.")
    return seconds


def document(
    days: int, ours: list[float], limit: list[float], samples: list[int], theirs: float | None
) -> dict[str, object]:
    """Medians in days a second, beside the limit of the same run."""
    speed, most = days / statistics.median(ours), days / statistics.median(limit)
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.garmin_days",
        "days": days,
        "samples": samples,
        "documents_to_events_to_staged_samples_days_per_second": round(speed, 1),
        "limit_copy_and_one_explosion_days_per_second": round(most, 1),
        "part_of_limit": round(speed / most, 2),
        "bar_part_of_limit": BAR,
        "peer": PEER,
        "peer_days_per_second": None if theirs is None else round(min(days, PEER_DAYS) / theirs, 1),
        "seconds_all": [round(one, 2) for one in ours],
        "limit_seconds_all": [round(one, 2) for one in limit],
    }


def main() -> None:
    """Measure three times, one way after the other; write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--no-record", action="store_true", help="print only")
    options = parser.parse_args()
    chance = random.Random(7)
    days = [full_day(number, chance) for number in range(options.days)]
    ours, limit, samples = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(Settings(home=Path(folder) / "home")) as database,
    ):
        build_views(database, Path(folder) / "dbt")
        for _ in range(3):
            seconds, staged = measure(database, take_in, days)
            ours.append(seconds)
            seconds, exploded = measure(database, copy_and_explode, days)
            limit.append(seconds)
            samples = [staged, exploded]
    with tempfile.TemporaryDirectory() as folder:
        theirs = peer(days[:PEER_DAYS], Path(folder))
    results = document(options.days, ours, limit, samples, theirs)
    if not options.no_record:
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
