"""`python -m benchmarks.log_to_api`: seconds from an entry of caffeine to the API's answer that has it.

A data directory of ten years of one person, with the API's server running. Three ways in: an entry written to the log
while the builder runs (`santorio serve`), a file dropped into the inbox while it runs, and a file dropped before
`santorio run` is typed. Beside them what no design can undercut: an insert and its commit, and one request to the API.
"""

import argparse
import datetime as dt
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import simulated_people
from benchmarks.harness import machine
from benchmarks.simulated_people import DAYS_A_YEAR, LAST_DAY, every_kind
from santorio.ingest.importer import SETTLED_SECONDS
from santorio.people import Person, ensure_person
from santorio.privacy.tokens import mint_token
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.event_log import Event, write_events
from santorio.warehouse import build_session, ensure_manifest
from santorio.warehouse.dbt_runner import BUILD, check_results, run_dbt
from santorio.warehouse.publish import make_views

RESULTS = Path(__file__).resolve().parent / "results" / "log-to-api.json"
YEARS, TIMES, RUNS = 10, 9, 3
BAR_SECONDS = 5.0
PERSON = "person 0001"
TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 0.02
# Before this benchmark: `santorio run` with one new event, on the same kind of data directory.
BEFORE = "20 to 37 s by `santorio run`; by `santorio serve` two polls of 15 s, two starts of a run and the same build"


def prepare(settings: Settings, database: Database, years: int) -> None:
    """Load a person's years, where this was not done before, and bring the marts and the API's views up to date."""
    with database.connect() as connection:
        is_loaded = connection.execute("select exists (select from raw.events)").fetchone() == (True,)
        if not is_loaded:
            log = simulated_people.one_person(connection, years * DAYS_A_YEAR)
            span = range(years * DAYS_A_YEAR)
            simulated_people.write_whole(connection, [log.protocol])
            simulated_people.write_whole(connection, log.whole(span))
            first, last = (log.life.clock.date(day) for day in (span[0], span[-1]))
            simulated_people.write_ledger(connection, first, last, every_kind())
            simulated_people.write_insights(connection)
    with database.connect(autocommit=True) as connection:
        connection.execute("vacuum analyze")
    with build_session(database) as build:
        if build.selected:
            arguments = [*BUILD, *build.arguments]
            results = run_dbt(database, arguments, target=settings.dbt_target, environment=build.environment)
            check_results(results)
    make_views(database, ensure_manifest(), settings.dbt_target)


class Api:
    """The read API of one person, asked for the caffeine of a day.

    It answers some requests a second and no more: until the copy that it reads has changed, that is looked at instead.
    """

    def __init__(self, settings: Settings, database: Database, person: Person, day: dt.date) -> None:
        self.database, self.about = database, [person.user_id, day]
        self.url = f"http://{settings.api_host}:{settings.api_port}/v1/days?from={day}&to={day}"
        self.token = mint_token(settings, person)

    def caffeine_mg(self) -> float | None:
        """Ask for it; None on a day without an entry."""
        request = urllib.request.Request(self.url, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310 - our own http address
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            rows = json.load(response)["data"]
        value: float | None = rows[0]["caffeine_mg"] if rows else None
        return value

    def wait_for(self, amount: float) -> None:
        """Return as soon as the API shows this amount."""
        until = time.monotonic() + TIMEOUT_SECONDS
        while not self.shows(amount):
            if time.monotonic() > until:
                sys.exit("The entry did not reach the API.")
            time.sleep(POLL_SECONDS)

    def shows(self, amount: float) -> bool:
        """Whether the API shows this amount."""
        query = "select caffeine_mg from serving.days where user_id = %s and day = %s"
        with self.database.connect() as connection:
            copied = connection.execute(query, self.about).fetchone()
        return copied == (amount,) and self.caffeine_mg() == amount


class Entries:
    """Writes entries of caffeine on one day, each with another amount, and says what the day then amounts to."""

    def __init__(self, settings: Settings, database: Database, person: Person, total_mg: float) -> None:
        self.settings, self.database, self.person = settings, database, person
        self.total_mg, self.number = total_mg, 0

    def write(self) -> float:
        """Write an entry to the log, as whoever has a connection does."""
        amount, at = self._next()
        event = Event(
            self.person.user_id,
            at,
            at.utcoffset(),
            "caffeine",
            "log",
            f"{amount}/{at}",
            {"amount_mg": amount},
            {},
        )
        with self.database.connect() as connection:
            write_events(connection, [event])
        return self.total_mg

    def drop(self) -> float:
        """Drop a file with one entry into the inbox."""
        amount, at = self._next()
        folder = self.settings.inbox / self.person.name
        folder.mkdir(parents=True, exist_ok=True)
        entry = {"time": at.isoformat(), "kind": "caffeine", "value": amount, "unit": "mg"}
        (folder / f"entry-{self.number}.jsonl").write_text(json.dumps(entry) + "\n")
        return self.total_mg

    def _next(self) -> tuple[float, dt.datetime]:
        self.number += 1
        amount = 40.0 + self.number
        self.total_mg += amount
        now = dt.datetime.now(dt.UTC)
        at = dt.datetime.combine(LAST_DAY, dt.time(7, now.minute, now.second, now.microsecond), dt.UTC)
        return amount, at.astimezone(dt.timezone(dt.timedelta(hours=1)))


@contextmanager
def service(module: str, log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Run a service until the context ends; the body begins when it is ready."""
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-m", module], stdout=output, stderr=output)
    try:
        until = time.monotonic() + TIMEOUT_SECONDS
        while not ready():
            if time.monotonic() > until or process.poll() is not None:
                sys.exit(f"{module} did not start.")
            time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def seconds_to_api(act: Callable[[], float], api: Api) -> float:
    """Act, and wait until the API shows what came of it (s)."""
    started = time.monotonic()
    api.wait_for(act())
    return round(time.monotonic() - started, 2)


def summary(seconds: list[float]) -> dict[str, object]:
    """Median and largest of some times (s)."""
    return {
        "seconds_median": statistics.median(seconds),
        "seconds_max": max(seconds),
        "seconds_all": seconds,
    }


def floor(entries: Entries, api: Api) -> dict[str, float]:
    """Measure an insert with its commit, and one request."""
    started = time.monotonic()
    entries.write()
    written = time.monotonic()
    api.caffeine_mg()
    return {
        "insert_and_commit_seconds": round(written - started, 4),
        "request_seconds": round(time.monotonic() - written, 4),
    }


def by_hand(entries: Entries, api: Api) -> float:
    """Drop a file, let it settle, type `santorio run` (s); the run is stopped when the API shows the entry."""
    total_mg = entries.drop()
    time.sleep(SETTLED_SECONDS + 1)
    runs = []

    def run() -> float:
        command = [sys.executable, "-m", "santorio.cli.main", "run"]
        runs.append(
            subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
        )
        return total_mg

    seconds = seconds_to_api(run, api)
    os.killpg(runs[0].pid, signal.SIGTERM)
    runs[0].wait()
    return seconds


def measure(settings: Settings, database: Database) -> dict[str, object]:
    """Measure every way in."""
    with database.connect() as connection:
        person = ensure_person(connection, PERSON, settings.timezone_name)
    api = Api(settings, database, person, LAST_DAY)

    def answers() -> bool:
        try:
            api.caffeine_mg()
        except OSError:
            return False
        return True

    with service("santorio.api.server", settings.home / "api.log", answers):
        entries = Entries(settings, database, person, api.caffeine_mg() or 0.0)
        # Ready when an entry came through: from then on dbt is warm.
        total_mg = entries.write()
        with service("pipelines.builder", settings.home / "builder.log", lambda: api.shows(total_mg)):
            written = [seconds_to_api(entries.write, api) for _ in range(TIMES)]
            dropped = [seconds_to_api(entries.drop, api) for _ in range(TIMES)]
            limit = floor(entries, api)
            api.wait_for(entries.total_mg)
        typed = [by_hand(entries, api) for _ in range(RUNS)]
    figures = {
        "entry_written_to_the_log": summary(written),
        "file_dropped_into_the_inbox": summary(dropped),
        "file_dropped_then_santorio_run": summary(typed),
    }
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "command": "python -m benchmarks.log_to_api",
        "years": YEARS,
        "bar_seconds": BAR_SECONDS,
        "before": BEFORE,
        "no_design_undercuts": limit,
        "inbox_waits_until_a_file_is_settled_seconds": SETTLED_SECONDS,
        "figures": figures,
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=YEARS, help="other than 10: nothing is recorded")
    options = parser.parse_args()
    folder = Path(tempfile.gettempdir()) / f"santorio-bench-log-{options.years}"
    os.environ |= {"SANTORIO_HOME": str(folder), "SANTORIO_PERSON": PERSON, "SANTORIO_API_PORT": "8791"}
    settings = load_settings()
    with open_database(settings) as database:
        prepare(settings, database, options.years)
        results = measure(settings, database)
    text = json.dumps(results | {"years": options.years}, indent=2) + "\n"
    if options.years == YEARS:
        RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
