"""Turn FIT files into events: an activity, a day's monitoring, a night, weigh-ins, or any other file.

The original is always kept.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from santorio.ingest.formats.fit.activities import laps_of, session_of, sessions_of, text_or_none
from santorio.ingest.formats.fit.decoder import MAX_FILE_BYTES, Decoded, decode, to_instant
from santorio.ingest.formats.fit.layout import FitTooLargeError
from santorio.ingest.formats.fit.monitoring import monitoring_of, shown_offset, sleep_of, woke_at
from santorio.ingest.formats.fit.records import Records, records_of
from santorio.ingest.formats.fit.weights import weigh_ins_of
from santorio.people import Person
from santorio.storage.activity_records import Recording, recording_id
from santorio.storage.event_log import UNDATED, Event
from santorio.storage.parse_result import MAX_AHEAD, ParseResult, Rejection, is_future, rejected

DEVICE: Mapping[str, str] = {"manufacturer": "manufacturer", "product": "product", "serial": "serial_number"}


@dataclass(frozen=True, slots=True)
class FitFile:
    """A decoded file, and the person whose data it is."""

    decoded: Decoded
    records: Records
    sha256: str
    person: Person
    now: dt.datetime

    @property
    def metadata(self) -> dict[str, object]:
        """Metadata of every event of the file."""
        return {"object_sha256": self.sha256, "salvaged": self.decoded.damage is not None}

    @property
    def stated(self) -> dict[str, object]:
        """Data of every event that describes the file itself."""
        return {
            "device": device_of(self.decoded),
            "message_counts": dict(self.decoded.counts),
            "records": len(self.records.times),
        }


def parse(data: bytes, person: Person, now: dt.datetime) -> ParseResult:
    """Turn a FIT file into events, and its records into a recording."""
    if len(data) > MAX_FILE_BYTES:
        reason = "The FIT file is larger than any device writes (32 MB). Copy it from the device again."
        return rejected("too_large", reason, kind="FIT")
    try:
        decoded = decode(data)
    except FitTooLargeError:
        reason = "The FIT file holds more than any device writes. It is broken, or made to fill the memory."
        return rejected("too_large", reason, kind="FIT")
    if decoded is None:
        reason = "This FIT file has no valid message. Copy it from the device again."
        return rejected("fit_unreadable", reason, kind="FIT")
    records = records_of(decoded, latest=(now + MAX_AHEAD).timestamp())
    return _parse(FitFile(decoded, records, hashlib.sha256(data).hexdigest(), person, now))


def _parse(file: FitFile) -> ParseResult:
    decoded = file.decoded
    sessions = sessions_of(decoded, file.records)
    is_activity = bool(sessions) and decoded.first("file_id").get("type", "activity") in ("activity", 4)
    time = _time_of(decoded, sessions, is_activity=is_activity)
    kind = "activity" if is_activity else file_type(decoded)
    result = ParseResult(kind=f"FIT {kind}", keep=True)
    if time is not None and is_future(time, file.now):
        reason = "This FIT file is dated in the future. Check the device's date."
        result.rejections.append(Rejection("future", reason))
        return result
    result.rejections += _flaws(file, time)
    event = _activity(file, sessions, time) if is_activity else _file(file, time)
    result.events = [event, *_weigh_ins(file)]
    if len(file.records.times) or file.records.series:
        result.recordings.append(_recording(file, event))
    return result


def _time_of(decoded: Decoded, sessions: list[dict[str, object]], *, is_activity: bool) -> dt.datetime | None:
    """Return the instant that a file is about: the start of its first session, or the end of its night.

    Else the file's creation, or the first instant in it; None if the device's clock was never set.
    """
    start = None
    if sessions:
        start = to_instant(sessions[0].get("start_time_unix"))
    time = start if is_activity else woke_at(decoded)
    if time is not None:
        return time
    created = to_instant(decoded.first("file_id").get("time_created"))
    return created or start or _first_time(decoded)


def _flaws(file: FitFile, time: dt.datetime | None) -> list[Rejection]:
    """Report what in the file could not be ingested as it came."""
    flaws: list[Rejection] = []
    if file.decoded.damage is not None:
        reason = f"This FIT file is damaged: {file.decoded.damage}. Its valid messages were ingested."
        flaws.append(Rejection("fit_damaged", reason, status="salvaged"))
    excluded = file.records.without_time
    if not excluded:
        return flaws
    if time is None and not len(file.records.times):
        reason = (
            "The device's clock was not set, so the day of this FIT file is unknown. It was ingested without."
        )
        flaws.append(Rejection("no_clock", reason, status="salvaged"))
    else:
        reason = "Records of this FIT file have no valid time: they were excluded. The original is kept."
        location = f"{excluded} of {excluded + len(file.records.times)} records"
        flaws.append(Rejection("records_without_time", reason, location, status="salvaged"))
    return flaws


def _activity(file: FitFile, sessions: list[dict[str, object]], time: dt.datetime | None) -> Event:
    key = natural_key(file.decoded, file.sha256, sessions)
    for session in sessions:
        # For sorting only; `start_time` says the same.
        del session["start_time_unix"]
    content = {**file.stated, "sessions": sessions, "laps": laps_of(file.decoded)}
    return _event(file, "fit.activity", content, time, key)


def _file(file: FitFile, time: dt.datetime | None) -> Event:
    kind = file_type(file.decoded)
    content = {**file.stated, "file_type": kind}
    # A session whose day is unknown does not make an activity, but its values are kept.
    sessions = [session_of(message) for message in file.decoded.all("session")]
    if sessions:
        content |= {"sessions": sessions, "laps": laps_of(file.decoded)}
    event_type = "fit.file"
    if file.decoded.all("monitoring") or file.decoded.all("monitoring_info"):
        event_type, content["samples"] = "fit.monitoring", monitoring_of(file.decoded)
    elif kind == "sleep":
        event_type = "fit.sleep"
        content |= sleep_of(file.decoded)
    return _event(file, event_type, content, time, f"sha256/{file.sha256}")


def _weigh_ins(file: FitFile) -> list[Event]:
    """Make an event of each weigh-in. Only the scale's user number distinguishes several people."""
    scale = device_of(file.decoded)["serial"] or file.sha256
    events: list[Event] = []
    for weigh_in in weigh_ins_of(file.decoded):
        if not is_future(weigh_in.at, file.now):
            key = f"{scale}/{weigh_in.at.timestamp():.0f}/{weigh_in.scale_user}"
            events.append(_event(file, "fit.weight", weigh_in.data, weigh_in.at, key))
    return events


def _event(
    file: FitFile, event_type: str, content: dict[str, object], time: dt.datetime | None, key: str
) -> Event:
    metadata = file.metadata
    if content.get("records"):
        metadata["recording_id"] = str(recording_id(file.person.user_id, file.sha256))
    return Event(
        user_id=file.person.user_id,
        time=time or UNDATED,
        utc_offset=shown_offset(file.decoded),
        event_type=event_type,
        source="fit",
        natural_key=key,
        data=content,
        metadata=metadata,
    )


def _recording(file: FitFile, event: Event) -> Recording:
    records = file.records
    return Recording(
        file.person.user_id,
        file.sha256,
        event.event_id,
        "fit",
        records.times,
        records.columns,
        records.series,
        salvaged=file.decoded.damage is not None,
    )


def natural_key(decoded: Decoded, sha256: str, sessions: list[dict[str, object]]) -> str:
    """Identify an activity by its device and time of creation; without both, by the file's content.

    For other files that would not do: a device writes several workouts or settings in the same second.
    """
    about = decoded.first("file_id")
    serial, created = about.get("serial_number"), about.get("time_created")
    if isinstance(serial, int) and serial and isinstance(created, int):
        return f"{about.get('manufacturer')}/{serial}/{created}/{file_type(decoded)}/{len(sessions)}"
    return f"sha256/{sha256}"


def file_type(decoded: Decoded) -> str:
    """Return the file's type as the profile names it; Garmin's sleep files have the undocumented type 49."""
    stated = decoded.first("file_id").get("type")
    # In a damaged file a field may be a list.
    if not isinstance(stated, int | str):
        return "file"
    return "sleep" if stated in {49, "49"} else str(stated)


def device_of(decoded: Decoded) -> dict[str, object]:
    """Return the device that wrote the file."""
    about = decoded.first("file_id")
    return {name: text_or_none(about.get(field)) for name, field in DEVICE.items()}


def _first_time(decoded: Decoded) -> dt.datetime | None:
    for messages in decoded.messages.values():
        for message in messages:
            instant = to_instant(message.get("timestamp"))
            if instant is not None:
                return instant
    return None
