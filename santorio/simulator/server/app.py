"""The web application: sign-in, the paths of `handlers`, and the faults that were requested."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from santorio.simulator.payloads.heart_rate_stress import without_series
from santorio.simulator.server.accounts import Account
from santorio.simulator.server.auth import SignIn
from santorio.simulator.server.faults import Fault
from santorio.simulator.server.handlers import ALIASES, ANSWERS, NOT_FOUND, Answer
from santorio.simulator.server.state import GarminServer
from santorio.simulator.server.visibility import VisibleData

CHALLENGE = (
    "<!doctype html><html><head><title>Just a moment…</title></head><body>Checking your browser</body></html>"
)


class TruncatedResponse(Response):
    """A response whose stated length is too large: the connection closes within the body."""

    def init_headers(self, headers: Any = None) -> None:
        """State twice the length."""
        super().init_headers(headers)
        self.headers["content-length"] = str(2 * len(self.body) + 1)


def create_app(server: GarminServer) -> Starlette:
    """Make the application of a server."""
    routes = [Route(path, _endpoint(server, answer)) for path, answer in ANSWERS.items()]
    reload = Route(
        "/wellness-service/wellness/epoch/request/{date}", _reload_endpoint(server), methods=["POST"]
    )
    app = Starlette(routes=[*SignIn(server.accounts, server.tokens).routes(), reload, *routes])
    app.add_middleware(BaseHTTPMiddleware, dispatch=FaultMiddleware(server))
    return app


class FaultMiddleware:
    """Applies the faults that were requested, and records every request."""

    def __init__(self, server: GarminServer) -> None:
        self.server = server

    async def __call__(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Respond with the fault that is due, or with the application's response; record the request."""
        account = self.server.tokens.owner(_bearer(request))
        display_name = account.display_name if account else None
        fault = self.server.faults.strike(request.url.path, display_name)
        response = await _respond(request, call_next, fault)
        self.server.requests.append((request.method, request.url.path, response.status_code))
        return response


async def _respond(request: Request, call_next: RequestResponseEndpoint, fault: Fault | None) -> Response:
    if fault is None:
        return await call_next(request)
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return await call_next(request)
    return _failure(fault) or await _alter(await call_next(request), fault)


def _endpoint(server: GarminServer, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        account = server.tokens.owner(_bearer(request))
        if account is None:
            return JSONResponse({"message": "Token is not active"}, status_code=401)
        # A parameter is there under Garmin's name and under ours; the path comes before the query.
        query = {ALIASES.get(name, name): value for name, value in request.query_params.items()}
        query |= dict(request.query_params) | request.path_params
        if query.get("name", account.display_name) != account.display_name:
            return JSONResponse({"message": "Forbidden"}, status_code=403)
        return await run_in_threadpool(_answer, server, account, answer, query)

    return endpoint


def _answer(server: GarminServer, account: Account, answer: Answer, query: dict[str, str]) -> Response:
    data = VisibleData(account.simulation.life, server.now, server.silent_since.get(account.display_name))
    try:
        result = answer(account, data, query)
    except (KeyError, ValueError):
        return JSONResponse({"message": "Bad request"}, status_code=400)
    if result is NOT_FOUND:
        return JSONResponse({"message": "Not found"}, status_code=404)
    if result is None:
        return Response(status_code=204)
    if _is_archived(server, account, query.get("date")):
        result = without_series(result)
    if isinstance(result, bytes):
        return Response(result, media_type="application/zip")
    return Response(orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def _is_archived(server: GarminServer, account: Account, day: str | None) -> bool:
    before = server.archived_before
    return (
        before is not None
        and day is not None
        and day < before.isoformat()
        and (account.display_name, day) not in server.reloaded
    )


def _reload_endpoint(server: GarminServer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        account = server.tokens.owner(_bearer(request))
        if account is None:
            return JSONResponse({"message": "Token is not active"}, status_code=401)
        server.reloaded.add((account.display_name, request.path_params["date"]))
        now = dt.datetime.now(dt.UTC).isoformat()
        return JSONResponse({"status": "SUBMITTED", "createDate": now})

    return endpoint


def _failure(fault: Fault) -> Response | None:
    """Build the response of a fault that replaces the true one; None for a fault that alters it."""
    if fault.kind == "204":
        return Response(status_code=204)
    if fault.kind == "html":
        return HTMLResponse(CHALLENGE)
    if fault.kind in {"cut", *SHAPES}:
        return None
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return JSONResponse({"message": f"HTTP {fault.kind}"}, status_code=int(fault.kind), headers=headers)


async def _alter(response: Response, fault: Fault) -> Response:
    """Truncate the body of a response, or change the shape of its JSON."""
    body = b"".join([part async for part in response.body_iterator])  # type: ignore[attr-defined]
    if fault.kind == "cut":
        return TruncatedResponse(body[: len(body) // 2], media_type="application/json")
    if response.media_type != "application/json" and "json" not in response.headers.get("content-type", ""):
        # An empty response or a file has no shape to change.
        return Response(body, response.status_code, dict(response.headers))
    return Response(orjson.dumps(SHAPES[fault.kind](orjson.loads(body))), media_type="application/json")


def _renamed(value: Any) -> Any:
    """Rename every key, as a new version of the API might."""
    if isinstance(value, dict):
        return {f"{key}V2": _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    return value


SHAPES: dict[str, Callable[[Any], Any]] = {
    "schema": _renamed,
    "wrapped": lambda value: {"payload": value, "apiVersion": 3},
    "number": lambda _value: 42,
}


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")
