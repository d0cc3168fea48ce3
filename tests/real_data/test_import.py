"""Everything real, in one import: each file is taken in or named, nothing twice, whatever the order.

The data lies beside the repository and is not part of it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from santorio.ingest.importer import ImportReport, import_paths
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from support.databases import database_of_its_own

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = [DATA / "garmin", DATA / "fit", DATA / "nof1"]
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is not here")

BROKEN_FIT = {
    "2013-02-06-12-11-14.fit", "2015-10-13-08-43-15.fit", "Edge810-Vector-2013-08-16-15-35-10.fit", "Settings.fit",
    "activity-activity-filecrc.fit", "activity-filecrc.fit", "activity-settings-corruptheader.fit",
    "activity-settings-nodata.fit", "activity-unexpected-eof.fit", "mountain-biking.fit", "nick.fit",
    "road-cycling.fit", "sample-activity-indoor-trainer.fit", "strava-android-app-201.10-b1218918.fit", "swim.fit",
}  # fmt: skip
WITHOUT_CLOCK = {"DeveloperData.fit", "antfs-dump.63.fit", "compressed-speed-distance.fit"}
RECORDS_WITHOUT_TIME = {"strava-android-app-201.10-b1218918.fit", "swim.fit"}
REFUSED = {
    ("LICENSE", "unrecognised"), ("results_table.csv", "unrecognised"), ("_index.json", "unrecognised"),
    ("activity_activity_12135235656__v2.json", "garmin_error"),
}  # fmt: skip
EMPTY = {
    "metrics_metrics_trainingreadiness_2030-01-01.json", "sleep_sleep_dailySleepData__date_2030-01-01.json",
    "usersummary_stats_stress_weekly_2020-07-23_52.json", "weight_weight_dayview_2020-01-01.json",
    "weight_weight_range_2019-12-18_2020-01-01__includeAll_true.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def database(server_url: str) -> Iterator[Database]:
    """One database for the module: nothing here depends on an empty one but the first import."""
    with database_of_its_own(server_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return FolderStore(tmp_path_factory.mktemp("objects"))


@pytest.fixture(scope="module")
def person(database: Database) -> Person:
    with database.connect() as connection:
        return ensure_person(connection, "me", "Europe/Berlin")


@pytest.fixture(scope="module")
def report(database: Database, store: FolderStore, person: Person) -> ImportReport:
    return import_paths(database, store, person, FOLDERS, now=NOW)


def log(database: Database) -> Counter[str]:
    """Count what is there: each thing once, in its newest version."""
    with database.connect() as connection:
        rows = connection.execute(
            "select event_type, count(distinct event_id) from raw.events group by event_type"
        )
        return Counter(dict(rows.fetchall()))


def by_status(report: ImportReport, status: str) -> set[tuple[str, str]]:
    return {
        (file.path.name, one.code) for file in report.files for one in file.rejected if one.status == status
    }


def test_every_file_is_taken_in_or_named(report: ImportReport) -> None:
    there = [path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()]
    assert sorted(file.path for file in report.files) == sorted(there)
    assert by_status(report, "open") == REFUSED
    assert by_status(report, "ignored") == {(name, "no_data") for name in EMPTY}
    assert by_status(report, "salvaged") == {(name, "fit_damaged") for name in BROKEN_FIT} | {
        (name, "no_clock") for name in WITHOUT_CLOCK
    } | {(name, "records_without_time") for name in RECORDS_WITHOUT_TIME}
    named = {name for name, _ in REFUSED} | EMPTY
    silent = [file.path.name for file in report.files if file.events_new + file.events_unchanged == 0]
    assert set(silent) == named


def test_what_was_taken_in_is_of_the_kinds_that_the_files_hold(
    report: ImportReport, database: Database
) -> None:
    held = log(database)
    files = ("fit.activity", "fit.monitoring", "fit.sleep", "fit.file")
    assert sum(held[kind] for kind in files) == 65  # 71 files, 7 of which are copies of one activity
    assert (held["garmin.sleep"], held["garmin.hrv"], held["garmin.heart_rate"], held["garmin.stress"]) == (
        22,
        3,
        3,
        1,
    )
    assert (held["garmin.weigh_in"], held["garmin.steps"], held["garmin.hrv_summary"]) == (5, 20, 40)
    assert held["garmin.other"] == 0
    assert (held["trial.protocol"], held["trial.schedule"]) == (1, 1)


def test_the_melatonin_answers_are_all_there_each_with_its_study_day(
    report: ImportReport, database: Database
) -> None:
    with database.connect() as connection:
        rows = connection.execute(
            """
            select data ->> 'grain', count(*), count(distinct data ->> 'study_day')
            from raw.events where event_type = 'measure' and data ->> 'trial' = 'melatonin' and data ->> 'name' = 'mood'
            group by 1 order by 1
            """
        ).fetchall()
    assert rows == [("day", 70, 70), ("instant", 195, 70)]


def test_originals_that_rows_point_to_are_in_the_store(
    report: ImportReport, database: Database, store: FolderStore
) -> None:
    with database.connect() as connection:
        pointed = connection.execute(
            """
            select object_sha256 from ops.rejected_records
            union select metadata ->> 'object_sha256' from raw.events where metadata ? 'object_sha256'
            """
        ).fetchall()
    assert len(pointed) > 71
    assert all(store.exists(sha256) for (sha256,) in pointed)


def test_importing_again_adds_nothing_in_any_order(
    report: ImportReport, database: Database, store: FolderStore, person: Person
) -> None:
    held = log(database)
    versions = report.events_new
    for order in (FOLDERS, FOLDERS[::-1]):
        again = import_paths(database, store, person, order, now=NOW)
        assert (again.events_new, again.rejected) == (0, report.rejected)
    files = sorted((path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()), reverse=True)
    assert import_paths(database, store, person, files, now=NOW).events_new == 0
    assert log(database) == held
    with database.connect() as connection:
        assert connection.execute("select count(*) from raw.events").fetchone() == (versions,)


def test_the_accounts_that_were_mixed_are_told(report: ImportReport) -> None:
    assert report.accounts == {"104516149", "12345678", "131234790", "2591602"}


def test_no_reason_quotes_a_value(report: ImportReport) -> None:
    for file in report.files:
        for one in file.rejected:
            assert not any(letter.isdigit() for letter in one.reason.replace("2026-03-01T08:30+01:00", ""))


def test_a_study_told_twice_gives_the_same_log_in_either_order(
    database: Database, store: FolderStore
) -> None:
    study = sorted(path for path in (DATA / "nof1" / "melatonin").iterdir() if path.is_file())
    told = []
    for name, order in (("forwards", study), ("backwards", study[::-1])):
        with database.connect() as connection:
            somebody = ensure_person(connection, name, "Asia/Tokyo")
        import_paths(database, store, somebody, order, now=NOW)
        with database.connect() as connection:
            rows = connection.execute(
                "select event_type, time, data::text from raw.events where user_id = %s order by 1, 2, 3",
                [somebody.user_id],
            )
            told.append(rows.fetchall())
    assert told[0] == told[1]
    assert len(told[0]) > 195
