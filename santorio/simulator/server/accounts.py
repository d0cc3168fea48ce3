"""The accounts of the simulated Garmin Connect: password, second factor, tokens."""

import datetime as dt
import secrets
import threading
from dataclasses import dataclass, field

import jwt

from santorio.simulator.files import Simulation

CLIENT_ID = "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2"
TOKEN_LIFETIME = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Account:
    """A person's account.

    Parameters
    ----------
    email, password
        What they log in with.
    simulation
        The simulated person whose data the account has.
    mfa_code
        The code that a second step asks for; None for an account without a second factor.
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
    """The tokens that were issued. A refresh token is valid once: using it replaces it, as Garmin does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = secrets.token_hex(32)
        self._access: dict[str, Account] = {}
        self._refresh: dict[str, Account] = {}
        self._tickets: dict[str, Account] = {}

    def issue(self, account: Account, *, lifetime: dt.timedelta = TOKEN_LIFETIME) -> dict[str, str]:
        """Issue an access and a refresh token."""
        claims = {
            "client_id": CLIENT_ID,
            "sub": account.display_name,
            "exp": dt.datetime.now(dt.UTC) + lifetime,
            # Two tokens issued within a second would be equal without it.
            "jti": secrets.token_hex(8),
        }
        access = jwt.encode(claims, self._key, algorithm="HS256")
        refresh = secrets.token_urlsafe(32)
        with self._lock:
            self._access[access] = account
            self._refresh[refresh] = account
        return {"access_token": access, "refresh_token": refresh}

    def ticket(self, account: Account) -> str:
        """Issue what the sign-in page hands on: it is exchanged for tokens, once."""
        ticket = f"ST-{secrets.token_hex(12)}"
        with self._lock:
            self._tickets[ticket] = account
        return ticket

    def redeem(self, ticket: str) -> Account | None:
        """Withdraw a ticket, and return its account; None for a ticket that is not valid."""
        with self._lock:
            return self._tickets.pop(ticket, None)

    def rotate(self, refresh: str) -> Account | None:
        """Withdraw a refresh token, and return its account; None for a token that was used before."""
        with self._lock:
            return self._refresh.pop(refresh, None)

    def owner(self, access: str) -> Account | None:
        """Return the account of an access token; None once it has expired or was revoked."""
        try:
            jwt.decode(access, self._key, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return None
        with self._lock:
            return self._access.get(access)

    def revoke(self, account: Account) -> None:
        """Revoke every token of an account, as a changed password does."""
        with self._lock:
            for tokens in (self._access, self._refresh, self._tickets):
                _remove(tokens, account)

    def expire(self, account: Account) -> None:
        """Revoke the access tokens of an account; its refresh token stays valid."""
        with self._lock:
            _remove(self._access, account)


def _remove(tokens: dict[str, Account], account: Account) -> None:
    for token, owner in list(tokens.items()):
        if owner is account:
            del tokens[token]
