"""Field by field: what is read of every real FIT file is what the official SDK reads of it."""

import datetime as dt
import math
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from santorio.ingest.file_parser import parse_file
from santorio.ingest.formats.fit.activities import SESSION_FIELDS
from santorio.ingest.formats.fit.decoder import EPOCH_OF_FIT
from santorio.ingest.formats.fit.monitoring import COUNTERS, ON_FOOT
from santorio.ingest.formats.fit.records import FIELDS
from santorio.ingest.formats.fit.weights import FIELDS as WEIGHT_FIELDS
from santorio.people import Person
from santorio.storage.parse_result import ParseResult

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "fit"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
Message = Mapping[Any, Any]

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data/fit) is not here")

FILES = sorted(DATA.rglob("*.fit")) if DATA.is_dir() else []
# Two parts of a chain say the same: the second is not taken in again.
REPEATED = "activity-activity-filecrc.fit"
# The SDK gives 65535 in a field of two bytes of an app as a value: it says that there is none.
NO_VALUE = {"running.fit": {"Elevation": 65_535}}


@cache
def official(path: Path, *, merge: bool = False) -> dict[str, list[Message]]:
    from garmin_fit_sdk import Decoder, Stream

    decoder = Decoder(Stream.from_byte_array(bytearray(path.read_bytes())))
    messages, _ = decoder.read(
        enable_crc_check=False, convert_datetimes_to_dates=False, merge_heart_rates=merge
    )
    if path.name == REPEATED:
        return {name: found[: (len(found) + 1) // 2] for name, found in messages.items()}
    return dict(messages)


@cache
def ours(path: Path) -> ParseResult:
    return parse_file(path.read_bytes(), PERSON, NOW)


def number(value: object) -> float:
    if value == "right":  # the SDK's word for all weight on one side: a balance of 128
        return 128.0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan  # type: ignore[arg-type]


def first(message: Message, names: tuple[str, ...]) -> float:
    return next((found for name in names if not math.isnan(found := number(message.get(name)))), math.nan)


def timed(path: Path, *, merge: bool = False) -> list[Message]:
    return [one for one in official(path, merge=merge).get("record_mesgs", [])
            if 946_684_800 < one.get("timestamp", 0) + EPOCH_OF_FIT < NOW.timestamp()]  # fmt: skip


def each_file_with(*names: str) -> Callable[[Callable[[Path], None]], Callable[[pytest.Subtests], None]]:
    """Test every file in which the SDK finds such a message, as a subtest.

    Not as parameters: the SDK would then decode all files while the tests are collected, in every worker.
    """

    def decorate(test: Callable[[Path], None]) -> Callable[[pytest.Subtests], None]:
        def test_files(subtests: pytest.Subtests) -> None:
            paths = [path for path in FILES if any(official(path).get(f"{name}_mesgs") for name in names)]
            assert paths
            for path in paths:
                with subtests.test(path.name):
                    test(path)

        return test_files

    return decorate


@each_file_with("session", "lap")
def test_sessions_and_laps_state_what_the_messages_state(path: Path) -> None:
    event, told = ours(path).events[0], official(path)
    sessions = sorted(told.get("session_mesgs", []), key=lambda one: one.get("start_time", 0))
    for name, theirs in (("sessions", sessions), ("laps", told.get("lap_mesgs", []))):
        found = event.data.get(name, [])
        # A file that broke off before its session is summed up from its records.
        assert len(found) == max(len(theirs), name == "sessions")
        for one, message in zip(found, theirs, strict=False):
            for figure, names in SESSION_FIELDS.items():
                np.testing.assert_allclose(
                    number(one.get(figure)), first(message, names), rtol=1e-9, err_msg=figure
                )
            start = message.get("start_time", message.get("timestamp", 0)) + EPOCH_OF_FIT
            stated = dt.datetime.fromtimestamp(start, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            assert one.get("start_time") == (stated if start > 946_684_800 else None)
            if name == "sessions":
                assert (one["sport"], one["sub_sport"]) == (message.get("sport"), message.get("sub_sport"))


@each_file_with("record")
def test_every_column_of_every_record_is_the_field_that_the_record_has(path: Path) -> None:
    records = timed(path)
    if not records:
        return
    found = ours(path).recordings[0]
    for column, names in FIELDS.items():
        values = np.array([first(one, names) for one in records])
        if column in {"latitude_deg", "longitude_deg"}:
            values *= 180 / 2**31
        if column == "cadence_rpm":
            values += [np.nan_to_num(number(one.get("fractional_cadence"))) for one in records]
        if column == "heart_rate_bpm" and official(path).get("hr_mesgs"):
            continue  # a strap tells it better: below
        if np.isnan(values).all():
            assert column not in found.columns
        else:
            np.testing.assert_allclose(found.columns[column], values, rtol=1e-9, err_msg=column)


@each_file_with("record")
def test_fields_of_apps_and_fields_without_a_column_are_kept_under_their_names(path: Path) -> None:
    records = timed(path)
    if not records:
        return
    found = ours(path).recordings[0].series
    names = {
        one.get("key"): one.get("field_name") for one in official(path).get("field_description_mesgs", [])
    }
    columns = {"timestamp", "fractional_cadence", *(name for fields in FIELDS.values() for name in fields)}
    expected: dict[str, dict[int, float]] = {}
    for row, record in enumerate(records):
        own = [(str(names.get(key)), value) for key, value in record.get("developer_fields", {}).items()]
        plain = [(f"unknown_{key}" if isinstance(key, int) else key, value) for key, value in record.items()]
        for name, value in own + [one for one in plain if one[0] not in columns]:
            if not math.isnan(number(value)) and NO_VALUE.get(path.name, {}).get(name) != value:
                expected.setdefault(name, {})[row] = number(value)
    for name, values in expected.items():
        there = np.flatnonzero(~np.isnan(found[name]))
        assert there.tolist() == list(values)
        np.testing.assert_allclose(found[name][there], list(values.values()), rtol=1e-6, err_msg=name)


@each_file_with("hrv")
def test_the_intervals_between_beats_are_all_there_in_their_order(path: Path) -> None:
    told = [
        one["time"] if isinstance(one["time"], list) else [one["time"]] for one in official(path)["hrv_mesgs"]
    ]
    beats = [value for values in told for value in values if not math.isnan(number(value))]
    np.testing.assert_allclose(ours(path).recordings[0].series["rr_interval_s"], beats)
    assert len(beats) > 20


@each_file_with("hr")
def test_a_strap_gives_every_record_the_rate_that_the_sdk_merges_into_it(path: Path) -> None:
    theirs = np.array([number(one.get("heart_rate")) for one in timed(path, merge=True)])
    found = ours(path).recordings[0].columns["heart_rate_bpm"]
    assert (np.isnan(found) == np.isnan(theirs)).all()
    apart = np.abs(found - theirs)[~np.isnan(theirs)]
    # The SDK counts a beat for each quarter of a second until the next: the means differ where the rate changes.
    assert (apart <= 2).mean() > 0.997
    assert np.median(apart) == 0


@each_file_with("weight_scale")
def test_every_weighing_states_what_the_scale_stated(path: Path) -> None:
    told = official(path)["weight_scale_mesgs"]
    found = [event for event in ours(path).events if event.event_type == "fit.weight"]
    for event, message in zip(found, told, strict=True):
        assert event.time.timestamp() == message["timestamp"] + EPOCH_OF_FIT
        for figure, name in WEIGHT_FIELDS.items():
            np.testing.assert_allclose(
                number(event.data.get(figure)), number(message.get(name)), err_msg=figure
            )


@each_file_with("monitoring")
def test_every_sample_of_monitoring_is_told_with_its_value_and_its_time(path: Path) -> None:
    told, samples = official(path), ours(path).events[0].data["samples"]
    assert isinstance(samples, Mapping)
    pulses = [one for one in told["monitoring_mesgs"] if "heart_rate" in one]
    beats = samples.get("heart_rate_bpm", [])
    assert [rate for _, rate in beats] == [one["heart_rate"] for one in pulses]
    for (at, _), message in zip(beats, pulses, strict=True):
        clock = int(at) - EPOCH_OF_FIT
        assert clock == message.get("timestamp", clock)
        assert clock & 0xFFFF == message.get("timestamp_16", clock & 0xFFFF)
    for ours_name, mesg, time, fields in (
        ("stress", "stress_level", "stress_level_time", ["stress_level_value"]),
        ("spo2_percent", "spo2_data", "timestamp", ["reading_spo2", "reading_confidence"]),
        ("respiration_rate_brpm", "respiration_rate", "timestamp", ["respiration_rate"]),
    ):
        rows = [[one[time] + EPOCH_OF_FIT, *(one.get(field) for field in fields)]
                for one in told.get(f"{mesg}_mesgs", []) if one.get(fields[0]) is not None]  # fmt: skip
        assert samples.get(ours_name, []) == rows
    moves = Counter()
    for message in told["monitoring_mesgs"]:
        if "cycles" in message or "steps" in message:
            on_foot = message.get("activity_type") in ON_FOOT
            moves["steps" if on_foot else "cycles"] += message.get(
                "steps", message.get("cycles", 0) * (1 + on_foot)
            )
        for name, field in COUNTERS.items():
            moves[name] += message.get(field, 0)
    kept = Counter()
    for one in samples.get("movement", []):
        kept.update({name: value for name, value in one.items() if name in {"steps", "cycles", *COUNTERS}})
    for name in moves | kept:
        assert kept[name] == pytest.approx(
            moves[name], abs=0.6 * len(told["monitoring_mesgs"]) if name == "steps" else 1e-6
        )


def test_every_night_states_its_frame_and_all_its_rows() -> None:
    nights = [path for path in FILES if ours(path).events and ours(path).events[0].event_type == "fit.sleep"]
    assert len(nights) == 10
    for path in nights:
        told, night = official(path), ours(path).events[0].data
        for name, number_of in (("started_at", 273), ("ended_at", 276)):
            stated = [one.get(253) for one in told.get(str(number_of), [])][:1]
            expected = [
                dt.datetime.fromtimestamp(at + EPOCH_OF_FIT, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                for at in stated
            ]
            assert [night[name]] == (expected or [None])
        rows = night["undocumented"]["unknown_274"]  # type: ignore[index]
        assert len(rows) == len(told.get("274", []))
        assert len(night["levels"]) == len(told.get("sleep_level_mesgs", []))  # type: ignore[arg-type]
