"""FIT files become events: an activity with its sessions, or a file of another kind, its original kept."""

import datetime as dt
import hashlib
from collections.abc import Mapping

from santorio import days
from santorio.events import Event
from santorio.people import Person
from santorio.sources.fit.reading import LARGEST_BYTES, Decoded, Message, decode, moment
from santorio.sources.parsed import Parsed, Rejection, is_future, refused

# Our name, the profile's name(s), unit in our name. The enhanced field is the same with more range.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "total_elapsed_time_s": ("total_elapsed_time",),
    "total_timer_time_s": ("total_timer_time",),
    "total_distance_m": ("total_distance",),
    "avg_heart_rate_bpm": ("avg_heart_rate",),
    "max_heart_rate_bpm": ("max_heart_rate",),
    "avg_power_w": ("avg_power",),
    "normalized_power_w": ("normalized_power",),
    "total_calories_kcal": ("total_calories",),
    "total_ascent_m": ("total_ascent",),
    "avg_speed_mps": ("enhanced_avg_speed", "avg_speed"),
}
DEVICE: Mapping[str, str] = {"manufacturer": "manufacturer", "product": "product", "serial": "serial_number"}


def parse(data: bytes, person: Person, now: dt.datetime) -> Parsed:
    """Turn a FIT file into one event."""
    if len(data) > LARGEST_BYTES:
        reason = "The FIT file is larger than any device writes (32 MB). Copy it from the device again."
        return refused("too_large", reason, kind="FIT")
    decoded = decode(data)
    if decoded is None:
        return refused(
            "fit_unreadable",
            "Not one message of this FIT file is whole. Copy it from the device again.",
            kind="FIT",
        )
    sessions = sessions_of(decoded)
    is_activity = bool(sessions) and decoded.first("file_id").get("type", "activity") in ("activity", 4)
    start = moment(sessions[0].get("start_time_unix")) if sessions else None
    created = moment(decoded.first("file_id").get("time_created"))
    time = (start if is_activity else None) or created or start or _first_time(decoded)
    parsed = Parsed(kind="FIT activity" if is_activity else f"FIT {file_type(decoded)}", keep=True)
    if time is not None and is_future(time, now):
        reason = "This FIT file is about a day that has not come. Check the device's date."
        parsed.rejections.append(Rejection("future", reason))
        return parsed
    if decoded.damage is not None:
        reason = f"This FIT file is damaged: {decoded.damage}. What is whole was taken in."
        parsed.rejections.append(Rejection("fit_damaged", reason, status="salvaged"))
    elif time is None and decoded.all("record"):
        reason = (
            "The device's clock was not set, so the day of this FIT file is not known: it is kept without."
        )
        parsed.rejections.append(Rejection("no_clock", reason, status="salvaged"))
    parsed.events.append(_event(data, decoded, sessions if is_activity else [], time, person))
    return parsed


def _event(
    data: bytes, decoded: Decoded, sessions: list[dict[str, object]], time: dt.datetime | None, person: Person
) -> Event:
    sha256 = hashlib.sha256(data).hexdigest()
    content: dict[str, object] = {
        "device": device_of(decoded),
        "message_counts": decoded.counts,
        "records": len(decoded.all("record")),
    }
    if sessions:
        stated = [
            {name: value for name, value in one.items() if name != "start_time_unix"} for one in sessions
        ]
        content["sessions"] = stated
    else:
        content["file_type"] = file_type(decoded)
    return Event(
        user_id=person.user_id,
        time=time or dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        utc_offset=offset_of(decoded),
        event_type="fit.activity" if sessions else "fit.file",
        source="fit",
        natural_key=natural_key(decoded, sha256, sessions),
        data=content,
        metadata={"object_sha256": sha256, "salvaged": decoded.damage is not None},
    )


def natural_key(decoded: Decoded, sha256: str, sessions: list[dict[str, object]]) -> str:
    """Device and time of creation name an activity; without both, and for any other file, its content does.

    A device writes several workouts or settings in one second, and a scale the weights of several people.
    """
    about = decoded.first("file_id")
    serial, created = about.get("serial_number"), about.get("time_created")
    if sessions and isinstance(serial, int) and serial and isinstance(created, int):
        return f"{about.get('manufacturer')}/{serial}/{created}/{file_type(decoded)}/{len(sessions)}"
    return f"sha256/{sha256}"


def sessions_of(decoded: Decoded) -> list[dict[str, object]]:
    """Sessions of an activity; a file that broke off before its session is summed up from its records."""
    found = [session_of(message) for message in decoded.all("session")]
    # A chained file may hold one activity twice.
    found = [
        one for n, one in enumerate(found) if one["start_time_unix"] is not None and one not in found[:n]
    ]
    if not found and decoded.all("record"):
        found = [derived_session(decoded)]
        found = [one for one in found if one["start_time_unix"] is not None]
    return sorted(found, key=lambda one: float(str(one["start_time_unix"])))


def session_of(message: Message) -> dict[str, object]:
    """Figures of a session message, in our names and units."""
    start = moment(message.get("start_time")) or moment(message.get("timestamp"))
    figures = {ours: _first_number(message, theirs) for ours, theirs in FIGURES.items()}
    return {
        "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ") if start else None,
        "start_time_unix": start.timestamp() if start else None,
        "sport": _word(message.get("sport")),
        "sub_sport": _word(message.get("sub_sport")),
        **figures,
    }


def derived_session(decoded: Decoded) -> dict[str, object]:
    """Sum up records: first and last time, the mean and greatest heart rate, the last distance."""
    records = decoded.all("record")
    times = [value for record in records if (value := record.get("timestamp")) and moment(value)]
    beats = [value for record in records if isinstance(value := record.get("heart_rate"), int | float)]
    distances = [value for record in records if isinstance(value := record.get("distance"), int | float)]
    watts = [value for record in records if isinstance(value := record.get("power"), int | float)]
    first, last = (min(times), max(times)) if times else (None, None)  # type: ignore[type-var]
    return session_of(
        {
            "start_time": first,
            "total_elapsed_time": last - first if times else None,  # type: ignore[operator]
            "avg_heart_rate": sum(beats) / len(beats) if beats else None,
            "max_heart_rate": max(beats, default=None),
            "total_distance": max(distances, default=None),
            "avg_power": sum(watts) / len(watts) if watts else None,
            "sport": decoded.first("sport").get("sport"),
        }
    )


def file_type(decoded: Decoded) -> str:
    """Type of the file, in the profile's words; Garmin's sleep files have the undocumented type 49."""
    stated = decoded.first("file_id").get("type")
    # In a damaged file a field may be a list.
    if not isinstance(stated, int | str):
        return "file"
    return "sleep" if stated in {49, "49"} else str(stated)


def device_of(decoded: Decoded) -> dict[str, object]:
    """Who wrote the file."""
    about = decoded.first("file_id")
    return {name: _word(about.get(field)) for name, field in DEVICE.items()}


def offset_of(decoded: Decoded) -> dt.timedelta | None:
    """Offset that the device showed, where its activity message states both clocks."""
    message = decoded.first("activity")
    local, gmt = moment(message.get("local_timestamp")), moment(message.get("timestamp"))
    if local is None or gmt is None:
        return None
    # Both clocks are read within a minute; offsets on Earth are quarters of an hour.
    quarters = round((local - gmt).total_seconds() / 900)
    rounded = gmt + dt.timedelta(minutes=15 * quarters)
    return days.offset_between(rounded.replace(tzinfo=None), gmt.replace(tzinfo=None))


def _first_time(decoded: Decoded) -> dt.datetime | None:
    for messages in decoded.messages.values():
        for message in messages:
            if (found := moment(message.get("timestamp"))) is not None:
                return found
    return None


def _first_number(message: Message, names: tuple[str, ...]) -> float | None:
    for name in names:
        value = message.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _word(value: object) -> str | None:
    return None if value is None else str(value)
