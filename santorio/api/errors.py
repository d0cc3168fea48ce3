"""Errors as the API says them: one shape for all, with a code, a sentence and the id of the request.

No answer and no log line quotes what was sent or what the database holds.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import errors as pg
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from santorio.errors import ConfigError, DatabaseUnavailable, NotFound, SantorioError, StorageError

log = logging.getLogger("santorio.api")


class ErrorDetail(BaseModel):
    """What went wrong, for people and for programs."""

    code: str = Field(description="Stable name of the error, for programs.", examples=["token_expired"])
    message: str = Field(description="What happened and what to do about it, in words.")
    details: dict[str, Any] = Field(description="Further facts, by name; empty where there are none.")
    request_id: str = Field(description="The same as the header X-Request-ID: find it in the server's log.")


class ErrorAnswer(BaseModel):
    """Every answer that is no success has this shape."""

    error: ErrorDetail


class ApiError(SantorioError):
    """An answer other than success, with its HTTP status and headers."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        hint: str = "",
        details: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


def unauthorised(error: SantorioError) -> ApiError:
    """401: the request does not say who asks, or says it wrongly (RFC 6750)."""
    challenge = 'Bearer realm="santorio"'
    if error.code != "token_missing":
        challenge += f', error="invalid_token", error_description="{error.message}"'
    return ApiError(
        HTTPStatus.UNAUTHORIZED,
        error.code,
        error.message,
        hint=error.hint,
        headers={"WWW-Authenticate": challenge},
    )


def not_built(details: Mapping[str, object] | None = None) -> ApiError:
    """503: the database is there, and what the API reads is not, or not yet."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not_ready",
        "The data is not ready to be read.",
        hint="`santorio run` builds what the API reads.",
        details=details,
        headers={"Retry-After": "10"},
    )


def database_error(error: psycopg.Error) -> SantorioError:
    """Say what the database refused, without its words: those quote rows."""
    if isinstance(
        error, pg.UndefinedTable | pg.UndefinedColumn | pg.InsufficientPrivilege | pg.InvalidSchemaName
    ):
        return not_built()
    if isinstance(error, pg.QueryCanceled | pg.LockNotAvailable):
        return ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database_timeout",
            "The database took too long.",
            hint="Ask for fewer rows, or later.",
            headers={"Retry-After": "5"},
        )
    if isinstance(error, psycopg.OperationalError):
        return DatabaseUnavailable("The database does not answer.", hint="Try again later.")
    return StorageError("The database refused the query.")


def install_handlers(app: FastAPI) -> None:
    """Give every error of the application the one shape."""

    @app.exception_handler(SantorioError)
    async def ours(request: Request, error: SantorioError) -> JSONResponse:
        if isinstance(error, ApiError):
            return answer(request, error.status, error.code, str(error), error.details, error.headers)
        status = _status_of(error)
        # A setting that is wrong is for the operator's eyes, not for the caller's.
        message = "The server is not set up." if isinstance(error, ConfigError) else str(error)
        return answer(request, status, error.code, message, error.details)

    @app.exception_handler(psycopg.Error)
    async def of_the_database(request: Request, error: psycopg.Error) -> JSONResponse:
        log.warning(
            "%s: the database refused: %s", request_id(request), error.sqlstate or type(error).__name__
        )
        return await ours(request, database_error(error))

    @app.exception_handler(RequestValidationError)
    async def of_the_request(request: Request, error: RequestValidationError) -> JSONResponse:
        details = {"problems": [_problem(problem) for problem in error.errors()]}
        return answer(
            request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "The request is not valid.", details
        )

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "_").replace("-", "_")
        message = _SENTENCES.get(status, f"{status.phrase}.")
        return answer(request, status, code, message, headers=error.headers)


_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address. See /docs.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This API only reads: use GET.",
}


def _status_of(error: SantorioError) -> HTTPStatus:
    if isinstance(error, NotFound):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, StorageError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _problem(problem: Mapping[str, Any]) -> dict[str, str]:
    """Where and what, without the value that was sent."""
    where: Sequence[object] = problem["loc"]
    return {"where": ".".join(map(str, where)), "what": str(problem["msg"]).removeprefix("Value error, ")}


def answer(
    request: Request,
    status: HTTPStatus,
    code: str,
    message: str,
    details: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build an error's answer; it is never kept by a cache."""
    body = ErrorAnswer(
        error=ErrorDetail(
            code=code, message=message, details=dict(details or {}), request_id=request_id(request)
        )
    )
    return JSONResponse(
        body.model_dump(mode="json"),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer 500 and log where it happened; never what the exception says, for that can quote health data."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
    log.error("%s: unexpected %s at %s", request_id(request), type(error).__name__, places)
    return answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong here. The server's log has more under this request id.",
    )


def request_id(request: Request) -> str:
    """Return the id that the outermost middleware gave the request."""
    return str(request.state.request_id)
