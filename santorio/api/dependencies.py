"""Who asks, and may they: the token of a request, and how many requests it has left."""

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from santorio.api.conditional_requests import Freshness
from santorio.api.errors import ApiError, unauthorised
from santorio.api.rate_limit import RateLimiter
from santorio.api.repository import Reader
from santorio.privacy.tokens import READ, Claims, TokenError, verify

bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="A token of one person: `santorio token` mints one."
)


@dataclass(frozen=True, slots=True)
class Services:
    """What requests share."""

    reader: Reader
    key: bytes
    limiter: RateLimiter
    freshness: Freshness


def services(request: Request) -> Services:
    """Return what the application was made with."""
    shared: Services = request.app.state.services
    return shared


async def person(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> uuid.UUID:
    """Find out whose data the request may read.

    Raises
    ------
    ApiError
        401 without a valid token, 403 where it is for something else, 429 where it asked too often.
    """
    try:
        claims = _claims(credentials, services(request).key)
    except TokenError as error:
        _take(request, f"address {request.client.host if request.client else ''}")
        raise unauthorised(error) from None
    _take(request, f"token {claims.token_id}")
    if READ not in claims.scopes:
        raise ApiError(
            HTTPStatus.FORBIDDEN,
            "insufficient_scope",
            f"The token is not for this: its scope lacks `{READ}`.",
        )
    return claims.user_id


Person = Annotated[uuid.UUID, Depends(person)]


def _claims(credentials: HTTPAuthorizationCredentials | None, key: bytes) -> Claims:
    if credentials is None:
        missing = TokenError(
            "A token is needed.", hint="Send `Authorization: Bearer …` (`santorio token` mints one)."
        )
        missing.code = "token_missing"
        raise missing
    return verify(credentials.credentials, key)


def _take(request: Request, caller: str) -> None:
    allowance = services(request).limiter.take(caller)
    request.state.allowance = allowance
    if not allowance.allowed:
        raise ApiError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "rate_limited",
            f"More than {allowance.limit} requests in a minute.",
            hint=f"Wait {allowance.retry_after_s} s.",
            headers={"Retry-After": str(allowance.retry_after_s)},
        )
