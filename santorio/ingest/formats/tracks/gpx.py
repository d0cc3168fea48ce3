"""Parse GPX with `gpxpy`: every track is an activity, its points in the file's order."""

from collections.abc import Iterable
from typing import Any

from santorio.ingest.formats.tracks.points import Point, Session, Track, as_utc, parse_number

# Garmin's TrackPointExtension, Cluetrust's, and those of other services, in any namespace.
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
    """Parse a GPX text.

    Raises
    ------
    gpxpy.gpx.GPXException
        If it is not valid GPX.
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
            session.points.append((as_utc(point.time).timestamp(), _values(point)))
    return session


def _values(point: Any) -> Point:
    values: dict[str, float | None] = {
        "latitude_deg": point.latitude,
        "longitude_deg": point.longitude,
        "altitude_m": point.elevation,
        "speed_mps": point.speed,
    }
    for name, text in _leaves(point.extensions):
        values[EXTENSIONS.get(name, name)] = parse_number(text)
    return values


def _leaves(elements: Iterable[Any]) -> Iterable[tuple[str, str | None]]:
    """Yield name (without namespace) and text of every innermost element."""
    for element in elements:
        children = list(element)
        if children:
            yield from _leaves(children)
        # The tag of a comment is not a text.
        elif isinstance(element.tag, str):
            name = element.tag.rpartition("}")[2].rpartition(":")[2]
            yield name, element.text
