"""Every real FIT file: what the official SDK finds in it reaches the database, and what does not has a reason."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.fit.decoder import EPOCH_OF_FIT
from santorio.ingest.importer import ImportReport, import_paths
from santorio.people import Person, ensure_person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from support.databases import database_of_its_own

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "fit"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data/fit) is not here")

FILES = sorted(DATA.rglob("*.fit")) if DATA.is_dir() else []
# Two parts of a chain say the same: the second is not taken in again.
REPEATED = {"activity-activity-filecrc.fit"}
# The official SDK stops before the first record; they state no time.
ONLY_OURS = {"antfs-dump.63.fit", "compressed-speed-distance.fit"}


@pytest.fixture(scope="module")
def database(server_url: str) -> Iterator[Database]:
    with database_of_its_own(server_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def person(database: Database) -> Person:
    with database.connect() as connection:
        return ensure_person(connection, "me", "Europe/Berlin")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return FolderStore(tmp_path_factory.mktemp("objects"))


@pytest.fixture(scope="module")
def report(database: Database, store: FolderStore, person: Person) -> ImportReport:
    return import_paths(database, store, person, FILES, now=NOW)


def official(path: Path) -> dict[str, list[dict[Any, Any]]]:
    """Decode a file by the official SDK, as far as it gets."""
    from garmin_fit_sdk import Decoder, Stream

    messages, _ = Decoder(Stream.from_byte_array(bytearray(path.read_bytes()))).read(
        enable_crc_check=False, convert_datetimes_to_dates=False, merge_heart_rates=False
    )
    return dict(messages)


# What the fields of each say is compared in test_fit_fields.py.
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_records_and_laps_are_those_that_the_official_sdk_finds(path: Path) -> None:
    decoded = official(path)
    theirs, laps = decoded.get("record_mesgs", []), decoded.get("lap_mesgs", [])
    if path.name in REPEATED:
        theirs, laps = theirs[: len(theirs) // 2], laps[: len(laps) // 2]
    timed = [one for one in theirs if 946_684_800 < one.get("timestamp", 0) + EPOCH_OF_FIT < NOW.timestamp()]
    found = parse_file(path.read_bytes(), PERSON, NOW)
    ours = found.recordings[0] if found.recordings else None
    if "laps" in found.events[0].data:
        assert len(found.events[0].data["laps"]) == len(laps)
    assert (0 if ours is None else len(ours.times)) == len(timed)
    reasons = {one.code for one in found.rejections}
    if path.name in ONLY_OURS:
        assert (theirs, reasons) == ([], {"no_clock"})
        return
    assert bool(reasons & {"no_clock", "records_without_time"}) == (len(timed) < len(theirs))
    if ours is None:
        return
    assert ours.times.tolist() == [one["timestamp"] + EPOCH_OF_FIT for one in timed]


def test_rows_sessions_and_laps_are_all_in_the_database(
    report: ImportReport, database: Database, person: Person
) -> None:
    readings = {
        one.file_sha256: one
        for path in FILES
        for one in parse_file(path.read_bytes(), person, NOW).recordings
    }
    with database.connect() as connection:
        held = connection.execute(
            "select file_sha256, count(r.recording_id), min(heart_rate_bpm), max(distance_m) "
            "from raw.recordings left join raw.activity_records r using (recording_id) group by 1"
        ).fetchall()
        laps = connection.execute(
            "select sum(jsonb_array_length(data -> 'laps')), sum(jsonb_array_length(data -> 'sessions')) "
            "from raw.events where event_type = 'fit.activity'"
        ).fetchone()
    assert {row[0] for row in held} == set(readings)
    for sha256, count, slowest, farthest in held:
        one = readings[sha256]
        beats, metres = one.columns.get("heart_rate_bpm"), one.columns.get("distance_m")
        assert count == len(one.times)
        assert slowest == (None if beats is None else np.nanmin(beats))
        assert farthest == (None if metres is None else np.nanmax(metres))
    assert sum(count for _, count, *_ in held) == 132_449
    assert laps == (290, 44)


def test_importing_again_adds_no_row(
    report: ImportReport, database: Database, store: FolderStore, person: Person
) -> None:
    def held() -> object:
        with database.connect() as connection:
            return connection.execute(
                "select (select count(*) from raw.events), (select count(*) from raw.activity_records), "
                "(select count(*) from raw.recording_series)"
            ).fetchone()

    before = held()
    again = import_paths(database, store, person, FILES[::-1], now=NOW)
    assert (again.events_new, held()) == (0, before)


def test_every_sample_of_a_watch_has_the_time_it_was_taken_at() -> None:
    samples: Counter[str] = Counter()
    for path in sorted((DATA / "monitoring").iterdir()):
        (event,) = parse_file(path.read_bytes(), PERSON, NOW).events
        assert event.utc_offset == dt.timedelta(hours=3)
        samples[event.event_type] += 1
        if event.event_type != "fit.monitoring":
            continue
        beats = event.data["samples"].get("heart_rate_bpm", [])
        times = [at for at, _ in beats]
        samples["beats"] += len(beats)
        assert len(beats) == sum("heart_rate" in one for one in official(path)["monitoring_mesgs"])
        # Stress states its times in full: the heart rates of a file lie among them.
        stress = [at for at, _ in event.data["samples"]["stress"]]
        assert times == sorted(set(times))
        assert stress[0] - 120 <= times[0] <= times[-1] <= stress[-1] + 120
    assert samples == {"fit.monitoring": 10, "fit.sleep": 10, "beats": 1046}


def test_nothing_was_refused_and_every_flaw_has_a_sentence(report: ImportReport) -> None:
    flaws = Counter(one.code for file in report.files for one in file.rejected)
    assert flaws == {"fit_damaged": 15, "no_clock": 3, "records_without_time": 2}
    assert {one.status for file in report.files for one in file.rejected} == {"salvaged"}
    assert all(file.events_new + file.events_unchanged for file in report.files)
