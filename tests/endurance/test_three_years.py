"""A person with three years on the wrist connects, syncs and runs: every day that the account has is in the marts."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from santorio.settings import Settings
from santorio.simulator import simulate
from santorio.simulator.server import Account, GarminServer, run_server
from santorio.storage.database.connect import open_database

DAYS = 3 * 365
PASSWORD = "simulated"


class Shell:
    """The `santorio` command in a home of its own, as a person types it."""

    def __init__(self, home: Path, server: GarminServer) -> None:
        self.environment = {
            **os.environ,
            "SANTORIO_HOME": str(home),
            "SANTORIO_GARMIN_URL": server.url,
            "SANTORIO_GARMIN_REQUESTS_PER_SECOND": "1000",
        }

    def santorio(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [Path(sys.executable).with_name("santorio"), *arguments],
            env=self.environment, input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def steps_at_garmin(server: GarminServer, account: Account, first: dt.date, last: dt.date) -> dict[str, int]:
    """What the account itself says, asked month by month with the real client."""
    from garminconnect import Garmin

    garmin = Garmin(retry_attempts=0)
    garmin.client._connectapi = server.url
    garmin.login(server.token(account))
    told: dict[str, int] = {}
    while first <= last:
        until = min(last, first + dt.timedelta(days=27))
        answer = garmin.get_daily_steps(first.isoformat(), until.isoformat())
        told |= {one["calendarDate"]: one["totalSteps"] for one in answer if one["totalSteps"]}
        first = until + dt.timedelta(days=1)
    return told


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_three_years_arrive_whole_and_a_second_sync_asks_for_next_to_nothing(home: Path) -> None:
    today = dt.datetime.now(dt.UTC).date()
    first = today - dt.timedelta(days=DAYS)
    account = Account("me@example.org", PASSWORD, simulate(days=DAYS + 2, seed=1, last_day=today))
    with run_server([account]) as server:
        shell = Shell(home, server)
        shell.santorio("connect", "garmin", "--email", account.email, "--password-stdin", stdin=PASSWORD)
        synced = json.loads(shell.santorio("sync", "--since", first.isoformat(), "--json"))
        assert [one["failures"] for one in synced["people"]] == [{}]
        shell.santorio("run")
        before = len(server.requests)
        shell.santorio("sync")
        assert len(server.requests) - before < 100
        expected = steps_at_garmin(server, account, first, today - dt.timedelta(days=1))
    with open_database(Settings(home=home)) as database, database.connect() as connection:
        told = connection.execute(
            "select day::text, steps from marts.days where steps is not null and day < %s", [today]
        ).fetchall()
        assert dict(told) == expected
        assert len(told) == len(dict(told)) > DAYS * 0.9
        nights = connection.execute("select count(*), count(distinct day) from marts.nights").fetchone()
        assert nights is not None
        assert nights[0] == nights[1] > DAYS * 0.9
        runs = connection.execute("select distinct status from analysis.runs").fetchall()
        assert ("accepted",) in runs
