"""Parse TCX with `tcxreader`, one activity at a time, because it would merge the activities of a file.

defusedxml, which expands no entity, builds the tree first. Points without a time are removed from it, because
one of them makes `tcxreader` reject the file.
"""

import datetime as dt
import io
from typing import Any
from xml.etree import ElementTree as ET

from santorio.ingest.formats.tracks.points import Session, Track, as_utc, parse_number, text_of

NAMESPACE = "{http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2}"
EXTENSIONS = {"Speed": "speed_mps", "Watts": "power_w", "RunCadence": "cadence_rpm"}


def read(content: str) -> Track:
    """Parse a TCX text.

    Raises
    ------
    xml.etree.ElementTree.ParseError
        If it is not valid XML.
    """
    from defusedxml import ElementTree

    root = ElementTree.fromstring(content, forbid_dtd=True)
    activities = list(root.iter(f"{NAMESPACE}Activity"))
    creators = list(root.iter(f"{NAMESPACE}Creator"))
    return Track(
        text_of(creator.findtext(f"{NAMESPACE}Name") for creator in creators),
        text_of(creator.findtext(f"{NAMESPACE}UnitId") for creator in creators),
        [_session(activity) for activity in activities],
    )


def _session(activity: ET.Element) -> Session:
    from tcxreader.tcxreader import TCXReader

    without_time = _drop_points_without_time(activity)
    _drop_invalid_numbers(activity)
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
    # Points without a position count too: an activity indoors has none.
    exercise: Any = TCXReader().read(io.BytesIO(ET.tostring(alone)), only_gps=False)
    for point in exercise.trackpoints:
        values = {
            "latitude_deg": point.latitude,
            "longitude_deg": point.longitude,
            "altitude_m": point.elevation,
            "distance_m": point.distance,
            "heart_rate_bpm": point.hr_value,
            "cadence_rpm": point.cadence,
        }
        for name, value in point.tpx_ext.items():
            values[EXTENSIONS.get(name, name)] = value
        session.points.append((as_utc(point.time).timestamp(), values))
    return session


def _drop_points_without_time(activity: ET.Element) -> int:
    dropped = 0
    for track in activity.iter(f"{NAMESPACE}Track"):
        for point in track.findall(f"{NAMESPACE}Trackpoint"):
            element = point.find(f"{NAMESPACE}Time")
            if element is not None and (time := _parse_time(element.text)) is not None:
                # `tcxreader` accepts few spellings of a time; this is one of them.
                element.text = time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            else:
                track.remove(point)
                dropped += 1
    return dropped


def _parse_time(text: str | None) -> dt.datetime | None:
    try:
        return as_utc(dt.datetime.fromisoformat((text or "").strip()))
    except ValueError:
        return None


def _drop_invalid_numbers(activity: ET.Element) -> None:
    """Remove what `tcxreader` would convert to a number without a check."""
    for lap in activity.findall(f"{NAMESPACE}Lap"):
        for name in ("Calories", "DistanceMeters"):
            for element in lap.findall(f"{NAMESPACE}{name}"):
                if parse_number(element.text) is None:
                    lap.remove(element)
        # Extensions of laps are not used.
        for element in lap.findall(f"{NAMESPACE}Extensions"):
            lap.remove(element)


def _lap(lap: ET.Element) -> dict[str, object]:
    stated = {
        "start_time": lap.get("StartTime"),
        "total_timer_time_s": parse_number(lap.findtext(f"{NAMESPACE}TotalTimeSeconds")),
        "total_distance_m": parse_number(lap.findtext(f"{NAMESPACE}DistanceMeters")),
        "total_calories_kcal": parse_number(lap.findtext(f"{NAMESPACE}Calories")),
        "avg_heart_rate_bpm": parse_number(lap.findtext(f"{NAMESPACE}AverageHeartRateBpm/{NAMESPACE}Value")),
        "max_heart_rate_bpm": parse_number(lap.findtext(f"{NAMESPACE}MaximumHeartRateBpm/{NAMESPACE}Value")),
    }
    return {name: value for name, value in stated.items() if value is not None}


def _total(laps: list[ET.Element], name: str) -> float | None:
    """Sum a value over the laps that state it; None if no lap does."""
    total: float | None = None
    for lap in laps:
        value = parse_number(lap.findtext(f"{NAMESPACE}{name}"))
        if value is not None:
            total = value + (total or 0)
    return total
