"""Importing loses nothing, doubles nothing, and names what it could not take."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from santorio.ingest.importer import import_inbox, import_paths, pending_files

NIGHT = {"dailySleepDTO": {"userProfilePK": 7, "calendarDate": "2026-03-02", "sleepTimeSeconds": 27000}}


def nights(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        day = f"20{10 + number // 300:02}-{number % 12 + 1:02}-{number // 12 % 25 + 1:02}"
        night = {"dailySleepDTO": {**NIGHT["dailySleepDTO"], "calendarDate": day, "id": number}}
        (folder / f"{number:04}.json").write_text(json.dumps(night))
    return folder


def counted(database, query: str, *arguments: object) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query, arguments).fetchall()


def test_a_broken_file_is_named_and_kept_and_does_not_stop_the_rest(database, store, person, tmp_path, now):
    (tmp_path / "good.json").write_text(json.dumps(NIGHT))
    (tmp_path / "half.json").write_text(json.dumps(NIGHT)[:40])
    report = import_paths(database, store, person, [tmp_path], now=now)
    assert [(file.path.name, file.outcome) for file in report.files] == [
        ("good.json", "imported"),
        ("half.json", "rejected"),
    ]
    ((name, code, sha256),) = counted(
        database, "select source_name, code, object_sha256 from ops.rejected_records"
    )
    assert (name, code) == ("half.json", "bad_json")
    assert store.get(sha256) == (tmp_path / "half.json").read_bytes()


def test_importing_twice_adds_nothing_even_where_files_hold_versions_of_one_night(
    database, store, person, tmp_path, now
):
    (tmp_path / "1.json").write_text(json.dumps(NIGHT))
    later = {"dailySleepDTO": {**NIGHT["dailySleepDTO"], "sleepTimeSeconds": 28000}}
    (tmp_path / "2.json").write_text(json.dumps(later))
    assert import_paths(database, store, person, [tmp_path], now=now).events_new == 2
    assert import_paths(database, store, person, [tmp_path], now=now).events_new == 0
    newest = "select data -> 'dailySleepDTO' ->> 'sleepTimeSeconds' from raw.events order by ingested_at desc limit 1"
    assert counted(database, newest) == [("28000",)]


def test_a_file_that_reads_after_a_fix_is_no_longer_open(database, store, person, tmp_path, now):
    path = tmp_path / "log.csv"
    path.write_text("time,kind,value\n2026-08-01,mood,5\n")
    import_paths(database, store, person, [path], now=now)
    assert counted(database, "select status from ops.rejected_records") == [("open",)]
    import_paths(database, store, person, [path], now=now.replace(year=2027))
    assert counted(database, "select status from ops.rejected_records") == [("retried",)]


def test_a_path_that_is_not_there_is_named(database, store, person, tmp_path, now):
    report = import_paths(database, store, person, [tmp_path / "nothing.fit"], now=now)
    assert [file.rejected[0].code for file in report.files] == ["unreadable"]
    assert counted(database, "select code from ops.rejected_records") == [("unreadable",)]


def test_the_inbox_is_emptied_into_the_store_person_by_person(database, store, settings):
    for name in ("top.json", "other/theirs.json"):
        path = settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(NIGHT))
        os.utime(path, (time.time() - 60, time.time() - 60))
    report = import_inbox(database, store, settings)
    assert (len(report.files), pending_files(settings)) == (2, [])
    owners = counted(database, "select p.name from raw.events e join ops.people p using (user_id) order by 1")
    assert owners == [("me",), ("other",)]
    assert all(store.exists(sha) for (sha,) in counted(database, "select object_sha256 from ops.imports"))


def test_the_inbox_leaves_files_alone_that_are_still_being_written(settings):
    settings.inbox.mkdir()
    for name in ("fresh.json", ".hidden", "download.part"):
        (settings.inbox / name).write_text("{}")
    for name in (".hidden", "download.part"):
        os.utime(settings.inbox / name, (0, 0))
    assert pending_files(settings) == []


IMPORT = """
import sys
from pathlib import Path
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from santorio.people import find_person
from santorio.ingest.importer import import_paths
database = Database(url=sys.argv[1], dagster_url="")
with database.connect() as connection:
    person = find_person(connection, "me")
import_paths(database, FolderStore(Path(sys.argv[2])), person, [Path(sys.argv[3])],
             progress=lambda done: print(done.done, flush=True))
"""


def importing(database, store, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", IMPORT, database.url, str(store.folder), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_import_is_completed_by_the_next_and_nothing_is_there_twice(
    database, store, person, tmp_path
):
    folder = nights(tmp_path / "nights", 600)
    process = importing(database, store, folder)
    process.stdout.readline()  # the first files are committed
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (survived,) = counted(database, "select count(*) from raw.events")[0]
    assert 0 < survived < 600
    report = import_paths(database, store, person, [folder])
    assert (report.events_new, report.events_unchanged) == (600 - survived, survived)
    assert counted(database, "select count(*), count(distinct event_id) from raw.events") == [(600, 600)]


def test_two_imports_of_the_same_files_at_once_store_them_once(database, store, person, tmp_path):
    folder = nights(tmp_path / "nights", 120)
    processes = [importing(database, store, folder) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]
    assert counted(database, "select count(*), count(distinct event_id) from raw.events") == [(120, 120)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(database, store, person, tmp_path, now):
    path = tmp_path / "secret.json"
    path.write_text("{}")
    path.chmod(0)
    report = import_paths(database, store, person, [path], now=now)
    assert [file.rejected[0].code for file in report.files] == ["unreadable"]
