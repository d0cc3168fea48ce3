"""The builder: small changes reach the API's tables within its own pass, and large ones are left to Dagster's runs."""

from pathlib import Path

import pytest

from pipelines.builder import MAX_FILES, are_small, process_small_changes
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.object_store import open_object_store


def files(folder: Path, sizes: list[int]) -> list[Path]:
    paths = [folder / f"{number}.jsonl" for number in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(b" " * size)
    return paths


@pytest.mark.parametrize(
    ("sizes", "small"),
    [
        ([], False),
        ([200], True),
        ([200] * MAX_FILES, True),
        ([200] * (MAX_FILES + 1), False),
        ([2_000_000], False),
    ],
)
def test_a_few_small_files_are_processed_at_once(tmp_path: Path, sizes: list[int], small: bool) -> None:
    assert are_small(files(tmp_path, sizes)) is small


def test_a_file_that_was_taken_away_is_no_error(tmp_path: Path) -> None:
    assert are_small([tmp_path / "gone.jsonl"])


def test_before_the_first_build_everything_is_left_to_the_run(settings: Settings, database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "insert into raw.change_queue (user_id, day) values (gen_random_uuid(), '2026-03-01')"
        )
    assert process_small_changes(settings, database, open_object_store(settings)) == (None, None)
    with database.connect() as connection:
        assert connection.execute("select count(*) from raw.change_queue").fetchone() == (1,)
