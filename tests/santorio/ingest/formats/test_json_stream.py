"""JSON too large to be held: read in pieces it gives what it gives as a whole, and one bad entry costs itself alone."""

import datetime as dt
import io
import json
import tracemalloc
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats import json_stream, zip_archive
from santorio.ingest.formats.json_stream import JsonChunk, iter_chunks
from santorio.ingest.formats.zip_archive import Member, SkippedMember
from santorio.ingest.importer import import_paths
from santorio.people import Person

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
)


def entries_of(data: bytes) -> list[object]:
    return [entry for piece in iter_chunks(io.BytesIO(data)) for entry in orjson.loads(piece.data)]


def nights(count: int, padding: str = "") -> list[dict[str, object]]:
    first = dt.date(2000, 1, 1)
    return [
        {
            "calendarDate": str(first + dt.timedelta(days=day)),
            "sleepStartTimestampGMT": "2000-01-01T22:00:00.0",
            "deepSleepSeconds": day,
            "padding": padding,
        }
        for day in range(count)
    ]


@settings(deadline=None)
@given(st.lists(JSON, max_size=30), st.integers(1, 60), st.integers(1, 200))
def test_the_entries_of_all_pieces_are_those_of_the_whole(
    entries: list[object], chunk: int, piece: int
) -> None:
    data = json.dumps(entries).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "READ_BYTES", chunk)
        patch.setattr(json_stream, "TARGET_CHUNK_BYTES", piece)
        assert entries_of(data) == orjson.loads(data)
        numbers = [
            (part.first, part.last) for part in iter_chunks(io.BytesIO(data)) if isinstance(part, JsonChunk)
        ]
    assert [first for first, _ in numbers] == [1, *(last + 1 for _, last in numbers[:-1])][: len(numbers)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 50))
def test_a_list_that_an_entry_holds_is_read_in_pieces_that_hold_a_part_of_it_each(
    held: list[int], piece: int
) -> None:
    activities = [{"activityId": number} for number in held]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "TARGET_CHUNK_BYTES", piece)
        for outer in (
            [{"summarizedActivitiesExport": activities}],
            {"summarizedActivitiesExport": activities},
        ):
            objects = entries_of(json.dumps(outer).encode())
            assert [run for entry in objects for run in entry["summarizedActivitiesExport"]] == activities  # type: ignore[index,call-overload]


def test_what_stands_beside_such_a_list_is_not_lost() -> None:
    data = json.dumps([{"from": 1, "summarizedActivitiesExport": [{"activityId": 2}], "until": 3}]).encode()
    assert entries_of(data) == [
        {"summarizedActivitiesExport": [{"activityId": 2}]},
        {"from": 1, "summarizedActivitiesExport": [], "until": 3},
    ]


def test_one_huge_entry_is_left_out_by_its_number_and_the_others_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_stream, "READ_BYTES", 100)
    monkeypatch.setattr(json_stream, "MAX_ENTRY_BYTES", 1000)
    entries = [{"a": 1}, {"b": list(range(900))}, {"c": 3}]
    first, refused, last = iter_chunks(io.BytesIO(json.dumps(entries).encode()))
    assert isinstance(first, JsonChunk)
    assert isinstance(last, JsonChunk)
    assert (first.data, last.data) == (b'[{"a":1}]', b'[{"c":3}]')
    assert (refused.code, refused.location, last.first) == ("too_large", "entry 2", 3)  # type: ignore[union-attr]


def test_a_number_that_is_none_costs_its_entry_alone() -> None:
    first, refused, last = iter_chunks(io.BytesIO(b'[1,{"a":[1e999]},2.5]'))
    assert (first.data, refused.code, refused.location, last.data) == (
        b"[1]",
        "bad_json",
        "entry 2",
        b"[2.5]",
    )  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "huge", ['"' + "x" * 20_000_000, "1" * 20_000_000, "[" * 20_000_000, '{"a":' * 4_000_000]
)
def test_a_text_a_number_or_a_depth_without_end_does_not_fill_the_memory(huge: str) -> None:
    tracemalloc.start()
    parsed = list(iter_chunks(io.BytesIO(b'[{"a":1},' + huge.encode())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(parsed[0], JsonChunk)
    assert parsed[0].data == b'[{"a":1}]'
    assert parsed[1].code == "too_large"  # type: ignore[union-attr]
    assert peak < 80_000_000


@pytest.mark.parametrize("end", ['{"a":', "NaN]", "}", "", "] x", '"\\x"]'])
def test_where_the_json_breaks_off_what_came_before_is_taken_and_the_break_is_named(end: str) -> None:
    complete, broken = iter_chunks(io.BytesIO(b'[{"a":1},{"b":2},' + end.encode()))
    assert isinstance(complete, JsonChunk)
    assert (complete.data, broken.code, broken.location) == (b'[{"a":1},{"b":2}]', "bad_json", "entry 3")  # type: ignore[union-attr]


def parts(files: dict[str, bytes], skip: int = 0) -> Iterator[Member | SkippedMember]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return zip_archive.iter_members(packed, skip=skip)


def test_going_on_within_a_large_file_gives_exactly_the_other_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_MEMBER_BYTES", 500)
    monkeypatch.setattr(json_stream, "TARGET_CHUNK_BYTES", 300)
    damaged = b"PK\x03\x04 no zip"
    large = json.dumps(nights(20)).encode()
    files = {
        "a.json": b"[]",
        "in.zip": damaged,
        "x_sleepData.json": large,
        "b.bin": b"\xff" * 600,
        "c.json": b"{}",
    }
    complete = [(part.path, getattr(part, "data", None)) for part in parts(files)]
    assert len(complete) > 10
    for done in range(len(complete) + 1):
        assert [(part.path, getattr(part, "data", None)) for part in parts(files, done)] == complete[done:]


def test_a_large_file_gives_the_events_that_it_gives_as_a_whole(
    database, person, store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_archive, "MAX_MEMBER_BYTES", 10_000)
    monkeypatch.setattr(json_stream, "TARGET_CHUNK_BYTES", 3000)
    folder = tmp_path / "DI-Connect-Wellness"
    folder.mkdir()
    loose, packed = folder / "1_sleepData.json", tmp_path / "export.zip"
    data = orjson.dumps([*nights(200), {"unheard_of": 5}])
    loose.write_bytes(data)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("DI_CONNECT/DI-Connect-Wellness/1_sleepData.json", data)
    complete = {
        event.event_id: event.content_hash
        for event in parse_file(data, person, NOW, folder=folder.name).events
    }
    first, second = (
        import_paths(database, store, person, [path], now=NOW).files[0] for path in (loose, packed)
    )
    assert (first.kind, first.outcome, first.events_new) == ("JSON", "imported", 201)
    assert (second.kind, second.outcome, second.events_new) == ("garmin export", "unchanged", 0)
    with database.connect() as connection:
        held = connection.execute("select event_id, content_hash from raw.events").fetchall()
    assert dict(held) == complete


def test_a_real_sized_large_file_is_taken_in_whole_with_little_memory(tmp_path: Path) -> None:
    data = orjson.dumps(nights(9000, "x" * 4000))
    assert len(data) > zip_archive.MAX_MEMBER_BYTES
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DI_CONNECT/DI-Connect-Wellness/1_sleepData.json", data)
    count, most = 0, 0
    with path.open("rb") as file:
        for part in zip_archive.iter_members(file):
            assert isinstance(part, Member)
            most = max(most, len(part.data))
            count += len(parse_file(part.data, PERSON, NOW, folder=part.folder).events)
    assert count == 9000
    assert most < 2 * json_stream.TARGET_CHUNK_BYTES
