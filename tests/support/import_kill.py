"""Runs `santorio import` as a process, and kills it at random moments."""

import datetime as dt
import os
import random
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from santorio.simulator import simulate
from santorio.simulator.account_export import write_export
from santorio.storage.database.engine import Database

LAST_DAY = dt.date(2026, 3, 31)
# What an import leaves behind, without whose it is and when it was written.
LEFT = {
    "events": """
        select event_type, source, time, encode(content_hash, 'hex'), (metadata - 'recording_id')::text from raw.events
    """,
    "recordings": "select file_sha256, source, records, first_at, last_at, salvaged from raw.recordings",
    "records": """
        select file_sha256, count(*), count(distinct ordinal), sum(heart_rate_bpm), sum(distance_m), max(recorded_at)
        from raw.activity_records join raw.recordings using (recording_id) group by 1
    """,
    "rejected": "select code, reason, object_sha256, location, status from ops.rejected_records",
    "archives": "select object_sha256, members_done, is_finished, kind from ops.archives",
    "imports": "select object_sha256, source_name, kind from ops.imports",
}


def export_with_files(folder: Path, days: int) -> Path:
    """Make a simulated account's export with a broken file within, and its FIT files beside it by themselves."""
    path = folder / "export.zip"
    write_export(simulate(days=days, seed=11, last_day=LAST_DAY), path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("DI_CONNECT/DI-Connect-Uploaded-Files/broken.fit", b"\x0e\x10 no fit")
        parts = [name for name in archive.namelist() if "UploadedFiles" in name]
        (folder / "fits").mkdir()
        for name in parts:
            with archive.open(name) as part, zipfile.ZipFile(part) as files:
                files.extractall(folder / "fits")
    return path


@dataclass
class Importer:
    """A database and a home that a process imports into."""

    database: Database
    folder: Path
    files: Path

    def start(self) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "SANTORIO_HOME": str(self.folder),
            "SANTORIO_DATABASE_URL": self.database.url,
            "SANTORIO_TIMEZONE": "Europe/Berlin",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "santorio.cli.main", "import", str(self.files), "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def finish(self) -> float:
        """Import to the end; tell the seconds from its first trace in the database."""
        process = self.start()
        began = self._has_begun(process)
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        return time.monotonic() - began

    def _has_begun(self, process: subprocess.Popen[str]) -> float:
        """Wait until the import holds its person's lock, or is over."""
        with self.database.connect(autocommit=True) as connection:
            while process.poll() is None:
                row = connection.execute(
                    "select 1 from pg_locks where locktype = 'advisory' and database = "
                    "(select oid from pg_database where datname = current_database()) limit 1"
                ).fetchone()
                if row is not None:
                    break
                time.sleep(0.002)
        return time.monotonic()

    def kill_once(self, chance: random.Random, seconds: float) -> bool:
        """Start an import and kill it within some seconds of its beginning; say whether it was still at it."""
        process = self.start()
        self._has_begun(process)
        time.sleep(chance.uniform(0, seconds))
        was_running = process.poll() is None
        process.kill()
        process.communicate()
        return was_running

    def left(self) -> dict[str, list[tuple]]:
        with self.database.connect() as connection:
            return {
                name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in LEFT.items()
            }

    def originals(self) -> set[str]:
        return {path.name for path in (self.folder / "objects").rglob("*") if path.is_file()}
