"""A manual log as JSON: one entry, a list of entries, or one entry a line."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TypeGuard

import orjson

from santorio.capture.log_entries import LogReader
from santorio.people import Person
from santorio.storage.parse_result import ParseResult, Rejection, rejected

type Entry = Mapping[str, object]
type LocatedEntry = tuple[str, Entry]

NOT_AN_ENTRY = "Not a log entry: it needs “time”, “kind” and “value”. Correct it and import the file again."
NOT_JSON = "The line is not a complete JSON object. Correct it and import the file again."
CUT_OFF = "The JSON is cut off or invalid (NaN, for example, is not JSON). Copy or export it again."


def parse(document: object, person: Person, now: dt.datetime) -> ParseResult | None:
    """Parse a JSON document with one entry or a list of entries; None if it has none."""
    if _is_entry(document):
        return _parse_located([("entry 1", document)], person, now)
    if not isinstance(document, list) or not any(map(_is_entry, document)):
        return None
    entries: list[LocatedEntry] = []
    broken: list[Rejection] = []
    for number, entry in enumerate(document, start=1):
        location = f"entry {number}"
        if isinstance(entry, Mapping):
            entries.append((location, entry))
        else:
            broken.append(Rejection("unrecognised", NOT_AN_ENTRY, location))
    return _parse_located(entries, person, now, broken)


def parse_lines(text: str, person: Person, now: dt.datetime) -> ParseResult:
    """Parse JSON lines; a file without a single entry is rejected as broken JSON."""
    entries: list[LocatedEntry] = []
    broken: list[Rejection] = []
    for number, line in enumerate(text.splitlines(), start=1):
        # Editors end a file with blank lines.
        if not line.strip():
            continue
        location = f"line {number}"
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            broken.append(Rejection("bad_json", NOT_JSON, location))
            continue
        if _is_entry(entry):
            entries.append((location, entry))
        else:
            broken.append(Rejection("unrecognised", NOT_AN_ENTRY, location))
    if not entries:
        return rejected("bad_json", CUT_OFF, kind="JSON")
    return _parse_located(entries, person, now, broken)


def _is_entry(value: object) -> TypeGuard[Entry]:
    """Whether this is an entry of a log, and not one of the many other JSON objects with a `type`."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("kind", value.get("type"))
    return isinstance(kind, str) and bool({"time", "date", "datetime", "timestamp"} & set(value))


def _parse_located(
    entries: Iterable[LocatedEntry], person: Person, now: dt.datetime, broken: Iterable[Rejection] = ()
) -> ParseResult:
    reader, result = LogReader(person, now), ParseResult(kind="log")
    for location, entry in entries:
        fields = {str(key).lower(): value for key, value in entry.items()}
        result.add_event(reader.read(fields, location))
    result.rejections += broken
    # The original of a file with rejected entries is stored, so that nothing is lost.
    result.keep = bool(result.rejections)
    return result
