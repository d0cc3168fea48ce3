"""Records, beats, days, nights and weights of FIT files; the files are written by the official SDK's encoder."""

import dataclasses
import datetime as dt
import struct
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.formats.fit import layout
from santorio.ingest.formats.fit.decoder import EPOCH_OF_FIT, decode
from santorio.ingest.formats.fit.records import rr_intervals, strap_beats
from santorio.ingest.importer import import_paths
from santorio.people import Person, ensure_person
from santorio.storage.activity_records import Recording, write_recordings
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from support.fit_files import (
    DAY,
    RIDE,
    RUN,
    START,
    T,
    about,
    encoded,
    file_id,
    fit_file,
    message,
    only,
    parsed,
    record,
    session,
)


def recording(data: bytes) -> Recording:
    (only,) = parsed(data).recordings
    return only


def test_records_are_columns_in_our_units_in_the_order_of_the_file() -> None:
    ride = recording(RIDE)
    assert (ride.times - START.timestamp()).tolist() == [0, 0, 1]
    first = {name: column[0] for name, column in ride.columns.items()}
    assert first == {
        "latitude_deg": 90,
        "longitude_deg": -45,
        "distance_m": 1.25,
        "altitude_m": 312.4,
        "speed_mps": 8.25,
        "heart_rate_bpm": 120,
        "cadence_rpm": 88.5,
        "power_w": 240,
        "temperature_c": -3,
    }
    np.testing.assert_equal(ride.columns["heart_rate_bpm"], [120, 121, np.nan])
    assert ride.columns["altitude_m"][1] == 313


def test_fields_of_apps_and_those_without_a_column_are_series_as_long_as_the_records() -> None:
    series = recording(RIDE).series
    np.testing.assert_equal(series["Form Power"], [61, np.nan, 62])
    np.testing.assert_equal(series["calories"], [7, np.nan, np.nan])


def test_laps_and_intervals_between_beats_are_kept() -> None:
    assert only(parsed(RIDE)).data["laps"] == [
        {"start_time": "2026-03-01T07:00:00Z", "total_elapsed_time_s": 1, "avg_heart_rate_bpm": 120}
    ]
    assert recording(RIDE).series["rr_interval_s"].tolist() == [0.594, 0.588, 0.602]


def test_both_readers_find_the_same_records_sessions_and_beats() -> None:
    complete, salvaged = decode(RIDE), decode(RIDE[:-2] + b"\x00\x00")
    assert complete is not None
    assert salvaged is not None
    assert (complete.damage, "checksum" in str(salvaged.damage)) == (None, True)
    assert set(salvaged.records) == set(complete.records)
    for name, column in complete.records.items():
        np.testing.assert_allclose(salvaged.records[name], column, err_msg=name)
    assert salvaged.counts == complete.counts
    assert rr_intervals(salvaged.all("hrv")).tolist() == rr_intervals(complete.all("hrv")).tolist()
    assert only(parsed(RIDE[:-2] + b"\x00\x00")).data == only(parsed(RIDE)).data


def test_records_without_a_time_that_can_be_are_left_out_and_counted() -> None:
    result = parsed(fit_file(file_id(), message("record", heart_rate=90), record(5), session()))
    assert result.recordings[0].times.tolist() == [START.timestamp() + 5]
    assert [(rejection.code, rejection.status, rejection.location) for rejection in result.rejections] == [
        ("records_without_time", "salvaged", "1 of 2 records")
    ]


def test_an_activity_that_a_chain_holds_twice_has_its_records_once() -> None:
    assert len(recording(RUN + RUN).times) == len(recording(RUN).times) == 2
    # The same messages under another checksum: one of the two is wrong.
    result = parsed(RUN + RUN[:-2] + b"\x00\x00")
    assert [rejection.code for rejection in result.rejections] == ["fit_damaged"]
    assert len(result.recordings[0].times) == 2


def strap(*messages: dict[str, object]) -> tuple[list[float], list[float]]:
    at, bpm = strap_beats([*messages])
    return (at - START.timestamp()).round(3).tolist(), bpm.tolist()


def test_the_beats_of_a_strap_are_told_on_the_clock_of_the_day() -> None:
    # 12 bits each, lowest first: 0x3FF and 0x001 are 0.999 s and, past the rollover, 4.001 s.
    packed = (0x3FF | 0x001 << 12).to_bytes(3, "little")
    tied = {
        "timestamp": START.timestamp(),
        "fractional_timestamp": 0.5,
        "event_timestamp": [8.0],
        "filtered_bpm": [70],
    }
    assert strap(tied, {"event_timestamp_12": packed, "filtered_bpm": [71, 72]}) == (
        [0.5, 1.499, 4.501],
        [70, 71, 72],
    )
    assert strap({"event_timestamp_12": packed, "filtered_bpm": [71, 72]}) == ([], [])


def test_the_beats_of_a_strap_give_records_the_rate_that_the_official_sdk_gives() -> None:
    from garmin_fit_sdk import Decoder, Stream

    ticks = np.cumsum(np.random.default_rng(1).integers(600, 1100, 400))
    beats = [
        (
            "HR",
            {"timestamp": T, "fractional_timestamp": 0.25, "event_timestamp": [100.0], "filtered_bpm": [80]},
        )
    ]
    for number, eight in enumerate(np.split(100 * 1024 + ticks, 50)):
        bits = sum(int(count & 0xFFF) << 12 * position for position, count in enumerate(eight))
        beats.append(
            (
                "HR",
                {
                    "event_timestamp_12": list(bits.to_bytes(12, "little")),
                    "filtered_bpm": [80 + number // 2] * 8,
                },
            )
        )
    rows = [("RECORD", {"timestamp": T + second, "distance": 2.0 * second}) for second in range(0, 300, 3)]
    ends = ("SESSION", {"timestamp": T + 300, "start_time": T, "sport": "swimming"})
    data = encoded(about(), *rows, *beats, ends)
    messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read()
    assert errors == []
    theirs = [record.get("heart_rate") for record in messages["record_mesgs"]]
    strap = recording(data)
    ours = strap.columns["heart_rate_bpm"].tolist()
    assert len(strap.series["beat_at_s"]) == len(strap.series["beat_bpm"]) == 401
    # The SDK carries a rate over gaps in quarters of a second, so that means differ by a beat at most.
    both = [(own, other) for own, other in zip(ours, theirs, strict=True) if other is not None]
    assert len(both) > 90
    assert max(abs(own - other) for own, other in both) <= 1


def test_a_day_of_monitoring_has_the_full_time_of_each_sample_over_rollovers() -> None:
    event = only(parsed(DAY))
    at = START.timestamp()
    assert (event.event_type, event.time, event.utc_offset) == (
        "fit.monitoring",
        START,
        dt.timedelta(hours=1),
    )
    assert event.data["samples"] == {
        "heart_rate_bpm": [[at + 60, 51], [at + 60_120, 52], [at + 120_120, 53]],
        "stress": [[at, -1]],
        "spo2_percent": [[at, 95, 9]],
        "movement": [{"at": at + 120, "activity_type": "walking", "steps": 100, "distance_m": 80}],
    }
    assert parsed(DAY).recordings == []


def test_a_damaged_day_of_monitoring_says_the_same() -> None:
    assert only(parsed(DAY[:-2] + b"\x00\x00")).data["samples"] == only(parsed(DAY)).data["samples"]


@given(steps=st.lists(st.integers(1, 65_535), min_size=1, max_size=30), start=st.integers(1, 2**30))
@settings(max_examples=200, deadline=None)
def test_the_low_half_of_the_clock_is_carried_on_whatever_the_steps(steps: list[int], start: int) -> None:
    from santorio.ingest.formats.fit.decoder import Decoded
    from santorio.ingest.formats.fit.monitoring import full_times

    begin = 500_000_000 + start % 2**28
    truth = begin + np.cumsum(steps)
    low = [{"timestamp_16": int(seconds) & 0xFFFF} for seconds in truth]
    info = [{"timestamp": begin + EPOCH_OF_FIT}]
    timed = full_times(Decoded({"monitoring_info": info, "monitoring": low}, {}, {}))
    assert [at - EPOCH_OF_FIT for at, _ in timed] == truth.tolist()


def test_a_night_keeps_its_levels_and_its_undocumented_messages_as_they_came() -> None:
    def raw(number: int, *fields: tuple[int, int, int, bytes]) -> bytes:
        layout = b"".join(struct.pack("<BBB", field, size, base) for field, size, base, _ in fields)
        values = b"".join(value for *_, value in fields)
        return struct.pack("<BBBHB", 0x40, 0, 0, number, len(fields)) + layout + b"\x00" + values

    def clock(field: int, at: int) -> tuple[int, int, int, bytes]:
        return (field, 4, 0x86, struct.pack("<I", at))

    night = fit_file(
        message("file_id", type=49, manufacturer=1, serial=4711, created=T),
        raw(273, clock(253, T), clock(2, T + 7200), (1, 1, 2, b"\x3c")),
        raw(274, (0, 20, 13, bytes(range(20)))),
        raw(275, clock(253, T + 60), (0, 1, 0, b"\x03")),
        raw(276, clock(253, T + 28_800)),
    )
    event = only(parsed(night))
    woke = START + dt.timedelta(hours=8)
    assert (event.event_type, event.time, event.utc_offset) == ("fit.sleep", woke, dt.timedelta(hours=2))
    assert (event.data["started_at"], event.data["ended_at"]) == (
        "2026-03-01T07:00:00Z",
        "2026-03-01T15:00:00Z",
    )
    assert event.data["levels"] == [[START.timestamp() + 60, "deep"]]
    assert event.data["undocumented"] == {
        "unknown_273": [{"253": T, "2": T + 7200, "1": 60}],
        "unknown_274": [{"0": bytes(range(20)).hex()}],
        "unknown_276": [{"253": T + 28_800}],
    }


def test_the_weights_of_several_people_on_one_scale_stay_apart() -> None:
    rows = [
        ("WEIGHT_SCALE", {"timestamp": T + 60 * number, "weight": 70.0 + number, "user_profile_index": user})
        for number, user in enumerate((0, 1, 0))
    ]
    result = parsed(encoded(about("weight"), *rows))
    weights = [event for event in result.events if event.event_type == "fit.weight"]
    assert [(event.data["weight_kg"], event.data["scale_user"]) for event in weights] == [
        (70, 0),
        (71, 1),
        (72, 0),
    ]
    assert {event.data["scale_users"] for event in weights} == {2}
    assert [event.time - START for event in weights] == [dt.timedelta(minutes=n) for n in range(3)]
    assert len({event.event_id for event in result.events}) == 4


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(
            """
            select file_sha256, ordinal, recorded_at, heart_rate_bpm, latitude_deg, altitude_m
            from raw.activity_records join raw.recordings using (recording_id) order by file_sha256, ordinal
            """
        ).fetchall()


def test_records_reach_the_database_with_the_event_and_importing_again_adds_none(
    database: Database, store: FolderStore, person: Person, home: Path, now: dt.datetime
) -> None:
    (home / "ride.fit").write_bytes(RIDE)
    import_paths(database, store, person, [home / "ride.fit"], now=now)
    first = rows(database)
    assert [row[1:] for row in first] == [
        (0, START, 120, 90, pytest.approx(312.4)),
        (1, START, 121, None, 313),
        (2, START + dt.timedelta(seconds=1), None, None, None),
    ]
    import_paths(database, store, person, [home / "ride.fit"], now=now)
    assert rows(database) == first
    with database.connect() as connection:
        noted = connection.execute(
            """
            select r.source, r.records, r.first_at, r.last_at, r.salvaged, e.event_type, e.metadata ->> 'recording_id'
            from raw.recordings r join raw.events e using (event_id)
            where e.metadata ->> 'recording_id' = r.recording_id::text
            """
        ).fetchall()
        series = connection.execute(
            'select name, series from raw.recording_series order by name collate "C"'
        ).fetchall()
    (ride,) = parsed(RIDE).recordings
    mine = dataclasses.replace(ride, user_id=person.user_id)
    assert noted == [
        ("fit", 3, START, START + dt.timedelta(seconds=1), False, "fit.activity", str(mine.recording_id))
    ]
    assert series == [
        ("Form Power", [61, None, 62]),
        ("calories", [7, None, None]),
        ("rr_interval_s", [0.594, 0.588, 0.602]),
    ]


def test_a_corrected_file_is_a_recording_beside_the_first(
    database: Database, store: FolderStore, person: Person, home: Path, now: dt.datetime
) -> None:
    damaged = RIDE[:-2] + b"\x00\x00"
    for name, data in (("damaged.fit", damaged), ("ride.fit", RIDE)):
        (home / name).write_bytes(data)
        import_paths(database, store, person, [home / name], now=now)
    with database.connect() as connection:
        recordings = connection.execute(
            "select records, salvaged, count(*) over (partition by event_id) from raw.recordings order by salvaged"
        ).fetchall()
    assert recordings == [(3, False, 2), (3, True, 2)]
    assert len(rows(database)) == 6


def test_the_same_file_of_two_people_is_two_recordings(
    database: Database, store: FolderStore, person: Person, home: Path, now: dt.datetime
) -> None:
    with database.connect() as connection:
        other = ensure_person(connection, "other", "UTC")
    (home / "ride.fit").write_bytes(RIDE)
    for owner in (person, other):
        import_paths(database, store, owner, [home / "ride.fit"], now=now)
    with database.connect() as connection:
        owners = connection.execute("select user_id from raw.recordings").fetchall()
    assert {user for (user,) in owners} == {person.user_id, other.user_id}
    assert len(rows(database)) == 6


def test_a_recording_of_which_more_can_be_read_now_is_written_anew(
    database: Database, person: Person
) -> None:
    times = START.timestamp() + np.arange(70_000.0)
    beats = np.where(times % 3 == 0, np.nan, 100 + times % 50)
    complete = Recording(person.user_id, "0" * 64, uuid.uuid4(), "fit", times, {"heart_rate_bpm": beats})
    less = dataclasses.replace(complete, times=times[:10], columns={"heart_rate_bpm": beats[:10]})
    with database.connect() as connection:
        assert [write_recordings(connection, [recording]) for recording in (less, complete, less)] == [
            10,
            70_000,
            0,
        ]
        read_back = connection.execute(
            "select extract(epoch from recorded_at)::float8, heart_rate_bpm from raw.activity_records order by ordinal"
        ).fetchall()
    assert [at for at, _ in read_back] == times.tolist()
    np.testing.assert_equal([np.nan if value is None else value for _, value in read_back], beats)


def test_a_small_file_that_would_fill_the_memory_is_refused() -> None:
    # A message of no fields takes one byte in the file and hundreds in memory.
    empty = struct.pack("<BBBHB", 0x40, 0, 0, 20, 0) + b"\x00" * (layout.MAX_MESSAGES + 1)
    head = struct.pack("<BBHI4s", 12, 0x20, 2132, len(empty), b".FIT")
    result = parsed(head + empty + b"\x00\x00")
    assert ([rejection.code for rejection in result.rejections], result.events) == (["too_large"], [])


def test_messages_made_into_a_file_are_read_as_in_the_file_they_came_from() -> None:
    outline = layout.outline(RIDE)
    assert outline.summaries is not None
    complete, summed = decode(RIDE), decode(layout.as_file(outline.summaries))
    assert complete is not None
    assert summed is not None
    assert summed.all("session") == complete.all("session") != []
    assert summed.all("hrv") == complete.all("hrv") != []


@pytest.mark.filterwarnings("ignore")
@given(data=st.data(), content=st.sampled_from([RIDE, DAY]))
@settings(max_examples=300, deadline=None)
def test_any_messages_under_a_true_checksum_leave_events_or_reasons(
    data: st.DataObject, content: bytes
) -> None:
    broken = bytearray(content[14:-2])
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    result = parsed(layout.as_file(bytes(broken)))
    assert result.events or result.rejections
    assert "reader_failed" not in {rejection.code for rejection in result.rejections}
    assert all(event.content_hash for event in result.events)
    assert all(
        len(column) == len(recording.times)
        for recording in result.recordings
        for column in recording.columns.values()
    )


def test_names_that_a_damaged_file_gives_as_lists_are_no_reason_to_fail() -> None:
    from santorio.ingest.formats.fit.decoder import columns_of

    described = [{"key": 0, "field_name": ["Form", "Power"]}, {"key": 1, "field_name": "Form Power"}]
    columns = columns_of([{"timestamp": T, "developer_fields": {0: 1, 1: 2}}], described)
    assert {name: column.tolist() for name, column in columns.items()} == {
        "timestamp": [START.timestamp()],
        "Form Power": [2],
    }
