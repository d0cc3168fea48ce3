"""What this machine could do: DuckDB over the same rows, in one process, from Parquet.

The rows come out of PostgreSQL by COPY as CSV. Answers of both are compared before their times are: a yardstick of
another thing measures nothing. What DuckDB is not asked to do stands among the limits of the benchmark.
"""

import datetime as dt
import random
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
from psycopg import sql

from benchmarks.api_latency import percentile
from santorio.storage.database.engine import Database

RUNS = 3
TIMES_ASKED = 200
# Of each table in the order in which it is asked for: DuckDB then reads few of its blocks.
EXPORTED = {
    "days": "select * from marts.days order by user_id, day",
    "summaries": """
        select event_id, user_id, content_hash, ingested_at, data::text as data from raw.events
        where event_type = 'garmin.daily_summary' order by user_id, time
    """,
    "heart_rates": """
        select event_id, user_id, ingested_at, data::text as data from raw.events
        where event_type = 'garmin.heart_rate' order by user_id, time
    """,
}
DAY_RANGES = {
    "postgresql": "select * from marts.days where user_id = %s and day between %s and %s order by day",
    "duckdb_parquet": "select * from days where user_id = ? and day between ? and ? order by day",
    "duckdb_table": "select * from held where user_id = ? and day between ? and ? order by day",
}
MONTHS = """
select user_id, date_trunc('month', day) as month, avg(steps), avg(resting_hr_bpm), avg(stress_avg), count(*)
from {0}days group by user_id, month order by user_id, month
"""
WEEKS = """
select user_id, day, avg(steps) over last_week, avg(resting_hr_bpm) over last_week
from {0}days
window last_week as (partition by user_id order by day range between interval '6 days' preceding and current row)
order by user_id, day
"""
STAGING = """
with newest as (
  select distinct on (event_id) event_id, user_id, data from raw.events
  where event_type = 'garmin.daily_summary' order by event_id, ingested_at desc
)
select user_id, data ->> 'calendarDate', (data ->> 'totalSteps')::double precision,
       (data ->> 'restingHeartRate')::double precision, (data ->> 'totalDistanceMeters')::double precision
from newest order by 1, 2, 3
"""
STAGING_OF_DUCKDB = """
with newest as (
  select event_id, max_by(user_id, ingested_at) as user_id, max_by(data, ingested_at) as data
  from summaries group by event_id
)
select user_id, data ->> 'calendarDate', (data ->> 'totalSteps')::double, (data ->> 'restingHeartRate')::double,
       (data ->> 'totalDistanceMeters')::double
from newest order by 1, 2, 3
"""
HOURS = """
with newest as (
  select distinct on (event_id) event_id, user_id, data from raw.events
  where event_type = 'garmin.heart_rate' order by event_id, ingested_at desc
), samples as (
  select user_id, (sample ->> 0)::bigint as at_ms, (sample ->> 1)::double precision as bpm
  from newest cross join lateral jsonb_array_elements(
    case when jsonb_typeof(data -> 'heartRateValues') = 'array' then data -> 'heartRateValues' else '[]' end
  ) as sample
)
select user_id, at_ms / 3600000 as hour, count(bpm), round(avg(bpm)::numeric, 6)
from samples where bpm > 0 group by user_id, hour order by user_id, hour
"""
HOURS_OF_DUCKDB = """
with newest as (
  select event_id, max_by(user_id, ingested_at) as user_id, max_by(data, ingested_at) as data
  from heart_rates group by event_id
), samples as (
  select user_id, unnest(from_json(data -> 'heartRateValues', '[["double"]]')) as sample from newest
)
select user_id, sample[1]::bigint // 3600000 as hour, count(sample[2]), round(avg(sample[2])::decimal(18, 8), 6)
from samples where sample[2] > 0 group by user_id, hour order by user_id, hour
"""


class Yardstick:
    """DuckDB over tables that were exported."""

    def __init__(self, database: Database, folder: Path, tables: Sequence[str]) -> None:
        self.database = database
        self.duck = duckdb.connect()
        started = time.perf_counter()
        self.bytes = sum(self._export(folder, name) for name in tables)
        self.seconds_to_export = round(time.perf_counter() - started, 2)

    def _export(self, folder: Path, name: str) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        came, kept = folder / f"{name}.csv", folder / f"{name}.parquet"
        with self.database.connect() as connection, connection.cursor() as cursor, came.open("wb") as file:
            copy = sql.SQL("copy ({}) to stdout (format csv, header)").format(sql.SQL(EXPORTED[name]))
            with cursor.copy(copy) as rows:
                for block in rows:
                    file.write(block)
        # Sniffing the types of columns of JSON would take longer than reading them.
        rows_of = self.duck.read_csv(str(came), all_varchar=name != "days", max_line_size=100_000_000)
        rows_of.write_parquet(str(kept))
        self.duck.read_parquet(str(kept)).create_view(name)
        came.unlink()
        return kept.stat().st_size

    def compare(self, what: str, ours: str, theirs: str) -> dict[str, object]:
        """Answer one question by both; raises where the answers differ."""
        with self.database.connect() as connection:
            mine = timed(lambda: connection.execute(ours).fetchall())
        yard = timed(lambda: self.duck.execute(theirs).fetchall())
        if rounded(mine[1]) != rounded(yard[1]):
            raise RuntimeError(f"The answers to “{what}” differ.")
        return {
            "what": what,
            "rows": len(mine[1]),
            "postgresql_seconds": mine[0],
            "duckdb_seconds": yard[0],
            "times_as_long": round(mine[0] / yard[0], 1),
        }

    def day_ranges(self, people: Sequence[uuid.UUID], last: dt.date) -> list[dict[str, object]]:
        """Read 28 days and a year of random people."""
        found: list[dict[str, object]] = []
        # No index but the order of the rows; as a table it is read without a file's footer each time.
        self.duck.execute("create table held as select * from days order by user_id, day")
        with self.database.connect() as connection:
            for days in (28, 365):
                first = last - dt.timedelta(days=days - 1)
                figures: dict[str, object] = {"what": f"{days} days of a person, all columns"}
                for name, query in DAY_RANGES.items():
                    ask: Callable[..., Any] = (
                        connection.execute if name == "postgresql" else self.duck.execute
                    )
                    spent = []
                    for person in random.Random(7).choices(people, k=TIMES_ASKED):
                        started = time.perf_counter()
                        ask(query, [person, first, last]).fetchall()
                        spent.append(time.perf_counter() - started)
                    figures |= {
                        f"{name}_p50_ms": percentile(spent, 50),
                        f"{name}_p95_ms": percentile(spent, 95),
                    }
                found.append(figures)
        return found

    @property
    def document(self) -> dict[str, object]:
        """What it read from."""
        return {
            "version": duckdb.__version__,
            "seconds_to_export": self.seconds_to_export,
            "parquet_mib": round(self.bytes / 2**20, 1),
        }


def timed(ask: Callable[[], list[Any]]) -> tuple[float, list[Any]]:
    """Median seconds of some runs, and the answer."""
    spent = []
    for _ in range(RUNS):
        started = time.perf_counter()
        answer = ask()
        spent.append(time.perf_counter() - started)
    return round(statistics.median(spent), 4), answer


def rounded(rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """Make answers comparable: sums in another order differ in their last digits, and one says a date as an instant."""
    return [tuple(_rounded(value) for value in row) for row in rows]


def _rounded(value: object) -> object:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, str | uuid.UUID | dt.date):
        return str(value)
    return round(float(value), 4)  # type: ignore[arg-type]


def measure_many(
    database: Database, people: Sequence[uuid.UUID], last: dt.date, folder: Path
) -> dict[str, object]:
    """Hold the marts of many people against the yardstick."""
    yard = Yardstick(database, folder / "duckdb", ("days", "summaries"))
    return {
        **yard.document,
        "aggregations": [
            yard.compare("monthly means of every person", MONTHS.format("marts."), MONTHS.format("")),
            yard.compare(
                "means of seven days, every day and person", WEEKS.format("marts."), WEEKS.format("")
            ),
            yard.compare("newest version of every daily summary, five columns", STAGING, STAGING_OF_DUCKDB),
        ],
        "day_ranges": yard.day_ranges(people, last),
    }


def measure_one(database: Database, folder: Path) -> dict[str, object]:
    """Hold the hourly rollup of one person's heart rate, out of the payloads, against the yardstick."""
    yard = Yardstick(database, folder / "duckdb", ("heart_rates",))
    return {
        **yard.document,
        **yard.compare("hourly means of heart rate out of the payloads", HOURS, HOURS_OF_DUCKDB),
    }
