"""Turn TCX and GPX files into the same events as FIT activities, and their points into recordings."""

import datetime as dt
import hashlib
import re

from santorio.ingest.formats.tracks import gpx, tcx
from santorio.ingest.formats.tracks.points import Point, Session, Track, columns_of, iso, summarise
from santorio.people import Person
from santorio.storage.activity_records import Recording, recording_id
from santorio.storage.event_log import Event
from santorio.storage.parse_result import MAX_AHEAD, ParseResult, Rejection, rejected

ROOT = re.compile(r"<(?:\w+:)?(gpx|TrainingCenterDatabase)[\s>]")
READERS = {"gpx": gpx.read, "TrainingCenterDatabase": tcx.read}
SOURCES = {"gpx": "gpx", "TrainingCenterDatabase": "tcx"}
# A point takes some hundred characters in the file and a thousand bytes in memory. A recording of days is smaller.
MAX_CHARACTERS = 64 * 2**20
MAX_TAGS = 5_000_000
MAX_POINTS = 400_000
# An earlier time means that the device's clock was not set.
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp()


def root_of(content: str) -> str | None:
    """Return the name of the root element of a TCX or GPX; None for any other text."""
    if not content.lstrip().startswith("<"):
        return None
    match = ROOT.search(content, 0, 5000)
    return match[1] if match else None


def parse(content: str, data: bytes, person: Person, now: dt.datetime) -> ParseResult:
    """Turn a TCX or GPX text into an event and a recording; `data` are the bytes that it was decoded from."""
    root = root_of(content)
    assert root is not None  # noqa: S101 - the caller detected the format by it
    kind = SOURCES[root].upper()
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        reason = "This file defines XML entities, which no device does and which can fill the memory. Export it again."
        return rejected("unsafe_xml", reason, kind=kind)
    # Opening and closing tags of both formats: about twice the points.
    point_tags = content.count("trkpt") + content.count("Trackpoint")
    if len(content) > MAX_CHARACTERS or content.count("<") > MAX_TAGS or point_tags > 2 * MAX_POINTS:
        reason = "The file holds more points than any device writes. Export fewer activities at a time."
        return rejected("too_large", reason, kind=kind)
    try:
        track = READERS[root](content)
    except Exception:  # noqa: BLE001 - for a broken text the libraries raise anything
        reason = "The file is cut off or broken, so its track cannot be read. Export it again."
        return rejected("track_unreadable", reason, kind=kind)
    return _parse(track, SOURCES[root], hashlib.sha256(data).hexdigest(), person, now)


def _parse(track: Track, source: str, sha256: str, person: Person, now: dt.datetime) -> ParseResult:
    kind = source.upper()
    latest = (now + MAX_AHEAD).timestamp()
    excluded = 0
    for session in track.sessions:
        timed = [(at, values) for at, values in session.points if EARLIEST <= at <= latest]
        excluded += session.without_time + len(session.points) - len(timed)
        session.points = timed
    sessions = [session for session in track.sessions if session.points]
    if not sessions:
        reason = "No point in this file has a valid time: it is a planned route, or its device's clock was not set."
        return rejected("no_clock", reason, kind=kind)
    sessions.sort(key=lambda session: session.points[0][0])
    points: list[tuple[float, Point]] = []
    for session in sessions:
        points += session.points
    result = ParseResult(kind=f"{kind} activity", keep=True)
    if excluded:
        reason = "Points of this track have no valid time: they were excluded. The original is kept."
        location = f"{excluded} of {excluded + len(points)} points"
        result.rejections.append(Rejection("records_without_time", reason, location, status="salvaged"))
    event = _event(track, sessions, source, sha256, person)
    result.events.append(event)
    times, columns, series = columns_of(points)
    result.recordings.append(
        Recording(person.user_id, sha256, event.event_id, source, times, columns, series)
    )
    return result


def _event(track: Track, sessions: list[Session], source: str, sha256: str, person: Person) -> Event:
    start = min(at for at, _ in sessions[0].points)
    laps: list[dict[str, object]] = []
    records = 0
    for session in sessions:
        laps += session.laps
        records += len(session.points)
    content: dict[str, object] = {
        "device": {"manufacturer": None, "product": track.creator, "serial": track.serial},
        "records": records,
        "sessions": [summarise(session) for session in sessions],
        "laps": laps,
    }
    return Event(
        user_id=person.user_id,
        time=dt.datetime.fromtimestamp(start, dt.UTC),
        utc_offset=None,
        event_type="track.activity",
        source=source,
        # Two devices may start recording the same ride in the same second.
        natural_key=f"{track.creator}/{track.serial}/{iso(start)}/{len(sessions)}",
        data=content,
        metadata={
            "object_sha256": sha256,
            "salvaged": False,
            "recording_id": str(recording_id(person.user_id, sha256)),
        },
    )
