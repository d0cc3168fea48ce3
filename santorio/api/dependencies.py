"""Dependencies of the endpoints: the caller's token, their rate limit, and the shared services."""

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from santorio.api.conditional_requests import ConditionalResponder
from santorio.api.errors import ApiError, unauthorised
from santorio.api.rate_limit import RateLimiter
from santorio.api.repository import ApiRepository
from santorio.privacy.tokens import READ, Claims, TokenError, verify

bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="A token of one person, created by `santorio token`."
)


@dataclass(frozen=True, slots=True)
class Services:
    """What all requests share."""

    repository: ApiRepository
    key: bytes
    limiter: RateLimiter
    responder: ConditionalResponder


def services(request: Request) -> Services:
    """Return the services of the application."""
    shared: Services = request.app.state.services
    return shared


async def current_user_id(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> uuid.UUID:
    """Authenticate the request: return the id of the person whose data the token may read.

    Raises
    ------
    ApiError
        401 without a valid token, 403 if its scope is another one, 429 above the rate limit.
    """
    try:
        claims = _claims(credentials, services(request).key)
    except TokenError as error:
        # Whoever guesses tokens is limited by address.
        address = request.client.host if request.client else ""
        _count_request(request, f"address {address}")
        raise unauthorised(error) from None
    _count_request(request, f"token {claims.token_id}")
    if READ not in claims.scopes:
        raise ApiError(
            HTTPStatus.FORBIDDEN, "insufficient_scope", f"The token's scope does not include `{READ}`."
        )
    return claims.user_id


CurrentUserId = Annotated[uuid.UUID, Depends(current_user_id)]


def reject_duplicate_params(request: Request) -> None:
    """Refuse a query parameter that is given more than once: which value is meant is unclear.

    Raises
    ------
    RequestValidationError
        422, with the names.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise RequestValidationError(
            [
                {"type": "duplicate", "loc": ("query", name), "msg": "is given more than once"}
                for name in duplicates
            ]
        )


def _claims(credentials: HTTPAuthorizationCredentials | None, key: bytes) -> Claims:
    if credentials is None:
        missing = TokenError(
            "The request has no token.",
            hint="Send `Authorization: Bearer …`; `santorio token` creates a token.",
        )
        missing.code = "token_missing"
        raise missing
    return verify(credentials.credentials, key)


def _count_request(request: Request, caller: str) -> None:
    status = services(request).limiter.hit(caller)
    request.state.headers |= status.headers
    if not status.is_allowed:
        raise ApiError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "rate_limited",
            f"More than {status.limit} requests in a minute.",
            hint=f"Wait {status.reset_seconds} s.",
            headers={"Retry-After": str(status.reset_seconds)},
        )
