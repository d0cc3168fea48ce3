"""Conditional requests: what has not changed is not sent again (RFC 9110, 13)."""

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request, Response

REMEMBERED = 10_000
# Only the reader's own cache may keep health data, and it asks each time whether that still holds.
CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


class Freshness:
    """Remembers when each address last changed its answer, for as long as the process lives.

    The newest `as_of` of the rows would not do as Last-Modified: a deletion or a new fit of the same data
    changes an answer and not its `as_of`, and the reader would be told that nothing changed.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[str, dt.datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def respond(self, request: Request, reader: str, body: bytes) -> Response:
        """Answer with the body, or with 304 where the reader has it already."""
        etag = _etag(body)
        modified = self._modified_at((reader, request.url.path + "?" + request.url.query), etag)
        headers = {**CACHING, "ETag": etag, "Last-Modified": format_datetime(modified, usegmt=True)}
        if _is_known(request, etag, modified):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    def _modified_at(self, address: tuple[str, str], etag: str) -> dt.datetime:
        """When this answer was first given at this address; a change moves it by a second at least."""
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        with self._lock:
            known, since = self._seen.get(address, ("", now - dt.timedelta(seconds=1)))
            if known != etag:
                since = max(now, since + dt.timedelta(seconds=1))
            self._seen[address] = (etag, since)
            self._seen.move_to_end(address)
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return since


def _etag(body: bytes) -> str:
    """Weak, because compression changes the bytes and not what they say."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _is_known(request: Request, etag: str, modified: dt.datetime) -> bool:
    """If-None-Match decides where it is given; If-Modified-Since only without it."""
    if (given := request.headers.get("if-none-match")) is not None:
        tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
        return "*" in tags or etag.removeprefix("W/") in tags
    try:
        return modified <= parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone: as if it were not there
        return False
