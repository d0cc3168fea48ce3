"""Tokens of the API: each allows its bearer to read one person's data until it expires.

A token is a JWT, signed with HMAC-SHA256. The key is `SANTORIO_JWT_SECRET`, otherwise a file in the data directory,
created on first use. Tokens are revoked by changing the key, which invalidates all of them.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from santorio.errors import ConfigError, SantorioError
from santorio.people import Person
from santorio.privacy.secrets import create_secret, load_secret, read_secret_file
from santorio.settings import Settings

ALGORITHM = "HS256"
ISSUER, AUDIENCE = "santorio", "santorio-api"
CLAIMS = ("sub", "iss", "aud", "iat", "exp", "jti")
READ = "read"


class TokenError(SantorioError):
    """A token that is not valid."""

    code = "token_invalid"


class TokenExpired(TokenError):
    """A token that has expired."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token: whose data, which scopes, until when; `token_id` is its `jti`."""

    user_id: uuid.UUID
    token_id: str
    scopes: frozenset[str]
    expires_at: dt.datetime


def mint_token(settings: Settings, person: Person, *, days: int = 30, scopes: Sequence[str] = (READ,)) -> str:
    """Create a token that reads one person's data.

    Parameters
    ----------
    settings
        Contain the key, or the data directory with its file.
    person
        The person whose data it reads.
    days
        Days until it expires, at least 1.
    scopes
        Its scopes; the API requires `read`.

    Raises
    ------
    ConfigError
        If the key is too short, other accounts of the machine can read its file, or `days` is less than 1.
    """
    import jwt

    if days < 1:
        raise ConfigError("A token is valid for at least one day.", hint="Give a number of days from 1.")
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
    """Verify a token's signature, issuer, audience and expiry.

    Raises
    ------
    TokenExpired
        If it has expired.
    TokenError
        If it is invalid; the message does not reveal which check failed.
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
        raise TokenExpired("The token has expired.", hint="Create a new one with `santorio token`.") from None
    except (jwt.InvalidTokenError, ValueError, OverflowError, OSError):
        raise TokenError("The token is not valid here.", hint="Create one with `santorio token`.") from None


def _read(claims: Mapping[str, object]) -> Claims:
    return Claims(
        user_id=uuid.UUID(str(claims["sub"])),
        token_id=str(claims["jti"]),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        expires_at=dt.datetime.fromtimestamp(int(str(claims["exp"])), dt.UTC),
    )


def signing_key(settings: Settings) -> bytes:
    """Return the key from the settings, otherwise from the data directory, where it is created if missing.

    Raises
    ------
    ConfigError
        If the key is shorter than 32 bytes, or other accounts of the machine can read its file.
    """
    if settings.jwt_secret is not None:
        return load_secret(settings.jwt_secret, "SANTORIO_JWT_SECRET")
    path = settings.home / "secrets" / "jwt.key"
    create_secret(path)
    return read_secret_file(path, if_exposed="delete it, and create new tokens")
