"""TCX and GPX as devices and services write them, and as nobody should."""

import datetime as dt
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from santorio.ingest.file_parser import parse_file
from santorio.ingest.importer import import_paths
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from santorio.storage.parse_result import ParseResult

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
START = dt.datetime(2026, 3, 1, 7, tzinfo=dt.UTC)

GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx creator="Garmin Connect" version="1.1" xmlns="http://www.topografix.com/GPX/1/1"
  xmlns:ns3="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
  <trk><name>Müggelsee</name><type>running</type><trkseg>
    <trkpt lat="52.4400000001" lon="13.64"><ele>32.5</ele><time>2026-03-01T07:00:00.000Z</time>
      <extensions><ns3:TrackPointExtension><ns3:hr>120</ns3:hr><ns3:cad>85</ns3:cad><ns3:atemp>4.5</ns3:atemp>
      </ns3:TrackPointExtension><power>210</power><mood>7</mood></extensions></trkpt>
    <trkpt lat="52.4409" lon="13.64"><ele>33</ele><time>2026-03-01T07:00:00.500Z</time></trkpt>
    <trkpt lat="52.4410" lon="13.64"><ele>33</ele></trkpt>
  </trkseg><trkseg>
    <trkpt lat="52.4418" lon="13.64"><time>2026-03-01T08:01:00+01:00</time>
      <extensions><ns3:TrackPointExtension><ns3:hr>140</ns3:hr></ns3:TrackPointExtension></extensions></trkpt>
  </trkseg></trk>
</gpx>"""


def trackpoint(time: str, heart_rate: int, metres: float) -> str:
    return (
        f"<Trackpoint><Time>{time}</Time><Position><LatitudeDegrees>52.44</LatitudeDegrees>"
        f"<LongitudeDegrees>13.64</LongitudeDegrees></Position><AltitudeMeters>32.5</AltitudeMeters>"
        f"<DistanceMeters>{metres}</DistanceMeters><HeartRateBpm><Value>{heart_rate}</Value></HeartRateBpm>"
        f"<Cadence>88</Cadence><Extensions><TPX xmlns='http://www.garmin.com/xmlschemas/ActivityExtension/v2'>"
        f"<Speed>3.25</Speed><Watts>230</Watts></TPX></Extensions></Trackpoint>"
    )


def activity(sport: str, start: str, *points: str, calories: str = "50") -> str:
    return (
        f"<Activity Sport='{sport}'><Id>{start}</Id><Lap StartTime='{start}'><TotalTimeSeconds>60.5</TotalTimeSeconds>"
        f"<DistanceMeters>200</DistanceMeters><Calories>{calories}</Calories>"
        f"<AverageHeartRateBpm><Value>131</Value></AverageHeartRateBpm>"
        f"<Track>{''.join(points)}</Track></Lap><Creator><Name>Forerunner</Name><UnitId>4711</UnitId></Creator></Activity>"
    )


def tcx(*activities: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
        f"{''.join(activities)}</Activities></TrainingCenterDatabase>"
    )


RUN = activity(
    "Running",
    "2026-03-01T07:00:00Z",
    trackpoint("2026-03-01T07:00:00Z", 120, 0),
    trackpoint("2026-03-01T07:01:00.000Z", 142, 200),
)


def parsed(content: str | bytes) -> ParseResult:
    return parse_file(content if isinstance(content, bytes) else content.encode(), PERSON, NOW)


def flaws(result: ParseResult) -> list[tuple[str, str, str | None]]:
    return [(rejection.code, rejection.status, rejection.location) for rejection in result.rejections]


def test_a_gpx_track_is_an_activity_with_the_points_that_have_a_time() -> None:
    result = parsed(GPX)
    (event,), (recording,) = result.events, result.recordings
    (run,) = event.data["sessions"]
    assert (event.event_type, event.source, event.time) == ("track.activity", "gpx", START)
    assert (run["sport"], run["start_time"], run["total_elapsed_time_s"]) == (
        "running",
        "2026-03-01T07:00:00Z",
        60,
    )
    assert run["avg_heart_rate_bpm"] == 130
    # A thousandth of a degree; the way between two segments is a pause.
    assert run["total_distance_m"] == pytest.approx(111.2, rel=0.01)
    assert recording.times.tolist() == [START.timestamp(), START.timestamp() + 0.5, START.timestamp() + 60]
    assert recording.columns["latitude_deg"].tolist() == [52.4400000001, 52.4409, 52.4418]
    np.testing.assert_equal(recording.columns["heart_rate_bpm"], [120, np.nan, 140])
    assert recording.columns["temperature_c"][0] == 4.5
    assert recording.columns["power_w"][0] == 210
    np.testing.assert_equal(recording.series["mood"], [7, np.nan, np.nan])
    assert flaws(result) == [("records_without_time", "salvaged", "1 of 4 points")]


def test_a_tcx_activity_states_its_laps_and_its_points() -> None:
    result = parsed(tcx(RUN))
    (event,), (recording,) = result.events, result.recordings
    (run,) = event.data["sessions"]
    assert (event.source, event.time, result.rejections) == ("tcx", START, [])
    assert (run["sport"], run["total_timer_time_s"], run["total_distance_m"]) == ("running", 60.5, 200)
    assert (run["avg_heart_rate_bpm"], run["total_calories_kcal"]) == (131, 50)
    assert event.data["laps"][0]["avg_heart_rate_bpm"] == 131
    assert event.data["device"] == {"manufacturer": None, "product": "Forerunner", "serial": "4711"}
    assert {name: column[1] for name, column in recording.columns.items()} == {
        "latitude_deg": 52.44,
        "longitude_deg": 13.64,
        "altitude_m": 32.5,
        "distance_m": 200,
        "heart_rate_bpm": 142,
        "cadence_rpm": 88,
        "speed_mps": 3.25,
        "power_w": 230,
    }


def test_the_activities_of_a_tcx_file_are_told_apart() -> None:
    ride = activity("Biking", "2026-03-01T09:00:00Z", trackpoint("2026-03-01T09:00:00+00:00", 99, 0))
    (event,) = parsed(tcx(ride, RUN)).events
    assert [(activity["sport"], activity["start_time"]) for activity in event.data["sessions"]] == [
        ("running", "2026-03-01T07:00:00Z"),
        ("biking", "2026-03-01T09:00:00Z"),
    ]
    assert event.data["records"] == 3


def test_a_point_or_figure_that_cannot_be_read_costs_itself_alone() -> None:
    broken = activity(
        "Running",
        "2026-03-01T07:00:00Z",
        trackpoint("yesterday", 1, 0),
        trackpoint("2026-03-01T07:00:05Z", 120, 9),
        trackpoint("2031-03-01T07:00:05Z", 120, 9),
        calories="",
    )
    result = parsed(tcx(broken))
    assert flaws(result) == [("records_without_time", "salvaged", "2 of 3 points")]
    assert result.events[0].data["records"] == 1
    assert "total_calories_kcal" not in result.events[0].data["sessions"][0]


def test_entities_are_refused_before_anything_is_expanded() -> None:
    bomb = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    for content in (GPX, tcx(RUN)):
        head, tag, rest = content.partition("?>")
        for encoding in ("utf-8", "utf-16"):
            result = parsed((head + tag + bomb + rest).replace("Müggelsee", "&b;").encode(encoding))
            assert (flaws(result), result.events, result.keep) == ([("unsafe_xml", "open", None)], [], True)


def test_a_plan_without_times_is_refused_with_a_reason() -> None:
    plan = GPX.replace("<time>2026-03-01T07:00:00.000Z</time>", "").replace(
        "<time>2026-03-01T07:00:00.500Z</time>", ""
    )
    plan = plan.replace("<time>2026-03-01T08:01:00+01:00</time>", "")
    assert flaws(parsed(plan)) == [("no_clock", "open", None)]


def test_a_file_cut_off_is_refused_and_kept() -> None:
    for content in (GPX, tcx(RUN)):
        result = parsed(content[: len(content) * 2 // 3])
        assert (flaws(result), result.keep) == ([("track_unreadable", "open", None)], True)


def test_a_track_of_more_points_than_any_device_writes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("santorio.ingest.formats.tracks.parser.MAX_POINTS", 1)
    assert flaws(parsed(GPX)) == [("too_large", "open", None)]


def test_tracks_reach_the_same_records_as_fit_files(
    database: Database, store: FolderStore, person: Person, home, now: dt.datetime
) -> None:
    (home / "run.gpx").write_text(GPX)
    (home / "run.tcx").write_text(tcx(RUN))
    for _ in range(2):
        import_paths(database, store, person, [home / "run.gpx", home / "run.tcx"], now=now)
    with database.connect() as connection:
        rows = connection.execute(
            """
            select source, ordinal, recorded_at, heart_rate_bpm, power_w
            from raw.activity_records join raw.recordings using (recording_id) order by source, ordinal
            """
        ).fetchall()
    later = dt.timedelta(seconds=60)
    assert rows == [
        ("gpx", 0, START, 120, 210),
        ("gpx", 1, START + later / 120, None, None),
        ("gpx", 2, START + later, 140, None),
        ("tcx", 0, START, 120, 230),
        ("tcx", 1, START + later, 142, 230),
    ]


@given(data=st.data(), content=st.sampled_from([GPX, tcx(RUN)]))
@settings(max_examples=200, deadline=None)
def test_any_damage_to_a_track_leaves_events_or_reasons(data: st.DataObject, content: str) -> None:
    broken = list(content)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(broken) - 1))
        broken[start : start + data.draw(st.integers(0, 3))] = data.draw(st.text(max_size=3))
    result = parsed("".join(broken).encode(errors="replace"))
    assert result.events or result.rejections
    assert all(event.content_hash for event in result.events)
    assert "reader_failed" not in {rejection.code for rejection in result.rejections}
