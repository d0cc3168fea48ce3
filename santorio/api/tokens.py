"""Tokens of the read API: signed JSON Web Tokens that name one person, minted by `santorio token`."""

import datetime as dt
import os
import secrets
from pathlib import Path
from uuid import UUID, uuid4

import jwt

from santorio.errors import ConfigError, SantorioError
from santorio.people import Person
from santorio.settings import Settings

ALGORITHM, ISSUER, AUDIENCE = "HS256", "santorio", "santorio-api"
# RFC 7518, 3.2: a key as long as the hash, at least.
LEAST_KEY_BYTES = 32


class TokenRefused(SantorioError):
    """The token is missing, altered, expired, or for something else."""

    code = "unauthorized"


def signing_key(settings: Settings) -> str:
    """The key that tokens are signed with: of the settings, else of a file made on first use, mode 0600.

    Raises
    ------
    ConfigError
        If the key of the settings is too short to be safe.
    """
    if settings.jwt_secret is not None:
        key = settings.jwt_secret.get_secret_value()
        if len(key.encode()) < LEAST_KEY_BYTES:
            raise ConfigError(
                "SANTORIO_JWT_SECRET is shorter than 32 bytes.", hint="`openssl rand -hex 32` makes a good one."
            )
        return key
    path = settings.home / "secrets" / "jwt.key"
    if not path.exists():
        _make_key(path)
    return path.read_text()


def _make_key(path: Path) -> None:
    """Write a new key beside and link it into place: of two processes that start together one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(LEAST_KEY_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def mint_token(settings: Settings, person: Person, *, days: int = 30) -> str:
    """Mint a token that reads this person's data for so many days."""
    now = dt.datetime.now(dt.UTC)
    claims = {
        "sub": str(person.user_id), "iss": ISSUER, "aud": AUDIENCE, "scope": "read",
        "iat": now, "exp": now + dt.timedelta(days=days), "jti": uuid4().hex,
    }  # fmt: skip
    return jwt.encode(claims, signing_key(settings), algorithm=ALGORITHM)


def verify_token(settings: Settings, token: str) -> UUID:
    """Return whose data the token reads.

    Raises
    ------
    TokenRefused
        If it is altered, expired or not for this API.
    """
    try:
        claims = jwt.decode(
            token, signing_key(settings), algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER,
            options={"require": ["sub", "exp", "iat", "aud", "iss"]},
        )  # fmt: skip
        return UUID(claims["sub"])
    except jwt.ExpiredSignatureError:
        raise TokenRefused("The token has expired.", hint="Mint a new one with `santorio token`.") from None
    except (jwt.InvalidTokenError, ValueError):
        raise TokenRefused("The token is not valid.", hint="Mint one with `santorio token`.") from None
