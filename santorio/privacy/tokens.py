"""Tokens of the API: who minted one may read one person's data until it expires, and nothing else.

A token is a JWT, signed with HMAC-SHA256 by one key: `SANTORIO_JWT_SECRET`, or a file in the home that is
made when it is first needed. A new key makes every older token worthless: that is how tokens are revoked.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santorio.errors import ConfigError, SantorioError
from santorio.people import Person
from santorio.privacy.secrets import make_secret, secret_in, secret_of
from santorio.settings import Settings

ALGORITHM = "HS256"
ISSUER, AUDIENCE = "santorio", "santorio-api"
CLAIMS = ("sub", "iss", "aud", "iat", "exp", "jti")
READ = "read"


class TokenError(SantorioError):
    """A token that opens nothing."""

    code = "token_invalid"


class TokenExpired(TokenError):
    """A token whose time is over."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: whose data, what for, until when; `token_id` tells tokens apart."""

    user_id: uuid.UUID
    token_id: str
    scopes: frozenset[str]
    expires_at: dt.datetime


def mint_token(settings: Settings, person: Person, *, days: int = 30, scopes: Sequence[str] = (READ,)) -> str:
    """Sign a token that reads one person's data.

    Parameters
    ----------
    settings
        Hold the key, or the home in which it lies.
    person
        Whose data.
    days
        How long the token is valid, at least 1.
    scopes
        What it may be used for; the API asks for `read`.

    Raises
    ------
    ConfigError
        If the key is too short or readable by others, or `days` is less than 1.
    """
    import jwt

    if days < 1:
        raise ConfigError("A token is valid for a day at least.", hint="Give a number of days from 1.")
    now = dt.datetime.now(dt.UTC)
    claims = {
        "sub": str(person.user_id),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + dt.timedelta(days=days),
        "jti": uuid.uuid4().hex,
        "scope": " ".join(scopes),
    }
    return jwt.encode(claims, signing_key(settings), algorithm=ALGORITHM)


def verify(token: str, key: bytes) -> Claims:
    """Check a token's signature, issuer, audience and time.

    Raises
    ------
    TokenExpired
        If its time is over.
    TokenError
        If it is not one of ours; the reason does not say which check failed.
    """
    import jwt

    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": list(CLAIMS)},
        )
        return _read(claims)
    except jwt.ExpiredSignatureError:
        raise TokenExpired("The token has expired.", hint="Mint another one with `santorio token`.") from None
    except (jwt.InvalidTokenError, ValueError, OverflowError, OSError):
        raise TokenError("The token is not valid here.", hint="Mint one with `santorio token`.") from None


def _read(claims: Mapping[str, object]) -> Claims:
    return Claims(
        user_id=uuid.UUID(str(claims["sub"])),
        token_id=str(claims["jti"]),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        expires_at=dt.datetime.fromtimestamp(int(str(claims["exp"])), dt.UTC),
    )


def signing_key(settings: Settings) -> bytes:
    """Return the key of the settings, else the one in the home; makes that one where there is none.

    Raises
    ------
    ConfigError
        If the key is shorter than 32 bytes, or others may read its file.
    """
    if settings.jwt_secret is not None:
        return secret_of(settings.jwt_secret, "SANTORIO_JWT_SECRET")
    path = settings.home / "secrets" / "jwt.key"
    make_secret(path)
    return secret_in(path, once_read="delete it, and mint new tokens")
