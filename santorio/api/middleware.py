"""Outermost middleware: request id, access log, common headers, and an answer to unexpected exceptions."""

import logging
import re
import time
import uuid

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from santorio.api.errors import unexpected_error_response

access_log = logging.getLogger("santorio.api.access")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContextMiddleware:
    """Gives every request an id and a line in the log.

    The log contains the route; never a query string, a token or an id from the path.

    `request.state.headers` holds headers that are sent with whatever response the request gets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it even if that fails."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(Headers(scope=scope))
        state["headers"] = {"X-Request-ID": state["request_id"], "X-Content-Type-Options": "nosniff"}
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(state["headers"])
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the caller gets a response, the log the location
            response = unexpected_error_response(Request(scope), error)
            if status == 0:
                await response(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            milliseconds = (time.perf_counter() - started) * 1000
            access_log.info(
                "%s %s %s %s %.1f ms", state["request_id"], scope["method"], route, status, milliseconds
            )


def _request_id(headers: Headers) -> str:
    """Take the caller's own id if it is safe in a log; create one otherwise."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
