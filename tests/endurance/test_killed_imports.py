"""Fifty kills of an import at random points: at the end what is there equals that of an undisturbed one."""

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from killing_imports import Importer, export_with_files

from santorio.database.engine import Database
from santorio.database.opening import create_database, embedded_database

DAYS = 150
KILLS_AN_IMPORT = 5

type Left = dict[str, list[tuple]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    export_with_files(folder, DAYS)
    return folder


@pytest.fixture(scope="module")
def calm(
    server_url: str, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Left, set[str], float]]:
    """What an undisturbed import leaves behind, its originals, and its seconds."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name, template="template_of_tests")
    opened: Database = embedded_database(server_url, name)
    importer = Importer(opened, tmp_path_factory.mktemp("calm"), files)
    seconds = importer.finish()
    yield importer.left(), importer.originals(), seconds
    opened.close()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10))
def test_an_import_killed_fifty_times_in_all_loses_and_doubles_nothing(
    database: Database, home: Path, files: Path, calm: tuple[Left, set[str], float], seed: int
) -> None:
    left, originals, seconds = calm
    chance, killed = random.Random(seed), 0
    disturbed = Importer(database, home, files)
    # What is left to do grows less with every kill.
    while killed < KILLS_AN_IMPORT:
        if not disturbed.kill_once(chance, seconds / KILLS_AN_IMPORT):
            break
        killed += 1
    disturbed.finish()
    assert disturbed.left() == left
    assert disturbed.originals() == originals
    assert killed > 0
