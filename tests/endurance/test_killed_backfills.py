"""Fifty kills of a backfill at random points: at the end the log equals that of an undisturbed one."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from santorio.simulator.server import run_server
from santorio.storage.database.engine import Database
from support.databases import database_of_its_own
from support.process_kill import Household, past_account, without_files

KILLS_A_BACKFILL = 5


@pytest.fixture
def other_database(server_url: str) -> Iterator[Database]:
    with database_of_its_own(server_url) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10))
def test_a_backfill_killed_fifty_times_in_all_loses_and_doubles_nothing(
    database: Database, other_database: Database, home: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with run_server([past_account()]) as server:
        without_files(server)
        calm = Household(other_database, tmp_path / "calm", server)
        calm.finish()
        disturbed = Household(database, home, server)
        for _ in range(KILLS_A_BACKFILL):
            disturbed.kill_once(chance)
        disturbed.finish()
        assert disturbed.log() == calm.log()
        assert disturbed.ledger() == calm.ledger()
