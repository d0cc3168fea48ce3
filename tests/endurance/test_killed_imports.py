"""Fifty kills of an import at random points: at the end what is there equals that of an undisturbed one."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from santorio.storage.database.engine import Database
from support.databases import database_of_its_own
from support.import_kill import Importer, export_with_files

DAYS = 150
KILLS, KILLS_AN_IMPORT = 50, 5


@contextmanager
def fresh_database(server_url: str) -> Iterator[Database]:
    with database_of_its_own(server_url) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_an_import_killed_fifty_times_in_all_loses_and_doubles_nothing(
    server_url: str, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    export_with_files(files, DAYS)
    with fresh_database(server_url) as database:
        calm = Importer(database, tmp_path / "calm", files)
        seconds, expected = calm.finish(), calm.left()
    chance, killed, number = random.Random(1), 0, 0
    while killed < KILLS:
        number += 1
        with fresh_database(server_url) as database:
            disturbed = Importer(database, tmp_path / f"disturbed-{number}", files)
            for _ in range(KILLS_AN_IMPORT):
                killed += disturbed.kill_once(chance, seconds / KILLS_AN_IMPORT)
            disturbed.finish()
            assert disturbed.left() == expected
            assert disturbed.originals() == calm.originals()
