"""`python -m benchmarks.sync`: a daily sync of one person with everything settled but two days.

The real client, a simulated Garmin on this machine, the embedded database; the pace is set aside, for it would
only measure itself. The naive client asks once a day and kind for the same days, and for every activity again.
"""

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr

from benchmarks.harness import machine
from santorio.ingest.garmin.account import Region
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.ingest.garmin.login import LoginContext, use_token
from santorio.ingest.garmin.sync import SyncOptions, SyncReport, sync_people
from santorio.ingest.garmin.throttle import RequestPolicy
from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.simulator.files import simulate
from santorio.simulator.server import Account, run_server
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.object_store import open_object_store

RESULTS = Path(__file__).resolve().parent / "results" / "sync.json"
UNLIMITED = RequestPolicy(per_second=1e6, burst=1_000_000)
LAST_DAY = dt.date(2026, 3, 20)


def sync(
    database: Database, settings: Settings, person: Person, now: dt.datetime, since: dt.date | None
) -> tuple[SyncReport, float]:
    """Sync once; returns the report and the seconds."""
    started = time.monotonic()
    store = open_object_store(settings)
    [report] = sync_people(
        database, store, settings, [person], SyncOptions(since=since), policy=UNLIMITED, now=now
    )
    assert report.status == "done", report.message  # noqa: S101 - a figure of anything else means nothing
    return report, time.monotonic() - started


def age(database: Database) -> None:
    """Let what was asked for have been asked for long ago, as it is with the next day's sync."""
    with database.connect() as connection:
        connection.execute("update ops.coverage set requested_at = requested_at - interval '12 hours'")


def naive_requests(days: int, activities: int) -> int:
    """Count the requests of a client that asks for each day and kind by itself, and remembers nothing."""
    per_day = sum(one.is_default and one.grain == "days" for one in ENDPOINTS)
    per_activity = sum(one.grain == "activity" for one in ENDPOINTS)
    now = sum(one.grain == "account" for one in ENDPOINTS)
    return days * per_day + activities * per_activity + now


def measure(days: int) -> dict[str, object]:
    """Fetch all days, settle them, then measure a daily sync three times."""
    account = Account("bench@example.org", "bench", simulate(days=days, seed=1, last_day=LAST_DAY))
    evening = dt.datetime.combine(LAST_DAY, dt.time(21), dt.UTC)
    with tempfile.TemporaryDirectory() as folder, run_server([account], now=evening) as server:
        settings = Settings(home=Path(folder), timezone="Europe/Berlin", garmin_url=server.url)
        with open_database(settings) as database:
            with database.connect() as connection:
                person = ensure_person(connection, "me", "Europe/Berlin")
            token = SecretStr(server.token(account))
            use_token(LoginContext(database, settings, person, Region.GLOBAL), token)
            first = LAST_DAY - dt.timedelta(days=days - 1)
            backfill, backfill_seconds = sync(database, settings, person, evening, first)
            age(database)
            sync(database, settings, person, evening, None)
            runs = []
            for _ in range(3):
                age(database)
                runs.append(sync(database, settings, person, evening, None))
            with database.connect() as connection:
                row = connection.execute(
                    "select count(distinct activity_id) from ops.garmin_activities"
                ).fetchone()
    seconds = [round(spent, 2) for _, spent in runs]
    return {
        "days_of_the_account": days,
        "daily_sync": {
            "days_unsettled": 2,
            "requests": runs[-1][0].requests,
            "seconds_median": statistics.median(seconds),
            "seconds_all": seconds,
            "naive_requests_for_28_days": naive_requests(28, 0),
            "naive_requests_for_the_whole_account": naive_requests(days, row[0] if row else 0),
        },
        "backfill": {
            "requests": backfill.requests,
            "seconds": round(backfill_seconds, 1),
            "events": backfill.events.new,
        },
    }


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    days = parser.parse_args().days
    results = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": f"python -m benchmarks.sync --days {days}",
        **measure(days),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
