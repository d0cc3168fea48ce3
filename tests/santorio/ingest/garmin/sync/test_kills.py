"""A sync that is killed at any moment loses nothing and doubles nothing."""

import json
import random
from pathlib import Path

from santorio.simulator.server import run_server
from santorio.storage.database.engine import Database
from support.process_kill import DAYS, Household, past_account, without_files

# Ranges, days and activities; every kind is killed fifty times in the slow suite.
KINDS = "daily_summary,sleep,heart_rate,stress,activity,activity_detail,activity_file"


def test_a_sync_killed_again_and_again_ends_with_what_an_undisturbed_one_has(
    database: Database, other_database: Database, home: Path, tmp_path: Path
) -> None:
    with run_server([past_account()]) as server:
        without_files(server)
        calm = Household(other_database, tmp_path / "calm", server, KINDS)
        [report] = json.loads(calm.finish())["people"]
        assert report["status"] == "done"
        disturbed = Household(database, home, server, KINDS)
        chance = random.Random(5)
        for _ in range(2):
            disturbed.kill_once(chance)
        disturbed.finish()
        assert disturbed.log() == calm.log()
        assert disturbed.ledger() == calm.ledger()
        assert len([row for row in calm.ledger() if row[0] == "sleep"]) == DAYS
        requests = [path for _, path, _ in server.requests if "dailySleepData" in path]
        # Twice each day, and once more for what was under way when it was killed.
        assert len(requests) <= 2 * DAYS + 3
