"""What every answer has: an id, a limit of requests, validators for caches, and errors of one shape."""

import datetime as dt
import hashlib
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from email.utils import format_datetime, parsedate_to_datetime
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from santorio.api.tokens import TokenRefused
from santorio.errors import ConfigError, DataError, NotFound, SantorioError, StorageError

log = logging.getLogger("santorio.api")
REQUESTS_PER_MINUTE = 600
STATUS = {TokenRefused: 401, NotFound: 404, DataError: 400, StorageError: 503, ConfigError: 500}


class RateLimited(SantorioError):
    """Too many requests in a minute."""

    code = "rate_limited"


class Buckets:
    """A token bucket a caller: so many requests a minute, in a burst or spread. Kept in the process."""

    def __init__(self, per_minute: int = REQUESTS_PER_MINUTE) -> None:
        self.per_minute = per_minute
        self._state: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, caller: str) -> int:
        """Take one; returns what is left, raises RateLimited where nothing is."""
        now = time.monotonic()
        with self._lock:
            if len(self._state) > 10_000:  # callers that have been away for a minute are full again: forget them
                self._state = {who: state for who, state in self._state.items() if now - state[1] < 60}
            left, then = self._state.get(caller, (float(self.per_minute), now))
            left = min(self.per_minute, left + (now - then) * self.per_minute / 60)
            if left < 1:
                raise RateLimited("Too many requests.", hint="Wait a minute; use `limit` to ask for more rows at once.")
            self._state[caller] = (left - 1, now)
            return int(left - 1)


def cached(request: Request, content: BaseModel, as_of: dt.datetime | None) -> Response:
    """Answer with ETag and Last-Modified, or with 304 where the caller has it already."""
    body = content.model_dump_json().encode()
    headers = {
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Accept-Encoding",
    }  # fmt: skip
    if as_of is not None:
        headers["Last-Modified"] = format_datetime(as_of.astimezone(dt.UTC).replace(microsecond=0), usegmt=True)
    if _is_known(request, headers["ETag"], as_of):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _is_known(request: Request, etag: str, as_of: dt.datetime | None) -> bool:
    if (known := request.headers.get("if-none-match")) is not None:
        return known.strip() == "*" or etag.removeprefix("W/") in {tag.strip().removeprefix("W/") for tag in known.split(",")}
    since = request.headers.get("if-modified-since")
    if since is None or as_of is None:
        return False
    try:
        return as_of.replace(microsecond=0) <= parsedate_to_datetime(since).astimezone(dt.UTC)
    except (TypeError, ValueError):
        return False


def error_answer(request: Request, status: int, code: str, message: str, details: dict[str, object]) -> JSONResponse:
    """An error in the one shape."""
    request_id = getattr(request.state, "request_id", uuid4().hex)
    body = {"code": code, "message": message, "details": details, "request_id": request_id}
    headers = {"X-Request-ID": request_id}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 429:
        headers["Retry-After"] = "60"
    return JSONResponse({"error": body}, status_code=status, headers=headers)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SantorioError)  # noqa: S101 - registered for it
    status = 429 if isinstance(error, RateLimited) else next((s for t, s in STATUS.items() if isinstance(error, t)), 500)
    return error_answer(request, status, error.code, str(error), error.details)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    words = {404: ("not_found", "There is nothing at this address. /docs lists what there is."),
             405: ("method_not_allowed", "The API only reads: use GET.")}  # fmt: skip
    code, message = words.get(error.status_code, ("http_error", str(error.detail)))
    answer = error_answer(request, error.status_code, code, message, {})
    if error.headers:
        answer.headers.update(error.headers)
    return answer


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    wrong: dict[str, object] = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
    return error_answer(request, 422, "invalid_request", "A parameter is wrong; details name it.", wrong)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    # The type alone: a message could quote a row.
    log.error("request %s failed: %s", getattr(request.state, "request_id", "-"), type(error).__name__)
    return error_answer(request, 500, "internal_error", "Something went wrong here; the log names the request.", {})


async def with_request_id(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Give each request an id, the caller's own where it is a plain one."""
    given = request.headers.get("x-request-id", "")
    request.state.request_id = given if 0 < len(given) <= 64 and given.replace("-", "").isalnum() else uuid4().hex
    try:
        response = await call_next(request)
    except Exception as error:  # noqa: BLE001 - the last place where an error gets our shape
        response = await _unforeseen(request, error)
    response.headers["X-Request-ID"] = request.state.request_id
    for name, value in getattr(request.state, "rate_limit", {}).items():
        response.headers[name] = value
    return response


def install(app: FastAPI) -> None:
    """Give an application our errors and ids."""
    app.add_exception_handler(SantorioError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.middleware("http")(with_request_id)
