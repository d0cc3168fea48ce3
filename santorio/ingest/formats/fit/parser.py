"""FIT files become events, their originals kept: an activity, a day's monitoring, a night, weights, or a file."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from santorio.ingest.formats.fit.activities import laps_of, session_of, sessions_of, word
from santorio.ingest.formats.fit.decoder import MAX_FILE_BYTES, Decoded, decode, moment
from santorio.ingest.formats.fit.layout import TooMuch
from santorio.ingest.formats.fit.monitoring import monitoring_of, shown_offset, sleep_of, woke_at
from santorio.ingest.formats.fit.records import Records, records_of
from santorio.ingest.formats.fit.weights import weighings_of
from santorio.people import Person
from santorio.storage.activity_records import Recording, recording_id
from santorio.storage.event_log import UNDATED, Event
from santorio.storage.parse_result import MAX_AHEAD, ParseResult, Rejection, is_future, rejected

DEVICE: Mapping[str, str] = {"manufacturer": "manufacturer", "product": "product", "serial": "serial_number"}
# Time of a file that states none.


@dataclass(frozen=True, slots=True)
class FitFile:
    """A decoded file and whose it is."""

    decoded: Decoded
    records: Records
    sha256: str
    person: Person
    now: dt.datetime

    @property
    def metadata(self) -> dict[str, object]:
        """About every event of the file."""
        return {"object_sha256": self.sha256, "salvaged": self.decoded.damage is not None}

    @property
    def stated(self) -> dict[str, object]:
        """What every event of a file as a whole says of it."""
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
    except TooMuch:
        reason = (
            "The FIT file holds more than any device writes: it was made to fill the memory, or is broken."
        )
        return rejected("too_large", reason, kind="FIT")
    if decoded is None:
        return rejected(
            "fit_unreadable",
            "Not one message of this FIT file is whole. Copy it from the device again.",
            kind="FIT",
        )
    records = records_of(decoded, latest=(now + MAX_AHEAD).timestamp())
    return _parse(FitFile(decoded, records, hashlib.sha256(data).hexdigest(), person, now))


def _parse(file: FitFile) -> ParseResult:
    decoded = file.decoded
    sessions = sessions_of(decoded, file.records)
    is_activity = bool(sessions) and decoded.first("file_id").get("type", "activity") in ("activity", 4)
    start = moment(sessions[0].get("start_time_unix")) if sessions else None
    created = moment(decoded.first("file_id").get("time_created"))
    time = (start if is_activity else woke_at(decoded)) or created or start or _first_time(decoded)
    parsed = ParseResult(kind="FIT activity" if is_activity else f"FIT {file_type(decoded)}", keep=True)
    if time is not None and is_future(time, file.now):
        reason = "This FIT file is about a day that has not come. Check the device's date."
        parsed.rejections.append(Rejection("future", reason))
        return parsed
    parsed.rejections += _flaws(file, time)
    event = _activity(file, sessions, time) if is_activity else _file(file, time)
    parsed.events = [event, *_weights(file)]
    if len(file.records.times) or file.records.series:
        parsed.recordings.append(_recording(file, event))
    return parsed


def _flaws(file: FitFile, time: dt.datetime | None) -> list[Rejection]:
    """Say what of the file could not be taken in as it came."""
    flaws: list[Rejection] = []
    if file.decoded.damage is not None:
        reason = f"This FIT file is damaged: {file.decoded.damage}. What is whole was taken in."
        flaws.append(Rejection("fit_damaged", reason, status="salvaged"))
    left_out = file.records.without_time
    if not left_out:
        return flaws
    if time is None and not len(file.records.times):
        reason = (
            "The device's clock was not set, so the day of this FIT file is not known: it is kept without."
        )
        flaws.append(Rejection("no_clock", reason, status="salvaged"))
    else:
        reason = (
            "Records of this FIT file have no time that can be: they were left out. The original is kept."
        )
        place = f"{left_out} of {left_out + len(file.records.times)} records"
        flaws.append(Rejection("records_without_time", reason, place, status="salvaged"))
    return flaws


def _activity(file: FitFile, sessions: list[dict[str, object]], time: dt.datetime | None) -> Event:
    stated = [{name: value for name, value in one.items() if name != "start_time_unix"} for one in sessions]
    content = {**file.stated, "sessions": stated, "laps": laps_of(file.decoded)}
    return _event(file, "fit.activity", content, time, natural_key(file.decoded, file.sha256, sessions))


def _file(file: FitFile, time: dt.datetime | None) -> Event:
    kind = file_type(file.decoded)
    content = {**file.stated, "file_type": kind}
    # Of a session whose day is not known the figures are kept.
    if sessions := [session_of(one) for one in file.decoded.all("session")]:
        content |= {"sessions": sessions, "laps": laps_of(file.decoded)}
    event_type = "fit.file"
    if file.decoded.all("monitoring") or file.decoded.all("monitoring_info"):
        event_type, content["samples"] = "fit.monitoring", monitoring_of(file.decoded)
    elif kind == "sleep":
        event_type = "fit.sleep"
        content |= sleep_of(file.decoded)
    return _event(file, event_type, content, time, f"sha256/{file.sha256}")


def _weights(file: FitFile) -> list[Event]:
    """Make an event of each weight; whose it is among several people only the scale's own number tells."""
    device = device_of(file.decoded)
    scale = device["serial"] or file.sha256
    return [
        _event(file, "fit.weight", one.data, one.at, f"{scale}/{one.at.timestamp():.0f}/{one.scale_user}")
        for one in weighings_of(file.decoded)
        if not is_future(one.at, file.now)
    ]


def _event(
    file: FitFile, event_type: str, content: dict[str, object], time: dt.datetime | None, key: str
) -> Event:
    return Event(
        user_id=file.person.user_id,
        time=time or UNDATED,
        utc_offset=shown_offset(file.decoded),
        event_type=event_type,
        source="fit",
        natural_key=key,
        data=content,
        metadata=file.metadata | {"recording_id": str(recording_id(file.person.user_id, file.sha256))}
        if content.get("records")
        else file.metadata,
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
    """Device and time of creation name an activity; without both, and for any other file, its content does.

    A device writes several workouts or settings in one second.
    """
    about = decoded.first("file_id")
    serial, created = about.get("serial_number"), about.get("time_created")
    if isinstance(serial, int) and serial and isinstance(created, int):
        return f"{about.get('manufacturer')}/{serial}/{created}/{file_type(decoded)}/{len(sessions)}"
    return f"sha256/{sha256}"


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
    return {name: word(about.get(field)) for name, field in DEVICE.items()}


def _first_time(decoded: Decoded) -> dt.datetime | None:
    for messages in decoded.messages.values():
        for message in messages:
            if (found := moment(message.get("timestamp"))) is not None:
                return found
    return None
