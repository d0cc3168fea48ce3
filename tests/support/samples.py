"""Days of a person with all series that a watch writes, and a warehouse that is built with or without TimescaleDB."""

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events
from santorio.warehouse import ensure_manifest, plan_build
from santorio.warehouse.build import CLEAR
from santorio.warehouse.manifest import read_models
from support.warehouse import TABLES, failures, run_dbt

NO_TIMESCALE = "this server has no TimescaleDB: its part of the warehouse is not tested here"
MART_COLUMNS = {
    "samples": "user_id, day, measure, measured_at, local_at, value, as_of",
    "samples_5min": "user_id, day, measure, bucket_at, samples, mean, min, max, sum, as_of",
    "samples_hourly": "user_id, day, measure, bucket_at, samples, mean, min, max, sum, as_of",
}


def has_timescaledb(database: Database) -> bool:
    with database.connect() as connection:
        found = connection.execute("select from pg_extension where extname = 'timescaledb'").fetchone()
    return found is not None


def need_timescaledb(database: Database) -> None:
    """Skip the test, and say so, where the server has not loaded the extension."""
    if not has_timescaledb(database):
        pytest.skip(NO_TIMESCALE)


def day_events(
    person: Person,
    day: dt.date,
    offset: dt.timedelta = dt.timedelta(hours=1),
    *,
    account: str = "7",
    beat: int = 50,
    kinds: Sequence[str] | None = None,
) -> list[Event]:
    """All payloads of one day, as Garmin words them; `beat` moves the heart rate."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC) - offset
    return [
        Event(
            person.user_id, start, offset, f"garmin.{kind}", "garmin", f"{account}/{day}",
            {**stated(day, offset), **payload}, {"garmin_account": account, "day": day.isoformat()},
        )
        for kind, payload in series(start, beat).items()
        if kinds is None or kind in kinds
    ]  # fmt: skip


def stated(day: dt.date, offset: dt.timedelta) -> dict[str, object]:
    local = dt.datetime.combine(day, dt.time())
    return {
        "calendarDate": day.isoformat(),
        "startTimestampGMT": text(local - offset),
        "startTimestampLocal": text(local),
        "endTimestampGMT": text(local - offset + dt.timedelta(days=1)),
        "endTimestampLocal": text(local + dt.timedelta(days=1)),
    }


def series(start: dt.datetime, beat: int) -> dict[str, dict[str, object]]:
    def every(minutes: int) -> list[tuple[int, dt.datetime]]:
        return [(n, start + n * dt.timedelta(minutes=minutes)) for n in range(24 * 60 // minutes)]

    return {
        "heart_rate": {
            "restingHeartRate": beat - 4,
            "heartRateValues": [[ms(at), None if n % 11 == 0 else beat + n * 7 % 60] for n, at in every(2)],
        },
        "stress": {
            "stressValuesArray": [[ms(at), n * 13 % 90 - 2] for n, at in every(3)],
            "bodyBatteryValuesArray": [[ms(at), "MEASURED", 100 - n // 6, 3.0] for n, at in every(3)],
        },
        "respiration": {
            "avgWakingRespirationValue": 15.0,
            "respirationValuesArray": [[ms(at), 12.1 + n * 7 % 50 / 10] for n, at in every(2)],
        },
        "spo2": {"averageSpO2": 95.0, "spO2HourlyAverages": [[ms(at), 92 + n % 7] for n, at in every(60)]},
        "steps_intervals": {
            "stepsIntervals": [
                {"startGMT": text(at), "endGMT": text(at + dt.timedelta(minutes=15)), "steps": n * 17 % 400}
                for n, at in every(15)
            ],
        },
        "floors": {
            "floorValuesArray": [
                [text(at), text(at + dt.timedelta(minutes=15)), n % 3, n % 2] for n, at in every(15)
            ]
        },
        # Of the night: it begins on the evening before.
        "hrv": {
            "hrvSummary": {"lastNightAvg": beat},
            "hrvReadings": [
                {"hrvValue": 40 + n % 30, "readingTimeGMT": text(start + dt.timedelta(minutes=5 * n - 90))}
                for n in range(96)
            ],
        },
    }


def ms(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)


def text(at: dt.datetime) -> str:
    return at.replace(tzinfo=None).isoformat() + ".0"


class Marts:
    """The marts of samples, and others that are asked for, as real dbt makes them in a database."""

    def __init__(
        self, database: Database, folder: Path, *, timescale: bool, more: Sequence[str] = ()
    ) -> None:
        self.database, self.folder, self.timescale = database, folder, timescale
        self.selected = ["+samples", "+samples_5min+", "+samples_hourly+", *more]

    def write(self, *events: Event) -> None:
        with self.database.connect() as connection:
            write_events(connection, events)

    def build_planned(self) -> dict[str, str]:
        """Build these models as a part of a planned build, which says how each is made: in full, or what is touched."""
        with self.database.connect() as connection:
            planned = plan_build(connection, read_models(ensure_manifest()))
        os.environ.update(planned.environment)
        try:
            self.build()
        finally:
            for name in planned.environment:
                del os.environ[name]
        with self.database.connect() as connection:
            connection.execute(CLEAR)
            # As the end of a build does, for the models that were made.
            connection.execute(
                "update ops.models set built_fingerprint = fingerprint where built_in = planned_in"
            )
        return dict(planned.modes)

    def build(self, *arguments: str) -> None:
        self._run(*TABLES, "--select", *self.selected, *arguments)

    def _run(self, *arguments: str) -> None:
        variables = f"{{timescale: {str(self.timescale).lower()}}}"
        result = run_dbt(self.database, self.folder, *arguments, variables=variables)
        assert failures(result) == []

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def mart(self, name: str) -> list[tuple[Any, ...]]:
        return self.rows(f"select {MART_COLUMNS[name]} from marts.{name} order by 1, 2, 3, 4")
