"""Turn a file's bytes into events and rejections: detect the format, call its parser, check the result.

Nothing is written here (`writer.py` does that), and no content of a file raises: what cannot be parsed is a rejection.
"""

import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace

import orjson

from santorio.capture import log_csv, log_json
from santorio.ingest.detect import Detected, FileFormat, detect
from santorio.ingest.formats import zip_archive
from santorio.ingest.formats.fit import parser as fit_parser
from santorio.ingest.formats.garmin import parser as garmin_parser
from santorio.ingest.formats.tracks import parser as track_parser
from santorio.people import Person
from santorio.storage.event_log import Event
from santorio.storage.parse_result import ParseResult, Rejection, reject_unstorable, rejected
from santorio.trials import files as trial_files
from santorio.trials.interventions import files as intervention_files

# A file is read into memory; an archive is read member by member instead (archive_importer.py).
MAX_FILE_BYTES = 256 * 2**20
# A table with a thousand columns would otherwise make a reason of a thousand names.
MAX_REASON_LENGTH = 500
# Folders of a Garmin account's export that hold what Santorio studies; some have a suffix (`-VVFJR`).
EXPORT_FOLDER = "DI-Connect-"
STUDIED_FOLDERS = tuple(
    f"{EXPORT_FOLDER}{name}" for name in ("Wellness", "Aggregator", "Fitness", "Metrics", "Uploaded-Files")
)
UNKNOWN_EVENT_TYPE = "garmin.other"
# Outside the studied folders a rejection with one of these codes needs no action: it is not health data.
UNKNOWN_CODES = {"unrecognised", "empty_file", "web_page", "no_day"}
NOT_A_FORMAT = (
    "Not a format that Santorio reads (FIT, TCX, GPX, JSON, CSV, or a zip of them). The file was quarantined."
)
NOT_A_LOG = (
    "This text is not a log that Santorio reads. docs/logs.md shows the formats. The file was quarantined."
)
WEB_PAGE = "This is a web page, not data: the export was probably not logged in. Try again."
NOT_READ = Rejection(
    "not_read",
    "This part of the account's export holds nothing that Santorio studies. It is kept with the export.",
    status="ignored",
)


def parse_file(data: bytes, person: Person, now: dt.datetime, *, folder: str | None = None) -> ParseResult:
    """Parse a file. Never raises for its content: what cannot be parsed is a rejection.

    Parameters
    ----------
    data
        The file's bytes.
    person
        Person whose data it is.
    now
        Entries later than this are rejected.
    folder
        Name of the folder that the file is in. It names a schedule that does not name its trial, and distinguishes
        the parts of an account's export.
    """
    try:
        result = _parse(detect(data), data, person, now, folder)
    except Exception:  # noqa: BLE001 - a parser's bug concerns this file alone and must not stop the others
        reason = "Santorio failed to parse this file. It was quarantined; please report this as a bug."
        result = rejected("reader_failed", reason)
    if folder is not None and folder.startswith(EXPORT_FOLDER) and not is_studied(folder):
        drop_unknown(result)
    result.rejections = [_shortened(rejection) for rejection in result.rejections]
    reject_unstorable(result)
    return result


def parse_member(
    member: zip_archive.Member | zip_archive.SkippedMember,
    archive_sha256: str,
    person: Person,
    now: dt.datetime,
) -> ParseResult:
    """Parse a file of an archive; its events and rejections state where in the archive it is."""
    if isinstance(member, zip_archive.SkippedMember):
        rejection = replace(member.rejection, location=member.path or None)
        return ParseResult(kind="zip", rejections=[rejection])
    result = parse_file(member.data, person, now, folder=member.folder)
    result.events = [_with_archive(event, archive_sha256, member.path) for event in result.events]
    path = member.path[: zip_archive.MAX_NAME_LENGTH]
    for index, rejection in enumerate(result.rejections):
        location = f"{path}, {rejection.location}" if rejection.location else path
        result.rejections[index] = replace(rejection, location=location)
    return result


def _with_archive(event: Event, archive_sha256: str, member_path: str) -> Event:
    """Point an event with an original to the archive: the object store has the archive, not the member."""
    if "object_sha256" not in event.metadata:
        return event
    metadata = {**event.metadata, "object_sha256": archive_sha256, "member": member_path}
    return replace(event, metadata=metadata)


def _parse(
    detected: Detected, data: bytes, person: Person, now: dt.datetime, folder: str | None
) -> ParseResult:
    match detected.format:
        case FileFormat.FIT:
            result = fit_parser.parse(data, person, now)
        case FileFormat.ZIP:
            result = _parse_zip(data, person, now)
        case FileFormat.TRACK:
            result = track_parser.parse(detected.text, data, person, now)
        case FileFormat.JSON:
            result = _parse_json(detected.text, person, now, folder)
        case FileFormat.INTERVENTIONS:
            result = intervention_files.parse(detected.text, person)
        case FileFormat.TEXT:
            result = log_csv.parse(detected.text, person, now) or rejected("unrecognised", NOT_A_LOG)
        case FileFormat.EMPTY:
            result = rejected("empty_file", "The file is empty. Copy or export it again.")
        case FileFormat.WEB_PAGE:
            result = rejected("web_page", WEB_PAGE)
        case FileFormat.BINARY:
            result = rejected("unrecognised", NOT_A_FORMAT)
    return result


def _parse_json(text: str, person: Person, now: dt.datetime, folder: str | None) -> ParseResult:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return log_json.parse_lines(text, person, now)
    if is_empty(document):
        reason = (
            "The file holds no data: Garmin had nothing for what was requested. There is nothing to ingest."
        )
        return rejected("no_data", reason, kind="empty", status="ignored")
    return (
        log_json.parse(document, person, now)
        or trial_files.parse(document, person, folder)
        or garmin_parser.parse(document, person, now, is_garmin=is_studied(folder))
        or rejected(
            "unrecognised",
            "This JSON is neither a Garmin Connect payload nor a log nor a trial. It was quarantined.",
            kind="JSON",
        )
    )


def _parse_zip(data: bytes, person: Person, now: dt.datetime) -> ParseResult:
    """Parse a zip that is held in memory, such as an activity's original as Garmin sends it."""
    result = ParseResult(kind="zip", keep=True)
    sha256 = hashlib.sha256(data).hexdigest()
    for member in zip_archive.iter_members(io.BytesIO(data)):
        result.add(parse_member(member, sha256, person, now))
    if not result.events and not result.rejections:
        reason = "The zip is empty. There is nothing to ingest."
        return rejected("no_data", reason, kind="zip", status="ignored")
    return result


def is_studied(folder: str | None) -> bool:
    """Whether a folder of this name is one of an account's export that holds what Santorio studies."""
    return folder is not None and folder.startswith(STUDIED_FOLDERS)


def drop_unknown(result: ParseResult, location: str | None = None) -> None:
    """Keep only events of known kinds: the rest is a person's profile, contacts and messages."""
    events = [event for event in result.events if event.event_type != UNKNOWN_EVENT_TYPE]
    rejections = [rejection for rejection in result.rejections if rejection.code not in UNKNOWN_CODES]
    if len(events) < len(result.events) or len(rejections) < len(result.rejections):
        rejections.append(replace(NOT_READ, location=location))
    result.events, result.rejections = events, rejections


def is_empty(value: object) -> bool:
    """Whether a JSON value is null, empty, or consists of nothing else all the way down."""
    if isinstance(value, Mapping):
        return all(map(is_empty, value.values()))
    if isinstance(value, list):
        return all(map(is_empty, value))
    return value is None


def _shortened(rejection: Rejection) -> Rejection:
    """Cut texts to a readable length, and remove NUL, which PostgreSQL's text cannot hold."""
    location = rejection.location
    if location is not None:
        location = location.replace("\x00", "")[:MAX_REASON_LENGTH]
    reason = rejection.reason.replace("\x00", "")[:MAX_REASON_LENGTH]
    return replace(rejection, reason=reason, location=location)
