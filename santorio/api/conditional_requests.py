"""Conditional requests: a response that the client already has is not sent again (RFC 9110, section 13)."""

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request, Response

MAX_REMEMBERED_URLS = 10_000
# Only the client's own cache may store health data, and it must revalidate each time.
CACHE_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


class ConditionalResponder:
    """Remembers when the response of each URL last changed, as long as the process lives.

    The newest `as_of` of the rows would not do as Last-Modified: a deletion or a refit of the same data changes the
    response and not its `as_of`, and the client would be told that nothing changed.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[str, dt.datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def respond(self, request: Request, user: str, body: bytes) -> Response:
        """Send the body, or 304 if the client has it."""
        etag = _etag(body)
        url = f"{request.url.path}?{request.url.query}"
        modified_at = self._modified_at((user, url), etag)
        headers = {
            **CACHE_HEADERS,
            "ETag": etag,
            "Last-Modified": format_datetime(modified_at, usegmt=True),
        }
        if _is_current(request, etag, modified_at):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    def _modified_at(self, key: tuple[str, str], etag: str) -> dt.datetime:
        """When this response was first sent for a user and URL; a change advances it by at least one second."""
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        second = dt.timedelta(seconds=1)
        with self._lock:
            last_etag, modified_at = self._seen.get(key, ("", now - second))
            if last_etag != etag:
                # HTTP dates have whole seconds: a second change within one must not look like the first.
                modified_at = max(now, modified_at + second)
            self._seen[key] = (etag, modified_at)
            self._seen.move_to_end(key)
            if len(self._seen) > MAX_REMEMBERED_URLS:
                self._seen.popitem(last=False)
        return modified_at


def _etag(body: bytes) -> str:
    """A weak tag: compression changes the bytes and not the content."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _is_current(request: Request, etag: str, modified_at: dt.datetime) -> bool:
    """If-None-Match takes precedence; If-Modified-Since counts only without it."""
    if_none_match = request.headers.get("if-none-match")
    if if_none_match is not None:
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in tags or etag.removeprefix("W/") in tags
    try:
        return modified_at <= parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, TypeError, OverflowError):  # no valid date, or one without a zone: as if absent
        return False
