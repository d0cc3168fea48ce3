"""What happens around every request: its id, its line in the log, common headers, the last resort."""

import logging
import re
import time
import uuid

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from santorio.api.errors import unexpected
from santorio.api.rate_limit import Allowance

access = logging.getLogger("santorio.api.dependencies")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class AroundEveryRequest:
    """Outermost middleware. The log gets the route, never a query string, a token or an id of the path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see that it is answered whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(Headers(scope=scope))
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last resort: the caller gets an answer, the log a place
            response = unexpected(Request(scope), error)
            if status == 0:
                await response(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            milliseconds = (time.perf_counter() - started) * 1000
            access.info(
                "%s %s %s %s %.1f ms", state["request_id"], scope["method"], route, status, milliseconds
            )


def _request_id(headers: Headers) -> str:
    """Take the caller's own id, where it can do no harm in a log, or make one."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
    headers["X-Request-ID"] = scope["state"]["request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    allowance: Allowance | None = scope["state"].get("allowance")
    if allowance is not None:
        headers["X-Rate-Limit-Limit"] = str(allowance.limit)
        headers["X-Rate-Limit-Remaining"] = str(allowance.remaining)
        headers["X-Rate-Limit-Reset"] = str(allowance.reset_s)
