"""The format of a file, detected by its content and never by its name."""

import enum
from dataclasses import dataclass, field

from santorio.ingest.formats.fit.decoder import looks_like_fit
from santorio.ingest.formats.tracks import parser as track_parser
from santorio.ingest.formats.zip_archive import looks_like_zip
from santorio.trials.interventions import files as intervention_files


class FileFormat(enum.StrEnum):
    """The format of a file, as far as its first bytes show."""

    EMPTY = "empty"
    FIT = "FIT"
    ZIP = "zip"
    TRACK = "track"
    """TCX or GPX."""
    JSON = "JSON"
    """A JSON document, or JSON lines."""
    INTERVENTIONS = "interventions"
    WEB_PAGE = "web page"
    TEXT = "text"
    """Any other text; a table of values among them."""
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Detected:
    """A format, and the text of a file that is text."""

    format: FileFormat
    text: str = field(default="", repr=False)


def detect(data: bytes) -> Detected:
    """Detect the format of a file from its bytes."""
    if not data.strip():
        return Detected(FileFormat.EMPTY)
    if looks_like_fit(data):
        return Detected(FileFormat.FIT)
    if looks_like_zip(data):
        return Detected(FileFormat.ZIP)
    text = decode_text(data)
    if text is None:
        return Detected(FileFormat.BINARY)
    return Detected(_text_format(text), text)


def _text_format(text: str) -> FileFormat:
    start = text.lstrip()
    if track_parser.root_of(text) is not None:
        return FileFormat.TRACK
    if start[:1] in {"{", "["}:
        return FileFormat.JSON
    if intervention_files.looks_like(text):
        return FileFormat.INTERVENTIONS
    if start[:9].lower().startswith(("<!doctype", "<html")):
        return FileFormat.WEB_PAGE
    return FileFormat.TEXT


def decode_text(data: bytes) -> str | None:
    """Decode text in the encodings that spreadsheets and exports write; None for binary data.

    UTF-8 with or without a byte order mark, UTF-16 with one, and Windows-1252 as a last resort.
    """
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
        pass
    text = data.decode("cp1252", errors="replace")
    # Almost any bytes decode as Windows-1252: accept what reads as text, or at least as a table.
    is_readable = "\ufffd" not in text and text.isprintable()
    is_table = "\n" in text and "," in text
    return text if is_readable or is_table else None
