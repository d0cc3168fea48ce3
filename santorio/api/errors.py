"""Error responses: one schema for all, with a code, a message and the id of the request.

No response and no log line quotes the request or the database's content.
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
    """What went wrong."""

    code: str = Field(description="Stable name of the error, for programs.", examples=["token_expired"])
    message: str = Field(description="What happened and what to do about it, for people.")
    details: dict[str, Any] = Field(description="Further facts by name; empty if there are none.")
    request_id: str = Field(description="The value of the header X-Request-ID; the server's log has it too.")


class ErrorResponse(BaseModel):
    """Every response other than a success."""

    error: ErrorDetail


class ApiError(SantorioError):
    """An error with its HTTP status and headers."""

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
    """401: the request has no valid token (RFC 6750)."""
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


def data_not_ready(details: Mapping[str, object] | None = None) -> ApiError:
    """503: the database responds, but the views of the read model are missing or incomplete."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not_ready",
        "The data is not ready.",
        hint="`santorio run` builds the tables that the API reads.",
        details=details,
        headers={"Retry-After": "10"},
    )


def database_error(error: psycopg.Error) -> SantorioError:
    """Translate a database error without its message, which can quote rows."""
    if isinstance(
        error, pg.UndefinedTable | pg.UndefinedColumn | pg.InsufficientPrivilege | pg.InvalidSchemaName
    ):
        return data_not_ready()
    if isinstance(error, pg.QueryCanceled | pg.LockNotAvailable):
        return ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database_timeout",
            "The query took too long.",
            hint="Request fewer rows, or try again later.",
            headers={"Retry-After": "5"},
        )
    if isinstance(error, psycopg.OperationalError):
        return DatabaseUnavailable("Database unavailable.", hint="Try again later.")
    return StorageError("The database rejected the query.")


def install_handlers(app: FastAPI) -> None:
    """Turn every error of the application into an `ErrorResponse`."""

    @app.exception_handler(SantorioError)
    async def handle_santorio_error(request: Request, error: SantorioError) -> JSONResponse:
        if isinstance(error, ApiError):
            return error_response(request, error.status, error.code, str(error), error.details, error.headers)
        status = _status_of(error)
        # A wrong setting concerns the operator, not the caller.
        message = "The server is not set up." if isinstance(error, ConfigError) else str(error)
        return error_response(request, status, error.code, message, error.details)

    @app.exception_handler(psycopg.Error)
    async def handle_database_error(request: Request, error: psycopg.Error) -> JSONResponse:
        log.warning("%s: database error %s", request_id(request), error.sqlstate or type(error).__name__)
        return await handle_santorio_error(request, database_error(error))

    @app.exception_handler(RequestValidationError)
    async def handle_validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        details = {"problems": [_problem(problem) for problem in error.errors()]}
        return error_response(
            request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "The request is not valid.", details
        )

    @app.exception_handler(HTTPException)
    async def handle_http_error(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "_").replace("-", "_")
        message = _HTTP_MESSAGES.get(status, f"{status.phrase}.")
        return error_response(request, status, code, message, headers=error.headers)


_HTTP_MESSAGES = {
    HTTPStatus.NOT_FOUND: "No such resource. See /docs.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This API is read-only: use GET.",
}


def _status_of(error: SantorioError) -> HTTPStatus:
    if isinstance(error, NotFound):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, StorageError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _problem(problem: Mapping[str, Any]) -> dict[str, str]:
    """Location and message of a problem, without the value that was sent."""
    location: Sequence[object] = problem["loc"]
    return {"where": ".".join(map(str, location)), "what": str(problem["msg"]).removeprefix("Value error, ")}


def error_response(
    request: Request,
    status: HTTPStatus,
    code: str,
    message: str,
    details: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build the response to an error; no cache may store it."""
    body = ErrorResponse(
        error=ErrorDetail(
            code=code, message=message, details=dict(details or {}), request_id=request_id(request)
        )
    )
    return JSONResponse(
        body.model_dump(mode="json"),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def unexpected_error_response(request: Request, error: Exception) -> JSONResponse:
    """Respond with 500 and log where it happened, but not the exception's message: it can quote health data."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    locations = " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
    log.error("%s: unexpected %s at %s", request_id(request), type(error).__name__, locations)
    return error_response(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "Internal error. The server's log has details under this request id.",
    )


def request_id(request: Request) -> str:
    """Return the id that `RequestContextMiddleware` gave the request."""
    return str(request.state.request_id)
