"""Recognise a file by its content, never by its name, and read it."""

import datetime as dt
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from santorio.capture import log_csv
from santorio.capture.log_entries import LogReader
from santorio.errors import RejectedRecord
from santorio.ingest.formats import zip_archive
from santorio.ingest.formats.fit import parser as fit_parser
from santorio.ingest.formats.fit.decoder import looks_like_fit
from santorio.ingest.formats.garmin import parser as garmin_parser
from santorio.ingest.formats.tracks import parser as track_parser
from santorio.people import Person
from santorio.storage.parse_result import ParseResult, Rejection, rejected
from santorio.trials import files as trial_files
from santorio.trials.interventions import files as intervention_files

# A file is read into memory, but for an archive, which is read member by member.
MAX_FILE_BYTES = 256 * 2**20
MAX_REASON_LENGTH = 500
# Folders of an account's export that hold what Santorio studies; some bear a further name behind (`-VVFJR`).
EXPORT_FOLDER = "DI-Connect-"
STUDIED = ("Wellness", "Aggregator", "Fitness", "Metrics", "Uploaded-Files")
UNKNOWN_KIND = "garmin.other"
NOT_READ = Rejection(
    "not_read",
    "This part of the account's export holds nothing that Santorio studies. It is kept with the export.",
    status="ignored",
)
UNKNOWN = {"unrecognised", "empty_file", "web_page", "no_day"}


def read(data: bytes, person: Person, now: dt.datetime, *, folder: str | None = None) -> ParseResult:
    """Read one file's bytes. Never raises for what is in them: what cannot be read is a rejection.

    Parameters
    ----------
    folder
        Name of the folder the file lies in: it names a schedule that does not name its trial.
    """
    try:
        parsed = _read(data, person, now, folder)
    except Exception:  # noqa: BLE001 - a fault of a reader is about this file, and must not stop the others
        parsed = rejected(
            "reader_failed",
            "Santorio failed to read this file. It was kept aside; please report it as a bug.",
        )
    if folder is not None and folder.startswith(EXPORT_FOLDER) and not is_studied(folder):
        drop_unknown(parsed)
    parsed.rejections = [_storable(rejection) for rejection in parsed.rejections]
    sound = []
    for event in parsed.events:
        try:
            _ = (event.document, event.content_hash)
        except RejectedRecord as error:
            parsed.rejections.append(Rejection(error.code, str(error), event.event_type))
            parsed.keep = True
        else:
            sound.append(event)
    parsed.events = sound
    return parsed


def _storable(rejection: Rejection) -> Rejection:
    """Leave out what the database cannot keep, and the greater part of a header of a thousand columns."""
    place = rejection.location
    return replace(
        rejection,
        reason=rejection.reason.replace("\x00", "")[:MAX_REASON_LENGTH],
        location=None if place is None else place.replace("\x00", "")[:MAX_REASON_LENGTH],
    )


def _read(data: bytes, person: Person, now: dt.datetime, folder: str | None) -> ParseResult:
    if not data.strip():
        return rejected("empty_file", "The file is empty. Copy or export it again.")
    if looks_like_fit(data):
        return fit_parser.parse(data, person, now)
    if zip_archive.looks_like_zip(data):
        return _zip(data, person, now)
    content = decode(data)
    if content is None:
        return rejected(
            "unrecognised",
            "This is no kind of file that Santorio reads (FIT, TCX, GPX, JSON, CSV, or a zip of them). "
            "It was kept aside.",
        )
    if (root := track_parser.root_of(content)) is not None:
        return track_parser.parse(content, root, data, person, now)
    return _text(content, person, now, folder)


def decode(data: bytes) -> str | None:
    """Text of UTF-8 (with or without a mark) or UTF-16 (with one); Windows' Western letters as a last try."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None
    if b"\x00" in data[:1024]:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        return (
            text if ("\ufffd" not in text and text.isprintable()) or ("\n" in text and "," in text) else None
        )


def _text(content: str, person: Person, now: dt.datetime, folder: str | None) -> ParseResult:
    start = content.lstrip()[:1]
    if start in {"{", "["}:
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            return _json_lines(content, person, now)
        return _document(document, person, now, folder)
    if intervention_files.looks_like(content):
        return intervention_files.parse(content, person)
    parsed = log_csv.parse(content, person, now)
    if parsed is not None:
        return parsed
    if content.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
        return rejected(
            "web_page", "This is a web page, not data: the export was probably not logged in. Try again."
        )
    return rejected(
        "unrecognised",
        "This is text, but no log that Santorio reads. docs/logs.md shows the formats. It was kept aside.",
    )


def _document(document: object, person: Person, now: dt.datetime, folder: str | None) -> ParseResult:
    if is_empty(document):
        return rejected(
            "no_data", "The file holds no data: Garmin had nothing for what was asked. There is nothing to take in.",
            kind="empty", status="ignored",
        )  # fmt: skip
    if isinstance(document, list) and any(isinstance(one, Mapping) and _is_entry(one) for one in document):
        return _entry_list(document, person, now)
    if isinstance(document, Mapping) and _is_entry(document):
        return _entries(iter([("entry 1", document)]), person, now)
    parsed = trial_files.parse(document, person, folder) or garmin_parser.parse(
        document, person, now, is_garmin=is_studied(folder)
    )
    return parsed or rejected(
        "unrecognised",
        "This is JSON, but neither a payload of Garmin Connect nor a log nor a trial. It was kept aside.",
        kind="JSON",
    )


def is_studied(folder: str | None) -> bool:
    """Whether a folder of this name is one of an account's export that holds what Santorio studies."""
    return folder is not None and folder.startswith(tuple(EXPORT_FOLDER + name for name in STUDIED))


def drop_unknown(parsed: ParseResult, place: str | None = None) -> None:
    """Take only what is of a known kind: the rest is a person's profile, contacts and messages."""
    events = [event for event in parsed.events if event.event_type != UNKNOWN_KIND]
    refused = [one for one in parsed.rejections if one.code not in UNKNOWN]
    if len(events) + len(refused) < len(parsed.events) + len(parsed.rejections):
        refused.append(replace(NOT_READ, location=place))
    parsed.events, parsed.rejections = events, refused


def is_empty(value: object) -> bool:
    """Whether this is null, empty, or made of nothing else all the way down."""
    if isinstance(value, Mapping):
        return all(map(is_empty, value.values()))
    if isinstance(value, list):
        return all(map(is_empty, value))
    return value is None


def _entry_list(document: list[object], person: Person, now: dt.datetime) -> ParseResult:
    entries = [(f"entry {number}", one) for number, one in enumerate(document, start=1)]
    parsed = _entries(((place, one) for place, one in entries if isinstance(one, Mapping)), person, now)
    reason = "The entry is no object with “time”, “kind” and “value”. Correct it and import again."
    parsed.rejections += [
        Rejection("unrecognised", reason, place) for place, one in entries if not isinstance(one, Mapping)
    ]
    parsed.keep = bool(parsed.rejections)
    return parsed


def _is_entry(document: Mapping[str, object]) -> bool:
    kind = document.get("kind", document.get("type"))
    return isinstance(kind, str) and bool({"time", "date", "datetime", "timestamp"} & set(document))


def _json_lines(content: str, person: Person, now: dt.datetime) -> ParseResult:
    lines = [(number, line) for number, line in enumerate(content.splitlines(), start=1) if line.strip()]
    entries: list[tuple[str, Mapping[str, object]]] = []
    broken: list[Rejection] = []
    for number, line in lines:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            reason = "The line is no whole JSON object. Correct it and import the file again."
            broken.append(Rejection("bad_json", reason, f"line {number}"))
            continue
        if isinstance(entry, Mapping) and _is_entry(entry):
            entries.append((f"line {number}", entry))
        else:
            reason = "The line is no entry of a log: it needs “time”, “kind” and “value”. Correct it and import again."
            broken.append(Rejection("unrecognised", reason, f"line {number}"))
    if not entries:
        reason = (
            "The JSON is cut off, or holds what JSON does not know (such as NaN). Copy or export it again."
        )
        return rejected("bad_json", reason, kind="JSON")
    parsed = _entries(iter(entries), person, now)
    parsed.rejections += broken
    parsed.keep = bool(parsed.rejections)
    return parsed


def _entries(
    entries: Iterator[tuple[str, Mapping[str, object]]], person: Person, now: dt.datetime
) -> ParseResult:
    reader, parsed = LogReader(person, now), ParseResult(kind="log")
    for place, entry in entries:
        made = reader.read({str(key).lower(): value for key, value in entry.items()}, place)
        (parsed.rejections if isinstance(made, Rejection) else parsed.events).append(made)  # type: ignore[arg-type]
    parsed.keep = bool(parsed.rejections)
    return parsed


def _zip(data: bytes, person: Person, now: dt.datetime) -> ParseResult:
    parsed = ParseResult(kind="zip", keep=True)
    sha256 = hashlib.sha256(data).hexdigest()
    for part in zip_archive.iter_members(io.BytesIO(data)):
        inner = parse_member(part, sha256, person, now)
        parsed.events += inner.events
        parsed.recordings += inner.recordings
        parsed.accounts |= inner.accounts
        parsed.rejections += inner.rejections
    if not parsed.events and not parsed.rejections:
        return rejected(
            "no_data", "The zip is empty. There is nothing to take in.", kind="zip", status="ignored"
        )
    return parsed


def parse_member(
    part: zip_archive.Member | zip_archive.SkippedMember, archive: str, person: Person, now: dt.datetime
) -> ParseResult:
    """Read one file of an archive whose SHA-256 is `archive`: what is kept of it is the archive."""
    if isinstance(part, zip_archive.SkippedMember):
        return ParseResult(kind="zip", rejections=[replace(part.rejection, location=part.path or None)])
    inner = read(part.data, person, now, folder=part.folder)
    place = part.path[: zip_archive.MAX_NAME_LENGTH]
    inner.events = [
        replace(event, metadata={**event.metadata, "object_sha256": archive, "member": part.path})
        if "object_sha256" in event.metadata
        else event
        for event in inner.events
    ]
    inner.rejections = [
        replace(one, location=f"{place}, {one.location}" if one.location else place)
        for one in inner.rejections
    ]
    return inner
