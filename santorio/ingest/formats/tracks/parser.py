"""TCX and GPX files become events as FIT activities do, and their points recordings."""

import datetime as dt
import hashlib
import re

from santorio.ingest.formats.tracks import gpx, tcx
from santorio.ingest.formats.tracks.points import Session, Track, columns_of, figures, iso
from santorio.people import Person
from santorio.storage.activity_records import Recording, recording_id
from santorio.storage.event_log import Event
from santorio.storage.parse_result import MAX_AHEAD, ParseResult, Rejection, rejected

ROOT = re.compile(r"<(?:\w+:)?(gpx|TrainingCenterDatabase)[\s>]")
READERS = {"gpx": gpx.read, "TrainingCenterDatabase": tcx.read}
SOURCES = {"gpx": "gpx", "TrainingCenterDatabase": "tcx"}
# A point takes some hundred letters in the file and a thousand bytes in memory; this is a recording of days.
MAX_CHARACTERS = 64 * 2**20
MAX_TAGS = 5_000_000
MAX_POINTS = 400_000
# No clock that a device writes is before this.
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp()


def root_of(content: str) -> str | None:
    """Name of the root of a TCX or GPX; None for any other text."""
    if not content.lstrip().startswith("<"):
        return None
    found = ROOT.search(content, 0, 5000)
    return found[1] if found else None


def parse(content: str, data: bytes, person: Person, now: dt.datetime) -> ParseResult:
    """Turn a TCX or GPX text, and the bytes that it was decoded from, into an event and a recording."""
    root = root_of(content)
    assert root is not None  # noqa: S101 - the caller detected the format by it
    kind = SOURCES[root].upper()
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        reason = (
            "This file defines entities, which no device does and which can fill the memory. Export it again."
        )
        return rejected("unsafe_xml", reason, kind=kind)
    points = content.count("trkpt") + content.count("Trackpoint")
    if len(content) > MAX_CHARACTERS or content.count("<") > MAX_TAGS or points > 2 * MAX_POINTS:
        return rejected("too_large", "The file holds more points than any device writes.", kind=kind)
    try:
        track = READERS[root](content)
    except Exception:  # noqa: BLE001 - the libraries raise anything for a broken text, none of it of use to a person
        reason = "The file is cut off or broken, so its track cannot be read. Export it again."
        return rejected("track_unreadable", reason, kind=kind)
    return _parse(track, SOURCES[root], hashlib.sha256(data).hexdigest(), person, now)


def _parse(track: Track, source: str, sha256: str, person: Person, now: dt.datetime) -> ParseResult:
    kind = source.upper()
    latest = (now + MAX_AHEAD).timestamp()
    left_out = 0
    for session in track.sessions:
        known = [(at, values) for at, values in session.points if EARLIEST <= at <= latest]
        left_out += session.without_time + len(session.points) - len(known)
        session.points = known
    sessions = [session for session in track.sessions if session.points]
    if not sessions:
        reason = "The file holds no point with a time that can be: it is a plan, or its device's clock was not set."
        return rejected("no_clock", reason, kind=kind)
    parsed = ParseResult(kind=f"{kind} activity", keep=True)
    if left_out:
        total = left_out + sum(len(session.points) for session in sessions)
        reason = "Points of this track have no time that can be: they were left out. The original is kept."
        place = f"{left_out} of {total} points"
        parsed.rejections.append(Rejection("records_without_time", reason, place, status="salvaged"))
    sessions.sort(key=lambda session: session.points[0][0])
    event = _event(track, sessions, source, sha256, person)
    parsed.events.append(event)
    times, columns, series = columns_of([point for session in sessions for point in session.points])
    parsed.recordings.append(
        Recording(person.user_id, sha256, event.event_id, source, times, columns, series)
    )
    return parsed


def _event(track: Track, sessions: list[Session], source: str, sha256: str, person: Person) -> Event:
    start = min(at for at, _ in sessions[0].points)
    laps = [lap for session in sessions for lap in session.laps]
    content: dict[str, object] = {
        "device": {"manufacturer": None, "product": track.creator, "serial": track.serial},
        "records": sum(len(session.points) for session in sessions),
        "sessions": [figures(session) for session in sessions],
        "laps": laps,
    }
    return Event(
        user_id=person.user_id,
        time=dt.datetime.fromtimestamp(start, dt.UTC),
        utc_offset=None,
        event_type="track.activity",
        source=source,
        # Two devices may begin one ride in the same second.
        natural_key=f"{track.creator}/{track.serial}/{iso(start)}/{len(sessions)}",
        data=content,
        metadata={
            "object_sha256": sha256,
            "salvaged": False,
            "recording_id": str(recording_id(person.user_id, sha256)),
        },
    )
