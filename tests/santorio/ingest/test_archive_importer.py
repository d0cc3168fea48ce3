"""An import of an archive that was interrupted at any point is completed by the next one."""

import datetime as dt
import errno
import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from santorio.ingest import archive_importer
from santorio.ingest.archive_importer import import_archive
from santorio.ingest.formats import json_stream, zip_archive
from santorio.ingest.importer import import_paths
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from santorio.storage.parse_result import Rejection


class KilledError(BaseException):
    """Not an exception that anything of ours may catch."""


def steps(number: int) -> str:
    return json.dumps({"calendarDate": f"2026-03-{number:02}", "totalSteps": number, "stepGoal": 5})


def days_in_log(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("select count(*) from raw.events").fetchone()
    assert row is not None
    return int(row[0])


def test_two_imports_at_once_that_both_stop_skip_no_file(
    database: Database, store: FolderStore, person: Person, now: dt.datetime, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(archive_importer, "FILES_PER_TRANSACTION", 1)
    archive = tmp_path / "days.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(1, 11):
            file.writestr(f"steps{number}.json", steps(number))
    calls = {"first": 0, "second": 0}
    with database.connect(autocommit=True) as first, database.connect(autocommit=True) as second:

        def stop_second(_: float) -> None:
            calls["second"] += 1
            if calls["second"] == 3:
                raise KilledError

        def stop_first(_: float) -> None:
            calls["first"] += 1
            if calls["first"] == 1:
                with pytest.raises(KilledError):
                    import_archive(second, store, person, archive, now, progress=stop_second)
            if calls["first"] == 3:
                raise KilledError

        with pytest.raises(KilledError):
            import_archive(first, store, person, archive, now, progress=stop_first)
        import_archive(first, store, person, archive, now, progress=lambda _: None)
    assert days_in_log(database) == 10


def test_a_disk_that_is_full_damages_no_archive(
    database: Database, store: FolderStore, person: Person, tmp_path: Path, monkeypatch
) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("a.json", steps(1))
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inner.zip", inner.getvalue())
        file.writestr("b.json", steps(2))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(zip_archive, "shutil", SimpleNamespace(copyfileobj=full))
        with pytest.raises(OSError, match="No space"):
            import_paths(database, store, person, [archive])
    import_paths(database, store, person, [archive])
    assert days_in_log(database) == 2


def test_the_accounts_email_is_in_no_name_of_an_unpacked_export(
    database: Database, store: FolderStore, person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "DI_CONNECT" / "DI-Connect-Fitness"
    folder.mkdir(parents=True)
    (folder / "me@example.org_0_summarizedActivities.json").write_text("{broken")
    (folder / "me@example.org_1_steps.json").write_text(steps(3))
    import_paths(database, store, person, [tmp_path / "DI_CONNECT"])
    with database.connect() as connection:
        names = connection.execute(
            "select source_name || coalesce(location, '') from ops.rejected_records"
            " union all select source_name from ops.imports"
        ).fetchall()
    assert names
    assert "example.org" not in str(names)


def test_a_file_of_nothing_but_refusals_ends_after_a_thousand() -> None:
    parts = list(json_stream.iter_chunks(io.BytesIO(b"[" + b"1e999," * 5000 + b"1]")))
    assert len(parts) == json_stream.MAX_REJECTIONS + 1
    last = parts[-1]
    assert isinstance(last, Rejection)
    assert (last.code, last.location) == ("bad_json", f"entry {json_stream.MAX_REJECTIONS + 1}")


def test_what_nests_without_end_after_whole_entries_costs_no_other_file() -> None:
    entry = b'{"calendarDate":"2026-01-01","x":1},'
    body = b"[" + entry * (33 * 2**20 // len(entry))
    body += b" " * (-len(body) % (64 * 2**10)) + b"[" * 150 + b"}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("DI_CONNECT/DI-Connect-Wellness/a.json", body)
        file.writestr("DI_CONNECT/DI-Connect-Wellness/b.json", b'[{"calendarDate":"2026-01-02"}]')
    parts = list(zip_archive.iter_members(packed))
    assert parts[-1].path.endswith("b.json")
    assert isinstance(parts[-1], zip_archive.Member)
    refused = [part.rejection.code for part in parts if isinstance(part, zip_archive.SkippedMember)]
    assert refused == ["too_large"]
