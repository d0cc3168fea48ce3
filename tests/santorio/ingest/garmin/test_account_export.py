"""The account's export, as Garmin sends it: taken in member by member, resumable, nothing twice."""

import datetime as dt
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from santorio.ingest import archive_importer
from santorio.ingest.importer import import_paths
from santorio.simulator import simulate
from santorio.simulator.account_export import write_export
from santorio.simulator.payloads import intake, ranges
from santorio.storage.object_store import FolderStore

NOW = dt.datetime(2026, 4, 2, tzinfo=dt.UTC)
DAYS = 30


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "export.zip"
    write_export(simulate(days=DAYS, seed=5, last_day=dt.date(2026, 3, 31)), path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects")


def versions(database) -> Counter[tuple[bytes, bytes]]:
    with database.connect() as connection:
        return Counter(connection.execute("select event_id::text, content_hash from raw.events").fetchall())


def kinds(database) -> dict[str, int]:
    with database.connect() as connection:
        rows = connection.execute("select event_type, count(*) from raw.events group by 1").fetchall()
    return dict(rows)


def test_an_export_is_taken_in_whole_and_a_second_time_brings_nothing(
    database, person, store, export
) -> None:
    first = import_paths(database, store, person, [export], now=NOW).files[0]
    life = simulate(days=DAYS, seed=5, last_day=dt.date(2026, 3, 31)).life
    nights = sum(life.wear.night_seen(day) for day in range(DAYS))
    sessions = sum(len(life.workouts(day)) for day in range(DAYS))
    counts = kinds(database)
    assert (counts["garmin.sleep_summary"], counts["garmin.health_status"]) == (nights, nights)
    assert (counts["garmin.activity_export"], counts["fit.activity"]) == (sessions, sessions)
    daily = (
        "endurance_score_export",
        "hill_score_export",
        "acute_training_load",
        "training_history",
        "race_predictions_export",
        "acclimation",
    )
    assert {counts[f"garmin.{kind}"] for kind in daily} == {nights}
    assert counts["garmin.biometrics"] == sum(ranges.weighed(life, day) for day in range(DAYS))
    assert counts["garmin.training_readiness"] == sum(
        1 + len(life.workouts(day)) for day in range(DAYS) if life.wear.night_seen(day)
    )
    assert "garmin.other" not in counts
    assert counts["garmin.daily_summary_export"] == sum(state != "absent" for state in life.wear.watch)
    assert [(rejection.code, rejection.status, rejection.location) for rejection in first.rejected] == [
        ("not_read", "ignored", "customer_data/customer.json")
    ]
    assert (first.kind, first.outcome) == ("garmin export", "imported")
    before = versions(database)
    second = import_paths(database, store, person, [export], now=NOW).files[0]
    assert (second.events_new, second.events_unchanged) == (0, first.events_new)
    assert second.rejected == first.rejected
    assert versions(database) == before


def test_the_drinks_of_a_day_are_all_there_and_add_up_to_what_the_api_tells(
    database, person, store, export
) -> None:
    import_paths(database, store, person, [export], now=NOW)
    life = simulate(days=DAYS, seed=5, last_day=dt.date(2026, 3, 31)).life
    worn = [day for day in range(DAYS) if life.wear.night_seen(day)]
    totals = {
        life.clock.date(day).isoformat(): intake.hydration(life, day, 2**62)["valueInML"] for day in worn
    }
    with database.connect() as connection:
        rows = connection.execute(
            "select metadata ->> 'day', sum((data ->> 'valueInML')::float), count(*) from raw.events "
            "where event_type = 'garmin.hydration_log' group by 1"
        ).fetchall()
    assert {day: amount for day, amount, _ in rows} == {
        day: amount for day, amount in totals.items() if amount
    }
    assert max(count for *_, count in rows) > 3


@pytest.mark.parametrize("stops_after", [0.0, 0.2, 0.6])
def test_an_import_that_was_stopped_goes_on_and_ends_as_an_undisturbed_one(
    database, person, store, export, monkeypatch: pytest.MonkeyPatch, stops_after: float
) -> None:
    monkeypatch.setattr(archive_importer, "FILES_PER_TRANSACTION", 3)
    read: list[str] = []
    reader = archive_importer.parse_member
    monkeypatch.setattr(
        archive_importer, "parse_member", lambda part, *rest: read.append(part.path) or reader(part, *rest)
    )

    def stop(progress) -> None:
        if progress.done > stops_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_paths(database, store, person, [export], now=NOW, progress=stop)
    done = len(read)
    import_paths(database, store, person, [export], now=NOW)
    assert len(read) == len(set(read)), "a file that was done is not read again"
    assert 0 < done < len(read)
    assert all(count == 1 for count in versions(database).values())
    with database.connect() as connection:
        doubled = connection.execute("select count(*) - count(distinct event_id) from raw.events").fetchone()
        assert doubled == (0,)
        state = connection.execute("select members_done, is_finished from ops.archives").fetchone()
    assert state == (len(read), True)
    assert kinds(database)["fit.activity"] == sum(path.endswith(".fit") for path in read)


def test_the_original_is_kept_and_every_fit_event_says_where_in_it_it_lies(
    database, person, store, export
) -> None:
    import_paths(database, store, person, [export], now=NOW)
    with database.connect() as connection:
        rows = connection.execute(
            "select metadata ->> 'object_sha256', metadata ->> 'member' from raw.events where source = 'fit'"
        ).fetchall()
    (sha256,) = {sha256 for sha256, _ in rows}
    assert store.get(sha256) == export.read_bytes()
    assert all(member.startswith("DI_CONNECT/DI-Connect-Uploaded-Files/") for _, member in rows)


def test_the_export_never_replaces_what_the_api_told(database, person, store, export, tmp_path) -> None:
    simulation = simulate(days=DAYS, seed=5, last_day=dt.date(2026, 3, 31))
    simulation.write(tmp_path / "files")
    import_paths(database, store, person, [tmp_path / "files" / "garmin", export], now=NOW)
    with database.connect() as connection:
        doubled = connection.execute(
            "select event_type, count(*) from raw.events group by event_type, event_id having count(*) > 1"
        ).fetchall()
    assert doubled == []


def test_other_code_reads_an_archive_again_and_closes_what_it_can_read_now(
    database, person, store, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("note.txt", "this was not readable once")
    first = import_paths(database, store, person, [path], now=NOW).files[0]
    assert [rejection.code for rejection in first.rejected] == ["unrecognised"]
    monkeypatch.setattr(archive_importer, "code_version", lambda: "next")
    monkeypatch.setattr(
        archive_importer, "parse_member", lambda *_: archive_importer.ParseResult(kind="note")
    )
    import_paths(database, store, person, [path], now=NOW)
    with database.connect() as connection:
        assert connection.execute("select code, status from ops.rejected_records").fetchall() == [
            ("unrecognised", "retried")
        ]


def test_what_cannot_be_read_where_data_of_ours_lies_waits_for_a_fix(
    database, person, store, tmp_path
) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DI_CONNECT/DI-Connect-Wellness/2026_sleepData.json", '[{"calendarDate": "2026')
        archive.writestr("DI_CONNECT/DI-Connect-Uploaded-Files/1.fit", b"\x0e\x10 no fit")
        archive.writestr("DI_CONNECT/DI-Connect-User/picture.png", b"\x89PNG")
        archive.writestr("aviation/flights.json", "{}")
    outcome = import_paths(database, store, person, [path], now=NOW).files[0]
    assert {rejection.location: (rejection.code, rejection.status) for rejection in outcome.rejected} == {
        "DI_CONNECT/DI-Connect-Wellness/2026_sleepData.json": ("bad_json", "open"),
        "DI_CONNECT/DI-Connect-Uploaded-Files/1.fit": ("unrecognised", "open"),
        "DI_CONNECT/DI-Connect-User/picture.png": ("not_read", "ignored"),
        "aviation/flights.json": ("no_data", "ignored"),
    }
    assert outcome.outcome == "rejected"
