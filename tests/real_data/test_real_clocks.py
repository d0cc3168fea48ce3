"""The offset and the day of every recorded payload are those that the payload itself states."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from santorio.ingest.formats.garmin.parser import parse
from santorio.local_time import local_day
from santorio.people import Person
from santorio.storage.event_log import Event

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "garmin"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the recorded Garmin payloads are not beside this checkout"
)
NOW = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
# Nobody of the recordings lives there: an offset of 14 hours could only be invented.
FAR = Person(uuid.UUID(int=1), "far", "Pacific/Kiritimati")
FILES = sorted(REAL.rglob("*.json")) if REAL.is_dir() else []


def events(path: Path) -> list[Event]:
    parsed = parse(json.loads(path.read_text()), FAR, NOW)
    return [] if parsed is None else parsed.events


def instant(value: object) -> dt.datetime | None:
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return dt.datetime.fromisoformat(value[:19])
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 9e11:
        return dt.datetime.fromtimestamp(value / 1000, dt.UTC).replace(tzinfo=None)
    return None


def stated_offsets(part: object) -> Iterator[dt.timedelta]:
    """Distances of all pairs in a payload whose names differ by "local" and "GMT" alone, and weigh-ins'."""
    if isinstance(part, list):
        for one in part:
            yield from stated_offsets(one)
    if isinstance(part, dict):
        readings: dict[str, dict[str, dt.datetime]] = {}
        for name, value in part.items():
            if (at := instant(value)) is not None:
                stem, clock = clock_of(name)
                readings.setdefault(stem, {})[clock] = at
        for pair in readings.values():
            if {"local", "gmt"} <= pair.keys():
                yield pair["local"] - pair["gmt"]
        for value in part.values():
            yield from stated_offsets(value)


def clock_of(name: str) -> tuple[str, str]:
    if name == "date":
        return "timestamp", "local"
    is_local = "local" in name.lower()
    return re.sub("(?i)local|in_?gmt|gmt", "", name), "local" if is_local else "gmt"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:60])
def test_the_offset_of_an_event_is_that_of_every_pair_of_clocks_in_its_payload(path: Path) -> None:
    for event in events(path):
        assert {*stated_offsets(dict(event.data))} == ({event.utc_offset} - {None})


def test_the_pairs_are_found() -> None:
    found = [event for path in FILES for event in events(path) if event.utc_offset is not None]
    assert len(found) > 60
    assert {event.event_type for event in found} >= {
        "garmin.sleep", "garmin.hrv", "garmin.heart_rate", "garmin.stress", "garmin.spo2", "garmin.respiration",
        "garmin.floors", "garmin.intensity_minutes", "garmin.body_battery", "garmin.body_battery_events",
        "garmin.daily_summary", "garmin.training_readiness", "garmin.weigh_in", "garmin.activity",
        "garmin.activity_detail", "garmin.personal_record",
    }  # fmt: skip


DATED_BY_THEIR_INSTANT = (
    "garmin.heart_rate", "garmin.stress", "garmin.spo2", "garmin.respiration", "garmin.floors", "garmin.weigh_in",
    "garmin.intensity_minutes", "garmin.body_battery", "garmin.body_battery_events", "garmin.daily_summary",
    "garmin.training_readiness", "garmin.activity", "garmin.activity_detail",
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:60])
def test_garmins_date_is_the_local_day_of_what_was_measured_and_of_waking(path: Path) -> None:
    for event in events(path):
        if event.utc_offset is not None and event.event_type in DATED_BY_THEIR_INSTANT:
            assert event.metadata["day"] == str(local_day(event.time, event.utc_offset))
        if (waking := woke_at(event)) is not None and event.utc_offset is not None:
            assert event.metadata["day"] == str(local_day(waking, event.utc_offset))


def woke_at(event: Event) -> dt.datetime | None:
    data: Any = event.data
    if event.event_type == "garmin.sleep":
        woke = instant(data["dailySleepDTO"].get("sleepEndTimestampGMT"))
    elif event.event_type == "garmin.hrv":
        woke = instant(data.get("sleepEndTimestampGMT"))
    else:
        return None
    return None if woke is None else woke.replace(tzinfo=dt.UTC)
