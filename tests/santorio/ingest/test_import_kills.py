"""An import that is killed at any moment, of an export and of files, ends with what an undisturbed one has."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from santorio.storage.database.engine import Database
from support.databases import database_of_its_own
from support.import_kill import Importer, export_with_files


@pytest.fixture
def other_database(server_url: str) -> Iterator[Database]:
    with database_of_its_own(server_url) as opened:
        yield opened


def test_an_import_killed_again_and_again_ends_with_what_an_undisturbed_one_has(
    database: Database, other_database: Database, home: Path, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    export_with_files(files, days=20)
    calm = Importer(other_database, tmp_path / "calm", files)
    seconds = calm.finish()
    expected = calm.left()
    disturbed, chance = Importer(database, home, files), random.Random(7)
    killed = [disturbed.kill_once(chance, seconds) for _ in range(2)]
    assert any(killed)
    disturbed.finish()
    assert disturbed.left() == expected
    assert disturbed.originals() == calm.originals()
    assert {kind for kind, *_ in expected["events"]} >= {
        "fit.activity",
        "garmin.sleep_summary",
        "garmin.biometrics",
    }
    assert [row[2] for row in expected["archives"]] == [True]
    assert len(expected["rejected"]) >= 2
