"""What goes wrong around files: races, odd names, links that loop, files that change while they are read."""

import datetime as dt
import io
import json
import os
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from santorio.ingest import importer
from santorio.ingest.importer import import_inbox, import_paths, walk_files
from santorio.people import Person
from santorio.settings import Settings
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore


def night(seconds: int) -> str:
    return json.dumps(
        {"dailySleepDTO": {"userProfilePK": 7, "calendarDate": "2026-03-02", "sleepTimeSeconds": seconds}}
    )


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def waiting(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_an_import_that_waited_for_another_finds_what_that_one_stored(
    database: Database, store: FolderStore, person: Person, tmp_path: Path, now: dt.datetime
) -> None:
    # Two versions of one night: who does not see that both were imported would store the first once more.
    (tmp_path / "1.json").write_text(night(27000))
    (tmp_path / "2.json").write_text(night(28000))
    with ThreadPoolExecutor(4) as pool:
        reports = list(
            pool.map(lambda _: import_paths(database, store, person, [tmp_path], now=now), range(4))
        )
    assert sorted(report.events_new for report in reports) == [0, 0, 0, 2]
    assert rows(database, "select count(*) from raw.events") == [(2,)]


def test_imports_that_name_the_same_broken_files_in_another_order_do_not_lock_each_other_out(
    database: Database, store: FolderStore, person: Person, tmp_path: Path, now: dt.datetime
) -> None:
    files = [tmp_path / f"{number}.json" for number in range(20)]
    for number, file in enumerate(files):
        file.write_text(f'{{"broken": {number}')
    with ThreadPoolExecutor(2) as pool:
        orders = pool.map(
            lambda order: import_paths(database, store, person, order, now=now), [files, files[::-1]]
        )
        assert [report.rejected for report in orders] == [20, 20]
    assert rows(database, "select count(*) from ops.rejected_records") == [(20,)]


def test_a_file_too_large_to_be_read_leaves_the_inbox_once_it_is_kept_aside(
    database: Database, store: FolderStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "MAX_FILE_BYTES", 10)
    path = waiting(settings.inbox / "large.json", night(27000))
    content = path.read_bytes()
    report = import_inbox(database, store, settings)
    assert [rejection.code for file in report.files for rejection in file.rejected] == ["too_large"]
    assert not path.exists()
    with database.connect() as connection:
        rows = connection.execute("select object_sha256 from ops.rejected_records").fetchall()
    assert [store.get(sha256) for (sha256,) in rows] == [content]


def test_a_file_that_was_replaced_while_it_was_read_stays_for_the_next_time(
    database: Database, store: FolderStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = waiting(settings.inbox / "night.json", night(27000))
    leave = importer._remove_from_inbox

    def after_a_late_sync(store: FolderStore, outcome: importer.FileOutcome) -> None:
        waiting(path, night(28000))
        leave(store, outcome)

    monkeypatch.setattr(importer, "_remove_from_inbox", after_a_late_sync)
    import_inbox(database, store, settings)
    monkeypatch.undo()
    assert path.read_text() == night(28000)
    assert import_inbox(database, store, settings).events_new == 1
    assert not path.exists()


def test_links_that_loop_and_folders_that_contain_themselves_end(
    database: Database, store: FolderStore, person: Person, tmp_path: Path, now: dt.datetime
) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "up").symlink_to(tmp_path)
    (tmp_path / "inner" / "night.json").write_text(night(27000))
    report = import_paths(database, store, person, [tmp_path], now=now)
    assert {file.path.name: file.outcome for file in report.files} == {
        "night.json": "imported",
        "round": "rejected",
    }


def test_a_name_that_is_no_utf_8_is_noted_all_the_same(
    database: Database, store: FolderStore, person: Person, tmp_path: Path, now: dt.datetime
) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.json")).write_text('{"broken": ')
    assert import_paths(database, store, person, [tmp_path], now=now).rejected == 1
    assert rows(database, "select source_name from ops.rejected_records") == [("caf\ufffd.json",)]


def test_a_pipe_is_named_and_not_waited_for(
    database: Database, store: FolderStore, person: Person, tmp_path: Path, now: dt.datetime
) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    report = import_paths(database, store, person, [tmp_path], now=now)
    assert [rejection.code for file in report.files for rejection in file.rejected] == ["unreadable"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    assert walk_files(tmp_path) == [closed]
