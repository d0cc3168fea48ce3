"""Everything real goes through in one import, every asset is made, and the published study comes out as published."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from santorio.settings import Settings
from santorio.storage.database.connect import open_database

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the real data lies beside the repository, and is not there"
    ),
]


@pytest.fixture(scope="module")
def home():
    # Not below pytest's own folder: run by root, the database's account could not enter there.
    folder = Path(tempfile.mkdtemp(prefix="santorio-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def santorio(home: Path, *words: str):
    done = subprocess.run(
        [sys.executable, "-m", "santorio.cli.main", *words, "--json"], cwd=ROOT, check=False,
        env={**os.environ, "SANTORIO_HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def imported(home):
    return santorio(home, "import", *(str(DATA / name) for name in ("garmin", "fit", "nof1")))


@pytest.fixture(scope="module")
def studied(home, imported):
    return santorio(home, "run")


def rows(home, query: str):
    with open_database(Settings(home=home)) as database, database.connect() as connection:
        return connection.execute(query).fetchall()


def test_every_file_gives_events_or_is_named_with_a_reason(home, imported):
    files = [
        path for name in ("garmin", "fit", "nof1") for path in (DATA / name).rglob("*") if path.is_file()
    ]
    assert imported["files"] == len(files)
    named = {row[0] for row in rows(home, "select source_name from ops.rejected_records")}
    taken = {
        row[0]
        for row in rows(home, "select source_name from ops.imports where events_new + events_unchanged > 0")
    }
    silent = {path.name for path in files} - named - taken
    # The same bytes under two names are one original; its row carries the name that came last.
    twins = {row[0] for row in rows(home, "select source_name from ops.imports")}
    assert not silent & twins


def test_broken_fit_files_are_salvaged_and_named(home, imported):
    salvaged = {
        row[0] for row in rows(home, "select source_name from ops.rejected_records where status = 'salvaged'")
    }
    assert {"activity-unexpected-eof.fit", "activity-filecrc.fit", "nick.fit"} <= salvaged
    assert rows(home, "select count(*) from raw.events where (metadata ->> 'salvaged')::boolean")[0][0] >= 10


def test_every_asset_is_made(studied):
    assert (studied["outcome"], studied["failures"]) == ("done", [])


def test_the_melatonin_trial_comes_out_with_its_published_figures(home, studied):
    results = santorio(home, "trial", "show", "melatonin")["results"]
    mood = next(row for row in results if row["is_primary"])
    assert (mood["outcome"], mood["days_arm"], mood["days_reference"]) == ("mood", 35, 35)
    assert round(mood["mean_reference"], 2) == 76.67
    assert round(mood["mean_arm"], 2) == 77.59
    assert round(mood["raw_difference"], 2) == 0.92
    assert mood["lower_95"] < 0 < mood["upper_95"]


def test_a_second_import_adds_nothing(home, imported):
    again = santorio(home, "import", *(str(DATA / name) for name in ("garmin", "fit", "nof1")))
    assert (again["events_new"], again["files"]) == (0, imported["files"])
