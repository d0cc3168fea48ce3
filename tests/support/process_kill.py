"""Runs `santorio sync` as a process against a simulated Garmin, and kills it at random moments."""

import datetime as dt
import importlib.util
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from santorio.ingest.garmin.account import Region
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.ingest.garmin.login import LoginContext, use_token
from santorio.people import Person, ensure_person
from santorio.settings import Settings
from santorio.simulator.files import simulate
from santorio.simulator.server import Account, Fault, GarminServer
from santorio.storage.database.engine import Database

DAYS = 10
# Long past: such days are final when they are first seen, whatever day it is when the test runs.
LAST_DAY = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=30)


# The original files of simulated activities are made by a part that a checkout may lack.
HAS_FILES = importlib.util.find_spec("santorio.simulator.payloads.fit") is not None


def without_files(server: GarminServer) -> None:
    if not HAS_FILES:
        server.faults.add(Fault(kind="204", path="/download-service", times=None))


def past_account() -> Account:
    return Account("past@example.org", "correct-horse", simulate(days=DAYS, seed=3, last_day=LAST_DAY))


@dataclass
class Household:
    """A database and a home that a process syncs into."""

    database: Database
    folder: Path
    server: GarminServer
    kinds: str = ",".join(endpoint.kind for endpoint in ENDPOINTS if endpoint.is_default)
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(home=self.folder, garmin_url=self.server.url)
        with self.database.connect() as connection:
            self.person = ensure_person(connection, "me", "Europe/Berlin")
        [account] = self.server.accounts.values()
        token = SecretStr(self.server.token(account))
        use_token(LoginContext(self.database, settings, self.person, Region.GLOBAL), token)

    def start(self) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "SANTORIO_HOME": str(self.folder),
            "SANTORIO_DATABASE_URL": self.database.url,
            "SANTORIO_GARMIN_URL": self.server.url,
            "SANTORIO_GARMIN_REQUESTS_PER_SECOND": "10000",
        }
        first = LAST_DAY - dt.timedelta(days=DAYS - 1)
        command = ["sync", "--since", first.isoformat(), "--until", LAST_DAY.isoformat(), "--json"]
        command += ["--kinds", self.kinds]
        return subprocess.Popen(
            [sys.executable, "-m", "santorio.cli.main", *command],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def finish(self) -> str:
        """Sync to the end."""
        process = self.start()
        output, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return output

    def kill_once(self, chance: random.Random) -> None:
        """Start a sync and kill it after some of its requests."""
        answered = len(self.server.requests)
        process = self.start()
        wanted = answered + chance.randint(1, 40)
        while process.poll() is None and len(self.server.requests) < wanted:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.03))
        process.kill()
        process.communicate()

    def log(self) -> list[tuple]:
        """Every version of every event, without whose it is."""
        with self.database.connect() as connection:
            return connection.execute(
                "select event_type, time, encode(content_hash, 'hex') from raw.events order by 1, 2, 3"
            ).fetchall()

    def ledger(self) -> list[tuple]:
        with self.database.connect() as connection:
            return connection.execute(
                "select kind, day, status, last_error from ops.coverage order by kind, day"
            ).fetchall()
