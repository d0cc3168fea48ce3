"""GPX by `gpxpy`: every track is an activity, its points in the file's order."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from santorio.ingest.formats.tracks.points import Point, Session, Track, number

# Garmin's TrackPointExtension, Cluetrust's, and what services write by themselves, in any namespace.
EXTENSIONS = {
    "hr": "heart_rate_bpm",
    "heartrate": "heart_rate_bpm",
    "cad": "cadence_rpm",
    "cadence": "cadence_rpm",
    "power": "power_w",
    "watts": "power_w",
    "PowerInWatts": "power_w",
    "atemp": "temperature_c",
    "temp": "temperature_c",
    "speed": "speed_mps",
    "distance": "distance_m",
}


def read(content: str) -> Track:
    """Read a GPX text.

    Raises
    ------
    gpxpy.gpx.GPXException
        If it is no GPX that can be read.
    """
    import gpxpy

    document: Any = gpxpy.parse(content)
    return Track(document.creator, None, [_session(track) for track in document.tracks])


def _session(track: Any) -> Session:
    session = Session(sport=track.type, stated={"total_distance_m": track.length_2d() or None})
    for segment in track.segments:
        for point in segment.points:
            if point.time is None:
                session.without_time += 1
                continue
            # A time without a zone is UTC: the format knows no other.
            at = point.time if point.time.tzinfo else point.time.replace(tzinfo=dt.UTC)
            session.points.append((at.timestamp(), _values(point)))
    return session


def _values(point: Any) -> Point:
    values: dict[str, float | None] = {
        "latitude_deg": point.latitude,
        "longitude_deg": point.longitude,
        "altitude_m": point.elevation,
        "speed_mps": point.speed,
    }
    for name, text in _leaves(point.extensions):
        values[EXTENSIONS.get(name, name)] = number(text)
    return values


def _leaves(elements: Iterable[Any]) -> Iterable[tuple[str, str | None]]:
    for element in elements:
        children = list(element)
        if children:
            yield from _leaves(children)
        elif isinstance(element.tag, str):
            yield element.tag.rpartition("}")[2].rpartition(":")[2], element.text
