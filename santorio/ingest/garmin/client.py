"""The library's client, with a login and a renewal of tokens that fail in a predictable way.

Four behaviours of `garminconnect` 0.3.20 are changed here:

- A failed renewal is ignored, whatever its cause, so that a 429 or an outage of Garmin's token service looks like
  a revoked login at the next request; and Garmin's response, which quotes the refresh token, is logged.
- Every 401 renews the tokens, even tokens that were renewed a moment before.
- A login that meets an outage sends the password up to 11 times.
- A login whose ticket gives no tokens falls back to a cookie that cannot be kept, with the ticket in a URL.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Self

from garminconnect import (
    Garmin,
    GarminConnectAuthenticationError,
    GarminConnectConnectionError,
    GarminConnectTooManyRequestsError,
)
from garminconnect.client import Client

# A 401 on tokens younger than this is about the request, not about the tokens.
YOUNG_SECONDS = 60.0
# Garmin's front end blocks a login without a browser's TLS fingerprint: such an attempt is wasted.
HOPELESS_LOGINS = {"mobile+requests", "portal+requests"}
# The library's other strategies try 3 and 5 fingerprints in turn. Two of each: the password is sent 5 times at most,
# not 11.
FINGERPRINTS = 2
# The library's messages are for those who configure logging; the command line shows our own message instead.
logging.getLogger("garminconnect").addHandler(logging.NullHandler())
PROFILE = "/userprofile-service/socialProfile"


class StoredClient(Client):  # type: ignore[misc] # the library is untyped
    """A client whose owner decides how tokens are renewed: other processes may use the stored tokens too.

    Attributes
    ----------
    renew
        Gives the client new tokens: from Garmin by `rotate`, or from the database.
    refused
        Garmin refused the tokens: no further request is made.
    unsaved
        Garmin has issued tokens that are not stored yet.
    """

    di_token: str | None
    di_refresh_token: str | None
    di_client_id: str | None

    def __init__(self, *, china: bool, url: str | None) -> None:
        domain = "garmin.cn" if china else "garmin.com"
        super().__init__(domain=domain)
        if url is not None:
            self._sso = self._connect = self._connectapi = url
            self._di_token_url = f"{url}/di-oauth2-service/oauth/token"
        self.skip_strategies = HOPELESS_LOGINS
        self.renew: Callable[[Self], None] = type(self).rotate
        self.renewed_at: float | None = None
        self.refused = self.unsaved = False

    @property
    def expires_soon(self) -> bool:
        """Whether the access token expires within a quarter of an hour."""
        return bool(self._token_expires_soon())

    def renew_if_old(self) -> None:
        """Renew the tokens where they expire soon."""
        with self._token_lock:
            if self.expires_soon:
                self._refresh_session()

    def rotate(self) -> None:
        """Exchange the refresh token for new tokens; the old tokens are no longer valid after that.

        Raises
        ------
        GarminConnectAuthenticationError
            If Garmin refuses the refresh token: only a new login helps.
        GarminConnectTooManyRequestsError, GarminConnectConnectionError
            If it may work later.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self.di_client_id,
            "refresh_token": self.di_refresh_token,
        }
        try:
            response = self._di_token_post(self.di_client_id, "application/json", form)
        except OSError:
            # Both of curl's and of requests' errors are OSErrors; their texts quote the URL.
            raise GarminConnectConnectionError("Garmin's token service did not answer") from None
        document = _document(response)
        # RFC 6749: a 400 with an `error` refuses the token; a 400 without one is a fault of the service.
        if response.status_code == 401 or (response.status_code == 400 and "error" in document):
            self.refused = True
            raise GarminConnectAuthenticationError("Garmin refused the refresh token")
        if response.status_code == 429:
            raise GarminConnectTooManyRequestsError("Garmin's token service returned 429")
        if not response.ok or not isinstance(document.get("access_token"), str):
            raise GarminConnectConnectionError(f"Garmin's token service returned {response.status_code}")
        self.di_token = document["access_token"]
        self.di_refresh_token = document.get("refresh_token") or self.di_refresh_token
        self.di_client_id = self._extract_client_id_from_jwt(self.di_token) or self.di_client_id
        self.unsaved = True

    def profile(self) -> dict[str, Any]:
        """Request the account's profile: the cheapest request that shows whether the tokens are accepted."""
        document = self.connectapi(PROFILE)
        if not isinstance(document, dict):
            raise GarminConnectConnectionError("Garmin's profile is not readable")
        return document

    def _refresh_session(self) -> None:
        with self._token_lock:
            if self.renewed_at is None or time.monotonic() - self.renewed_at > YOUNG_SECONDS:
                self.renew(self)
                self.renewed_at = time.monotonic()

    def _run_request(self, method: str, path: str, **kwargs: Any) -> Any:
        if self.refused:
            raise GarminConnectAuthenticationError("Garmin refused the login; no request is made")
        return super()._run_request(method, path, **kwargs)

    def _login_with_impersonations(self, label: str, impersonations: tuple[str, ...], *login: Any) -> None:
        super()._login_with_impersonations(label, impersonations[:FINGERPRINTS], *login)

    def _establish_session(self, ticket: str, sess: Any = None, service_url: str | None = None) -> None:  # noqa: ARG002
        try:
            self._exchange_service_ticket(ticket, service_url=service_url)
        except GarminConnectAuthenticationError:
            # The password was right: the library's next strategy may succeed.
            raise GarminConnectConnectionError("Garmin gave no tokens for the login") from None


def _document(response: Any) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        # A proxy answers with HTML.
        return {}
    return document if isinstance(document, dict) else {}


def garmin_over(client: StoredClient, *, display_name: str | None = None) -> Any:
    """Return the library's object with a client of ours; no request is made."""
    garmin = Garmin(is_cn=client.domain == "garmin.cn")
    garmin.client = client
    garmin.display_name = display_name
    return garmin
