"""Who has a Garmin account here: their password, their second factor, their tokens."""

import datetime as dt
import secrets
import threading
from dataclasses import dataclass, field

import jwt

from santorio.simulator.files import Simulation

CLIENT_ID = "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2"
TOKEN_LIFE = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Account:
    """A person's account.

    Parameters
    ----------
    email, password
        What they log in with.
    simulation
        Whose life it tells.
    mfa_code
        The code that a second step asks for; none without.
    """

    email: str
    password: str = field(repr=False)
    simulation: Simulation
    mfa_code: str | None = field(default=None, repr=False)

    @property
    def display_name(self) -> str:
        """Name in the addresses of the API."""
        return f"person-{self.profile}"

    @property
    def profile(self) -> int:
        """Number of the Garmin profile."""
        return self.simulation.life.profile


class Tokens:
    """Tokens that are given out. A refresh token is good once: it is replaced when it is used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = secrets.token_hex(32)
        self._access: dict[str, Account] = {}
        self._refresh: dict[str, Account] = {}
        self._tickets: dict[str, Account] = {}

    def issue(self, account: Account, *, life: dt.timedelta = TOKEN_LIFE) -> dict[str, str]:
        """Give out an access and a refresh token."""
        now = dt.datetime.now(dt.UTC)
        claims = {
            "client_id": CLIENT_ID,
            "sub": account.display_name,
            "exp": now + life,
            "jti": secrets.token_hex(8),
        }
        access, refresh = jwt.encode(claims, self._key, algorithm="HS256"), secrets.token_urlsafe(32)
        with self._lock:
            self._access[access] = account
            self._refresh[refresh] = account
        return {"access_token": access, "refresh_token": refresh}

    def ticket(self, account: Account) -> str:
        """Give out what the sign-in page hands on: good once, for a token."""
        ticket = f"ST-{secrets.token_hex(12)}"
        with self._lock:
            self._tickets[ticket] = account
        return ticket

    def redeem(self, ticket: str) -> Account | None:
        """Take a ticket back."""
        with self._lock:
            return self._tickets.pop(ticket, None)

    def rotate(self, refresh: str) -> Account | None:
        """Take a refresh token back; whoever shows it again is refused."""
        with self._lock:
            return self._refresh.pop(refresh, None)

    def owner(self, access: str) -> Account | None:
        """Say whose an access token is; none once it expired or was revoked."""
        try:
            jwt.decode(access, self._key, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return None
        with self._lock:
            return self._access.get(access)

    def revoke(self, account: Account) -> None:
        """Take every token of an account back, as a changed password does."""
        with self._lock:
            for held in (self._access, self._refresh, self._tickets):
                for token in [token for token, owner in held.items() if owner is account]:
                    del held[token]

    def expire(self, account: Account) -> None:
        """Take the access tokens of an account back; its refresh token stays good."""
        with self._lock:
            for token in [token for token, owner in self._access.items() if owner is account]:
                del self._access[token]
