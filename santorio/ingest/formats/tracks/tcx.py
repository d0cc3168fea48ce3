"""TCX by `tcxreader`, an activity at a time: it would lay the activities of a file together.

The tree is built first by defusedxml, which expands no entity, and points without a time are taken out of it:
one of them makes the reader give up the file.
"""

import contextlib
import datetime as dt
import io
from typing import Any
from xml.etree import ElementTree as ET

from santorio.ingest.formats.tracks.points import Session, Track, number, text_of

NAMESPACE = "{http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2}"
EXTENSIONS = {"Speed": "speed_mps", "Watts": "power_w", "RunCadence": "cadence_rpm"}


def read(content: str) -> Track:
    """Read a TCX text.

    Raises
    ------
    xml.etree.ElementTree.ParseError
        If it is no XML.
    """
    from defusedxml import ElementTree

    root = ElementTree.fromstring(content, forbid_dtd=True)
    activities = list(root.iter(f"{NAMESPACE}Activity"))
    creators = list(root.iter(f"{NAMESPACE}Creator"))
    return Track(
        text_of(one.findtext(f"{NAMESPACE}Name") for one in creators),
        text_of(one.findtext(f"{NAMESPACE}UnitId") for one in creators),
        [_session(activity) for activity in activities],
    )


def _session(activity: ET.Element) -> Session:
    from tcxreader.tcxreader import TCXReader

    without_time = _drop_points_without_time(activity)
    _drop_figures_without_number(activity)
    laps = activity.findall(f"{NAMESPACE}Lap")
    session = Session(
        sport=(activity.get("Sport") or "").lower() or None,
        stated={
            "total_timer_time_s": _total(laps, "TotalTimeSeconds"),
            "total_distance_m": _total(laps, "DistanceMeters"),
            "total_calories_kcal": _total(laps, "Calories"),
        },
        laps=[_lap(lap) for lap in laps],
        without_time=without_time,
    )
    alone = ET.Element(f"{NAMESPACE}TrainingCenterDatabase")
    ET.SubElement(alone, f"{NAMESPACE}Activities").append(activity)
    activity.set("Sport", activity.get("Sport") or "Other")
    found: Any = TCXReader().read(io.BytesIO(ET.tostring(alone)), only_gps=False)
    for point in found.trackpoints:
        # A time that states no zone is UTC: the format knows no other.
        at = point.time if point.time.tzinfo else point.time.replace(tzinfo=dt.UTC)
        values = {
            "latitude_deg": point.latitude,
            "longitude_deg": point.longitude,
            "altitude_m": point.elevation,
            "distance_m": point.distance,
            "heart_rate_bpm": point.hr_value,
            "cadence_rpm": point.cadence,
            **{EXTENSIONS.get(name, name): value for name, value in point.tpx_ext.items()},
        }
        session.points.append((at.timestamp(), values))
    return session


def _drop_points_without_time(activity: ET.Element) -> int:
    dropped = 0
    for track in activity.iter(f"{NAMESPACE}Track"):
        for point in track.findall(f"{NAMESPACE}Trackpoint"):
            time = None
            with contextlib.suppress(ValueError):
                time = dt.datetime.fromisoformat((point.findtext(f"{NAMESPACE}Time") or "").strip())
            stated = point.find(f"{NAMESPACE}Time")
            if time is None or stated is None:
                track.remove(point)
                dropped += 1
            else:
                # One spelling, which the reader knows.
                at = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
                stated.text = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return dropped


def _drop_figures_without_number(activity: ET.Element) -> None:
    """Remove what the reader takes for a number without a look."""
    for lap in activity.findall(f"{NAMESPACE}Lap"):
        for name in ("Calories", "DistanceMeters"):
            for element in lap.findall(f"{NAMESPACE}{name}"):
                if number(element.text) is None:
                    lap.remove(element)
        # Figures of laps in extensions are not used.
        for element in lap.findall(f"{NAMESPACE}Extensions"):
            lap.remove(element)


def _lap(lap: ET.Element) -> dict[str, object]:
    stated = {
        "start_time": lap.get("StartTime"),
        "total_timer_time_s": number(lap.findtext(f"{NAMESPACE}TotalTimeSeconds")),
        "total_distance_m": number(lap.findtext(f"{NAMESPACE}DistanceMeters")),
        "total_calories_kcal": number(lap.findtext(f"{NAMESPACE}Calories")),
        "avg_heart_rate_bpm": number(lap.findtext(f"{NAMESPACE}AverageHeartRateBpm/{NAMESPACE}Value")),
        "max_heart_rate_bpm": number(lap.findtext(f"{NAMESPACE}MaximumHeartRateBpm/{NAMESPACE}Value")),
    }
    return {name: value for name, value in stated.items() if value is not None}


def _total(laps: list[ET.Element], name: str) -> float | None:
    found = [value for lap in laps if (value := number(lap.findtext(f"{NAMESPACE}{name}"))) is not None]
    return sum(found) if found else None
