"""Fifty kills of a backfill at random points: at the end the log equals that of an undisturbed one."""

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from santorio.simulator.server import run_server
from santorio.storage.database.connect import create_database, embedded_database
from santorio.storage.database.engine import Database
from support.process_kill import Household, past_account, without_files

KILLS_A_BACKFILL = 5


@pytest.fixture
def other_database(server_url: str) -> Iterator[Database]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name, template="template_of_tests")
    opened = embedded_database(server_url, name)
    yield opened
    opened.close()


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
